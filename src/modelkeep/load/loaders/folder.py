"""Folders in the layout of diffusers and transformers, of any family."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.names import shown
from modelkeep.core.taxonomy import ModelFormat, ModelType
from modelkeep.errors import (
    IncompleteModelError,
    InvalidModelException,
    LoadError,
    MissingPartError,
)
from modelkeep.load.folder_files import files_in, has_weights, weights_in
from modelkeep.load.loader import ModelLoader, TensorSource
from modelkeep.load.model_files import ModelFiles, read_json
from modelkeep.load.plan import LoadPlan
from modelkeep.load.precision import Precision
from modelkeep.load.remote_code import class_in, refuse_code

_INDEX = "model_index.json"
_CONFIG = "config.json"
#: How a language model writes.
_GENERATION = "generation_config.json"
#: Configs from which classes without weights are made, by the ends of their names.
_HELPER_CONFIGS: Mapping[str, str] = MappingProxyType(
    {"Scheduler": "scheduler_config.json", "Guidance": "guider_config.json"}
)
#: In the names of classes that are made from several files of a folder. A few modules have them
#: in their names, too; these have weights.
_OF_FILES = ("Tokenizer", "Processor", "Extractor")
_FILE_CONFIGS = ("tokenizer_config.json", "preprocessor_config.json", "processor_config.json")
_PART_CONFIGS = (_CONFIG, *_HELPER_CONFIGS.values(), *_FILE_CONFIGS)
#: Where such a config has the name of its class.
_FILE_CLASSES = ("tokenizer_class", "image_processor_type", "feature_extractor_type",
                 "processor_class")  # fmt: skip
#: Folders that other loaders know.
_OTHERS = frozenset(
    {ModelType.Lora, ModelType.ControlLora, ModelType.TextualInversion, ModelType.IPAdapter}
)
_DECODER = ("decoder.", "lm_head.")
_CLIP_TEXT = ("text_model.", "text_projection.", "logit_scale")
_CLIP_VISION = ("vision_model.", "visual_projection.", "text_projection.", "logit_scale")
#: Classes for the part of a larger model that is wanted, and the tensors that it goes without.
_NARROWER: Mapping[tuple[ModelType, str], tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        (ModelType.T5Encoder, "T5ForConditionalGeneration"): ("T5EncoderModel", _DECODER),
        (ModelType.T5Encoder, "UMT5ForConditionalGeneration"): ("UMT5EncoderModel", _DECODER),
        (ModelType.CLIPVision, "CLIPModel"): ("CLIPVisionModelWithProjection", _CLIP_TEXT),
        (ModelType.CLIPEmbed, "CLIPModel"): ("CLIPTextModel", _CLIP_VISION),
    }
)
_AGAIN = "Download the model again from its source."


class FolderLoader(ModelLoader):
    """Pipelines with a ``model_index.json``, and single components with a ``config.json``."""

    name = "folder"

    def takes(self, record: ModelConfigBase) -> bool:
        """Take all that is in this layout, but adapters."""
        return record.format is ModelFormat.Diffusers and record.type not in _OTHERS

    def parts(self, files: ModelFiles) -> tuple[str, ...]:
        """Return the parts that the index lists, or the folders of one without an index."""
        if (files.path / _INDEX).is_file():
            return tuple(_listed(files))
        if (files.path / _CONFIG).is_file():
            return ()
        found = (
            path.parent.name for name in _PART_CONFIGS for path in files.path.glob(f"*/{name}")
        )
        return tuple(sorted(set(found)))

    def plan(self, files: ModelFiles, part: str) -> LoadPlan:
        """Find the class, its config and its weights."""
        if part not in (self.parts(files) or ("",)):
            raise self._missing(files, part)
        folder = files.path / part
        library, name, where = _class_of(files, part)
        name = class_in(name, library, where, files.path, folder)
        if any(word in name for word in _OF_FILES) and not has_weights(folder):
            return self._plan_files(part, folder, library, name)
        for end, config in _HELPER_CONFIGS.items():
            if name.endswith(end):
                return self._plan_helper(files, part, folder / config, library, name)
        return self._plan_module(files, part, library, name)

    def make(self, plan: LoadPlan, source: TensorSource, precision: Precision) -> object:
        """Make a module from its weights, and anything else from its files."""
        from modelkeep.load.build import make_helper, make_module

        return make_helper(plan) if plan.is_own_copy else make_module(plan, source, precision)

    def _plan_files(self, part: str, folder: Path, library: str, name: str) -> LoadPlan:
        """Plan a tokenizer, a processor or the like."""
        for config in (*_FILE_CONFIGS, _CONFIG):
            if (folder / config).is_file():
                _read(folder / config)
        return LoadPlan(
            loader=self.name,
            part=part,
            library=library,
            class_name=name,
            files=files_in(folder),
            folder=folder,
            is_own_copy=True,
        )

    def _plan_helper(
        self, files: ModelFiles, part: str, path: Path, library: str, name: str
    ) -> LoadPlan:
        """Plan a scheduler, or another class that is made from its config alone."""
        config = _read(path)
        return LoadPlan(
            loader=self.name,
            part=part,
            library=library,
            class_name=name,
            config={**config, **_schedule_of(files.record, name)},
            files=(path,),
            is_own_copy=True,
        )

    def _plan_module(self, files: ModelFiles, part: str, library: str, name: str) -> LoadPlan:
        folder = files.path / part
        path = folder / _CONFIG
        config = _read(path)
        if config.get("quantization_config"):
            raise LoadError(
                f"{shown(folder)} holds quantised weights, which cannot be loaded yet",
                hint="Use a form of the model with plain weights.",
            )
        if part == "unet" and getattr(files.record, "upcast_attention", False):
            config["upcast_attention"] = True
        weights = weights_in(folder, files.record.repo_variant)
        stated = folder / _GENERATION
        details = {"generation": _read(stated)} if stated.is_file() else {}
        name, without = _NARROWER.get((files.record.type, name), (name, ()))
        tensors = weights.tensors
        if without:
            tensors = {key: at for key, at in tensors.items() if not key.startswith(without)}
        return LoadPlan(
            loader=self.name,
            part=part,
            library=library,
            class_name=name,
            config=config,
            tensors=tensors,
            files=(path, *weights.files, *([stated] if details else [])),
            folder=folder,
            details=details,
        )

    def _missing(self, files: ModelFiles, part: str) -> MissingPartError:
        there = ", ".join(self.parts(files))
        name = shown(files.path)
        if not part:
            return MissingPartError(f"{name} has several parts", hint=f"Name one of: {there}")
        what = f"It has: {there}" if there else "Name no part: it is one thing."
        return MissingPartError(f"{name} has no part {part}", hint=what)


def _read(path: Path) -> dict[str, Any]:
    """Return a config that asks for no code."""
    if not path.is_file():
        raise IncompleteModelError(f"{shown(path)} is missing", hint=_AGAIN)
    config = read_json(path)
    refuse_code(config, path)
    return config


def _listed(files: ModelFiles) -> dict[str, tuple[str, Any]]:
    """Return the library and the class of each part that the index lists."""
    index = files.read_json(_INDEX)
    found: dict[str, tuple[str, Any]] = {}
    for name, value in index.items():
        if name.startswith("_") or not isinstance(value, list) or len(value) != 2:  # noqa: PLR2004
            continue
        library, class_name = value
        if isinstance(library, str) and name.isidentifier():
            found[name] = (library, class_name)
    return found


def _class_of(files: ModelFiles, part: str) -> tuple[str, Any, Path]:
    """Return the library and the class of a part, and the file that says so."""
    index = files.path / _INDEX
    if index.is_file():
        if (pipeline := _read(index).get("_class_name")) is not None:
            class_in(pipeline, "diffusers", index)
        return (*_listed(files)[part], index)
    for name in _PART_CONFIGS:
        path = files.path / part / name
        if not path.is_file():
            continue
        config = _read(path)
        if name in _FILE_CONFIGS:
            found = [config[key] for key in _FILE_CLASSES if config.get(key)]
        else:
            named = config.get("architectures")
            found = named if isinstance(named, list) else []
        if config.get("_class_name"):
            return "diffusers", config["_class_name"], path
        if found:
            return "transformers", found[0], path
    raise InvalidModelException(
        f"{shown(files.path / part)} has no config that names a class", hint=_AGAIN
    )


def _schedule_of(record: ModelConfigBase, class_name: str) -> dict[str, Any]:
    """Return what is known of a model and wins over the config of its scheduler."""
    known: dict[str, Any] = {}
    if class_name.startswith("FlowMatch"):  # has none of these
        return known
    if prediction := getattr(record, "prediction_type", None):
        known["prediction_type"] = str(prediction)
    if getattr(record, "ztsnr_training", False):
        known |= {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
    return known


LOADER = FolderLoader()
