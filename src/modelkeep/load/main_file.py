"""``MainFile``: a main model in one file, with all that is known of it."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from modelkeep.core.configs import MainCheckpointConfig
from modelkeep.core.names import shown
from modelkeep.core.reading import LocalFile
from modelkeep.errors import LoadError
from modelkeep.load.facts.family_facts import FamilyFacts, PartFacts, SchedulerFacts
from modelkeep.load.file_parts import FilePart, find_part
from modelkeep.load.ldm_config import LdmConfig
from modelkeep.load.model_files import ModelFiles
from modelkeep.load.plan import TensorPlace
from modelkeep.load.weights import WeightFile, weights_of

#: Names of copies that training keeps; they belong to no part.
_COPIES = "model_ema."
#: Settings of a scheduler for a model that was trained to start from pure noise.
_ZERO_SNR = {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
#: Settings of a VAE whose latents have a mean and a deviation of their own: tensors of the file.
_LATENTS = {"latents_mean": "edm_mean", "latents_std": "edm_std"}
_LATENTS_FACTOR = 0.5
_FORMATS = {"F32": "f", "F16": "e"}
_MOST_NUMBERS = 64


@dataclass(frozen=True)
class MainFile:
    """A main model in one file.

    Attributes:
        record: What is recorded of it.
        files: The file, and its configuration.
        facts: What is known of its base.
    """

    record: MainCheckpointConfig
    files: ModelFiles
    facts: FamilyFacts

    @cached_property
    def weights(self) -> WeightFile:
        """The header of the file."""
        return weights_of(self.files.path)

    @cached_property
    def ldm(self) -> LdmConfig | None:
        """Its configuration; None where it has none."""
        return LdmConfig.of(self.files.config)

    def find(self, part: PartFacts) -> FilePart | None:
        """Return a part; None where its weights are not in the file."""
        if part is not self.facts.denoiser:
            return find_part(self.weights, part)
        others = {prefix for one in self.facts.others for prefix in one.prefixes}
        return find_part(self.weights, part, self.record.tensor_prefix, (*others, _COPIES))

    def config(self, part: FilePart) -> dict[str, Any]:
        """Return the settings of the class of a part."""
        if part.facts is self.facts.denoiser:
            return self._denoiser(part)
        if part.facts.name != "vae":
            return part.config({}, {})
        stated = self.ldm.vae() if self.ldm is not None else {}
        return part.config({**self._latents(), **stated}, {})

    def scheduler(self) -> SchedulerFacts:
        """Return its scheduler: as record, configuration, file or base have it, in this order."""
        stated = self.ldm.scheduler() if self.ldm is not None else {}
        prediction = self.record.prediction_type or stated.get("prediction_type")
        is_zero = self.record.ztsnr_training
        marks = [key for key in self.facts.schedulers if key in self.weights.tensors]
        usual = self.facts.scheduler(
            *marks, "ztsnr" if is_zero else None, prediction, self.record.variant
        )
        config = dict(usual.config)
        if "beta_start" in config:
            config |= {**stated, **(_ZERO_SNR if is_zero else {})}
        if prediction is not None and "prediction_type" in config:
            config["prediction_type"] = str(prediction)
        return replace(usual, config=config)

    def _denoiser(self, part: FilePart) -> dict[str, Any]:
        prediction = self.scheduler().config.get("prediction_type", "")
        stated: Mapping[str, Any] = {}
        if self.ldm is not None:
            stated = self.ldm.unet(is_sized="addition_embed_type" in part.facts.config)
        takes_upcast = part.facts.name == "unet"
        return part.config(
            {**part.facts.predicting.get(prediction, {}), **stated},
            {"upcast_attention": self.record.upcast_attention} if takes_upcast else {},
        )

    def _latents(self) -> dict[str, Any]:
        """Return the settings of a VAE that the file has as numbers."""
        if not self.weights.tensors.keys() >= set(_LATENTS.values()):
            return {}
        with LocalFile(self.files.path) as file:
            numbers = {
                setting: _numbers(file, name, self.weights.tensors[name])
                for setting, name in _LATENTS.items()
            }
        return {**numbers, "scaling_factor": _LATENTS_FACTOR}


def _numbers(file: LocalFile, name: str, place: TensorPlace) -> list[float]:
    if place.dtype not in _FORMATS or not 0 < place.count <= _MOST_NUMBERS:
        raise LoadError(
            f"{shown(file.path)}: {name} is {place.count} numbers of type {place.dtype}, which"
            " no mean or deviation of latents is",
            hint="Use another form of the model.",
        )
    content = file.read_at(place.offset, place.bytes)
    return list(struct.unpack(f"<{place.count}{_FORMATS[place.dtype]}", content))
