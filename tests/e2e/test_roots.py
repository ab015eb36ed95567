"""Named roots as people meet them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support import tiny
from support.program import Program


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A folder of ComfyUI with two models."""
    top = tmp_path / "ComfyUI"
    tiny.lora(top / "models" / "loras" / "paper.safetensors", 2)
    tiny.embedding(top / "models" / "embeddings" / "blue.safetensors", 1)
    return top


@pytest.fixture
def rooted(program: Program, disk: Path) -> Program:
    """A library that has it as a root, with its models recorded."""
    program.call("root", "add", "comfy", disk, "--layout", "comfyui", "--no-scan")
    for name in ("loras/paper", "embeddings/blue"):
        program.call("install", "--inplace", disk / "models" / f"{name}.safetensors")
    return program


def exactly(top: Path) -> dict[str, object]:
    return {
        str(path): (
            path.lstat().st_mtime_ns,
            path.lstat().st_ino,
            path.is_dir() or path.read_bytes(),
        )
        for path in (top, *top.rglob("*"))
    }


class TestAdd:
    def test_what_was_recorded_in_place_belongs_to_it(self, program: Program, disk: Path) -> None:
        path = disk / "models" / "loras" / "paper.safetensors"
        program.call("install", "--inplace", path)
        told = program.call("root", "add", "comfy", disk, "--layout", "comfyui", "--no-scan")
        assert "1 record of the library" in told.out
        shown = program.call("show", "paper", "--json").only
        assert (shown["root"], shown["path"]) == ("comfy", str(path))
        assert shown["state"] == "present"

    def test_its_models_are_recorded_where_they_are(self, program: Program, disk: Path) -> None:
        before = exactly(disk)
        words = ("root", "add", "comfy", disk / "models", "--readonly", "--layout", "comfyui")
        told = program.call(*words)
        assert told.lines[0] == f"comfy is {disk}/models (comfyui, read-only)"
        listed = program.call("list", "--json").json
        assert {(m["name"], m["root"]) for m in listed} == {("paper", "comfy"), ("blue", "comfy")}
        program.call("scan", "comfy")
        program.call("sync")
        assert exactly(disk) == before

    def test_json_and_quiet(self, program: Program, disk: Path) -> None:
        words = ("root", "add", "comfy", disk, "--readonly", "--no-scan", "--layout", "plain")
        assert program.call(*words, "--json").only == {
            "name": "comfy",
            "path": str(disk),
            "layout": "plain",
            "readonly": True,
            "state": "online",
            "why": "",
            "models": 0,
            "bytes": 0,
            "remarks": [],
        }
        told = program.call("root", "add", "more", disk.parent / "home", "-q", "--no-scan")
        assert told.lines == ["more"]

    def test_the_layout_is_recognised(self, program: Program, tmp_path: Path) -> None:
        for name in ("checkpoints", "loras", "clip", "vae", "embeddings", "custom_nodes"):
            (tmp_path / "other" / "models" / name).mkdir(parents=True)
        (tmp_path / "other" / "custom_nodes").mkdir()
        (tmp_path / "other" / "comfy").mkdir()
        (tmp_path / "other" / "main.py").write_text("")
        (tmp_path / "other" / "folder_paths.py").write_text("")
        told = program.call("root", "add", "found", tmp_path / "other", "--json", "--no-scan").only
        assert told["layout"] == "comfyui"

    @pytest.mark.parametrize(
        ("name", "folder", "said"),
        [
            ("models", ".", "not a valid root name"),
            ("comfy", "ComfyUI/none", "not an existing folder"),
            ("comfy", "library", "models_dir"),
        ],
    )
    def test_what_cannot_be(
        self, program: Program, disk: Path, name: str, folder: str, said: str
    ) -> None:
        program.root.mkdir()
        status = 1 if said == "not an existing folder" else 2
        words = ("root", "add", name, disk.parent / folder, "--layout", "plain")
        assert said in program.call(*words, status=status).err
        assert not (program.root / "modelkeep.yaml").exists()

    def test_an_unknown_layout_is_refused(self, program: Program, disk: Path) -> None:
        told = program.call("root", "add", "comfy", disk, "--layout", "sofa", status=1)
        assert "sofa" in told.err


class TestList:
    def test_people_get_a_table(self, rooted: Program, disk: Path) -> None:
        told = rooted.call("root", "list")
        assert told.lines[0].split() == ["NAME", "PATH", "LAYOUT", "STATE", "MODELS", "SIZE"]
        assert told.lines[2].split()[:5] == ["comfy", str(disk), "comfyui", "online", "2"]
        assert rooted.call("root", "list", "-q").lines == ["models", "comfy"]
        size = sum(path.stat().st_size for path in disk.rglob("*.safetensors"))
        assert [row["bytes"] for row in rooted.call("root", "list", "--json").json] == [0, size]


class TestOffline:
    def test_nothing_is_missing_and_all_is_shown(self, rooted: Program, disk: Path) -> None:
        disk.rename(disk.with_name("away"))
        assert rooted.call("list", "--missing", "--json").lines == []
        listed = rooted.call("list", "--json")
        assert {line["state"] for line in listed.json} == {"offline"}
        assert "root move comfy" in listed.err
        shown = rooted.call("show", "paper", "--json").only
        assert (shown["state"], shown["is_missing"]) == ("offline", False)
        assert "(offline)" in rooted.call("show", "paper").out
        assert "offline" in rooted.call("root", "list").lines[2]
        told = rooted.call("remove", "paper", "--files", "--yes", status=1)
        assert "is offline" in told.err
        assert "root move comfy" in told.err
        assert len(rooted.call("list", "-q").lines) == 2

    def test_a_model_that_was_deleted_is_missing_not_offline(
        self, rooted: Program, disk: Path
    ) -> None:
        (disk / "models/loras/paper.safetensors").unlink()
        assert [line["name"] for line in rooted.call("list", "--missing", "--json").json] == [
            "paper"
        ]

    def test_a_root_that_nobody_registers_any_more(self, rooted: Program, disk: Path) -> None:
        (rooted.root / "modelkeep.yaml").unlink()
        shown = rooted.call("show", "paper", "--json").only
        assert shown["path"] == "comfy:/models/loras/paper.safetensors"
        assert (shown["root"], shown["state"]) == ("comfy", "offline")
        told = rooted.call("show", "paper")
        assert "comfy:/models/loras/paper.safetensors" in told.out
        assert f"root add comfy {disk}" in told.err
        assert f"root add comfy {disk}" in rooted.call("list").err
        assert rooted.call("list", "--missing", "-q").lines == []
        rooted.call("show", "comfy:/models/loras/paper.safetensors", "-q")
        rooted.call("edit", "paper", "description=cut")
        rooted.call("remove", "blue")
        rooted.call("root", "add", "comfy", disk, "--no-scan")
        assert rooted.call("show", "paper", "--json").only["description"] == "cut"


class TestMove:
    def test_the_disk_is_mounted_elsewhere(self, rooted: Program, disk: Path) -> None:
        new = disk.with_name("elsewhere")
        disk.rename(new)
        before = exactly(new)
        told = rooted.call("root", "move", "comfy", new)
        assert "2 files" in told.out
        shown = rooted.call("show", "paper", "--json").only
        assert shown["path"] == str(new / "models/loras/paper.safetensors")
        assert exactly(new) == before

    def test_another_folder_is_refused(self, rooted: Program, sources: Path) -> None:
        told = rooted.call("root", "move", "comfy", sources, status=2)
        assert "2 of 2" in told.err
        assert "--yes" in told.err
        rooted.call("root", "move", "comfy", sources, "--yes")
        assert rooted.call("root", "list", "--json").json[1]["path"] == str(sources)


class TestRemove:
    def test_it_wants_to_know_what_becomes_of_the_records(
        self, rooted: Program, disk: Path
    ) -> None:
        before = exactly(disk)
        told = rooted.call("root", "remove", "comfy", status=2)
        assert "--forget" in told.err
        assert "--keep" in told.err
        rooted.call("root", "remove", "comfy", "--keep")
        assert rooted.call("show", "paper", "--json").only["root"] == ""
        rooted.call("root", "add", "comfy", disk, "--no-scan")
        shown = rooted.on_terminal("root", "remove", "comfy", answer="n\n", status=1)
        assert "--keep" in shown
        rooted.on_terminal("root", "remove", "comfy", answer="y\n")
        assert rooted.call("list", "-q").lines == []
        assert rooted.call("root", "list", "-q").lines == ["models"]
        assert exactly(disk) == before

    def test_files_of_a_read_only_root_stay(self, program: Program, disk: Path) -> None:
        program.call("root", "add", "comfy", disk, "--readonly", "--no-scan")
        path = disk / "models/loras/paper.safetensors"
        program.call("install", "--inplace", path)
        before = exactly(disk)
        told = program.call("remove", "paper", "--files", "--yes", status=1)
        assert "the root comfy" in told.err
        assert "roots.comfy.readonly" in told.err
        program.call("identify", path)
        program.call("install", path, "--dry-run", status=1)
        program.call("reidentify", "paper")
        program.call("remove", "paper")
        assert exactly(disk) == before


def test_a_folder_that_this_user_may_only_read(disk: Path) -> None:
    """What is written in a root would fail here; nothing does, so nothing is written."""
    if os.geteuid() == 0 and not os.path.exists("/usr/bin/setpriv"):  # noqa: PTH110
        pytest.skip("root may write everywhere, and there is no setpriv to be somebody else")
    import stat
    import subprocess
    import sys
    import tempfile

    with tempfile.TemporaryDirectory(dir="/tmp") as name:  # its parents are open to everybody
        top = Path(name)
        top.chmod(0o755)
        home, library = top / "home", top / "library"
        for folder in (home, library):
            folder.mkdir()
            folder.chmod(0o777)
        kept = disk.rename(top / "ComfyUI") if disk.stat().st_dev == top.stat().st_dev else disk
        for path in (kept, *kept.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        before = exactly(kept)
        nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        prefix = nobody if os.geteuid() == 0 else []
        environment = {
            "HOME": str(home),
            "MODELKEEP_ROOT": str(library),
            "PATH": os.environ["PATH"],
        }

        def run(*words: str) -> subprocess.CompletedProcess[str]:
            command = [*prefix, sys.executable, "-m", "modelkeep", *words]
            return subprocess.run(
                command, env=environment, cwd=top, capture_output=True, text=True, check=False
            )

        if run("--version").returncode:
            pytest.skip("another user cannot start this Python")
        paper = str(kept / "models/loras/paper.safetensors")
        for words in (
            ("root", "add", "comfy", str(kept), "--no-scan"),
            ("identify", paper),
            ("install", "--inplace", paper),
            ("list",),
            ("show", "paper"),
            ("root", "list"),
            ("reidentify", "paper"),
        ):
            told = run(*words)
            assert told.returncode == 0, told.stderr
        told = run("remove", "paper", "--files", "--yes")
        assert told.returncode == 1
        assert "cannot be changed" in told.stderr
        assert run("remove", "paper").returncode == 0
        assert exactly(kept) == before
        for path in (kept, *kept.rglob("*")):
            path.chmod(stat.S_IRWXU)
