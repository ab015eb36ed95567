"""The parts of a weight file's name: kind (by suffix), weight, variant and shard.

The names are those that diffusers and transformers write: ``model.fp16.safetensors``,
``model.fp16-00001-of-00002.safetensors``, ``model.safetensors.index.fp16.json``, and the older
``model-00001-of-00002.fp16.safetensors`` with ``model.safetensors.fp16.index.json``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from pathlib import PurePosixPath

#: Suffixes of weight files, in lower case, by what reads them.
SAFETENSORS_SUFFIXES = (".safetensors", ".sft")
PICKLE_SUFFIXES = (".ckpt", ".pt", ".pth", ".bin")
_SUFFIXES = {"safetensors": ".safetensors", "gguf": ".gguf", "onnx": ".onnx"}
#: Suffixes of files that programs load as models.
MODEL_SUFFIXES = frozenset({*SAFETENSORS_SUFFIXES, *PICKLE_SUFFIXES, ".gguf", ".onnx"})
#: The same, with those that are rare and that no program writes for others.
ANY_MODEL_SUFFIXES = MODEL_SUFFIXES | {".pt2", ".pkl"}
#: Suffixes of the weights of a pipeline's components.
COMPONENT_SUFFIXES = MODEL_SUFFIXES | {".msgpack"}
#: Formats of weights for torch, the best first.
TORCH_FORMATS = ("safetensors", "gguf", "bin", "pt", "pth", "ckpt")
#: Stems that a component's weights have: whatever the format, it is the same weight.
_COMPONENT_STEMS = frozenset(
    {"model", "pytorch_model", "diffusion_pytorch_model", "open_clip_pytorch_model", "flax_model",
     "diffusion_flax_model", "openvino_model", "weights"}
)  # fmt: skip
#: Stems that name the result among other files of a training.
_RESULT_STEMS = frozenset({"learned_embeds", "pytorch_lora_weights", "lora_weights", "ip_adapter"})
#: Stems that say nothing of the model: what it is called stands in the name of its repository.
_GENERIC_STEMS = (
    *_COMPONENT_STEMS,
    *_RESULT_STEMS,
    *("lora", "adapter_model", "adapter", "embedding", "embeddings", "textual_inversion"),
    *("vae", "unet", "transformer", "controlnet", "text_encoder(_[23])?", "image_encoder"),
    *("checkpoint", "ckpt", "last", "final", "best", "output", "consolidated", "download"),
)
_FORM = r"fp16|fp32|bf16|fp8|(?:non[._-]?)?ema|v\d+|final|last|(?:steps?[._-]?)?\d+|\(\d+\)"
_GENERIC = re.compile(
    rf"(?i)(?:{'|'.join(sorted(_GENERIC_STEMS))})(?:[._ -]*(?:{_FORM}))*", re.ASCII
)
_TORCH = re.compile(
    r"(?P<stem>.+?)(?P<before>\.\w+)?(?:-(?P<shard>\d{5})-of-(?P<shards>\d{5}))?(?P<after>\.\w+)?"
    r"\.(?P<format>safetensors|gguf|bin|pt|pth|ckpt|msgpack)",
    re.ASCII,
)
_INDEX = re.compile(
    r"(?P<stem>.+?)(?P<first>\.\w+)?\.(?P<format>safetensors|bin|msgpack)"
    r"(?P<before>\.\w+)?\.index(?P<after>\.\w+)?\.json",
    re.ASCII,
)
_PRECISION = re.compile(r"(?i)(?P<stem>.+?)[._-](?P<label>fp16|fp32|bf16|float16|float32)")
_PRECISIONS = {"float16": "fp16", "float32": "fp32"}
_EXTERNAL = re.compile(r".+\.onnx[._]data(?:[._-]\d+)?|weights\.pb", re.ASCII)
#: Files that trainings leave beside their result.
_LEFT_OVER = re.compile(
    r"(?i)(optimizer|scheduler|training_args|random_states|rng_state|scaler|trainer_state)[^/]*"
)


class Kind(Enum):
    """What a program needs to read a weight."""

    TORCH = "torch"
    ONNX = "onnx"
    OPENVINO = "openvino"
    FLAX = "flax"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Weight:
    """A file of weights, or an index of such files, by its name.

    Attributes:
        stem: Which weight of its folder; weights of a component all have the empty one.
        label: Its variant, such as ``fp16``; empty where it has none.
        format: Its suffix without the dot.
        shard: Number of the shard; 0 of a whole file and of an index.
        shards: How many there are; 0 of a whole file and of an index.
        is_old: Written as older programs do: wins over none.
    """

    path: PurePosixPath
    kind: Kind
    stem: str
    label: str
    format: str
    shard: int = 0
    shards: int = 0
    is_index: bool = False
    is_old: bool = False

    @property
    def is_component(self) -> bool:
        """It is the weight of its folder, not one model among others."""
        return not self.stem

    @property
    def is_result(self) -> bool:
        """It is what a training gave, and the other weights beside it are steps on its way."""
        return self.stem in _RESULT_STEMS


def is_generic(stem: str) -> bool:
    """Tell whether a file name without its suffix says nothing of the model in the file."""
    return _GENERIC.fullmatch(stem) is not None


def model_suffix(name: str) -> str:
    """Return the suffix of a file's name where it is one of models, else nothing."""
    suffix = PurePosixPath(name).suffix
    return suffix if suffix.lower() in ANY_MODEL_SUFFIXES else ""


def with_suffix_of(name: str, container: str, *, is_main: bool) -> str:
    """Return the name of a model's file with the suffix of its format, where it has none.

    Programs find models by these suffixes.

    Args:
        name: Name of the file.
        container: What its bytes are, see ``FileForm``.
        is_main: It is a main model, whose pickles are called checkpoints.
    """
    if model_suffix(name):
        return name
    suffixes = {**_SUFFIXES, "pickle": ".ckpt" if is_main else ".pt"}
    return name + suffixes.get(container, "")


def weight_of(path: PurePosixPath) -> Weight | None:
    """Return the weight that the name of a file shows, or None when it holds none."""
    name = path.name
    if _LEFT_OVER.fullmatch(name) and path.suffix != ".json":
        return None
    if foreign := _foreign(path):
        return foreign
    if found := _INDEX.fullmatch(name):
        label = (found["first"] or found["before"] or found["after"] or "").lstrip(".")
        is_old = found["after"] is None and bool(label)
        return _named(path, found["stem"], label, found["format"], is_index=True, is_old=is_old)
    if found := _TORCH.fullmatch(name):
        return _torch(path, found)
    return None


def _foreign(path: PurePosixPath) -> Weight | None:
    """Return what a file of another program's weights is."""
    name = path.name
    if name.endswith((".h5", ".ot", ".mlmodel", ".tflite")):
        return Weight(path, Kind.OTHER, name, "", path.suffix[1:])
    if name.endswith(".onnx") or _EXTERNAL.fullmatch(name):
        stem = "" if path.stem in _COMPONENT_STEMS or _EXTERNAL.fullmatch(name) else path.stem
        return Weight(path, Kind.ONNX, stem, "", "onnx")
    if name.startswith("openvino_") and path.suffix in {".xml", ".bin"}:
        return Weight(path, Kind.OPENVINO, "", "", "openvino")
    return None


def _torch(path: PurePosixPath, found: re.Match[str]) -> Weight:
    shard, shards = int(found["shard"] or 0), int(found["shards"] or 0)
    before, after = found["before"] or "", found["after"] or ""
    if not shards:
        # Without a shard's number both patterns stand at one place: the rest is the stem's.
        stem, label = found["stem"], (before + after).lstrip(".")
        return _named(path, stem, label, found["format"])
    if after:
        stem, label = found["stem"] + before, after[1:]
    else:
        stem, label = found["stem"], before[1:]
    weight = _named(path, stem, label, found["format"])
    return Weight(
        path, weight.kind, weight.stem, weight.label, weight.format, shard, shards,
        is_old=bool(after),
    )  # fmt: skip


def _named(
    path: PurePosixPath,
    stem: str,
    label: str,
    suffix: str,
    *,
    is_index: bool = False,
    is_old: bool = False,
) -> Weight:
    """Split labels from the rest of a name: ``v1.5`` has none."""
    kind = Kind.FLAX if suffix == "msgpack" or "flax_model" in stem else Kind.TORCH
    if stem in _COMPONENT_STEMS:
        label = _PRECISIONS.get(label.lower(), label)
        return Weight(path, kind, "", label, suffix, is_index=is_index, is_old=is_old)
    whole = f"{stem}.{label}" if label else stem
    precision = _PRECISION.fullmatch(whole)
    if precision is None:
        return Weight(path, kind, whole, "", suffix, is_index=is_index, is_old=is_old)
    label = precision["label"].lower()
    label = _PRECISIONS.get(label, label)
    return Weight(path, kind, precision["stem"], label, suffix, is_index=is_index, is_old=is_old)
