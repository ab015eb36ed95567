"""Main models in one file: Stable Diffusion 1, 2, XL and its refiner, and FLUX.1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from modelkeep.core.configs import MainCheckpointConfig, ModelConfigBase
from modelkeep.core.names import shown
from modelkeep.core.taxonomy import BaseModelType, ModelFormat
from modelkeep.errors import LoadError, MissingPartError
from modelkeep.load.assets import ASSETS
from modelkeep.load.facts.family_facts import (
    FACTS,
    FamilyFacts,
    PartFacts,
    SchedulerFacts,
    TokenizerFacts,
)
from modelkeep.load.file_parts import FilePart, find_part
from modelkeep.load.ldm_config import LdmConfig
from modelkeep.load.loader import ModelLoader, TensorSource
from modelkeep.load.model_files import ModelFiles
from modelkeep.load.plan import LoadPlan
from modelkeep.load.precision import Precision
from modelkeep.load.weights import WeightFile, weights_of

_SCHEDULER = "scheduler"
#: Names of copies that training keeps; they belong to no part.
_COPIES = "model_ema."
#: Settings of a scheduler for a model that was trained to start from pure noise.
_ZERO_SNR = {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}


class SingleFileLoader(ModelLoader):
    """Loads a part of a main model in one file; of the file only that part is read."""

    name: ClassVar[str] = "single_file"

    def takes(self, record: ModelConfigBase) -> bool:
        """Take main models in one file, of the bases whose parts are known."""
        return (
            isinstance(record, MainCheckpointConfig)
            and record.format is ModelFormat.Checkpoint
            and record.base in _families()
        )

    def parts(self, files: ModelFiles) -> tuple[str, ...]:
        """Return the parts whose weights are in the file, the tokenizers and the scheduler."""
        facts = _families()[files.record.base]
        weights = weights_of(files.path)
        held = (one.name for one in facts.parts if _find(weights, facts, one, files.record))
        return (*held, *(one.name for one in facts.tokenizers), _SCHEDULER)

    def plan(self, files: ModelFiles, part: str) -> LoadPlan:
        """Return what a part is made of."""
        facts = _families()[files.record.base]
        for tokenizer in facts.tokenizers:
            if tokenizer.name == part:
                return self._tokenizer_plan(files, tokenizer)
        if part == _SCHEDULER:
            scheduler = _scheduler(files, facts)
            return LoadPlan(
                loader=self.name,
                part=part,
                library="diffusers",
                class_name=scheduler.class_name,
                config=scheduler.config,
                files=files.sources,
                is_own_copy=True,
            )
        return self._module_plan(files, facts, part)

    def make(self, plan: LoadPlan, source: TensorSource, precision: Precision) -> object:
        """Return the part, on the CPU."""
        from modelkeep.load.convert import make_from_file

        return make_from_file(plan, source, precision)

    def _module_plan(self, files: ModelFiles, facts: FamilyFacts, part: str) -> LoadPlan:
        record = _main(files.record)
        if record.variant in facts.refused:
            raise LoadError(
                f"{shown(files.path)}: a model of the variant {record.variant} cannot be loaded"
                " from one file",
                hint="Install the model as a diffusers folder.",
            )
        found = self._find(files, facts, part)
        stated: Mapping[str, Any] = {}
        fixed = {"upcast_attention": record.upcast_attention} if part == "unet" else {}
        ldm = LdmConfig.of(files.config)
        if part == facts.denoiser.name:
            prediction = _scheduler(files, facts).config.get("prediction_type", "")
            usual = found.facts.predicting.get(prediction, {})
            is_sized = "addition_embed_type" in found.facts.config
            stated = {**usual, **(ldm.unet(is_sized=is_sized) if ldm is not None else {})}
        elif part == "vae" and ldm is not None:
            stated = ldm.vae()
        return found.plan(self.name, part, found.config(stated, fixed), files.sources)

    def _find(self, files: ModelFiles, facts: FamilyFacts, part: str) -> FilePart:
        weights = weights_of(files.path)
        found = (
            _find(weights, facts, one, files.record) for one in facts.parts if one.name == part
        )
        if (it := next(found, None)) is not None:
            return it
        raise MissingPartError(
            f"{shown(files.path)} has no part {part!r}",
            hint=f"It has: {', '.join(self.parts(files))}.",
        )

    def _tokenizer_plan(self, files: ModelFiles, tokenizer: TokenizerFacts) -> LoadPlan:
        asset = ASSETS[tokenizer.asset]
        folder = asset.folder(files.assets)
        return LoadPlan(
            loader=self.name,
            part=tokenizer.name,
            library="transformers",
            class_name=tokenizer.class_name,
            config=tokenizer.config,
            files=tuple(folder / name for name in asset.files),
            folder=folder,
            is_own_copy=True,
        )


def _families() -> dict[BaseModelType, FamilyFacts]:
    return {facts.base: facts for facts in FACTS.load()}


def _main(record: ModelConfigBase) -> MainCheckpointConfig:
    if not isinstance(record, MainCheckpointConfig):
        raise TypeError(f"{record!r} is no main model in one file")
    return record


def _find(
    weights: WeightFile, facts: FamilyFacts, part: PartFacts, record: ModelConfigBase
) -> FilePart | None:
    if part is not facts.denoiser:
        return find_part(weights, part)
    others = {prefix for one in facts.others for prefix in one.prefixes if prefix}
    return find_part(weights, part, record.tensor_prefix, (*others, _COPIES))


def _scheduler(files: ModelFiles, facts: FamilyFacts) -> SchedulerFacts:
    """Return the scheduler of a model: as its record, its configuration or its base has it."""
    record = _main(files.record)
    ldm = LdmConfig.of(files.config)
    stated = ldm.scheduler() if ldm is not None else {}
    prediction = record.prediction_type or stated.get("prediction_type")
    zero_snr = "ztsnr" if record.ztsnr_training else None
    usual = facts.scheduler(zero_snr, prediction, record.variant)
    if "prediction_type" not in usual.config:
        return usual
    config = {**usual.config, **stated}
    if prediction is not None:
        config["prediction_type"] = str(prediction)
    return replace(usual, config=config | (_ZERO_SNR if zero_snr else {}))


LOADER = SingleFileLoader()
