"""Writes to tensors that count together, and to others."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch

from modelkeep.load.versions import SharedCounter, Versions

DTYPES = [
    torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.int64, torch.uint8,
    torch.bool, torch.complex64,
]  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_a_tensor_keeps_its_memory_shape_and_type(dtype: torch.dtype) -> None:
    tensor = torch.zeros(6, dtype=dtype).as_strided((2, 3), (1, 2))
    counted = SharedCounter().of(tensor)
    assert counted.data_ptr() == tensor.data_ptr()
    assert (counted.dtype, counted.shape, counted.stride()) == (dtype, (2, 3), (1, 2))
    assert counted.untyped_storage().nbytes() == tensor.untyped_storage().nbytes()
    assert counted.is_leaf
    assert not counted.requires_grad


def _assigned(tensor: torch.Tensor) -> torch.Tensor:
    layer = torch.nn.Linear(4, 2, bias=False, device="meta")
    layer.load_state_dict({"weight": tensor}, assign=True)
    return layer.requires_grad_(requires_grad=False).weight


@pytest.mark.parametrize(
    "made",
    [
        lambda tensor: tensor,
        lambda tensor: torch.nn.Parameter(tensor, requires_grad=False),
        _assigned,
        lambda tensor: tensor.chunk(2)[1],
    ],
    ids=["itself", "a parameter", "in a module", "a part"],
)
def test_a_write_to_any_shows(made: Callable[[torch.Tensor], torch.Tensor]) -> None:
    counter = SharedCounter()
    first, second = (made(counter.of(torch.zeros(2, 4, dtype=t))) for t in DTYPES[:2])
    versions = Versions([first, second], counter)
    assert not versions.have_changed()
    second.add_(1)
    assert versions.have_changed()
    assert first.eq(0).all()


def test_what_counts_by_itself_is_watched_too() -> None:
    counter = SharedCounter()
    counted, other = counter.of(torch.zeros(2)), torch.zeros(2)
    assert counter.counts([counted, other]) == {id(counted)}
    versions = Versions([counted, other], counter)
    assert not versions.have_changed()
    other.add_(1)
    assert versions.have_changed()


def test_copies_and_new_memory_count_by_themselves() -> None:
    counter = SharedCounter()
    tensor = counter.of(torch.zeros(2))
    versions = Versions([tensor], counter)
    copy.deepcopy(tensor).add_(1)
    tensor.clone().add_(1)
    (tensor + 1).add_(1)
    assert not versions.have_changed()


def test_a_write_within_inference_mode_shows() -> None:
    counter = SharedCounter()
    tensor = counter.of(torch.zeros(2))
    versions = Versions([tensor], counter)
    with torch.inference_mode():
        tensor.add_(1)
    assert versions.have_changed()


@pytest.mark.parametrize(
    "tensor", [torch.eye(2).to_sparse(), torch.zeros(2, device="meta")], ids=["sparse", "meta"]
)
def test_other_kinds_stay_as_they_are(tensor: torch.Tensor) -> None:
    assert SharedCounter().of(tensor) is tensor
