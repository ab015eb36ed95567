"""``ModelInstallService``: the seed's install service for local sources."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from modelkeep.core.aliases import without_aliases
from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.events import EventBus
from modelkeep.core.hashing import Progress, no_progress, only_stopping, stop_when
from modelkeep.errors import ServiceInactiveException, UsageError
from modelkeep.install import incoming, outgoing, recovery
from modelkeep.install.control import JobControl
from modelkeep.install.duplicates import find_same, only_one
from modelkeep.install.job import JobList, ModelInstallJob
from modelkeep.install.library import Library
from modelkeep.install.link import LinkMode
from modelkeep.install.plan import (
    Identify,
    InstallPlan,
    check_base,
    check_form,
    identified_fields,
)
from modelkeep.install.planning import plan_install
from modelkeep.install.root_records import settle_roots
from modelkeep.install.scan.service import Scanner, ScanningService
from modelkeep.install.settings_file import drop_settings_drafts
from modelkeep.install.trash import TrashEntry
from modelkeep.install.worker import InstallWorker
from modelkeep.jobs.owner import Owner, locked
from modelkeep.jobs.state import JobRow, StateDatabase
from modelkeep.records.base import ModelRecordServiceBase
from modelkeep.settings import Settings
from modelkeep.sources.local import LocalModelSource
from modelkeep.sources.parse import local_source
from modelkeep.sources.sidecars.base import Said

_log = logging.getLogger(__name__)


class ModelInstallService(ScanningService):
    """Installs, records and removes models.

    Jobs run one after the other in a background thread; programs may exit without stopping it.
    ``install_path``, ``register_path`` and removals work in the caller's thread.

    Args:
        app_config: The settings.
        record_store: The catalogue.
        download_queue: The seed's download queue; local sources need none.
        metadata_store: Where metadata goes; local sources bring none.
        event_bus: Takes the install events; none are sent when None.
        session: HTTP session for remote sources; local ones need none.
        identify: Says what a path is; the installed families when None.

    Attributes:
        library: What installs and removals work on.
        control: Pauses, resumes, cancels and retries jobs of any process on this root.
    """

    def __init__(  # noqa: PLR0917 - the seed's signature
        self,
        app_config: Settings,
        record_store: ModelRecordServiceBase,
        download_queue: Any = None,
        metadata_store: Any = None,
        event_bus: EventBus | None = None,
        session: Any = None,
        *,
        identify: Identify | None = None,
    ) -> None:
        del download_queue, metadata_store, session  # remote sources need them
        self._records = record_store
        self._bus = event_bus
        self._state = StateDatabase(app_config.state_path)
        self._owner = Owner(app_config.state_path.parent / "owners")
        self._installing = threading.RLock()
        self.library = Library.open(
            app_config, record_store, self._state, self._owner.name, identify
        )
        self._worker = InstallWorker(self._state, self._owner.name, event_bus, self._run_job)
        self.scanner = Scanner(self.library, lambda: self._installing, self._install_found)
        self.control = JobControl(self._state, self._worker, self._owner.name, self._owner.is_alive)

    @property
    def app_config(self) -> Settings:
        """The settings."""
        return self.library.settings

    @property
    def record_store(self) -> ModelRecordServiceBase:
        """The catalogue."""
        return self._records

    @property
    def event_bus(self) -> EventBus | None:
        """The bus that was given."""
        return self._bus

    # -- life

    def start(self, invoker: Any = None) -> None:  # noqa: ARG002 - the seed's signature
        """Finish or take back what an earlier run left, and begin to work on jobs.

        What was put into the autoimport folder since then is registered.

        Raises:
            ServiceInactiveException: it was started already.
        """
        if self._worker.is_running:
            raise ServiceInactiveException(
                "The install service was started already", hint="Start it once."
            )
        self.recover()
        self.scanner.autoimport()
        self._worker.start()

    def stop(self, invoker: Any = None) -> None:  # noqa: ARG002 - the seed's signature
        """End after the job in progress; waiting jobs are cancelled."""
        self._worker.stop()

    def close(self) -> None:
        """Stop, and let go of the state file; the service cannot be started again."""
        self.stop()
        self._owner.release()
        self._state.close()

    def recover(self) -> int:
        """Finish or take back what dead processes left; return how much that was."""
        with locked(self.app_config.state_path.with_suffix(".recovery")):
            settled = recovery.recover(self.library, self._owner.is_alive)
            settle_roots(self.library)
            drop_settings_drafts(self.app_config)
            outgoing.purge_expired(self.library)
        return settled

    # -- jobs

    def plan(
        self,
        source: LocalModelSource | str | Path,
        config: Mapping[str, Any] | None = None,
        *,
        link: LinkMode | None = None,
        to: str | None = None,
    ) -> InstallPlan:
        """Say what installing a source would do; changes nothing.

        What the files beside it say comes along: names, trigger phrases, tags, a preview.

        Raises:
            ModelKeepError: the source cannot be installed; says why.
        """
        source = _as_source(source)
        return plan_install(self.library, source, config or {}, link=link, is_heard=False, to=to)

    def find_same(self, plan: InstallPlan) -> str | None:
        """Return the key of a model that has the same bytes as the one planned, or None."""
        return None if plan.inplace else find_same(self.library, plan.files, no_progress)

    def import_model(
        self,
        source: LocalModelSource | str | Path,
        config: dict[str, Any] | None = None,
        *,
        link: LinkMode | None = None,
        to: str | None = None,
    ) -> ModelInstallJob:
        """Install a source in the background and return its job.

        Args:
            source: A local model.
            config: Fields of the record that win over what is identified.
            link: How files get to their place; ``copy`` when None.
            to: Name of the root that they go into; ``models_dir`` when None.

        Raises:
            ServiceInactiveException: the service was not started.
        """
        return self._worker.submit(_as_source(source), config or {}, link, to)

    def list_jobs(self) -> list[ModelInstallJob]:
        """Return the jobs of this service, the oldest first."""
        return list(self._worker.jobs)

    def list_all_jobs(self) -> list[JobRow]:
        """Return the install jobs of every process on this root, also of earlier runs."""
        return self._state.jobs("install")

    def get_job_by_source(self, source: LocalModelSource | str | Path) -> list[ModelInstallJob]:
        """Return the jobs of one source."""
        return self._worker.by_source(source)

    def get_job_by_id(self, id: int) -> ModelInstallJob:  # noqa: A002 - the seed's name
        """Return one job.

        Raises:
            UnknownInstallJobException: there is none with this id (also a ``ValueError``).
        """
        return self._worker.by_id(id)

    def cancel_job(self, job: ModelInstallJob) -> None:
        """Stop a job; what it has put on the disk is taken away again.

        A job whose model is recorded already stays completed.
        """
        self._worker.cancel(job)

    def prune_jobs(self) -> None:
        """Forget the jobs of this service that have ended."""
        self._state.forget_jobs(self._worker.prune())

    def prune_all_jobs(self) -> int:
        """Forget the install jobs of every process that have ended; return how many."""
        self._worker.prune()
        ended = [job.id for job in self._state.jobs("install") if job.ended_at is not None]
        return self._state.forget_jobs(ended)

    def wait_for_installs(self, timeout: float = 0) -> JobList:
        """Wait until all jobs have ended, or for ``timeout`` seconds (0: no limit).

        Returns:
            All jobs so far, finished or not; indexable by source.
        """
        return self._worker.wait(timeout or None)

    # -- at once

    def register_path(self, model_path: Path | str, config: Mapping[str, Any] | None = None) -> str:
        """Record a model where it is and return its key.

        Raises:
            DuplicateModelException: its path is recorded already.
            ModelKeepError: it cannot be recorded; says why.
        """
        plan = self.plan(LocalModelSource(path=Path(model_path), inplace=True), config)
        return self._carry_out(plan, no_progress)[0].key

    def install_path(
        self,
        model_path: Path | str,
        config: Mapping[str, Any] | None = None,
        *,
        link: LinkMode | None = None,
        to: str | None = None,
    ) -> str:
        """Copy a model into ``models_dir`` or the root ``to``, record it and return its key.

        Raises:
            DuplicateModelException: its path is recorded already, or it is at its place.
            ModelKeepError: it cannot be installed; says why.
        """
        plan = self.plan(LocalModelSource(path=Path(model_path)), config, link=link, to=to)
        return self._carry_out(plan, no_progress)[0].key

    def unregister(self, key: str) -> None:
        """Forget a record; its files stay.

        Raises:
            UnknownModelException: there is no such record.
        """
        self._records.del_model(key)
        self.library.previews.drop(key)

    def delete(self, key: str) -> None:
        """Forget a record and, if its files are inside ``models_dir``, put them in the trash."""
        self.remove(key, everywhere=False)

    def unconditionally_delete(self, key: str) -> None:
        """Forget a record and put its files in the trash, wherever they are."""
        self.remove(key, everywhere=True)

    def remove(self, key: str, *, everywhere: bool = False) -> TrashEntry | None:
        """Forget a record and put its files in the trash; see ``outgoing.remove``."""
        with self._installing:
            return outgoing.remove(self.library, key, everywhere=everywhere)

    def restore(self, name: str) -> ModelConfigBase:
        """Bring a model back from the trash, by key, key prefix or name.

        Raises:
            SourceNotFoundError: nothing in the trash is called that.
        """
        with self._installing:
            return outgoing.restore(self.library, self.library.trash.find(name))

    def trash(self) -> list[TrashEntry]:
        """Return what is in the trash, the oldest first."""
        return self.library.trash.entries()

    def purge(self, entry: TrashEntry) -> None:
        """Remove a trash entry for good."""
        with self._installing:
            outgoing.purge(self.library, entry)

    def reidentify(self, key: str) -> ModelConfigBase:
        """Identify a recorded model again and update what the record says it is.

        Name, description, source and whatever else people write stay.

        Raises:
            UnknownModelException: there is no such record.
            InvalidModelException: no rule fits; the record is left as it is.
        """
        config = self._records.get_model(key)
        path = self.library.reach(config)
        fields = identified_fields(self.library.identify(path, self.app_config.verify != "off"))
        if config.trigger_phrases:
            del fields["trigger_phrases"]
        return self._records.update_model(key, fields)

    def edit(self, key: str, changes: Mapping[str, Any]) -> ModelConfigBase:
        """Change fields of a record as a person asks for it.

        Raises:
            UnknownModelException: there is no such record.
            InvalidModelConfigException: a field is unknown, or a value does not fit.
        """
        fields = without_aliases(changes)
        if "base" in fields:
            check_base(fields["base"], self.library.known_bases)
        if "format" in fields:
            check_form(fields["format"], self.library.reach(self._records.get_model(key)))
        return self._records.update_model(key, fields)

    # -- plumbing

    def _install_found(
        self, path: Path, fields: dict[str, Any], said: Said, link: LinkMode | None
    ) -> tuple[str, bool]:
        source = LocalModelSource(path=path)
        plan = plan_install(self.library, source, fields, link=link, is_heard=True)
        config, same = self._carry_out(replace(plan, said=said), no_progress)
        return config.key, same is not None

    def _run_job(self, job: ModelInstallJob) -> None:
        plan = self.plan(job.source, job.config_in, link=job.link, to=job.to)
        job.total_bytes = plan.total_bytes

        def count(done: int) -> None:
            job.bytes = min(job.bytes + done, job.total_bytes)

        progress = stop_when(lambda: job.is_stop_requested, count)
        progress(0)
        job.config_out, job.same_as = self._carry_out(plan, progress, job)

    def _carry_out(
        self, plan: InstallPlan, progress: Progress, job: ModelInstallJob | None = None
    ) -> tuple[ModelConfigBase, str | None]:
        """Do a plan; return the record, and its key if it was there before."""
        with self._installing:
            if plan.inplace:
                return incoming.register(self.library, plan), None
            with only_one(self.library, plan.files, progress):
                same = find_same(self.library, plan.files, only_stopping(progress))
                if same is not None:
                    return self._records.get_model(same), same
                return self._install(plan, progress, job), None

    def _install(
        self, plan: InstallPlan, progress: Progress, job: ModelInstallJob | None
    ) -> ModelConfigBase:
        try:
            return incoming.install(self.library, plan, progress, job=job.id if job else None)
        except Exception as error:
            if not self.library.is_recorded(plan.config.key):
                raise
            _log.warning("Installed, but something is left for the next start: %s", error)
            return self._records.get_model(plan.config.key)


def _as_source(source: LocalModelSource | str | Path) -> LocalModelSource:
    if isinstance(source, LocalModelSource):
        return source
    if isinstance(source, str | Path):
        return local_source(source)
    raise UsageError(f"{source!r} is no source", hint="Give a path or a LocalModelSource.")
