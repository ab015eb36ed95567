"""Catalogues that are held, damaged, newer or written by hand, by the command line."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from modelkeep import (
    DatabaseLockedError,
    ModelInstallService,
    ModelManager,
    ModelRecordServiceSQL,
    Settings,
    SqliteDatabase,
)
from modelkeep.scan.scanner import ScanAction
from support import tiny
from support.program import Program, Result
from support.rounds import rounds

#: Catalogues that are damaged; 200 before a release.
ROUNDS = rounds(40)
PAGE = 4096
LORA = {"type": "lora", "base": "sd-1", "format": "lycoris"}


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    return program_at(tmp_path / "library", monkeypatch)


def program_at(root: Path, patch: pytest.MonkeyPatch) -> Program:
    patch.setenv("MODELKEEP_ROOT", str(root))
    patch.setenv("HOME", str(root.parent))
    return Program(root, root.parent)


# -- held


@contextmanager
def held(path: Path, *, release_after: float | None = None) -> Iterator[None]:
    """Hold a database for writing, as another program does."""
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as one:
        one.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(release_after or 0, one.execute, ["ROLLBACK"])
        if release_after is not None:
            timer.start()
        yield
        if release_after is None:
            one.execute("ROLLBACK")
        else:
            timer.join()


@contextmanager
def impatient(root: Path) -> Iterator[ModelInstallService]:
    """A service whose catalogue waits for others but for a moment."""
    chosen = Settings(root=root)
    with closing(SqliteDatabase(chosen.db_path, timeout=0.05)) as database:
        service = ModelInstallService(chosen, ModelRecordServiceSQL(database))
        service.start()
        yield service
        service.close()


@pytest.mark.parametrize("which", ["modelkeep.db", "state.db"])
def test_a_writer_that_is_soon_done_is_waited_for(
    program: Program, tmp_path: Path, which: str
) -> None:
    program.call("install", tiny.lora(tmp_path / "a.safetensors"))
    source = tiny.embedding(tmp_path / "b.safetensors")
    for words in (["install", source], ["edit", "b", "description=x"], ["remove", "--yes", "b"]):
        with held(program.root / "databases" / which, release_after=0.1):
            program.call(*words)
    assert [line["name"] for line in program.call("list", "--json").json] == ["a"]


def test_a_writer_that_is_not_done_is_named(tmp_path: Path) -> None:
    root = tmp_path / "library"
    source = tiny.embedding(tmp_path / "b.safetensors")
    with impatient(root) as service:
        key = service.install_path(tiny.lora(tmp_path / "a.safetensors"))
        deeds = (
            lambda: service.install_path(source),
            lambda: service.register_path(source),
            lambda: service.edit(key, {"description": "x"}),
            lambda: service.delete(key),
        )
        before = service.record_store.get_model(key)
        for deed in deeds:
            with held(root / "databases" / "modelkeep.db"):
                with pytest.raises(DatabaseLockedError, match=f"process {os.getpid()}") as caught:
                    deed()
                assert caught.value.hint
                # Others are not in the way of those who only look.
                assert service.record_store.all_models() == [before]
            assert service.library.path_of(before).is_file()
            assert service.library.state.journal.entries() == []
        with held(root / "databases" / "modelkeep.db"):
            [odd] = list(service.scanner.scan(source, action=ScanAction.REGISTER))
            assert "held by another process" in odd.error
            assert odd.hint
        job = service.import_model(source)
        service.wait_for_installs()
        assert job.complete


def test_a_long_reader_stops_nobody(program: Program, tmp_path: Path) -> None:
    program.call("install", tiny.lora(tmp_path / "a.safetensors"))
    database = program.root / "databases" / "modelkeep.db"
    count = "SELECT count(*) FROM mk_model"
    with closing(sqlite3.connect(database, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute(count).fetchone() == (1,)
        for number in range(5):
            program.call("install", tiny.embedding(tmp_path / f"{number}.safetensors", number))
        assert reader.execute(count).fetchone() == (1,)  # as it was when it began
        assert len(program.call("list", "-q").lines) == 6
        reader.execute("COMMIT")
        assert reader.execute(count).fetchone() == (6,)


# -- damaged


@pytest.fixture(scope="module")
def keys(template: Path) -> set[str]:
    with ModelManager(Settings(root=template)) as manager:
        return {model.key for model in manager.records.all_models()}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of 60 models, closed."""
    root = tmp_path_factory.mktemp("damaged") / "library"
    source = tiny.embedding(root.parent / "one.safetensors", 1)
    with ModelManager(Settings(root=root)) as manager:
        manager.installer.install_path(source)
        for number in range(60):
            fields = {"name": f"n{number}", "path": f"p{number}", "description": "d" * 900}
            manager.records.add_model(f"{number:032x}", {**fields, **LORA})
            manager.records.metadata_store.set_tags(f"{number:032x}", [f"t{number % 5}"])
    return root


def harm(path: Path, chance: random.Random) -> None:
    """Overwrite 1 to 64 pages, or cut the file off."""
    count = path.stat().st_size // PAGE
    if chance.random() < 0.1:
        os.truncate(path, chance.randrange(path.stat().st_size))
        return
    is_noise = chance.randrange(2)
    with path.open("r+b") as file:
        for page in chance.sample(range(count), min(chance.choice([1, 1, 2, 4, 16, 64]), count)):
            file.seek(page * PAGE)
            file.write(chance.randbytes(PAGE) if is_noise else bytes(PAGE))


@pytest.mark.parametrize("number", range(ROUNDS))
def test_pages_that_were_overwritten(
    template: Path, keys: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Whatever is typed, it ends with a sentence; saved is what could be read; a copy is kept."""
    program = program_at(tmp_path / "library", monkeypatch)
    shutil.copytree(template, program.root)
    chance = random.Random(number)
    database = program.root / "databases" / "modelkeep.db"
    harm(database, chance)
    damaged = database.read_bytes()
    listed = told(program, "list", "--json")
    if not number % 3:
        told(program, "doctor")
        assert database.read_bytes() == damaged or listed.status == 0
    fixed = {
        line["kind"]: line["fixed"] for line in told(program, "doctor", "--fix", "--json").json
    }
    found = set(fixed)
    if "database" in found:  # nothing in it says that it is ours: no hand is laid on it
        assert database.read_bytes() == damaged
        database.rename(tmp_path / "away")
    elif "database_damaged" in found:
        assert fixed["database_damaged"]
        copies = [p for p in database.parent.glob("*.corrupt-*") if not p.name.endswith("-wal")]
        assert [copy.read_bytes() for copy in copies] == [damaged]
    saved = {line["key"] for line in program.call("list", "--json").json}
    if not found & {"database", "database_damaged"}:  # what was hit is of no use
        assert listed.status == 0
        assert saved == keys
    assert saved <= keys
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    if not number % 6:  # and it works again
        program.call("install", tiny.lora(tmp_path / "new.safetensors"))
        assert not any(
            "database" in line["kind"] for line in told(program, "doctor", "--json").json
        )


def told(program: Program, *words: object) -> Result:
    """Run a command that may fail; then it says why, and what to do."""
    result = program.call(*words, status=None)
    assert result.status in {0, 1, 3}
    assert "Unexpected" not in result.err
    assert result.status == 0 or result.out or len(result.err.splitlines()) >= 2, result.err
    return result


def test_a_log_that_is_gone_or_damaged(
    template: Path, keys: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a catalogue whose last changes are still in its log, as after a crash."""
    for number in range(-1, max(4, ROUNDS // 12)):
        folder = tmp_path / str(number)
        program = program_at(folder / "library", monkeypatch)
        shutil.copytree(template, program.root)
        database = program.root / "databases" / "modelkeep.db"
        log = database.with_name(f"{database.name}-wal")
        with ModelManager(Settings(root=program.root)) as manager:
            for count in range(20):
                manager.records.add_model(
                    f"late{count}", {**LORA, "name": "l", "path": f"l{count}"}
                )
            shutil.copytree(database.parent, folder / "crashed")
        shutil.rmtree(database.parent)
        shutil.copytree(folder / "crashed", database.parent)
        if number < 0:
            log.unlink()
        else:
            harm(log, random.Random(number))
        told(program, "list", "--json")
        told(program, "doctor", "--json")
        told(program, "doctor", "--fix", "--json")
        now = {line["key"] for line in program.call("list", "--json").json}
        assert now <= keys | {f"late{count}" for count in range(20)}
        program.call("install", tiny.lora(folder / "new.safetensors"))


@pytest.mark.parametrize("which", ["modelkeep.db", "state.db"])
def test_a_newer_program_was_here(program: Program, tmp_path: Path, which: str) -> None:
    source = tiny.lora(tmp_path / "a.safetensors")
    program.call("install", source)
    path = program.root / "databases" / which
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 4000")
    before = path.read_bytes()
    for words in (["install", source], ["sync"], ["remove", "--yes", "a"], ["doctor", "--fix"]):
        said = told(program, *words)
        assert said.status != 0
        assert "newer" in said.out + said.err
        assert path.read_bytes() == before
    assert not list(path.parent.glob("*.corrupt-*"))


# -- written by hand

HEAD = "__metadata__:\n  version: 3.2.0\n  modelkeep: 1\nmodels:\n"
RECORD = "  k:\n    name: n\n    path: p\n    type: lora\n    base: sd-1\n    format: lycoris\n"
BOMB = "    a0: &a0 [x]\n" + "".join(
    f"    a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 10)}]\n" for n in range(9)
)


@pytest.fixture
def by_hand(program: Program, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = program.root / "configs" / "models.yaml"
    path.parent.mkdir(parents=True)
    monkeypatch.setenv("MODELKEEP_MODEL_CONFIG_DB", str(path))
    return path


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (HEAD + RECORD[:-20] + "  [", 5),
        (HEAD + RECORD + "    tags: {", 12),
        (HEAD + RECORD + BOMB, 16),
        (HEAD + RECORD + "\tx: 1\n", 11),
        (HEAD + RECORD + "    name: !!python/object/apply:os.system [ls]\n", 11),
        (HEAD + "  k: " + "[" * 500, 5),
    ],
)
def test_a_catalogue_that_is_broken_is_named_by_its_line(
    program: Program, by_hand: Path, text: str, line: int
) -> None:
    by_hand.write_text(text)
    for words in (["list"], ["sync"], ["doctor"], ["doctor", "--fix"]):
        said = told(program, *words)
        assert said.status != 0
        assert f"line {line}" in said.out + said.err, said
        assert "models.yaml" in said.out + said.err
        assert by_hand.read_text() == text
    by_hand.write_text(HEAD + RECORD)
    assert [one["key"] for one in program.call("list", "--json").json] == ["k"]


@settings(max_examples=rounds(12), deadline=None)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.binary(max_size=60).map(lambda data: HEAD.encode() + data),
        st.tuples(st.integers(0, len(HEAD + RECORD)), st.binary(max_size=6)).map(
            lambda cut: (HEAD + RECORD).encode()[: cut[0]] + cut[1]
        ),
    )
)
@example(b"")
@example(b"\x00")
def test_any_bytes_are_listed_or_refused(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        program = program_at(Path(folder) / "library", patch)
        path = Path(folder) / "models.yaml"
        path.write_bytes(data)
        patch.setenv("MODELKEEP_MODEL_CONFIG_DB", str(path))
        refused = told(program, "list", "--json").status != 0
        told(program, "doctor", "--json")
        if refused:
            assert told(program, "sync").status != 0
            told(program, "doctor", "--fix", "--json")
            assert path.read_bytes() == data


def test_eight_processes_that_install_into_a_file_lose_nothing(
    program: Program, by_hand: Path, tmp_path: Path
) -> None:
    by_hand.write_text(f"# mine\n{HEAD}{RECORD}")
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(8)

    def work(number: int) -> None:
        barrier.wait(60)
        with ModelManager() as manager:
            for count in range(3):
                source = tmp_path / f"{number}-{count}.safetensors"
                key = manager.installer.install_path(tiny.embedding(source, number * 3 + count))
                manager.records.metadata_store.set_tags(key, [f"t{number}"])

    processes = [context.Process(target=work, args=(number,)) for number in range(8)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    lines = program.call("list", "--json").json
    assert len(lines) == 25
    assert by_hand.read_text().startswith("# mine\n")
    assert len({line["path"] for line in lines}) == 25
    with ModelManager() as manager:
        assert manager.metadata.list_tags() == {f"t{number}" for number in range(8)}
