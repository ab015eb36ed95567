"""Layouts as a value: discovery, names, layouts of others."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelkeep.errors import SettingsError
from modelkeep.sources.layouts import registry
from modelkeep.sources.layouts.layout import Layout
from modelkeep.sources.layouts.registry import layout_named, load_layouts, recognise

_NAMES = {
    *("comfyui", "a1111", "invokeai", "hf-cache", "plain"),
    *("swarmui", "stabilitymatrix", "fooocus", "draw-things"),
}

_LAYOUT = '''
"""A made-up program."""

from pathlib import Path

from modelkeep.core.taxonomy import ModelType
from modelkeep.sources.layouts.layout import Layout, Place


class Harbour(Layout):
    name = "{name}"
    label = "Harbour"
    order = 5

    def recognises(self, folder: Path) -> bool:
        return (folder / "harbour.toml").exists()

    def places(self, folder: Path) -> tuple[Place, ...]:
        return (Place(folder / "berths", "berths", ModelType.Lora),)


LAYOUT = Harbour()
'''


class Point:
    name, value = "installed", "package:LAYOUT"

    def __init__(self, loaded: object) -> None:
        self.loaded = loaded

    def load(self) -> object:
        if isinstance(self.loaded, Exception):
            raise self.loaded
        return self.loaded


def _plant(monkeypatch: pytest.MonkeyPatch, loaded: object) -> None:
    def points(group: str) -> list[Point]:
        return [Point(loaded)] if group == "modelkeep.layouts" else []

    monkeypatch.setattr(registry, "entry_points", points)


def _made_up(folder: Path, name: str = "harbour") -> Path:
    (folder / "harbour.py").write_text(_LAYOUT.format(name=name))
    return folder


def test_all_are_there_and_plain_comes_last() -> None:
    layouts = load_layouts()

    assert {layout.name for layout in layouts} == _NAMES
    assert layouts[-1].name == "plain"
    assert all(layout.label for layout in layouts)


def test_a_layout_is_one_file(tmp_path: Path) -> None:
    layouts = load_layouts([_made_up(tmp_path)])
    folder = tmp_path / "there"
    (folder / "berths").mkdir(parents=True)
    (folder / "harbour.toml").touch()

    found = recognise(folder, layouts)

    assert found is layout_named("harbour", layouts)
    assert [place.path for place in found.places(folder)] == [folder / "berths"]
    assert list(found.known(folder)) == []
    assert recognise(folder, load_layouts()).name == "plain"


def test_a_layout_of_an_installed_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [made] = [one for one in load_layouts([_made_up(tmp_path)]) if one.name == "harbour"]
    _plant(monkeypatch, made)
    assert layout_named("harbour", load_layouts()) is made

    class Module:
        LAYOUT: Layout = made

    _plant(monkeypatch, Module)
    assert layout_named("harbour", load_layouts()) is made


def test_an_installed_layout_that_cannot_be_imported_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _plant(monkeypatch, ImportError("no module named package"))

    with pytest.raises(SettingsError, match=r"installed.*package:LAYOUT.*no module") as caught:
        load_layouts()
    assert caught.value.hint


@pytest.mark.parametrize("text", ["import no_such_module", "LAYOUT = 3", "x = ", "pass"])
def test_a_broken_layout_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text(text)

    with pytest.raises(SettingsError, match=r"broken\.py") as caught:
        load_layouts([tmp_path])
    assert caught.value.hint


def test_two_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="two layouts are named 'comfyui'"):
        load_layouts([_made_up(tmp_path, "comfyui")])


def test_a_name_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="'comfy' is no layout") as caught:
        layout_named("comfy", load_layouts())
    assert "comfyui" in caught.value.hint

    with pytest.raises(SettingsError, match="none of the layouts"):
        recognise(tmp_path, load_layouts()[:-1])
