"""GGUF files get the answers of the safetensors file of the same model, and their own format."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType
from modelkeep.errors import AmbiguousModelError, CorruptModelError, UnknownModelError
from modelkeep.identification.conditions import Has
from modelkeep.identification.engine import form_of, identify, identify_path
from modelkeep.identification.family import Family
from modelkeep.identification.rule_set import RuleSet
from modelkeep.identification.rules import Rule
from sample_models import (
    SD1,
    SDXL,
    Shapes,
    clip_text,
    flux_transformer,
    ldm_unet,
    ldm_vae,
    typed,
    write_safetensors,
)
from support.gguf_files import Typed, blocks, write_gguf

FLUX = flux_transformer()


def flattened(shapes: Shapes) -> tuple[Typed, dict[str, Any]]:
    """Store every convolution as a matrix of rows of 256, as ComfyUI-GGUF does, and say so."""
    stored: dict[str, tuple[int, ...]] = {}
    keys: dict[str, Any] = {}
    for name, shape in shapes.items():
        count = 1
        for length in shape:
            count *= length
        if len(shape) > 2 and count % 256 == 0:
            keys[f"comfy.gguf.orig_shape.{name}"] = list(shape)
            stored[name] = (count // 256, 256)
        else:
            stored[name] = shape
    return blocks(stored, "Q4_K"), keys


MODELS: dict[str, tuple[Shapes, str]] = {
    "flux": (FLUX, "gguf_q8_0"),
    "flux with a prefix": (
        {f"model.diffusion_model.{name}": shape for name, shape in FLUX.items()},
        "gguf_q8_0",
    ),
    "sd-1": (ldm_unet(SD1), "gguf_q8_0"),
    "sd-1 vae": (ldm_vae(4), "gguf_f32"),
    "clip": ({f"text_model.{name}": shape for name, shape in clip_text().items()}, "gguf_q8_0"),
}


@pytest.mark.parametrize("label", MODELS)
def test_answers_are_those_of_safetensors(label: str, tmp_path: Path) -> None:
    shapes, quantization = MODELS[label]
    path = tmp_path / f"{label}.safetensors"
    same = identify(write_safetensors(path, typed(shapes)))
    found = identify(write_gguf(path.with_suffix(".gguf"), blocks(shapes, "Q8_0"), {}))
    assert (found.type, found.base, found.variant) == (same.type, same.base, same.variant)
    assert found.tensor_prefix == same.tensor_prefix
    assert found.format == "gguf_quantized"
    assert found.quantization == quantization
    assert (found.form.container, found.form.part) == ("gguf", same.form.part)


def test_flattened_convolutions_get_their_shapes_back(tmp_path: Path) -> None:
    tensors, keys = flattened(ldm_unet(SDXL.with_inputs(9)))
    found = identify(write_gguf(tmp_path / "m.gguf", tensors, keys))
    assert (found.base, found.variant, found.quantization) == ("sdxl", "inpaint", "gguf_q4_k")


@pytest.mark.parametrize(
    ("dtype", "keys", "quantization"),
    [
        ("Q4_K", {}, "gguf_q4_k"),
        ("Q4_K", {"general.file_type": 15}, "gguf_q4_k_m"),
        ("Q4_K", {"general.file_type": 14}, "gguf_q4_k_s"),
        ("Q4_K", {"general.file_type": 1}, "gguf_q4_k"),
        ("Q8_0", {"general.file_type": 15}, "gguf_q8_0"),
        ("IQ4_XS", {"general.file_type": "x" * 9}, "gguf_iq4_xs"),
        ("F16", {"general.file_type": 1}, "gguf_f16"),
        ("BF16", {}, "gguf_bf16"),
    ],
)
def test_how_the_weights_are_quantised(
    dtype: str, keys: Mapping[str, Any], quantization: str, tmp_path: Path
) -> None:
    found = identify(write_gguf(tmp_path / "m.gguf", blocks(FLUX, dtype), keys))
    assert (found.base, found.variant) == ("flux", "dev")
    assert (found.quantization, found.format) == (quantization, "gguf_quantized")


@pytest.mark.parametrize(
    ("architecture", "told"),
    [
        ("flux", "general.architecture says 'flux'"),
        ("wan", "general.architecture says 'wan'; the tensors say otherwise and decide"),
        *((other, None) for other in ("llama", "pig", "")),
    ],
)
def test_an_architecture_changes_nothing_where_the_tensors_tell(
    architecture: str, told: str | None, tmp_path: Path
) -> None:
    keys = {"general.architecture": architecture}
    found = identify(write_gguf(tmp_path / "m.gguf", blocks(FLUX, "Q4_0"), keys))
    assert (found.base, found.type) == ("flux", "main")
    stated = [r.detail for r in found.evidence if "general.architecture" in r.detail]
    assert stated == ([told] if told else [])


@pytest.mark.parametrize(
    ("architecture", "base"),
    [("flux", "flux"), ("wan", "wan"), ("lumina2", None), ("pig", None), (None, None)],
)
def test_an_architecture_decides_between_bases_that_fit_alike(
    architecture: str | None, base: str | None, tmp_path: Path
) -> None:
    rules = [
        Rule(
            name=f"{each} main",
            type=ModelType.Main,
            base=each,
            format=ModelFormat.Checkpoint,
            requires=(Has("a"),),
        )
        for each in (BaseModelType.Flux, BaseModelType.Wan)
    ]
    known = RuleSet.of([Family(name="test", base=BaseModelType.Any, rules=tuple(rules))])
    keys = {"general.architecture": architecture} if architecture else {}
    path = write_gguf(tmp_path / "m.gguf", blocks({"a": (32, 32)}, "Q8_0"), keys)
    if base is not None:
        assert identify_path(path, rules=known).base == base
        return
    with pytest.raises(AmbiguousModelError) as caught:
        identify_path(path, rules=known)
    assert set(caught.value.candidates) == {"flux", "wan"}


def test_one_part_of_several_is_no_model(tmp_path: Path) -> None:
    keys = {"split.no": 0, "split.count": 3}
    path = write_gguf(tmp_path / "m.gguf", blocks(FLUX, "Q4_0"), keys)
    with pytest.raises(UnknownModelError, match="It is part 1 of 3 of a model") as caught:
        identify(path)
    assert "llama-gguf-split --merge" in caught.value.hint
    named = shutil.copy(write_gguf(tmp_path / "n.gguf", {}), tmp_path / "n-00002-of-00003.gguf")
    with pytest.raises(UnknownModelError, match="It is part 2 of 3 of a model"):
        identify(named)


def test_names_of_llama_cpp_are_no_main_model(tmp_path: Path) -> None:
    shapes = {"token_embd.weight": (1000, 512), "blk.0.unheard_of.weight": (512, 512)}
    path = write_gguf(tmp_path / "m.gguf", blocks(shapes, "Q4_K"))
    with pytest.raises(UnknownModelError, match="It holds 2 tensors"):
        identify(path)
    assert form_of(path).container == "gguf"


def test_a_folder_with_a_broken_gguf_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model_index.json").write_text('{"_class_name": "FluxPipeline"}')
    (tmp_path / "m.gguf").write_bytes(b"GGUF\x03\0\0\0" + b"\xff" * 16)
    with pytest.raises(CorruptModelError, match="not a valid GGUF file"):
        identify(tmp_path)
