"""What is told beside type, base and format."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from modelkeep.core.identity import Identification
from modelkeep.identification.engine import identify
from sample_models import (
    REFINER,
    SD1,
    SD2,
    SDXL,
    Shapes,
    UNet,
    checkpoint,
    diffusers_unet,
    flux_transformer,
    ldm_unet,
    typed,
    write_safetensors,
)
from unit.identification.cases import flux_config, flux_folder, flux_lora, kohya, pipeline


def _file(shapes: Shapes, root: Path, name: str = "some-model", **metadata: str) -> Identification:
    return identify(write_safetensors(root / f"{name}.safetensors", typed(shapes), metadata))


@pytest.mark.parametrize(
    ("shapes", "variant", "prediction", "legacy"),
    [
        (ldm_unet(SD1), "normal", None, "v1-inference.yaml"),
        (ldm_unet(SD1) | {"v_pred": ()}, "normal", "v_prediction", "v1-inference-v.yaml"),
        (ldm_unet(SD1.with_inputs(9)), "inpaint", None, "v1-inpainting-inference.yaml"),
        (checkpoint(SD1.with_inputs(8)), "pix2pix", None, None),
        (ldm_unet(SD2), "normal", None, None),
        (ldm_unet(SD2.with_inputs(9)), "inpaint", None, "v2-inpainting-inference.yaml"),
        (ldm_unet(SD2.with_inputs(5)), "depth", None, "v2-midas-inference.yaml"),
        (ldm_unet(SDXL), "normal", None, "sd_xl_base.yaml"),
        (ldm_unet(SDXL.with_inputs(9)), "inpaint", None, "sd_xl_base.yaml"),
        (ldm_unet(REFINER), "normal", None, "sd_xl_refiner.yaml"),
        (ldm_unet(SDXL) | {"v_pred": ()}, "normal", "v_prediction", "sd_xl_base.yaml"),
        (flux_transformer(), "dev", None, None),
        (flux_transformer(guidance=False), "schnell", None, None),
        (flux_transformer(inputs=384), "fill", None, None),
        (flux_transformer(inputs=128), "control", None, None),
    ],
)
def test_variant_prediction_and_legacy_config_of_files(
    shapes: Shapes, variant: str, prediction: str | None, legacy: str | None, tmp_path: Path
) -> None:
    found = _file(shapes, tmp_path)

    assert found.variant == variant
    assert found.prediction_type == prediction
    assert found.legacy_config == legacy


@pytest.mark.parametrize(
    ("name", "metadata", "prediction"),
    [
        ("v2-1_768-v-ema", {}, "v_prediction"),
        ("some-768-v", {}, "v_prediction"),
        ("512-base-ema", {}, "epsilon"),
        ("plain", {"ss_v_parameterization": "True"}, "v_prediction"),
        ("plain", {"ss_v_parameterization": "False"}, "epsilon"),
        ("plain", {"modelspec.prediction_type": "v"}, "v_prediction"),
        ("768-v", {"modelspec.prediction_type": "epsilon"}, "epsilon"),
        ("plain", {"global_step": "110000"}, "v_prediction"),
        ("plain", {}, None),
    ],
)
def test_what_an_sd2_checkpoint_predicts(
    name: str, metadata: Mapping[str, str], prediction: str | None, tmp_path: Path
) -> None:
    found = _file(ldm_unet(SD2), tmp_path, name, **metadata)

    assert found.prediction_type == prediction
    assert found.upcast_attention == (None if prediction is None else prediction == "v_prediction")
    legacy = {"epsilon": "v2-inference.yaml", "v_prediction": "v2-inference-v.yaml"}
    assert found.legacy_config == legacy.get(prediction or "")


def test_a_scheduler_says_what_a_folder_predicts(tmp_path: Path) -> None:
    made = pipeline(SD2, "StableDiffusionPipeline", prediction_type="v_prediction")(tmp_path)

    assert identify(made).prediction_type == "v_prediction"


@pytest.mark.parametrize(
    ("kind", "config", "name", "answer"),
    [
        ("FluxPipeline", flux_config(guidance_embeds=False), "m", ("schnell", None)),
        ("FluxPipeline", flux_config(guidance_embeds=True), "FLUX.1-Krea-dev", ("dev", "krea")),
        ("FluxKontextPipeline", flux_config(guidance_embeds=True), "m", ("dev", "kontext")),
        ("FluxFillPipeline", flux_config(384, guidance_embeds=True), "m", ("fill", None)),
        ("FluxControlPipeline", flux_config(128, guidance_embeds=True), "x-Depth", ("depth", None)),
        ("FluxControlPipeline", flux_config(128, guidance_embeds=True), "x-Canny", ("canny", None)),
    ],
)
def test_flux_folders(
    kind: str, config: dict[str, object], name: str, answer: tuple[str, str | None], tmp_path: Path
) -> None:
    found = identify(flux_folder(kind, config, name)(tmp_path))

    assert (found.variant, found.lineage) == answer


@pytest.mark.parametrize(
    ("name", "metadata", "lineage"),
    [
        ("ponyDiffusionV6XL", {}, "pony"),
        ("ponytail_hair_xl", {}, None),
        ("harbour_Illustrious_v2", {}, "illustrious"),
        ("NoobAI-XL-v1", {}, "noobai"),
        ("plain", {"ss_sd_model_name": "ponyDiffusionV6XL.safetensors"}, "pony"),
        ("NoobAI-style", {"modelspec.title": "Illustrious style"}, "illustrious"),
        ("plain", {}, None),
    ],
)
def test_lineage_comes_from_metadata_then_names(
    name: str, metadata: Mapping[str, str], lineage: str | None, tmp_path: Path
) -> None:
    found = _file(kohya(SDXL), tmp_path, name, **metadata)

    assert (found.base, found.lineage) == ("sdxl", lineage)
    if lineage:
        assert any(reason.kind in {"metadata", "name"} for reason in found.evidence)


def test_lineage_stays_within_its_base(tmp_path: Path) -> None:
    assert _file(kohya(SD1), tmp_path, "pony").lineage is None
    assert _file(flux_lora(), tmp_path, "kontext-relight").lineage == "kontext"


def test_keys_prove_some_kin(tmp_path: Path) -> None:
    shapes = ldm_unet(SDXL) | {"edm_mean": (1, 4, 1, 1), "edm_std": (1, 4, 1, 1)}

    assert _file(shapes, tmp_path).lineage == "playground"


@pytest.mark.parametrize("names", [ldm_unet, diffusers_unet])
@pytest.mark.parametrize(("base", "context"), [("sd-1", 768), ("sd-2", 1024)])
@pytest.mark.parametrize("first_depth", [0, 1])
def test_what_was_distilled_from_sd_1_and_2_is_of_their_bases(
    names: Callable[[UNet], Shapes], base: str, context: int, first_depth: int, tmp_path: Path
) -> None:
    small = UNet(320, (1, 2, 4), (first_depth, 1, 1), context, resnets=1)
    found = _file(names(small), tmp_path)
    assert (found.type, found.base, found.variant) == ("main", base, "normal")


@pytest.mark.parametrize("names", [ldm_unet, diffusers_unet])
@pytest.mark.parametrize(
    ("depths", "resnets", "lineage"),
    [
        ((0, 2, 10), 2, None),
        ((0, 2, 4), 2, "ssd-1b"),
        ((0, 1, 2), 2, "vega"),
        ((0, 2, 5), 1, "koala"),
        ((0, 2, 6), 1, "koala"),
    ],
)
def test_what_was_distilled_from_sdxl_is_told_by_its_depth(
    names: Callable[[UNet], Shapes],
    depths: tuple[int, ...],
    resnets: int,
    lineage: str | None,
    tmp_path: Path,
) -> None:
    found = _file(names(replace(SDXL, depths=depths, resnets=resnets)), tmp_path)
    assert (found.base, found.lineage) == ("sdxl", lineage)


@pytest.mark.parametrize(
    ("dtype", "quantization"), [("F8_E4M3", "fp8_e4m3"), ("F8_E5M2", "fp8_e5m2"), ("BF16", None)]
)
def test_eight_bit_floats(dtype: str, quantization: str | None, tmp_path: Path) -> None:
    made = write_safetensors(tmp_path / "m.safetensors", typed(flux_transformer(), dtype))

    found = identify(made)

    assert (found.quantization, found.format, found.variant) == (quantization, "checkpoint", "dev")


@pytest.mark.parametrize(
    ("inputs", "guidance", "variant"),
    [(64, True, "dev"), (64, False, "schnell"), (384, True, "fill")],
)
def test_four_bits_of_bitsandbytes_hide_no_variant(
    inputs: int, guidance: bool, variant: str, tmp_path: Path
) -> None:
    tensors: dict[str, tuple[str, tuple[int, ...]]] = {}
    for name, shape in flux_transformer(guidance=guidance, inputs=inputs).items():
        if name.endswith(".weight"):
            tensors[name] = ("U8", (shape[0] * shape[1] // 2, 1))
            tensors[f"{name}.absmax"] = ("F32", (shape[0],))
            tensors[f"{name}.quant_state.bitsandbytes__nf4"] = ("U8", (100,))
        else:
            tensors[name] = ("BF16", shape)
    found = identify(write_safetensors(tmp_path / "m.safetensors", tensors))

    assert (found.quantization, found.format) == ("bnb_nf4", "bnb_quantized_nf4b")
    assert (found.base, found.variant) == ("flux", variant)


def test_four_bits_of_nvfp4_hide_no_variant(tmp_path: Path) -> None:
    tensors: dict[str, tuple[str, tuple[int, ...]]] = {}
    for name, shape in flux_transformer(guidance=True, inputs=384).items():
        tensors[name] = ("BF16", shape)
        if name.endswith(".weight") and len(shape) == 2:
            tensors[name] = ("U8", (shape[0], shape[1] // 2))
            tensors[f"{name}_scale"] = ("F8_E4M3", (shape[0], shape[1] // 16))
            tensors[f"{name}_scale_2"] = ("F32", ())
    found = identify(write_safetensors(tmp_path / "m.safetensors", tensors))

    assert (found.base, found.variant) == ("flux", "fill")


@pytest.mark.parametrize(
    ("metadata", "phrases"),
    [
        ({"modelspec.trigger_phrase": "paper cut, harbour ,"}, ("paper cut, harbour ,",)),
        ({"modelspec.trigger_phrase": "None"}, ()),
        ({"modelspec.trigger_phrase": '["zxq fox", "zxq style", null]'}, ("zxq fox", "zxq style")),
        ({"modelspec.trigger_phrase": "[zxq] fox"}, ("[zxq] fox",)),
        ({"trained_words": "zxq fox, zxq style"}, ("zxq fox, zxq style",)),
        ({"ssmd_keywords": "zxq"}, ("zxq",)),
        ({"ss_trigger_words": "zxq", "trained_words": "zxq"}, ("zxq",)),
        ({"trained_words": "none", "trigger_word": "zxq"}, ("zxq",)),
        ({"ss_tag_frequency": json.dumps({"10_zxq": {"zxq": 40.0, "b": "x"}})}, ("zxq",)),
        (
            {"ss_tag_frequency": json.dumps({"10_sks dog": {"sks dog": 9, "grass": 4}})},
            ("sks dog",),
        ),
        ({"ss_tag_frequency": json.dumps({"10_sks dog": {"grass": 9}})}, ()),
        ({"ss_tag_frequency": json.dumps({"5_a": {"a": 9}, "5_b": {"b": 9}})}, ()),
        ({"ss_tag_frequency": "not json"}, ()),
        ({"ss_tag_frequency": "[1, 2]"}, ()),
        ({"ss_tag_frequency": json.dumps({"img": {"img": 3}})}, ()),
        ({}, ()),
    ],
)
def test_trigger_phrases_are_told_only_when_sure(
    metadata: Mapping[str, str], phrases: tuple[str, ...], tmp_path: Path
) -> None:
    assert _file(kohya(SD1), tmp_path, **metadata).trigger_phrases == phrases


def test_metadata_that_agrees_is_evidence(tmp_path: Path) -> None:
    found = _file(kohya(SDXL), tmp_path, ss_base_model_version="sdxl_base_v1-0")

    assert any("ss_base_model_version says" in reason.detail for reason in found.evidence)
