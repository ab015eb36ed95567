"""``ModelInstallService``: the specification's install service."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from modelkeep.app.install_base import ModelInstallServiceBase
from modelkeep.core.configs import ModelConfigBase, ModelConfigFactory
from modelkeep.core.events import EventBus
from modelkeep.core.hashing import no_progress
from modelkeep.core.names import full_path
from modelkeep.errors import (
    ServiceInactiveException,
    SourceError,
    TooManyJobsError,
    UnknownInstallJobException,
    UsageError,
)
from modelkeep.install.details import InstallDetails
from modelkeep.install.fetch_folder import is_claimed, remove_unneeded
from modelkeep.install.installer import Installer
from modelkeep.install.job import JobList, ModelInstallJob
from modelkeep.install.kind import InstallKind
from modelkeep.install.network import Network, OwnNetwork
from modelkeep.install.plan import Plan
from modelkeep.install.planning import plan_local
from modelkeep.install.recovery import recover_library
from modelkeep.install.removing import Removing
from modelkeep.jobs.commands import JobCommands
from modelkeep.jobs.engine import JobEngine
from modelkeep.jobs.hash_lookups import HashLookups
from modelkeep.jobs.rows import JobRow
from modelkeep.jobs.state_jobs import StateJobs
from modelkeep.library.destination import LinkMode
from modelkeep.library.duplicates import find_same
from modelkeep.library.editing import edit_record
from modelkeep.library.identified import FIELDS
from modelkeep.library.library import Identify, Library
from modelkeep.library.new_records import is_stated_hash, reidentified_fields
from modelkeep.library.told import told_of_record
from modelkeep.records.service import ModelRecordServiceBase
from modelkeep.scan.service import Scanner
from modelkeep.settings import Settings
from modelkeep.sources.local import LocalModelSource
from modelkeep.sources.parse import local_source
from modelkeep.sources.sidecars.info import SidecarInfo
from modelkeep.sources.string_like import StringLikeSource

_log = logging.getLogger(__name__)


class ModelInstallService(Removing, ModelInstallServiceBase):
    """Installs, records and removes models.

    Jobs run in background threads: models of sites are fetched side by side, and one model after
    the other is put in place. Programs may exit without stopping them.
    ``install_path``, ``register_path`` and removals work in the caller's thread.

    Args:
        download_queue: Fetches files; one of our own when None.
        metadata_store: The specification's; what sites say goes to that of ``record_store`` in any
            case.
        event_bus: Takes the install events; none are sent when None.
        session: Used for every request to sites, as it is; one of our own when None.
        identify: Says what a path is; the installed families when None.
        network: Asks sites and fetches files, in place of ``download_queue`` and ``session``.
        takes_over: Remote installs of processes that died are continued.
        recovers: ``start`` settles what an earlier run left; else ``settle`` has to be called.

    Attributes:
        library: What installs and removals work on.
        control: Pauses, resumes, cancels and retries jobs of any process on this root.
    """

    def __init__(  # noqa: PLR0917 - the specification's signature
        self,
        app_config: Settings,
        record_store: ModelRecordServiceBase,
        download_queue: Any = None,
        metadata_store: Any = None,
        event_bus: EventBus | None = None,
        session: Any = None,
        *,
        identify: Identify | None = None,
        network: Network | None = None,
        takes_over: bool = True,
        recovers: bool = True,
    ) -> None:
        del metadata_store  # it is that of the records
        self._takes_over = takes_over
        self._recovers = recovers
        self._records = record_store
        self._bus = event_bus
        self._store = StateJobs.open_or_look(app_config.state_path)
        self.library = Library.open(
            app_config, record_store, self._store.state, self._store.owner, identify
        )
        self.scanner = Scanner(self.library, self._install_found)
        self.network = network or OwnNetwork(app_config, download_queue, session, event_bus)
        self._installer = Installer(self.library, self.network, event_bus)
        self._kind = InstallKind(
            event_bus,
            self._installer.run,
            discard=self._installer.discard,
            drop_unneeded=self._drop_unneeded,
            restore_source=self._restore_source,
        )
        self.engine = JobEngine([self._kind], self._store)
        self.control = JobCommands([self.engine])
        self._admitting = threading.Lock()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({os.fspath(self.app_config.root)!r})"

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

    def start(self, invoker: Any = None) -> None:  # noqa: ARG002 - the specification's signature
        """Finish or take back what an earlier run left, and begin to work on jobs.

        What was put into the autoimport folder since then is registered. Where this user may not
        write the library, both are left to those who may.

        Raises:
            ServiceInactiveException: it was started already.
        """
        if self.engine.is_running:
            raise ServiceInactiveException(
                "The install service is already running", hint="Start it once."
            )
        if self._recovers:
            self._settle_files()
        self.engine.start()
        if self._recovers:
            self._take_over()

    def settle(self) -> None:
        """Do what ``start`` does beside beginning to work, while requests are answered already."""
        self._settle_files()
        self._take_over()

    def _settle_files(self) -> None:
        if not self._store.is_looking:
            self.recover()
            self.scanner.autoimport()

    def _take_over(self) -> None:
        if self._takes_over:
            self.engine.take_over(only=_is_remote)

    def stop(self, invoker: Any = None) -> None:  # noqa: ARG002 - the specification's signature
        """End after what is being put in place; waiting jobs are cancelled.

        Running downloads are kept and continued in the next run.
        """
        self.engine.stop()

    def close(self) -> None:
        """Stop, and let go of the state file; the service cannot be started again."""
        self.stop()
        self.network.close()
        self._store.close()

    def recover(self) -> int:
        """Finish or take back what dead processes left; return how much that was."""
        return recover_library(self.library, self._store.is_alive)

    # -- jobs

    def plan(
        self,
        source: StringLikeSource | str | Path,
        config: Mapping[str, Any] | None = None,
        *,
        link: LinkMode | None = None,
        to: str | None = None,
    ) -> Plan:
        """Say what installing a source would do; changes nothing.

        What the files beside it say comes along: names, trigger phrases, tags, a preview. Of a
        model on the network only headers are fetched.

        Raises:
            ModelKeepError: the source cannot be installed; says why.
        """
        self.library.refresh_roots()
        return self._installer.plan(self._as_source(source), config or {}, link=link, to=to)

    def find_broken(self, plan: Plan) -> str | None:
        """Return the key of the record that gets its missing or damaged files back by a plan."""
        found = self._installer.find_broken(plan)
        return found.config.key if found is not None else None

    def find_same(self, plan: Plan) -> str | None:
        """Return the key of a model that has the same bytes as the one planned, or None."""
        return None if plan.inplace else find_same(self.library, plan.files, no_progress)

    def import_model(
        self,
        source: StringLikeSource | str | Path,
        config: dict[str, Any] | None = None,
        *,
        link: LinkMode | None = None,
        to: str | None = None,
        plan: Plan | None = None,
        at_most: int | None = None,
    ) -> ModelInstallJob:
        """Install a source in the background and return its job.

        Args:
            source: Where the model comes from, or what a person would type for that.
            config: Fields of the record that win over what is identified.
            link: How files of a local model get to their place; ``copy`` when None.
            to: Name of the root that they go into; ``models_dir`` when None.
            plan: What ``plan`` said of a remote source: its site is not asked again.
            at_most: Installs of all processes that may be open, with this one; any number if None.

        Raises:
            ServiceInactiveException: the service was not started.
            TooManyJobsError: more are open.
            SourceError: it is nothing that is known.
        """
        if not self.engine.is_running:
            raise ServiceInactiveException(
                "The install service is not running", hint="Call start() first."
            )
        self.library.refresh_roots()
        job = ModelInstallJob(
            -1,
            self._as_source(source),
            dict(config or {}),
            link,
            to,
            staging=self.app_config.staging_dir,
        )
        if plan is not None and plan.remote is not None:
            job.remote, job.pinned = plan.remote, plan.remote.source
        with self._admitting:
            if at_most is not None:
                self._refuse_over(at_most)
            self.engine.submit(self._kind, job)
        return job

    def leave_job(
        self,
        source: StringLikeSource,
        config: Mapping[str, Any],
        *,
        link: LinkMode | None = None,
        to: str | None = None,
    ) -> int:
        """Store an install that ``control.resume`` begins in any process; return its number."""
        return self.engine.leave(self._kind, ModelInstallJob(-1, source, dict(config), link, to))

    def list_jobs(self) -> list[ModelInstallJob]:
        """Return the jobs of this service, the oldest first."""
        return self.engine.jobs()

    def list_all_jobs(self) -> list[JobRow]:
        """Return the install jobs of every process on this root, also of earlier runs."""
        self.engine.flush()
        return self._store.all(self._kind.name)

    def get_job_by_source(self, source: StringLikeSource | str | Path) -> list[ModelInstallJob]:
        """Return the jobs of one source."""
        return [job for job in self.list_jobs() if job.source == source]

    def get_job_by_id(self, id: int) -> ModelInstallJob:  # noqa: A002 - the specification's name
        """Return one job.

        Raises:
            UnknownInstallJobException: there is none with this id (also a ``ValueError``).
        """
        if not self.engine.has(id):
            raise UnknownInstallJobException(
                f"No install job {id}", hint="List the jobs with: modelkeep jobs"
            )
        job: ModelInstallJob = self.engine.job(id)
        return job

    def cancel_job(self, job: ModelInstallJob) -> None:
        """Stop a job; what it has put on the disk is taken away again.

        A job whose model is recorded already stays completed.
        """
        self.engine.cancel(job)

    def prune_jobs(self) -> None:
        """Forget the jobs of this service that have ended."""
        self.engine.remove(self.engine.remove_ended())

    def wait_for_installs(self, timeout: float = 0) -> JobList:
        """Wait until all jobs have ended, or ``timeout`` seconds (0: no limit); return all jobs."""
        self.engine.wait(timeout or None)
        return JobList(self.list_jobs())

    # -- at once

    def register_path(self, model_path: Path | str, config: Mapping[str, Any] | None = None) -> str:
        """Record a model where it is and return its key.

        Raises:
            DuplicateModelException: its path is recorded already.
            ModelKeepError: it cannot be recorded; says why.
        """
        source = LocalModelSource(path=Path(model_path), inplace=True)
        return self._installer.carry_out(self.plan(source, config)).record.key

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
        source = LocalModelSource(path=Path(model_path))
        return self._installer.carry_out(self.plan(source, config, link=link, to=to)).record.key

    def reidentify(self, key: str, *, reset: bool = False) -> ModelConfigBase:
        """Identify a recorded model again and update what the record says it is.

        Name, description, source and whatever else people write stay, and so does what they set:
        a field that they edited or gave at the install, or that differs from what the model was
        identified as before.

        Args:
            key: Of the record.
            reset: Also reset what they set of what the model is.

        Raises:
            UnknownModelException: there is no such record.
            InvalidModelException: no rule fits; the record is left as it is.
        """
        fields = self._identified_again(self._records.get_model(key), reset=reset)
        updated = self._records.update_model(key, fields)
        if reset:
            HashLookups(self.library.state).forget_edits(updated.key, FIELDS)
        return updated

    def reidentified(self, key: str, *, reset: bool = False) -> ModelConfigBase:
        """Return what ``reidentify`` would make of a record; nothing is changed.

        Raises:
            UnknownModelException: there is no such record.
            InvalidModelException: no rule fits.
        """
        config = self._records.get_model(key)
        fields = self._identified_again(config, reset=reset)
        found: ModelConfigBase = ModelConfigFactory.make_config({**dict(config), **fields})
        return found

    def _identified_again(self, config: ModelConfigBase, *, reset: bool) -> dict[str, Any]:
        path = self.library.reach(config)
        told = told_of_record(self._records, config, path)
        found = self.library.identify(path, self.app_config.verify != "off", told)
        edited = HashLookups(self.library.state).edited(config.key)
        fields = reidentified_fields(config, found, edited=edited, reset=reset)
        stated = (reason for reason in config.evidence if is_stated_hash(reason))
        fields["evidence"] = tuple(dict.fromkeys((*fields["evidence"], *stated)))
        return fields

    def edit(
        self, key: str, changes: Mapping[str, Any], *, seen: frozenset[str] | None = None
    ) -> ModelConfigBase:
        """Change fields of a record as a person asks for it.

        Args:
            key: Of the record.
            changes: The fields.
            seen: Change it only while it is of one of these versions; see ``record_version``.

        Raises:
            UnknownModelException: there is no such record.
            StaleRecordError: it is of no version in ``seen``.
            InvalidModelConfigException: a field is unknown, or a value does not fit.
        """
        return edit_record(self.library, key, changes, seen=seen)

    # -- scans

    def scan_directory(self, scan_dir: Path | str, install: bool = False) -> list[str]:
        """Register every model below a folder, or install it; return the keys of new records.

        What is recorded already, broken or unknown is left out; ``scanner.scan`` reports it.

        Args:
            scan_dir: The folder.
            install: Copy the models into ``models_dir``; else they stay where they are.

        Raises:
            SourceNotFoundError: nothing is there.
        """
        self.library.refresh_roots()
        return self.scanner.register_all(Path(scan_dir), install=install)

    def sync_to_config(self) -> None:
        """Register new files in all roots, find moved ones again, mark missing ones.

        No record is forgotten, whatever is gone; ``scanner.sync`` reports what was done.
        """
        self.library.refresh_roots()
        self.scanner.sync_all()

    # -- plumbing

    def _refuse_over(self, at_most: int) -> None:
        if len(self._store.unended(self._kind.name)) >= at_most:
            raise TooManyJobsError(
                f"{at_most} installs are waiting, running or paused already",
                hint="Wait until some of them have ended, or cancel some.",
            )

    def _install_found(
        self, path: Path, fields: dict[str, Any], sidecar_info: SidecarInfo, link: LinkMode | None
    ) -> tuple[str, bool]:
        source = LocalModelSource(path=path)
        plan = plan_local(self.library, source, fields, link=link, sidecar_info=sidecar_info)
        done = self._installer.carry_out(plan)
        return done.record.key, done.same_as is not None

    def _restore_source(self, stored: Mapping[str, Any]) -> StringLikeSource:
        return self.network.sites.restore(stored)

    def _drop_unneeded(self, rows: Sequence[JobRow]) -> None:
        remove_unneeded(self._store.state, filter(is_claimed, rows))

    def _as_source(self, source: StringLikeSource | str | Path) -> StringLikeSource:
        if isinstance(source, StringLikeSource):
            return source
        if not isinstance(source, str | Path):
            raise UsageError(f"{source!r} is not a source", hint="Pass a path, a link or a source.")
        try:
            return local_source(source) or self.network.sites.parse(source)
        except SourceError:
            if not str(source).strip() or "://" in str(source):
                raise
            path = Path(source) if "\0" in str(source) else full_path(source)
            return LocalModelSource(path=path)  # its job says that nothing is there


def _is_remote(row: JobRow) -> bool:
    return InstallDetails.decode(row.details).remote is not None
