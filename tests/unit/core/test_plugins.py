"""Plug-ins of every kind are found in the same way, and broken ones stop nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from modelkeep.core.plugins import PluginKind
from modelkeep.identification.engine import identify
from modelkeep.identification.known_families import FAMILIES, load_rules
from modelkeep.sources.layouts.layout import LAYOUTS, load_layouts, recognise
from modelkeep.sources.registry import SITES, sites
from modelkeep.sources.sidecars.reading import READERS, load_readers, read_sidecars
from support.harbour import family_text, harbour_model
from support.packages import write_package

_LAYOUT = """
from modelkeep.sources.layouts.layout import Layout, Place

class Harbour(Layout):
    name, label, order = "harbour", "Harbour", 5

    def recognises(self, folder):
        return (folder / "harbour.toml").exists()

    def places(self, folder):
        return (Place(folder / "berths"),)

LAYOUT = Harbour()
"""
_READER = """
from modelkeep.sources.sidecars.info import SidecarInfo
from modelkeep.sources.sidecars.reader import SidecarReader

class Stars(SidecarReader):
    name, label, order = "harbour", "Star gazers", 1

    def find(self, model):
        return model.beside(".stars")

    def read(self, model, sidecar):
        return SidecarInfo(tags=(sidecar.read().decode(),))

READER = Stars()
"""
_SITE = """
from modelkeep.sources.link import URLModelSource
from modelkeep.sources.site import Site

class Harbour(Site):
    name, label, order = "harbour", "The harbour", 1

    def parse(self, text, endpoints):
        url = "https://harbour.example/" + text[6:]
        return URLModelSource(url=url) if text.startswith("berth:") else None

    def owns(self, source):
        return "harbour.example" in str(source)

    def look_up(self, source, visit):
        raise NotImplementedError

SITE = Harbour()
"""


@dataclass
class Kind:
    """A kind of plug-in, with the text of one of that kind that is named ``harbour``."""

    of: PluginKind[Any]
    text: str
    attribute: str

    def names(self, *folders: Path) -> set[str]:
        return {plugin.name for plugin in self.of.load(*folders)}


KINDS = {
    "layout": Kind(LAYOUTS, _LAYOUT, "LAYOUT"),
    "sidecar reader": Kind(READERS, _READER, "READER"),
    "site": Kind(SITES, _SITE, "SITE"),
    "family": Kind(FAMILIES, family_text(), "FAMILY"),
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Iterator[Kind]:
    kind = KINDS[request.param]
    kind.of.forget()
    yield kind
    kind.of.forget()


def test_a_file_in_a_folder(kind: Kind, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "harbour.py").write_text(kind.text)
    (tmp_path / "_helper.py").write_text("1 / 0")

    assert kind.names(tmp_path) == kind.names() | {"harbour"}

    assert "harbour" not in kind.names()
    assert not caplog.records


@pytest.mark.parametrize("is_named", [True, False])
def test_an_installed_package(
    kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_named: bool
) -> None:
    module = f"harbour_{kind.attribute.lower()}_{is_named}"
    value = f"{module}:{kind.attribute}" if is_named else module
    monkeypatch.syspath_prepend(write_package(tmp_path, kind.of.group, module, kind.text, value))

    assert "harbour" in kind.names()

    sys.modules.pop(module)


@pytest.mark.parametrize("text", ["import no_such_module", "x = ", "1 / 0", "pass", "{} = 3"])
def test_a_broken_one_is_named_in_one_warning_and_the_others_work(
    kind: Kind, text: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "broken.py").write_text(text.format(kind.attribute))
    (tmp_path / "harbour.py").write_text(kind.text)

    assert kind.names(tmp_path) == kind.names() | {"harbour"}
    assert kind.names(tmp_path)

    [warning] = [record.getMessage() for record in caplog.records]
    assert str(tmp_path / "broken.py") in warning
    assert "Skipping the" in warning


def test_a_broken_package(
    kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ours = kind.names()
    kind.of.forget()
    write_package(tmp_path, kind.of.group, "dock", "pass", "no_such_package:IT")
    monkeypatch.syspath_prepend(tmp_path)

    assert kind.names() == ours

    [warning] = [record.getMessage() for record in caplog.records]
    assert "dock of an installed package (no_such_package:IT)" in warning


def test_of_two_with_one_name_the_first_stays(
    kind: Kind, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a.py").write_text(kind.text)
    (tmp_path / "b.py").write_text(kind.text)

    found = [plugin for plugin in kind.of.load(tmp_path) if plugin.name == "harbour"]

    [only] = found
    assert only is kind.of.load(tmp_path)[-1]
    [warning] = [record.getMessage() for record in caplog.records]
    assert f"{tmp_path / 'b.py'}" in warning
    assert f"named harbour already, {tmp_path / 'a.py'}" in warning


def test_one_of_each_kind_is_used(tmp_path: Path) -> None:
    """What the files bring does what those of the program do."""
    for number, (name, kind) in enumerate(KINDS.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / f"{name.replace(' ', '_')}.py").write_text(kind.text)
    models = tmp_path / "models"
    models.mkdir()
    (models / "harbour.toml").touch()
    (models / "ink.safetensors").touch()
    (models / "ink.stars").write_text("five")
    layout_folder, reader_folder, site_folder, family_folder = (
        tmp_path / str(number) for number in range(4)
    )

    layouts = load_layouts(layout_folder)
    readers = load_readers(reader_folder)
    [first, *_] = sites(site_folder)

    assert [place.path for place in recognise(models, layouts).places(models)] == [
        models / "berths"
    ]
    names = [path.name for path in models.iterdir()]
    info = read_sidecars(models / "ink.safetensors", names, readers).info
    assert (info.tags, info.written_by) == (("five",), ("Star gazers",))
    assert first.parse("berth:7", {}) == "https://harbour.example/7"
    found = identify(harbour_model(tmp_path / "m.safetensors"), rules=load_rules(family_folder))
    assert found.base == "harbour-1"
