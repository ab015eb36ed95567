"""Whole commands against ``hf --version``, and what ``import modelkeep`` loads."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.measure import Ratio, in_turn, timed
from modelkeep.app.manager import ModelManager
from modelkeep.settings import Settings

_BIN = Path(sys.executable).parent
_HEAVY = ("torch", "sqlalchemy", "fastapi", "requests", "rich", "typer", "pydantic")


def seconds(*command: str | Path) -> float:
    """Return the seconds of one whole process."""
    return timed(lambda: subprocess.run(command, check=True, capture_output=True))


def version_vs_hf(rounds: int) -> Ratio:
    """``modelkeep --version`` against ``hf --version``."""
    ours, reference = in_turn(
        lambda: seconds(_BIN / "modelkeep", "--version"),
        lambda: seconds(_BIN / "hf", "--version"),
        rounds,
    )
    return Ratio("modelkeep --version", ours, reference, 0.2, "hf --version")


def help_vs_hf(rounds: int) -> Ratio:
    """``modelkeep --help`` against ``hf --version``."""
    ours, reference = in_turn(
        lambda: seconds(_BIN / "modelkeep", "--help"),
        lambda: seconds(_BIN / "hf", "--version"),
        rounds,
    )
    return Ratio("modelkeep --help", ours, reference, 0.9, "hf --version")


def list_vs_hf(rounds: int) -> Ratio:
    """``modelkeep list`` of a library of 50 models against ``hf --version``."""
    root = Path(tempfile.mkdtemp(prefix="modelkeep-bench-"))
    try:
        _fill(root, 50)
        ours, reference = in_turn(
            lambda: seconds(_BIN / "modelkeep", "--root", root, "list"),
            lambda: seconds(_BIN / "hf", "--version"),
            rounds,
        )
    finally:
        shutil.rmtree(root)
    return Ratio("modelkeep list, 50 models", ours, reference, 1.3, "hf --version")


def _fill(root: Path, count: int) -> None:
    with ModelManager(Settings(root=root)) as manager:
        for number in range(count):
            manager.records.add_model(
                f"{number:032x}",
                {
                    "name": f"model {number}",
                    "path": f"sdxl/lora/model-{number}.safetensors",
                    "type": "lora",
                    "format": "lycoris",
                    "base": "sdxl",
                    "size": 150_000_000,
                },
            )


def heavy_imports() -> list[str]:
    """Return which of the heavy libraries ``import modelkeep`` loads."""
    program = f"import sys, modelkeep; print(*[m for m in {_HEAVY!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    return done.stdout.split()


def main(rounds: int = 15) -> list[Ratio]:
    """Run all and print the table."""
    rows = [version_vs_hf(rounds), help_vs_hf(rounds), list_vs_hf(rounds)]
    for row in rows:
        print(row.line())
    print(f"import modelkeep loads of {', '.join(_HEAVY)}: {heavy_imports() or 'none'}")
    return rows


if __name__ == "__main__":
    main()
