"""Which files a record owns, and where they are."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from modelkeep.core import limits
from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.files import ModelFile
from modelkeep.core.names import is_inside, path_to_text, shown
from modelkeep.core.roots import Roots
from modelkeep.errors import UnsafePathError
from modelkeep.library.inventory import list_files
from modelkeep.library.record_paths import located
from modelkeep.records.service import ModelRecordServiceBase

_NO_HASHES: Mapping[str, str] = MappingProxyType({})


def describe_files(
    top: Path,
    names: Iterable[str],
    models_dir: Path,
    blake3: Mapping[str, str],
    now: float,
    *,
    sha256: Mapping[str, str] = _NO_HASHES,
) -> list[ModelFile]:
    """Return rows for the files of a model that is in its place.

    Args:
        top: The model's file or folder.
        names: Names of its files below ``top``; the empty string for ``top`` itself.
        models_dir: Folder of installed models.
        blake3: Full hashes that are known, by name.
        now: When they were computed, seconds since the epoch.
        sha256: The same of the other kind.
    """
    rows = []
    for name in names:
        path = top / name if name else top
        there = path.stat()
        root, text = located(path, models_dir)
        rows.append(
            ModelFile(
                path=text,
                root=root,
                size=there.st_size,
                mtime_ns=there.st_mtime_ns,
                inode=there.st_ino,
                blake3=blake3.get(name),
                sha256=sha256.get(name),
                hashed_at=now if name in blake3 or name in sha256 else None,
            )
        )
    return rows


def owned_files(
    store: ModelRecordServiceBase, config: ModelConfigBase, models_dir: Path
) -> list[ModelFile]:
    """Return the files that a record owns.

    A record that was written without files (by a program that adds configs on its own) owns what
    is at its path now: the file, or every file of the folder that no other record owns, links
    included but not followed.

    Raises:
        UnsafePathError: no files were recorded, and there are more than any model has.
    """
    stored = store.files(config.key)
    if stored:
        return stored
    roots = store.roots
    others = {roots.locate(file.root, file.path, models_dir) for _, file in store.find_files()}
    top = roots.locate(config.root, config.path, models_dir)
    if top is None:
        return []
    if top.is_dir() and not top.is_symlink():
        if _is_of_the_program(top, models_dir) or _holds_a_root(top, roots):
            return []
        names = _names_in(top)
    else:
        names = [""] if top.exists() or top.is_symlink() else []
    return [
        ModelFile(
            path=path_to_text(path),
            size=path.lstat().st_size,
            mtime_ns=path.lstat().st_mtime_ns,
            inode=path.lstat().st_ino,
        )
        for path in (top / name if name else top for name in sorted(names))
        if path not in others
    ]


def _names_in(top: Path) -> list[str]:
    names: list[str] = []
    for folder, _, files in os.walk(top):
        names += [os.fspath((Path(folder) / name).relative_to(top)) for name in files]
        if len(names) > limits.FOLDER_FILES:
            raise UnsafePathError(
                f"{shown(top)} holds more than {limits.FOLDER_FILES:,} files and is not a model",
                hint="No file is touched there. Remove the record:"
                " modelkeep remove --keep-files MODEL",
            )
    return names


def _is_of_the_program(top: Path, models_dir: Path) -> bool:
    """Tell whether a folder is ``models_dir`` itself, one around it, or staging or trash.

    Folders are compared by what they are: one has many spellings, ``//`` among them.
    """
    if any(_is_same(top, folder) for folder in (models_dir, *models_dir.parents)):
        return True
    place = Path(os.path.abspath(top))  # noqa: PTH100 - resolve() would follow links
    return is_inside(place, models_dir) and place.relative_to(models_dir).parts[0].startswith(".")


def _is_same(one: Path, other: Path) -> bool:
    return one == other or (other.exists() and one.samefile(other))


def _holds_a_root(top: Path, roots: Roots) -> bool:
    """Tell whether a folder is a registered root or around one: no record owns all of that."""
    places = [root.path for root in roots.named.values()]
    return any(_is_same(top, around) for place in places for around in (place, *place.parents))


def removable(top: Path, path: Path) -> Path:
    """Return what goes when the file at ``path`` of the model at ``top`` is removed.

    That is the file itself or, where a link leads to it, the first link on the way from ``top``.
    """
    here = top
    for part in path.relative_to(top).parts:
        if here.is_symlink():
            break
        here /= part
    return here


def names_below(top: Path) -> list[str]:
    """Return the names of a model's files below ``top``, as ``describe_files`` takes them."""
    return [os.fspath(f.path.relative_to(top)) if f.name else "" for f in list_files(top)]
