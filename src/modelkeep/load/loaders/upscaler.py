"""Upscalers in one file, in any architecture that spandrel knows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.names import shown
from modelkeep.core.taxonomy import ModelFormat, ModelType
from modelkeep.errors import CorruptModelError, InvalidModelException, MissingExtraError
from modelkeep.load.loader import ModelLoader, TensorSource
from modelkeep.load.model_files import ModelFiles
from modelkeep.load.plan import LoadPlan, TensorPlace
from modelkeep.load.precision import Precision
from modelkeep.load.weights import weights_of

#: Dicts of weights in files of trainings; the smoothed ones are the better ones.
_SMOOTHED = ("params_ema.", "params-ema.")
_WRAPPER = "params."
#: Layers without weights that may come with each that has some, and a few more.
_NUMBERS, _MORE = 4, 16
_NUMBER = re.compile(r"(?:^|\.)(\d+)(?=\.|$)")
_AGAIN = "Get the upscaler from another source."


class UpscalerLoader(ModelLoader):
    """Gives ``Upscaler``. Spandrel finds the architecture out from names and shapes."""

    name = "upscaler"

    def takes(self, record: ModelConfigBase) -> bool:
        """Take upscalers in one file."""
        return record.type is ModelType.Upscaler and record.format is ModelFormat.Checkpoint

    def plan(self, files: ModelFiles, part: str) -> LoadPlan:
        """Read the header and take what trainings put around the weights off the names."""
        places = _unwrapped(weights_of(files.path).tensors)
        _check_numbers(files.path, places)
        return LoadPlan(
            loader=self.name,
            part=part,
            library="spandrel",
            class_name="Upscaler",
            tensors=places,
            files=(files.path,),
        )

    def make(self, plan: LoadPlan, source: TensorSource, precision: Precision) -> Any:
        """Read the weights and let spandrel make the model; in 32 bits where it takes no fewer."""
        spandrel = _spandrel(plan.files[0])
        import torch

        from modelkeep.load.build import BUILDING
        from modelkeep.load.construction import Construction
        from modelkeep.load.upscaler_module import Upscaler

        tensors = source.read(plan.tensors, lambda _: Precision.FLOAT32)
        try:
            with BUILDING, Construction(torch.float32, is_empty=False):
                descriptor = spandrel.MAIN_REGISTRY.load(tensors)
        except spandrel.UnsupportedModelError as error:
            some = ", ".join(list(plan.tensors)[:3])
            raise InvalidModelException(
                f"{shown(plan.files[0])} is no upscaler that spandrel {spandrel.__version__} knows:"
                f" its tensors are {some} ...",
                hint="A newer one may know it: pip install --upgrade --no-deps spandrel",
            ) from error
        except Exception as error:  # architectures raise what they meet first
            raise InvalidModelException(
                f"{shown(plan.files[0])} cannot be loaded as an upscaler: {error}", hint=_AGAIN
            ) from error
        takes = {
            Precision.FLOAT16: descriptor.supports_half,
            Precision.BFLOAT16: descriptor.supports_bfloat16,
        }
        made = Upscaler(descriptor).eval().requires_grad_(requires_grad=False)
        return made.to(getattr(torch, precision.value)) if takes.get(precision) else made


def _spandrel(path: Path) -> Any:
    try:
        import spandrel
    except ImportError as error:
        raise MissingExtraError(
            f"{shown(path)} needs spandrel, which cannot be imported: {error}",
            hint="Install it with: pip install 'modelkeep[upscale]'",
        ) from error
    return spandrel


def _unwrapped(places: Mapping[str, TensorPlace]) -> dict[str, TensorPlace]:
    for start in _SMOOTHED:
        inside = {n.removeprefix(start): p for n, p in places.items() if n.startswith(start)}
        if inside:
            return inside
    outside = {name: place for name, place in places.items() if not name.startswith(_WRAPPER)}
    return outside or {name.removeprefix(_WRAPPER): place for name, place in places.items()}


def _check_numbers(path: Path, places: Mapping[str, TensorPlace]) -> None:
    """Refuse names that count far more layers than there are: each would be made."""
    most = len(places) * _NUMBERS + _MORE
    for name in places:
        if any(
            len(number) > len(str(most)) or int(number) > most for number in _NUMBER.findall(name)
        ):
            raise CorruptModelError(
                f"{shown(path)} cannot be loaded: {name} counts more layers than there are",
                hint=_AGAIN,
            )


LOADER = UpscalerLoader()
