"""``docs/architecture.md`` names modules that exist, and every layer of the import contract."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
WALKS = 6


def test_every_module_that_it_names_exists() -> None:
    names = set(re.findall(r"`(modelkeep(?:\.\w+)+)`", PAGE))
    assert len(names) > 30
    places = {name: ROOT / "src" / Path(*name.split(".")) for name in names}
    gone = {n for n, p in places.items() if not (p.is_dir() or p.with_suffix(".py").is_file())}
    assert not gone, f"docs/architecture.md names modules that are gone: {sorted(gone)}"


def test_it_has_one_picture_and_six_walks() -> None:
    assert re.findall(r"^## (\d)\.", PAGE, re.MULTILINE) == [str(n + 1) for n in range(WALKS)]
    assert PAGE.count("```text") == 1
    assert len(PAGE.split()) < 2000, "a newcomer reads it in ten minutes"


def test_every_layer_stands_in_the_picture() -> None:
    picture = PAGE.split("```")[1]
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    [layers] = [each["layers"] for each in contracts["contracts"] if each["type"] == "layers"]
    for layer in (part for text in layers for part in re.findall(r"modelkeep\.(\w+)", text)):
        assert re.search(rf"\b{layer}(/|\.py)", picture), f"{layer} is not in the picture"
