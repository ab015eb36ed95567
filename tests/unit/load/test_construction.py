"""Modules made under ``Construction`` are as under torch's default type, in one thread alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import torch

from modelkeep.load.construction import READY, Construction

pytestmark = pytest.mark.torch

Make = Callable[[], torch.Tensor]

#: What classes do to make tensors whose type follows from torch's default.
MADE: dict[str, Make] = {
    "empty": lambda: torch.empty(3),
    "zeros by size": lambda: torch.zeros(size=(2, 3)),
    "ones of a type": lambda: torch.ones(2, dtype=torch.float64),
    "ones of no type": lambda: torch.ones((2, 3), dtype=None),
    "full": lambda: torch.full((2,), 0.1),
    "full of whole numbers": lambda: torch.full((2,), 3),
    "full of truth": lambda: torch.full((2,), fill_value=True),
    "eye": lambda: torch.eye(2),
    "steps": lambda: torch.linspace(0, 1, 7),
    "range": lambda: torch.arange(0, 1, 0.1),
    "range of whole numbers": lambda: torch.arange(4),
    "range of a type": lambda: torch.arange(0, 8, 2, dtype=torch.float32),
    "a number": lambda: torch.tensor(0.1),
    "numbers": lambda: torch.tensor([[1, 0.1]]),
    "whole numbers": lambda: torch.tensor([1, 2]),
    "numbers of numpy": lambda: torch.tensor(torch.ones(2, dtype=torch.float32).numpy()),
    "numbers of a type": lambda: torch.as_tensor([0.1], dtype=torch.float64),
    "no numbers of a type": lambda: torch.tensor([], dtype=torch.int64),
    "a quotient": lambda: torch.arange(1, 7) / 7,
    "a power": lambda: 10000 ** (torch.arange(0, 8, 2) / 8),
    "a root": lambda: torch.arange(1, 5).sqrt(),
    "told to be long": lambda: torch.arange(4).float() / 3,
    "told another type": lambda: torch.arange(4).to(torch.float32) / 3,
    "as another": lambda: torch.arange(4).to(torch.ones(1, dtype=torch.float64)),
    "a window": lambda: torch.hann_window(5),
}


@contextmanager
def default(dtype: torch.dtype) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_types_and_values_are_those_of_the_default_type(dtype: torch.dtype) -> None:
    for name, make in MADE.items():
        with default(dtype):
            expected = make()
        with Construction(dtype):
            made = make()
        assert made.dtype == expected.dtype, name
        assert made.device == expected.device, name
        assert "empty" in name or torch.equal(made, expected), name


def test_large_tensors_take_no_memory() -> None:
    with Construction(torch.float16):
        linear = torch.nn.Linear(4096, 4096)
        filled = torch.zeros(5000, 5000)
        drawn = torch.randn(70_000)
        real = torch.empty(4), torch.zeros(1000, 1000), torch.arange(100_000)
        asked = torch.empty(100_000, device="cpu")
    assert linear.weight.is_meta
    assert linear.weight.dtype == torch.float16
    assert filled.is_meta
    assert drawn.is_meta
    assert not any(each.is_meta for each in (*real, asked, linear.bias))
    with Construction(torch.float16, is_empty=False):
        assert not torch.nn.Linear(4096, 64).weight.is_meta


def test_nothing_is_drawn_from_the_generator() -> None:
    state = torch.get_rng_state()
    with Construction(torch.float32):
        small, large = torch.nn.Linear(8, 8), torch.nn.MultiheadAttention(512, 8)
        for weight in (small.weight, large.in_proj_weight):
            torch.nn.init.trunc_normal_(weight)
            torch.nn.init.trunc_normal_(weight, mean=5.0, a=3.9, b=4.0)
            torch.nn.init.xavier_normal_(weight)
            torch.nn.init.kaiming_normal_(weight)
            torch.nn.init.orthogonal_(weight)
        torch.nn.init.sparse_(small.weight, 0.5)
        drawn = torch.rand(4), torch.randn(4), torch.randint(9, (4,)), torch.randperm(4)
        alike = torch.rand_like(small.weight), torch.randn_like(small.weight)
        noise = torch.normal(0.0, 1.0, (4,)), torch.bernoulli(torch.full((4,), 0.5))
        placed = torch.empty(4).exponential_(), torch.empty(4).uniform_(0, 1)
        own = torch.rand(4, generator=torch.Generator().manual_seed(3))
    assert torch.equal(state, torch.get_rng_state())
    assert torch.equal(own, torch.rand(4, generator=torch.Generator().manual_seed(3)))
    made = (*drawn, *alike, *noise, *placed)
    assert not any(each.is_meta for each in made)
    assert all(0 <= each < 1 for each in alike[0].flatten())


def test_what_is_ready_stays_as_it_is() -> None:
    ready = torch.nn.Parameter(torch.full((4,), 7.0))
    other = torch.nn.Parameter(torch.full((4,), 7.0))
    setattr(ready, READY, True)
    with torch.no_grad(), Construction(torch.float32, is_empty=False):
        for each in (ready, other):
            torch.nn.init.normal_(each)
            torch.nn.init.trunc_normal_(each)
            torch.nn.init.ones_(each)
            torch.nn.init.constant_(each, 2.0)
            each.copy_(torch.tensor([1.0, 2.0, 3.0, 4.0]))
    assert ready.tolist() == [7.0] * 4
    assert other.tolist() == [1.0, 2.0, 3.0, 4.0]


def test_other_threads_notice_nothing() -> None:
    seen: list[torch.Tensor] = []
    with Construction(torch.float16):
        thread = threading.Thread(target=lambda: seen.append(torch.empty(100_000)))
        thread.start()
        thread.join()
    assert (seen[0].dtype, seen[0].is_meta) == (torch.float32, False)
    assert torch.empty(1).dtype == torch.float32
