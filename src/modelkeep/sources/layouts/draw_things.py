"""Draw Things: its ``.ckpt`` files are databases of its own, which no other program can load."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from modelkeep.core.names import counted, shown
from modelkeep.sources.layouts.folders import names_in
from modelkeep.sources.layouts.layout import KnownModel, Layout, Place, ignore

_LISTS = frozenset(
    {"custom.json", "custom_lora.json", "custom_controlnet.json"}
    | {"custom_textual_inversions.json"}
)
#: It names files by their precision.
_OWN = re.compile(r"(_(f16|f32|q\d+p)\.ckpt|\.ckpt-tensordata)$")


class DrawThings(Layout):
    """Its folder of models, recognised so that nothing in it is taken for a checkpoint."""

    name = "draw-things"
    label = "Draw Things"
    order = 70

    def recognises(self, folder: Path) -> bool:
        """Recognise its lists beside files with its naming."""
        files = names_in(folder).files
        has_list = not files.isdisjoint(_LISTS)
        return has_list and any(_OWN.search(name) for name in files)

    def places(self, folder: Path) -> tuple[Place, ...]:
        """Return none: there is nothing to load."""
        del folder
        return ()

    def known(self, folder: Path, warn: Callable[[str], None] = ignore) -> tuple[KnownModel, ...]:
        """Return none, and warn why: an empty report would look like a mistake."""
        count = sum(bool(_OWN.search(name)) for name in names_in(folder).files)
        warn(
            f"{shown(folder)} is the folder of Draw Things; skipped {counted(count, 'database')}"
            " that only Draw Things can load"
        )
        return ()


LAYOUT = DrawThings()
