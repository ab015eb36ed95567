"""``filter_files``: which files of a repository make up a model, from their names alone."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from modelkeep.core.taxonomy import ModelRepoVariant
from modelkeep.core.weight_names import TORCH_FORMATS, Kind, Weight, weight_of

MODEL_INDEX = "model_index.json"
_CONFIG_SUFFIXES = frozenset({".json", ".txt", ".model", ".jinja", ".tiktoken"})
#: Texts for people and for other programs.
_NO_CONFIG = re.compile(
    r"(?i)(license|licence|readme|requirements|notice|changelog|dataset_infos?|trainer_state)\b.*"
    r"|.*workflow.*\.json"
)
#: Folders with states of a training, and those that programs hide.
_NO_MODEL = re.compile(r"(?i)checkpoint-\d+|\..*|logs?|__pycache__")
#: What diffusers reads beside ``model_index.json``.
_PIPELINE_FILES = frozenset(
    {MODEL_INDEX, "config.json", "scheduler_config.json", "generation_config.json",
     "processor_config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"}
)  # fmt: skip
_KINDS = {
    ModelRepoVariant.ONNX: Kind.ONNX,
    ModelRepoVariant.OPENVINO: Kind.OPENVINO,
    ModelRepoVariant.FLAX: Kind.FLAX,
}
#: Labels in the order in which they are taken; others come after, in the order of their names.
_LABELS = {
    ModelRepoVariant.FP16: ("fp16", "", "bf16", "fp32"),
    ModelRepoVariant.FP32: ("fp32", "", "bf16", "fp16"),
}
_PLAIN = ("", "fp32", "bf16", "fp16")


def filter_files(
    files: Iterable[str | Path | PurePosixPath],
    variant: ModelRepoVariant | str | None = None,
    subfolder: str | Path | PurePosixPath | None = None,
    *,
    pipeline: Mapping[str, Any] | None = None,
) -> list[Path]:
    """Return the files of a repository that make up one form of its model, sorted.

    Each component's folder gives one form of its weights: safetensors before other formats, then
    the variant, then full precision, then what there is; all shards with their index, or none.

    Args:
        files: All files of the repository; the paths may begin with its name.
        variant: Which form is wanted; full precision when None.
        subfolder: Only this folder, or this one file.
        pipeline: What ``model_index.json`` holds, where it was read: folders of components that
            it does not name are left out.

    Returns:
        Some of ``files``. None where the repository has weights but none of this form; for
        onnx, openvino and flax also where it has no weights at all.
    """
    given = sorted({PurePosixPath(file) for file in files})
    wanted = ModelRepoVariant(variant) if variant else ModelRepoVariant.DEFAULT
    root = _root(given)
    if subfolder is not None and str(subfolder) not in {"", "."}:
        below = PurePosixPath(str(subfolder).strip("/"))
        root = next((base for base in (root / below, below) if _has(given, base)), root / below)
    scope = _Scope(root, [path for path in given if path == root or root in path.parents])
    if root in scope.files:
        return [Path(path) for path in sorted(_one_file(root, given))]
    return [Path(path) for path in sorted(scope.chosen(wanted, pipeline))]


def _root(files: Sequence[PurePosixPath]) -> PurePosixPath:
    """Return the folder that all files are in: the repository's name, where paths have it."""
    first = {path.parts[0] if len(path.parts) > 1 else "" for path in files}
    return PurePosixPath(*first) if len(first) == 1 else PurePosixPath()


def _has(files: Sequence[PurePosixPath], base: PurePosixPath) -> bool:
    return any(base == path or base in path.parents for path in files)


def _one_file(path: PurePosixPath, files: Sequence[PurePosixPath]) -> set[PurePosixPath]:
    """Return a file that was asked for by name; of a shard all shards, of an index too."""
    weight = weight_of(path)
    if weight is None or not (weight.shards or weight.is_index):
        return {path}
    beside = [found for file in files if file.parent == path.parent and (found := weight_of(file))]
    for form in _forms(beside):
        if path in form.paths:
            return form.paths
    return {path}


@dataclass
class _Form:
    """One weight in one format and variant: a file, or shards with their index."""

    weight: Weight
    paths: set[PurePosixPath]

    def rank(self, labels: tuple[str, ...]) -> tuple[int, int, str, bool, bool, int]:
        """Return what sorts the best form first."""
        weight = self.weight
        known = labels.index(weight.label) if weight.label in labels else len(labels)
        order = TORCH_FORMATS.index(weight.format) if weight.format in TORCH_FORMATS else 0
        is_sharded = weight.shards > 0
        return order, known, weight.label, is_sharded, weight.is_old, weight.shards


def _forms(weights: Iterable[Weight]) -> list[_Form]:
    """Group the shards of weights with their index; sets that are not complete are left out."""
    sets: dict[tuple[str, ...], list[Weight]] = defaultdict(list)
    indexes: dict[tuple[str, ...], list[Weight]] = defaultdict(list)
    for weight in weights:
        # The first part distinguishes model-1-of-2 from pytorch_model-1-of-2 in one folder.
        head = re.split(r"[.-]", weight.path.name, maxsplit=1)[0] if weight.is_component else ""
        name = (weight.stem, head, weight.label, weight.format, weight.kind.value)
        if weight.is_index:
            indexes[name].append(weight)
        elif weight.shards:
            sets[*name, str(weight.shards), str(weight.is_old)].append(weight)
        else:
            sets[*name, weight.path.name].append(weight)
    found: list[_Form] = []
    for key, members in sets.items():
        paths = {each.path for each in members}
        if len(members) == max(1, members[0].shards) or not members[0].shards:
            if members[0].shards:
                paths |= _index_of(members[0], indexes.get(key[:5], []))
            found.append(_Form(members[0], paths))
    return found


def _index_of(shard: Weight, indexes: Sequence[Weight]) -> set[PurePosixPath]:
    """Return the index that is written as the shards are, or the one there is."""
    same = [each.path for each in indexes if each.is_old == shard.is_old]
    return set(same or [each.path for each in indexes])


@dataclass
class _Scope:
    """The files below one folder, among which is chosen."""

    root: PurePosixPath
    files: list[PurePosixPath]

    def chosen(
        self, variant: ModelRepoVariant, pipeline: Mapping[str, Any] | None
    ) -> set[PurePosixPath]:
        """Return the files that make up the model in this form."""
        kind = _KINDS.get(variant, Kind.TORCH)
        labels = _LABELS.get(variant, _PLAIN)
        ignored = _ignored(pipeline)
        weights: dict[PurePosixPath, list[Weight]] = defaultdict(list)
        configs: dict[PurePosixPath, list[PurePosixPath]] = defaultdict(list)
        for path in self.files:
            inner = path.relative_to(self.root)
            if inner.as_posix() in ignored or any(map(_NO_MODEL.fullmatch, inner.parts)):
                continue
            if weight := weight_of(path):
                weights[path.parent].append(weight)
            elif path.suffix in _CONFIG_SUFFIXES and not _NO_CONFIG.fullmatch(path.name):
                configs[path.parent].append(path)
        picked = {
            folder: _picked([weight for weight in there if weight.kind is kind], labels)
            for folder, there in weights.items()
        }
        if self.root / MODEL_INDEX in self.files:
            # Programs that export to other formats add folders of their own to what is named.
            named = _components(pipeline) if kind is Kind.TORCH else None
            return self._pipeline(picked, configs, named)
        return self._plain(picked, configs, is_special=variant in _KINDS)

    def _pipeline(
        self,
        picked: Mapping[PurePosixPath, list[_Form]],
        configs: Mapping[PurePosixPath, list[PurePosixPath]],
        named: set[str] | None,
    ) -> set[PurePosixPath]:
        """Choose in the folder of a pipeline: one folder for each component."""
        found: set[PurePosixPath] = set()
        is_component = {
            folder: folder.parent == self.root and (named is None or folder.name in named)
            for folder in {*picked, *configs}
            if folder != self.root
        }
        for folder, is_one in is_component.items():
            forms = picked.get(folder)
            if is_one and (forms or forms is None):
                found.update(configs.get(folder, ()))
                found.update(path for form in forms or () for path in form.paths)
        has_any = any(form for folder, form in picked.items() if is_component.get(folder))
        if picked and not has_any:
            return set()
        root_files = configs.get(self.root, ())
        return found | {path for path in root_files if path.name in _PIPELINE_FILES}

    def _plain(
        self,
        picked: Mapping[PurePosixPath, list[_Form]],
        configs: Mapping[PurePosixPath, list[PurePosixPath]],
        *,
        is_special: bool,
    ) -> set[PurePosixPath]:
        """Choose in a folder that is one component, or holds models beside each other."""
        if not any(picked.values()):
            is_empty = bool(picked) or is_special
            return set() if is_empty else {path for each in configs.values() for path in each}
        is_root_model = any(
            form.weight.is_component or form.weight.is_result for form in picked.get(self.root, ())
        )
        found: set[PurePosixPath] = set()
        for folder, forms in picked.items():
            if is_root_model and folder != self.root:
                continue
            found.update(path for form in forms for path in form.paths)
            if any(form.weight.is_component or form.weight.is_result for form in forms):
                found.update(configs.get(folder, ()))
        if found and (is_root_model or _is_split(picked, self.root)):
            bare = [folder for folder in configs if folder not in picked]
            found.update(path for folder in bare for path in configs[folder])
        return found


def _is_split(picked: Mapping[PurePosixPath, list[_Form]], root: PurePosixPath) -> bool:
    """Return whether the weights lie in a folder of their own and their configs above it."""
    homes = [folder for folder, forms in picked.items() if forms]
    is_below = len(homes) == 1 and homes[0] != root
    return is_below and all(form.weight.is_component for form in picked[homes[0]])


def _picked(weights: Sequence[Weight], labels: tuple[str, ...]) -> list[_Form]:
    """Return the best form of each weight in a folder; of a component's folder its own alone."""
    if not weights:
        return []
    if weights[0].kind in {Kind.ONNX, Kind.OPENVINO}:
        own = [weight for weight in weights if weight.is_component]
        has_main = any(weight.path.name.endswith(".onnx") for weight in own)
        taken = own if has_main or weights[0].kind is Kind.OPENVINO else list(weights)
        return [_Form(weight, {weight.path}) for weight in taken]
    groups: dict[str, list[_Form]] = defaultdict(list)
    for form in _forms(weights):
        groups[form.weight.stem].append(form)
    best = [min(forms, key=lambda form: form.rank(labels)) for forms in groups.values()]
    main = [form for form in best if form.weight.is_component]
    return main or [form for form in best if form.weight.is_result] or best


def _components(pipeline: Mapping[str, Any] | None) -> set[str] | None:
    """Return the folders that a pipeline names; None where it was not read."""
    if pipeline is None:
        return None
    return {
        name
        for name, value in pipeline.items()
        if isinstance(value, list) and any(each is not None for each in value)
        and not name.startswith("_")
    }  # fmt: skip


def _ignored(pipeline: Mapping[str, Any] | None) -> set[str]:
    names = (pipeline or {}).get("_ignore_files")
    return {name for name in names if isinstance(name, str)} if isinstance(names, list) else set()
