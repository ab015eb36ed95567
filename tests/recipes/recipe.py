"""Recipes of ``CONTRIBUTING.md``: what they say is done to a copy of the source, and tried there.

Under the heading of a recipe, a block of code says what to do with the file that it names:
``python PATH`` and ``sql PATH`` are the whole of a new file, ``diff PATH`` are lines to put where
its first lines are. A block ``python check`` shows that it works, ``python before`` makes what was
there before.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import modelkeep

PROJECT = Path(__file__).parents[2]
PAGE = PROJECT / "CONTRIBUTING.md"

_BLOCK = re.compile(r"(?ms)^```(\w+) (\S+)\n(.*?)^```$")


@dataclass(frozen=True)
class Block:
    """One block of code.

    Attributes:
        language: Its first word.
        target: Its second word: a path, ``before`` or ``check``.
        text: The code.
    """

    language: str
    target: str
    text: str


@cache
def recipes() -> dict[str, tuple[Block, ...]]:
    """Return the blocks of every recipe by its heading; parts without any are none."""
    _, *parts = re.split(r"(?m)^## ", PAGE.read_text(encoding="utf-8"))
    found = {part.partition("\n")[0]: tuple(map(_block, _BLOCK.findall(part))) for part in parts}
    return {heading: blocks for heading, blocks in found.items() if blocks}


def _block(found: tuple[str, str, str]) -> Block:
    return Block(*found)


def follow(blocks: tuple[Block, ...], folder: Path) -> None:
    """Do what a recipe says in a copy of the source, and run what it says of the outcome."""
    source = folder / "src" / "modelkeep"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(modelkeep.__file__).parent, source, ignore=ignored)
    (folder / "elsewhere").mkdir()
    for block in blocks:
        if block.target == "before":
            _run(block, folder)
    for block in blocks:
        if block.target not in {"before", "check"}:
            _write(block, folder / block.target)
    for block in blocks:
        if block.target == "check":
            _run(block, folder)


def _run(block: Block, folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", block.text],
        cwd=folder / "elsewhere",
        env=_environment(folder),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def _write(block: Block, path: Path) -> None:
    if block.language != "diff":
        assert not path.exists(), f"{block.target} is there already"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
        return
    before, after = "", ""
    for line in block.text.splitlines(keepends=True):
        before += "" if line.startswith("+") else line[1:]
        after += "" if line.startswith("-") else line[1:]
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1, f"{block.target} has once:\n{before}"
    path.write_text(text.replace(before, after), encoding="utf-8")


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if "MODELKEEP" not in name}
    ours = {"PYTHONPATH": str(folder / "src"), "HOME": str(folder / "home")}
    return {**kept, **ours, "MODELKEEP_ROOT": str(folder / "library")}
