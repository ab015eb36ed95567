"""Facts beside type, base and format, each from what headers, configs and names say."""

from __future__ import annotations

from modelkeep.identification.facts.captions import read_captions
from modelkeep.identification.facts.forms import (
    file_form,
    find_prefix,
    form_of,
    missing_evidence,
)
from modelkeep.identification.facts.lineages import declared_evidence, find_lineage
from modelkeep.identification.facts.phrases import trigger_phrases
from modelkeep.identification.facts.predictions import (
    PREDICTING_TYPES,
    find_prediction,
    upcast_attention,
)
from modelkeep.identification.facts.quantization import find_quantization, format_of
from modelkeep.identification.facts.training import training_of

__all__ = [
    "PREDICTING_TYPES",
    "declared_evidence",
    "file_form",
    "find_lineage",
    "find_prediction",
    "find_prefix",
    "find_quantization",
    "form_of",
    "format_of",
    "missing_evidence",
    "read_captions",
    "training_of",
    "trigger_phrases",
    "upcast_attention",
]
