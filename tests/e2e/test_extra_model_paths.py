"""Folders that ``extra_model_paths.yaml`` names, on disks that come and go."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import tiny
from support.program import Program


@pytest.fixture
def comfy(tmp_path: Path) -> Path:
    """A ComfyUI that names folders on another disk, two that do not exist and a bare section."""
    top = tmp_path / "ComfyUI"
    tiny.embedding(top / "models" / "embeddings" / "blue.safetensors", 1)
    (top / "models" / "loras").mkdir()
    (top / "models" / "vae").mkdir()
    tiny.lora(tmp_path / "disk" / "loras" / "paper.safetensors", 2)
    top.joinpath("extra_model_paths.yaml").write_text(
        f"disk:\n  base_path: {tmp_path}/disk\n  loras: loras\n"
        f"gone:\n  base_path: {tmp_path}/nowhere\n  loras: loras\n  vae: vae\n"
        f"bare:\n  base_path: {tmp_path}/disk\n"
    )
    return top


@pytest.fixture
def rooted(program: Program, comfy: Path) -> Program:
    program.call("root", "add", "comfy", comfy)
    return program


def states(program: Program) -> dict[str, str]:
    names = [line["name"] for line in program.call("list", "--json").json]
    return {name: program.call("show", "--json", name).only["state"] for name in names}


@pytest.mark.parametrize(
    "words", [("scan", "comfy"), ("scan",), ("sync",), ("root", "list"), ("doctor",)]
)
def test_what_is_named_and_not_there_is_said(
    rooted: Program, tmp_path: Path, words: tuple[str, ...]
) -> None:
    told = rooted.call(*words)
    text = " ".join((told.out + told.err).split())
    assert f"{tmp_path}/nowhere" in text
    assert "does not exist" in text
    assert "extra_model_paths.yaml names 2 folders in it" in text
    assert "The section bare of" in text
    assert "names no folders" in text
    assert "section disk" not in text


def test_a_scan_of_any_folder_says_it_too(program: Program, comfy: Path, tmp_path: Path) -> None:
    told = program.call("scan", comfy, "--json")
    [away] = [line for line in told.json if line["status"] == "offline"]
    assert away["path"] == str(tmp_path / "nowhere")
    assert away["error"]["kind"] == "OfflineRootError"
    assert "extra_model_paths.yaml" in away["error"]["message"]
    assert away["error"]["hint"]
    assert "The section bare of" in told.err


def test_root_add_says_it(program: Program, comfy: Path) -> None:
    for more in ((), ("--no-scan",)):
        told = program.call("root", "add", f"comfy{len(more)}", comfy, *more, status=None)
        if told.status == 0:
            assert "nowhere" in told.out + told.err
            assert "The section bare of" in told.err
        program.call("root", "remove", f"comfy{len(more)}", "--forget")


@pytest.mark.parametrize("how", ["unmounted", "disconnected"])
def test_models_on_a_disk_that_is_away_are_offline(
    rooted: Program, tmp_path: Path, how: str
) -> None:
    (tmp_path / "disk").rename(tmp_path / "away")
    if how == "unmounted":  # the mount point stays, empty
        (tmp_path / "disk" / "loras").mkdir(parents=True)
    said = "is empty, and models were in it" if how == "unmounted" else "does not exist"
    told = rooted.call("sync")
    assert "1 model in it: offline, not marked" in told.out
    assert said in told.out
    assert "missing" not in told.out
    assert states(rooted) == {"blue": "present", "paper": "offline"}
    assert [line["name"] for line in rooted.call("list", "--missing", "--json").json] == []
    listed = {line["name"]: line["state"] for line in rooted.call("list", "--json").json}
    assert listed == {"blue": "present", "paper": "offline"}
    table = rooted.run("list")
    assert [line.split()[-1] for line in table.lines] == ["STATE", "present", "offline"]
    assert "1 model offline: " in table.err
    assert said in table.err
    shown = rooted.call("show", "paper")
    assert "(offline)" in shown.out
    assert said in shown.err
    assert said in rooted.call("root", "list").err
    found = rooted.call("doctor", "--json", status=1).json
    problems = [line for line in found if line["severity"] != "note"]
    assert [(p["kind"], said in p["message"]) for p in problems] == [("folder_offline", True)]
    if how == "unmounted":
        (tmp_path / "disk" / "loras").rmdir()
        (tmp_path / "disk").rmdir()
    (tmp_path / "away").rename(tmp_path / "disk")
    assert states(rooted) == {"blue": "present", "paper": "present"}
    rooted.call("doctor")


def test_a_model_that_was_deleted_is_missing(rooted: Program, tmp_path: Path) -> None:
    (tmp_path / "disk" / "loras" / "paper.safetensors").unlink()
    assert states(rooted) == {"blue": "present", "paper": "missing"}


def test_a_link_to_a_disk_that_is_away(program: Program, tmp_path: Path) -> None:
    top = tmp_path / "ComfyUI"
    for name in ("vae", "checkpoints"):
        (top / "models" / name).mkdir(parents=True)
    tiny.lora(tmp_path / "disk" / "loras" / "paper.safetensors", 2)
    (top / "models" / "loras").symlink_to(tmp_path / "disk" / "loras")
    program.call("root", "add", "comfy", top)
    (tmp_path / "disk").rename(tmp_path / "away")
    program.call("sync")
    assert states(program) == {"paper": "offline"}
    [line] = program.call("doctor", "--json", status=1).json
    assert line["kind"] == "model_offline"


def test_the_doctor_notes_what_is_named_and_holds_no_models(
    rooted: Program, tmp_path: Path
) -> None:
    notes = {line["kind"]: line for line in rooted.call("doctor", "--json").json}
    assert {note["severity"] for note in notes.values()} == {"note"}
    assert notes["folder_offline"]["subject"] == str(tmp_path / "nowhere")
    assert "does not exist" in notes["folder_offline"]["message"]
    assert notes["root_remark"]["subject"] == "comfy"
    assert "The section bare of" in notes["root_remark"]["message"]


def test_one_folder_is_counted_as_one(program: Program, comfy: Path, tmp_path: Path) -> None:
    comfy.joinpath("extra_model_paths.yaml").write_text(
        f"gone:\n  base_path: {tmp_path}/nowhere\n  loras: loras\n"
    )
    assert "names 1 folder in it" in program.call("scan", comfy).out


def test_a_root_that_cannot_be_read_is_told_until_it_can(rooted: Program, comfy: Path) -> None:
    (comfy / "models" / "vae" / "words.safetensors").write_text("no model")
    assert "words.safetensors" in rooted.call("sync").out
    file = comfy / "extra_model_paths.yaml"
    before = file.read_text()
    file.write_text(f"{before}e: [1]\n")
    for words in ((), (), ("--accept",), ()):
        told = rooted.call("sync", *words, status=3)
        assert "extra_model_paths.yaml" in told.out
        assert "nothing changed" not in told.out
    [problem] = [
        line
        for line in rooted.call("doctor", "--json", status=1).json
        if line["kind"] == "root_unreadable"
    ]
    assert (problem["subject"], problem["severity"]) == ("comfy", "warning")
    assert str(file) in problem["message"]
    assert problem["hint"]
    assert "The root comfy cannot be scanned: " in rooted.call("doctor", status=1).out
    file.write_text(before)
    after = rooted.call("sync").out
    assert "nothing changed" in after
    assert "words.safetensors" not in after, "it is known from before"
