"""``Network``: the sites and the download queue that installs use, made when they are needed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from modelkeep.core.events import EventBus
from modelkeep.http.options import TransferOptions
from modelkeep.identification.known_families import base_names
from modelkeep.settings import Settings

if TYPE_CHECKING:
    from modelkeep.download.queue_base import DownloadQueueServiceBase
    from modelkeep.sources.sites import Sites


class Network:
    """Whatever an install needs of the network.

    Args:
        sites: Gives the places that models come from.
        queue: Gives the download queue.
        close: Ends what the two have made, at the end.
    """

    def __init__(
        self,
        sites: Callable[[], Sites],
        queue: Callable[[], DownloadQueueServiceBase],
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self._sites = sites
        self._queue = queue
        self._close = close

    @property
    def sites(self) -> Sites:
        """The places that models come from."""
        return self._sites()

    @property
    def queue(self) -> DownloadQueueServiceBase:
        """The download queue."""
        return self._queue()

    def close(self) -> None:
        """End what was made."""
        self._close()


def network_of(
    settings: Settings,
    queue: DownloadQueueServiceBase | None = None,
    session: Any = None,
    bus: EventBus | None = None,
) -> Network:
    """Return a network for a program that gives a session, a queue, or neither.

    Args:
        settings: Of the root.
        queue: Fetches the files; one of our own through ``session`` when None.
        session: Asks the sites, as it is; one of our own when None.
        bus: Takes the events of a queue of our own.
    """
    made = _Made(settings, queue, session, bus)
    return Network(made.sites, made.queue, made.close)


class _Made:
    """Makes sites and queue when they are first asked for."""

    def __init__(
        self,
        settings: Settings,
        queue: DownloadQueueServiceBase | None,
        session: Any,
        bus: EventBus | None,
    ) -> None:
        self._settings, self._session, self._bus = settings, session, bus
        self._given = queue
        self._options = TransferOptions.of_settings(settings)
        self._own: DownloadQueueServiceBase | None = None
        self._all_sites: Sites | None = None
        self._making = threading.Lock()

    def sites(self) -> Sites:
        from modelkeep.http.client import Client  # noqa: PLC0415 - brings requests
        from modelkeep.http.session import make_session  # noqa: PLC0415 - as above
        from modelkeep.sources.registry import sites  # noqa: PLC0415 - as above
        from modelkeep.sources.sites import Sites, make_context  # noqa: PLC0415 - as above

        with self._making:
            if self._all_sites is None:
                session = self._session
                if session is None:
                    session = make_session(self._options, proxy=self._settings.proxy)
                client = Client(session, self._options, is_offline=self._settings.offline)
                self._all_sites = Sites(
                    sites(), make_context(self._settings, client, names=base_names())
                )
            return self._all_sites

    def queue(self) -> DownloadQueueServiceBase:
        from modelkeep.download.queue import DownloadQueueService  # noqa: PLC0415 - as above

        if self._given is not None:
            return self._given
        with self._making:
            if self._own is None:
                self._own = DownloadQueueService(
                    max_parallel_dl=self._settings.max_parallel_dl,
                    requests_session=self._session,
                    event_bus=self._bus,
                    options=self._options,
                )
                self._own.start()
            return self._own

    def close(self) -> None:
        with self._making:
            if self._own is not None:
                self._own.stop()
            if self._all_sites is not None:
                self._all_sites.close()
            self._own = self._all_sites = None
