"""Facts beside type, base and format: prediction, lineage, quantisation, trigger phrases."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from modelkeep.core.base_names import spaced
from modelkeep.core.identity import Evidence, FileForm
from modelkeep.core.phrases import kept_phrases
from modelkeep.core.taxonomy import (
    ModelFormat,
    ModelType,
    SchedulerPredictionType,
)
from modelkeep.identification.conditions import tensor_names
from modelkeep.identification.family import Lineage, Predictions
from modelkeep.identification.readers.folder import FolderHeader
from modelkeep.identification.rules import Match, Rule
from modelkeep.identification.view import ModelView, TensorView

_EPSILON = SchedulerPredictionType.Epsilon
_V = SchedulerPredictionType.VPrediction
_SAMPLE = SchedulerPredictionType.Sample
_PREDICTIONS = {
    **dict.fromkeys(("epsilon", "eps"), _EPSILON),
    **dict.fromkeys(("v", "v_prediction", "v-prediction", "v_pred", "vpred", "velocity"), _V),
    **dict.fromkeys(("sample", "x0"), _SAMPLE),
}
#: Fields of a header that state the prediction: of modelspec, and of what ComfyUI saves.
_PREDICTION_FIELDS = ("modelspec.prediction_type", "modelspec.predict_key", "prediction_type")
#: First parts of tensor names that mark a model that predicts v, also one trained with EDM.
_V_MARKS = ("v_pred", "edm_vpred")
#: Words in names that indicate a prediction, in any family.
_PREDICTION_NAMES = (
    (r"(?<!no )(?<!non )(?<!not )(?<!no)(?<!non)(?:vpred|\bv pred(?:iction|icting)?\b)", _V),
    (r"\beps(?:ilon)?(?: ?pred\w*)?\b", _EPSILON),
)
#: How a config of the original code states the prediction, and that of SGM.
_PARAMETERIZATION = re.compile(
    r"""^\s*parameterization\s*:\s*["']?(\w+)["']?\s*(?:#.*)?$""", re.MULTILINE
)
_SCALINGS = (
    (re.compile(r"denoiser_scaling\.V(?:elocity)?Scaling"), _V),
    (re.compile(r"denoiser_scaling\.EpsScaling"), _EPSILON),
)
#: Fields of a header in which a parent is named, the surest first.
_PARENT_FIELDS = (
    "modelspec.architecture",
    "ss_base_model_version",
    "baseModel",
    "ss_sd_model_name",
    "modelspec.title",
    "modelspec.merged_from",
)
_LONGEST_PARENT = 200

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
#: First parts of the names of text encoders and VAEs in the file of a whole checkpoint.
_BESIDE_THE_DENOISER = frozenset(
    {"first_stage_model", "cond_stage_model", "conditioner", "vae", "autoencoder", "text_encoders",
     "text_encoder", "text_encoder_2", "text_encoder_3", "clip_l", "clip_g", "t5xxl"}
)  # fmt: skip
#: A tensor that every tiny VAE has, alone or with its encoder, and how many it has at most.
_TINY_VAE = ("3.conv.0.weight", "decoder.layers.2.conv.0.weight")
_TINY_VAE_TENSORS = 300
#: Fields in which trainers state what calls up an adapter.
_PHRASE_FIELDS = (
    *("modelspec.trigger_phrase", "modelspec.trigger_words", "trained_words"),
    *("ss_trigger_words", "ss_trigger_word", "ssmd_keywords", "trigger_words", "trigger_word"),
)
#: What trainers write where there is no phrase.
_NO_PHRASE = frozenset({"", "none", "null", "n/a"})
#: Types of models that predict something.
PREDICTING_TYPES = frozenset({ModelType.Main, ModelType.ONNX})
_ONE_FILE_TYPES = {ModelType.Main, ModelType.CLIPEmbed, ModelType.T5Encoder}


def find_prediction(
    view: ModelView, known: Predictions | None
) -> tuple[SchedulerPredictionType | None, Evidence | None]:
    """Return what a main model predicts and why; two Nones where nothing tells.

    Args:
        view: The model.
        known: The signs of predictions in its family; None where models predict nothing.
    """
    if known is None:
        return None, None
    stated = next(_stated_predictions(view, known), None) or _prediction_in_name(view, known)
    return stated or _prediction_by_default(view) or (None, None)


def _stated_predictions(
    view: ModelView, known: Predictions
) -> Iterator[tuple[SchedulerPredictionType, Evidence]]:
    """Yield what a model is stated to predict, the surest first."""
    for mark in _V_MARKS:
        if mark in view.tensors.heads:
            yield _V, Evidence("keys", f"has the tensor {mark}, which marks v-prediction")
    scheduler = view.folder.component("scheduler") if view.folder else None
    if scheduler is not None:
        stated = scheduler[1].get("prediction_type")
        if isinstance(stated, str) and stated in _PREDICTIONS:
            yield _PREDICTIONS[stated], Evidence("config", f"{scheduler[0]} says {stated}")
    metadata = view.metadata
    for field in _PREDICTION_FIELDS:
        stated = metadata.get(field, "").strip().casefold()
        if stated in _PREDICTIONS:
            yield _PREDICTIONS[stated], Evidence("metadata", f"{field} says {stated}")
    flag = metadata.get("ss_v_parameterization", "").casefold()
    if flag in {"true", "false"}:
        value = _V if flag == "true" else _EPSILON
        yield value, Evidence("metadata", f"ss_v_parameterization is {flag}")
    yield from _configured_predictions(view)
    steps = metadata.get("global_step", "")
    if steps in known.steps:
        yield known.steps[steps], Evidence("metadata", f"global_step is {steps}")


def _configured_predictions(
    view: ModelView,
) -> Iterator[tuple[SchedulerPredictionType, Evidence]]:
    """Yield what the config of the original code beside a file states."""
    stated = _PARAMETERIZATION.search(view.original_config)
    if stated is not None and stated[1].casefold() in _PREDICTIONS:
        detail = f"the .yaml beside it says parameterization: {stated[1]}"
        yield _PREDICTIONS[stated[1].casefold()], Evidence("config", detail)
    for scaling, value in _SCALINGS:
        if found := scaling.search(view.original_config):
            yield value, Evidence("config", f"the .yaml beside it says {found[0]}")


def _prediction_in_name(
    view: ModelView, known: Predictions
) -> tuple[SchedulerPredictionType, Evidence] | None:
    title = spaced(view.metadata.get("modelspec.title", "")[:_LONGEST_PARENT])
    for words, reason in (
        (view.hints, Evidence("name", "its name says that it predicts {}")),
        (title, Evidence("metadata", "modelspec.title says that it predicts {}")),
    ):
        signs = (*_PREDICTION_NAMES, *known.names)
        found = {value for pattern, value in signs if re.search(pattern, words)}
        if len(found) == 1:  # a name of both is one of a merge or a conversion
            [value] = found
            detail = reason.detail.format("v" if value is _V else value.value)
            return value, Evidence(reason.kind, detail)
    return None


def _prediction_by_default(view: ModelView) -> tuple[SchedulerPredictionType, Evidence] | None:
    """Return what a pipeline predicts whose scheduler leaves it to diffusers."""
    scheduler = view.folder.component("scheduler") if view.folder else None
    if scheduler is None or scheduler[1].get("prediction_type") is not None:
        return None
    detail = f"{scheduler[0]} names no prediction type, so that epsilon is used"
    return _EPSILON, Evidence("config", detail)


def upcast_attention(
    view: ModelView, prediction: SchedulerPredictionType | None, known: Predictions | None
) -> bool | None:
    """Return whether the attention has to run in 32 bits; None where it is unknown."""
    config = view.folder.component("unet") if view.folder else None
    stated = config[1].get("upcast_attention") if config else None
    if isinstance(stated, bool):
        return stated
    if known is None or (prediction is None and known.upcast is not None):
        return None
    return known.upcast is not None and prediction is known.upcast


def find_lineage(
    view: ModelView, match: Match, lineages: tuple[Lineage, ...]
) -> tuple[str | None, Evidence | None]:
    """Return the parent of a model and why, or two Nones.

    Proof comes first, then metadata, then the name; within each the first that fits.
    """
    variant = match.variant.name if match.variant else None
    fitting = [
        one for one in lineages if variant is None or not one.variants or variant in one.variants
    ]
    for one in fitting:
        evidence = one.sign.check(view.under(match.rule.part)) if one.sign else None
        if evidence is not None:
            return one.name, evidence
    for field in _PARENT_FIELDS:
        stated = view.metadata.get(field, "")[:_LONGEST_PARENT]
        for one in fitting if stated else ():
            if re.search(one.words, spaced(stated)):
                return one.name, Evidence("metadata", f"{field} says {stated!r}")
    for one in fitting:
        found = re.search(one.words, view.hints)
        if found:
            return one.name, Evidence("name", f"its name says {found.group()!r}")
    return None, None


def find_prefix(view: ModelView, match: Match) -> str | None:
    """Return what stands before the names of the rule's tensors in the file; None for folders."""
    if view.is_folder:
        return None
    scope = view.under(match.rule.part)
    for condition in match.rule.requires:
        for name in tensor_names(condition):
            if (full := scope.find(name)) is not None:
                return full.removesuffix(name)
    return ""


def find_quantization(view: ModelView) -> tuple[str | None, Evidence | None]:
    """Return how the weights are quantised and why; two Nones when they are not."""
    tensors = view.tensors
    if view.folder is not None and (stated := _configured_quantization(view.folder)):
        return stated
    if {"U8", "I8", "I32"} & tensors.dtypes:
        for end, name in _QUANTIZERS:
            if f"{end}\n" in tensors.text or tensors.text.endswith(end):
                return name, Evidence("keys", f"has tensors named *{end}")
    for dtype, name in _FP8.items():
        if dtype in tensors.dtypes:
            return name, Evidence("shapes", f"has weights of type {dtype}")
    return None, None


def form_of(view: ModelView) -> FileForm:
    """Return what a model is on the disk; a folder that is no pipeline is a denoiser alone."""
    if view.folder is None:
        return file_form(view.tensors)
    return FileForm(part="" if view.folder.pipeline_class is not None else "denoiser")


def file_form(tensors: TensorView) -> FileForm:
    """Return what a file is on the disk, where programs keep forms of a type apart."""
    names = tensors.tensors
    if len(names) <= _TINY_VAE_TENSORS and any(name.endswith(_TINY_VAE) for name in names):
        return FileForm(tensors.header.container, "tiny vae")
    is_whole = tensors.heads & _BESIDE_THE_DENOISER
    return FileForm(tensors.header.container, "" if is_whole else "denoiser")


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
    if rule.format is ModelFormat.Checkpoint and rule.type in _ONE_FILE_TYPES:
        return _FORMATS.get(quantization or "", rule.format)
    return rule.format


def trigger_phrases(metadata: Mapping[str, str]) -> tuple[str, ...]:
    """Return the words that call up what an adapter learned, where the header is sure."""
    stated = [p for field in _PHRASE_FIELDS for p in _stated_phrases(metadata.get(field, ""))]
    if stated:
        return kept_phrases(stated)
    return kept_phrases(_trained_phrases(metadata.get("ss_tag_frequency", "")))


def _stated_phrases(text: str) -> Iterator[str]:
    """Yield the phrases of one field: a text, commas and all, or a list in JSON."""
    try:
        listed = json.loads(text) if text.lstrip().startswith("[") else None
    except (ValueError, RecursionError):
        listed = None  # a phrase may begin with a bracket
    for phrase in listed if isinstance(listed, list) else [text]:
        if isinstance(phrase, str) and phrase.strip().casefold() not in _NO_PHRASE:
            yield phrase


def _trained_phrases(frequencies: str) -> list[str]:
    """Return the phrase of the training folders if all have one and captions bear it out."""
    try:
        folders = json.loads(frequencies) if frequencies else None
    except (ValueError, RecursionError):
        return []  # free text of a trainer, not the model's structure: nothing to report
    if not isinstance(folders, dict) or not folders:
        return []
    phrases = {_folder_phrase(name) for name in folders}
    tags: dict[str, float] = {}
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


def _counts(counts: Any) -> Iterator[tuple[str, float]]:
    for tag, count in counts.items() if isinstance(counts, dict) else ():
        if isinstance(count, int | float):
            yield tag.strip().casefold(), count


def missing_evidence(view: ModelView) -> Evidence | None:
    """Return what a folder lacks of what its index lists; None when it is whole."""
    if view.folder is None or not view.folder.missing:
        return None
    parts = ", ".join(view.folder.missing)
    return Evidence("config", f"model_index.json lists parts that are not there: {parts}")


def declared_evidence(view: ModelView, match: Match) -> Iterator[Evidence]:
    """Yield what the metadata states about the base: that it agrees, or that the keys decide."""
    for name in view.declared:
        agrees = name.base == match.rule.base
        doubt = "" if agrees else "; the tensors say otherwise and decide"
        yield Evidence("metadata", f"{name.field} says {name.value!r}{doubt}")
