"""Encoders of texts and pictures in one file: CLIP, SigLIP and T5."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.names import shown
from modelkeep.core.taxonomy import ModelFormat, ModelType
from modelkeep.errors import InvalidModelException
from modelkeep.load.facts.encoders import BESIDE_CLIP, T5, VISION, clip_text, clip_vision, t5
from modelkeep.load.file_parts import FilePart, find_part
from modelkeep.load.loader import ModelLoader, TensorSource
from modelkeep.load.model_files import ModelFiles
from modelkeep.load.plan import LoadPlan
from modelkeep.load.precision import Precision
from modelkeep.load.weights import WeightFile, weights_of

_TYPES = {
    ModelType.CLIPEmbed,
    ModelType.CLIPVision,
    ModelType.T5Encoder,
    ModelType.TextEncoder,
}


class EncoderFileLoader(ModelLoader):
    """Gives the class of transformers."""

    name = "encoder_file"

    def takes(self, record: ModelConfigBase) -> bool:
        """Take encoders in one file."""
        return record.type in _TYPES and record.format is ModelFormat.Checkpoint

    def plan(self, files: ModelFiles, part: str) -> LoadPlan:
        """Find out from names and shapes which encoder it is."""
        record, weights = files.record, weights_of(files.path)
        found = None
        if record.type is ModelType.CLIPVision:
            found = _vision(weights, record)
        if record.type in {ModelType.T5Encoder, ModelType.TextEncoder}:
            found = _t5(weights, record)
        if record.type in {ModelType.CLIPEmbed, ModelType.TextEncoder} and found is None:
            found = _clip(weights, record)
        if found is None:
            some = ", ".join(list(weights.tensors)[:3]) or "nothing"
            raise InvalidModelException(
                f"{shown(files.path)} holds no encoder that can be loaded from one file: it holds"
                f" {some}",
                hint="Use a folder in the layout of transformers, which brings its config.",
            )
        return found.plan(self.name, part, found.config({}, {}), files.sources)

    def make(self, plan: LoadPlan, source: TensorSource, precision: Precision) -> object:
        """Make the class."""
        from modelkeep.load.convert import make_from_file

        return make_from_file(plan, source, precision)


def _clip(weights: WeightFile, record: ModelConfigBase) -> FilePart | None:
    for name, place in weights.tensors.items():
        if name.endswith("token_embedding.weight") and place.shape:
            has_projection = any(".text_projection" in f".{each}" for each in weights.tensors)
            facts = clip_text(place.shape[-1], record.base, has_projection=has_projection)
            return find_part(weights, facts, record.tensor_prefix, BESIDE_CLIP) if facts else None
    return None


def _vision(weights: WeightFile, record: ModelConfigBase) -> FilePart | None:
    found = find_part(weights, VISION, record.tensor_prefix)
    return _settled(found, clip_vision(found.shapes)) if found else None


def _t5(weights: WeightFile, record: ModelConfigBase) -> FilePart | None:
    found = find_part(weights, T5, record.tensor_prefix)
    return _settled(found, t5(found.shapes)) if found else None


def _settled(found: FilePart, known: tuple[str, Mapping[str, Any]] | None) -> FilePart | None:
    """Return a part with its class and the settings that are known of it."""
    if known is None:
        return None
    name, settings = known
    facts = replace(found.facts, class_name=name, config={**found.facts.config, **settings})
    return replace(found, facts=facts)


LOADER = EncoderFileLoader()
