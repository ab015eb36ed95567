"""Loading as users meet it: the command, and vocabularies that are fetched when they are needed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modelkeep.errors import MissingAssetError
from sites.fixtures import Environment
from sites.hub import HubServer
from support.program import Program
from support.small_models import SmallModels
from support.tiny import embedding, safetensors_bytes

pytestmark = [pytest.mark.torch, pytest.mark.slow]

LETTERS = [chr(code) for code in range(97, 123)]


def vocabulary() -> dict[str, bytes]:
    """Return the files of a tokenizer that knows single letters alone."""
    words = [*LETTERS, *(f"{letter}</w>" for letter in LETTERS), "<|startoftext|>", "<|endoftext|>"]
    known = {word: place for place, word in enumerate(words)}
    return {"vocab.json": json.dumps(known).encode(), "merges.txt": b"#version: 0.2\n"}


def checkpoint(path: Path) -> Path:
    """Write the names of a checkpoint of SD 1, with next to no weights."""
    names = ("model.diffusion_model.x", "first_stage_model.x")
    text = "cond_stage_model.transformer.text_model.embeddings.token_embedding.weight"
    path.write_bytes(safetensors_bytes(dict.fromkeys((*names, text), ("F16", (2,)))))
    return path


def test_a_vocabulary_is_fetched_once_and_then_needs_no_network(
    environment: Environment, hub: HubServer, tmp_path: Path
) -> None:
    hub.add("openai/clip-vit-large-patch14", vocabulary())
    manager = environment.manager()
    fields = {"type": "main", "base": "sd-1", "format": "checkpoint"}
    key = manager.installer.install_path(checkpoint(tmp_path / "all.safetensors"), fields)
    with manager.loader.get_model(key, "tokenizer") as tokenizer:
        assert tokenizer("ab").input_ids[0] == len(LETTERS) * 2
    offline = environment.manager(offline=True)
    assert offline.loader.get_model(key, "tokenizer").class_name == "CLIPTokenizer"
    assert [job.source for job in manager.downloads.list_jobs()] != []


def test_a_vocabulary_that_may_not_be_fetched_is_said(
    environment: Environment, tmp_path: Path
) -> None:
    manager = environment.manager(offline=True)
    fields = {"type": "main", "base": "sd-1", "format": "checkpoint"}
    key = manager.installer.install_path(checkpoint(tmp_path / "all.safetensors"), fields)
    with pytest.raises(MissingAssetError) as caught:
        manager.loader.get_model(key, "tokenizer")
    assert "vocab.json, merges.txt" in caught.value.hint


def test_the_command(program: Program, tmp_path: Path) -> None:
    folder = SmallModels(tmp_path).pipeline("sd1")
    program.call("install", folder, "--type", "main", "--base", "sd-1")
    seen = program.call("load", "sd1", "--submodel", "vae", "--dry-run", "--json").json[0]
    assert (seen["class"], seen["loaded"], seen["fits"]) == ("AutoencoderKL", False, True)
    words = ("load", "sd1", "--submodel", "vae", "--device", "cpu", "--repeat", 2, "--json")
    first, again = program.call(*words).json
    assert set(first) == {
        "key", "submodel", "class", "device", "dtype", "bytes", "seconds", "cached",
    }  # fmt: skip
    assert (first["class"], first["device"], first["dtype"]) == ("AutoencoderKL", "cpu", "float32")
    assert first["bytes"] == seen["bytes"] == again["bytes"]
    assert (first["cached"], again["cached"]) == (False, True)
    (line,) = program.call("load", "sd1", "--submodel", "scheduler").lines
    assert line.startswith("DDIMScheduler  cpu")


def test_the_command_says_what_it_needs(program: Program, tmp_path: Path) -> None:
    program.call("install", embedding(tmp_path / "style.safetensors"))
    folder = SmallModels(tmp_path).pipeline("sd1")
    program.call("install", folder, "--type", "main", "--base", "sd-1")
    told = program.call("load", "sd1", status=1).err
    assert "Name one of its parts: vae, text_encoder, tokenizer, unet, scheduler" in told
    told = program.call("load", "sd1", "--submodel", "motor", status=1).err
    assert "has no part 'motor'" in told
    told = program.call("load", "style", "--device", "cuda:77", status=1).err
    assert "There is no device 'cuda:77'" in told
    told = program.call("load", "style", "--dry-run", "--repeat", 2, status=2).err
    assert "--dry-run loads nothing" in told
