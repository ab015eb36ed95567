"""The sample library: a root of its own in a library, made and removed as a whole."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelkeep.core.names import counted, shown
from modelkeep.disk import paths
from modelkeep.errors import NoSpaceError, StorageError, UsageError
from modelkeep.records.listing import RecordFilter

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.app.sample.catalogue import Sample

#: Name of the root, and of its folder in that of the library.
SAMPLE = "sample"
_LAYOUT = "plain"
#: A header has less; a file that takes more has its data on the disk, not as a hole.
_MOST_TAKEN = 64 << 20

_log = logging.getLogger(__name__)


def sample_models(manager: ModelManager) -> int:
    """Return how many sample models a library has."""
    return manager.records.count(RecordFilter(roots=(SAMPLE,)))


def sample_folder(manager: ModelManager) -> Path:
    """Return where the sample models of a library are."""
    return manager.settings.root / SAMPLE


def add_samples(
    manager: ModelManager, progress: Callable[[int, int], None] = lambda _done, _all: None
) -> int:
    """Make the sample models and register them; return how many there are.

    Args:
        manager: Of the library.
        progress: Gets how many models are written, of how many. What it raises ends the work, and
            nothing is left.

    Raises:
        UsageError: the library has them already, or something else is in their place.
        NoSpaceError: the file system has no files with holes.
        StorageError: the disk refuses.
    """
    from modelkeep.app import roots

    folder = sample_folder(manager)
    if SAMPLE in manager.records.roots.named or folder.exists() or folder.is_symlink():
        raise UsageError(
            f"{shown(folder)} is there already", hint="Remove the sample models first."
        )
    try:
        write_samples(folder, progress)
        roots.add(manager, SAMPLE, folder, layout=_LAYOUT, readonly=False)
        for _ in manager.installer.scanner.scan(SAMPLE, action=_register()):
            pass
    except BaseException:
        remove_samples(manager)
        raise
    return sample_models(manager)


def remove_samples(manager: ModelManager) -> int:
    """Remove the sample models with their files, records and pictures; return how many went."""
    from modelkeep.app import roots

    folder, count = sample_folder(manager), 0
    if SAMPLE in manager.records.roots.named:
        count = sample_models(manager)
        roots.remove(manager, SAMPLE, forget=True, keep=False)
    if folder.is_dir() and not folder.is_symlink():
        _forget_drawn(manager, folder)
        paths.remove_tree(folder, manager.settings.root)
    _log.info("Removed %s", counted(count, "sample model"))
    return count


def write_samples(folder: Path, progress: Callable[[int, int], None]) -> None:
    """Write the sample models, with pictures and what is said of them, below a folder.

    Args:
        folder: It is made.
        progress: As of ``add_samples``.

    Raises:
        NoSpaceError: the file system has no files with holes.
        StorageError: the disk refuses.
    """
    from modelkeep.app.sample.catalogue import SAMPLES
    from modelkeep.app.sample.pictures import picture

    for number, sample in enumerate(SAMPLES):
        progress(number, len(SAMPLES))
        model = _write(folder / sample.shelf, sample)
        beside = model.parent / f"{sample.file}.preview.jpg"
        paths.write_file(beside, picture(sample.name, sample.motif), durable=False)
        said = model.parent / f"{sample.file}.metadata.json"
        paths.write_file(said, json.dumps(_said(sample, model)).encode(), durable=False)


def _write(shelf: Path, sample: Sample) -> Path:
    from modelkeep.app.sample.catalogue import tensors_of
    from modelkeep.app.sample.files import write_safetensors, write_sd1_folder

    if sample.kind == "folder":
        return write_sd1_folder(shelf / sample.file)
    # The name makes bytes of its own: copies of one another would be duplicates.
    metadata = {"modelspec.title": sample.name}
    if sample.kind == "sd1-lora":
        metadata["ss_base_model_version"] = "sd_v1"
    path = shelf / f"{sample.file}.safetensors"
    write_safetensors(path, tensors_of(sample.kind), metadata)
    if paths.allocated_bytes(path) > _MOST_TAKEN:
        raise NoSpaceError(
            f"The disk of {shown(shelf)} has no files with holes: the samples would fill it",
            hint="Use a library on another disk.",
        )
    return path


def _said(sample: Sample, model: Path) -> dict[str, Any]:
    return {
        "file_name": sample.file,
        "file_path": model.name,
        "model_name": sample.name,
        "modelDescription": sample.about,
        "preview_url": "",
        "tags": list(sample.tags),
        "trainedWords": list(sample.words),
    }


def _register() -> Any:
    from modelkeep.scan.scanner import ScanAction

    return ScanAction.REGISTER


def _forget_drawn(manager: ModelManager, folder: Path) -> None:
    """Remove the small copies of the pictures from the cache."""
    from modelkeep.app.preview import cached_pictures

    for original in folder.rglob("*.preview.jpg"):
        with suppress(OSError, StorageError):
            digest = hashlib.sha256(original.read_bytes()).hexdigest()
            for drawn in cached_pictures(manager, digest):
                paths.remove_file(drawn)
