"""Tensors come as they are or in another precision; what goes wrong leaves nothing behind."""

from __future__ import annotations

import hashlib
import itertools
import json
import mmap
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.core.reading import LocalFile
from modelkeep.errors import (
    ChangedModelError,
    CorruptModelError,
    LoadCancelledError,
    SourceNotFoundError,
    UnreadableSourceError,
)
from modelkeep.load import mapping
from modelkeep.load.content import PIECE_BYTES
from modelkeep.load.plan import TensorPlace
from modelkeep.load.precision import Precision
from modelkeep.load.stretches import stretches
from modelkeep.load.watch import LoadWatch
from modelkeep.load.weights import weights_of
from support import tiny

torch = pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors.torch")
tensors_of_load = pytest.importorskip("modelkeep.load.tensors")
TensorReader = tensors_of_load.TensorReader

pytestmark = pytest.mark.torch

MIB = 2**20
WAYS = ("map", "read", "convert")


def write(path: Path, **tensors: Any) -> Path:
    safetensors.save_file(tensors, path)
    return path


def large(path: Path, pieces: int = 3) -> Path:
    """A file with one tensor that is brought in piece by piece."""
    return write(path, x=torch.ones(pieces * PIECE_BYTES // 2, dtype=torch.float16))


def mapped(watch: LoadWatch | None = None) -> Any:
    return TensorReader(watch, may_map=lambda _path, _bytes: True)


def read(path: Path, way: str, watch: LoadWatch | None = None) -> Any:
    """Everything in a file of float16 in one of the three ways."""
    reader = mapped(watch) if way == "map" else TensorReader(watch)
    precision = Precision.BFLOAT16 if way == "convert" else Precision.FLOAT16
    return reader.read(weights_of(path).tensors, lambda _: precision)


def memory() -> int:
    """Bytes that this process has of its own in memory."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("RssAnon:")[2].split()[0]) * 1024


def is_mapped(path: Path) -> bool:
    return str(path) in Path("/proc/self/maps").read_text()


# -- precision


def test_only_numbers_with_a_precision_change_theirs(tmp_path: Path) -> None:
    tensors = {
        "half": torch.randn(5).half(),
        "brain": torch.randn(5).bfloat16(),
        "single": torch.randn(5),
        "double": torch.randn(5).double(),
        "eight": torch.randn(5).to(torch.float8_e4m3fn),
        "whole": torch.arange(5),
        "truth": torch.tensor([True, False]),
        "nothing": torch.zeros(0, 3).half(),
        "scalar": torch.tensor(2.5),
    }
    places = weights_of(write(tmp_path / "m.safetensors", **tensors)).tensors
    for precision in Precision:
        dtype = getattr(torch, precision.value)
        found = TensorReader().read(places, lambda _, wanted=precision: wanted)
        for name, stored in tensors.items():
            is_kept = name in {"eight", "whole", "truth"}
            expected = stored if is_kept else stored.to(dtype)
            assert found[name].dtype == expected.dtype, name
            assert torch.equal(found[name].float(), expected.float()), name


@pytest.mark.parametrize("wanted", [Precision.BFLOAT16, Precision.FLOAT32])
@pytest.mark.slow
def test_tensors_of_many_pieces_are_converted_as_torch_does(
    tmp_path: Path, wanted: Precision
) -> None:
    stored = torch.randn(PIECE_BYTES // 2 + 77).half().reshape(-1, 1)
    places = weights_of(write(tmp_path / "m.safetensors", x=stored)).tensors
    found = TensorReader().read(places, lambda _: wanted)
    assert torch.equal(found["x"], stored.to(getattr(torch, wanted.value)))


def test_each_tensor_may_have_its_own_precision(tmp_path: Path) -> None:
    tensors = {f"{i}.{name}": torch.randn(4).half() for i in range(3) for name in ("wo", "wi")}
    places = weights_of(write(tmp_path / "m.safetensors", **tensors)).tensors

    def precision_of(name: str) -> Precision:
        return Precision.FLOAT32 if name.endswith("wo") else Precision.FLOAT16

    for reader in (TensorReader(), mapped()):
        found = reader.read(places, precision_of)
        assert list(found) == list(places)
        for name, stored in tensors.items():
            dtype = torch.float32 if name.endswith("wo") else torch.float16
            assert found[name].dtype == dtype
            assert torch.equal(found[name], stored.to(dtype))


# -- what is read, and how it is counted


def spy(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Note first and last byte of each part that is read."""
    parts: list[tuple[int, int]] = []
    original = LocalFile.read_into

    def noted(file: LocalFile, target: memoryview, offset: int) -> None:
        parts.append((offset, offset + len(target)))
        original(file, target, offset)

    monkeypatch.setattr(LocalFile, "read_into", noted)
    return parts


def test_only_what_is_wanted_is_read_in_the_order_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tensors = {name: torch.randn(100_000).half() for name in "abcdef"}
    places = weights_of(write(tmp_path / "m.safetensors", **tensors)).tensors
    parts = spy(monkeypatch)
    wanted = {name: places[name] for name in "fbae"}
    TensorReader().read(
        wanted, lambda name: Precision.FLOAT16 if name != "e" else Precision.FLOAT32
    )
    assert parts == [
        (places["a"].offset, places["b"].end),
        (places["e"].offset, places["e"].end),
        (places["f"].offset, places["f"].end),
    ]


def test_bytes_and_progress_are_counted(tmp_path: Path) -> None:
    path = write(tmp_path / "m.safetensors", a=torch.ones(6).half(), b=torch.ones(8).bfloat16())
    places = weights_of(path).tensors
    steps: list[tuple[int, int]] = []
    watch = LoadWatch(28, lambda done, total: steps.append((done, total)))
    reader = TensorReader(watch)
    reader.read(places, lambda _: Precision.FLOAT16)
    assert (reader.taken.mapped, reader.taken.converted) == (0, 16)
    assert 12 <= reader.taken.private < 12 + 64, "tensors stand as they would in a mapping"
    assert steps[-1] == (28, 28)
    assert steps == sorted(steps)
    watch = LoadWatch()
    reader = mapped(watch)
    reader.read({"a": places["a"]}, lambda _: Precision.FLOAT16)
    assert reader.taken.private == reader.taken.converted == 0
    assert watch.done == 12 <= reader.taken.mapped == reader.taken.total <= places["a"].end


def test_numbers_that_lie_across_their_bounds_are_copied(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    tensors = {"a": ("F32", (4,)), "b": ("F16", (1,)), "c": ("F32", (4,))}
    some = (tiny.safetensors_bytes(tensors, {"pad": "x" * count}) for count in range(4))
    content = next(content for content in some if (len(content) - 34) % 4 == 1)
    header = len(content) - 34
    path.write_bytes(content[:header] + os.urandom(34))
    reader = mapped()
    found = reader.read(weights_of(path).tensors, lambda _: Precision.FLOAT32)
    assert reader.taken.mapped == 0
    for name, start, count in (("a", 0, 16), ("c", 18, 16)):
        assert found[name].data_ptr() % 4 == 0
        raw = path.read_bytes()[header + start : header + start + count]
        assert bytes(found[name].view(torch.uint8).tolist()) == raw


places = st.builds(
    TensorPlace,
    st.just(Path("m")),
    st.integers(0, 60),
    st.sampled_from(["F16", "F32", "U8"]),
    st.lists(st.integers(1, 3), max_size=2).map(tuple),
)


@given(st.dictionaries(st.integers(0, 99).map(str), places), st.integers(0, 9))
def test_stretches_have_every_tensor_once(wanted: dict[str, TensorPlace], gap: int) -> None:
    found = stretches(wanted, gap)
    assert sorted(name for stretch in found for name in stretch.names) == sorted(wanted)
    for stretch in found:
        inside = [wanted[name] for name in stretch.names]
        assert stretch.start == min(place.offset for place in inside)
        assert stretch.end == max(place.end for place in inside)
    for one, next_one in itertools.pairwise(found):
        assert one.end + gap < next_one.start


# -- mapping


def test_writing_to_what_is_mapped_never_reaches_the_file(tmp_path: Path) -> None:
    path = large(tmp_path / "m.safetensors")
    before = hashlib.sha256(path.read_bytes()).digest(), path.stat().st_mtime_ns
    for way in WAYS:
        found = read(path, way)
        assert is_mapped(path) == (way == "map")
        found["x"].fill_(7)
        assert (found["x"] == 7).all()
        del found
    assert (hashlib.sha256(path.read_bytes()).digest(), path.stat().st_mtime_ns) == before
    assert not is_mapped(path)
    assert (read(path, "map")["x"] == 1).all()


def test_mapped_pages_are_shared_and_all_there(tmp_path: Path) -> None:
    path = large(tmp_path / "m.safetensors")
    found = read(path, "map")
    [maps] = [part for part in Path("/proc/self/smaps").read_text().split("VmFlags")
              if str(path) in part]  # fmt: skip
    facts = dict(line.split()[:2] for line in maps.partition(str(path))[2].splitlines() if line)
    assert int(facts["Rss:"]) * 1024 >= path.stat().st_size - MIB
    assert int(facts["Anonymous:"]) == 0, "none is a copy"
    found["x"][0] = 3
    assert is_mapped(path)


def test_what_is_on_the_disk_alone_is_mapped(tmp_path: Path) -> None:
    path = large(tmp_path / "m.safetensors")
    fd = os.open(path, os.O_RDONLY)
    os.fsync(fd)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(fd)
    assert (read(path, "map")["x"] == 1).all()


def test_a_kernel_that_cannot_populate_is_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mapping, "_POPULATE_READ", 12_345)
    path = large(tmp_path / "m.safetensors")
    assert torch.equal(read(path, "map")["x"], read(path, "read")["x"])


# -- what goes wrong


@pytest.mark.parametrize("way", WAYS)
def test_cancelling_stops_within_a_piece_and_frees_everything(tmp_path: Path, way: str) -> None:
    path = large(tmp_path / "m.safetensors", pieces=8)
    read(path, way)
    is_unwanted = threading.Event()

    def report(done: int, total: int) -> None:
        if done >= total - 2 * PIECE_BYTES - mmap.PAGESIZE:
            is_unwanted.set()

    watch = LoadWatch(8 * PIECE_BYTES, report, is_unwanted)
    before = memory()
    with pytest.raises(LoadCancelledError) as raised:
        read(path, way, watch)
    assert 6 * PIECE_BYTES - mmap.PAGESIZE <= watch.done <= 6 * PIECE_BYTES
    # Whoever keeps the error keeps none of the memory.
    assert memory() - before < 2 * PIECE_BYTES, raised
    assert not is_mapped(path)


@pytest.mark.parametrize("way", WAYS)
def test_a_file_that_is_cut_off_is_named(tmp_path: Path, way: str) -> None:
    path = large(tmp_path / "m.safetensors")
    places = weights_of(path).tensors
    os.truncate(path, path.stat().st_size - MIB)
    reader = mapped() if way == "map" else TensorReader()
    precision = Precision.FLOAT32 if way == "convert" else Precision.FLOAT16
    with pytest.raises(CorruptModelError, match="ends at byte") as raised:
        reader.read(places, lambda _: precision)
    assert str(path) in str(raised.value)


def test_a_file_that_is_another_one_now_is_refused(tmp_path: Path) -> None:
    path = large(tmp_path / "m.safetensors", pieces=1)
    planned = path.stat()

    def is_unchanged(file: Path, now: os.stat_result) -> bool:
        return file == path and now.st_ino == planned.st_ino

    reader = TensorReader(is_unchanged=is_unchanged)
    places = weights_of(path).tensors
    reader.read(places, lambda _: Precision.FLOAT16)
    other = large(tmp_path / "other.safetensors", pieces=1)
    other.replace(path)
    with pytest.raises(ChangedModelError, match=r"m\.safetensors has changed"):
        reader.read(places, lambda _: Precision.FLOAT16)


def test_files_that_cannot_be_read_give_errors_of_ours(tmp_path: Path) -> None:
    def reads(path: Path) -> Callable[[], object]:
        place = TensorPlace(path, 0, "F16", (4,))
        return lambda: TensorReader().read({"a": place}, lambda _: Precision.FLOAT16)

    with pytest.raises(SourceNotFoundError):
        reads(tmp_path / "none")()
    with pytest.raises(UnreadableSourceError):
        reads(tmp_path)()


@pytest.mark.slow
def test_limits_and_changes_in_a_process_of_its_own(tmp_path: Path) -> None:
    path = large(tmp_path / "m.safetensors", pieces=12)
    child = Path(__file__).with_name("tensors_child.py")
    done = subprocess.run(
        [sys.executable, str(child), str(path)], capture_output=True, text=True, check=True
    )
    told: dict[str, Any] = json.loads(done.stdout)
    size = 12 * PIECE_BYTES
    # Another precision takes its result, and a little more while it is made.
    assert told["peak"] <= 2 * size + 64 * MIB
    for way in WAYS:
        assert told["short of memory"][way] == "MemoryError"
        assert told["later"][way] is True
        assert "ends at byte" in told["cut while it is read"][way]
        assert "m.safetensors" in told["cut while it is read"][way]
