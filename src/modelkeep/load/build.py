"""``make_module`` and ``make_helper``: from a plan to the objects that pipelines take."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch

from modelkeep.core.names import shown
from modelkeep.errors import InvalidModelException, MissingExtraError, ModelKeepError
from modelkeep.load import bridge
from modelkeep.load.bridge import Skeleton, Tensors
from modelkeep.load.host import HostDevice
from modelkeep.load.library_classes import find_class, hushed
from modelkeep.load.loader import TensorSource
from modelkeep.load.plan import LoadPlan
from modelkeep.load.precision import Precision
from modelkeep.load.tensors import TORCH_DTYPES, TORCH_PRECISIONS

#: Gives the tensors of a file the names and shapes that a class has.
Convert = Callable[[LoadPlan, Tensors], Tensors]

#: One thread at a time imports and constructs: the libraries import more as they go. Reading the
#: weights is not under it.
BUILDING = threading.RLock()

_PRECISIONS = {dtype: precision for precision, dtype in TORCH_PRECISIONS.items()}
_AGAIN = "Download the model again from its source."
#: Names in a message; the rest is counted.
_MOST_NAMES = 3


def make_module(
    plan: LoadPlan,
    source: TensorSource,
    precision: Precision,
    convert: Convert | None = None,
) -> torch.nn.Module:
    """Return the module of a plan, on the CPU, ready to use: no gradients, no dropout.

    Nothing outside the module changes meanwhile, and nothing is drawn from torch's generator. What
    the weights are not fit for is said before a byte of them is read.

    Args:
        plan: What to make.
        source: Reads the weights.
        precision: Of its floating numbers. What its library keeps in 32 bits stays so.
        convert: Is given the tensors first, under their names without ``plan.strip``. It is called
            twice: with tensors on ``meta``, which have no contents, and with the real ones.

    Raises:
        InvalidModelException: the weights are not those of the class.
        RemoteCodeError: the class is code of the model's own.
        MissingExtraError: a library is missing.
        LoadCancelledError: nobody waits any more.
    """
    dtype = TORCH_PRECISIONS[precision]
    places = {name.removeprefix(plan.strip): place for name, place in plan.tensors.items()}
    with _making(plan):
        made = bridge.skeleton(find_class(plan.library, plan.class_name), plan.config, dtype)
        names = {name: name for name in places} if convert else made.renamed(places)
        types = made.types(dtype)
        outlines = {
            name: torch.empty(place.shape, dtype=TORCH_DTYPES[place.dtype], device="meta")
            for name, place in places.items()
        }
        surplus = _check(plan, made, _state(plan, made, outlines, convert), types)
    tensors = source.read(
        {name: each for name, each in places.items() if convert or names[name] not in surplus},
        lambda name: _PRECISIONS.get(types.get(names[name], dtype), Precision.FLOAT32),
    )
    state = _state(plan, made, tensors, convert)
    for name in list(state):
        tensor = state.pop(name)
        if name in types:
            state[name] = tensor.to(types[name]).contiguous()
    made.module.load_state_dict(state, strict=False, assign=True)
    made.settle(types.keys() - state.keys())
    if generation := plan.details.get("generation"):
        bridge.set_generation(made.module, generation)
    module = made.module.eval().requires_grad_(requires_grad=False)
    if left := list(bridge.names_on_meta(module)):
        raise _misfit(plan, f"leaves tensors of {plan.class_name} without contents", left)
    return module


def make_helper(plan: LoadPlan) -> Any:
    """Return the scheduler, tokenizer or the like of a plan.

    Raises:
        InvalidModelException: its files are not as the class needs them.
        RemoteCodeError: the class is code of the model's own.
        MissingExtraError: a library is missing.
    """
    with _making(plan):
        kind = find_class(plan.library, plan.class_name)
        return bridge.helper(kind, plan.config, plan.folder)


@contextmanager
def _making(plan: LoadPlan) -> Iterator[None]:
    """Let no other thread construct, and say as errors of ours what classes complain about."""
    with BUILDING, hushed():
        try:
            yield
        except (ModelKeepError, MemoryError):
            raise
        except ImportError as error:
            raise MissingExtraError(
                f"{plan.class_name} needs a library that is not installed: {error}",
                hint="Install the library that is named.",
            ) from error
        except Exception as error:
            if HostDevice().is_out_of_memory(error):
                raise MemoryError(str(error)) from error
            raise InvalidModelException(
                f"{_place(plan)}: no {plan.class_name} of {plan.library} can be made from this:"
                f" {type(error).__name__}: {error}",
                hint=_AGAIN,
            ) from error


def _state(plan: LoadPlan, made: Skeleton, tensors: Tensors, convert: Convert | None) -> Tensors:
    """Return the tensors of the files under the names of the class."""
    return made.merged(convert(plan, tensors) if convert else tensors)


def _check(
    plan: LoadPlan, made: Skeleton, outlines: Tensors, types: Mapping[str, torch.dtype]
) -> set[str]:
    """Refuse tensors that are not those of the class; return names that it passes over."""
    expected = made.module.state_dict()
    surplus = outlines.keys() - expected.keys()
    missing, unknown = made.complaints(expected.keys() - outlines.keys(), surplus)
    if missing:
        raise _misfit(plan, f"lacks tensors of {plan.class_name}", missing)
    if unknown:
        raise _misfit(plan, f"has tensors that {plan.class_name} has not", unknown)
    for name in expected.keys() & outlines.keys():
        wanted, found = expected[name], outlines[name]
        if wanted.shape != found.shape:
            shapes = f"{_shape(found)} instead of {_shape(wanted)}"
            raise _misfit(plan, f"has a tensor of {plan.class_name} in the shape {shapes}", [name])
        if not _is_same_kind(types[name], found.dtype):
            raise _misfit(
                plan,
                f"has a tensor of {plan.class_name} as {found.dtype} instead of {types[name]}",
                [name],
            )
    return surplus


def _is_same_kind(wanted: torch.dtype, found: torch.dtype) -> bool:
    """Tell whether numbers may be brought from one type to the other."""
    if wanted.is_floating_point or wanted.is_complex:
        return found in {torch.float64, *_PRECISIONS, wanted}
    return not found.is_floating_point and not found.is_complex


def _misfit(plan: LoadPlan, what: str, names: Iterable[str]) -> InvalidModelException:
    ordered = sorted(names)
    more = len(ordered) - _MOST_NAMES
    listed = ", ".join(ordered[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
    return InvalidModelException(f"{_place(plan)} {what}: {listed}", hint=_AGAIN)


def _place(plan: LoadPlan) -> str:
    """Return what messages call the files of a plan."""
    weights = {place.file for place in plan.tensors.values()} or set(plan.files)
    if len(weights) == 1:
        return shown(next(iter(weights)))
    folder = plan.folder or next((path.parent for path in weights), None)
    return shown(folder) if folder else plan.class_name


def _shape(tensor: torch.Tensor) -> str:
    return " x ".join(map(str, tensor.shape)) or "of one number"
