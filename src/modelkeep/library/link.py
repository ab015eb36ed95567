"""``LinkMode``: how the files of a local model get into ``models_dir``."""

from __future__ import annotations

from enum import StrEnum


class LinkMode(StrEnum):
    """How the files of a local model get into ``models_dir``.

    ``copy`` shares blocks where the file system can and copies elsewhere. ``move`` takes the
    source away once the model is recorded. ``hardlink`` gives the same file a second name.
    ``reflink`` insists on sharing blocks.
    """

    Copy = "copy"
    Move = "move"
    Hardlink = "hardlink"
    Reflink = "reflink"
