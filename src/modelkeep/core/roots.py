"""``Roots``: the named folders that hold models, and paths relative to them.

A catalogue stores where a model is as (root, path below it), so that a root can be moved, be a
disk that comes and goes, or be mounted elsewhere on another machine. People and programs see the
seed's ``path``: relative to ``models_dir``, or absolute.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from modelkeep.core.names import is_inside, path_to_text, text_to_path

#: Name of the root that ``models_dir`` is.
MODELS_ROOT = "models"
#: What stands for "in no root": such paths are absolute.
NO_ROOT = ""


@dataclass(frozen=True, slots=True)
class Root:
    """One folder that holds models.

    Attributes:
        name: What people call it.
        path: Where it is now; absolute.
        layout: Whose folder it is, such as ``comfyui``; ``plain`` is nobody's.
        is_readonly: Nothing may ever be written in it, not even when asked.
    """

    name: str
    path: Path
    layout: str = "plain"
    is_readonly: bool = False


@dataclass(frozen=True, slots=True)
class Roots:
    """The registered roots of a library, ``models_dir`` aside.

    Attributes:
        named: By name.
    """

    named: Mapping[str, Root] = field(default_factory=dict)

    def split(self, path: str) -> tuple[str, str]:
        """Return (root, path below it) for the seed's ``path`` of a record or a file.

        The root is ``MODELS_ROOT`` for a relative path, the innermost registered root around an
        absolute one, and ``NO_ROOT`` with the path as it is where there is none.
        """
        where = text_to_path(path)
        if not where.is_absolute():
            return MODELS_ROOT, path
        around = [root for root in self.named.values() if is_inside(where, root.path)]
        if not around:
            return NO_ROOT, path
        inner = max(around, key=lambda root: len(root.path.parts))
        return inner.name, path_to_text(where.relative_to(inner.path))

    def join(self, root: str, path: str) -> str:
        """Return the seed's ``path`` of what is at ``path`` below ``root``.

        A root that is not registered any more gives ``root:/path``: no place on any disk, but
        text that says what is missing.
        """
        if root in {MODELS_ROOT, NO_ROOT}:
            return path
        if root not in self.named:
            return f"{root}:/{path}"
        return path_to_text(self.named[root].path / text_to_path(path))
