"""``Roots``: the named folders that hold models, and paths relative to them.

A catalogue stores where a model is as (root, path below it), so that a root can be moved, be a
disk that comes and goes, or be mounted elsewhere on another machine. People and programs see the
specification's ``path``: relative to ``models_dir``, or absolute.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from modelkeep.core.names import is_inside, path_to_text, real_path, text_to_path

#: Name of the root that ``models_dir`` is.
MODELS_ROOT = "models"
#: What stands for "in no root": such paths are absolute.
NO_ROOT = ""

_NAME = r"[A-Za-z0-9][A-Za-z0-9_-]{1,31}"
#: ``name:/path``. One letter before the colon is a drive of another system, ``://`` an address.
_NAMED = re.compile(rf"({_NAME}):/(?!/)(.*)", re.DOTALL)


class RootState(StrEnum):
    """Whether the folder of a root is there now."""

    ONLINE = "online"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Root:
    """One folder that holds models.

    Attributes:
        name: What people call it.
        path: Where it is now, as the user says it; absolute.
        layout: Whose folder it is, such as ``comfyui``; ``plain`` is nobody's.
        is_readonly: Nothing may ever be written in it, not even when asked.
        real: Where ``path`` leads when links are followed; None when that is not known.
    """

    name: str
    path: Path
    layout: str = "plain"
    is_readonly: bool = False
    real: Path | None = None

    def below(self, path: Path) -> Path | None:
        """Return where an absolute path lies below this root, or None when it does not."""
        where = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links
        for top in (self.path, self.real):
            if top is not None and is_inside(where, top):
                return where.relative_to(top)
        return None


@dataclass(frozen=True, slots=True)
class Roots:
    """The registered roots of a library.

    Attributes:
        named: Those beside ``models_dir``.
        home: ``models_dir``, where that is known: one path in it is one place, however it is
            written.
    """

    named: Mapping[str, Root] = field(default_factory=dict)
    home: Root | None = None

    def around(self, path: Path) -> Root | None:
        """Return the innermost root that an absolute path is in, if any; looks at no disk."""
        return _innermost(root for root in self.named.values() if root.below(path) is not None)

    def split(self, path: str) -> tuple[str, str]:
        """Return (root, path below it) for the specification's ``path`` of a record or a file.

        The root is ``MODELS_ROOT`` for a relative path, the innermost registered root around an
        absolute one, and ``NO_ROOT`` with the path as it is where there is none. What ``join``
        wrote comes back as it was, also for a root that is not registered.
        """
        if found := _NAMED.fullmatch(path):
            return found[1], found[2]
        where = text_to_path(path)
        if not where.is_absolute():
            plain = path.removeprefix("./")
            return MODELS_ROOT, plain if _NAMED.fullmatch(plain) else path
        root = self.around(where) or self.home
        below = root.below(where) if root else None
        if root is None or below is None:
            return NO_ROOT, path
        return root.name, path_to_text(below)

    def join(self, root: str, path: str) -> str:
        """Return the specification's ``path`` of what is at ``path`` below ``root``.

        A root that is not registered any more gives ``root:/path``: no place on any disk, but
        text that says what is missing.
        """
        if root == MODELS_ROOT:
            return f"./{path}" if ":/" in path and _NAMED.fullmatch(path) else path
        if root == NO_ROOT:
            return path
        if root not in self.named:
            return f"{root}:/{path}"
        return path_to_text(self.named[root].path / text_to_path(path))

    def locate(self, root: str, path: str, models_dir: Path) -> Path | None:
        """Return where something is, by the ``root`` and ``path`` of its record or its row.

        Args:
            root: As the record or the row has it.
            path: Relative to the root, or as ``join`` gives it.
            models_dir: Folder of installed models.

        Returns:
            An absolute path; None when the root is not registered.
        """
        if root in {MODELS_ROOT, NO_ROOT}:
            found = _NAMED.fullmatch(path)
            if found is None:
                return models_dir / text_to_path(path)
            root, path = found[1], found[2]
        where = text_to_path(path.removeprefix(f"{root}:/"))
        if where.is_absolute():
            return where
        return self.named[root].path / where if root in self.named else None

    def normal(self, path: Path) -> Path:
        """Return an absolute path as records have it: below a root, as the user says the root.

        Links on the way are followed only where the path itself does not are in a root; a link at
        its end is not.
        """
        root, where = self.around(path), path
        if root is None:
            where = real_path(path.parent) / path.name
            root = self.around(where)
        below = root.below(where) if root else None
        return path if root is None or below is None else root.path / below


def is_root_name(text: str) -> bool:
    """Tell whether a root can be called this: 2 to 32 letters, digits, ``-`` and ``_``."""
    return re.fullmatch(_NAME, text) is not None and text.casefold() != MODELS_ROOT


def _innermost(roots: Iterable[Root]) -> Root | None:
    return max(roots, key=lambda root: len((root.real or root.path).parts), default=None)
