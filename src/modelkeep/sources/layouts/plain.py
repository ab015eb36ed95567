"""A folder without a layout of any program."""

from __future__ import annotations

from pathlib import Path

from modelkeep.sources.layouts.folders import NO_MODELS
from modelkeep.sources.layouts.layout import Layout, Place


class Plain(Layout):
    """The folder itself: what no other layout recognises."""

    name = "plain"
    label = "a folder"
    order = 1000

    def recognises(self, folder: Path) -> bool:
        """Every folder can be read like this."""
        del folder
        return True

    def places(self, folder: Path) -> tuple[Place, ...]:
        """Return the folder."""
        return (Place(folder, skip=NO_MODELS),)


LAYOUT = Plain()
