"""What two spellings of the same words share."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.records.text import fold_words, indexed_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("_-. %*\"'()", []),
        ("Add_More-Details.v2", ["add", "more", "details", "v2"]),
        ("ÄRGER caf\u00e9 cafe\u0301", ["arger", "cafe", "cafe"]),
        ("STRASSE straße", ["strasse", "strasse"]),
        ("ﬁlm \uff12\uff10", ["film", "20"]),
        ("水墨画 NOT ink*", ["水墨画", "not", "ink"]),
        ("हिन्दी", ["हनद"]),
        ("a\x00b\udcff", ["a", "b"]),
    ],
)
def test_words_of_a_text(text: str, words: list[str]) -> None:
    assert fold_words(text) == words


@given(st.text())
def test_folding_words_again_changes_nothing(text: str) -> None:
    words = fold_words(text)
    assert fold_words(" ".join(words)) == words
    assert fold_words("_".join(words)) == words


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("harbourLightsXL_v20", ["harbour", "lights", "xl"]),
        ("SDXLModel", ["sdxl", "model"]),
        ("lights", []),
        ("Lights", []),
        ("aB", []),
        ("midnight LightsOut lights", ["out"]),
    ],
)
def test_words_written_together_are_found_by_their_parts(text: str, parts: list[str]) -> None:
    assert indexed_words(text) == [*fold_words(text), *parts]
