"""Models with the same bytes, and the bytes that removing things really frees."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from modelkeep import ModelManager
from modelkeep.core import limits
from modelkeep.core.hashing import hash_file as real_hash_file
from modelkeep.disk import paths
from support import tiny
from support.program import Program


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A folder beside the library, which is registered as a root."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    return folder


def copied(program: Program, shelf: Path, sources: Path) -> None:
    """Have a LoRA and a folder both installed and in a root, and an embedding once."""
    shutil.copy(sources / "paper.safetensors", shelf / "scissors.safetensors")
    shutil.copytree(sources / "green", shelf / "green")
    program.call("root", "add", "shelf", shelf)


def by_name(group: dict[str, Any]) -> dict[str, bool]:
    return {model["name"]: model["could_go"] for model in group["models"]}


def space(*places: Path) -> int:
    """Return the bytes that all files below some folders take, each file once."""
    found = {}
    for top in places:
        for path in top.rglob("*"):
            there = path.lstat()
            if path.is_file() and not path.is_symlink():
                found[there.st_dev, there.st_ino] = min(there.st_size, there.st_blocks * 512)
    return sum(found.values())


class TestDuplicates:
    def test_the_same_bytes_are_found_under_any_name(
        self, filled: Program, shelf: Path, sources: Path
    ) -> None:
        copied(filled, shelf, sources)
        size = (sources / "paper.safetensors").stat().st_size
        first, second = filled.call("duplicates", "--json").json
        assert by_name(first) == {"scissors": False, "paper": True}
        assert first["frees"] == size
        [kept, extra] = first["models"]
        assert (kept["same_as"], extra["same_as"]) == (None, kept["key"])
        assert (extra["root"], kept["path"]) == ("models", str(shelf / "scissors.safetensors"))
        assert {model["name"] for model in second["models"]} == {"green"}
        assert second["frees"] == space(sources / "green")

    def test_people_are_told_what_to_type(
        self, filled: Program, shelf: Path, sources: Path
    ) -> None:
        copied(filled, shelf, sources)
        told = filled.call("duplicates")
        assert "scissors: 2 models, 21.9 KB could be freed" in told.out
        assert f"keep      {filled.call('show', '-q', 'scissors').out[:8]}" in told.out
        assert "Removing 2 models would free 28.2 KB: modelkeep remove " in told.err
        command = told.err.strip().splitlines()[-1].partition("modelkeep ")[2].split()
        before = space(filled.root / "models")
        filled.call(*command, "--now", "--yes")
        assert before - space(filled.root / "models") == 21919 + space(sources / "green")
        assert "No models with the same bytes" in filled.call("duplicates").err

    def test_keys_can_be_piped(self, filled: Program, shelf: Path, sources: Path) -> None:
        copied(filled, shelf, sources)
        keys = filled.call("duplicates", "-q").lines
        assert len(keys) == 2
        filled.call("remove", *keys)
        assert filled.call("duplicates", "-q").lines == []

    def test_names_of_one_file_are_the_same_and_free_nothing(
        self, program: Program, shelf: Path, sources: Path
    ) -> None:
        program.call("install", "--link", "hardlink", sources / "paper.safetensors")
        program.call("install", "--inplace", sources / "blue.safetensors")
        os.link(program.root / "models/sd-1/lora/paper.safetensors", shelf / "b.safetensors")
        (shelf / "link.safetensors").symlink_to(sources / "blue.safetensors")
        for name in ("b", "link"):
            path = shelf / f"{name}.safetensors"
            fields = {"name": name, "type": "lora", "base": "sd-1", "format": "lycoris"}
            add(program, path, fields)
        groups = program.call("duplicates", "--json").json
        assert [group["frees"] for group in groups] == [0, 0]
        assert sorted(len(group["models"]) for group in groups) == [2, 2]

    def test_models_of_a_readonly_root_stay(
        self, filled: Program, shelf: Path, sources: Path
    ) -> None:
        for name in ("a", "b"):
            shutil.copy(sources / "paper.safetensors", shelf / f"{name}.safetensors")
        filled.call("root", "add", "--readonly", "shelf", shelf)
        [group] = filled.call("duplicates", "--json").json
        assert by_name(group) == {"a": False, "b": False, "paper": True}

    def test_files_are_read_only_where_sizes_and_samples_are_equal(
        self, filled: Program, shelf: Path, sources: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read: list[str] = []

        def counted(path: Path, *rest: Any, **more: Any) -> Any:
            read.append(path.name)
            return real_hash_file(path, *rest, **more)

        tiny.embedding(shelf / "other.safetensors", 99)  # the size of blue, other bytes
        copied(filled, shelf, sources)
        monkeypatch.setattr("modelkeep.library.copies.hash_file", counted)
        filled.call("duplicates")
        assert sorted(read) == ["README.md", "learned_embeds.safetensors", "scissors.safetensors"]
        read.clear()
        filled.call("duplicates")
        assert read == []

    def test_damage_that_was_found_is_no_copy(
        self, filled: Program, shelf: Path, sources: Path
    ) -> None:
        copied(filled, shelf, sources)
        place = filled.root / "models/sd-1/lora/paper.safetensors"
        there, data = place.stat(), bytearray(place.read_bytes())
        data[-1] ^= 0xFF
        place.write_bytes(data)
        os.utime(place, ns=(there.st_atime_ns, there.st_mtime_ns))
        filled.call("verify", "paper", status=1)
        assert [by_name(g) for g in filled.call("duplicates", "--json").json] == [{"green": True}]

    def test_missing_models_are_told(self, filled: Program, shelf: Path, sources: Path) -> None:
        copied(filled, shelf, sources)
        (shelf / "scissors.safetensors").unlink()
        told = filled.call("duplicates")
        assert "1 model with missing or offline files" in told.err
        assert "scissors" not in told.out


def add(program: Program, path: Path, fields: dict[str, str]) -> None:
    """Record a model as a program does that adds configs on its own."""
    with ModelManager(root=program.root) as manager:
        manager.records.add_model(fields["name"], {**fields, "path": str(path)})


class TestSameName:
    def test_models_that_are_called_the_same(
        self, filled: Program, tmp_path: Path, sources: Path
    ) -> None:
        other = tiny.lora(tmp_path / "new/paper.safetensors", 9)
        filled.call("install", "--inplace", other)
        same = shutil.copy(sources / "paper.safetensors", tmp_path / "new/third.safetensors")
        filled.call("install", "--inplace", "--name", "Paper", same)
        [group] = filled.call("duplicates", "--same-name", "--json").json
        assert len(group["models"]) == 3
        assert sum(model["could_go"] for model in group["models"]) == 1
        assert group["frees"] == 21919
        by_path = {model["path"]: model for model in group["models"]}
        assert by_path[str(other)]["same_as"] is None

    def test_none_is_told(self, filled: Program) -> None:
        assert "No models with the same name" in filled.call("duplicates", "--same-name").err


class TestWhatIsFreed:
    @pytest.mark.parametrize("link", ["hardlink", "copy"])
    def test_the_trash_promises_what_emptying_it_frees(
        self, program: Program, sources: Path, link: str
    ) -> None:
        program.call("install", "--link", link, sources / "paper.safetensors")
        program.call("remove", "paper")
        [line] = program.call("trash", "list", "--json").json
        wanted = 0 if link == "hardlink" else 21919
        assert (line["size"], line["frees"]) == (21919, wanted)
        text = "0 B" if link == "hardlink" else "21.9 KB"
        assert f"frees {text}" in program.call("trash", "list").err
        assert f"frees {text}" in program.call("doctor").out
        before = space(program.root, sources)
        assert f"freed {text}" in program.call("trash", "empty", "--yes").err
        assert before - space(program.root, sources) >= wanted

    def test_links_of_a_hugging_face_cache_free_nothing(
        self, program: Program, tmp_path: Path
    ) -> None:
        commit, repo = "a" * 40, tmp_path / "hub/models--artist--paper"
        blob = tiny.lora(repo / "blobs" / ("b" * 64))
        (repo / "refs").mkdir()
        (repo / "refs/main").write_text(commit)
        snapshot = repo / "snapshots" / commit
        snapshot.mkdir(parents=True)
        (snapshot / "paper.safetensors").symlink_to(f"../../blobs/{blob.name}")
        program.call("root", "add", "cache", tmp_path / "hub")
        [model] = program.call("list", "--json").json
        line = program.call("remove", "--files", "--dry-run", "--json", model["key"]).only
        assert (line["bytes"], line["frees"]) == (blob.stat().st_size, 0)
        shutil.copy(blob, tmp_path / "copy.safetensors")
        program.call("install", "--inplace", tmp_path / "copy.safetensors")
        [group] = program.call("duplicates", "--json").json
        assert group["frees"] == blob.stat().st_size
        assert by_name(group)["copy"] is True

    def test_no_more_of_the_trash_goes_than_helps(
        self, program: Program, sources: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for how, name in (("hardlink", "paper"), ("copy", "blue")):
            program.call("install", "--link", how, sources / f"{name}.safetensors")
            program.call("remove", name)
        weights = sources / "green/learned_embeds.safetensors"
        need = limits.SPACE_RESERVE_BYTES + weights.stat().st_size
        free = iter([need - 6000, *[need * 2] * 20])
        monkeypatch.setattr(paths, "free_space", lambda _path: next(free))
        program.call("install", sources / "green")
        left = [line["name"] for line in program.call("trash", "list", "--json").json]
        assert left == ["paper"], "what frees nothing does not go"
