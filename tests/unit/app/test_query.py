from __future__ import annotations

from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.app.query import ORDERS, ModelQuery
from modelkeep.cli.tree import make_program
from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType, RecordState
from modelkeep.errors import UsageError
from modelkeep.records.facts import LOADED, NEVER, SIZE_CLASSES

#: Anything that can be typed: a process gets no NUL, and no half of a surrogate pair.
words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)


def some(values: Any) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from([str(value) for value in values]), max_size=3, unique=True)


@st.composite
def queries(draw: st.DrawFn) -> ModelQuery:
    limit = draw(st.none() | st.integers(1, 500))
    return ModelQuery.of(
        text=draw(words),
        sort=draw(st.none() | st.sampled_from(ORDERS)),
        limit=limit,
        after=draw(st.none() | words) if limit else None,
        partner=None,
        **{
            "type": draw(some(ModelType)),
            "base": draw(some(BaseModelType)),
            "format": draw(some(ModelFormat)),
            "tag": draw(st.lists(words, max_size=3)),
            "in": draw(st.lists(words, max_size=2)),
            "state": draw(some(RecordState)),
            "site": draw(st.lists(words, max_size=2)),
            "licence": draw(st.lists(words, max_size=2)),
            "lineage": draw(st.lists(words, max_size=2)),
            "size": draw(some(SIZE_CLASSES)),
            "used": draw(some((NEVER, LOADED))),
            "hash": draw(st.sampled_from([[], ["0123abcd"]])),
        },
    )


def typed(options: list[str]) -> ModelQuery:
    """Return the query that ``modelkeep list`` makes of options."""
    entry = make_program().entries["list"]
    context = entry.load("list").make_context("list", options)
    values = {name.rstrip("_"): value for name, value in context.params.items()}
    return ModelQuery.of(
        text=values["search"],
        sort=values["sort"],
        limit=values["limit"],
        after=values["after"],
        **{
            "type": values["type"],
            "base": values["base"],
            "format": values["format"],
            "tag": values["tag"],
            "in": values["in_root"],
            "state": values["state"],
            **{name: values[name] for name in ("site", "licence", "lineage", "size", "used")},
            "hash": [values["hash"] or ""],
        },
    )


@given(queries())
def test_a_query_is_read_from_what_it_is_written_as(query: ModelQuery) -> None:
    assert ModelQuery.from_parameters(query.query_string()) == query
    assert ModelQuery.from_parameters(query.parameters()) == query
    assert typed(query.options()) == query


def test_words_of_the_sites_are_read() -> None:
    query = ModelQuery.from_parameters("type=Checkpoint&type=LORA&base=SD+1.5&q=cat&limit=5")
    assert query.where.types == ("main", "lora")
    assert query.where.bases == ("sd-1",)
    assert (query.where.text, query.limit, query.order) == ("cat", 5, "relevance")
    assert query.query_string() == "type=main&type=lora&base=sd-1&q=cat&limit=5"


def test_everything_is_asked_for_by_nothing() -> None:
    assert ModelQuery.from_parameters("") == ModelQuery()
    assert ModelQuery().options() == []
    assert (ModelQuery().order, ModelQuery().is_everything) == ("name", True)


@pytest.mark.parametrize(
    "text",
    ["type=sofa", "format=sofa", "state=sofa", "sort=sofa", "limit=0", "limit=-1", "limit=x",
     "sofa=1", "after=abc", "base=so fa!", "size=sofa", "used=sofa", "hash=sofa", "hash=abc"],
)  # fmt: skip
def test_what_cannot_be_asked_for_is_named(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        ModelQuery.from_parameters(text)
    assert caught.value.hint
    with pytest.raises((UsageError, typer.TyperException)):
        typed([f"--{text}"])
