"""What rules look at: the names and shapes of a file, or the configs of a folder."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from types import MappingProxyType
from typing import Any

from modelkeep.core.base_names import BaseNames, spaced
from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.adapters import AdapterView
from modelkeep.identification.embeddings import embeddings_of
from modelkeep.identification.globs import glob_matches
from modelkeep.identification.header import TensorHeader, TensorInfo
from modelkeep.identification.prefixes import Part
from modelkeep.identification.readers.dtypes import DTYPE_BITS
from modelkeep.identification.readers.folder import FolderHeader
from modelkeep.identification.readers.pickle_names import LONE_TENSOR

#: Fields of a header in which trainers and mergers name the architecture, the surest first.
DECLARING_FIELDS = ("modelspec.architecture", "ss_base_model_version", "baseModel")
_LONGEST = 80
#: More than any config of a denoiser has.
_LONGEST_CONFIG = 1 << 18

#: What Quanto adds to the name of a weight; its scale stands under the same name.
_QUANTO_DATA = "._data"

_NUMBER = re.compile(r"(?<![^.\n])\d+(?![^.\n])")
_WILD = re.compile(r"[*#]")
_EMPTY_HEADER = TensorHeader(name="", container="safetensors", size=0, tensors={})


def _unwrapped(tensors: Mapping[str, TensorInfo]) -> Mapping[str, TensorInfo]:
    """Return the tensors with each weight of Quanto under the name that it had before."""
    names = "\n".join((*tensors, ""))
    if f"{_QUANTO_DATA}\n" not in names:
        return tensors
    return {name.removesuffix(_QUANTO_DATA): info for name, info in tensors.items()}


class TensorView:
    """The tensors of one file, with what rules ask about computed once and only when asked."""

    def __init__(self, header: TensorHeader = _EMPTY_HEADER) -> None:
        self.header = header
        self.tensors: Mapping[str, TensorInfo] = _unwrapped(header.tensors)
        self._prefixes: dict[Part, tuple[str, ...]] = {}

    @cached_property
    def heads(self) -> frozenset[str]:
        """The first dot-separated part of every name."""
        return frozenset({name.partition(".")[0] for name in self.tensors})  # a set is quicker

    @cached_property
    def text(self) -> str:
        """All names, one a line: for cheap questions of the kind "does any name hold this"."""
        return "\n".join(self.tensors)

    @cached_property
    def dtypes(self) -> frozenset[str]:
        """The element types that occur."""
        return frozenset(map(attrgetter("dtype"), self.tensors.values()))

    @cached_property
    def adapter(self) -> AdapterView:
        """The LoRA and LyCORIS modules, under one spelling of their names."""
        return AdapterView.of(self.tensors)

    @cached_property
    def embeddings(self) -> Mapping[str, int]:
        """Width of each learned embedding under its encoder's name; "text" where none is named."""
        if self.header.container == "pickle" and self.tensors.keys() == {LONE_TENSOR}:
            return {}  # it has no token
        return MappingProxyType(embeddings_of(self.tensors))

    @cached_property
    def _skeletons(self) -> dict[str, str]:
        """Each name with its numbers replaced by ``#``, and one full name that has this form."""
        forms = _NUMBER.sub("#", self.text).split("\n")
        if len(forms) != len(self.tensors):  # a hostile name held a line break
            forms = [_NUMBER.sub("#", name) for name in self.tensors]
        return dict(zip(forms, self.tensors, strict=True))

    @cached_property
    def _by_part(self) -> dict[str, list[str]]:
        index: defaultdict[str, list[str]] = defaultdict(list)
        for skeleton in self._skeletons:
            for part in set(skeleton.split(".")):
                index[part].append(skeleton)
        return index

    def width(self, name: str, axis: int) -> int | None:
        """Return one dimension of a tensor; None where it has no such dimension.

        A 4-bit weight is stored as one column of bytes, or as one row; its widths are then
        computed from the length of its bias, or of that of a module that gives as many features.
        One of nvfp4, known by its second scale, keeps its rows, each of half as many bytes.
        """
        info = self.tensors[name]
        shape = info.shape
        if len(shape) == 2 and 1 in shape and self._is_packed(name, info):  # noqa: PLR2004 - a matrix
            return self._packed_width(name, max(shape) * DTYPE_BITS[info.dtype] // 4, axis)
        if not -len(shape) <= axis < len(shape):
            return None
        if info.dtype == "U8" and axis in (1, -1) and f"{name}_scale_2" in self.tensors:
            return 2 * shape[axis]
        return shape[axis]

    def _is_packed(self, name: str, info: TensorInfo) -> bool:
        return info.dtype == "U8" or f"{name}.absmax" in self.tensors

    def _packed_width(self, name: str, numbers: int, axis: int) -> int | None:
        module = name.removesuffix(".weight")
        block = module.rpartition(".")[0]
        for sibling in (f"{module}.bias", f"{block}.to_out.0.bias"):
            bias = self.tensors.get(sibling)
            if bias is not None and len(bias.shape) == 1 and bias.shape[0]:
                return bias.shape[0] if axis == 0 else numbers // bias.shape[0]
        return None

    def under(self, part: Part) -> tuple[str, ...]:
        """Return the prefixes of a part that may stand before names in this file."""
        present = self._prefixes.get(part)
        if present is None:
            heads = self.heads
            present = tuple(p for p in part if not p or p.partition(".")[0] in heads)
            self._prefixes[part] = present
        return present

    def find_glob(self, pattern: str, prefixes: tuple[str, ...]) -> str | None:
        """Return the full name of the first tensor that a pattern matches, or None.

        Args:
            pattern: A name with ``*`` (any text) or ``#`` (any number that is a whole name part),
                matched on names whose numbers are ``#``.
            prefixes: What may stand before it.
        """
        if max(_WILD.split(pattern), key=len) not in self.text:
            return None  # most patterns; an index of all names takes a hundred times as long
        literal = [p for p in pattern.split(".") if p and "*" not in p]
        lists = [self._by_part.get(p, []) for p in literal] or [list(self._skeletons)]
        rarest = min(lists, key=len)
        for skeleton in rarest:
            for prefix in prefixes:
                if glob_matches(_NUMBER.sub("#", prefix) + pattern, skeleton):
                    return self._skeletons[skeleton]
        return None


@dataclass(frozen=True, slots=True)
class DeclaredBase:
    """A field of a header that names a base. Keys and shapes decide; this only agrees.

    Attributes:
        value: What it holds, at most 80 characters.
    """

    field: str
    value: str
    base: BaseModelType


class ModelView:
    """One model as rules see it: its tensors, its folder if it is one, and its names.

    Args:
        name: What the model is called: the stem of the file, or the folder's name.
        hints: Names with information about it, nearest first.
        names: What the bases are called in headers.
        original_config: Text of the ``.yaml`` of the original code beside a file.
    """

    def __init__(
        self,
        name: str,
        hints: Iterable[str] = (),
        header: TensorHeader | None = None,
        folder: FolderHeader | None = None,
        *,
        names: BaseNames,
        original_config: str = "",
    ) -> None:
        self.name = name
        self.original_config = original_config
        self._names = names
        self.folder = folder
        self.hints = " / ".join(spaced(hint) for hint in hints)
        self._header = header
        self._found: dict[Part, dict[str, str | None]] = {}

    def under(self, part: Part) -> PartView:
        """Return the model as conditions on one part see it.

        Args:
            part: Prefixes that may stand before the names that conditions ask for.
        """
        # The part refers to the model and not the other way round: a cycle would keep the names
        # of all tensors until the next garbage collection.
        return PartView(self, part, self._found.setdefault(part, {}))

    @cached_property
    def tensors(self) -> TensorView:
        """The tensors of the file, or of the weight file that identifies a folder."""
        header = self._header
        if header is None and self.folder is not None:
            header = self.folder.leading_header()
        return TensorView(header) if header is not None else TensorView()

    @property
    def metadata(self) -> Mapping[str, str]:
        """The free-form metadata of the header."""
        return self.tensors.header.metadata

    @cached_property
    def declared(self) -> tuple[DeclaredBase, ...]:
        """The bases that the header names, the surest field first."""
        found = []
        for field in DECLARING_FIELDS:
            value = self.metadata.get(field, "")[:_LONGEST]
            if value and (base := self._names.declared_base(value)) is not None:
                found.append(DeclaredBase(field, value, base))
        return tuple(found)

    def declaring(self, declared: DeclaredBase) -> ModelView:
        """Return the same model as if its header named a base."""
        other = copy(self)
        other.__dict__["declared"] = (declared,)
        return other

    @cached_property
    def stated(self) -> Mapping[str, Any]:
        """The config of the denoiser that some programs write into the header, or nothing."""
        text = self.metadata.get("config", "")
        if len(text) > _LONGEST_CONFIG:
            return {}
        try:
            config = json.loads(text)
        except (ValueError, RecursionError):  # it is not theirs
            return {}
        found = config.get("transformer") if isinstance(config, dict) else None
        return found if isinstance(found, dict) else {}

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return self.folder is not None


class PartView:
    """One model as the conditions of a rule see it: they name tensors without their prefix.

    Args:
        part: Prefixes that may stand before the names.
        found: Names that were looked up before under this part.
    """

    def __init__(self, model: ModelView, part: Part, found: dict[str, str | None]) -> None:
        self._model = model
        self._part = part
        self._found = found
        self.folder = model.folder
        self.hints = model.hints
        self._prefixes: tuple[str, ...] | None = None

    @property
    def tensors(self) -> TensorView:
        """The tensors of the file; see ``ModelView``."""
        return self._model.tensors

    @property
    def declared(self) -> tuple[DeclaredBase, ...]:
        """The bases that the header names."""
        return self._model.declared

    @property
    def stated(self) -> Mapping[str, Any]:
        """The config of the denoiser that the header holds; see ``ModelView``."""
        return self._model.stated

    def find(self, pattern: str) -> str | None:
        """Return the full name of the first tensor that ``pattern`` names, or None.

        Args:
            pattern: A name without its prefix; see ``TensorView.find_glob`` for ``*`` and ``#``.
        """
        if pattern not in self._found:
            self._found[pattern] = self._find(pattern)
        return self._found[pattern]

    def _find(self, pattern: str) -> str | None:
        tensors = self._model.tensors
        prefixes = self._prefixes
        if prefixes is None:
            prefixes = self._prefixes = tensors.under(self._part)
        if "*" in pattern or "#" in pattern:
            return tensors.find_glob(pattern, prefixes)
        for prefix in prefixes:
            if prefix + pattern in tensors.tensors:
                return prefix + pattern
        return None
