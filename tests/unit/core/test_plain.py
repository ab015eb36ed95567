"""Frozen values as JSON and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import pytest

from modelkeep.core.plain import from_plain, to_plain


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Inner:
    path: Path
    count: int


@dataclass(frozen=True)
class Outer:
    name: str
    inner: Inner | None
    parts: tuple[Inner, ...] = ()
    rate: float = 0.5
    is_on: bool = False
    colour: Colour = Colour.RED
    words: Mapping[str, str] = field(default_factory=dict)


FULL = Outer(
    "a", Inner(Path("/x/\udcff"), 3), (Inner(Path("b"), 1),), 2.0, is_on=True, words={"a": "b"}
)


@pytest.mark.parametrize("value", [FULL, Outer("a", None)])
def test_what_is_stored_comes_back(value: Outer) -> None:
    assert from_plain(Outer, json.loads(json.dumps(to_plain(value)))) == value


def test_fields_that_were_not_stored_get_their_default() -> None:
    assert from_plain(Outer, {"name": "a", "inner": None}) == Outer("a", None)


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"name": 1, "inner": None},
        {"name": "a", "inner": {"path": "x"}},
        {"name": "a", "inner": {"path": "x", "count": True}},
        {"name": "a", "inner": None, "parts": {}},
        {"name": "a", "inner": None, "colour": "blue"},
        {"name": "a", "inner": None, "words": {"a": 1}},
    ],
)
def test_what_is_of_another_type_is_refused(data: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_plain(Outer, data)
