"""What main models predict: noise, v or the sample, where something tells."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelkeep.core.base_names import spaced
from modelkeep.core.identity import Evidence
from modelkeep.core.taxonomy import ModelType, SchedulerPredictionType
from modelkeep.identification.family import Predictions
from modelkeep.identification.view import ModelView

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
_LONGEST_TITLE = 200
#: Types of models that predict something.
PREDICTING_TYPES = frozenset({ModelType.Main, ModelType.ONNX})


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
    title = spaced(view.metadata.get("modelspec.title", "")[:_LONGEST_TITLE])
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
