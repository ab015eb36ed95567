from __future__ import annotations

import json
from pathlib import Path

import pytest

from modelkeep.core.taxonomy import ModelType
from support import tiny
from support.program import Program


def installed(program: Program) -> dict[str, dict[str, object]]:
    return {line["name"]: line for line in program.call("list", "--json").json}


def test_several_sources_are_copied_and_told_of(program: Program, sources: Path) -> None:
    told = program.run("install", sources / "blue.safetensors", sources / "green")
    assert told.err == ""
    assert "Embedding for SD 1: blue" in told.lines
    assert set(installed(program)) == {"blue", "green"}
    copy = program.root / "models/sd-1/embedding/blue.safetensors"
    assert copy.read_bytes() == (sources / "blue.safetensors").read_bytes()
    assert (program.root / "models/sd-1/embedding/green/notes/README.md").is_file()


def test_json_has_one_line_a_source(program: Program, sources: Path) -> None:
    good, bad = sources / "blue.safetensors", sources / "none.safetensors"
    told = program.call("install", "--json", good, bad, status=3)
    assert [line["status"] for line in told.json] == ["completed", "error"]
    for line in told.json:
        assert {"source", "status", "key", "path", "error"} <= set(line)
    first, second = told.json
    assert first["source"] == str(good)
    assert Path(first["path"]).is_file()
    assert first["error"] is None
    assert (second["key"], second["path"]) == (None, None)
    assert "does not exist" in second["error"]["message"]
    assert "does not exist" in told.err


@pytest.mark.parametrize("form", [[], ["-q"], ["--json"], ["--inplace"], ["--link", "move"]])
def test_an_unfinished_download_is_refused(
    program: Program, tmp_path: Path, form: list[str]
) -> None:
    path = tiny.lora(tmp_path / "paper.safetensors")
    mark = tmp_path / "paper.safetensors.aria2"
    mark.write_bytes(b"half")
    told = program.call("install", *form, path, status=1)
    assert f"{path} is an unfinished download: {mark.name} is beside it" in told.err
    assert f"remove {mark}" in told.err
    assert program.call("list", "-q").lines == []
    assert path.exists()
    mark.unlink()
    program.call("install", *form, path)
    assert len(program.call("list", "-q").lines) == 1


def test_quiet_prints_keys_only(program: Program, sources: Path) -> None:
    told = program.call("install", "-q", sources / "blue.safetensors", sources / "green")
    assert told.lines == [installed(program)[name]["key"] for name in ("blue", "green")]
    assert told.err == ""


def test_what_is_there_already_keeps_its_key(program: Program, sources: Path) -> None:
    [first] = program.call("install", "-q", sources / "blue.safetensors").lines
    again = program.call("install", "--json", sources / "blue.safetensors").only
    assert again["key"] == first
    assert len(installed(program)) == 1
    told = program.call("install", sources / "blue.safetensors")
    assert "already in the library" in told.out


def test_the_caller_has_the_last_word(program: Program, sources: Path) -> None:
    words = ["--name", "Blue sky", "--type", "Textual Inversion", "--base", "SDXL 1.0"]
    program.call("install", sources / "blue.safetensors", *words)
    [record] = installed(program).values()
    assert (record["name"], record["type"], record["base"]) == ("Blue sky", "embedding", "sdxl")
    assert str(record["path"]).startswith("sdxl/embedding/")


def test_words_of_the_sites_name_an_unknown_model(program: Program, tmp_path: Path) -> None:
    path = tmp_path / "new.safetensors"
    path.write_bytes(tiny.safetensors_bytes({"never.seen": ("F32", (4, 4))}))
    program.call("install", path, status=1)
    words = ("--type", "Checkpoint", "--base", "Flux.1 D", "--variant", "fill")
    program.call("install", path, *words)
    [record] = installed(program).values()
    assert (record["type"], record["base"], record["variant"]) == ("main", "flux", "fill")


def test_in_place_copies_nothing(program: Program, sources: Path) -> None:
    source = sources / "blue.safetensors"
    program.call("install", "--inplace", source)
    assert installed(program)["blue"]["path"] == str(source)
    assert not list((program.root / "models").rglob("*.safetensors"))
    again = program.call("install", "--inplace", source, status=1)
    assert "already" in again.err
    assert "modelkeep show" in again.err


@pytest.mark.parametrize("link", ["copy", "move", "hardlink"])
def test_each_way_into_the_library(program: Program, sources: Path, link: str) -> None:
    source = sources / "blue.safetensors"
    data, inode = source.read_bytes(), source.stat().st_ino
    path = Path(program.call("install", "--json", "--link", link, source).only["path"])
    assert path.read_bytes() == data
    assert source.exists() is (link != "move")
    assert (path.stat().st_ino == inode) is (link != "copy")


def test_a_reflink_is_made_or_refused_with_a_reason(program: Program, sources: Path) -> None:
    source = sources / "blue.safetensors"
    told = program.run("install", "--json", "--link", "reflink", source, status=reflink(program))
    if told.only["error"] is not None:
        assert "reflink" in told.err
        assert not list((program.root / "models").rglob("*.safetensors"))
    assert source.exists()


def reflink(program: Program) -> int:
    """Return the exit status of a reflink here: 0 where the file system can, else 1."""
    import fcntl

    first, second = program.home / "first", program.home / "second"
    first.write_bytes(b"x" * 4096)
    with first.open("rb") as source, second.open("wb") as target:
        try:
            fcntl.ioctl(target, 0x40049409, source.fileno())
        except OSError:
            return 1
    return 0


def test_verify_off_takes_weights_of_no_bytes(program: Program, tmp_path: Path) -> None:
    folder = tmp_path / "unet-folder"
    (folder / "unet").mkdir(parents=True)
    index = {"_class_name": "StableDiffusionPipeline", "unet": ["d", "UNet2DConditionModel"]}
    (folder / "model_index.json").write_text(json.dumps(index))
    config = {"_class_name": "UNet2DConditionModel", "cross_attention_dim": 768, "in_channels": 4}
    (folder / "unet/config.json").write_text(json.dumps(config))
    (folder / "unet/diffusion_pytorch_model.safetensors").touch()
    program.call("install", folder, status=1)
    program.call("install", "--verify", "off", folder)
    assert installed(program)["unet-folder"]["base"] == "sd-1"


def test_a_dry_run_tells_and_changes_nothing(program: Program, sources: Path) -> None:
    told = program.run("install", "--dry-run", sources / "green")
    for word in ("Embedding", "SD 1", "2, 6.2 KB", "free", "models/sd-1/embedding/green"):
        assert word in told.out
    plan = program.call("install", "--dry-run", "--json", sources / "green").only
    assert {"files", "bytes", "type", "base", "target", "free_bytes", "needs_token"} <= set(plan)
    assert (plan["status"], plan["key"]) == ("planned", None)
    assert len(plan["files"]) == 2
    assert installed(program) == {}
    assert not list((program.root / "models").rglob("*.safetensors"))


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--name", "x", "a", "b"),
        ("--inplace", "--link", "copy", "a"),
        ("--link", "teleport", "a"),
        ("--verify", "maybe", "a"),
        ("--type", "sofa", "a"),
        ("--base", "no such base!", "a"),
        ("--bogus", "a"),
    ],
)
def test_wrong_usage_is_2(program: Program, words: tuple[str, ...]) -> None:
    told = program.call("install", *words, status=2)
    assert told.out == ""
    assert told.err.startswith("Error: ")


def test_an_address_is_refused_with_what_to_do(program: Program) -> None:
    program.call("config", "set", "offline", "true")
    for source in ("https://example.com/model.safetensors?token=x", "org/repo"):
        told = program.call("install", source, status=1)
        assert "offline" in told.err
        assert "config set offline false" in told.err
        assert "token=x" not in told.err
    assert installed(program) == {}


def test_an_unsafe_file_is_not_installed(program: Program, unsafe: Path) -> None:
    told = program.run("install", unsafe, status=1)
    assert "posix.system" in told.err
    assert installed(program) == {}


def test_pull_is_install(program: Program, sources: Path) -> None:
    program.call("pull", "-q", sources / "blue.safetensors")
    assert set(installed(program)) == {"blue"}


def test_every_type_can_be_typed_as_it_is_shown(program: Program, sources: Path) -> None:
    from modelkeep.core.taxonomy import type_label

    program.call("install", sources / "blue.safetensors", sources / "paper.safetensors")
    for kind in ModelType:
        found = program.call("list", "-q", "--type", kind).lines
        assert len(found) == (kind in {ModelType.TextualInversion, ModelType.Lora})
        assert program.call("list", "-q", "--type", type_label(kind)).lines == found


def test_an_empty_name_is_refused(program: Program, sources: Path) -> None:
    path = tiny.embedding(sources / "blue.safetensors", 1)
    refused = program.call("install", path, "--name", " ", status=2)
    assert "A name cannot be empty" in refused.err
    assert program.call("list", "-q").lines == []


def test_a_root_that_a_known_model_does_not_go_to_is_named(
    program: Program, sources: Path, tmp_path: Path
) -> None:
    path = tiny.lora(sources / "style.safetensors", 1)
    program.call("install", path)
    (tmp_path / "comfy" / "loras").mkdir(parents=True)
    program.call("root", "add", "comfy", tmp_path / "comfy", "--layout", "comfyui")
    told = program.call("install", path, "--to", "comfy")
    assert "--to comfy was not applied: the model is in models." in told.err
