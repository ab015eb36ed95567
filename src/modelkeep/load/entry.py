"""``TorchPart``: one part of a model in memory, with its tensors counted and watched."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import repeat
from operator import attrgetter, itemgetter
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils.hooks import RemovableHandle

from modelkeep.load.bridge import own_copy
from modelkeep.load.versions import SharedCounter, Versions

_has_gradients = attrgetter("requires_grad")
_is_training = itemgetter("training")
_processor_of = itemgetter("processor")
_HOOKS = ("_forward_hooks", "_forward_pre_hooks")

#: Modules that compute the same in training mode.
_MODELESS = frozenset(
    {
        torch.nn.Linear,
        torch.nn.Conv1d,
        torch.nn.Conv2d,
        torch.nn.Conv3d,
        torch.nn.Embedding,
        torch.nn.GELU,
        torch.nn.GroupNorm,
        torch.nn.Identity,
        torch.nn.LayerNorm,
        torch.nn.RMSNorm,
        torch.nn.SiLU,
    }
)
#: Modules that compute the same whatever else is put into them, and gain no attributes by use.
_PLAIN = _MODELESS | {torch.nn.Dropout}


class TorchPart:
    """One part of a model in memory.

    Args:
        value: A module, or any object; a mapping of tensors is found in its ``tensors``.
        is_own_copy: Each who asks gets a copy.
        mapped: Bytes of files that are mapped, which other processes may share.
        counter: Counts the writes to its tensors, if something does.

    Attributes:
        tensors: Parameters and buffers, each once.
        bytes: Memory that they take; what several share counts once.
    """

    def __init__(
        self,
        value: object,
        *,
        is_own_copy: bool = False,
        mapped: int = 0,
        counter: SharedCounter | None = None,
    ) -> None:
        self.value = value
        self.mapped = mapped
        self._is_own_copy = is_own_copy
        self.tensors = tuple(_tensors_of(value))
        self.bytes = sum(_storages(self.tensors).values()) or getattr(value, "bytes", 0)
        self._modules = tuple(value.modules()) if isinstance(value, torch.nn.Module) else ()
        self._watched = _Watched.of(self._modules)
        self._hooks_made = RemovableHandle.next_id
        self._counts, self._own_forwards = self._watched.counts(), self._watched.own_forwards()
        self._marks = self._watched.marks()
        self._versions = Versions(self.tensors, counter)

    @property
    def class_name(self) -> str:
        """What it is."""
        return type(self.value).__name__

    @property
    def has_tensors(self) -> bool:
        """It has numbers that a device may hold."""
        return hasattr(self.value, "to")

    def hand_out(self) -> object:
        """Return the part for use; where using it changes it, a copy of its own."""
        return own_copy(self.value) if self._is_own_copy else self.value

    def was_written(self) -> bool:
        """Tell whether somebody wrote to its tensors since it was loaded."""
        return not self._is_own_copy and self._versions.have_changed()

    def was_rebuilt(self) -> bool:
        """Tell whether somebody changed something else of it.

        Noticed are: tensors that were replaced or converted, gradients for blocks, hooks, parts
        that were swapped, another attention processor, training mode, another config, and switches
        of the whole module, such as tiling and FreeU.
        """
        if self._is_own_copy:
            return False
        if (made := RemovableHandle.next_id) != self._hooks_made:
            if any(self._watched.hooks):
                return True
            self._hooks_made = made
        if (counts := self._watched.counts()) != self._counts:
            if self._watched.own_forwards() != self._own_forwards:
                return True
            self._counts = counts
        marks = self._watched.marks()
        with _ByIdentity():
            return self._marks != marks


class _ByIdentity(TorchFunctionMode):
    """In its block a tensor equals itself alone: no numbers are compared."""

    def __torch_function__(self, *_args: Any, **_kwargs: Any) -> bool:
        return False  # what is the same object is equal before torch is asked


@dataclass(frozen=True, slots=True)
class _Watched:
    """Where changes of modules show.

    It is looked at after each use, so it has to be quick, and that is to touch little memory.

    Attributes:
        plain: The attributes of each module of torch that keeps them.
        others: The attributes of all other modules.
        with_training: The attributes of each module that may have a training mode.
        leading: The first parameter of each module that has one.
        graded: The first parameter of each block. Who trains any of them writes to it, too.
        filled: The parameters, buffers, parts and hooks of each module that has any.
        empty: The parameters, buffers and parts of the other modules that have none.
        hooks: The hooks of those that have none.
        with_processor: The attributes of those that have an attention processor.
        whole: The attributes of the module that has all others.
        switches: The names of those of them that are on or off.
        up_blocks: The attributes of the blocks that FreeU changes.
    """

    plain: tuple[dict[str, Any], ...]
    others: tuple[dict[str, Any], ...]
    with_training: tuple[dict[str, Any], ...]
    leading: tuple[torch.Tensor, ...]
    graded: tuple[torch.Tensor, ...]
    filled: tuple[dict[Any, Any], ...]
    empty: tuple[dict[Any, Any], ...]
    hooks: tuple[dict[Any, Any], ...]
    with_processor: tuple[dict[str, Any], ...]
    whole: dict[str, Any]
    switches: tuple[str, ...]
    up_blocks: tuple[dict[str, Any], ...]

    @classmethod
    def of(cls, modules: tuple[torch.nn.Module, ...]) -> _Watched:
        """Return what to watch of modules."""
        inside = tuple(vars(module) for module in modules)
        plain = tuple(vars(module) for module in modules if type(module) in _PLAIN)
        others = tuple(vars(module) for module in modules if type(module) not in _PLAIN)
        held = [one for attributes in inside for one in _held_in(attributes)]
        hooks = [attributes[name] for attributes in inside for name in _HOOKS]
        whole = inside[0] if inside else {}
        up_blocks = getattr(modules[0], "up_blocks", None) if modules else None
        return cls(
            plain,
            others,
            tuple(vars(module) for module in modules if type(module) not in _MODELESS),
            tuple(_leading(inside)),
            tuple(_leading_of_blocks(modules)),
            tuple(one for one in (*held, *hooks) if one),
            tuple(one for attributes in others for one in _held_in(attributes) if not one),
            tuple(one for one in hooks if not one),
            tuple(one for one in inside if "processor" in one),
            whole,
            tuple(name for name, value in whole.items() if isinstance(value, bool)),
            tuple(map(vars, up_blocks)) if isinstance(up_blocks, torch.nn.ModuleList) else (),
        )

    def counts(self) -> list[int]:
        """Return how many attributes each module has that may gain some by being used."""
        return list(map(len, self.others))

    def own_forwards(self) -> int:
        """Return how many modules compute otherwise than their classes say."""
        return sum(map(dict.__contains__, self.others, repeat("forward")))

    def marks(self) -> tuple[object, ...]:
        """Return what differs once something but the numbers was changed."""
        return (
            list(map(torch.Tensor.data_ptr, self.leading)),
            any(map(_has_gradients, self.graded)),
            # All values of all of these, in their order: the one call that is quick enough.
            gc.get_referents(*self.filled),
            any(self.empty),
            list(map(len, self.plain)),
            any(map(_is_training, self.with_training)),
            list(map(_processor_of, self.with_processor)),
            [self.whole.get(name) for name in self.switches],
            any(map(dict.get, self.up_blocks, repeat("s1"))),
            _config_of(self.whole),
        )


def _leading(inside: Iterable[dict[str, Any]]) -> Iterator[torch.Tensor]:
    for attributes in inside:
        own = [one for one in attributes["_parameters"].values() if one is not None]
        yield from own[:1]


def _leading_of_blocks(modules: Iterable[torch.nn.Module]) -> Iterable[torch.Tensor]:
    blocks = (module for module in modules if type(module) not in _PLAIN)
    first = (next(block.parameters(), None) for block in blocks)
    return {id(one): one for one in first if one is not None}.values()


def _held_in(attributes: dict[str, Any]) -> Iterator[dict[Any, Any]]:
    """Give what a module holds, of each kind."""
    yield attributes["_parameters"]
    # Buffers that are not saved are caches, which some modules replace in use.
    if not attributes["_non_persistent_buffers_set"]:
        yield attributes["_buffers"]
    yield attributes["_modules"]


def _config_of(attributes: dict[str, Any]) -> object:
    """Return what the config of a module says; diffusers and transformers keep it elsewhere."""
    config = attributes.get("_internal_dict", attributes.get("config"))
    if isinstance(config, Mapping):
        return dict(config)
    return dict(vars(config)) if hasattr(config, "__dict__") else None


def _tensors_of(value: object) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.nn.Module):
        yield from value.parameters()
        yield from value.buffers()
        return
    tensors: Any = getattr(value, "tensors", None)
    if isinstance(tensors, Mapping):
        yield from (tensor for tensor in tensors.values() if isinstance(tensor, torch.Tensor))


def _storages(tensors: Iterable[torch.Tensor]) -> dict[tuple[int, int], int]:
    """Return the bytes of the memory behind tensors, by where it is."""
    behind = [tensor.untyped_storage() for tensor in tensors if tensor.device.type != "meta"]
    return {(one.data_ptr(), one.nbytes()): one.nbytes() for one in behind if one.nbytes()}
