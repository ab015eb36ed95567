"""What main models predict: noise, v or the sample, where something tells."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from modelkeep.core.base_names import spaced
from modelkeep.core.identity import Evidence, EvidenceKind
from modelkeep.core.taxonomy import ModelType, SchedulerPredictionType
from modelkeep.identification.facts.chosen import chosen
from modelkeep.identification.family import Predictions
from modelkeep.identification.view import ModelView

if TYPE_CHECKING:
    from modelkeep.identification.opinions import Opinion

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
    view: ModelView, known: Predictions | None, opinions: Sequence[Opinion] = ()
) -> tuple[SchedulerPredictionType | None, Sequence[Evidence]]:
    """Return what a main model predicts and why; nothing where nothing tells.

    Args:
        view: The model.
        known: The signs of predictions in its family; None where models predict nothing.
        opinions: What others say of it.
    """
    return chosen(_predictions(view, known, opinions) if known is not None else ())


def _predictions(
    view: ModelView, known: Predictions, opinions: Sequence[Opinion]
) -> Iterator[tuple[SchedulerPredictionType, Evidence]]:
    """Yield what a model may predict, the surest first."""
    title = view.metadata.get("modelspec.title", "")[:_LONGEST_TITLE]
    told = list(_stated_predictions(view, known))
    if (titled := _prediction_named(title, known)) is not None:
        told.append((titled, _says_so("metadata", "modelspec.title", titled)))
    for one in opinions:
        predicted = one.prediction or _prediction_named(one.words, known)
        if predicted is not None:
            told.append((predicted, one.evidence))
    if (named := _prediction_named(view.hints, known)) is not None:
        told.append((named, _says_so("name", "its name", named)))
    yield from told or filter(None, [_prediction_by_default(view)])


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


def _prediction_named(text: str, known: Predictions) -> SchedulerPredictionType | None:
    """Return what the words of a text mean; None for both: it is of a merge or a conversion."""
    signs = (*_PREDICTION_NAMES, *known.names)
    found = {value for pattern, value in signs if re.search(pattern, spaced(text))}
    return found.pop() if len(found) == 1 else None


def _says_so(kind: EvidenceKind, what: str, value: SchedulerPredictionType) -> Evidence:
    return Evidence(kind, f"{what} says that it predicts {'v' if value is _V else value.value}")


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
