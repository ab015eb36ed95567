"""Where the files of a model were in the repository that it came from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from modelkeep.app.files import OwnedFile
from modelkeep.core.metadata import HuggingFaceMetadata, RemoteModelFile
from modelkeep.sources.huggingface.source import HFModelSource


def original_paths(
    files: Sequence[OwnedFile],
    source: HFModelSource | None,
    said: HuggingFaceMetadata | None,
    *,
    is_folder: bool,
) -> list[str]:
    """Return the paths that the files of a model had in their repository, in the same order.

    Args:
        files: Those that are here.
        source: What was asked for of the Hub; None for a model from elsewhere.
        said: What the Hub said then.
        is_folder: The model is a folder, whose files have the names that they had there.
    """
    names = [file.name for file in files]
    if source is None:
        return names
    asked = source.subfolder or ""
    if not is_folder:
        return [_of_one(file, asked, said) for file in files]
    if PurePosixPath(asked).name in names:  # a file was asked for, and others belong to it
        asked = str(PurePosixPath(asked).parent)
    return [str(PurePosixPath(asked) / name) for name in names]


def _of_one(file: OwnedFile, asked: str, said: HuggingFaceMetadata | None) -> str:
    """Return the path of a model of one file, which may have got another name here."""
    listed = [
        (each, "/".join(each.path.parts[1:]))
        for each in (said.files if said is not None else ())
        if _may_be(file, each)
    ]
    paths = [path for _, path in listed if not asked or f"{path}/".startswith(f"{asked}/")]
    if paths:
        return min(paths, key=lambda path: (PurePosixPath(path).name != file.name, len(path), path))
    if asked and PurePosixPath(asked).suffix == PurePosixPath(file.name).suffix:
        return asked
    return str(PurePosixPath(asked) / file.name)


def _may_be(file: OwnedFile, listed: RemoteModelFile) -> bool:
    """Tell whether a file that the Hub lists has the bytes of one that is here."""
    if file.row.sha256 is not None and listed.sha256 is not None:
        return file.row.sha256 == listed.sha256
    return file.row.size == listed.size
