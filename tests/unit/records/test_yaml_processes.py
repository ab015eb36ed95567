"""Several processes on one YAML catalogue, full disks, and processes that die while writing."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from modelkeep.errors import DatabaseLockedError, NoSpaceError
from modelkeep.records.yaml import file as yaml_disk
from modelkeep.records.yaml.service import ModelRecordServiceFile

LORA = {"type": "lora", "base": "sd-1", "format": "lycoris"}

_WRITER = textwrap.dedent(
    """
    import sys
    from modelkeep.core.metadata import BaseMetadata
    from modelkeep.records.service import ModelRecordServiceBase
    path, mark, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    with ModelRecordServiceBase.from_db_file(path) as store:
        for number in range(count):
            key = f"{mark}{number}"
            fields = {"name": key, "path": key, "type": "lora", "base": "sd-1",
                      "format": "lycoris"}
            store.add_model(key, fields)
            metadata = BaseMetadata(name=key, author=mark, tags={"all", f"t{number % 3}"})
            store.metadata_store.add_metadata(key, metadata)
            store.rename_model(key, f"renamed {key}")
            if number % 3 == 0:
                store.del_model(key)
    """
)


def config(name: str) -> dict[str, Any]:
    return {"name": name, "path": name, **LORA}


@pytest.mark.slow
def test_eight_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "new" / "m.yaml"  # made by whoever comes first
    marks = "abcdefgh"
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITER, str(path), mark, "9"]) for mark in marks
    ]
    assert [writer.wait(timeout=200) for writer in writers] == [0] * len(marks)
    with ModelRecordServiceFile.from_db_file(path) as store:
        expected = {f"{mark}{number}" for mark in marks for number in range(9) if number % 3}
        assert {model.key for model in store.all_models()} == expected
        assert all(model.name == f"renamed {model.key}" for model in store.all_models())
        assert store.list_tags() == {"all", "t1", "t2"}
    left = {p.name for p in path.parent.iterdir()} - {".m.yaml.lock"}
    assert left == {"m.yaml", "m.yaml.bak"}


def test_two_stores_of_one_process_see_each_other(tmp_path: Path) -> None:
    one = ModelRecordServiceFile.from_db_file(tmp_path / "m.yaml")
    other = ModelRecordServiceFile.from_db_file(tmp_path / "m.yaml")
    for number in range(10):
        (one, other)[number % 2].add_model(f"k{number}", config(f"n{number}"))
    assert one.all_models() == other.all_models()
    assert len(one.all_models()) == 10


def test_a_held_lock_is_waited_for_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yaml_disk, "LOCK_TIMEOUT", 0.1)
    store = ModelRecordServiceFile.from_db_file(tmp_path / "m.yaml")
    with FileLock(tmp_path / ".m.yaml.lock", is_singleton=False):
        with pytest.raises(DatabaseLockedError, match=r"m\.yaml"):
            store.add_model("k", config("k"))
        assert store.all_models() == []
    store.add_model("k", config("k"))


@pytest.mark.slow
def test_a_process_that_dies_at_any_step_leaves_the_old_file_or_the_new(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    ModelRecordServiceFile.from_db_file(path).add_model("old", config("old"))
    before = path.read_bytes()
    seen = set()
    for step in range(100):
        child = os.fork()
        if child == 0:
            _add_and_die(path, step)
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        models = ModelRecordServiceFile.from_db_file(path).all_models()
        seen.add(len(models))
        if code == 0:
            break
        assert code == 77
        assert len(models) == 2 or path.read_bytes() == before
        path.write_bytes(before)
    assert step >= 6
    assert seen == {1, 2}


def _add_and_die(path: Path, steps: int) -> None:
    left = steps

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **named: Any) -> Any:
            nonlocal left
            if left == 0:
                os._exit(77)
            left -= 1
            return call(*arguments, **named)

        return run

    code = 1
    try:
        store = ModelRecordServiceFile.from_db_file(path)
        for name in ("rename", "fsync", "pwrite"):
            setattr(os, name, counted(getattr(os, name)))
        store.add_model("new", config("new"))
        code = 0
    finally:
        os._exit(code)


@pytest.mark.parametrize("name", ["pwrite", "fsync", "rename"])
@pytest.mark.parametrize("after", [0, 1])
def test_a_full_disk_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, after: int
) -> None:
    path = tmp_path / "m.yaml"
    store = ModelRecordServiceFile.from_db_file(path)
    store.add_model("old", config("old"))
    before = path.read_bytes()
    call, left = getattr(os, name), after

    def full(*arguments: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return call(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(os, name, full)
        with pytest.raises(NoSpaceError, match=tmp_path.name):
            store.add_model("new", config("new"))
    assert path.read_bytes() == before
    assert {p.name for p in tmp_path.iterdir()} - {".m.yaml.lock"} == {"m.yaml", "m.yaml.bak"}
    assert [model.key for model in store.all_models()] == ["old"]
    store.add_model("new", config("new"))


@pytest.mark.slow
def test_reading_a_catalogue_of_ours_needs_no_parser(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    ModelRecordServiceFile.from_db_file(path).add_model("k", config("k"))
    code = (
        "import sys; from modelkeep.records.service import ModelRecordServiceBase as S;"
        f"S.from_db_file({str(path)!r}).all_models();"
        "print('ruamel.yaml.scanner' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
