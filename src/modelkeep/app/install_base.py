"""``ModelInstallServiceBase``: what every install service does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from modelkeep.core.events import EventBus
from modelkeep.install.job import JobList, ModelInstallJob
from modelkeep.records.service import ModelRecordServiceBase
from modelkeep.settings import Settings
from modelkeep.sources.string_like import StringLikeSource


class ModelInstallServiceBase(ABC):
    """Installs, registers and removes models."""

    @property
    @abstractmethod
    def app_config(self) -> Settings:
        """The settings."""

    @property
    @abstractmethod
    def record_store(self) -> ModelRecordServiceBase:
        """The catalogue."""

    @property
    @abstractmethod
    def event_bus(self) -> EventBus | None:
        """The bus that was given."""

    @abstractmethod
    def start(self, invoker: Any = None) -> None:
        """Finish or roll back what an earlier run left, and begin to work on jobs."""

    @abstractmethod
    def stop(self, invoker: Any = None) -> None:
        """End after the job in progress."""

    @abstractmethod
    def import_model(
        self, source: StringLikeSource, config: dict[str, Any] | None = None
    ) -> ModelInstallJob:
        """Install a source in the background and return its job."""

    def install_model(
        self, source: StringLikeSource, config: dict[str, Any] | None = None
    ) -> ModelInstallJob:
        """Do the same as ``import_model``, under the specification's other name for it."""
        return self.import_model(source, config)

    @abstractmethod
    def register_path(self, model_path: Path | str, config: dict[str, Any] | None = None) -> str:
        """Record a model where it is and return its key."""

    @abstractmethod
    def install_path(self, model_path: Path | str, config: dict[str, Any] | None = None) -> str:
        """Copy a model into ``models_dir``, record it and return its key."""

    @abstractmethod
    def unregister(self, key: str) -> None:
        """Forget a record; its files stay."""

    @abstractmethod
    def delete(self, key: str) -> None:
        """Forget a record and remove its files if they are inside ``models_dir``."""

    @abstractmethod
    def unconditionally_delete(self, key: str) -> None:
        """Forget a record and remove its files wherever they are."""

    @abstractmethod
    def scan_directory(self, scan_dir: Path | str, install: bool = False) -> list[str]:
        """Register every model below a folder, or install it; return the keys of new records."""

    @abstractmethod
    def sync_to_config(self) -> None:
        """Register new files in all roots, find moved ones again, mark missing ones."""

    @abstractmethod
    def list_jobs(self) -> list[ModelInstallJob]:
        """Return the jobs of this service."""

    @abstractmethod
    def get_job_by_source(self, source: StringLikeSource | str | Path) -> list[ModelInstallJob]:
        """Return the jobs of one source."""

    @abstractmethod
    def get_job_by_id(self, id: int) -> ModelInstallJob:  # noqa: A002 - the specification's name
        """Return one job."""

    @abstractmethod
    def cancel_job(self, job: ModelInstallJob) -> None:
        """Stop a job; what it has put on the disk is taken away again."""

    @abstractmethod
    def prune_jobs(self) -> None:
        """Delete finished jobs from the list."""

    @abstractmethod
    def wait_for_installs(self, timeout: int = 0) -> JobList:
        """Wait until all jobs have ended, or for ``timeout`` seconds, and return them."""
