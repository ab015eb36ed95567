"""Devices and loaded parts, with torch: copies, counts, what is noticed; no GPU is needed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from torch import nn

from modelkeep.errors import DeviceError
from modelkeep.load.device import TorchDevice, find_device
from modelkeep.load.entry import TorchPart
from modelkeep.load.host import HostDevice


def _change_nothing(_module: nn.Module, _inputs: object) -> None:
    pass


class Tied(nn.Module):
    """Two layers that share a weight, a number, a tensor that is no parameter, and a hook."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4, bias=False)
        self.second = nn.Linear(4, 4, bias=False)
        self.second.weight = self.first.weight
        self.processor = str
        self.use_tiling = False
        self.config = {"width": 4}
        self.up_blocks = nn.ModuleList([nn.Sequential()])
        self.scale = nn.Parameter(torch.ones(1))
        self.register_forward_pre_hook(_change_nothing)
        self.register_buffer("table", torch.arange(4.0), persistent=False)
        self.requires_grad_(requires_grad=False)
        self.eval()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = self.second(self.first(x)) + self.table
        return made


@dataclass(eq=False)
class SmallDevice(TorchDevice):
    """A device out of the processor's memory: so many bytes, and allocations that fail."""

    size: int
    failing: set[int] = field(default_factory=set)
    used: int = 0
    allocations: int = 0

    def __post_init__(self) -> None:
        super().__init__(torch.device("cpu"))
        self.name = "fake:0"

    def available(self) -> int:
        return self.size - self.used

    def copy_tensor(self, tensor: torch.Tensor) -> torch.Tensor:
        self.allocations += 1
        if self.allocations in self.failing or tensor.nbytes > self.available():
            raise torch.OutOfMemoryError("fake")
        self.used += tensor.nbytes
        return super().copy_tensor(tensor)


class TestParts:
    def test_memory_that_is_shared_counts_once(self) -> None:
        assert TorchPart(Tied()).bytes == 4 * 4 * 4 + 4 * 4 + 4

    def test_a_view_counts_with_all_that_it_keeps(self) -> None:
        class Views(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                whole = torch.zeros(100)
                self.register_buffer("a", whole[:10])
                self.register_buffer("b", whole[10:20])

        assert TorchPart(Views()).bytes == 400

    def test_reading_is_no_change(self) -> None:
        part = TorchPart(Tied())
        part.value(torch.ones(2, 4))  # type: ignore[operator]
        assert not (part.was_written())
        assert not (part.was_rebuilt())

    @pytest.mark.parametrize(
        "change",
        [
            lambda m: m.first.weight.add_(1),
            lambda m: m.table.zero_(),
            lambda m: m.half(),
            lambda m: setattr(m, "first", nn.Linear(4, 4)),
            lambda m: m.train(),
            lambda m: m.first.register_forward_hook(lambda *_: None),
            lambda m: m.first.register_forward_hook(lambda *_: None, with_kwargs=True),
            lambda m: m.first.register_forward_pre_hook(lambda *_: None),
            lambda m: setattr(m.first, "forward", lambda x: x),
            lambda m: setattr(m.first.weight, "data", torch.zeros(4, 4)),
            lambda m: m.first.double(),
            lambda m: setattr(m, "processor", int),
            lambda m: setattr(m, "forward", lambda x: x),
            lambda m: m.add_module("extra", nn.Linear(1, 1)),
            lambda m: setattr(m.first, "weight", nn.Parameter(torch.zeros(4, 4))),
            lambda m: m.to("meta"),
            lambda m: m.requires_grad_(),
            lambda m: setattr(m, "use_tiling", True),
            lambda m: m.config.update(width=9),
            lambda m: setattr(m.up_blocks[0], "s1", 0.9),
            lambda m: setattr(m, "scale", nn.Parameter(m.scale.clone(), requires_grad=False)),
            lambda m: m.register_forward_pre_hook(lambda *_: None),
            lambda m: m.up_blocks[0].register_parameter("late", nn.Parameter(torch.ones(1))),
            lambda m: m.up_blocks[0].register_buffer("late", torch.ones(1)),
            lambda m: m.up_blocks[0].add_module("late", nn.Identity()),
            lambda m: m.add_module("first", m._modules.pop("first")),
            lambda m: m._parameters.clear(),
        ],
    )
    def test_changes_are_noticed(self, change: object) -> None:
        part = TorchPart(Tied())
        change(part.value)  # type: ignore[operator]
        assert part.was_written() or part.was_rebuilt()

    def test_what_a_module_keeps_of_its_use_is_no_change(self) -> None:
        part = TorchPart(Tied())
        part.value.last_seen = 4  # type: ignore[attr-defined]
        assert not part.was_rebuilt()
        part.value.forward = abs  # type: ignore[attr-defined]
        assert part.was_rebuilt()

    def test_hooks_of_other_modules_are_no_change(self) -> None:
        part, other = TorchPart(Tied()), nn.Linear(1, 1)
        other.register_forward_hook(lambda *_: None)
        assert not part.was_rebuilt()
        part.value.first.register_forward_hook(lambda *_: None)  # type: ignore[attr-defined]
        assert part.was_rebuilt()

    def test_tensors_that_are_swapped_are_told_apart_without_looking_at_their_numbers(self) -> None:
        part = TorchPart(Tied())
        new = nn.Parameter(torch.zeros(4, 4, device="meta"), requires_grad=False)
        part.value.second.weight = new  # type: ignore[attr-defined]
        assert part.was_rebuilt()

    def test_objects_without_tensors_take_nothing(self) -> None:
        part = TorchPart({"a": 1})
        assert (part.bytes, part.class_name, part.has_tensors) == (0, "dict", False)

    def test_own_copies_are_copies_and_never_changed(self) -> None:
        part = TorchPart([1], is_own_copy=True)
        mine = part.hand_out()
        assert mine == [1]
        mine.append(2)
        assert part.hand_out() == [1]
        assert not (part.was_written())
        assert not (part.was_rebuilt())


class TestPlacing:
    def test_a_copy_is_equal_and_shares_nothing_but_what_was_shared(self) -> None:
        part = TorchPart(Tied())
        placed = SmallDevice(1000).place(part)
        assert isinstance(placed, TorchPart)
        there, here = placed.value, part.value
        assert isinstance(there, Tied)
        assert isinstance(here, Tied)
        assert there is not here
        assert there.second.weight is there.first.weight
        assert there.first.weight.data_ptr() != here.first.weight.data_ptr()
        assert not any(parameter.requires_grad for parameter in there.parameters())
        x = torch.ones(2, 4)
        assert torch.equal(there(x), here(x))
        assert placed.bytes == part.bytes
        assert not (part.was_written())
        assert not (part.was_rebuilt())

    def test_a_full_device_says_so_and_leaves_the_part_as_it_was(self) -> None:
        part, device = TorchPart(Tied()), SmallDevice(1000, failing={2})
        with pytest.raises(torch.OutOfMemoryError) as caught:
            device.place(part)
        assert device.is_out_of_memory(caught.value)
        assert not device.is_out_of_memory(MemoryError())
        assert not (part.was_written())
        assert not (part.was_rebuilt())
        assert isinstance(device.place(part), TorchPart)

    def test_what_has_no_tensors_stays_where_it_is(self) -> None:
        part = TorchPart({"a": 1})
        assert SmallDevice(0).place(part) is part


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch can use no GPU here")
class TestGpu:
    def test_a_copy_takes_what_is_counted_and_gives_it_back(self) -> None:
        device, part = find_device("cuda"), TorchPart(nn.Linear(1024, 1024).eval())
        before = torch.cuda.memory_allocated()
        for _ in range(100):
            placed = device.place(part)
            taken = torch.cuda.memory_allocated() - before
            assert abs(taken - placed.bytes) <= 0.01 * placed.bytes
            del placed
        assert torch.cuda.memory_allocated() == before

    def test_a_module_runs_there_whole_and_layer_by_layer(self) -> None:
        device, part = find_device("cuda"), TorchPart(Tied())
        x = torch.ones(2, 4)
        expected = part.value(x)  # type: ignore[operator]
        there = device.place(part)
        assert isinstance(there, TorchPart)
        assert torch.allclose(there.value(x.cuda()).cpu(), expected)  # type: ignore[operator]
        with device.streamed(part) as module:
            assert torch.allclose(module(x.cuda()).cpu(), expected)  # type: ignore[operator]
        assert not part.was_written()


class TestStreaming:
    def test_a_module_runs_on_a_device_layer_by_layer_and_stays_as_it_was(self) -> None:
        part = TorchPart(Tied())
        x = torch.ones(2, 4)
        expected = part.value(x)  # type: ignore[operator]
        with TorchDevice(torch.device("cpu")).streamed(part) as module:
            assert isinstance(module, Tied)
            assert module is not part.value
            assert torch.equal(module(x), expected)
            assert isinstance(part.value, Tied)
            assert module.first.weight.data_ptr() == part.value.first.weight.data_ptr()
            assert hasattr(module.first, "_diffusers_hook")
        hooks: Any = module.first._diffusers_hook
        assert not hooks.hooks
        assert not (part.was_written())
        assert not (part.was_rebuilt())
        assert torch.equal(part.value(x), expected)


class TestFinding:
    def test_the_processor_is_always_there(self) -> None:
        assert isinstance(find_device("cpu"), HostDevice)

    @pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
    @pytest.mark.parametrize("name", ["cuda", "cuda:0", "cuda:9", "cuda:x", "tpu", ""])
    def test_devices_that_are_not_there_are_refused(self, name: str) -> None:
        with pytest.raises(DeviceError, match=f"no device '{name}'"):
            find_device(name)

    def test_full_memory_of_the_processor_is_known(self) -> None:
        host = HostDevice()
        with pytest.raises(RuntimeError) as caught:
            torch.empty(1 << 50, dtype=torch.uint8)
        assert host.is_out_of_memory(caught.value)
        assert host.is_out_of_memory(MemoryError())
        assert not host.is_out_of_memory(RuntimeError("other"))
