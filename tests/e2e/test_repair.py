"""A model that comes again is the record that it was: key, name, words and file name stay."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from support import tiny
from support.program import Program

WORDS = ("name=Sky", "description=for evenings", "trigger_phrases=deep sky", "tags=mine")


def place(program: Program, name: str = "blue.safetensors") -> Path:
    return program.root / "models/sd-1/embedding" / name


def shown(program: Program, model: str) -> dict[str, Any]:
    """Return what a record says, but for what the disk decides."""
    line = program.call("show", "--json", model).only
    return {k: v for k, v in line.items() if k not in {"files", "hashes", "state", "is_missing"}}


def damage(path: Path) -> None:
    """Flip bits, with size and time as they were."""
    there, data = path.stat(), bytearray(path.read_bytes())
    data[-1] ^= 0xFF
    path.write_bytes(data)
    os.utime(path, ns=(there.st_atime_ns, there.st_mtime_ns))


def lose(path: Path) -> None:
    path.unlink()


def overwrite(path: Path) -> None:
    path.write_bytes(b"not a model any more")


@pytest.fixture
def edited(filled: Program) -> Program:
    filled.call("edit", "blue", *WORDS)
    return filled


@pytest.mark.parametrize(
    ("harm", "look"),
    [
        (lose, None),
        (lose, "sync"),
        (lose, "verify"),
        (overwrite, None),
        (overwrite, "sync"),
        (overwrite, "verify"),
        (damage, "verify"),  # size and time are as they were: only reading shows it
    ],
)
def test_it_is_that_record_again(
    edited: Program, sources: Path, harm: Any, look: str | None
) -> None:
    before = shown(edited, "Sky")
    harm(place(edited))
    if look is not None:
        edited.call(look, *(["Sky"] if look == "verify" else []), status=None)
    [line] = edited.call("install", "--json", sources / "blue.safetensors").json
    assert (line["key"], line["repaired"]) == (before["key"], True)
    assert place(edited).read_bytes() == (sources / "blue.safetensors").read_bytes()
    assert shown(edited, "Sky") == before
    assert [m["name"] for m in edited.call("list", "--json").json] == ["green", "paper", "Sky"]
    assert edited.call("verify", "Sky").out == f"Sky ({before['key'][:8]}): ok\n"
    assert edited.call("sync").status == 0
    edited.call("doctor")
    removed = [] if harm is lose else ["Sky (damaged)"]
    assert [line["name"] for line in edited.call("trash", "list", "--json").json] == removed


def test_what_lay_in_its_place_is_in_the_trash(edited: Program, sources: Path) -> None:
    overwrite(place(edited))
    edited.call("install", sources / "blue.safetensors")
    edited.call("trash", "restore", "Sky (damaged)")
    [line] = edited.call("list", "--json", "--search", "damaged").json
    assert (edited.root / "models" / line["path"]).read_bytes() == b"not a model any more"
    assert line["size"] == 20
    assert place(edited).read_bytes() == (sources / "blue.safetensors").read_bytes()


def test_a_folder_gets_only_what_it_lacks(filled: Program, sources: Path) -> None:
    folder, before = place(filled, "green"), shown(filled, "green")
    kept = folder / "learned_embeds.safetensors"
    inode = kept.stat().st_ino
    (folder / "notes/README.md").unlink()
    [line] = filled.call("install", "--json", sources / "green").json
    assert (line["key"], line["repaired"]) == (before["key"], True)
    assert (folder / "notes/README.md").read_text() == "how it was made\n"
    assert kept.stat().st_ino == inode
    assert shown(filled, "green") == before


@pytest.mark.parametrize("link", ["move", "hardlink", "copy"])
def test_every_way_into_the_library_heals(edited: Program, sources: Path, link: str) -> None:
    data = (sources / "blue.safetensors").read_bytes()
    lose(place(edited))
    line = edited.call("install", "--json", "--link", link, sources / "blue.safetensors").only
    assert (line["repaired"], line["path"]) == (True, str(place(edited)))
    assert place(edited).read_bytes() == data
    assert (sources / "blue.safetensors").exists() is (link != "move")


def test_a_plan_says_so_and_changes_nothing(edited: Program, sources: Path) -> None:
    wanted = shown(edited, "Sky")["key"]
    lose(place(edited))
    line = edited.call("install", "--json", "--dry-run", sources / "blue.safetensors").only
    assert (line["repairs"], line["target"], line["name"]) == (wanted, str(place(edited)), "Sky")
    assert not place(edited).exists()
    assert "back" in edited.call("install", "--dry-run", sources / "blue.safetensors").out


def test_other_bytes_are_another_model(edited: Program, tmp_path: Path) -> None:
    lose(place(edited))
    other = tiny.embedding(tmp_path / "other/blue.safetensors", 9)
    line = edited.call("install", "--json", other).only
    assert (line["repaired"], Path(line["path"]).name) == (False, "blue-2.safetensors")


class TestInPlace:
    @pytest.fixture
    def registered(self, program: Program, sources: Path) -> Program:
        program.call("install", "--inplace", sources / "paper.safetensors")
        program.call("edit", "paper", "name=Cut", "description=mine")
        return program

    def test_a_file_that_is_back_is_registered_as_before(
        self, registered: Program, sources: Path
    ) -> None:
        file = sources / "paper.safetensors"
        before, data = shown(registered, "Cut"), file.read_bytes()
        file.unlink()
        registered.call("sync", status=3)
        file.write_bytes(data)
        line = registered.call("install", "--inplace", "--json", file).only
        assert (line["key"], line["repaired"]) == (before["key"], True)
        assert shown(registered, "Cut") == before
        assert registered.call("list", "--json", "--state", "missing").json == []

    def test_other_bytes_at_its_path_are_refused(self, registered: Program, sources: Path) -> None:
        tiny.lora(sources / "paper.safetensors", 77)
        told = registered.call("install", "--inplace", sources / "paper.safetensors", status=1)
        assert "verify --accept" in told.err
        assert len(registered.call("list", "--json").json) == 1

    @pytest.mark.parametrize(
        "words", [("install", "--inplace"), ("scan", "--register"), ("scan", "--install")]
    )
    def test_it_is_found_again_where_it_is_now(
        self, registered: Program, sources: Path, tmp_path: Path, words: tuple[str, str]
    ) -> None:
        before = shown(registered, "Cut")
        registered.call("verify", "Cut")
        new = tmp_path / "shelf/paper.safetensors"
        new.parent.mkdir()
        new.write_bytes((sources / "paper.safetensors").read_bytes())
        (sources / "paper.safetensors").unlink()
        where = new if words[0] == "install" else new.parent
        registered.call(*words, where)
        [line] = registered.call("list", "--json").json
        assert (line["key"], line["name"], line["description"]) == (before["key"], "Cut", "mine")
        installed = registered.root / "models/sd-1/lora/paper.safetensors"
        path = installed if "--install" in words else new
        assert registered.call("show", "--json", str(path)).only["key"] == before["key"]
        assert json.dumps(registered.call("sync", "--json").json) == "[]"
