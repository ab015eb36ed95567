"""Each kind of model has one loader, and those without are known."""

from __future__ import annotations

from collections.abc import Iterator

from modelkeep.core.configs import ModelConfigBase, ModelConfigFactory
from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType
from modelkeep.errors import InvalidModelConfigException
from modelkeep.load.loader import LOADERS

#: Quantised forms, and what is recorded without knowing what it is.
NOT_YET = {
    *(f"{kind} {form}"
      for kind in ("main", "clip_embed", "t5_encoder", "text_encoder", "upscaler", "style_model",
                   "motion_module", "hypernetwork")
      for form in ("gguf_quantized", "bnb_quantized_nf4b", "bnb_quantized_int8b")),
    *("clip_vision gguf_quantized", "controlnet gguf_quantized"),
    *(f"unknown {form}" for form in ModelFormat if form is not ModelFormat.Diffusers),
}  # fmt: skip


def _records() -> Iterator[ModelConfigBase]:
    for kind in ModelType:
        for form in ModelFormat:
            fields = {"name": "x", "path": "x", "type": kind, "format": form}
            for base in (BaseModelType.StableDiffusionXL, BaseModelType.Flux):
                try:
                    yield ModelConfigFactory.make_config({**fields, "base": base})
                except InvalidModelConfigException:
                    break  # no model of this type has the format


def test_one_loader_takes_a_model_or_none_does() -> None:
    left = set()
    for record in _records():
        takers = [loader.name for loader in LOADERS.load() if loader.takes(record)]
        assert len(takers) < 2, (record, takers)
        if not takers:
            left.add(f"{record.type} {record.format}")
    assert left == NOT_YET | {"controlnet checkpoint"}  # of FLUX, in one file
