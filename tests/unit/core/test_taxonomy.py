from __future__ import annotations

import copy
import json
import pickle
from enum import Enum
from typing import Any

import pytest
from pydantic import TypeAdapter

from modelkeep.core.taxonomy import (
    BaseModelType,
    ModelFormat,
    ModelType,
    ModelVariantType,
    SubModelType,
    type_from_words,
    type_label,
)

OPEN = [BaseModelType, ModelVariantType, SubModelType]


@pytest.mark.parametrize("kind", OPEN)
class TestOpenSets:
    def test_a_new_word_is_a_member_that_is_not_listed(
        self, kind: type[BaseModelType | ModelVariantType | SubModelType]
    ) -> None:
        word = kind("brand-new.2")
        assert isinstance(word, kind)
        assert (word.value, word.name, str(word)) == ("brand-new.2",) * 3
        assert word not in list(kind)

    def test_equal_words_are_equal_and_hash_alike(
        self, kind: type[BaseModelType | ModelVariantType | SubModelType]
    ) -> None:
        assert kind("new-a") == kind("new-a") == "new-a"
        assert len({kind("new-a"), kind("new-a"), kind("new-b")}) == 2

    def test_they_travel(self, kind: type[BaseModelType | ModelVariantType | SubModelType]) -> None:
        for word in (kind("new-a"), next(iter(kind))):
            assert pickle.loads(pickle.dumps(word)) == word  # noqa: S301 - written on this line
            assert copy.copy(word) == copy.deepcopy(word) == word
            assert type(copy.deepcopy(word)) is kind
            assert json.loads(json.dumps([word])) == [word.value]
            adapter: TypeAdapter[object] = TypeAdapter(kind)
            assert adapter.validate_json(adapter.dump_json(word)) == word

    @pytest.mark.parametrize(
        "word", ["", "Upper", "with space", "../up", "a" * 65, "-a", "\u00fcber", "a/b", 7, None]
    )
    def test_what_is_no_word_is_refused(
        self, kind: type[BaseModelType | ModelVariantType | SubModelType], word: Any
    ) -> None:
        with pytest.raises(ValueError, match="is not a valid"):
            kind(word)


@pytest.mark.parametrize("kind", [ModelType, ModelFormat])
def test_closed_sets_are_closed(kind: type[Enum]) -> None:
    with pytest.raises(ValueError, match="brand-new"):
        kind("brand-new")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("lora", ModelType.Lora), ("LoRA", ModelType.Lora), ("LoCon", ModelType.Lora),
        ("DoRA", ModelType.Lora), ("LyCORIS", ModelType.Lora),
        ("Checkpoint", ModelType.Main), ("checkpoint", ModelType.Main), ("main", ModelType.Main),
        ("TextualInversion", ModelType.TextualInversion),
        ("textual_inversion", ModelType.TextualInversion),
        ("embedding", ModelType.TextualInversion),
        ("Controlnet", ModelType.ControlNet), ("VAE", ModelType.Vae),
        ("IP-Adapter", ModelType.IPAdapter), ("Upscaler", ModelType.Upscaler),
        ("MotionModule", ModelType.MotionModule), ("Hypernetwork", ModelType.Hypernetwork),
        ("sofa", None), ("", None),
    ],
)  # fmt: skip
def test_words_for_types(text: str, meant: ModelType | None) -> None:
    assert type_from_words(text) is meant


def test_every_word_and_label_leads_back() -> None:
    for kind in ModelType:
        assert type_from_words(kind.value) is kind
        assert type_from_words(type_label(kind)) is kind


def test_people_see_their_words() -> None:
    assert type_label(ModelType.Main) == "Checkpoint"
    assert type_label(ModelType.Lora) == "LoRA"
