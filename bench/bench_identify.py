"""Identifying an SDXL checkpoint against reading its names and shapes with safetensors."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.measure import Ratio, in_turn, timed

_ROOT = Path(__file__).resolve().parents[1]
_PUBLISHED = _ROOT.parent / "shared" / "data"
_GOAL = 1.2
_ROUNDS = 40


def identify_vs_safe_open(rounds: int = _ROUNDS) -> Ratio:
    """Compare our whole answer, rules included, with a walk over all names and shapes."""
    from safetensors import safe_open

    from modelkeep.identification.engine import identify_path
    from modelkeep.identification.known_families import load_rules

    rules = load_rules()
    with tempfile.TemporaryDirectory(prefix="modelkeep-bench-") as folder:
        path = _write_checkpoint(Path(folder) / "sdxl.safetensors")
        tensors = 0

        def reference() -> None:
            nonlocal tensors
            with safe_open(path, framework="numpy") as file:
                shapes = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118 - no dict
            tensors = len(shapes)

        def ours() -> None:
            found = identify_path(path, rules=rules)
            if found.base != "sdxl":
                raise RuntimeError(f"identified as {found.base}")

        medians = in_turn(lambda: timed(ours), lambda: timed(reference), rounds)
        size = path.stat().st_size
    note = f"{size / 1e9:.1f} GB, {tensors:,} tensors, {len(rules)} rules"
    return Ratio("identify an SDXL checkpoint / safe_open", *medians, goal=_GOAL, note=note)


def _write_checkpoint(path: Path) -> Path:
    sys.path.insert(0, str(_ROOT / "demo"))
    try:
        from sample_models import SDXL, checkpoint, typed, write_safetensors
    finally:
        sys.path.pop(0)
    return write_safetensors(path, typed(_published() or checkpoint(SDXL)))


def _published() -> dict[str, tuple[int, ...]]:
    """Return the real names and shapes where they lie beside the checkout, else nothing."""
    listing = _PUBLISHED / "expected.json"
    if not listing.is_file():
        return {}
    entries: list[dict[str, Any]] = json.loads(listing.read_text())["files"]
    parts = next(entry["parts"] for entry in entries if entry["name"] == "sdxl checkpoint")
    return {
        part["prefix"] + name: tuple(shape)
        for part in parts
        for name, shape in json.loads(
            (_PUBLISHED / "headers" / f"{part['list']}.json").read_text()
        ).items()
    }


def main() -> list[Ratio]:
    """Print one line of the table and return it."""
    row = identify_vs_safe_open()
    print(row.line())
    return [row]


if __name__ == "__main__":
    main()
