"""What is written reads back, by our own reader and by any reader of YAML."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from modelkeep.records.yaml import reader as yaml_reader
from modelkeep.records.yaml.reader import YamlFlaw, read_map
from modelkeep.records.yaml.writer import map_lines
from support.rounds import rounds

AWKWARD = [
    *("", " ", "a ", "- a", "a: b", "a #b", "#", "null", "No", "1", "1.5", "0x1f", "1_0", "~"),
    *("2026-01-31", "12:30:45", "\n", "a\nb", "\\", "[a]", "{", "*a", "&a", "!a", "%a", "@", "`"),
    *("http://a:1/b?c#d", "/abs/olute", "\x85", "\u2028", "=", "<<", "''", ":", "a:", "yes", "."),
]
#: Halves of a character: what names of files that are no UTF-8 come with.
HALVES = ["caf\udce9", "\ud83d\ude00", "\ud83d"]
UNICODE = st.text(max_size=20) | st.sampled_from(AWKWARD)
TEXTS = (
    UNICODE | st.text(st.characters(exclude_categories=()), max_size=20) | st.sampled_from(HALVES)
)
NUMBERS = st.integers() | st.floats(allow_nan=False)


def maps_of(texts: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    values = st.recursive(
        st.none() | st.booleans() | NUMBERS | texts,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
        max_leaves=12,
    )
    return st.dictionaries(texts, values, min_size=1, max_size=4)


def written(values: dict[str, Any], indent: int = 0) -> str:
    return "\n".join(map_lines(values, indent)) + "\n"


@given(maps_of(TEXTS), st.integers(0, 4))
@example({"a": [[["x"], {"b": [1]}], []], "c": {"d": {}}}, 2)
def test_what_is_written_reads_back(values: dict[str, Any], indent: int) -> None:
    text = written(values, indent)
    assert read_map(text, depth=2) == values
    assert yaml_reader._read_events(text, 2) == values


@given(maps_of(UNICODE))
def test_another_reader_understands_it(values: dict[str, Any]) -> None:
    assert YAML(typ="safe", pure=True).load(written(values)) == values


PIECES = [
    *("a:", "b: c", "- x", "- k: v", "- - y", "  ", "    ", "'q'", '"d\\n"', "# c", "1", "1.5"),
    *("\n", "\n  ", "\n    ", "e: 'it''s'", "f: [g]", "h:  i", "j: k # l", "~", ": ", "- ", "m :"),
    *("3.2.0", "0ff", "2026-01-31T10:00:00Z", "10:", "1 2", "-1", "-"),
]


@settings(max_examples=rounds(500))
@given(st.lists(st.sampled_from(PIECES), max_size=14))
def test_the_quick_reader_agrees_with_the_parser(pieces: list[str]) -> None:
    text = "".join(pieces)
    try:
        quick = yaml_reader._OwnStyle(text, 0).read()
    except yaml_reader._OtherStyleError:
        return
    assert quick == yaml_reader._read_events(text, 0)


@pytest.mark.parametrize(
    "text",
    [
        "a:\n- x\n-   y\n",
        "a:\n  - b: 1\n    c: 2\n  -\n    d: 3\n",
        "a: >\n  b\n\n  c\n",
        "? a\n: b\n",
        "{a: b}\n",
    ],
)
def test_every_style_is_read(text: str) -> None:
    assert read_map(text, depth=2) == YAML(typ="safe", pure=True).load(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [("no", "no"), ("012", 12), ("0x1f", "0x1f"), ("1e3", 1000.0), (".inf", math.inf), ("", None)],
)
def test_plain_values_are_those_of_yaml_1_2(text: str, value: object) -> None:
    assert read_map(f"a: {text}\n", depth=2) == {"a": value}
    assert yaml_reader._read_events(f"a: {text}\n", 2) == {"a": value}


def test_fields_of_text_are_text_whatever_they_look_like() -> None:
    record = "k:\n  name: 1984\n  size: 5\n  tags: [1, true, x]\n  metadata:\n    name: 7\n"
    expected = {"name": "1984", "size": 5, "tags": ["1", "true", "x"], "metadata": {"name": 7}}
    assert read_map(record) == {"k": expected}


def test_very_deep_values_are_refused() -> None:
    deep = "".join(f"{'  ' * level}a:\n" for level in range(1000))
    with pytest.raises(YamlFlaw, match="levels"):
        read_map(deep)
