"""How weights are quantised, and the formats that follow from it."""

from __future__ import annotations

from collections import Counter
from math import prod

from modelkeep.core.identity import Evidence
from modelkeep.core.taxonomy import ModelFormat, ModelType
from modelkeep.identification.readers.dtypes import DTYPE_BITS, GGUF_MIXES
from modelkeep.identification.readers.folder import FolderHeader
from modelkeep.identification.rules import Rule
from modelkeep.identification.view import ModelView, TensorView

_FP8 = {"F8_E4M3": "fp8_e4m3", "F8_E5M2": "fp8_e5m2"}
#: Ends of tensor names that quantisers leave, and what they mean.
_QUANTIZERS = (
    ("quant_state.bitsandbytes__nf4", "bnb_nf4"),
    ("quant_state.bitsandbytes__fp4", "bnb_fp4"),
    (".SCB", "bnb_int8"),
    (".wscales", "svdquant"),
    (".qzeros", "gptq"),
    (".comfy_quant", "comfy"),
    (".weight._scale", "quanto"),
)
_FORMATS = {
    "bnb_nf4": ModelFormat.BnbNf4,
    "bnb_int8": ModelFormat.BnbInt8,
}
#: What the quantisation of a GGUF file begins with. One of plain numbers has the same format:
#: programs load it in another way than a checkpoint.
_GGUF = "gguf_"
_ONE_FILE_TYPES = {
    *(ModelType.Main, ModelType.CLIPEmbed, ModelType.T5Encoder, ModelType.TextEncoder),
    *(ModelType.Upscaler, ModelType.StyleModel, ModelType.MotionModule, ModelType.Hypernetwork),
}
#: Further types that may be GGUF files.
_GGUF_TYPES = {ModelType.Vae, ModelType.ControlNet, ModelType.CLIPVision}


def find_quantization(view: ModelView) -> tuple[str | None, Evidence | None]:
    """Return how the weights are quantised and why; two Nones when they are not."""
    tensors = view.tensors
    if view.folder is not None and (stated := _configured_quantization(view.folder)):
        return stated
    if tensors.header.container == "gguf":
        return _gguf_quantization(tensors)
    if {"U8", "I8", "I32"} & tensors.dtypes:
        for end, name in _QUANTIZERS:
            if f"{end}\n" in tensors.text or tensors.text.endswith(end):
                return name, Evidence("keys", f"has tensors named *{end}")
    for dtype, name in _FP8.items():
        if dtype in tensors.dtypes:
            return name, Evidence("shapes", f"has weights of type {dtype}")
    return None, None


def _gguf_quantization(tensors: TensorView) -> tuple[str | None, Evidence | None]:
    """Return the type of most weights, blocks before plain numbers, or the mix of types."""
    counts: Counter[str] = Counter()
    for info in tensors.tensors.values():
        counts[info.dtype] += prod(info.shape)
    if not counts:
        return None, None
    most = max(counts, key=lambda dtype: (dtype not in DTYPE_BITS, counts[dtype]))
    mix = GGUF_MIXES.get(tensors.header.metadata.get("general.file_type", ""), "")
    if mix.startswith(most):
        detail = f"general.file_type says {mix}, and most weights are of type {most}"
        return f"{_GGUF}{mix.lower()}", Evidence("metadata", detail)
    return f"{_GGUF}{most.lower()}", Evidence("shapes", f"has weights of type {most}")


def _configured_quantization(folder: FolderHeader) -> tuple[str, Evidence] | None:
    """Return how the denoiser of a folder, or the component that it is, is quantised."""
    lone = folder.component_class
    for part in ("unet", "transformer", lone[0].rpartition("/")[0] if lone else ""):
        found = folder.component(part)
        config = found[1].get("quantization_config") if found else None
        if found is None or not isinstance(config, dict):
            continue
        if config.get("load_in_8bit") is True:
            name = "bnb_int8"
        elif config.get("load_in_4bit") is True:
            name = f"bnb_{config.get('bnb_4bit_quant_type', 'fp4')}"
        else:
            name = str(config.get("quant_method", ""))
        if name:
            return name, Evidence("config", f"{found[0]} says quantization_config")
    return None


def format_of(rule: Rule, quantization: str | None) -> ModelFormat:
    """Return the rule's format, or the one of its own that a quantised file has."""
    is_gguf = (quantization or "").startswith(_GGUF) and not rule.is_for_folders
    if is_gguf and rule.type in _ONE_FILE_TYPES | _GGUF_TYPES:
        return ModelFormat.GGUFQuantized
    if rule.format is ModelFormat.Checkpoint and rule.type in _ONE_FILE_TYPES:
        return _FORMATS.get(quantization or "", rule.format)
    return rule.format
