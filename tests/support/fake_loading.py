"""A loader and a runtime without torch: parts are bytes, devices have as many as a test gives."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.taxonomy import ModelType
from modelkeep.errors import DeviceError
from modelkeep.load.loader import ModelLoader, TensorSource
from modelkeep.load.model_files import ModelFiles
from modelkeep.load.plan import LoadPlan, TensorPlace
from modelkeep.load.ports import Device, LoadedPart, Look
from modelkeep.load.precision import Precision
from modelkeep.load.watch import LoadWatch

#: Bytes of one step of a load.
STEP = 1024


class FakeOutOfMemory(MemoryError):
    """The memory of a fake device is full."""


@dataclass(eq=False)
class FakePart:
    """A part in memory."""

    name: str
    bytes: int
    device: FakeDevice
    class_name: str = "Fake"
    has_tensors: bool = True
    is_own_copy: bool = False
    was_changed: bool = False
    copies: int = 0
    mapped: int = 0

    def hand_out(self) -> object:
        self.copies += self.is_own_copy
        return FakePart(self.name, self.bytes, self.device) if self.is_own_copy else self

    def was_written(self) -> bool:
        return self.was_changed

    def was_rebuilt(self) -> bool:
        return False

    def __del__(self) -> None:
        self.device.give_back(self)


@dataclass(eq=False)
class FakeDevice:
    """Memory of so many bytes; allocations whose number is in ``failing`` fail in any case."""

    name: str = "cpu"
    is_host: bool = True
    size: int = 1 << 40
    used: int = 0
    allocations: int = 0
    failing: set[int] = field(default_factory=set)
    streaming: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)

    def available(self) -> int:
        return self.size - self.used

    def take(self, count: int) -> None:
        with self.lock:
            self.allocations += 1
            if self.allocations in self.failing or count > self.available():
                raise FakeOutOfMemory(f"{count} bytes of {self.name}")
            self.used += count

    def give_back(self, part: FakePart) -> None:
        with self.lock:  # it may be collected in any thread
            self.used -= part.bytes

    def place(self, part: LoadedPart) -> LoadedPart:
        assert isinstance(part, FakePart)
        self.take(part.bytes)
        return FakePart(part.name, part.bytes, self)

    @contextmanager
    def streamed(self, part: LoadedPart) -> Iterator[object]:
        self.streaming += 1
        try:
            yield part
        finally:
            self.streaming -= 1

    def is_out_of_memory(self, error: BaseException) -> bool:
        return isinstance(error, FakeOutOfMemory)

    def release(self) -> None:
        pass


@dataclass
class FakeRuntime:
    """Loads parts in steps; ``gate`` is called before each of them."""

    host: FakeDevice = field(default_factory=FakeDevice)
    gpu: FakeDevice = field(default_factory=lambda: FakeDevice("cuda:0", is_host=False))
    gate: Callable[[str], object] = lambda _name: None
    loads: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def device(self, wanted: str) -> Device:
        if wanted in {"cpu", "auto"}:
            return self.host
        if wanted == "cuda:0":
            return self.gpu
        raise DeviceError(f"There is no device {wanted!r}", hint="Choose cpu or cuda:0.")

    def dtype(self, precision: Precision) -> str:
        return f"torch.{precision.value}"

    def load(
        self,
        loader: ModelLoader,
        plan: LoadPlan,
        precision: Precision,
        watch: LoadWatch,
        looks: Mapping[Path, Look],
    ) -> LoadedPart:
        assert isinstance(loader, FakeLoader)
        assert set(looks) == set(plan.files)
        with self.lock:
            self.loads.append(plan.part or plan.files[0].name)
        left = plan.bytes
        while left > 0:
            self.gate(plan.part)
            watch.advance(min(left, STEP))
            left -= STEP
        count = plan.bytes_in(precision)
        self.host.take(count)
        part = FakePart(plan.part, count, self.host, is_own_copy=plan.is_own_copy)
        part.class_name = plan.class_name
        return part


class FakeLoader(ModelLoader):
    """Takes every model. A file of embeddings has the parts ``vae``, ``unet``, ``scheduler``."""

    name: ClassVar[str] = "fake"
    names: tuple[str, ...] = ("vae", "unet", "scheduler")

    def takes(self, record: ModelConfigBase) -> bool:
        return record.type is not ModelType.Upscaler

    def parts(self, files: ModelFiles) -> tuple[str, ...]:
        return self.names if files.record.type is ModelType.Main else ()

    def plan(self, files: ModelFiles, part: str) -> LoadPlan:
        count = files.path.stat().st_size // 2
        place = TensorPlace(files.path, 0, "F16", (count,))
        return LoadPlan(
            loader=self.name,
            part=part,
            library="fake",
            class_name=f"Fake{part.title()}",
            tensors={} if part == "scheduler" else {"weight": place},
            files=(files.path,),
            is_own_copy=part == "scheduler",
        )

    def make(self, plan: LoadPlan, source: TensorSource, precision: Precision) -> object:
        raise NotImplementedError
