"""Main models in one file: Stable Diffusion 1, 2, XL and its refiner, and FLUX.1."""

from __future__ import annotations

from typing import ClassVar

from modelkeep.core.configs import MainCheckpointConfig, ModelConfigBase
from modelkeep.core.names import shown
from modelkeep.core.taxonomy import BaseModelType, ModelFormat
from modelkeep.errors import LoadError, MissingPartError
from modelkeep.load.assets import ASSETS
from modelkeep.load.facts.family_facts import FACTS, FamilyFacts, TokenizerFacts
from modelkeep.load.loader import ModelLoader, TensorSource
from modelkeep.load.main_file import MainFile
from modelkeep.load.model_files import ModelFiles
from modelkeep.load.plan import LoadPlan
from modelkeep.load.precision import Precision

_SCHEDULER = "scheduler"


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
        return _parts(_opened(files))

    def plan(self, files: ModelFiles, part: str) -> LoadPlan:
        """Return what a part is made of."""
        model = _opened(files)
        for tokenizer in model.facts.tokenizers:
            if tokenizer.name == part:
                return self._tokenizer_plan(files, tokenizer)
        if model.record.variant in model.facts.refused:
            raise LoadError(
                f"{shown(files.path)}: a model of the variant {model.record.variant} cannot be"
                " loaded from one file",
                hint="Install the model as a diffusers folder.",
            )
        if part == _SCHEDULER:
            return self._scheduler_plan(model)
        known = (one for one in model.facts.parts if one.name == part)
        found = next((there for one in known if (there := model.find(one))), None)
        if found is None:
            raise MissingPartError(
                f"{shown(files.path)} has no part {part!r}",
                hint=f"It has: {', '.join(_parts(model))}.",
            )
        return found.plan(self.name, part, model.config(found), files.sources)

    def make(self, plan: LoadPlan, source: TensorSource, precision: Precision) -> object:
        """Return the part, on the CPU."""
        from modelkeep.load.convert import make_from_file

        return make_from_file(plan, source, precision)

    def _scheduler_plan(self, model: MainFile) -> LoadPlan:
        scheduler = model.scheduler()
        return LoadPlan(
            loader=self.name,
            part=_SCHEDULER,
            library="diffusers",
            class_name=scheduler.class_name,
            config=scheduler.config,
            files=model.files.sources,
            is_own_copy=True,
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


def _opened(files: ModelFiles) -> MainFile:
    record = files.record
    if not isinstance(record, MainCheckpointConfig):
        raise TypeError(f"{record!r} is no main model in one file")
    return MainFile(record, files, _families()[record.base])


def _parts(model: MainFile) -> tuple[str, ...]:
    held = (one.name for one in model.facts.parts if model.find(one) is not None)
    return (*held, *(one.name for one in model.facts.tokenizers), _SCHEDULER)


LOADER = SingleFileLoader()
