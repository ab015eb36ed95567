"""``FolderHeader``: the files, configs and weight headers of a model folder."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from modelkeep.core import limits
from modelkeep.core.reading import printable
from modelkeep.core.taxonomy import ModelRepoVariant
from modelkeep.core.walk import FolderFile
from modelkeep.errors import CorruptModelError
from modelkeep.identification.header import TensorHeader
from modelkeep.identification.readers.detect import read_header
from modelkeep.identification.readers.tree import LocalTree, Tree
from modelkeep.identification.readers.weights import check_weights, is_weight

INDEX = "model_index.json"
_CONFIG_NAMES = (INDEX, "config.json", "scheduler_config.json", "adapter_config.json")
#: Weight files at the top of a folder that identify the folder.
_LEADING = ("pytorch_lora_weights", "adapter_model", "learned_embeds", "ip_adapter")
_LEADING_SUFFIXES = (".safetensors", ".bin", ".pt")
#: Components that may stand alone in a folder beside their tokenizer.
_LONE_COMPONENTS = ("text_encoder", "text_encoder_2", "image_encoder")
_DENOISERS = ("unet", "transformer", "")
#: Parts that pipelines go without.
_OPTIONAL_PARTS = frozenset({"safety_checker", "feature_extractor", "image_encoder"})
#: In the names of classes that have no weights.
_WEIGHTLESS = ("Tokenizer", "Scheduler", "Processor", "Extractor", "Guidance", "Guider")

Config = dict[str, Any]


class FolderHeader:
    """A folder, read as far as identifying it needs.

    Args:
        strict: Refuse weight files of 0 bytes and missing shards.
        tree: Where its files are read; the disk when None. ``path`` then only says what messages
            call it.
        thorough: Look into every weight file, not only into the one that identifies the folder.

    Attributes:
        files: Every file, sorted by path.

    Raises:
        CorruptModelError: a config or weight file is broken, or there is too much of something.
        UnsafeModelError: loading a weight file would run code.
        UnreadableSourceError: something in the folder is not a file, or leads out of it.
    """

    def __init__(
        self,
        path: Path,
        *,
        strict: bool = True,
        tree: Tree | None = None,
        thorough: bool = True,
    ) -> None:
        self.path = path
        self._tree = tree if tree is not None else LocalTree(path)
        self.files: tuple[FolderFile, ...] = self._tree.files
        self._configs = self._read_configs()
        self._headers: dict[str, TensorHeader] = {}
        self._is_thorough = thorough
        read = self.header_of if thorough else None
        check_weights(path, self.files, self._configs, read, strict=strict)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    @cached_property
    def pipeline_class(self) -> str | None:
        """The class that ``model_index.json`` names."""
        name = self._configs.get(INDEX, {}).get("_class_name")
        return name if isinstance(name, str) else None

    @cached_property
    def component_class(self) -> tuple[str, str] | None:
        """Config file and class of a folder that is a component and no pipeline."""
        if INDEX in self._configs:
            return None
        for component in ("", *_LONE_COMPONENTS):
            found = self.component(component)
            name = _class_of(found[1]) if found else None
            if found and name:
                return found[0], name
        return None

    @cached_property
    def missing(self) -> tuple[str, ...]:
        """Parts that ``model_index.json`` lists and the folder lacks, or has without weights."""
        listed = self._configs.get(INDEX, {}).items()
        return tuple(
            name
            for name, kind in listed
            if (part := _part_class(name, kind)) is not None and not self._holds(name, part)
        )

    def _holds(self, name: str, part: str) -> bool:
        # In ONNX form a VAE is two parts.
        starts = (f"{name}/", f"{name}_decoder/") if name == "vae" else (f"{name}/",)
        inside = (file.path for file in self.files if file.path.startswith(starts))
        if any(word in part for word in _WEIGHTLESS):
            return any(inside)
        return any(is_weight(path) for path in inside)

    def component(self, name: str) -> tuple[str, Config] | None:
        """Return path and content of a component's config; "" is the folder's own."""
        file = "scheduler_config.json" if name == "scheduler" else "config.json"
        path = f"{name}/{file}" if name else file
        config = self._configs.get(path)
        return (path, config) if config is not None else None

    def config(self, path: str) -> Config | None:
        """Return the content of a JSON config by its path in the folder."""
        return self._configs.get(path)

    def header_of(self, path: str) -> TensorHeader:
        """Return the header of one weight file, read once.

        Raises:
            CorruptModelError: it is broken.
            UnsafeModelError: loading it would run code.
        """
        if path not in self._headers:
            with self._tree.reading(path) as file:
                self._headers[path] = read_header(file, thorough=self._is_thorough)
        return self._headers[path]

    def leading_header(self) -> TensorHeader | None:
        """Return the header of the weight file that identifies the folder, if there is one."""
        sizes = {file.path: file.size for file in self.files}
        for stem in _LEADING:
            for suffix in _LEADING_SUFFIXES:
                if sizes.get(stem + suffix):
                    return self.header_of(stem + suffix)
        return None

    @cached_property
    def repo_variant(self) -> ModelRepoVariant:
        """The form of the denoiser's weights, or of whatever weights there are.

        Plain names mean the default form, also when other forms are beside them.
        """
        names = [file.path for file in self.files if is_weight(file.path)]
        for component in _DENOISERS:
            inside = [n for n in names if not component or n.startswith(f"{component}/")]
            forms = {_form_of(PurePosixPath(name).name) for name in inside}
            if ModelRepoVariant.DEFAULT in forms:
                return ModelRepoVariant.DEFAULT
            if forms:
                return min(forms, key=list(ModelRepoVariant).index)
        return ModelRepoVariant.DEFAULT

    def _read_configs(self) -> dict[str, Config]:
        wanted = [file for file in self.files if is_config(file.path)]
        if len(wanted) > limits.FOLDER_JSON_FILES:
            raise CorruptModelError(
                f"{printable(self.path)} holds {len(wanted):,} JSON configs; at most"
                f" {limits.FOLDER_JSON_FILES:,} are read",
                hint="Name the folder of one model, not a folder of models.",
            )
        return {file.path: self._read_json(file) for file in wanted}

    def _read_json(self, file: FolderFile) -> Config:
        path = self.path / file.path
        if file.size > limits.FOLDER_JSON_BYTES:
            raise CorruptModelError(
                f"{printable(path)} has {file.size:,} bytes; a config may have"
                f" {limits.FOLDER_JSON_BYTES:,}",
                hint="Download the folder again from its source.",
            )
        with self._tree.reading(file.path) as opened:
            content = opened.read_at(0, opened.size)
        try:
            value = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise CorruptModelError(
                f"{printable(path)} is not valid JSON: {error}",
                hint="Download the folder again from its source.",
            ) from error
        if not isinstance(value, dict):
            raise CorruptModelError(
                f"{printable(path)} does not contain a JSON object",
                hint="Download the folder again from its source.",
            )
        name = value.get("_class_name")
        if isinstance(name, list) and name:  # of a pipeline of its own: its module and its class
            value["_class_name"] = name[-1]
        return value


def is_config(path: str) -> bool:
    """Return whether a file of a folder is one of those that identify it."""
    name = PurePosixPath(path).name
    return name in _CONFIG_NAMES or (name.endswith(".json") and ".index." in name)


def _part_class(name: str, kind: Any) -> str | None:
    """Return the class of a part that a pipeline needs, as ``model_index.json`` lists it."""
    if name.startswith("_") or name in _OPTIONAL_PARTS:
        return None
    if not isinstance(kind, list) or len(kind) != len(("library", "class")):
        return None
    return kind[1] if isinstance(kind[1], str) else None


def _class_of(config: Config) -> str | None:
    name = config.get("_class_name")
    if name is None:
        architectures = config.get("architectures")
        name = architectures[0] if isinstance(architectures, list) and architectures else None
    return name if isinstance(name, str) else None


def _form_of(name: str) -> ModelRepoVariant:
    parts = name.casefold().split(".")
    if name.startswith("openvino_model"):
        return ModelRepoVariant.OPENVINO
    if name.startswith("flax_model") or parts[-1] == "msgpack":
        return ModelRepoVariant.FLAX
    if parts[-1] == "onnx":
        return ModelRepoVariant.ONNX
    for form in (ModelRepoVariant.FP16, ModelRepoVariant.FP32):
        if any(part == form or part.startswith(f"{form.value}-") for part in parts[1:]):
            return form
    return ModelRepoVariant.DEFAULT
