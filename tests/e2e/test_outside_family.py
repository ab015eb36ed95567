"""A family that an installed package brings, at every command."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelkeep.identification.known_families import FAMILIES
from support.harbour import family_text, harbour_model
from support.packages import write_package
from support.program import Program


@pytest.fixture
def looked_up_again() -> Iterator[None]:
    """Look for installed families before and after a test."""
    FAMILIES.forget()
    yield
    FAMILIES.forget()


def test_an_installed_family_needs_no_edit_elsewhere(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    program: Program,
    looked_up_again: None,
) -> None:
    """One file brings rules, label, names of a site and declared names to every command."""
    del looked_up_again
    package = write_package(
        tmp_path / "package", "modelkeep.families", "of_the_harbour", family_text()
    )
    monkeypatch.syspath_prepend(package)
    model = harbour_model(tmp_path / "m.safetensors")

    identified = program.call("identify", str(model))
    program.call("install", str(model))

    assert "Checkpoint for Harbour One" in identified.out
    [told] = program.call("identify", "--json", str(model)).json
    assert (told["base"], told["variant"], told["lineage"]) == ("harbour-1", "spring", "jetty")
    assert any("Harbour-Model" in reason["detail"] for reason in told["evidence"])
    assert "Harbour One" in program.call("list").out
    for word in ("Harbour.1 D", "port", "harbour-1", "Harbour One"):
        [listed] = program.call("list", "--base", word, "--json").json
        assert (listed["name"], listed["base"]) == ("m", "harbour-1")
    assert not program.call("list", "--base", "sdxl", "--json").json
    assert program.call("show", "m", "--json").only["tensor_prefix"] == "model.diffusion_model."
    sys.modules.pop("of_the_harbour")
