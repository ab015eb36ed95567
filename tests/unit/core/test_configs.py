from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from modelkeep import (
    Evidence,
    InvalidModelConfigException,
    LoRAConfig,
    MainCheckpointConfig,
    ModelConfigBase,
    ModelConfigFactory,
    ModelFormat,
    ModelKeepError,
    ModelSummary,
    ModelType,
    ONNXSD1Config,
    ONNXSD2Config,
    RecordError,
)
from modelkeep.core.configs import NO_KEY, new_key

make = ModelConfigFactory.make_config

#: type, format, base -> class
CLASSES = [
    ("main", "checkpoint", "sd-1", "MainCheckpointConfig"),
    ("main", "gguf_quantized", "flux", "MainCheckpointConfig"),
    ("main", "bnb_quantized_nf4b", "flux", "MainCheckpointConfig"),
    ("main", "diffusers", "sdxl", "MainDiffusersConfig"),
    ("onnx", "onnx", "sd-1", "ONNXSD1Config"),
    ("onnx", "olive", "sd-2", "ONNXSD2Config"),
    ("onnx", "onnx", "sdxl", "ONNXConfig"),
    ("vae", "checkpoint", "any", "VaeCheckpointConfig"),
    ("vae", "diffusers", "sdxl", "VaeDiffusersConfig"),
    ("controlnet", "checkpoint", "sd-1", "ControlNetCheckpointConfig"),
    ("controlnet", "diffusers", "sd-1", "ControlNetDiffusersConfig"),
    ("lora", "lycoris", "brand-new", "LoRAConfig"),
    ("lora", "diffusers", "sdxl", "LoRAConfig"),
    ("control_lora", "lycoris", "flux", "LoRAConfig"),
    ("embedding", "embedding_file", "sd-1", "TextualInversionConfig"),
    ("embedding", "embedding_folder", "sd-1", "TextualInversionConfig"),
    ("ip_adapter", "invokeai", "sd-1", "IPAdapterConfig"),
    ("clip_vision", "diffusers", "any", "CLIPVisionDiffusersConfig"),
    ("t2i_adapter", "diffusers", "sd-1", "T2IConfig"),
    ("t5_encoder", "gguf_quantized", "any", "PartConfig"),
    ("upscaler", "checkpoint", "any", "PartConfig"),
    ("unknown", "unknown", "unknown", "UnknownConfig"),
]


def lora(**more: Any) -> dict[str, Any]:
    return {"name": "n", "path": "p", "type": "lora", "format": "lycoris", "base": "sd-1", **more}


@pytest.mark.parametrize(("kind", "form", "base", "name"), CLASSES)
def test_the_class_follows_from_type_format_and_base(
    kind: str, form: str, base: str, name: str
) -> None:
    data = {"name": "n", "path": "p", "type": kind, "format": form, "base": base}
    config = make(data)
    assert type(config).__name__ == name
    assert (config.type, config.format, config.base) == (kind, form, base)
    again = make(config.to_json())
    assert again == config
    assert type(again) is type(config)


def test_every_class_is_made_by_something() -> None:
    assert {c.__name__ for c in ModelConfigFactory.CLASSES} == {name for *_, name in CLASSES}


def test_the_documents_names_are_the_same_fields() -> None:
    data = {"name": "n", "path": "p"}
    config = make({**data, "model_type": "lora", "model_format": "lycoris", "base_model": "sd-1"})
    assert config == make(lora())
    assert (config.model_type, config.model_format, config.base_model) == (
        config.type, config.format, config.base,
    )  # fmt: skip
    theirs = {**data, "model_format": "lycoris", "base_model": "sd-1"}
    assert LoRAConfig.model_validate(theirs) == config
    config.update({"base_model": "sdxl"})
    assert config.base == "sdxl"


def test_defaults_of_the_seed() -> None:
    config = make({"name": "n", "path": "p", "type": "main", "format": "checkpoint", "base": "x"})
    assert isinstance(config, MainCheckpointConfig)
    assert config.key == NO_KEY == "<NOKEY>"
    assert config.variant == "normal"
    assert config.ztsnr_training is False
    assert config.vae is None
    first = ONNXSD1Config(name="n", path="p", format=ModelFormat.Onnx)
    second = ONNXSD2Config(name="n", path="p", format=ModelFormat.Onnx)
    assert (first.prediction_type, first.upcast_attention) == ("epsilon", False)
    assert (second.prediction_type, second.upcast_attention) == ("v_prediction", True)


def test_keys() -> None:
    assert make(lora(), key="any string \u00fc/..").key == "any string \u00fc/.."
    assert make(lora(key="k")).key == "k"
    config = make(lora(key="k"))
    assert make(config) is config
    other = make(config, key="other")
    assert (other.key, config.key) == ("other", "k")
    assert len({new_key() for _ in range(99)}) == 99
    assert set(new_key()) <= set("0123456789abcdef")
    assert len(new_key()) == 32


def test_a_class_can_be_asked_for() -> None:
    assert type(make({"name": "n", "path": "p", "base": "sd-1"}, None, MainCheckpointConfig)) is (
        MainCheckpointConfig
    )
    with pytest.raises(InvalidModelConfigException, match="type"):
        make(lora(), dest_class=MainCheckpointConfig)


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (lora(type="sofa"), "type"),
        (lora(format="sofa"), "format"),
        (lora(format="checkpoint"), "format"),
        (lora(base="No Base!"), "base"),
        (lora(sofa=1), "sofa"),
        (lora(name=None), "name"),
        (lora(size="many"), "size"),
        ({"type": "lora", "format": "lycoris", "base": "sd-1", "path": "p"}, "name"),
        ({"name": "n", "path": "p", "base": "sd-1", "format": "lycoris"}, "type"),
        ({"name": "n", "path": "p", "base": "sd-1", "type": "lora"}, None),
        ({}, "type"),
    ],
)
def test_what_does_not_fit_has_one_error(data: dict[str, Any], field: str | None) -> None:
    if field is None:
        field = "format"
    with pytest.raises(InvalidModelConfigException) as caught:
        make(data)
    error = caught.value
    assert isinstance(error, ValidationError)
    assert isinstance(error, RecordError)
    assert isinstance(error, ModelKeepError)
    assert field in [line["loc"][0] for line in error.errors()]
    assert str(error).startswith("Invalid config: ")
    assert field in str(error)
    assert error.hint


def test_update_is_all_or_nothing() -> None:
    config: ModelConfigBase = make(lora(key="k", size=1))
    config.update({"name": "new", "size": 2})
    assert (config.name, config.size, config.key) == ("new", 2, "k")
    before = config.to_json()
    for change in ({"name": "x", "size": "many"}, {"sofa": 1}, {"format": "checkpoint"}):
        with pytest.raises(InvalidModelConfigException):
            config.update(change)
        assert config.to_json() == before


def test_assignment_is_checked() -> None:
    config = make(lora())
    config.name = "other"
    config.base = "sdxl"
    assert config.base.__class__.__name__ == "BaseModelType"
    with pytest.raises(ValidationError):
        config.type = "main"
    with pytest.raises(ValidationError):
        config.sofa = 1
    assert config.type is ModelType.Lora


def test_json_is_plain_and_evidence_comes_back() -> None:
    config = make(lora(evidence=[{"kind": "keys", "detail": "seen"}], fits=["dev", "brand-new"]))
    data = config.to_json()
    assert data["fits"] == ["dev", "brand-new"]
    assert type(data["type"]) is str
    assert data["evidence"] == [{"kind": "keys", "detail": "seen"}]
    assert make(data).evidence == (Evidence("keys", "seen"),)


def test_a_summary_says_the_least() -> None:
    summary = ModelSummary.of(make(lora(key="k")), {"a"})
    assert (summary.key, summary.name, summary.description, summary.tags) == ("k", "n", "", {"a"})
