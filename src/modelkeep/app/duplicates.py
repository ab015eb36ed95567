"""Duplicates: models with the same bytes, which of them could go, and what that frees."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelkeep.core.names import counted, path_to_text, shown, size_text
from modelkeep.core.roots import MODELS_ROOT
from modelkeep.library.copies import CopyGroup, CopySearch

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.core.hashing import Progress

#: Keys that a command for people names; more go through a pipe.
_FEW_KEYS = 8


@dataclass(frozen=True, slots=True)
class Duplicates:
    """One group of models with the same bytes, or with the same name."""

    group: CopyGroup

    @property
    def going(self) -> list[str]:
        """Keys of those that could go."""
        return [copy.model.config.key for copy in self.group.copies if copy.same_as is not None]

    @property
    def key(self) -> str | None:
        """The same, one a line: what ``--quiet`` prints."""
        return "\n".join(self.going) or None

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "models": [
                {
                    "key": copy.model.config.key,
                    "name": copy.model.config.name,
                    "path": path_to_text(copy.model.top),
                    "root": copy.model.config.root,
                    "size": copy.model.size,
                    "same_as": copy.same_as,
                    "could_go": copy.same_as is not None,
                }
                for copy in self.group.copies
            ],
            "frees": self.group.frees,
        }

    def __str__(self) -> str:
        copies = self.group.copies
        frees = f"{size_text(self.group.frees)} could be freed"
        lines = [f"{copies[0].model.config.name}: {counted(len(copies), 'model')}, {frees}"]
        for copy in copies:
            model, fate = copy.model, "keep" if copy.same_as is None else "could go"
            size = size_text(model.size)
            lines.append(f"  {fate:8}  {model.config.key[:8]}  {size:>8}  {shown(model.top)}")
        return "\n".join(lines)


def search(manager: ModelManager, *, same_name: bool) -> CopySearch:
    """Return a search through the library; ``unread`` says how much has to be read for it.

    Args:
        manager: Of the library.
        same_name: Group by name and type, whatever the bytes; else by bytes.
    """
    return CopySearch(manager.installer.library, same_name=same_name)


def duplicates(found: CopySearch, progress: Progress) -> list[Duplicates]:
    """Return the groups, those that free most first."""
    return [Duplicates(group) for group in found.groups(progress)]


def known_duplicates(found: CopySearch) -> list[Duplicates]:
    """Return the groups of which the hashes are known, those that free most first."""
    return [Duplicates(group) for group in found.known_groups()]


def total_text(groups: Sequence[Duplicates]) -> str:
    """Return what all of it would free, and the command that does so."""
    keys = [key for one in groups for key in one.going]
    if not keys:
        return "None of them could go."
    frees = size_text(sum(one.group.frees for one in groups))
    copies = [copy for one in groups for copy in one.group.copies if copy.same_as is not None]
    files = any(copy.model.config.root != MODELS_ROOT for copy in copies)
    command = ["modelkeep", "remove", *(["--files"] if files else [])]
    what = f"Removing {counted(len(keys), 'model')} would free {frees}"
    if len(keys) <= _FEW_KEYS:
        return f"{what}: {shlex.join([*command, *(key[:8] for key in keys)])}"
    return f"{what}: modelkeep duplicates -q | xargs {shlex.join(command)}"
