"""Names of files as sites list them."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.errors import UnsafePathError
from modelkeep.sources.listing import usable_names

PIECES = ["..", ".", "", "a", "b.safetensors", "config.json", "c.png", "C:", "\\", "\0", "..."]


def names(separators: str = "/\\") -> st.SearchStrategy[str]:
    parts = st.lists(st.sampled_from(PIECES) | st.text(max_size=4), min_size=1, max_size=5)
    return st.builds(lambda found, by: by.join(found), parts, st.sampled_from(separators))


@given(st.lists(names()))
def test_whatever_is_usable_lies_inside(listed: list[str]) -> None:
    try:
        usable = usable_names(listed, "org/name", "The site")
    except UnsafePathError:
        return
    assert set(usable) <= set(listed)
    for name in usable:
        assert os.path.normpath(f"/top/{name}") == f"/top/{name}"
        assert "\\" not in name


@given(st.lists(names()))
def test_what_leads_out_is_never_just_left_out(listed: list[str]) -> None:
    leads_out = any(
        not os.path.normpath(f"/top/{text}").startswith("/top")
        for name in listed
        for text in (name.lstrip("/"), name.replace("\\", "/").lstrip("/"))
    )
    if leads_out:
        with pytest.raises(UnsafePathError):
            usable_names(listed, "org/name", "The site")


def test_the_name_the_model_and_the_site_are_told() -> None:
    with pytest.raises(UnsafePathError, match=r"The site .* org/name: '\.\./x\.bin'"):
        usable_names(["a.bin", "../x.bin"], "org/name", "The site")
    with pytest.raises(UnsafePathError) as caught:
        usable_names(["../" * 100_000], "org/name", "The site")
    assert len(str(caught.value)) < 400


def test_odd_names_of_what_is_needed_are_refused() -> None:
    assert usable_names(["a.bin", "b\\c.png", "d//e.md"], "m", "s") == ["a.bin"]
    for name in ("b\\c.bin", "d//config.json", "./x.safetensors", "e:tokenizer.json"):
        with pytest.raises(UnsafePathError):
            usable_names(["a.bin", name], "m", "s")
