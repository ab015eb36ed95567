from __future__ import annotations

from pathlib import Path

import pytest

from support import tiny
from support.program import Program


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)  # with ``environment`` it is there
    monkeypatch.setenv("MODELKEEP_ROOT", str(tmp_path / "library"))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    return Program(tmp_path / "library", home)


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """Three models: an embedding, a LoRA with a trigger phrase, an embedding in a folder."""
    folder = tmp_path / "downloads"
    tiny.embedding(folder / "blue.safetensors", 1)
    tiny.lora(folder / "paper.safetensors", 2, {"modelspec.trigger_phrase": "paper cut"})
    tiny.embedding_folder(folder / "green", 3)
    return folder


@pytest.fixture
def filled(program: Program, sources: Path) -> Program:
    """A library that holds the three of them."""
    program.call("install", *(sources / n for n in ("blue.safetensors", "paper.safetensors")))
    program.call("install", sources / "green")
    return program


@pytest.fixture
def unsafe(tmp_path: Path) -> Path:
    """A pickle that would run a command."""
    path = tmp_path / "unsafe.ckpt"
    path.write_bytes(b"\x80\x02cposix\nsystem\nq\x00X\x04\x00\x00\x00trueq\x01\x85q\x02Rq\x03.")
    return path
