"""Names stay inside their folder, fit every file system and round-trip as text."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.core import limits
from modelkeep.core.names import (
    is_inside,
    path_to_text,
    safe_join,
    safe_name,
    safe_relpath,
    text_to_path,
    unique_name,
)
from modelkeep.errors import UnsafePathError

TRAVERSALS = [
    "",
    ".",
    "..",
    "../x",
    "a/../../x",
    "a/..",
    "/etc/passwd",
    "//host/share",
    "a//b",
    "./x",
    "a/./b",
    "..\\x",
    "a\\..\\b",
    "C:evil",
    "C:/evil",
    "c:\\evil",
    "x\x00.safetensors",
    "a/",
    "/",
]


@pytest.mark.parametrize("text", TRAVERSALS)
def test_a_path_that_could_leave_its_folder_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(UnsafePathError) as caught:
        safe_join(tmp_path, text)
    assert caught.value.hint


@given(st.text(max_size=80))
def test_what_passes_stays_inside(text: str) -> None:
    root = Path("/library")
    try:
        joined = root / safe_relpath(text)
    except UnsafePathError:
        return
    assert is_inside(joined, root)


@given(st.one_of(st.text(max_size=400), st.binary(max_size=400).map(os.fsdecode)))
def test_a_safe_name_is_one_component_that_can_be_made(text: str) -> None:
    name = safe_name(text)
    assert name not in {"", ".", ".."}
    assert "/" not in name
    assert "\\" not in name
    assert len(name.encode()) <= limits.NAME_BYTES - 8
    assert safe_relpath(name).name == name
    assert safe_name(name) == name


def test_long_names_keep_their_suffix_and_stay_different() -> None:
    one = safe_name("x" * 300 + "a.safetensors")
    other = safe_name("x" * 300 + "b.safetensors")
    assert one != other
    assert one.endswith(".safetensors")


@pytest.mark.parametrize("name", ["con", "NUL.safetensors", "com1.pt", ".staging", "a:b", "x. "])
def test_names_that_some_system_reserves_are_changed(name: str) -> None:
    assert safe_name(name) != name


@given(st.binary(min_size=1, max_size=60).filter(lambda b: b"\x00" not in b))
def test_any_path_round_trips_as_text(raw: bytes) -> None:
    path = Path(os.fsdecode(b"/" + raw))
    text = path_to_text(path)
    assert text.encode()
    assert text_to_path(text) == path


def test_a_taken_name_gets_a_number_before_its_suffix() -> None:
    taken = {"a.safetensors", "a-2.safetensors"}
    assert unique_name("a.safetensors", taken.__contains__) == "a-3.safetensors"
    assert unique_name("b.safetensors", taken.__contains__) == "b.safetensors"
