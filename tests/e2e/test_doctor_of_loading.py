"""What the doctor says of loading: missing libraries, a device that is not there, half an asset."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable

import pytest

from support.program import Program


def lacking(monkeypatch: pytest.MonkeyPatch, versions: dict[str, str | None]) -> None:
    """Have packages seem to be of other versions, or not installed."""
    real = importlib.metadata.version

    def version(name: str) -> str:
        if name not in versions:
            return real(name)
        if (told := versions[name]) is None:
            raise importlib.metadata.PackageNotFoundError(name)
        return told

    monkeypatch.setattr(importlib.metadata, "version", version)


def findings(program: Program, *words: str, status: int = 0) -> Iterable[tuple[str, str, str]]:
    rows = program.call("doctor", "--json", *words, status=status).json
    return [(row["kind"], row["severity"], row["message"]) for row in rows if "kind" in row]


def test_a_library_that_can_load_is_well(program: Program) -> None:
    assert findings(program) == []


def test_missing_libraries_are_a_note(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    lacking(monkeypatch, {"diffusers": None, "transformers": None})
    ((kind, severity, message),) = findings(program)
    assert (kind, severity) == ("load_extra", "note")
    assert message == "Models cannot be loaded: diffusers, transformers are not installed"
    assert "pip install 'modelkeep[load]'" in program.call("doctor").out


def test_libraries_that_are_too_old_are_named(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking(monkeypatch, {"diffusers": "0.35.1"})
    ((kind, _, message),) = findings(program, status=1)
    assert kind == "load_extra"
    assert "diffusers 0.35.1 is too old" in message
    assert "0.42 or newer" in message


def test_a_device_that_is_not_there_is_an_error(program: Program) -> None:
    program.call("config", "set", "device", "cuda:7")
    ((kind, severity, message),) = findings(program, status=1)
    assert (kind, severity) == ("device", "error")
    assert "The setting device is cuda:7: There is no device 'cuda:7'" in message


def test_half_an_asset_is_named(program: Program) -> None:
    place = program.root / "assets" / "clip"
    place.mkdir(parents=True)
    (place / "vocab.json").write_text("{}")
    ((kind, _, message),) = findings(program, status=1)
    assert kind == "asset"
    assert str(place) in message
