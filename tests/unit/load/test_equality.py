"""Loaded modules hold what ``from_pretrained`` gives, tensor by tensor."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from modelkeep.load import construction
from support import fingerprints
from support.fingerprints import NO_CONTENTS, Case
from support.loading_folders import load
from support.small_models import PARTS, SmallModels

pytestmark = [pytest.mark.torch, pytest.mark.slow]

HELPERS = ("Scheduler", "Tokenizer", "Processor")
MODULES = [
    name
    for name, each in PARTS.items()
    if each.library in {"diffusers", "transformers"} and not each.class_name.endswith(HELPERS)
]
#: Parts of which the libraries keep something in 32 bits.
KEEPING = ("t5", "umt5", "wan_transformer", "kandinsky5_transformer")


def cases(models: SmallModels) -> Iterator[Case]:
    for name in MODULES:
        kind = PARTS[name]
        for dtype in ("float32", "float16", *(["bfloat16"] if name in KEEPING else [])):
            yield Case(str(models.part(name)), *kind[:2], dtype)
    for name in ("clip", "sd1_unet"):
        halves = models.part(name, dtype="float16", variant="fp16")
        yield Case(str(halves), *PARTS[name][:2], "bfloat16", "fp16")
        shards = models.part(name, max_shard_size="60KB")
        yield Case(str(shards), *PARTS[name][:2], "float32")
        yield Case(str(pickled(models, name)), *PARTS[name][:2], "float32")
    checker = models.pipeline("sd1") / "safety_checker"
    yield Case(str(checker), *PARTS["safety_checker"][:2], "float16")


def pickled(models: SmallModels, name: str) -> Path:
    """Return the folder of a part whose weights are a pickle."""
    folder = models.folder / "pickled" / name
    folder.mkdir(parents=True)
    plain = models.part(name)
    (folder / "config.json").write_bytes((plain / "config.json").read_bytes())
    stem = "diffusion_pytorch_model" if PARTS[name].library == "diffusers" else "pytorch_model"
    torch.save(models.module(name).state_dict(), folder / f"{stem}.bin")
    return folder


def ours(case: Case) -> fingerprints.Fingerprints:
    folder, part = Path(case.folder), ""
    if (folder.parent / "model_index.json").exists():
        folder, part = folder.parent, folder.name
    module = load(folder, part, case.dtype, repo_variant=case.variant or None)
    assert not any(parameter.requires_grad for parameter in module.parameters())
    return fingerprints.fingerprints(module)


def test_modules_are_equal_to_those_of_the_libraries(
    small_models: SmallModels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of these models only few tensors would be large enough to have no contents at first.
    monkeypatch.setattr(construction, "_LARGE_EMPTY", 500)
    listed = list(cases(small_models))
    (tmp_path / "cases.json").write_text(json.dumps(listed))
    files = [str(tmp_path / "cases.json"), str(tmp_path / "found.json")]
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", fingerprints.__file__, *files],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as child:
        mine = [ours(case) for case in listed]
        said, _ = child.communicate()
    assert child.returncode == 0, said.decode()
    theirs = json.loads((tmp_path / "found.json").read_text())
    for case, left, right in zip(listed, mine, theirs, strict=True):
        assert left.keys() == right.keys(), case
        known = [name for name, value in right.items() if NO_CONTENTS not in value]
        assert len(known) > 1
        assert [name for name in known if left[name] != right[name]] == [], case
        assert not any(NO_CONTENTS in value for value in left.values())
