"""What every catalogue finds, counts and pages through, whatever keeps its records."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelkeep.core.configs import AnyModelConfig, ModelConfigBase, ModelConfigFactory
from modelkeep.core.files import ModelFile
from modelkeep.core.metadata import BaseMetadata
from modelkeep.core.roots import Root, Roots
from modelkeep.core.taxonomy import RecordState
from modelkeep.errors import (
    DuplicateModelException,
    InvalidModelConfigException,
    StaleRecordError,
    UnknownModelException,
    UsageError,
)
from modelkeep.records.listing import FacetName, NewRecord, RecordFilter, SearchOrder
from modelkeep.records.service import ModelRecordServiceBase
from modelkeep.records.versions import record_version
from support.rounds import rounds

#: For tests that leave the store as it was for the next example.
FEW = settings(
    max_examples=rounds(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
ORDERS: tuple[SearchOrder, ...] = get_args(SearchOrder)


def lora(name: str, **fields: Any) -> dict[str, Any]:
    kind = {"type": "lora", "base": "sd-1", "format": "lycoris"}
    return {"name": name, "path": f"{name}.safetensors", **kind, **fields}


def new(key: str, *files: ModelFile, **fields: Any) -> NewRecord:
    config: ModelConfigBase = ModelConfigFactory.make_config(lora(key) | fields)
    return NewRecord(key, config, files)


def keys(found: list[AnyModelConfig]) -> list[str]:
    return [config.key for config in found]


def found(store: ModelRecordServiceBase, text: str, order: SearchOrder = "name") -> list[str]:
    return keys(store.page(RecordFilter(text=text), order=order).items)


def all_pages(
    store: ModelRecordServiceBase, where: RecordFilter, order: SearchOrder, limit: int
) -> list[str]:
    seen: list[str] = []
    after: str | None = None
    while True:
        page = store.page(where, order=order, limit=limit, after=after)
        assert len(page.items) <= limit
        seen += keys(page.items)
        if page.next is None:
            return seen
        assert len(page.items) == limit
        assert re.fullmatch(r"[A-Za-z0-9_-]+", page.next)
        after = page.next


@pytest.fixture
def mixed(store: ModelRecordServiceBase) -> ModelRecordServiceBase:
    """Return a catalogue of 60 records of three types, three bases and few names."""
    kinds = [("lora", "lycoris"), ("main", "checkpoint"), ("vae", "diffusers")]
    bases = ["sd-1", "sdxl", "flux"]
    store.add_models(
        new(
            f"k{number:02}",
            name=["same", "Same", "other", f"name {number % 7}"][number % 4],
            path=f"p{number}",
            type=kinds[number % 3][0],
            format=kinds[number % 3][1],
            base=bases[number % 5 % 3],
            size=None if number % 6 == 0 else number % 4 * 1000,
        )
        for number in range(60)
    )
    return store


# -- text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("style", ["a"]),
        ("detail slider", ["b"]),
        ("slider_detail", ["b"]),
        ("SLIDER.det", ["b"]),
        ("det-sli", ["b"]),
        ("lider", []),
        ("cafe", ["c"]),
        ("CAFÉ", ["c"]),
        ("Cafe\u0301", ["c"]),
        ("strasse", ["c"]),
        ("\uff23\uff21\uff26\uff25", ["c"]),
        ("한국", ["d"]),
        ("한국어", ["d"]),
        ("국어", []),
        ("水墨", ["d"]),
        ("墨画", []),
        ("portrait", ["a", "b"]),
        ("portrait anna", ["a"]),
        ("glowing eyes", ["b"]),
        ("jane", ["a"]),
        ("organisation", []),
    ],
)
def test_words_are_found_wherever_they_stand(
    store: ModelRecordServiceBase, text: str, expected: list[str]
) -> None:
    store.add_model("a", lora("Anna_style-v1.0", description="A portrait", source="organisation/x"))
    store.add_model("b", lora("detail.slider", trigger_phrases=["Glowing Eyes", "x"]))
    store.add_model("c", lora("Café Straße"))
    store.add_model("d", lora("한국어 水墨画"))
    said = BaseMetadata(name="no", author="Jane Doe", tags=set())
    store.metadata_store.add_metadata("a", said)
    store.metadata_store.add_metadata("b", replace_tags(said, author="x", tags={"Portraits"}))
    assert found(store, text) == expected
    assert sorted(found(store, text, "relevance")) == expected
    assert keys(store.search(text=text)) == expected
    assert store.count(RecordFilter(text=text)) == len(expected)


def replace_tags(said: BaseMetadata, **fields: Any) -> BaseMetadata:
    return said.model_copy(update=fields)


@pytest.mark.parametrize("text", ["", " ", "\t\n"])
def test_a_text_of_blanks_asks_for_nothing(store: ModelRecordServiceBase, text: str) -> None:
    store.add_model("a", lora("a"))
    assert found(store, text) == ["a"]
    assert found(store, text, "relevance") == ["a"]
    assert store.count(RecordFilter(text=text)) == 1


@pytest.mark.parametrize("text", ["%", "_", "'", '"', "*", "?", "_-.", "()", "\\", "\x00", "😀"])
def test_a_text_of_marks_is_found_as_it_stands(store: ModelRecordServiceBase, text: str) -> None:
    store.add_model("a", lora("a"))
    store.add_model("b", lora("b") | {"name": f"one {text}two"})
    where = RecordFilter(text=text)
    for order in ORDERS:
        assert found(store, text, order) == ["b"]
    assert found(store, f" {text} ") == ["b"]
    assert keys(store.search(text=text)) == ["b"]
    assert store.count(where) == 1
    assert store.facets(where, ["type", "tag"]).total == 1
    assert store.facets(where, ["type"]).counts["type"] == {"lora": 1}
    assert found(store, f"{text}{text}") == []


@pytest.mark.parametrize(
    "text",
    [
        'one" OR "two',
        "one OR two",
        "one NOT two",
        "NEAR(one two)",
        "name_words : one AND two",
        "{one two}",
        "^one + two",
        "one* two*",
        "((one) two",
        "one\x00two",
        "one😀two",
        "'; DROP TABLE mk_model; -- one two",
    ],
)
def test_nothing_in_a_text_is_syntax(store: ModelRecordServiceBase, text: str) -> None:
    store.add_model("a", lora("one"))
    store.add_model("b", lora("two"))
    others = "or not near name words and drop table mk model"
    store.add_model("c", lora("one two", description=others))
    assert found(store, text) == ["c"]


def test_a_text_may_be_long(store: ModelRecordServiceBase) -> None:
    words = [f"w{number}" for number in range(2000)]
    store.add_model("a", lora("a", description=" ".join(words)))
    assert found(store, " ".join(words)) == ["a"]
    assert found(store, " ".join([*words, "absent"])) == []
    assert found(store, "x" * 10_000) == []


@given(text=st.text(max_size=40))
@settings(
    max_examples=rounds(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_name_is_found_by_itself(store: ModelRecordServiceBase, text: str) -> None:
    if not text.strip():
        return
    store.add_model("k", lora(text, path="p"))
    try:
        assert found(store, text) == ["k"]
        assert found(store, text, "relevance") == ["k"]
    finally:
        store.del_model("k")


def test_relevance_puts_names_first_then_tags(store: ModelRecordServiceBase) -> None:
    filler = "some more words to read here"
    store.add_model("in text", lora("a", description=f"dragon {filler}"))
    store.add_model("in tags", lora("b", description=filler))
    store.add_model("in name", lora("z dragon", description=filler))
    for number in range(10):
        store.add_model(f"o{number}", lora(f"other {number}", description=filler))
    store.metadata_store.set_tags("in tags", ["dragon"])
    assert found(store, "dragon", "relevance") == ["in name", "in tags", "in text"]
    assert found(store, "dragon", "name") == ["in text", "in tags", "in name"]


def test_text_follows_every_change(store: ModelRecordServiceBase) -> None:
    store.add_model("k", lora("before", path="p", description="old"))
    store.update_model("k", {"name": "after", "description": "new"})
    assert [found(store, text) for text in ("before", "old", "after", "new")] == [
        [],
        [],
        ["k"],
        ["k"],
    ]
    said = BaseMetadata(name="n", author="ann", tags={"one"})
    store.metadata_store.add_metadata("k", said)
    store.metadata_store.set_tags("k", ["mine"])
    assert found(store, "ann one mine") == ["k"]
    store.metadata_store.update_metadata("k", replace_tags(said, author="bob", tags={"two"}))
    assert [found(store, text) for text in ("ann", "one", "bob two mine")] == [[], [], ["k"]]
    store.metadata_store.set_tags("k", [])
    assert found(store, "mine") == []
    store.del_model("k")
    assert found(store, "after") == []
    store.add_model("k", lora("before"))
    assert [found(store, text) for text in ("before", "bob", "two", "after")] == [["k"], [], [], []]


# -- pages


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    "where",
    [
        RecordFilter(),
        RecordFilter(types=("lora",)),
        RecordFilter(types=("lora",), bases=("sd-1",)),
        RecordFilter(bases=("sd-1", "flux"), formats=("diffusers",)),
        RecordFilter(text="same"),
        RecordFilter(text="na", types=("main", "vae")),
        RecordFilter(states=("present",), roots=("models",)),
    ],
    ids=repr,
)
def test_pages_are_the_whole_list_once(
    mixed: ModelRecordServiceBase, order: SearchOrder, where: RecordFilter
) -> None:
    whole = keys(mixed.page(where, order=order, limit=1000).items)
    assert len(whole) == len(set(whole)) == mixed.count(where) > 0
    for limit in (1, 7, len(whole)):
        assert all_pages(mixed, where, order, limit) == whole
    assert keys(list(mixed.each(where, order=order))) == whole


@pytest.mark.parametrize("order", [order for order in ORDERS if order != "relevance"])
def test_orders(mixed: ModelRecordServiceBase, order: SearchOrder) -> None:
    items = mixed.page(RecordFilter(), order=order, limit=1000).items

    def rank(config: AnyModelConfig) -> tuple[Any, ...]:
        first: dict[str, tuple[Any, ...]] = {
            "name": (),
            "size": (config.size is None, -(config.size or 0)),
            "date": (-mixed.created_at(config.key),),
            "type": (config.type,),
            "base": (config.base,),
        }
        return (*first[order], config.name.casefold(), config.name, config.key)

    assert items == sorted(items, key=rank)


@pytest.mark.parametrize("order", ORDERS)
def test_a_cursor_outlives_changes(mixed: ModelRecordServiceBase, order: SearchOrder) -> None:
    where = RecordFilter(text="same") if order == "relevance" else RecordFilter()
    whole = keys(mixed.page(where, order=order, limit=1000).items)
    first = mixed.page(where, order=order, limit=9)
    for key in whole[7:11]:  # the record that the cursor names is among them
        mixed.del_model(key)
    late = lora("later", size=0, type="vae", format="checkpoint", description="same")
    mixed.add_model("later", late)
    rest = all_pages_after(mixed, where, order, first.next)
    assert [key for key in rest if key != "later"] == whole[11:]


def all_pages_after(
    store: ModelRecordServiceBase, where: RecordFilter, order: SearchOrder, after: str | None
) -> list[str]:
    seen: list[str] = []
    while after is not None:
        page = store.page(where, order=order, limit=4, after=after)
        seen += keys(page.items)
        after = page.next
    return seen


def test_nonsense_is_refused(mixed: ModelRecordServiceBase) -> None:
    cursor = mixed.page(RecordFilter(), limit=5).next
    assert cursor is not None
    wrong: list[dict[str, Any]] = [
        {"limit": 0},
        {"limit": -1},
        {"order": "weight"},
        {"after": ""},
        {"after": "nonsense"},
        {"after": "é"},
        {"after": "W10"},
        {"after": cursor + "x"},
        {"after": cursor, "order": "size"},
        {"after": "[" * 10_000},
    ]
    for asked in wrong:
        with pytest.raises(UsageError) as caught:
            mixed.page(RecordFilter(), **asked)
        assert caught.value.hint


@given(after=st.text(max_size=60))
@settings(
    max_examples=rounds(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_text_is_a_cursor_or_refused(store: ModelRecordServiceBase, after: str) -> None:
    with pytest.raises(UsageError):
        store.page(RecordFilter(), after=after)


# -- counting


def test_facets_count_what_choosing_another_value_would_give(
    mixed: ModelRecordServiceBase,
) -> None:
    where = RecordFilter(text="same", types=("lora",), bases=("sd-1", "flux"))
    counted = mixed.facets(where)
    assert counted.total == mixed.count(where) > 0
    for name, field in (("type", "types"), ("base", "bases"), ("format", "formats")):
        for value, number in counted.counts[name].items():
            changed: dict[str, Any] = {field: (value,)}
            there = replace(where, **changed)
            assert mixed.count(there) == number > 0, (name, value)
    assert len(counted.counts["type"]) > 1
    assert counted.counts["root"] == {"models": counted.total}
    assert counted.counts["state"] == {"present": counted.total}
    assert counted.counts["tag"] == {}


def test_facets_of_all_and_of_nothing(mixed: ModelRecordServiceBase) -> None:
    assert mixed.facets(RecordFilter(), ()).counts == {}
    everything = mixed.facets(RecordFilter(), ("base", "type"))
    assert everything.total == 60
    assert everything.counts["type"] == {"lora": 20, "main": 20, "vae": 20}
    assert sum(everything.counts["base"].values()) == 60
    nothing = mixed.facets(RecordFilter(text="nobody"), ("type", "tag"))
    assert (nothing.total, nothing.counts) == (0, {"type": {}, "tag": {}})
    with pytest.raises(UsageError):
        mixed.facets(RecordFilter(), ["weight"])  # type: ignore[list-item]


def test_tags_are_counted_once_whoever_gave_them(store: ModelRecordServiceBase) -> None:
    for key in "abc":
        store.add_model(key, lora(key))
    store.metadata_store.add_metadata("a", BaseMetadata(name="n", author="", tags={"x", "y"}))
    store.metadata_store.set_tags("a", ["x"])
    store.metadata_store.set_tags("b", ["x"])
    assert store.facets(RecordFilter(), ["tag"]).counts["tag"] == {"x": 2, "y": 1}
    assert store.facets(RecordFilter(tags=("y",)), ["tag"]).counts["tag"] == {"x": 2, "y": 1}
    assert store.facets(RecordFilter(text="b"), ["tag"]).counts["tag"] == {"x": 1}
    assert store.count(RecordFilter(tags=("x",))) == 2
    assert store.count(RecordFilter(tags=("x", "y", "x"))) == 1
    assert store.count(RecordFilter(tags=("x", "z"))) == 0


# -- many at once


def test_many_records_are_added_together(store: ModelRecordServiceBase) -> None:
    file = ModelFile("f", 1, 2, 3, root="models")
    added = store.add_models([new("b", file), new("a")])
    assert keys(added) == ["b", "a"]
    assert [store.get_model(key) for key in "ba"] == added
    assert store.files("b") == [file]
    assert store.add_models([]) == []


@pytest.mark.parametrize(
    "twice",
    [
        new("old"),
        new("n2", path="old.safetensors"),
        new("n2", path="n0.safetensors"),
        new("n0", path="elsewhere"),
        new("n2", ModelFile("old file", 1, 2, 3, root="models")),
        new("n2", ModelFile("n0 file", 1, 2, 3, root="models")),
    ],
    ids=["key", "path", "path among them", "key among them", "file", "file among them"],
)
def test_all_are_added_or_none(store: ModelRecordServiceBase, twice: NewRecord) -> None:
    store.add_models([new("old", ModelFile("old file", 1, 2, 3, root="models"))])
    first = new("n0", ModelFile("n0 file", 1, 2, 3, root="models"))
    with pytest.raises(DuplicateModelException) as caught:
        store.add_models([first, new("n1"), twice])
    assert caught.value.hint
    assert keys(store.all_models()) == ["old"]
    assert len(store.find_files()) == 1
    assert found(store, "n0") == []


def test_one_record_that_cannot_be_stored_keeps_all_out(store: ModelRecordServiceBase) -> None:
    with pytest.raises(InvalidModelConfigException):
        store.add_models([new("fine"), NewRecord("\ud800", new("odd").config)])
    assert store.all_models() == []


# -- states, tags by hand


def test_states_are_kept_and_filtered(store: ModelRecordServiceBase) -> None:
    store.add_models([new("a"), new("b"), new("c")])
    missing, changed = RecordState.MISSING, RecordState.CHANGED
    store.set_states({"a": missing, "b": changed, "nobody": missing})
    assert [store.get_model(key).state for key in "abc"] == [missing, changed, RecordState.PRESENT]
    assert keys(store.page(RecordFilter(states=("missing",))).items) == ["a"]
    assert keys(store.page(RecordFilter(states=("missing", "changed"))).items) == ["a", "b"]
    assert store.facets(RecordFilter(states=("missing",)), ["state"]).counts["state"] == {
        "missing": 1,
        "changed": 1,
        "present": 1,
    }
    store.update_model("a", {"name": "renamed"})
    assert store.get_model("a").state is missing
    store.set_states({"a": RecordState.PRESENT})
    assert store.get_model("a").state is RecordState.PRESENT


def test_tags_by_hand_stand_beside_those_of_the_site(store: ModelRecordServiceBase) -> None:
    store.add_models([new("a"), new("b")])
    tags, said = store.metadata_store, BaseMetadata(name="n", author="", tags={"both", "site"})
    tags.add_metadata("a", said)
    given = tags.set_tags("a", [" both ", "hand", "", " "])
    assert (given.site, given.hand) == (frozenset({"both", "site"}), frozenset({"both", "hand"}))
    assert tags.tags("a") == given
    assert tags.tags("b").all == frozenset()
    assert store.list_tags() == {"both", "site", "hand"}
    assert keys(store.search_by_tag(["site", "hand", "both"])) == ["a"]
    tags.update_metadata("a", replace_tags(said, tags={"new"}))
    assert tags.tags("a").site == {"new"}
    assert tags.tags("a").hand == {"both", "hand"}
    assert tags.set_tags("a", []).hand == frozenset()
    assert store.list_tags() == {"new"}
    assert store.list_models().items[0].tags == {"new"}
    with pytest.raises(UnknownModelException, match="nobody"):
        tags.tags("nobody")
    with pytest.raises(UnknownModelException, match="nobody"):
        tags.set_tags("nobody", ["x"])
    store.del_model("a")
    assert store.list_tags() == set()


# -- roots


def rooted(path: str) -> Roots:
    return Roots({"comfy": Root("comfy", Path(path))})


def test_paths_follow_their_root(store: ModelRecordServiceBase) -> None:
    store.roots = rooted("/mnt/one")
    file = ModelFile("/mnt/one/loras/a.safetensors", 1, 2, 3)
    added = store.add_model("a", lora("a", path="/mnt/one/loras/a.safetensors"), [file])
    store.add_model("b", lora("b", path="/elsewhere/b"))
    assert (added.root, store.get_model("a").root) == ("comfy", "comfy")
    assert store.get_model("b").root == ""
    assert store.files("a")[0].root == "comfy"
    assert keys(store.page(RecordFilter(roots=("comfy",))).items) == ["a"]
    assert keys(store.page(RecordFilter(roots=("",))).items) == ["b"]
    assert store.facets(RecordFilter(), ["root"]).counts["root"] == {"comfy": 1, "": 1}

    store.roots = rooted("/media/two")
    assert store.get_model("a").path == "/media/two/loras/a.safetensors"
    assert store.files("a")[0].path == "/media/two/loras/a.safetensors"
    assert keys(store.search_by_path("/media/two/loras/a.safetensors")) == ["a"]
    assert store.search_by_path("/mnt/one/loras/a.safetensors") == []
    assert [file.path for _, file in store.find_files()] == ["/media/two/loras/a.safetensors"]
    with pytest.raises(DuplicateModelException, match=r"/media/two/loras/a"):
        store.add_model("c", lora("c", path="/media/two/loras/a.safetensors"))
    assert store.rename_model("a", "renamed").path == "/media/two/loras/a.safetensors"
    store.roots = Roots()


def test_a_root_that_is_gone_takes_nothing_along(store: ModelRecordServiceBase) -> None:
    store.roots = rooted("/mnt/one")
    file = ModelFile("/mnt/one/a", 1, 2, 3)
    store.add_model("a", lora("a", path="/mnt/one/a"), [file])
    store.roots = Roots()
    assert store.get_model("a").path == "comfy:/a"
    assert keys(store.search_by_path("comfy:/a")) == ["a"]
    store.update_model("a", {"description": "changed"})
    store.set_files("a", store.files("a"))
    store.roots = rooted("/media/two")
    assert store.get_model("a").path == "/media/two/a"
    assert store.files("a")[0].path == "/media/two/a"
    store.roots = Roots()


def test_a_root_is_registered_around_what_is_there(store: ModelRecordServiceBase) -> None:
    store.add_model("a", lora("a", path="/mnt/one/a"))
    store.roots = rooted("/mnt/one")
    assert keys(store.search_by_path("/mnt/one/a")) == ["a"]
    with pytest.raises(DuplicateModelException):
        store.add_model("b", lora("b", path="/mnt/one/a"))


def test_each_file_gives_all_in_order(store: ModelRecordServiceBase) -> None:
    store.roots = rooted("/mnt/one")
    names = [f"{number:04}" for number in range(2300)]
    mine = [ModelFile(name, 1, 2, 3, root="models") for name in reversed(names)]
    store.add_models([new("a", *mine), new("b", ModelFile("/mnt/one/x", 1, 2, 3))])
    every = list(store.each_file())
    assert [file.path for _, file in every] == ["/mnt/one/x", *names]
    assert [file.path for _, file in store.each_file("models")] == names
    assert [(key, file.path) for key, file in store.each_file("comfy")] == [("b", "/mnt/one/x")]
    assert list(store.each_file("nobody")) == []
    sizes = {root: sum(f.size for _, f in store.each_file(root)) for root in ("models", "comfy")}
    assert store.bytes_by_root() == sizes
    store.roots = Roots()


# -- where models come from, and whether they are used


def test_origins_are_counted_and_chosen_by(store: ModelRecordServiceBase) -> None:
    store.add_models(
        [
            new("a", source="org/name", size=5, lineage="pony"),
            new("b", source="civitai:1", size=6_000_000_000, type="vae", format="checkpoint"),
            new("c", lineage="pony", path="c"),
        ]
    )
    store.note_loaded({"a": 5.5, "nobody": 1.0})
    store.note_loaded({"a": 4.0})
    assert (store.loaded_at("a"), store.loaded_at("b")) == (5.5, None)
    names: list[FacetName] = ["site", "licence", "lineage", "size", "used"]
    assert store.facets(RecordFilter(), names).counts == {
        "site": {"huggingface": 1, "civitai": 1, "": 1},
        "licence": {"": 3},
        "lineage": {"pony": 2, "": 1},
        "size": {"tiny": 1, "large": 1, "": 1},
        "used": {"loaded": 1, "never": 2},
    }
    where = RecordFilter(types=("lora",), lineages=("pony",), used=("never",))
    assert keys(store.page(where).items) == ["c"]
    counted = store.facets(where, ["used", "type", "lineage"])
    assert (counted.total, counted.counts["used"]) == (1, {"loaded": 1, "never": 1})
    assert counted.counts["type"] == {"lora": 1}
    store.update_model("a", {"name": "renamed"})
    assert store.loaded_at("a") == 5.5
    with pytest.raises(UnknownModelException):
        store.loaded_at("nobody")


def test_models_are_found_by_their_hashes(store: ModelRecordServiceBase) -> None:
    one = ModelFile("f1", 1, 2, 3, sha256="ab" * 32, blake3="cd" * 32)
    two = ModelFile("f2", 1, 2, 3, sha256="ab" * 5 + "00" * 27)
    store.add_models([new("a", one, original_hash="0123456789abcdef"), new("b", two), new("c")])

    def by(text: str, **more: Any) -> list[str]:
        return keys(store.page(RecordFilter(hash=text, **more)).items)

    assert by("ab" * 32) == by("AB" * 32) == by("cd" * 32) == by("cd" * 4) == ["a"]
    assert by("0123456789abcdef") == ["a"]
    assert by("ab" * 5) == ["a", "b"]
    assert by("ab" * 5, bases=("flux",)) == by("ff" * 8) == []
    assert store.count(RecordFilter(hash="ab" * 5)) == 2


def test_stored_json_says_the_same_as_records(mixed: ModelRecordServiceBase) -> None:
    where = RecordFilter(bases=("sd-1", "flux"))
    page = mixed.page_json(where, order="size", limit=7)
    same = mixed.page(where, order="size", limit=7)
    assert page.next == same.next
    assert list(map(json.loads, page.items)) == [config.to_json() for config in same.items]
    assert json.loads(mixed.get_json("k05")) == mixed.get_model("k05").to_json()
    everything = [json.loads(record) for record in mixed.each_json(RecordFilter())]
    assert everything == [config.to_json() for config in mixed.all_models()]
    named = [json.loads(record)["key"] for record in mixed.each_json(where, name="same")]
    assert named == [c.key for c in mixed.all_models() if c.name == "same" and c.base != "sdxl"]
    with pytest.raises(UnknownModelException):
        mixed.get_json("nobody")


@pytest.mark.parametrize("order", ORDERS)
def test_pages_of_json_are_the_pages_of_records(
    mixed: ModelRecordServiceBase, order: SearchOrder
) -> None:
    mixed.add_models(
        [
            new("quoted", name='a "b" \\ c', path='q/"1" \\ \t.bin', size=1000),
            new("elsewhere", name="x", path="/mnt/x.bin"),
            new("lookalike", name="y", path="./disk:/y.bin"),
            new("\u00e9\n", name="two\nlines", path="caf\u00e9\n\u2028.bin"),
        ]
    )
    for where in (RecordFilter(), RecordFilter(types=("lora",)), RecordFilter(types=("clip",))):
        after: str | None = None
        while True:
            page = mixed.page_json(where, order=order, limit=5, after=after)
            same = mixed.page(where, order=order, limit=5, after=after)
            assert [json.loads(item) for item in page.items] == [c.to_json() for c in same.items]
            assert page.next == same.next
            after = page.next
            if after is None:
                break


def test_a_change_can_ask_for_what_was_seen(store: ModelRecordServiceBase) -> None:
    store.add_model("a", lora("a"))
    seen = frozenset([record_version(store.get_json("a"))])
    store.update_model("a", {"description": "first"}, seen=seen)
    with pytest.raises(StaleRecordError):
        store.update_model("a", {"description": "second"}, seen=seen)
    assert store.get_model("a").description == "first"
