"""``Construction``: a thread makes modules from configs, without weights and without draws.

The classes of diffusers and transformers fill their parameters with random numbers, which takes
longer than reading the weights. While this mode is on, large tensors that weights will replace are
made on torch's ``meta`` device, where they take no memory. What a class computes for itself
(rotary frequencies, position ids, noise schedules) is real, in the type that it would have under
``torch.set_default_dtype``. Other threads notice nothing, and torch's generator is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from modelkeep.load.bounds import Bounds

_Function = Callable[..., Any]
_Arguments = tuple[Any, ...]
_Keywords = dict[str, Any]

#: What transformers sets on tensors that initialisers have to leave alone.
READY = "_is_hf_initialized"

#: Elements from which on a tensor with nothing in it is made on ``meta``.
_LARGE_EMPTY = 2**16
#: The same for tensors full of one number, which a class may go on computing with.
_LARGE_FULL = 2**24

_UNKNOWN: frozenset[_Function] = frozenset({torch.empty, torch.rand, torch.randn})
_FULL: frozenset[_Function] = frozenset({torch.zeros, torch.ones, torch.full})
_FLOATING: frozenset[_Function] = frozenset(
    {*_UNKNOWN, torch.zeros, torch.ones, torch.eye, torch.linspace, torch.logspace,
     torch.bartlett_window, torch.blackman_window, torch.hamming_window, torch.hann_window,
     torch.kaiser_window}
)  # fmt: skip
_INFERRED: frozenset[_Function] = frozenset({torch.arange, torch.full})
_ROWS: frozenset[_Function] = frozenset({torch.arange, torch.linspace, torch.logspace})
_FROM_DATA: frozenset[_Function] = frozenset({torch.tensor, torch.as_tensor})
_DRAWING: frozenset[_Function] = frozenset(
    {torch.bernoulli, torch.multinomial, torch.normal, torch.poisson, torch.rand, torch.randint,
     torch.randn, torch.randperm}
)  # fmt: skip
_LIKE: Mapping[_Function, str] = {torch.rand_like: "uniform_", torch.randn_like: "normal_"}
_DRAWING_IN_PLACE: frozenset[_Function] = frozenset(
    {torch.Tensor.bernoulli_, torch.Tensor.cauchy_, torch.Tensor.exponential_,
     torch.Tensor.geometric_, torch.Tensor.log_normal_, torch.Tensor.normal_,
     torch.Tensor.random_, torch.Tensor.uniform_}
)  # fmt: skip
_WRITING: frozenset[_Function] = frozenset(
    {torch.Tensor.copy_, torch.Tensor.fill_, torch.Tensor.zero_, torch.nn.init.constant_}
)
_INITIALISERS: frozenset[_Function] = frozenset(
    {torch.nn.init.kaiming_uniform_, torch.nn.init.normal_, torch.nn.init.uniform_}
)
_TO_FLOAT: frozenset[_Function] = frozenset({torch.Tensor.float, torch.Tensor.type})


class Construction(TorchFunctionMode):
    """Makes modules under it empty where weights will come, in this thread alone.

    Args:
        dtype: The type of numbers for which none is named.
        is_empty: Large tensors are made on ``meta``. False to have all of them real.
    """

    def __init__(self, dtype: torch.dtype, *, is_empty: bool = True) -> None:
        super().__init__()
        self._dtype = dtype
        self._is_empty = is_empty
        self._generator = torch.Generator().manual_seed(0)
        self._bounds = Bounds()

    def __torch_function__(
        self, func: _Function, types: Any, args: _Arguments = (), kwargs: Any = None
    ) -> Any:
        """Do what a function of torch does, in our way."""
        keywords: _Keywords = dict(kwargs or {})
        if func in _INITIALISERS:
            return _first(args, keywords)
        if func in _DRAWING_IN_PLACE or func in _WRITING:
            return self._write(func, args, keywords)
        if func in _LIKE:
            return getattr(torch.empty_like(*args, **keywords), _LIKE[func])(
                generator=self._generator
            )
        if func in _FROM_DATA:
            return self._from_data(func, args, keywords)
        if func in _FLOATING or (func in _INFERRED and _has_float(args, keywords)):
            self._name(keywords, "dtype", self._dtype)
        if func in _DRAWING:
            self._name(keywords, "generator", self._generator)
        if func in _ROWS:
            self._bounds.check_row(_row(func, args, keywords))
        if self._is_large(func, args, keywords):
            keywords.pop("generator", None)
            keywords["device"] = "meta"
        return self._counted(func, self._promote(func, args, keywords))

    def _counted(self, func: _Function, made: Any) -> Any:
        size = made.nbytes if isinstance(made, torch.Tensor) and not made.is_meta else 0
        self._bounds.check_size(size)
        if func in _FLOATING or func in _INFERRED:
            self._bounds.count(size)
        return made

    def _name(self, keywords: _Keywords, name: str, value: Any) -> None:
        if keywords.get(name) is None:
            keywords[name] = value

    def _write(self, func: _Function, args: _Arguments, keywords: _Keywords) -> Any:
        """Change a tensor in place, unless it has its numbers already or will get them."""
        target = _first(args, keywords)
        if getattr(target, READY, False):
            return target
        if func in _DRAWING_IN_PLACE:
            if target.is_meta:
                return target
            self._name(keywords, "generator", self._generator)
        return func(*args, **keywords)

    def _from_data(self, func: _Function, args: _Arguments, keywords: _Keywords) -> Any:
        data = args[0] if args else keywords.get("data")
        if isinstance(data, list) and not data and not keywords:
            # transformers asks so whether it is on meta, and has nothing to initialise then.
            return torch.empty(0, dtype=self._dtype, device="meta" if self._is_empty else None)
        made = func(*args, **keywords)
        is_ours = keywords.get("dtype") is None and type(_leaf(data)) in {bool, int, float}
        if is_ours and made.is_floating_point() and made.dtype != self._dtype:
            return func(*args, **{**keywords, "dtype": self._dtype})
        return made

    def _is_large(self, func: _Function, args: _Arguments, keywords: _Keywords) -> bool:
        if not self._is_empty or keywords.get("device") is not None:
            return False
        if func in _UNKNOWN:
            return _elements(func, args, keywords) >= _LARGE_EMPTY
        return func in _FULL and _elements(func, args, keywords) >= _LARGE_FULL

    def _promote(self, func: _Function, args: _Arguments, keywords: _Keywords) -> Any:
        """Call a function; of whole numbers it makes numbers of the type that is ours."""
        made = func(*args, **keywords)
        default = torch.get_default_dtype()
        if default == self._dtype or not isinstance(made, torch.Tensor) or made.dtype != default:
            return made
        given = [*args, *keywords.values()]
        tensors = [value for value in given if isinstance(value, torch.Tensor)]
        are_whole = not any(each.is_floating_point() or each.is_complex() for each in tensors)
        is_told = func in _TO_FLOAT or any(isinstance(value, torch.dtype) for value in given)
        if not tensors or not are_whole or is_told:
            return made
        return func(*map(self._cast, args), **{k: self._cast(v) for k, v in keywords.items()})

    def _cast(self, value: Any) -> Any:
        return value.to(self._dtype) if isinstance(value, torch.Tensor) else value


def _first(args: _Arguments, keywords: _Keywords) -> Any:
    return args[0] if args else next(iter(keywords.values()))


def _has_float(args: _Arguments, keywords: _Keywords) -> bool:
    return any(isinstance(value, float) for value in (*args, *keywords.values()))


def _leaf(data: Any) -> Any:
    """Return the first number in nested lists."""
    while isinstance(data, list | tuple) and data:
        data = data[0]
    return data


def _row(func: _Function, args: _Arguments, keywords: _Keywords) -> float:
    """Return how many numbers in a row a factory is asked for."""
    if func is not torch.arange:
        steps: Any = keywords["steps"] if "steps" in keywords else args[2]
        return float(steps)
    given: list[Any] = [*args]
    given += [keywords[name] for name in ("start", "end", "step") if name in keywords]
    start = given[0] if len(given) > 1 else 0
    end = given[1] if len(given) > 1 else given[0]
    step = given[2] if len(given) > 2 else 1  # noqa: PLR2004
    return abs((float(end) - float(start)) / float(step)) if step else 0.0


def _elements(func: _Function, args: _Arguments, keywords: _Keywords) -> int:
    """Return how many elements a factory is asked for."""
    shape: Iterable[Any] = keywords.get("size", args)
    if shape is args and (func is torch.full or not isinstance(args[0], int)):
        shape = args[0]
    count = 1
    for length in shape:
        count *= int(length)
    return count
