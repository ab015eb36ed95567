"""A source that changes between its plan and its record is not installed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from integration.world import World, snapshot
from modelkeep.errors import SourceChangedError
from modelkeep.install.installer import Installer
from modelkeep.library.destination import LinkMode
from modelkeep.sources.local import LocalModelSource
from support import tiny


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def replace_by_another(path: Path) -> None:
    tiny.embedding(path.with_suffix(".new")).replace(path)


@pytest.mark.parametrize("change", [grow, replace_by_another])
@pytest.mark.parametrize("link", [LinkMode.Copy, LinkMode.Move, LinkMode.Hardlink])
@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_nothing_is_installed_of_it(
    world: World, change: Callable[[Path], None], link: LinkMode, when: str
) -> None:
    path = tiny.lora(world.downloads / "paper.safetensors")
    installer = Installer(world.service.library, world.service.network)
    plan = installer.plan(LocalModelSource(path=path), {}, link=link)
    before = snapshot(world.models)
    changes = iter([lambda: change(path)])

    def progress(count: int) -> None:
        if when == "meanwhile" and count:  # the bytes of the file have come over
            next(changes, lambda: None)()

    if when == "before":
        change(path)
    with pytest.raises(SourceChangedError, match=r"paper\.safetensors changed"):
        installer.carry_out(plan, progress)
    assert snapshot(world.models) == before
    assert path.exists()
    assert world.records.all_models() == []
