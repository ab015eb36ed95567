"""What every catalogue does with records, whatever keeps them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ConfigDict, ValidationError

from modelkeep.core.configs import (
    LoRAConfig,
    MainCheckpointConfig,
    MainDiffusersConfig,
    ONNXSD2Config,
    UnknownConfig,
    VaeCheckpointConfig,
)
from modelkeep.core.files import ModelFile
from modelkeep.core.identity import Evidence
from modelkeep.core.metadata import BaseMetadata
from modelkeep.core.taxonomy import (
    BaseModelType,
    ModelFormat,
    ModelRecordOrderBy,
    ModelType,
    ModelVariantType,
    RecordState,
    SchedulerPredictionType,
)
from modelkeep.errors import (
    DuplicateModelException,
    InvalidModelConfigException,
    ModelKeepError,
    RecordError,
    UnknownModelException,
    UsageError,
)
from modelkeep.records.service import ModelRecordServiceBase


def main(name: str, **fields: Any) -> dict[str, Any]:
    kind = {"type": "main", "base": "sdxl", "format": "checkpoint"}
    return {"name": name, "path": f"sdxl/main/{name}.safetensors", **kind, **fields}


def lora(name: str, **fields: Any) -> dict[str, Any]:
    kind = {"type": "lora", "base": "sd-1", "format": "lycoris"}
    return {"name": name, "path": f"sd-1/lora/{name}.safetensors", **kind, **fields}


def names(found: list[Any]) -> list[str]:
    return [config.name for config in found]


class RatedConfig(LoRAConfig):
    """What a program may make of a config: it has a field that nobody else knows."""

    rating: int = 0


class OpenConfig(LoRAConfig):
    """Takes any field."""

    model_config = ConfigDict(extra="allow")


# -- adding and getting


@pytest.mark.parametrize(
    "config",
    [
        RatedConfig(**lora("a"), rating=5),
        OpenConfig(**lora("a"), rating=5),
        LoRAConfig(**lora("a")).model_copy(update={"size": "much"}),
        LoRAConfig(**lora("a")).model_copy(update={"format": ModelFormat.Onnx}),
    ],
)
def test_what_could_not_be_read_again_is_not_stored(
    store: ModelRecordServiceBase, config: LoRAConfig
) -> None:
    store.add_model("old", lora("old"))
    with pytest.raises(InvalidModelConfigException) as caught:
        store.add_model("new", config)
    assert caught.value.hint
    with pytest.raises(InvalidModelConfigException):
        store.update_model("old", config)
    assert names(store.all_models()) == ["old"]


def test_a_class_of_a_program_without_fields_of_its_own(store: ModelRecordServiceBase) -> None:
    class Mine(LoRAConfig):
        """A LoRA."""

    store.add_model("k", Mine(**lora("a")))
    assert type(store.get_model("k")) is LoRAConfig


def test_a_dict_becomes_the_right_class_and_comes_back_equal(
    store: ModelRecordServiceBase,
) -> None:
    added = store.add_model("k1", main("A", variant="inpaint", size=7, description="x"))
    assert isinstance(added, MainCheckpointConfig)
    assert (added.key, added.variant) == ("k1", ModelVariantType.Inpaint)
    assert store.get_model("k1") == added
    assert type(store.get_model("k1")) is MainCheckpointConfig


def test_a_config_object_comes_back_equal_and_is_not_changed(
    store: ModelRecordServiceBase,
) -> None:
    config = LoRAConfig(
        name="style",
        path="a.safetensors",
        base=BaseModelType("some-new-base"),
        format=ModelFormat.Lycoris,
        fits=(ModelVariantType("odd"),),
        trigger_phrases=("one", "two"),
        evidence=(Evidence("keys", "because"),),
    )
    store.add_model("k", config)
    assert config.key == "<NOKEY>"
    assert store.get_model("k") == config.model_copy(update={"key": "k"})


def test_the_document_s_names_are_understood(store: ModelRecordServiceBase) -> None:
    fields = {"model_type": "vae", "base_model": "sd-2", "model_format": "checkpoint"}
    added = store.add_model("k", {"name": "v", "path": "v.pt", **fields})
    assert isinstance(added, VaeCheckpointConfig)
    assert store.get_model("k").base is BaseModelType.StableDiffusion2


@pytest.mark.parametrize(
    "key", ["", " ", "a/b", "é ü", "0" * 500, "'; DROP TABLE mk_model; --", "%_", "a\nb", "<NOKEY>"]
)
def test_any_string_is_a_key(store: ModelRecordServiceBase, key: str) -> None:
    store.add_model(key, main("from a dict"))
    assert store.get_model(key).key == key
    store.update_model(key, {"description": "changed"})
    assert store.get_model(key).key == key
    store.del_model(key)
    store.add_model(key, LoRAConfig(name="o", path="o", base=BaseModelType.Any, format="lycoris"))
    assert store.get_model(key).key == key


def test_a_taken_key_is_refused_and_named(store: ModelRecordServiceBase) -> None:
    store.add_model("k", main("first"))
    with pytest.raises(DuplicateModelException, match=r"key 'k'.*'first'") as caught:
        store.add_model("k", main("second"))
    assert caught.value.hint
    assert names(store.all_models()) == ["first"]


def test_a_taken_path_is_refused_and_its_owner_named(store: ModelRecordServiceBase) -> None:
    store.add_model("k1", main("first", path="same.ckpt"))
    with pytest.raises(DuplicateModelException, match=r"same\.ckpt.*'first'.*k1"):
        store.add_model("k2", main("second", path="same.ckpt"))
    assert not store.exists("k2")


def test_names_need_not_be_unique(store: ModelRecordServiceBase) -> None:
    store.add_model("k1", main("same", path="1"))
    store.add_model("k2", main("same", path="2"))
    assert len(store.search_by_name("same")) == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "main", "base": "sdxl", "format": "checkpoint"},
        {"name": "n", "path": "p"},
        main("n", type="nonsense"),
        main("n", format="lycoris"),
        main("n", size="many"),
        main("n", size=2**63),
        main("n", extra_field=1),
        main("n", path=None),
        main("a\udcff"),
        main("n", path="a\udcff"),
    ],
)
def test_a_dict_that_does_not_validate_is_refused(
    store: ModelRecordServiceBase, fields: dict[str, Any]
) -> None:
    with pytest.raises(InvalidModelConfigException) as caught:
        store.add_model("k", fields)
    assert isinstance(caught.value, ValidationError)
    assert isinstance(caught.value, RecordError)
    assert not store.exists("k")


def test_a_key_that_is_no_text_is_refused(store: ModelRecordServiceBase) -> None:
    config = LoRAConfig(name="o", path="o", base=BaseModelType.Any, format=ModelFormat.Lycoris)
    with pytest.raises(InvalidModelConfigException):
        store.add_model("\ud800", config)
    assert not store.exists("\ud800")


def test_an_unknown_key_is_named(store: ModelRecordServiceBase) -> None:
    config = UnknownConfig(name="n", path="p")
    calls: list[Any] = [
        lambda: store.get_model("nokey"),
        lambda: store.update_model("nokey", {"name": "n"}),
        lambda: store.update_model("nokey", config),
        lambda: store.rename_model("nokey", "n"),
        lambda: store.del_model("nokey"),
        lambda: store.created_at("nokey"),
        lambda: store.files("nokey"),
        lambda: store.set_files("nokey", []),
        lambda: store.set_file_hashes("nokey", "p"),
        lambda: store.get_metadata("nokey"),
    ]
    for call in calls:
        with pytest.raises(UnknownModelException, match="nokey") as caught:
            call()
        assert caught.value.hint
    assert store.exists("nokey") is False


def test_hostile_text_is_only_text(store: ModelRecordServiceBase) -> None:
    texts = [
        "a'b\"c",
        "%",
        "_",
        "\\",
        "x\x00y",
        "😀",
        "\u202e",
        "');--",
        "NULL",
        "\u00e9",
        "e\u0301",
    ]
    for number, text in enumerate(texts):
        added = store.add_model(
            f"k{number}", main(text, path=f"p/{text}", description=text, source=text)
        )
        assert store.get_model(f"k{number}") == added
        assert store.search_by_name(text) == [added]
        assert store.search_by_path(f"p/{text}") == [added]
    assert len(store.all_models()) == len(texts)


# -- changing


def test_a_sparse_update_changes_only_what_it_names(store: ModelRecordServiceBase) -> None:
    before = store.add_model("k", main("A", vae="v", description="d"))
    after = store.update_model("k", {"description": "new", "variant": "depth"})
    assert after == store.get_model("k")
    assert after == before.model_copy(
        update={"description": "new", "variant": ModelVariantType.Depth}
    )
    assert names(store.search(text="new")) == ["A"]


def test_an_update_cannot_change_the_key(store: ModelRecordServiceBase) -> None:
    store.add_model("k", main("A"))
    assert store.update_model("k", {"key": "other", "name": "B"}).key == "k"
    whole = MainDiffusersConfig(key="other", name="C", path="c", base=BaseModelType.Flux)
    assert store.update_model("k", whole).key == "k"
    assert [(c.key, c.name) for c in store.all_models()] == [("k", "C")]


def test_another_type_and_format_move_to_their_class(store: ModelRecordServiceBase) -> None:
    store.add_model("k", main("A", vae="v", variant="inpaint", description="kept"))
    moved = store.update_model("k", {"model_type": "vae"})
    assert type(moved) is VaeCheckpointConfig
    assert (moved.description, moved.base) == ("kept", BaseModelType.StableDiffusionXL)
    back = store.update_model("k", {"type": "main", "format": "diffusers"})
    assert type(back) is MainDiffusersConfig
    assert back.variant is ModelVariantType.Normal
    onnx = store.update_model("k", {"type": "onnx", "format": "onnx", "base": "sd-2"})
    assert type(onnx) is ONNXSD2Config
    assert onnx.prediction_type is SchedulerPredictionType.VPrediction
    assert names(store.search(types=["onnx"])) == ["A"]
    assert store.search(types=["main"]) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "lora"},
        {"format": "lycoris"},
        {"nonsense": 1},
        {"size": "x"},
        {"name": None},
        {"type": "vae", "variant": "inpaint"},
    ],
)
def test_an_update_that_does_not_validate_changes_nothing(
    store: ModelRecordServiceBase, changes: dict[str, Any]
) -> None:
    before = store.add_model("k", main("A"))
    with pytest.raises(InvalidModelConfigException):
        store.update_model("k", changes)
    assert store.get_model("k") == before


def test_an_update_to_a_taken_path_is_refused(store: ModelRecordServiceBase) -> None:
    store.add_model("k1", main("A", path="a"))
    store.add_model("k2", main("B", path="b"))
    with pytest.raises(DuplicateModelException, match=r"path a .*'A'.*k1"):
        store.update_model("k2", {"path": "a"})
    assert store.get_model("k2").path == "b"
    assert store.update_model("k2", {"path": "b", "name": "same path"}).name == "same path"


def test_renaming(store: ModelRecordServiceBase) -> None:
    store.add_model("k", main("A"))
    assert store.rename_model("k", "B").name == "B"
    assert store.search_by_name("A") == []
    assert names(store.search_by_name("B")) == ["B"]


def test_deleting_frees_key_and_path(store: ModelRecordServiceBase) -> None:
    store.add_model("k", main("A"))
    store.add_model("k2", main("B"))
    store.del_model("k")
    assert not store.exists("k")
    assert names(store.all_models()) == ["B"]
    store.add_model("k", main("A"))
    assert store.exists("k")


def test_created_at_stays_when_a_record_changes(store: ModelRecordServiceBase) -> None:
    before = time.time()
    store.add_model("k", main("A"))
    created = store.created_at("k")
    assert before <= created <= time.time()
    store.update_model("k", {"name": "B"})
    assert store.created_at("k") == created


# -- finding


@pytest.fixture
def filled(store: ModelRecordServiceBase) -> ModelRecordServiceBase:
    rows = [
        main("beta", size=10, original_hash="h1", description="A Fluffy cat", source="org/Repo"),
        main("Alpha", size=30, base="sd-1", original_hash="h1"),
        lora("gamma", size=20, description="fluffy dog"),
        lora("Ärger", description="100% of_it"),
        lora("alpha", base="sdxl", format="diffusers", size=5, original_hash="h2"),
    ]
    for number, row in enumerate(rows):
        store.add_model(f"key{number}", row)
    return store


def test_all_models_come_by_type_base_format_name(filled: ModelRecordServiceBase) -> None:
    expected = ["gamma", "Ärger", "alpha", "Alpha", "beta"]
    assert names(filled.all_models()) == expected
    assert filled.search_by_name() == filled.search_by_attr() == filled.all_models()


def test_attributes_are_combined(filled: ModelRecordServiceBase) -> None:
    sdxl, kind = BaseModelType.StableDiffusionXL, ModelType.Lora
    assert names(filled.search_by_name("alpha")) == ["alpha"]
    assert names(filled.search_by_name("alpha", sdxl, kind)) == ["alpha"]
    assert filled.search_by_name("alpha", BaseModelType.Flux, kind) == []
    assert names(filled.search_by_attr(base_model=sdxl)) == ["alpha", "beta"]
    assert names(filled.search_by_attr(model_type=kind)) == ["gamma", "Ärger", "alpha"]
    assert names(filled.search_by_attr(model_format=ModelFormat.Diffusers)) == ["alpha"]
    assert names(filled.search_by_attr(model_name="beta", model_type=ModelType.Main)) == ["beta"]


def test_one_model_by_name(filled: ModelRecordServiceBase) -> None:
    asked = (BaseModelType.StableDiffusionXL, ModelType.Main)
    assert filled.model_info_by_name("beta", *asked).key == "key0"
    with pytest.raises(UnknownModelException, match=r"sdxl main .*'nobody'"):
        filled.model_info_by_name("nobody", *asked)
    filled.add_model("twin", main("beta", path="elsewhere"))
    with pytest.raises(DuplicateModelException, match=r"key0.*twin"):
        filled.model_info_by_name("beta", *asked)


def test_search_by_path_compares_text(filled: ModelRecordServiceBase) -> None:
    path = "sdxl/main/beta.safetensors"
    assert names(filled.search_by_path(path)) == ["beta"]
    assert names(filled.search_by_path(Path(path))) == ["beta"]
    assert filled.search_by_path("sdxl/main/../main/beta.safetensors") == []
    assert filled.search_by_path("sdxl/main") == []


def test_search_by_hash_is_by_the_original_one(filled: ModelRecordServiceBase) -> None:
    filled.update_model("key0", {"current_hash": "h9"})
    assert names(filled.search_by_hash("h1")) == ["Alpha", "beta"]
    assert filled.search_by_hash("h9") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fluffy", ["beta", "gamma"]),
        ("FLUFFY cat", ["beta"]),
        ("cat fluff", ["beta"]),
        ("cat dog", []),
        ("org/repo", []),
        ("argeR", ["Ärger"]),
        ("ÄRGER", ["Ärger"]),
        ("%", []),
        ("00%", []),
        ("10% of_i", ["Ärger"]),
        ("_ '", []),
        ("x" * 100_000, []),
        ("", ["Alpha", "alpha", "beta", "gamma", "Ärger"]),
        ("  ", ["Alpha", "alpha", "beta", "gamma", "Ärger"]),
        (None, ["Alpha", "alpha", "beta", "gamma", "Ärger"]),
    ],
)
def test_text_search(filled: ModelRecordServiceBase, text: str | None, expected: list[str]) -> None:
    assert names(filled.search(text=text)) == expected


def test_search_filters(filled: ModelRecordServiceBase) -> None:
    assert names(filled.search(types=["main"])) == ["Alpha", "beta"]
    assert names(filled.search(types=[ModelType.Main, ModelType.Vae])) == ["Alpha", "beta"]
    assert names(filled.search(bases=["sd-1"], types=["lora"])) == ["gamma", "Ärger"]
    assert names(filled.search(formats=[ModelFormat.Diffusers, "onnx"])) == ["alpha"]
    assert names(filled.search(text="a", bases=["sdxl"], limit=1)) == ["alpha"]
    assert filled.search(limit=0) == []


def test_search_orders(filled: ModelRecordServiceBase) -> None:
    assert names(filled.search(order="name")) == ["Alpha", "alpha", "beta", "gamma", "Ärger"]
    assert names(filled.search(order="size")) == ["Alpha", "gamma", "beta", "alpha", "Ärger"]
    assert names(filled.search(order="type")) == ["alpha", "gamma", "Ärger", "Alpha", "beta"]
    assert names(filled.search(order="base")) == ["Alpha", "gamma", "Ärger", "alpha", "beta"]
    dated = filled.search(order="date")
    created = [filled.created_at(config.key) for config in dated]
    assert created == sorted(created, reverse=True)
    with pytest.raises(UsageError, match="weight"):
        filled.search(order="weight")  # type: ignore[arg-type]


def test_keys_with_prefix(store: ModelRecordServiceBase) -> None:
    for key in ["ab1", "ab2", "ab3", "AB4", "a%", "b"]:
        store.add_model(key, main(key))
    assert store.keys_with_prefix("ab") == ["ab1", "ab2"]
    assert store.keys_with_prefix("ab", limit=9) == ["ab1", "ab2", "ab3"]
    assert store.keys_with_prefix("a%") == ["a%"]
    assert store.keys_with_prefix("ab3") == ["ab3"]
    assert store.keys_with_prefix("c") == []
    assert len(store.keys_with_prefix("", limit=99)) == 6


# -- pages


def test_pages(filled: ModelRecordServiceBase) -> None:
    first = filled.list_models(page=0, per_page=2)
    assert (first.page, first.pages, first.per_page, first.total) == (0, 3, 2, 5)
    rest = [filled.list_models(page=number, per_page=2) for number in (1, 2, 3)]
    assert [len(page.items) for page in rest] == [2, 1, 0]
    seen = [item.name for page in (first, *rest) for item in page.items]
    assert seen == names(filled.all_models())


def test_a_summary_says_what_a_list_shows(filled: ModelRecordServiceBase) -> None:
    filled.metadata_store.add_metadata(
        "key0", BaseMetadata(name="n", author="a", tags={"cat", "sfw"})
    )
    items = {item.key: item for item in filled.list_models().items}
    summary = items["key0"]
    assert (summary.type, summary.base) == (ModelType.Main, BaseModelType.StableDiffusionXL)
    assert (summary.format, summary.name) == (ModelFormat.Checkpoint, "beta")
    assert (summary.description, summary.tags) == ("A Fluffy cat", {"cat", "sfw"})
    assert (items["key1"].description, items["key1"].tags) == ("", set())


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (ModelRecordOrderBy.Default, ["gamma", "Ärger", "alpha", "Alpha", "beta"]),
        (ModelRecordOrderBy.Type, ["gamma", "Ärger", "alpha", "Alpha", "beta"]),
        (ModelRecordOrderBy.Base, ["gamma", "Ärger", "Alpha", "alpha", "beta"]),
        (ModelRecordOrderBy.Name, ["alpha", "Alpha", "beta", "gamma", "Ärger"]),
        (ModelRecordOrderBy.Format, ["Alpha", "beta", "alpha", "gamma", "Ärger"]),
    ],
)
def test_page_orders(
    filled: ModelRecordServiceBase, order: ModelRecordOrderBy, expected: list[str]
) -> None:
    assert [item.name for item in filled.list_models(order_by=order).items] == expected


def test_an_empty_catalogue_has_no_pages(store: ModelRecordServiceBase) -> None:
    page = store.list_models()
    assert (page.page, page.pages, page.per_page, page.total, page.items) == (0, 0, 10, 0, [])
    assert store.all_models() == []
    assert store.search(text="x") == []


@pytest.mark.parametrize(("page", "per_page"), [(-1, 10), (0, 0), (0, -5)])
def test_impossible_pages_are_refused(
    store: ModelRecordServiceBase, page: int, per_page: int
) -> None:
    with pytest.raises(UsageError):
        store.list_models(page=page, per_page=per_page)


def test_numbers_beyond_64_bits_are_refused_as_ours(store: ModelRecordServiceBase) -> None:
    with pytest.raises(ModelKeepError):
        store.find_files(size=2**70)
    with pytest.raises(ModelKeepError):
        store.list_models(page=2**62, per_page=2**62)


def test_version(store: ModelRecordServiceBase) -> None:
    assert store.version() == "3.2"


def test_two_threads_can_write(store: ModelRecordServiceBase) -> None:
    failures: list[BaseException] = []
    start = threading.Barrier(2)

    def work(mark: str) -> None:
        try:
            start.wait()
            for number in range(25):
                key = f"{mark}{number}"
                store.add_model(key, main(key))
                store.metadata_store.add_metadata(
                    key, BaseMetadata(name=key, author=mark, tags={"all", mark})
                )
                store.rename_model(key, f"{key}x")
                assert store.get_model(key).name == f"{key}x"
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            failures.append(error)

    threads = [threading.Thread(target=work, args=(mark,)) for mark in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(store.search_by_tag(["all"])) == 50
    assert len(store.search_by_tag(["all", "a"])) == 25


# -- the change counter


def test_the_change_counter_moves_with_every_change(store: ModelRecordServiceBase) -> None:
    seen = [store.change_counter()]
    metadata = BaseMetadata(name="n", author="a", tags={"x"})
    changes: list[Callable[[], object]] = [
        lambda: store.add_model("k", main("A"), [ModelFile("f", 1, 2, 3)]),
        lambda: store.update_model("k", {"description": "d"}),
        lambda: store.metadata_store.add_metadata("k", metadata),
        lambda: store.metadata_store.set_tags("k", ["mine"]),
        lambda: store.set_file_hashes("k", "f", sha256="s"),
        lambda: store.set_states({"k": RecordState.MISSING}),
        lambda: store.set_files("k", []),
        lambda: store.del_model("k"),
    ]
    for change in changes:
        change()
        seen.append(store.change_counter())
        store.all_models()
        store.list_models()
        assert not store.exists("nokey")
        assert store.change_counter() == seen[-1]
    assert len(set(seen)) == len(changes) + 1


def test_records_are_found_by_the_beginning_of_their_source(
    store: ModelRecordServiceBase,
) -> None:
    for number, source in enumerate(("org/one@c:fp16", "org/one-two", "org/ones", "org/two", None)):
        store.add_model(f"k{number}", lora(f"m{number}", source=source))
    found = store.search_by_source("org/one")
    assert sorted(names(found)) == ["m0", "m1", "m2"]
    assert store.search_by_source("org/%") == []
