"""``ModelManager``: the composition root, the only place where services are wired."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from modelkeep.app.made_once import MadeOnce
from modelkeep.core.events import EventBus, LocalEventBus
from modelkeep.core.names import shown
from modelkeep.errors import (
    OfflineRootError,
    ServiceInactiveException,
    StorageError,
    UsageError,
)
from modelkeep.settings import Settings

if TYPE_CHECKING:
    from modelkeep.app.install_service import ModelInstallService
    from modelkeep.app.last_loaded import LastLoaded
    from modelkeep.care.background import LibraryHasher
    from modelkeep.core.configs import ModelConfigBase
    from modelkeep.core.roots import Roots
    from modelkeep.download.queue import DownloadQueueService
    from modelkeep.enrich.enricher import Enricher
    from modelkeep.http.options import TransferOptions
    from modelkeep.jobs.commands import JobCommands
    from modelkeep.jobs.engine import JobEngine
    from modelkeep.jobs.state_jobs import StateJobs
    from modelkeep.library.presence import Presence
    from modelkeep.load.service import ModelLoadService
    from modelkeep.records.service import ModelRecordServiceBase
    from modelkeep.sources.sites import Sites
    from modelkeep.sources.string_like import StringLikeSource
    from modelkeep.sources.tokens import SiteTokens

_log = logging.getLogger(__name__)


class ModelManager:
    """The services of one root, made when they are first used.

    Use it as a context manager::

        with ModelManager() as manager:
            key = manager.installer.install_path("~/Downloads/style.safetensors")
            print(manager.records.get_model(key).name)

    Args:
        settings: Of the root, or its path; those of the file and the environment when None.
        root: The folder of the library, where no settings are given.
        event_bus: Takes the events; a ``LocalEventBus`` when None.
        takes_over: Downloads and installs go on that processes left which died.
        recovers: What an earlier run left unfinished is settled when the installer is first used;
            else ``installer.settle`` does it.
    """

    def __init__(
        self,
        settings: Settings | Path | str | None = None,
        *,
        root: Path | str | None = None,
        event_bus: EventBus | None = None,
        takes_over: bool = True,
        recovers: bool = True,
    ) -> None:
        if root is not None and settings is not None:
            raise UsageError("Both settings and root name a root", hint="Give one of them.")
        if not isinstance(settings, Settings):
            settings = Settings.load(root=settings or root)
        self.settings: Settings = settings
        self.events: EventBus = event_bus if event_bus is not None else LocalEventBus()
        self._takes_over = takes_over
        self._recovers = recovers
        self._making = threading.RLock()
        self._is_closed = False

    def __repr__(self) -> str:
        closed = ", closed" if self._is_closed else ""
        return f"ModelManager({os.fspath(self.settings.root)!r}{closed})"

    def __enter__(self) -> Self:
        with self._opening():
            return self

    @contextmanager
    def _opening(self) -> Iterator[None]:
        """Let one thread at a time make a service, and none once the manager is closed."""
        with self._making:
            if self._is_closed:
                raise ServiceInactiveException(
                    f"The manager of {shown(self.settings.root)} is closed",
                    hint="Make another ModelManager.",
                )
            yield

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop what was started and close what was opened; nothing can be used afterwards."""
        with self._making:
            self._is_closed = True
        made = self.__dict__
        self._close("loader", "_last_loaded")
        made.pop("jobs", None)
        if "hasher" in made:
            made.pop("hasher").stop()
        if (engine := made.pop("_other_jobs", None)) is not None:
            engine.stop()
            engine.store.close()
        if "installer" in made:  # before the queue: what it fetches is put down, not cancelled
            made.pop("installer").close()
        if "downloads" in made:
            made.pop("downloads").stop()
        if (store := made.pop("_download_store", None)) is not None:
            store.close()
        if "presence" in made:
            made.pop("presence").state.close()
        self._close("records", "sites")

    def _close(self, *names: str) -> None:
        for name in names:
            if name in self.__dict__:
                self.__dict__.pop(name).close()

    @MadeOnce
    def records(self) -> ModelRecordServiceBase:
        """The catalogue; also ``model_records`` and ``model_record_store``."""
        from modelkeep.records.conversion import open_catalogue

        with self._opening():
            return open_catalogue(self.settings)

    @MadeOnce
    def installer(self) -> ModelInstallService:
        """The install service, started; also ``model_install``.

        What an earlier run left unfinished is settled when it is first used.
        """
        from modelkeep.app.install_service import ModelInstallService
        from modelkeep.install.network import Network

        with self._opening():
            network = Network(lambda: self.sites, lambda: self.downloads)
            service = ModelInstallService(
                self.settings,
                self.records,
                event_bus=self.events,
                network=network,
                takes_over=self._takes_over,
                recovers=self._recovers,
            )
            service.start()
            return service

    @MadeOnce
    def downloads(self) -> DownloadQueueService:
        """The download queue, started; also ``download_queue``."""
        from modelkeep.core.bwlimit import read_bwlimit
        from modelkeep.download.drivers import Fetcher
        from modelkeep.download.queue import DownloadQueueService
        from modelkeep.download.shared_limits import SharedLimiter, SharedSlots

        settings = self.settings
        with self._opening():
            fetcher = Fetcher(
                None,
                self._options,
                parallel=settings.max_parallel_dl,
                limiter=SharedLimiter(read_bwlimit(settings.bandwidth_limit)),
                slots=SharedSlots(jobs=settings.max_parallel_dl),
                proxy=settings.proxy,
                is_offline=settings.offline,
                token_for=self._token_for,
            )
            queue = DownloadQueueService(
                max_parallel_dl=settings.max_parallel_dl,
                event_bus=self.events,
                fetcher=fetcher,
                store=self._download_store,
                takes_over=self._takes_over,
            )
            queue.start()
            return queue

    @MadeOnce
    def sites(self) -> Sites:
        """The places on the network that models come from."""
        from modelkeep.identification.known_families import base_names
        from modelkeep.sources.sites import open_sites

        with self._opening():
            return open_sites(self.settings, base_names(), tokens=self.tokens)

    def parse(
        self,
        text: str | Path,
        *,
        inplace: bool = False,
        subfolder: str | None = None,
        token: str | None = None,
    ) -> StringLikeSource:
        """Return the source that a text means; what is on this disk comes first.

        Args:
            text: A path, the name of a repository, a page, a link.
            inplace: Of a path: record it where it is.
            subfolder: Of a repository: only this folder, or this file.
            token: Of a source on the network: sent to its site.

        Raises:
            SourceNotFoundError: it can only be a path, and nothing lies there.
            UnsupportedSourceError: it is nothing that is known, or is of a site and is not a model.
        """
        from modelkeep.sources.parse import local_source

        local = local_source(text, inplace=inplace)
        return local or self.sites.parse(text, subfolder=subfolder, token=token)

    @MadeOnce
    def tokens(self) -> SiteTokens:
        """The tokens for sites: of the environment, of the root, and what others keep."""
        from modelkeep.sources.tokens import SiteTokens

        with self._opening():
            return SiteTokens(self.settings)

    def _token_for(self, url: str) -> str | None:
        return self.tokens.for_link(url)

    @property
    def _options(self) -> TransferOptions:
        from modelkeep.http.options import TransferOptions

        return TransferOptions.of_settings(self.settings)

    @MadeOnce
    def jobs(self) -> JobCommands:
        """Installs and downloads of every process on this root, and of earlier runs."""
        from modelkeep.jobs.commands import JobCommands

        with self._opening():
            return JobCommands([self.installer.engine, self.downloads.engine, self._other_jobs])

    @MadeOnce
    def _other_jobs(self) -> JobEngine:
        """Runs tasks and the kinds of jobs that plug-ins bring."""
        from modelkeep.app.job_kinds import JOB_KINDS
        from modelkeep.jobs.engine import JobEngine
        from modelkeep.jobs.state_jobs import StateJobs

        kinds = [plugin.make(self) for plugin in JOB_KINDS.load()]
        store = StateJobs.open_or_look(self.settings.state_path)
        engine = JobEngine(kinds, store)
        engine.start()
        if self._takes_over and not store.is_looking:
            engine.take_over()
        return engine

    @MadeOnce
    def _download_store(self) -> StateJobs | None:
        """The stored downloads; None where the root cannot be written: files still come."""
        from modelkeep.jobs.state_jobs import StateJobs

        try:
            return StateJobs.open(self.settings.state_path)
        except StorageError as error:
            _log.warning("Downloads will not be listed or resumed later: %s", error)
            return None

    @MadeOnce
    def hasher(self) -> LibraryHasher:
        """Gives models that were recorded without reading them their full hashes, once started.

        ``manager.hasher.start()`` begins, in a thread that gives way to everything else.
        """
        from modelkeep.care.background import LibraryHasher

        with self._opening():
            return LibraryHasher(self.installer.library)

    @property
    def enricher(self) -> Enricher:
        """Looks up models on sites by the hashes of their files; only on request."""
        from modelkeep.enrich.enricher import Enricher

        return Enricher(self.installer.library, self.sites)

    @MadeOnce
    def loader(self) -> ModelLoadService:
        """The load service: installed models, ready to use; also ``model_loader``."""
        from modelkeep.app.assets import asset_fetch
        from modelkeep.load.service import ModelLoadService

        with self._opening():
            return ModelLoadService(
                self.settings,
                self.records,
                event_bus=self.events,
                library=self.installer.library,
                fetch=asset_fetch(self.settings, lambda: self.downloads),
                on_loaded=self._last_loaded.note,
            )

    @MadeOnce
    def _last_loaded(self) -> LastLoaded:
        """Notes in the background when models were loaded."""
        from modelkeep.app.last_loaded import LastLoaded

        return LastLoaded(self.records.note_loaded)

    @property
    def model_loader(self) -> ModelLoadService:
        """The specification's name for ``loader``."""
        return self.loader

    @MadeOnce
    def presence(self) -> Presence:
        """Tells which roots are there and which are offline."""
        from modelkeep.disk.access import is_changeable
        from modelkeep.jobs.state import StateDatabase
        from modelkeep.library.presence import Presence

        with self._opening():
            path = self.settings.state_path
            state = StateDatabase(path, to_look=not is_changeable(path))
            return Presence(
                lambda: self.records, self._registered_roots, state, self.settings.models_dir
            )

    def _registered_roots(self) -> Roots:
        """Return the registered roots; the catalogue is not opened for it."""
        opened: ModelRecordServiceBase | None = self.__dict__.get("records")
        return self.settings.named_roots() if opened is None else opened.roots

    @property
    def metadata(self) -> Any:
        """The metadata store of the catalogue."""
        return self.records.metadata_store

    @property
    def model_records(self) -> ModelRecordServiceBase:
        """The specification's name for ``records``."""
        return self.records

    @property
    def model_record_store(self) -> ModelRecordServiceBase:
        """The specification's other name for ``records``."""
        return self.records

    @property
    def model_install(self) -> ModelInstallService:
        """The specification's name for ``installer``."""
        return self.installer

    @property
    def download_queue(self) -> DownloadQueueService:
        """The specification's name for ``downloads``."""
        return self.downloads

    def path_of(self, model: ModelConfigBase | str | Path) -> Path:
        """Return the file or folder of a model, also when its root is not mounted.

        Args:
            model: Its record, or what ``find`` takes.

        Raises:
            UnknownModelException: nothing is called that.
            OfflineRootError: its root is not registered.
        """
        record = self.find(str(model)) if isinstance(model, str | Path) else model
        path = self.records.roots.locate(record.root, record.path, self.settings.models_dir)
        if path is None:
            raise OfflineRootError(
                f"{record.name} is in {record.root}, which is not registered",
                hint=f"Register it with: modelkeep root add {record.root} DIR",
            )
        return path

    def works_with(self, model: ModelConfigBase | str | Path) -> list[ModelConfigBase]:
        """Return the models of the library that work with one, the likeliest first.

        For a main model these are LoRAs, VAEs, ControlNets, adapters, embeddings and encoders;
        for one of those, main models. The same lineage comes first, what may only fit comes last.
        Models whose files are gone are left out.

        Args:
            model: Its record, or what ``find`` takes.

        Raises:
            UnknownModelException: nothing is called that.
            DuplicateModelException: several models are; the message lists their keys.
        """
        from modelkeep.app.companions import companions
        from modelkeep.records.listing import RecordFilter

        record = self.find(str(model)) if isinstance(model, str | Path) else model
        return companions(self, record, RecordFilter())

    def refresh_roots(self) -> bool:
        """Take over roots that another process has registered, moved or unregistered since.

        Services look for themselves when they are asked for work; the catalogue and paths of
        models do not.

        Returns:
            Whether the settings file had changed.
        """
        if not self.settings.take_over_roots():
            return False
        if (records := self.__dict__.get("records")) is not None:
            records.roots = self.settings.named_roots()
        return True

    def find(self, name: str) -> ModelConfigBase:
        """Return the model that a person means by ``name``.

        Args:
            name: A key, a unique prefix of one, a unique name, or a path.

        Raises:
            UnknownModelException: nothing is called that.
            DuplicateModelException: several models are; the message lists their keys.
        """
        from modelkeep.records.lookup import find_model

        return find_model(self.records, name, self.settings.models_dir)
