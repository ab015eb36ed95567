"""Names that lead elsewhere, and names that are hard to write: nothing outside is ever touched."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import string
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from integration.world import snapshot
from modelkeep import (
    ModelFile,
    ModelKeepError,
    ModelManager,
    OfflineRootError,
    Settings,
    UnsafePathError,
)
from modelkeep.core.names import text_to_path
from modelkeep.errors import hint_of
from support import tiny
from support.program import Program
from support.rounds import rounds

#: Ways to say ``outside/x.safetensors``, two folders above ``models``, and other places.
CLIMBS = [
    "../../outside/x.safetensors",
    "./../../outside/x.safetensors",
    "sd-1/../../../outside/x.safetensors",
    "sd-1/embedding/../../../../outside/x.safetensors",
    "../../outside",
    "../..",
    "..",
    "sd-1/..",
    "../models/sd-1/../../../outside/x.safetensors",
    "../" * 40 + "etc/passwd",
    "disk:/../outside/x.safetensors",
    "disk:/../outside",
    "disk:/..",
    "disk:/a/../../outside/x.safetensors",
    "models:/../../outside/x.safetensors",
    "file://..%2F..%2Foutside%2Fx.safetensors",
    "file://%2E%2E/%2e%2e/outside/x.safetensors",
]
#: Places that are no model's, and text that only looks like one.
ODD = [
    "",
    ".",
    "/",
    "//",
    "./.",
    ".staging",
    ".trash/x",
    ".previews",
    "..\\..\\outside\\x.safetensors",
    "C:\\outside\\x.safetensors",
    "c:/outside",
    "//host/outside",
    "~/outside/x.safetensors",
    "$HOME/outside",
    "%2e%2e/%2e%2e/outside/x.safetensors",
    "..%2f..%2foutside%2fx.safetensors",
    "\u2025/\u2025/outside/x.safetensors",
    "\uff0e\uff0e/\uff0e\uff0e/outside/x.safetensors",
    ".. /.. /outside/x.safetensors",
    ".../.../outside/x.safetensors",
    "x\n../../outside",
    "nowhere:/../outside/x.safetensors",
    "a" * 300,
    "file://",
    "file:///",
    "file:x",
]
PLAIN = {"name": "n", "type": "embedding", "base": "sd-1", "format": "embedding_file"}

FAST = settings(
    max_examples=rounds(25),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    monkeypatch.setenv("MODELKEEP_ROOT", str(tmp_path / "library"))
    monkeypatch.setenv("HOME", str(tmp_path))
    return Program(tmp_path / "library", tmp_path)


def fresh(folder: Path, *, is_yaml: bool) -> Settings:
    """Make an empty library, a registered disk and files beside them that nothing may touch."""
    shutil.rmtree(folder, ignore_errors=True)
    tiny.embedding(folder / "outside" / "x.safetensors", 1)
    tiny.embedding(folder / "disk" / "d.safetensors", 2)
    (folder / "outside" / "words.txt").write_text("of a user\n")
    (folder / "library" / "models").mkdir(parents=True)
    return Settings(
        root=folder / "library",
        model_config_db=folder / "library" / "configs" / "m.yaml" if is_yaml else "auto",
        roots={"disk": {"path": str(folder / "disk")}},
    )


@contextmanager
def untouched(folder: Path) -> Iterator[None]:
    """Nothing outside of the library changes, and no folder of it goes."""
    places = (folder / "outside", folder / "disk")
    before = snapshot(*places)
    yield
    assert snapshot(*places) == before
    assert (folder / "library" / "models").is_dir()


def everything_is_tried(chosen: Settings, key: str) -> None:
    """Do to a record all that can be done; every refusal is one of ours, with a next step."""
    with ModelManager(chosen) as manager:
        service = manager.installer
        fields = manager.records.get_model(key)
        deeds: list[Any] = [
            lambda: service.reidentify(key),
            lambda: service.edit(key, {"description": "d"}),
            lambda: manager.find(key),
            lambda: service.library.preview_of(manager.records.get_model(key)),
            lambda: list(service.scanner.sync(confirm=lambda _question: True)),
            lambda: service.unconditionally_delete(key),
            lambda: service.restore(key),
            lambda: service.delete(key),
            lambda: service.restore(key),
            lambda: empty_trash(manager),
        ]
        refusals = [refusal_of(deed) for deed in deeds]
        assert all(refusal is None or hint_of(refusal) for refusal in refusals), refusals
        service.recover()
        assert service.library.state.journal.entries() == []
        with suppress(ModelKeepError):
            manager.records.add_model(key, fields)


def empty_trash(manager: ModelManager) -> None:
    for entry in manager.installer.trash():
        manager.installer.purge(entry)


def refusal_of(deed: Callable[[], object]) -> ModelKeepError | None:
    try:
        deed()
    except ModelKeepError as error:
        return error
    return None


@pytest.mark.parametrize("text", [*CLIMBS, *ODD], ids=lambda text: ascii(text)[:40])
def test_a_record_that_leads_elsewhere_is_no_hand_of_ours(tmp_path: Path, text: str) -> None:
    # Both kinds of catalogue, in turn: what is done with a record is the same for both.
    chosen = fresh(tmp_path, is_yaml=len(text) % 2 == 1)
    with untouched(tmp_path):
        with ModelManager(chosen) as manager:
            manager.records.add_model("k", {**PLAIN, "path": text})
        everything_is_tried(chosen, "k")


@pytest.mark.parametrize("text", CLIMBS, ids=lambda text: ascii(text)[:40])
def test_a_file_that_a_record_claims_elsewhere_is_left(tmp_path: Path, text: str) -> None:
    """The model itself is in its place; one of the files that its row names is not."""
    chosen = fresh(tmp_path, is_yaml=False)
    with untouched(tmp_path):
        with ModelManager(chosen) as manager:
            key = manager.installer.install_path(tmp_path / "disk" / "d.safetensors")
            place = manager.installer.library.path_of(manager.records.get_model(key))
            own = manager.records.files(key)
            manager.records.set_files(key, [*own, ModelFile(text, 1, 1, 1)])
            # A root of no library that is there is offline, and said to be.
            with pytest.raises((UnsafePathError, OfflineRootError)) as caught:
                manager.installer.delete(key)
            assert caught.value.hint
            assert place.is_file()
            assert manager.installer.trash() == []
        everything_is_tried(chosen, key)


def test_a_catalogue_that_was_written_by_somebody_else(program: Program, tmp_path: Path) -> None:
    """In both kinds of catalogue, by the command line: told by the doctor, then forgotten."""
    fresh(tmp_path, is_yaml=False)
    program.call("install", tiny.lora(tmp_path / "got" / "honest.safetensors"))
    program.call("install", "--inplace", tmp_path / "disk" / "d.safetensors")
    with closing(sqlite3.connect(program.root / "databases" / "modelkeep.db")) as connection:
        for name in ("mk_file", "mk_model"):
            connection.execute(
                f"UPDATE {name} SET root = 'models', path = ? WHERE root = ''",  # noqa: S608
                [CLIMBS[0]],
            )
        connection.commit()
    with untouched(tmp_path):
        _told_and_forgotten(program)


def test_a_yaml_catalogue_that_was_written_by_somebody_else(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = fresh(tmp_path, is_yaml=True)
    monkeypatch.setenv("MODELKEEP_MODEL_CONFIG_DB", str(chosen.model_config_db))
    with ModelManager(chosen) as manager:
        manager.installer.install_path(tiny.lora(tmp_path / "got" / "honest.safetensors"))
        manager.records.add_model("d" * 32, {**PLAIN, "name": "d", "path": "to be replaced"})
    path = Path(str(chosen.model_config_db))
    path.write_text(path.read_text().replace("to be replaced", CLIMBS[0]))
    with untouched(tmp_path):
        _told_and_forgotten(program)


def _told_and_forgotten(program: Program) -> None:
    [line] = [
        line
        for line in program.call("doctor", "--json", status=1).json
        if line["kind"] == "path_outside"
    ]
    assert "--keep-files" in line["hint"]
    program.call("doctor", "--fix", status=1)
    told = program.call("remove", "--yes", "--files", "d", status=1)
    assert "outside its folder" in told.err
    program.call("remove", "--yes", "--keep-files", "d")
    assert [line["name"] for line in program.call("list", "--json").json] == ["honest"]


@pytest.mark.parametrize("field", ["path", "key", "name", "base", "source", "preview"])
def test_overrides_lead_nowhere_else(tmp_path: Path, field: str) -> None:
    chosen = fresh(tmp_path, is_yaml=False)
    source = tmp_path / "disk" / "d.safetensors"
    with untouched(tmp_path), ModelManager(chosen) as manager:
        for text in (*CLIMBS[::4], *ODD[::4]):
            before = {model.key for model in manager.records.all_models()}
            refusal = refusal_of(partial(manager.installer.install_path, source, {field: text}))
            assert refusal is None or refusal.hint, text
            new = {model.key for model in manager.records.all_models()} - before
            assert len(new) == (refusal is None)
            for key in new:
                _lies_inside(manager, key)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"outside", "disk", "library"}


def _lies_inside(manager: ModelManager, key: str) -> None:
    place = manager.installer.library.path_of(manager.records.get_model(key))
    assert place.resolve().is_relative_to(manager.settings.models_dir)
    assert ".." not in place.parts
    manager.installer.delete(key)
    empty_trash(manager)


@pytest.mark.parametrize("text", [*CLIMBS[::3], *ODD[::4]], ids=lambda text: ascii(text)[:40])
def test_what_lies_beside_a_model_leads_nowhere_else(tmp_path: Path, text: str) -> None:
    """Every file that other programs write beside a model says the same bad name everywhere."""
    chosen = fresh(tmp_path, is_yaml=False)
    top = tmp_path / "got"
    model = tiny.embedding(top / "m.safetensors", 3)
    site = {
        "id": 1, "modelId": 2, "name": text, "baseModel": text, "trainedWords": [text],
        "model": {"name": text, "type": "TextualInversion"},
        "files": [{"name": text, "downloadUrl": text, "hashes": {"SHA256": text}}],
        "images": [{"url": text}],
    }  # fmt: skip
    for suffix in (".civitai.info", ".metadata.json", ".cm-info.json", ".json", ".swarm.json"):
        more = {"file_name": text, "file_path": text, "preview_url": text, "ModelName": text}
        said = {**site, **more, "VersionName": text, "civitai": site, "modelspec.thumbnail": text}
        model.with_suffix(suffix).write_text(json.dumps(said))
    model.with_suffix(".txt").write_text(text)
    before = snapshot(top)
    with untouched(tmp_path), ModelManager(chosen) as manager:
        [key] = manager.installer.scan_directory(top)
        manager.installer.unregister(key)
        [key] = manager.installer.scan_directory(top, install=True)
        place = manager.installer.library.path_of(manager.records.get_model(key))
        assert place.is_relative_to(chosen.models_dir)
        manager.installer.delete(key)
        manager.installer.restore(key)
    assert snapshot(top) == before
    assert {path.name for path in tmp_path.iterdir()} == {"outside", "disk", "library", "got"}


@pytest.mark.parametrize("name", ["../../outside/new", "/etc/new", "a/../../new", ".."])
def test_a_manifest_brings_nothing_back_to_elsewhere(tmp_path: Path, name: str) -> None:
    chosen = fresh(tmp_path, is_yaml=False)
    with untouched(tmp_path), ModelManager(chosen) as manager:
        service = manager.installer
        key = service.install_path(tmp_path / "disk" / "d.safetensors")
        service.delete(key)
        [entry] = service.trash()
        manifest = entry.folder / "manifest.json"
        said = json.loads(manifest.read_text())
        manifest.write_text(json.dumps({**said, "names": [name]}))
        assert service.trash() == []
        with pytest.raises(ModelKeepError):
            service.restore(key)
        manifest.write_text(json.dumps({**said, "record": {**said["record"], "path": name}}))
        with suppress(ModelKeepError):
            service.restore(key)
        if name.startswith("/"):
            assert not Path(name).exists()


SEGMENTS = st.sampled_from(["..", ".", "", "a", "outside", "x.safetensors", "disk:", "file:", "~"])


@FAST
@given(
    text=st.one_of(
        st.lists(SEGMENTS, min_size=1, max_size=7).map("/".join),
        st.text(st.sampled_from("./\\:%2eE~ax\u2025\u202e\n"), max_size=30),
        st.text(max_size=40),
    ),
    is_yaml=st.booleans(),
)
def test_no_text_as_a_path_touches_anything_else(tmp_path: Path, text: str, is_yaml: bool) -> None:
    chosen = fresh(tmp_path, is_yaml=is_yaml)
    with untouched(tmp_path):
        with ModelManager(chosen) as manager:
            if text_to_path(text).is_absolute():
                return  # a place that somebody has named, and not one that a name leads to
            try:
                manager.records.add_model("k", {**PLAIN, "path": text})
            except ModelKeepError:
                return
        everything_is_tried(chosen, "k")


# -- names that are hard to write

AWKWARD = [
    "Caf\u00e9.safetensors",
    "Cafe\u0301.safetensors",
    "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627.safetensors",
    "evil\u202egpj.safetensors",
    "\U0001f363\U0001f3ee\U0001f469\u200d\U0001f680.safetensors",
    "\u212b\u2126 \ufb01.safetensors",
    "z\u0335\u0321\u034e\u0348.safetensors",
    "CON.safetensors",
    "lpt1.safetensors",
    "aux .safetensors",
    "a<b>c|d?e*f.safetensors",
    "trailing.safetensors ",
    "\x07bell\ttab.safetensors",
    "'quoted' \"twice\" $(x) `y`.safetensors",
    "-n.safetensors",
    "n" * 243 + ".safetensors",
    "\U0001f363" * 60 + ".safetensors",
    os.fsdecode(b"\xff\xfe.safetensors"),
    os.fsdecode(b"caf\xe9.safetensors"),
    os.fsdecode(b"\xed\xa0\x80.safetensors"),
]


def component(raw: bytes) -> str:
    """Return a file name of these bytes that fits, and that a scan takes for weights."""
    return os.fsdecode(raw.replace(b"/", b"_").replace(b"\0", b"_")[:243] + b".safetensors")


@FAST
@given(
    name=st.one_of(
        st.binary(max_size=243).map(component),
        st.text(max_size=60).map(lambda text: component(text.encode("utf-8", "replace"))),
        st.text(string.ascii_letters + "\u0301\u202e\u200b .:-", max_size=30).map(
            lambda text: component(text.encode())
        ),
    )
)
@example(name="con.safetensors")
@example(name="n" * 243 + ".safetensors")
def test_any_name_is_found_recorded_shown_and_brought_back(tmp_path: Path, name: str) -> None:
    _goes_round(tmp_path, name)


@pytest.mark.parametrize("name", AWKWARD, ids=lambda name: ascii(name)[:30])
def test_awkward_names_are_found_recorded_shown_and_brought_back(tmp_path: Path, name: str) -> None:
    _goes_round(tmp_path, name)


def _goes_round(folder: Path, name: str) -> None:
    chosen = fresh(folder, is_yaml=False)
    path = tiny.embedding(folder / "got" / name, 5)
    weights = name.endswith(".safetensors") and not name.startswith(".")
    with ModelManager(chosen) as manager:
        service = manager.installer
        if weights:
            [key] = service.scan_directory(path.parent)
            assert service.library.path_of(manager.records.get_model(key)) == path
        else:
            key = service.register_path(path)
        shown = manager.records.get_model(key)
        json.dumps(shown.to_json()).encode()
        assert manager.find(str(path)).key == key
        assert [model.key for model in manager.records.search_by_path(shown.path)] == [key]
        service.unconditionally_delete(key)
        assert not path.exists()
        service.restore(key)
        assert path.is_file()
        assert os.listdir(path.parent) == [name]  # noqa: PTH208 - the name to the byte
        service.unregister(key)
        key = service.install_path(path)
        place = service.library.path_of(manager.records.get_model(key))
        place.name.encode()
        assert len(place.name.encode()) <= 255
        assert unicodedata.normalize("NFC", place.name) == place.name
        assert not set(place.name) & set('<>:"\\|?*\u202e')
        assert place.read_bytes() == path.read_bytes()


# -- names that some disks take for one


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Style.safetensors", "style.safetensors"),
        ("STRASSE.safetensors", "stra\u00dfe.safetensors"),
        ("Caf\u00e9.safetensors", "Cafe\u0301.safetensors"),
        ("\u0130.safetensors", "i\u0307.safetensors"),
        ("Style", "style"),
    ],
)
def test_two_names_that_some_disks_take_for_one_are_kept_apart(
    program: Program, tmp_path: Path, one: str, other: str
) -> None:
    make = tiny.embedding if "." in one else tiny.embedding_folder
    paths = [make(tmp_path / "a" / one, 1), make(tmp_path / "b" / other, 2)]
    for path in paths:
        program.call("install", path)
    installed = [program.root / "models" / line["path"] for line in program.call(
        "list", "--json").json]  # fmt: skip
    assert len(installed) == 2
    names = {unicodedata.normalize("NFC", path.name).casefold() for path in installed}
    assert len(names) == 2
    bytes_of = {path.name: snapshot(path) if path.is_dir() else path.read_bytes()
                for path in installed}  # fmt: skip
    assert len(bytes_of) == 2
    program.call("doctor")
    # Out and in again: the name that is free is the one that it comes back under.
    keys = program.call("list", "-q").lines
    program.call("remove", "--yes", keys[0])
    program.call("install", paths[0] if "-2" not in installed[0].name else paths[1])
    program.call("trash", "restore", keys[0])
    now = [Path(line["path"]).name for line in program.call("list", "--json").json]
    assert len({unicodedata.normalize("NFC", name).casefold() for name in now}) == len(now) == 3
    program.call("doctor")


def test_folders_of_a_root_that_differ_by_case_alone_are_two(
    program: Program, tmp_path: Path
) -> None:
    top = tmp_path / "disk"
    tiny.embedding(top / "A" / "m.safetensors", 1)
    tiny.embedding(top / "a" / "m.safetensors", 2)
    program.call("root", "add", "disk", top)
    program.call("sync")
    assert {line["path"] for line in program.call("list", "--json").json} == {
        str(top / "A" / "m.safetensors"),
        str(top / "a" / "m.safetensors"),
    }
    program.call("verify", "--all")
    program.call("sync")
    assert len(program.call("list", "-q").lines) == 2
