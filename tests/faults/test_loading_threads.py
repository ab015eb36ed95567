"""Threads that load at once, beside one that makes and draws as programs do: nobody notices."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
import torch

from support.fingerprints import Fingerprints, fingerprints
from support.loading_folders import load
from support.process_state import process_state
from support.rounds import rounds
from support.small_models import SmallModels

pytestmark = [pytest.mark.torch, pytest.mark.slow]

#: Parts that are loaded at the same time, each with its precision.
PAIRS = {
    "both of diffusers": (("tiny_vae", "float16"), ("t2i_adapter", "float32")),
    "one of each": (("kandinsky5_transformer", "bfloat16"), ("t5", "float16")),
    "both of transformers": (("clip", "bfloat16"), ("t5", "float32")),
}
SEED = 20
#: Layers that the other thread makes meanwhile.
LAYERS = 10


def layers() -> list[object]:
    """Make layers as programs do; return what they are, with numbers drawn in between."""
    seen: list[object] = []
    for _ in range(LAYERS):
        linear, norm = torch.nn.Linear(300, 300), torch.nn.LayerNorm(8)
        made = (linear.weight, linear.bias, norm.weight, torch.rand(3), torch.ones(1) / 3)
        seen += [(one.dtype, one.device, one.requires_grad, one.sum().item()) for one in made]
    return seen


def prints(folder: Path, precision: str) -> Fingerprints:
    return fingerprints(load(folder, precision=precision))


@pytest.mark.parametrize("pair", PAIRS)
def test_loads_at_the_same_time_give_what_they_give_alone(
    small_models: SmallModels, pair: str
) -> None:
    asked = [(small_models.part(name), precision) for name, precision in PAIRS[pair]]
    works: list[Callable[[], object]] = [*(partial(prints, *one) for one in asked), layers]
    alone = [work() for work in works[:2]]
    before = process_state()
    generator = torch.get_rng_state()
    count = rounds(20)
    torch.manual_seed(SEED)
    drawn = [layers() for _ in range(count)]
    torch.manual_seed(SEED)
    with ThreadPoolExecutor(len(works)) as pool:
        for number in range(count):
            barrier = threading.Barrier(len(works))
            assert list(pool.map(partial(_begin, barrier), works)) == [*alone, drawn[number]]
    torch.set_rng_state(generator)
    assert process_state() == before


def _begin(barrier: threading.Barrier, work: Callable[[], object]) -> object:
    barrier.wait()
    return work()
