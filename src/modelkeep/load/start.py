"""What a load service is made of where it was not given: torch, and the library of the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelkeep.disk.filesystems import is_on_local_disk
from modelkeep.errors import MissingExtraError
from modelkeep.jobs.state_jobs import StateJobs
from modelkeep.library.library import Library
from modelkeep.load.map_policy import MapPolicy, MapWeights
from modelkeep.load.ports import Runtime

if TYPE_CHECKING:
    from modelkeep.records.service import ModelRecordServiceBase
    from modelkeep.settings import Settings

#: Installs what loading needs.
LOAD_COMMAND = "pip install 'modelkeep[load]'"


def open_runtime(settings: Settings) -> Runtime:
    """Return what loads parts with torch.

    Raises:
        MissingExtraError: torch is not installed.
    """
    try:
        from modelkeep.load.runtime import TorchRuntime
    except ImportError as error:
        if error.name not in {"torch", "numpy"}:
            raise
        raise MissingExtraError(
            f"Loading models needs {error.name}, which is not installed",
            hint=f"Run: {LOAD_COMMAND}",
        ) from error
    policy = MapPolicy(MapWeights(settings.map_weights), settings.models_dir, is_on_local_disk)
    return TorchRuntime(policy.may_map)


def open_library(settings: Settings, records: ModelRecordServiceBase) -> Library:
    """Return the library of the settings and a catalogue."""
    store = StateJobs.open_or_look(settings.state_path)
    return Library.open(settings, records, store.state, store.owner)
