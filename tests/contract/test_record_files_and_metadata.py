"""What every catalogue does with the files and the metadata of its records."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from modelkeep.core.configs import ModelConfigFactory
from modelkeep.core.files import ModelFile
from modelkeep.core.metadata import (
    BaseMetadata,
    CivitaiMetadata,
    HuggingFaceMetadata,
    LicenseRestrictions,
    RemoteModelFile,
)
from modelkeep.core.roots import MODELS_ROOT
from modelkeep.core.taxonomy import CommercialUsage
from modelkeep.errors import (
    DuplicateModelException,
    InvalidModelConfigException,
    UnknownMetadataException,
    UnknownModelException,
)
from modelkeep.records.listing import NewRecord
from modelkeep.records.metadata import AnyMetadata, ModelTags
from modelkeep.records.service import ModelRecordServiceBase
from support.shelf import record


def config(name: str) -> dict[str, Any]:
    kind = {"type": "lora", "base": "sd-1", "format": "lycoris"}
    return {"name": name, "path": f"{name}.safetensors", **kind}


def file(path: str, **fields: Any) -> ModelFile:
    known = {"size": 10, "mtime_ns": 1_700_000_000_123_456_789, "inode": 5, "root": MODELS_ROOT}
    return ModelFile(path=path, **{**known, **fields})


def said(name: str = "n", author: str = "someone", *tags: str) -> BaseMetadata:
    return BaseMetadata(name=name, author=author, tags=set(tags))


@pytest.fixture
def three(store: ModelRecordServiceBase) -> ModelRecordServiceBase:
    for key in ("a", "b", "c"):
        store.add_model(key, config(key))
    return store


class RatedMetadata(BaseMetadata):
    """What a program may make of metadata."""

    rating: int = 0


@pytest.mark.parametrize(
    "metadata",
    [
        RatedMetadata(name="n", author="a", tags=set(), rating=5),
        BaseMetadata(name="n", author="a", tags=set()).model_copy(update={"author": 5}),
        BaseMetadata(name="n", author="a", tags=set()).model_copy(update={"type": "own"}),
    ],
)
def test_metadata_that_could_not_be_read_again_is_not_stored(
    three: ModelRecordServiceBase, metadata: BaseMetadata
) -> None:
    three.metadata_store.add_metadata("a", said("before"))
    with pytest.raises(InvalidModelConfigException) as caught:
        three.metadata_store.add_metadata("b", metadata)
    assert caught.value.hint
    with pytest.raises(InvalidModelConfigException):
        three.metadata_store.update_metadata("a", metadata)
    assert three.list_all_metadata() == [("a", said("before"))]


# -- files


def test_files_come_with_their_record(store: ModelRecordServiceBase) -> None:
    mine = [
        file("z.bin", sha256="s" * 64, blake3="b" * 64, hashed_at=12.5),
        file("a.bin", inode=2**64 - 1, size=2**62),
    ]
    store.add_model("k", config("k"), files=iter(mine))
    assert store.files("k") == sorted(mine, key=lambda f: f.path)
    store.update_model("k", {"name": "renamed"})
    assert len(store.files("k")) == 2


def test_file_names_that_are_no_text_come_back(store: ModelRecordServiceBase) -> None:
    odd = file("folder/caf\udce9.bin")
    store.add_model("k", config("k"), files=[odd])
    assert store.files("k") == [odd]
    store.set_file_hashes("k", odd.path, sha256="1" * 64)
    assert store.files("k")[0].sha256 == "1" * 64


def test_a_record_without_files_has_none(three: ModelRecordServiceBase) -> None:
    assert three.files("a") == []


def test_a_file_belongs_to_one_record(store: ModelRecordServiceBase) -> None:
    store.add_model("k1", config("k1"), files=[file("same")])
    with pytest.raises(DuplicateModelException, match=r"same.*k1"):
        store.add_model("k2", config("k2"), files=[file("other"), file("same")])
    assert not store.exists("k2")
    assert store.find_files() == [("k1", file("same"))]
    store.add_model("k3", config("k3"), files=[file("same", root="")])
    store.set_files("k1", [file("same", size=11), file("new")])
    assert store.files("k1") == [file("new"), file("same", size=11)]
    with pytest.raises(DuplicateModelException, match=r"same.*k1"):
        store.set_files("k3", [file("same")])
    assert store.files("k3") == [file("same", root="")]


def test_hashes_are_noted(store: ModelRecordServiceBase) -> None:
    store.add_model("k", config("k"), files=[file("a"), file("b")])
    store.set_file_hashes("k", "a", blake3="b" * 64, hashed_at=7.0)
    store.set_file_hashes("k", "a", sha256="s" * 64, hashed_at=8.0)
    expected = replace(file("a"), blake3="b" * 64, sha256="s" * 64, hashed_at=8.0)
    assert store.files("k") == [expected, file("b")]
    store.set_file_hashes("k", "b", sha256="t" * 64)
    noted = store.files("k")[1].hashed_at
    assert noted is not None
    assert noted > expected.hashed_at  # type: ignore[operator]
    with pytest.raises(UnknownModelException, match=r"'k'.*'c'"):
        store.set_file_hashes("k", "c", sha256="u" * 64)


def test_find_files(store: ModelRecordServiceBase) -> None:
    one = file("1", size=1, blake3="b", sha256="s")
    two = file("2", size=1, blake3="c")
    three = file("3", size=3, sha256="s")
    store.add_model("k", config("k"), files=[one, two])
    store.add_model("m", config("m"), files=[three])
    assert store.find_files() == [("k", one), ("k", two), ("m", three)]
    assert store.find_files(size=1) == [("k", one), ("k", two)]
    assert store.find_files(sha256="s") == [("k", one), ("m", three)]
    assert store.find_files(size=1, sha256="s") == [("k", one)]
    assert store.find_files(blake3="c") == [("k", two)]
    assert store.find_files(blake3="c", size=3) == []


def test_deleting_a_record_frees_its_files(store: ModelRecordServiceBase) -> None:
    store.add_model("k", config("k"), files=[file("a")])
    store.del_model("k")
    assert store.find_files() == []
    store.add_model("m", config("m"), files=[file("a")])
    assert store.files("m") == [file("a")]


def test_a_record_and_its_files_change_together_or_not_at_all(
    three: ModelRecordServiceBase,
) -> None:
    three.set_files("b", [file("taken.bin")])
    three.set_files("a", [file("old.bin")])
    before = three.get_model("a")
    with pytest.raises(DuplicateModelException):
        three.update_model("a", {"path": "new"}, files=[file("new.bin"), file("taken.bin")])
    assert three.get_model("a") == before
    assert three.files("a") == [file("old.bin")]
    three.update_model("a", {"path": "new"}, files=[file("new.bin")])
    assert three.get_model("a").path == "new"
    assert three.files("a") == [file("new.bin")]
    three.update_model("a", {"path": "newer"})
    assert three.files("a") == [file("new.bin")]
    three.update_model("a", {}, files=[])
    assert three.files("a") == []


# -- metadata


def test_metadata_of_every_kind_comes_back_equal(three: ModelRecordServiceBase) -> None:
    day = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    listed = RemoteModelFile(url="https://example.org/f", path="f", size=3)
    kinds: dict[str, AnyMetadata] = {
        "a": said("n", "me", "x"),
        "b": HuggingFaceMetadata(
            name="repo",
            author="org",
            tags={"t2i"},
            id="org/repo",
            tag_dict={"license": "mit", "n": [1]},
            last_modified=day,
            files=[listed],
        ),
        "c": CivitaiMetadata(
            name="m",
            author="u",
            tags=set(),
            id=1,
            version_name="v",
            version_id=2,
            created=day,
            updated=day,
            published=day,
            description="<b>bold</b>",
            version_description="",
            restrictions=LicenseRestrictions(
                AllowCommercialUse={CommercialUsage.Image, CommercialUsage.Sell}
            ),
            trained_words={"w1", "w2"},
            download_url="https://example.org/d",
            base_model_trained_on="SDXL 1.0",
        ),
    }
    for key, metadata in kinds.items():
        three.metadata_store.add_metadata(model_key=key, metadata=metadata)
        assert three.get_metadata(key) == metadata
        assert three.metadata_store.get_metadata(key) == metadata
    assert three.list_all_metadata() == list(kinds.items())
    assert three.metadata_store.list_all_metadata() == list(kinds.items())


def test_new_records_bring_metadata_and_tags(store: ModelRecordServiceBase) -> None:
    def new(key: str, **fields: Any) -> NewRecord:
        return NewRecord(key, ModelConfigFactory.make_config(config(key)), **fields)

    store.add_models([
        new("a", metadata=said("n", "me", "site"), tags=(" by hand ", " ")),
        new("b", tags=("by hand",)),
        new("c"),
    ])  # fmt: skip
    assert store.get_metadata("a") == said("n", "me", "site")
    tags = store.metadata_store.tags
    assert tags("a") == ModelTags(frozenset({"site"}), frozenset({"by hand"}))
    assert tags("b") == ModelTags(hand=frozenset({"by hand"}))
    assert tags("c") == ModelTags()
    assert [model.key for model in store.search_by_metadata_tag(["by hand"])] == ["a", "b"]
    with pytest.raises(DuplicateModelException):
        store.add_models([new("d", tags=("lost",)), new("a")])
    assert "lost" not in store.metadata_store.list_tags()


def test_metadata_needs_a_record_and_comes_once(three: ModelRecordServiceBase) -> None:
    metadata = three.metadata_store
    with pytest.raises(UnknownMetadataException, match="'z'"):
        metadata.add_metadata("z", said())
    with pytest.raises(UnknownMetadataException, match="'a'"):
        metadata.get_metadata("a")
    with pytest.raises(UnknownMetadataException, match="'a'"):
        three.get_metadata("a")
    with pytest.raises(UnknownMetadataException, match="'a'"):
        metadata.update_metadata("a", said())
    metadata.add_metadata("a", said("first"))
    with pytest.raises(DuplicateModelException, match="'a'"):
        metadata.add_metadata("a", said("second"))
    assert metadata.get_metadata("a").name == "first"


def test_tags_are_searched_all_together(three: ModelRecordServiceBase) -> None:
    for key, tags in (("a", "x y"), ("b", "x z"), ("c", "Y % n\x00l")):
        three.metadata_store.add_metadata(key, said(key, "me", *tags.split()))

    def keys(*tags: str) -> tuple[set[str], set[str], set[str]]:
        return (
            three.metadata_store.search_by_tag(set(tags)),
            {config.key for config in three.search_by_tag(list(tags))},
            {config.key for config in three.search_by_metadata_tag(set(tags))},
        )

    assert keys("x") == ({"a", "b"},) * 3
    assert keys("x", "y") == ({"a"},) * 3
    assert keys("y", "z") == (set(),) * 3
    assert keys("n\x00l") == ({"c"},) * 3
    assert keys("%") == ({"c"},) * 3
    assert keys() == (set(),) * 3
    assert [c.key for c in three.search_by_tag(["x", "x"])] == ["a", "b"]
    assert [c.key for c in three.search(tags=["x", "z"])] == ["b"]
    assert [c.key for c in three.search(text="a", tags=iter(["x"]))] == ["a"]
    assert (
        three.list_tags() == three.metadata_store.list_tags() == {"x", "y", "z", "Y", "%", "n\x00l"}
    )


def test_very_many_tags(three: ModelRecordServiceBase) -> None:
    many = [f"tag {number} \" ' é" for number in range(33_000)]
    three.metadata_store.add_metadata("a", said("a", "me", *many))
    assert three.metadata_store.search_by_tag(set(many)) == {"a"}
    assert three.metadata_store.search_by_tag({*many, "no"}) == set()
    assert three.metadata_store.search_by_tag({many[7]}) == {"a"}
    assert three.list_models().items[0].tags == set(many)
    three.del_model("a")
    assert three.list_tags() == set()


def test_an_update_replaces_metadata_and_tags(three: ModelRecordServiceBase) -> None:
    metadata = three.metadata_store
    metadata.add_metadata("a", said("old", "me", "x", "y"))
    metadata.add_metadata("b", said("b", "me", "x"))
    new = said("new", "you", "y", "z")
    assert metadata.update_metadata("a", new) == new
    assert metadata.get_metadata("a") == new
    assert metadata.search_by_tag({"x"}) == {"b"}
    assert metadata.list_tags() == {"x", "y", "z"}
    assert metadata.search_by_name("old") == set()
    assert metadata.search_by_name("new") == {"a"}
    assert metadata.search_by_author("you") == {"a"}
    assert metadata.search_by_author("me") == {"b"}


def test_metadata_and_orphan_tags_go_with_the_record(three: ModelRecordServiceBase) -> None:
    three.metadata_store.add_metadata("a", said("a", "me", "x", "y"))
    three.metadata_store.add_metadata("b", said("b", "me", "x"))
    three.del_model("a")
    assert [key for key, _ in three.list_all_metadata()] == ["b"]
    assert three.list_tags() == {"x"}
    three.add_model("a", config("a"))
    with pytest.raises(UnknownMetadataException):
        three.get_metadata("a")
    three.metadata_store.add_metadata("a", said())
    assert three.search_by_tag(["x"])[0].key == "b"


def test_renaming_and_updating_keep_the_metadata(three: ModelRecordServiceBase) -> None:
    three.metadata_store.add_metadata("a", said("a", "me", "x"))
    three.rename_model("a", "A")
    three.update_model("a", {"description": "d"})
    assert three.get_metadata("a").name == "a"
    assert three.search_by_tag(["x"])[0].name == "A"


def test_lists_know_when_a_model_came_and_whether_its_picture_is_for_everybody(
    store: ModelRecordServiceBase,
) -> None:
    store.add_models(
        [record(name="a"), record(name="b", tags=["NSFW"]), record(name="c", nsfw=True)]
    )
    notes = store.notes_on(["a", "b", "c", "nothing"])
    assert {key: note.is_mature for key, note in notes.items()} == {
        "a": False,
        "b": True,
        "c": True,
    }
    assert notes["a"].created_at == store.created_at("a")
