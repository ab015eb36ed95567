"""``Network``: the sites and the download queue that installs use, made when they are needed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from modelkeep.core.events import EventBus
from modelkeep.http.options import TransferOptions
from modelkeep.settings import Settings

if TYPE_CHECKING:
    from modelkeep.download.queue_base import DownloadQueueServiceBase
    from modelkeep.sources.sites import Sites


class Network:
    """Sites and a queue that the caller creates and closes."""

    def __init__(
        self, sites: Callable[[], Sites], queue: Callable[[], DownloadQueueServiceBase]
    ) -> None:
        self._sites, self._queue = sites, queue

    @property
    def sites(self) -> Sites:
        """The sites that models come from."""
        return self._sites()

    @property
    def queue(self) -> DownloadQueueServiceBase:
        """The download queue."""
        return self._queue()

    def close(self) -> None:
        """Close what was made here: nothing."""


class OwnNetwork(Network):
    """Sites and a queue for a program that gives a session, a queue, or neither.

    Args:
        queue: Fetches the files; one of our own through ``session`` when None.
        session: Asks the sites, as it is; one of our own when None.
        bus: Takes the events of a queue of our own.
    """

    def __init__(
        self,
        settings: Settings,
        queue: DownloadQueueServiceBase | None = None,
        session: Any = None,
        bus: EventBus | None = None,
    ) -> None:
        super().__init__(self._open_sites, self._start_queue)
        self._settings, self._session, self._bus = settings, session, bus
        self._given = queue
        self._started: DownloadQueueServiceBase | None = None
        self._opened: Sites | None = None
        self._making = threading.Lock()

    def close(self) -> None:
        """Stop the queue and close the connections that were made here."""
        with self._making:
            if self._started is not None:
                self._started.stop()
            if self._opened is not None:
                self._opened.close()
            self._started = self._opened = None

    def _open_sites(self) -> Sites:
        from modelkeep.identification.known_families import base_names  # noqa: PLC0415 - heavy
        from modelkeep.sources.sites import open_sites  # noqa: PLC0415 - brings requests

        with self._making:
            if self._opened is None:
                self._opened = open_sites(self._settings, base_names(), session=self._session)
            return self._opened

    def _start_queue(self) -> DownloadQueueServiceBase:
        from modelkeep.download.queue import DownloadQueueService  # noqa: PLC0415 - as above

        if self._given is not None:
            return self._given
        with self._making:
            if self._started is None:
                self._started = DownloadQueueService(
                    max_parallel_dl=self._settings.max_parallel_dl,
                    requests_session=self._session,
                    event_bus=self._bus,
                    options=TransferOptions.of_settings(self._settings),
                )
                self._started.start()
            return self._started
