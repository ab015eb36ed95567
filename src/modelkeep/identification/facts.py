"""Facts beside type, base and format: prediction, quantisation, trigger phrases."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from modelkeep.core.identity import Evidence
from modelkeep.core.taxonomy import (
    BaseModelType,
    ModelFormat,
    ModelType,
    SchedulerPredictionType,
)
from modelkeep.identification.declared import declared_bases
from modelkeep.identification.rules import Match, Rule
from modelkeep.identification.view import ModelView, TensorView

_EPSILON = SchedulerPredictionType.Epsilon
_V = SchedulerPredictionType.VPrediction
_PREDICTIONS = {
    "epsilon": _EPSILON,
    "eps": _EPSILON,
    "v": _V,
    "v_prediction": _V,
    "v-prediction": _V,
    "sample": SchedulerPredictionType.Sample,
}
#: Steps of training that the published SD 2 checkpoints of each kind stopped at.
_SD2_STEPS = {"220000": _EPSILON, "110000": _V}
_V_NAMES = r"\bv ?pred(iction)?\b|\b768 ?v\b|\b768v\b"
_EPSILON_NAMES = r"\b512 base\b|\beps(ilon)?( ?pred)?\b"
_LONGEST_PHRASE = 200
_MOST_PHRASES = 64

_FP8 = {"F8_E4M3": "fp8_e4m3", "F8_E5M2": "fp8_e5m2"}
#: Ends of tensor names that quantisers leave, and what they mean.
_QUANTIZERS = (
    ("quant_state.bitsandbytes__nf4", "bnb_nf4"),
    ("quant_state.bitsandbytes__fp4", "bnb_fp4"),
    (".SCB", "bnb_int8"),
    (".wscales", "svdquant"),
    (".qzeros", "gptq"),
    (".comfy_quant", "comfy"),
)
_FORMATS = {
    "bnb_nf4": ModelFormat.BnbNf4,
    "bnb_int8": ModelFormat.BnbInt8,
}
_ONE_FILE_TYPES = {ModelType.Main, ModelType.CLIPEmbed, ModelType.T5Encoder}


def find_prediction(
    view: ModelView, match: Match
) -> tuple[SchedulerPredictionType | None, Evidence | None]:
    """Return what a main model predicts and why; two Nones where nothing tells."""
    default = match.variant.prediction if match.variant else None
    if not _predicts(match):
        return None, None
    for value, evidence in _said_predictions(view):
        return value, evidence
    if re.search(_V_NAMES, view.hints):
        return _V, Evidence("name", "its name says that it predicts v")
    if default is None and re.search(_EPSILON_NAMES, view.hints):
        return _EPSILON, Evidence("name", "its name says that it predicts epsilon")
    return default, None


def _predicts(match: Match) -> bool:
    """Tell whether such a model predicts noise or v at all (flow models do neither)."""
    kinds = {ModelType.Main, ModelType.ONNX}
    return match.rule.type in kinds and match.rule.base.value in {
        "sd-1",
        "sd-2",
        "sdxl",
        "sdxl-refiner",
    }


def _said_predictions(view: ModelView) -> Iterator[tuple[SchedulerPredictionType, Evidence]]:
    scheduler = view.folder.component("scheduler") if view.folder else None
    if scheduler is not None:
        said = scheduler[1].get("prediction_type")
        if isinstance(said, str) and said in _PREDICTIONS:
            yield _PREDICTIONS[said], Evidence("config", f"{scheduler[0]} says {said}")
        elif said is None:
            yield _EPSILON, Evidence("config", f"{scheduler[0]} names no prediction type")
    metadata = view.metadata
    said = metadata.get("modelspec.prediction_type", "").casefold()
    if said in _PREDICTIONS:
        yield _PREDICTIONS[said], Evidence("metadata", f"modelspec.prediction_type says {said}")
    flag = metadata.get("ss_v_parameterization", "").casefold()
    if flag in {"true", "false"}:
        value = _V if flag == "true" else _EPSILON
        yield value, Evidence("metadata", f"ss_v_parameterization is {flag}")
    if "v_pred" in view.tensors.tensors:
        yield _V, Evidence("keys", "has the tensor v_pred, which marks v-prediction")
    steps = metadata.get("global_step", "")
    if steps in _SD2_STEPS:
        yield _SD2_STEPS[steps], Evidence("metadata", f"global_step is {steps}")


def upcast_attention(
    view: ModelView, match: Match, prediction: SchedulerPredictionType | None
) -> bool | None:
    """Tell whether the attention has to run in 32 bits; None where nothing tells."""
    config = view.folder.component("unet") if view.folder else None
    said = config[1].get("upcast_attention") if config else None
    if isinstance(said, bool):
        return said
    if prediction is None or not _predicts(match):
        return None
    return match.rule.base is BaseModelType.StableDiffusion2 and prediction is _V


def find_quantization(tensors: TensorView) -> tuple[str | None, Evidence | None]:
    """Return how the weights are quantised and why; two Nones when they are not."""
    if {"U8", "I8", "I32"} & tensors.dtypes:
        for end, name in _QUANTIZERS:
            if f"{end}\n" in tensors.text or tensors.text.endswith(end):
                return name, Evidence("keys", f"has tensors named *{end}")
    for dtype, name in _FP8.items():
        if dtype in tensors.dtypes:
            return name, Evidence("shapes", f"has weights of type {dtype}")
    return None, None


def format_of(rule: Rule, quantization: str | None) -> ModelFormat:
    """Return the rule's format, or the one of its own that a quantised file has."""
    if rule.format is ModelFormat.Checkpoint and rule.type in _ONE_FILE_TYPES:
        return _FORMATS.get(quantization or "", rule.format)
    return rule.format


def trigger_phrases(metadata: Mapping[str, str]) -> tuple[str, ...]:
    """Return the words that call up what an adapter learned, where the header tells surely."""
    said = metadata.get("modelspec.trigger_phrase", "")
    if said.strip():
        return _tidy(said.split(","))
    return _tidy(_trained_phrases(metadata.get("ss_tag_frequency", "")))


def _trained_phrases(frequencies: str) -> list[str]:
    """Return the phrase of the training folders if all have one and captions bear it out."""
    try:
        folders = json.loads(frequencies) if frequencies else None
    except (ValueError, RecursionError):
        return []  # free text of a trainer, not the model's structure: nothing to report
    if not isinstance(folders, dict) or not folders:
        return []
    phrases = {_folder_phrase(name) for name in folders}
    tags: dict[str, int] = {}
    for counts in folders.values():
        for tag, count in _counts(counts):
            tags[tag] = tags.get(tag, 0) + count
    phrase = phrases.pop()
    if phrases or not phrase or tags.get(phrase, 0) < max(tags.values(), default=1):
        return []
    return [phrase]


def _folder_phrase(name: str) -> str:
    repeats, _, phrase = name.partition("_")
    return phrase.strip().casefold() if repeats.isdecimal() else ""


def _counts(counts: Any) -> Iterator[tuple[str, int]]:
    for tag, count in counts.items() if isinstance(counts, dict) else ():
        if isinstance(count, int):
            yield tag.strip().casefold(), count


def _tidy(phrases: Iterable[str]) -> tuple[str, ...]:
    tidied = (phrase.strip()[:_LONGEST_PHRASE] for phrase in phrases)
    return tuple(dict.fromkeys(phrase for phrase in tidied if phrase))[:_MOST_PHRASES]


def declared_evidence(view: ModelView, match: Match) -> Iterator[Evidence]:
    """Yield what the metadata says of the base: that it agrees, or that the keys decide."""
    for field, said, base in declared_bases(view.metadata):
        agrees = base == match.rule.base.value
        doubt = "" if agrees else "; the tensors say otherwise and decide"
        yield Evidence("metadata", f"{field} says {said!r}{doubt}")
