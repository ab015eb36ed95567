"""Removing models whose files stay: it sticks, can be undone, and the files can go later."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from support import tiny
from support.program import Program


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A folder of three models that is registered as a root."""
    folder = tmp_path / "shelf"
    tiny.embedding(folder / "blue.safetensors", 1)
    tiny.lora(folder / "sub/paper.safetensors", 2)
    tiny.embedding_folder(folder / "green", 3)
    return folder


@pytest.fixture
def rooted(program: Program, shelf: Path) -> Program:
    program.call("root", "add", "shelf", shelf)
    program.call("edit", "paper", "name=Cut", "description=mine", "tags=snip")
    return program


def listed(program: Program) -> dict[str, str]:
    return {line["name"]: line["key"] for line in program.call("list", "--json").json}


def told_of(program: Program, name: str) -> dict[str, Any]:
    line = program.call("show", "--json", name).only
    return {field: line[field] for field in ("key", "name", "description", "tags", "path")}


class TestItSticks:
    @pytest.mark.parametrize("name", ["blue", "Cut", "green"])
    def test_a_sync_does_not_bring_it_back(self, rooted: Program, name: str) -> None:
        rooted.call("remove", name)
        for _ in range(2):
            told = rooted.call("sync")
            assert "1 removed from the library" in told.out
            assert name not in listed(rooted)
        assert len(listed(rooted)) == 2

    def test_not_when_it_is_renamed_or_its_root_moves(
        self, rooted: Program, shelf: Path, tmp_path: Path
    ) -> None:
        rooted.call("remove", "blue")
        (shelf / "blue.safetensors").rename(shelf / "sub/sky.safetensors")
        rooted.call("sync")
        assert len(listed(rooted)) == 2
        (shelf / "sub/sky.safetensors").rename(shelf / "blue.safetensors")
        shelf.rename(tmp_path / "rack")
        rooted.call("root", "move", "shelf", tmp_path / "rack")
        rooted.call("sync")
        assert len(listed(rooted)) == 2

    @pytest.mark.parametrize("vectors", [2, 4])
    def test_other_bytes_under_its_name_are_new(
        self, rooted: Program, shelf: Path, vectors: int
    ) -> None:
        rooted.call("remove", "blue")
        tiny.embedding(shelf / "blue.safetensors", 9, vectors=vectors)
        rooted.call("sync")
        assert "blue" in listed(rooted)

    @pytest.mark.parametrize("name", ["blue", "green"])
    def test_the_same_bytes_written_again_are_not(
        self, rooted: Program, shelf: Path, tmp_path: Path, name: str
    ) -> None:
        rooted.call("remove", name)
        path = shelf / (name if name == "green" else f"{name}.safetensors")
        copy = tmp_path / "copy"
        (shutil.copytree if path.is_dir() else shutil.copy)(path, copy)
        (shutil.rmtree if path.is_dir() else os.unlink)(path)
        copy.rename(path)
        rooted.call("sync")
        assert name not in listed(rooted)

    def test_not_in_the_models_folder_either(self, filled: Program) -> None:
        filled.call("remove", "--keep-files", "blue")
        filled.call("sync")
        assert "blue" not in listed(filled)
        line = filled.call("doctor", "--json").only
        assert (line["kind"], line["severity"]) == ("orphan", "note")

    def test_not_from_the_autoimport_folder(self, program: Program) -> None:
        folder = program.root / "autoimport"
        tiny.lora(folder / "dropped.safetensors", 1)
        program.call("sync")
        program.call("remove", "dropped")
        tiny.lora(folder / "another.safetensors", 2)
        program.call("jobs")  # a start registers what was dropped
        assert list(listed(program)) == ["another"]


class TestItCanBeUndone:
    def test_what_was_written_comes_back_from_the_trash(self, rooted: Program) -> None:
        before = told_of(rooted, "Cut")
        told = rooted.call("remove", "Cut")
        assert f"trash restore {before['key'][:8]}" in told.out
        [line] = rooted.call("trash", "list", "--json").json
        assert (line["key"], line["files"], line["size"]) == (before["key"], [], 0)
        assert "record only" in rooted.call("trash", "list").out
        rooted.call("trash", "restore", "Cut")
        assert told_of(rooted, "Cut") == before
        assert rooted.call("sync").out.startswith("3 files: nothing changed")
        assert rooted.call("trash", "list", "--json").json == []

    @pytest.mark.parametrize("words", [("shelf", "--register"), ("--register",)])
    def test_asked_for_it_is_that_record_again(
        self, rooted: Program, words: tuple[str, ...]
    ) -> None:
        before = told_of(rooted, "Cut")
        rooted.call("remove", "Cut")
        rooted.call("scan", *words)
        assert told_of(rooted, "Cut") == before
        rooted.call("sync")
        assert len(listed(rooted)) == 3

    def test_asked_for_after_the_trash_it_is_a_new_record(self, rooted: Program) -> None:
        before = told_of(rooted, "Cut")
        rooted.call("remove", "--now", "--yes", "Cut")
        assert rooted.call("trash", "list", "--json").json == []
        rooted.call("sync")
        assert len(listed(rooted)) == 2
        rooted.call("scan", "shelf", "--register")
        assert told_of(rooted, "paper")["key"] != before["key"]

    def test_a_record_of_what_is_recorded_otherwise_stays_in_the_trash(
        self, rooted: Program, shelf: Path
    ) -> None:
        rooted.call("remove", "Cut")
        rooted.call("install", "--inplace", "--name", "New", shelf / "sub/paper.safetensors")
        told = rooted.call("trash", "restore", "Cut", status=1)
        assert "remove --keep-files" in told.err
        rooted.call("remove", "--keep-files", "--now", "--yes", "New", status=2)
        rooted.call("remove", "--keep-files", "New")
        rooted.call("trash", "restore", "Cut")
        assert "Cut" in listed(rooted)

    def test_one_whose_file_was_gone_comes_back_as_missing(
        self, rooted: Program, shelf: Path
    ) -> None:
        (shelf / "sub/paper.safetensors").unlink()
        rooted.call("sync", status=3)
        assert "already gone" in rooted.call("remove", "Cut").out
        rooted.call("trash", "restore", "Cut")
        assert [m["name"] for m in rooted.call("list", "--missing", "--json").json] == ["Cut"]


class TestFilesLater:
    @pytest.mark.parametrize("how", ["name", "key", "prefix", "path"])
    def test_the_files_can_go_after_the_record(
        self, rooted: Program, shelf: Path, how: str
    ) -> None:
        key, file = listed(rooted)["Cut"], shelf / "sub/paper.safetensors"
        rooted.call("remove", "Cut")
        word = {"name": "Cut", "key": key, "prefix": key[:8], "path": file}[how]
        assert rooted.call("remove", word, status=1).err.startswith("Error: No model")
        told = rooted.call("remove", "--files", "--dry-run", "--json", word).only
        assert (told["files"], file.exists()) == ([str(file)], True)
        assert rooted.call("remove", "--files", "--json", word).only["files"] == [str(file)]
        assert not file.exists()
        rooted.call("trash", "restore", "Cut")
        assert file.exists()
        assert told_of(rooted, "Cut")["description"] == "mine"


class TestDryRun:
    def test_it_tells_record_files_and_bytes(self, filled: Program) -> None:
        size = (filled.root / "models/sd-1/embedding/blue.safetensors").stat().st_size
        told = filled.call("remove", "--dry-run", "blue")
        assert "its record and 1 file (6.2 KB) would go to the trash" in told.out
        assert f"{filled.root}/models/sd-1/embedding/blue.safetensors  6.2 KB" in told.out
        assert "Emptying the trash would then free 6.2 KB." in told.out
        line = filled.call("remove", "--dry-run", "--json", "blue").only
        assert (line["bytes"], line["frees"], line["kept_files"]) == (size, size, [])
        told = filled.call("remove", "--dry-run", "--now", "blue")
        assert "would be deleted" in told.out
        assert "That would free 6.2 KB." in told.out

    def test_it_tells_what_stays(self, rooted: Program, shelf: Path) -> None:
        told = rooted.call("remove", "--dry-run", "green")
        assert "its record would go to the trash; 2 files (6.2 KB) stay where they are" in told.out
        line = rooted.call("remove", "--dry-run", "--json", "green").only
        assert (line["files"], line["bytes"], line["frees"]) == ([], 0, 0)
        assert len(line["kept_files"]) == 2
        assert len(listed(rooted)) == 3
        assert shelf.exists()

    @pytest.mark.parametrize("how", ["hard link", "link"])
    def test_what_links_keep_is_not_promised(
        self, program: Program, tmp_path: Path, how: str
    ) -> None:
        file = tiny.lora(tmp_path / "kept.safetensors")
        place = tmp_path / "named/paper.safetensors"
        place.parent.mkdir()
        if how == "link":
            place.symlink_to(file)
        else:
            os.link(file, place)
        program.call("install", "--inplace", place)
        line = program.call("remove", "--files", "--dry-run", "--json", "paper").only
        assert (line["bytes"], line["frees"]) == (file.stat().st_size, 0)
        assert "free 0 B" in program.call("remove", "--files", "--dry-run", "paper").out
        assert place.exists()


def test_without_a_model_it_is_wrong_usage(filled: Program) -> None:
    told = filled.call("remove", status=2)
    assert "MODEL" in told.err
    assert len(listed(filled)) == 3
