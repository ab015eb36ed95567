"""What a request over HTTP may reach on this disk: some folders, and nothing beside them.

Whoever asks learns the same of a path that is not there and of one that is none of theirs.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelkeep.core import limits
from modelkeep.core.names import is_inside, real_path, safe_relpath, text_to_path
from modelkeep.disk.notes import FOREIGN_STAGING, FOREIGN_TRASH
from modelkeep.errors import SourceNotFoundError, UnsafePathError

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.core.configs import ModelConfigBase
    from modelkeep.core.roots import Root
    from modelkeep.settings import Settings

#: Folders of the program inside of folders of models.
_OURS = frozenset({".staging", ".trash", FOREIGN_STAGING, FOREIGN_TRASH})
#: Characters of a path that a message repeats.
_SHOWN = 300


@dataclass(frozen=True, slots=True)
class _Area:
    """A folder that may be reached: as the settings name it, and where that leads."""

    path: Path
    real: Path

    @classmethod
    def of(cls, path: Path) -> _Area:
        return cls(path, real_path(path))

    def names(self, path: Path) -> bool:
        """Tell whether a path lies in it by its words alone; looks at no disk."""
        something = path / "file"  # the folder itself may be meant
        return is_inside(something, self.path) or is_inside(something, self.real)


def readable(manager: ModelManager, text: str) -> Path:
    """Return the file or folder that a request names, all links followed.

    Args:
        manager: Of the library.
        text: A path as records have it: relative to ``models_dir``, absolute, below ``~``, or a
            ``file:`` URI.

    Raises:
        SourceNotFoundError: nothing is there, it is neither a file nor a folder, or it is outside
            of ``models_dir``, ``autoimport_dir``, the registered roots and ``readable_dirs``. The
            text does not tell which.
    """
    found = _real_in(text, manager.settings, _readable_areas(manager))
    if found is None or not _is_plain(found):
        raise _unreadable(text)
    return found


def writable(manager: ModelManager, text: str) -> Path:
    """Return the place that a request names for a new file or for a folder of new files.

    It need not be there yet. Nothing but new files can come there: it is no file that exists and
    is in no folder of a model.

    Args:
        manager: Of the library.
        text: A path as ``readable`` takes it.

    Raises:
        UnsafePathError: it is outside of ``models_dir``, ``autoimport_dir`` and the roots that may
            be written, or belongs to a model or to the program. The text does not tell which.
    """
    settings = manager.settings
    folders = [settings.models_dir, settings.autoimport_dir]
    folders += [root.path for root in _roots(manager) if not root.is_readonly]
    areas = [_Area.of(folder) for folder in folders]
    found = _real_in(text, settings, areas)
    if found is None or not _is_free(manager, found, areas):
        raise UnsafePathError(
            f"{_shown(text)} is no place that requests can write to",
            hint="Name a new file, or a folder without models, in models_dir or in a root that"
            " is not read-only.",
        )
    return found


def check_record_paths(
    manager: ModelManager, fields: Mapping[str, Any], record: ModelConfigBase | None = None
) -> None:
    """Refuse a record whose model or picture is where requests cannot read.

    They need not be there: a record may come before its files.

    Args:
        manager: Of the library.
        fields: What a request says of a record.
        record: As it is; what it has already is not refused.

    Raises:
        SourceNotFoundError: one of the paths is outside; the text says nothing of the disk.
    """
    for name in ("path", "preview"):
        text = fields.get(name)
        if not isinstance(text, str) or text == getattr(record, name, None):
            continue
        if name == "preview" and not text_to_path(text).is_absolute():
            is_fine = ".." not in text_to_path(text).parts  # it lies beside the model
        else:
            is_fine = _real_in(text, manager.settings, _readable_areas(manager)) is not None
        if not is_fine:
            raise _unreadable(text)


def _readable_areas(manager: ModelManager) -> list[_Area]:
    settings = manager.settings
    folders = [settings.models_dir, settings.autoimport_dir, *settings.readable_dirs]
    folders += [root.path for root in _roots(manager)]
    return [_Area.of(folder) for folder in folders]


def _unreadable(text: str) -> SourceNotFoundError:
    return SourceNotFoundError(
        f"{_shown(text)} is no file or folder that requests can read",
        hint="Requests read the folders of models and those in the setting readable_dirs.",
    )


def _roots(manager: ModelManager) -> Iterator[Root]:
    yield from manager.records.roots.named.values()


def _real_in(text: str, settings: Settings, areas: Sequence[_Area]) -> Path | None:
    """Return where a path leads, if that is in one of the folders and not kept from requests."""
    path = _plain_path(text, settings)
    if path is None:
        return None
    # The disk is not even looked at for other paths: how long that takes would tell of them.
    if not any(area.names(path) for area in areas):
        return None
    real = real_path(path)
    may_be_reached = any(_is_within(real, area.real) for area in areas)
    return real if may_be_reached and not _is_kept(real, settings) else None


def _plain_path(text: str, settings: Settings) -> Path | None:
    """Return the path that a text is; None for one that no disk takes."""
    try:
        path = settings.models_dir / text_to_path(text).expanduser()
        os.fsencode(path)
    except (RuntimeError, ValueError):  # nobody is called that; characters that are none
        return None
    if not text.strip() or "\0" in os.fspath(path):
        return None
    is_long = any(len(os.fsencode(part)) > limits.NAME_BYTES for part in path.parts)
    return None if is_long else path


def _is_kept(path: Path, settings: Settings) -> bool:
    """Tell whether a path is of the program: its secrets, databases, drafts and trash."""
    root = real_path(settings.root)
    folders = [root / "secrets", root / "databases"]
    files = [settings.settings_path, settings.db_path, settings.conf_path]
    if isinstance(settings.model_config_db, Path):
        files.append(settings.model_config_db)
    return (
        any(_is_within(path, folder) for folder in folders)
        or any(path == real_path(file) for file in files)
        or not _OURS.isdisjoint(path.parts)
    )


def _is_plain(path: Path) -> bool:
    """Tell whether a file or a folder is there; a pipe or a device is neither."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return False
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


def _is_free(manager: ModelManager, path: Path, areas: Sequence[_Area]) -> bool:
    """Tell whether new files may come to a path: its name is safe, and no model has it."""
    area = next(area for area in areas if _is_within(path, area.real))
    below = path.relative_to(area.real)
    try:
        safe_relpath(below.as_posix() if below.parts else "folder")
    except UnsafePathError:
        return False
    if os.path.lexists(path) and not path.is_dir():
        return False
    folders = [path, *path.parents][: len(below.parts)]
    as_named = [area.path / folder.relative_to(area.real) for folder in folders]
    find = manager.records.search_by_path
    return not any(find(each) for each in {*folders, *as_named})


def _is_within(path: Path, folder: Path) -> bool:
    return path == folder or folder in path.parents


def _shown(text: str) -> str:
    return repr(text[:_SHOWN].encode("utf-8", "backslashreplace").decode())
