from __future__ import annotations

import io
import os
import pickle
import random
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from modelkeep.errors import CorruptModelError, InvalidModelException, UnsafeModelError
from modelkeep.identification.header import TensorHeader
from modelkeep.identification.readers.detect import read_header
from modelkeep.identification.readers.pickle_file import read_pickle
from modelkeep.identification.readers.pickle_globals import ALLOWED
from support.in_memory import InMemory
from support.pickles import (
    BROKEN,
    DANGEROUS,
    EMPTY_DICT,
    FORMS,
    Part,
    billion_laughs,
    legacy,
    lying_archives,
    malicious,
    named,
    text,
    torch_zip,
)

CHILD = Path(__file__).with_name("audit_child.py")
TESTS = Path(__file__).parents[3]
RAN = 77

MALICIOUS = {label: (content, words) for label, content, words in malicious()}
LYING = {label: (content, words) for label, content, words in lying_archives()}


def read(content: bytes) -> TensorHeader:
    return read_pickle(InMemory(content, "x.ckpt"))


@pytest.mark.parametrize("label", MALICIOUS)
def test_malicious_file_is_refused_naming_what_it_would_run(label: str) -> None:
    content, words = MALICIOUS[label]
    for reader in (read_pickle, read_header):
        with pytest.raises(UnsafeModelError) as caught:
            reader(InMemory(content, "x.ckpt"))
        assert words in str(caught.value)
        assert "x.ckpt" in str(caught.value)
        assert "safetensors" in caught.value.hint


#: In a legacy file another pickle follows, and takes the place of what these lack.
GO_ON = ("end", "no stop", "pickles without end")


@pytest.mark.parametrize(
    ("label", "container"),
    [
        (label, container)
        for label in BROKEN
        for container in ("bare", "zip", "legacy")
        if container != "legacy" or not any(word in label for word in GO_ON)
    ],
)
@pytest.mark.slow
def test_broken_pickle_is_refused_with_its_reason(label: str, container: str) -> None:
    content, words = BROKEN[label]
    wrapped = {"bare": content, "zip": torch_zip(content), "legacy": legacy(content)}[container]
    with pytest.raises(CorruptModelError) as caught:
        read(wrapped)
    assert words in str(caught.value)
    assert "x.ckpt" in str(caught.value)


@pytest.mark.parametrize("label", LYING)
def test_archive_that_contradicts_itself_is_refused(label: str) -> None:
    content, words = LYING[label]
    with pytest.raises(CorruptModelError) as caught:
        read(content)
    assert words in str(caught.value)
    assert "x.ckpt" in str(caught.value)


def test_corpus_is_as_large_as_it_should_be() -> None:
    assert len(MALICIOUS) >= 300
    assert len(FORMS) >= 25
    assert len(DANGEROUS) >= 100
    assert not ALLOWED.keys() & set(DANGEROUS)


@pytest.mark.parametrize("provoke", [False, True])
@pytest.mark.slow
def test_nothing_runs_while_the_corpus_is_read(tmp_path: Path, *, provoke: bool) -> None:
    done = subprocess.run(
        [sys.executable, str(CHILD), str(tmp_path), *(["provoke"] if provoke else [])],
        env=os.environ | {"PYTHONPATH": str(TESTS), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if provoke:
        # The hook bites: without this the test could not fail.
        assert done.returncode == RAN
        return
    assert done.returncode == 0, done.stderr
    refused, *accepted = done.stdout.split()
    assert int(refused) == 2 * len(MALICIOUS)
    assert accepted == ["good", "good"]


class Recorder(pickle.Unpickler):
    """An unpickler that loads nothing: each global becomes a stand-in, and is noted."""

    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content), fix_imports=False)
        self.found: list[tuple[str, str]] = []

    def find_class(self, module: str, name: str) -> object:
        self.found.append((module, name))
        return StandIn

    def persistent_load(self, _identity: object) -> object:
        return StandIn()


class StandIn(dict[object, object]):
    def __init__(self, *_arguments: object) -> None:
        super().__init__()

    def __hash__(self) -> int:  # type: ignore[override]
        return 1

    def __setstate__(self, state: object) -> None:
        pass

    def append(self, value: object) -> None:
        pass

    def extend(self, values: object) -> None:
        pass


def _generated(random_: random.Random) -> bytes:
    """Write a pickle of opcodes that mean something, in a senseless order."""
    globals_ = [*list(ALLOWED)[:8], *list(ALLOWED)[-9:], ("posix", "system"), ("a", "b")]
    pieces = [
        *(named(*pair) for pair in globals_),
        *(text(word) for pair in globals_ for word in pair),
        *(b"N", b"K\x01", b"}", b"]", b")", b"(", b"0", b"1", b"2", b"t", b"\x85", b"\x86"),
        *(b"\x93", b"R", b"\x81", b"b", b"s", b"u", b"a", b"e", b"\x94", b"h\x00", b"h\x01"),
        *(b"q\x00", b"q\x01", b"o", b"l", b"d", b"\x8f", b"\x90", b"\x91", b"\x92", b"\x88"),
        *(b"ccollections\nOrderedDict\n)R", b"p3\n", b"g3\n", b"I01\n", b"S'a'\n", b"\x82\x01"),
    ]
    return b"\x80\x04" + b"".join(random_.choices(pieces, k=random_.randint(1, 14))) + b"."


@pytest.mark.slow
def test_unpicklers_find_only_listed_globals_in_what_is_accepted() -> None:
    random_ = random.Random(28)
    accepted = unsafe = 0
    for _ in range(60_000):
        content = _generated(random_)
        try:
            read(content)
        except UnsafeModelError:
            unsafe += 1
            continue
        except InvalidModelException:
            continue
        accepted += 1
        recorder = Recorder(content)
        with suppress(TypeError, ValueError, AttributeError, pickle.UnpicklingError):
            recorder.load()
        assert set(recorder.found) <= ALLOWED.keys(), content
    assert accepted > 1000
    assert unsafe > 1000


def test_list_of_itself_is_read_once() -> None:
    assert read(billion_laughs()).tensors == {}
    recursive = b"\x80\x02}q\x00" + text("me") + b"h\x00s."
    assert read(recursive).tensors == {}


def test_depth_is_limited() -> None:
    deep = b"\x80\x02" + b"}" + (text("k") + b"}") * 150 + b"s" * 150 + b"."
    with pytest.raises(CorruptModelError, match="limit of 100 levels"):
        read(deep)


def test_storages_are_left_alone_where_reads_are_dear() -> None:
    members = [Part(f"archive/data/{i}", b"1234") for i in range(50)]
    file = InMemory(torch_zip(EMPTY_DICT, *members))
    read_pickle(file, thorough=False)
    few = len(file.reads)
    read_pickle(file)
    assert few <= 5
    assert len(file.reads) - few > 50
