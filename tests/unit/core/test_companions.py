"""Which models work together, by what is recorded of them."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from modelkeep.core.companions import PARTS, fit, order_of, types_for
from modelkeep.core.configs import ModelConfigBase, ModelConfigFactory
from modelkeep.core.identity import Evidence
from modelkeep.core.needs import NEEDS, encoder_named
from modelkeep.core.taxonomy import BaseModelType, ModelType

_FORMATS = {
    "lora": "lycoris",
    "control_lora": "lycoris",
    "embedding": "embedding_file",
}


def model(kind: str, base: str, name: str = "m", **fields: Any) -> ModelConfigBase:
    form = _FORMATS.get(kind, "checkpoint")
    made: ModelConfigBase = ModelConfigFactory.make_config(
        {"type": kind, "base": base, "format": form, "name": name, "path": name, **fields}
    )
    return made


def says(main: ModelConfigBase, part: ModelConfigBase) -> bool | None:
    """Say whether two work together; None where they do not."""
    found, reverse = fit(main, part), fit(part, main)
    assert found == reverse
    return found.is_certain if found is not None else None


@pytest.mark.parametrize(
    "kind",
    ["lora", "vae", "controlnet", "t2i_adapter", "ip_adapter", "embedding", "motion_module"],
)
def test_parts_go_with_main_models_of_their_base(kind: str) -> None:
    assert says(model("main", "sdxl"), model(kind, "sdxl")) is True
    assert says(model("main", "sd-1"), model(kind, "sdxl")) is None
    assert says(model("main", "unknown"), model(kind, "unknown")) is None
    assert says(model(kind, "sdxl"), model(kind, "sdxl")) is None
    assert says(model("main", "sdxl"), model("main", "sdxl")) is None


def test_an_adapter_for_some_variants() -> None:
    lora = model("lora", "flux2", fits=("klein-4b",))
    assert says(model("main", "flux2", variant="klein-4b"), lora) is True
    assert says(model("main", "flux2", variant="dev"), lora) is None
    assert says(model("main", "flux2", variant="normal"), lora) is False
    assert says(model("main", "flux2", variant="dev"), model("lora", "flux2")) is True


def test_vaes_of_other_bases() -> None:
    assert says(model("main", "z-image"), model("vae", "flux")) is True
    assert says(model("main", "sdxl-refiner"), model("vae", "sdxl")) is True
    assert says(model("main", "sdxl-refiner"), model("lora", "sdxl")) is None
    assert says(model("main", "flux"), model("vae", "z-image")) is None


@pytest.mark.parametrize(
    ("main", "kind", "name", "answer"),
    [
        ("flux", "clip_embed", "clip_l.safetensors", True),
        ("flux", "clip_embed", "clip_g", None),
        ("flux", "clip_embed", "my encoder", False),
        ("flux", "t5_encoder", "t5xxl_fp8_e4m3fn", True),
        ("flux", "t5_encoder", "umt5_xxl_fp8", None),
        ("wan", "t5_encoder", "umt5_xxl_fp8", True),
        ("wan", "t5_encoder", "t5xxl_fp16", None),
        ("wan", "clip_embed", "clip_l", None),
        ("qwen-image", "text_encoder", "qwen_2.5_vl_7b_fp8_scaled", True),
        ("qwen-image", "text_encoder", "qwen_3_4b", None),
        ("z-image", "text_encoder", "qwen_3_4b", True),
        ("z-image", "text_encoder", "my encoder", False),
        ("sd-3", "clip_embed", "clip_g", True),
        ("sdxl", "t5_encoder", "t5xxl_fp16", None),
        ("sdxl", "clip_vision", "CLIP-ViT-H-14-laion2B", True),
        ("sdxl", "clip_vision", "siglip-so400m", None),
        ("latte", "clip_vision", "anything", None),
        ("ideogram-4", "text_encoder", "anything", None),
    ],
)
def test_encoders_by_their_names(main: str, kind: str, name: str, answer: bool | None) -> None:
    assert says(model("main", main), model(kind, "any", name)) is answer


def test_encoders_by_width_and_lineage() -> None:
    narrow = Evidence("shapes", "the encoder's width is 768 (text_model.x)")
    wide = Evidence("shapes", "the encoder's width is 1280 (text_model.x)")
    refiner = model("main", "sdxl-refiner")
    assert says(refiner, model("clip_embed", "any", evidence=(wide,))) is True
    assert says(refiner, model("clip_embed", "any", "clip_g", evidence=(narrow,))) is None
    stated = model("text_encoder", "any", "x", lineage="qwen3-4b")
    assert says(model("main", "z-image"), stated) is True


def test_variants_have_encoders_of_their_own() -> None:
    small = model("text_encoder", "any", "qwen_3_4b")
    assert says(model("main", "flux2", variant="klein-4b"), small) is True
    assert says(model("main", "flux2", variant="dev"), small) is None


def test_the_same_lineage_comes_first_and_the_uncertain_last() -> None:
    main = model("main", "sdxl", lineage="pony")
    parts = [
        model("embedding", "sdxl", "a", lineage="pony"),
        model("lora", "sdxl", "b", lineage="pony"),
        model("lora", "sdxl", "c"),
        model("vae", "sdxl", "d"),
        model("lora", "sdxl", "e", lineage="illustrious"),
        model("clip_embed", "any", "f"),
    ]
    found = {part.name: fit(main, part) for part in parts}
    places = [order_of(main, part, how) for part in parts if (how := found[part.name]) is not None]
    assert len(places) == len(parts)
    ordered = sorted(zip(places, "abcdef", strict=True))
    assert [name for _, name in ordered] == ["b", "a", "c", "d", "e", "f"]


def test_every_pair_has_one_answer() -> None:
    bases = sorted({*NEEDS, "ideogram-4", "any", "unknown"})
    kinds = [kind for kind in ModelType if kind not in {ModelType.ONNX, ModelType.Unknown}]
    made = [model(kind, base) for kind in kinds for base in bases]
    for main, part in itertools.product((m for m in made if m.type is ModelType.Main), made):
        if says(main, part) is not None:
            assert part.type in types_for(main)
            lent = NEEDS[main.base].vae if main.base in NEEDS else ()
            assert part.base in {main.base, BaseModelType.Any, *lent}


def test_the_table_speaks_of_bases_and_encoders_that_exist() -> None:
    known = {base.value for base in BaseModelType}
    for base, needs in NEEDS.items():
        assert {base, *needs.vae} <= known
        for word in (*needs.text_of(""), *needs.vision):
            assert encoder_named(word) in {word, None}
    assert len(set(PARTS)) == len(PARTS)
