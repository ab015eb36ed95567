"""What modelkeep takes from diffusers and transformers that they do not document.

No other module touches their private functions; ``tests/unit/load/test_bridge.py`` says which ones
changed. ``from_pretrained`` is not called for modules, since it changes process-wide state.
"""

from __future__ import annotations

import copy
import importlib
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from torch.nn.utils.weight_norm import WeightNorm

from modelkeep.errors import InvalidModelException
from modelkeep.load.bounds import refuse_counts
from modelkeep.load.construction import READY, Construction

Tensors = dict[str, torch.Tensor]

#: What computes attention with torch alone. Others need packages, or fetch them.
_ATTENTION = (None, "eager", "sdpa", "flex_attention")

#: What CLIP's tokenizer does to itself once it is made.
_REWRAP = "_wrap_decode_method_backend_tokenizer"


class Skeleton(ABC):
    """A module that has no weights yet, and what its library says about these.

    Attributes:
        module: The module.
    """

    module: torch.nn.Module

    @abstractmethod
    def renamed(self, names: Iterable[str]) -> dict[str, str]:
        """Return the names that the class has for tensors, by their names in a file."""

    @abstractmethod
    def types(self, dtype: torch.dtype) -> dict[str, torch.dtype]:
        """Return the type of each tensor when the module as a whole is to have ``dtype``."""

    @abstractmethod
    def complaints(self, missing: set[str], surplus: set[str]) -> tuple[set[str], set[str]]:
        """Return those of the names that matter: of tensors that lack, and of unknown ones."""

    def merged(self, tensors: Tensors) -> Tensors:
        """Return the tensors of a file under the names of the class; empties ``tensors``."""
        names = self.renamed(tensors)
        return {names[name]: tensors.pop(name) for name in list(tensors)}

    def settle(self, missing: set[str]) -> None:  # noqa: ARG002 - not all classes lack any
        """Do what is left to do once the weights are there.

        Args:
            missing: Names of the class that no weights came for.
        """
        for each in self.module.modules():
            for hook in each._forward_pre_hooks.values():
                if isinstance(hook, WeightNorm):  # an attribute that it computes from weights
                    with torch.no_grad():
                        setattr(each, hook.name, hook.compute_weight(each))


class _DiffusersSkeleton(Skeleton):
    def __init__(self, kind: Any, config: Mapping[str, Any], dtype: torch.dtype) -> None:
        with Construction(dtype):
            self.module: Any = kind.from_config(copy.deepcopy(dict(config)))

    def renamed(self, names: Iterable[str]) -> dict[str, str]:
        old = {name: name for name in names}
        self.module._fix_state_dict_keys_on_load(old)
        return {name: new for new, name in old.items()}

    def types(self, dtype: torch.dtype) -> dict[str, torch.dtype]:
        kept = set(self.module._keep_in_fp32_modules or ())
        return {
            name: _float_as(torch.float32 if kept & set(name.split(".")) else dtype, tensor)
            for name, tensor in self.module.state_dict().items()
        }

    def complaints(self, missing: set[str], surplus: set[str]) -> tuple[set[str], set[str]]:
        ignored = self.module._keys_to_ignore_on_load_unexpected or ()
        return missing, {name for name in surplus if not any(re.search(p, name) for p in ignored)}


class _TransformersSkeleton(Skeleton):
    def __init__(self, kind: Any, config: Mapping[str, Any], dtype: torch.dtype) -> None:
        mine = kind.config_class
        made = mine.from_dict(_part_for(mine, copy.deepcopy(dict(config))))
        for each in _configs(made):
            each.dtype = None  # with a type, classes in classes set torch's default
            if each._attn_implementation not in _ATTENTION:
                each._attn_implementation = None
        with Construction(dtype):
            self.module: Any = kind(made)
        for each in _configs(made):
            each.dtype = dtype
        conversions = importlib.import_module("transformers.conversion_mapping")
        self._loading = importlib.import_module("transformers.core_model_loading")
        table = conversions.get_model_conversion_mapping(self.module)
        self._renamings = [t for t in table if isinstance(t, self._loading.WeightRenaming)]
        self._converters = [t for t in table if isinstance(t, self._loading.WeightConverter)]
        self._known = self.module.state_dict()
        self._names: dict[str, tuple[str, str | None]] = {}

    def renamed(self, names: Iterable[str]) -> dict[str, str]:
        return {name: self._rename(name)[0] for name in names}

    def types(self, dtype: torch.dtype) -> dict[str, torch.dtype]:
        kept = list(self.module._get_dtype_plan(dtype))
        pattern = self._loading.build_glob_alternation(kept)[0] if kept else None
        return {
            name: torch.float32 if pattern is not None and pattern.search(name) else tensor.dtype
            for name, tensor in self.module.state_dict().items()
        }

    def complaints(self, missing: set[str], surplus: set[str]) -> tuple[set[str], set[str]]:
        tied = self.module.all_tied_weights_keys.items()
        there = {source for target, source in tied if not {target, source} <= missing}
        excused = {name for pair in tied if pair[1] in there for name in pair}
        info = SimpleNamespace(missing_keys=missing - excused, unexpected_keys=set(surplus))
        self.module._adjust_missing_and_unexpected_keys(info)
        return info.missing_keys, info.unexpected_keys

    def merged(self, tensors: Tensors) -> Tensors:
        made: Tensors = {}
        groups: dict[str, Any] = {}
        by_pattern = {p: each for each in self._converters for p in each.source_patterns}
        for name in sorted(tensors, key=self._loading.dot_natural_key):
            new, pattern = self._rename(name)
            if pattern is None:
                made[new] = tensors.pop(name)
            else:
                group = groups.setdefault(new, copy.deepcopy(by_pattern[pattern]))
                group.add_tensor(new, name, pattern, tensors.pop(name))
        for new, group in groups.items():
            values = group.convert(new, model=self.module, config=self.module.config)
            made |= {key: v[0] if isinstance(v, list) else v for key, v in values.items()}
        return made

    def settle(self, missing: set[str]) -> None:
        module = self.module
        tied = module.all_tied_weights_keys
        for name in missing - set(tied) - set(tied.values()):
            _make_real(module, name)
        for name, tensor in module.state_dict(keep_vars=True).items():
            if name not in missing or name in tied:
                setattr(tensor, READY, True)
        with torch.no_grad(), Construction(torch.float32, is_empty=False):
            _initialise(module, module)
        module.tie_weights(missing_keys=set(missing), recompute_mapping=False)
        super().settle(missing)

    def _rename(self, name: str) -> tuple[str, str | None]:
        """Return the name in the class, and the pattern of what converts the tensor, if any."""
        if name not in self._names:
            rename = self._loading.rename_source_key
            known = self.module.base_model_prefix, self._known
            found = rename(name, self._renamings, self._converters, *known)
            if found[0] not in self._known and name in self._known:
                found = rename(name, [], [], *known)
            self._names[name] = found
        return self._names[name]


def skeleton(kind: Any, config: Mapping[str, Any], dtype: torch.dtype) -> Skeleton:
    """Return a module of a class, without weights.

    Args:
        kind: What ``find_class`` gave.
        config: What the class is made from.
        dtype: Type that its numbers are to have.

    Raises:
        InvalidModelException: the class makes no modules.
        ValueError: the config asks for more than any model has.
    """
    if not issubclass(kind, torch.nn.Module):
        raise InvalidModelException(f"{kind.__name__} is no class of modules")
    refuse_counts(config)
    family = _TransformersSkeleton if hasattr(kind, "config_class") else _DiffusersSkeleton
    return family(kind, config, dtype)


def set_generation(module: Any, config: Mapping[str, Any]) -> None:
    """Tell a language model how to write; other modules have no use for it."""
    if hasattr(module, "generation_config"):
        module.generation_config = module.generation_config_class.from_dict(dict(config))


def helper(kind: Any, config: Mapping[str, Any], folder: Path | None) -> Any:
    """Return what a pipeline needs beside modules: a scheduler, a tokenizer or the like.

    Args:
        kind: What ``find_class`` gave.
        config: What it is made from; with a folder, what wins over the files in it.
        folder: Where its files are, if it has several; nothing else is looked at.

    Raises:
        InvalidModelException: the class makes modules.
        ValueError: the config asks for more than any scheduler has.
    """
    if issubclass(kind, torch.nn.Module):
        raise InvalidModelException(f"{kind.__name__} is a class of modules, and is no helper")
    refuse_counts(config)
    settings = copy.deepcopy(dict(config))
    if folder is None:
        return kind.from_config(settings)
    return kind.from_pretrained(str(folder), local_files_only=True, **settings)


def own_copy(value: Any) -> Any:
    """Return a copy of what ``helper`` gave, which changes while it is used."""
    copied = copy.deepcopy(value)
    # CLIP's tokenizer replaces a method of an object that is copied without it.
    if hasattr(copied, _REWRAP):
        getattr(copied, _REWRAP)()
    return copied


def _configs(config: Any) -> Iterator[Any]:
    """Yield a config of transformers, and those in it."""
    yield config
    for name in config.sub_configs:
        inner = getattr(config, name, None)
        if inner is not None:
            yield from _configs(inner)


def _part_for(kind: Any, config: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a config that is for a class, where it is one for several models."""
    inner = config.get(kind.base_config_key) if kind.base_config_key else None
    if isinstance(inner, dict):
        config = inner
    if config.get("model_type", kind.model_type) != kind.model_type:
        for value in config.values():
            if isinstance(value, dict) and value.get("model_type") == kind.model_type:
                return value
    return config


def _initialise(module: Any, owner: Any) -> None:
    """Let the classes fill what no weights come for, as transformers does: inner ones first."""
    for child in module.children():
        _initialise(child, child if hasattr(child, "_init_weights") else owner)
    # It notes on modules what is done, which some look at. Classes outside of transformers draw
    # without asking whether there are numbers already; it keeps them from that.
    owner._initialize_weights(module, is_custom_code=owner.is_custom_code())


def _float_as(dtype: torch.dtype, tensor: torch.Tensor) -> torch.dtype:
    return dtype if tensor.is_floating_point() else tensor.dtype


def _make_real(module: torch.nn.Module, name: str) -> None:
    """Give a tensor memory that nothing is in."""
    path, _, last = name.rpartition(".")
    owner = module.get_submodule(path)
    tensor = torch.empty_like(getattr(owner, last), device="cpu")
    setattr(owner, last, torch.nn.Parameter(tensor) if last in owner._parameters else tensor)


def names_on_meta(module: torch.nn.Module) -> Iterator[str]:
    """Yield the names of tensors that have no contents, wherever a module keeps them."""
    for path, each in module.named_modules():
        for name, value in vars(each).items():
            inside: Iterable[tuple[Any, Any]] = [(name, value)]
            if isinstance(value, dict):  # parameters and buffers too
                inside = value.items()
            elif isinstance(value, list | tuple):
                inside = [(name, one) for one in value]
            for key, one in inside:
                if isinstance(one, torch.Tensor) and one.is_meta:
                    yield f"{path}.{key}".lstrip(".")
