"""Bad input: it is refused with its name, the cause and the next step, and nothing changes."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import socket
import sqlite3
import struct
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from faults.crash import in_child
from integration.world import World, open_world, snapshot
from modelkeep.app.manager import ModelManager
from modelkeep.disk import paths
from modelkeep.errors import (
    DatabaseError,
    DatabaseLockedError,
    ModelKeepError,
    NewerDatabaseError,
    NoSpaceError,
    NotWritableError,
    StorageError,
    WrongDatabaseError,
)
from modelkeep.settings import Settings
from support import tiny

NOBODY = 65534


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    opened = open_world(tmp_path)
    tiny_key = opened.service.install_path(tiny.lora(opened.downloads / "precious.safetensors", 1))
    assert opened.place(tiny_key).is_file()
    yield opened
    opened.close()


# -- sources that are none


def missing(path: Path) -> None:
    assert not path.exists()


def below_a_file(path: Path) -> None:
    path.parent.rmdir()
    path.parent.write_bytes(b"")


def empty(path: Path) -> None:
    path.write_bytes(b"")


def folder(path: Path) -> None:
    path.mkdir()


def truncated(path: Path) -> None:
    tiny.embedding(path)
    os.truncate(path, path.stat().st_size - 1)


def truncated_header(path: Path) -> None:
    tiny.embedding(path)
    os.truncate(path, 20)


def lying_length(path: Path) -> None:
    path.write_bytes(struct.pack("<Q", 2**63) + b"{}")


def lying_offsets(path: Path) -> None:
    path.write_bytes(tiny.safetensors_bytes({"emb_params": ("F32", (2, 768))}) + b"more")


def page(path: Path) -> None:
    path.write_text("<!DOCTYPE html><html><body>Please log in</body></html>" * 10)


def pipe(path: Path) -> None:
    os.mkfifo(path)


def listening(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the address of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(path.name)
    finally:
        os.chdir(here)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def dangling(path: Path) -> None:
    path.symlink_to("nowhere.safetensors")


def folder_loop(path: Path) -> None:
    tiny.embedding_folder(path)
    (path / "notes" / "again").symlink_to(path)


def folder_with_pipe(path: Path) -> None:
    tiny.embedding_folder(path)
    os.mkfifo(path / "notes" / "pipe.safetensors")


def folder_with_dangling(path: Path) -> None:
    tiny.embedding_folder(path)
    (path / "more.safetensors").symlink_to("nowhere")


SOURCES: list[Callable[[Path], None]] = [
    missing,
    below_a_file,
    empty,
    folder,
    truncated,
    truncated_header,
    lying_length,
    lying_offsets,
    page,
    pipe,
    listening,
    device,
    loop,
    dangling,
    folder_loop,
    folder_with_pipe,
    folder_with_dangling,
]


def refused(world: World, path: Path | str, *kinds: type[ModelKeepError]) -> ModelKeepError:
    """Try every door; check what is said and that nothing changes; return the last error."""
    before = snapshot(world.settings.root, world.downloads)
    last: ModelKeepError | None = None
    for door in (world.service.install_path, world.service.register_path, world.service.plan):
        with pytest.raises(kinds or ModelKeepError) as caught:
            door(path)
        assert os.path.basename(path) in str(caught.value)  # noqa: PTH119 - text as given
        assert caught.value.hint
        last = caught.value
    job = world.service.import_model(path)
    world.service.wait_for_installs()
    assert job.errored
    assert job.hint
    assert snapshot(world.settings.root, world.downloads) == before
    assert list(world.settings.staging_dir.iterdir()) == []
    assert len(world.records.all_models()) == 1
    assert last is not None
    return last


@pytest.mark.parametrize("make", SOURCES, ids=lambda make: make.__name__)
def test_a_source_that_is_no_model(world: World, make: Callable[[Path], None]) -> None:
    path = world.downloads / "made" / "x.safetensors"
    path.parent.mkdir()
    make(path)
    refused(world, path)


@pytest.mark.parametrize("text", ["~nobody-is-called-this/x.safetensors", "/tmp/a\0b", "a" * 5000])
def test_a_text_that_is_no_path(world: World, text: str) -> None:
    before = snapshot(world.settings.root, world.downloads)
    for door in (world.service.install_path, world.service.register_path):
        with pytest.raises(ModelKeepError) as caught:
            door(text)
        assert caught.value.hint
    job = world.service.import_model(text)
    world.service.wait_for_installs()
    assert job.error_type in {"SourceNotFoundError", "UnreadableSourceError"}
    assert snapshot(world.settings.root, world.downloads) == before


# -- names


NAMES = [
    b"\xff.safetensors",
    b"a\xe9b.safetensors",
    ("n" * 243 + ".safetensors").encode(),
    ("\u05e9\u05dc\u05d5\u05dd\u202e.safetensors").encode(),
    "🍣🏮.safetensors".encode(),
    "cafe\u0301.safetensors".encode(),
    b"two\nlines.safetensors",
    b"\x1b[31mred.safetensors",
    b"-rf.safetensors",
    b"con.safetensors",
    b" spaced .safetensors",
    b"a:b*c?.safetensors",
    b".hidden.safetensors",
    b"%41%ff.safetensors",
    b"file:.safetensors",
]


@pytest.mark.parametrize("name", NAMES, ids=repr)
@pytest.mark.parametrize("is_folder", [False, True], ids=["file", "folder"])
def test_any_name_goes_in_and_out(world: World, name: bytes, is_folder: bool) -> None:
    path = world.downloads / os.fsdecode(name)
    if is_folder:
        tiny.embedding_folder(path, 5)
        (path / "notes" / os.fsdecode(b"a" + name[1:-12])).write_bytes(b"strange")
    else:
        tiny.embedding(path, 5)
    outside = snapshot(world.downloads)
    for door in (world.service.install_path, world.service.register_path):
        key = door(path)
        config = world.records.get_model(key)
        config.model_dump_json().encode()
        config.name.encode("utf-8")
        assert config.name.isprintable() or "\u202e" in config.name
        place = world.place(key)
        assert place.exists()
        inside = snapshot(world.models)
        world.service.unconditionally_delete(key)
        assert not os.path.lexists(place)
        world.service.restore(key)
        assert world.place(key) == place
        assert snapshot(world.models) == inside
        assert snapshot(world.downloads) == outside
        world.service.unregister(key)
        if door == world.service.install_path:
            os.fsencode(place.name).decode("utf-8")
            shutil.rmtree(place) if is_folder else place.unlink()


def test_events_of_a_name_without_text_can_be_sent(world: World) -> None:
    path = tiny.embedding(world.downloads / os.fsdecode(b"\xff.safetensors"))
    job = world.service.import_model(path)
    world.service.import_model(os.fspath(path) + "x")
    world.service.wait_for_installs()
    assert job.complete
    assert world.service.get_job_by_source(path) == [job]
    for payload in world.bus.told:
        repr(payload["data"]["source"])
        payload["data"]["source"].encode()
        payload["data"].get("error", "").encode()


# -- rights


def as_nobody(work: Callable[[], None]) -> int:
    """Run ``work`` in a child that is not root; what it raises is shown."""

    def lower() -> None:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        try:
            work()
        except BaseException:
            traceback.print_exc(file=sys.stderr)
            raise

    return in_child(lower)


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Path]:
    """Return a folder that anyone can reach."""
    if os.getuid() != 0:
        pytest.skip("needs root, to become somebody else")
    opened = []
    for above in (tmp_path, *tmp_path.parents):
        if above.stat().st_mode & 0o005 != 0o005:
            opened.append((above, above.stat().st_mode))
            above.chmod(0o755)
    yield tmp_path
    for above, mode in opened:
        above.chmod(mode)


def give_away(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, NOBODY, NOBODY)


@pytest.mark.parametrize("hidden", ["file", "folder", "file in folder", "parent"])
def test_a_source_that_may_not_be_read(shared: Path, hidden: str) -> None:
    top = shared / "source" / "model.safetensors"
    if hidden == "file":
        tiny.embedding(top).chmod(0)
    elif hidden == "folder":
        tiny.embedding_folder(top).chmod(0)
    elif hidden == "file in folder":
        tiny.embedding_folder(top)
        (top / "notes" / "README.md").chmod(0)
    else:
        tiny.embedding(top).parent.chmod(0)
    (shared / "mine").mkdir()
    os.chown(shared / "mine", NOBODY, NOBODY)

    def work() -> None:
        world = open_world(shared / "mine")
        before = snapshot(world.settings.root)
        for door in (world.service.install_path, world.service.register_path):
            with pytest.raises(ModelKeepError, match=r"model\.safetensors") as caught:
                door(top)
            assert caught.value.hint
        assert snapshot(world.settings.root) == before
        assert world.records.all_models() == []
        world.close()

    assert as_nobody(work) == 0


def test_a_models_folder_that_may_not_be_written(shared: Path) -> None:
    world = open_world(shared)
    key = world.service.install_path(tiny.embedding(world.downloads / "a.safetensors", 1))
    source = tiny.embedding(world.downloads / "b.safetensors", 2)
    world.close()
    give_away(world.settings.root)
    for path in (world.models, *world.models.rglob("*")):
        if path.is_dir():
            os.chown(path, 0, 0)
            path.chmod(0o755)

    def work() -> None:
        again = open_world(shared)
        before = snapshot(again.settings.root, again.downloads)
        with pytest.raises(NotWritableError, match="models") as caught:
            again.service.install_path(source)
        assert caught.value.hint
        with pytest.raises(NotWritableError, match="models"):
            again.service.delete(key)
        assert again.place(key).is_file()
        assert snapshot(again.settings.root, again.downloads) == before
        again.close()

    assert as_nobody(work) == 0


@pytest.mark.parametrize("what", ["root", "databases", "files"])
def test_a_root_that_may_not_be_written(shared: Path, what: str) -> None:
    settings = Settings(root=shared / "root")
    if what != "root":
        open_world(shared).close()
    else:
        settings.root.mkdir()
    if what == "files":
        give_away(settings.root)
        for file in (settings.root / "databases").iterdir():
            os.chown(file, 0, 0)

    def work() -> None:
        with (
            pytest.raises((NotWritableError, DatabaseError)) as caught,
            ModelManager(settings) as m,
        ):
            m.installer.recover()
        assert "root" in str(caught.value)
        assert caught.value.hint

    assert as_nobody(work) == 0


# -- space


def test_a_disk_without_space_is_seen_before_the_copy(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tiny.embedding(world.downloads / "x.safetensors", 2)
    before = snapshot(world.settings.root, world.downloads)
    real = os.statvfs(world.models)
    full = os.statvfs_result((real.f_bsize, real.f_frsize, real.f_blocks, 0, 0, *tuple(real)[5:]))
    monkeypatch.setattr(os, "statvfs", lambda _path: full)
    with pytest.raises(NoSpaceError, match="needed") as caught:
        world.service.install_path(source)
    assert "inplace" in caught.value.hint
    assert snapshot(world.settings.root, world.downloads) == before
    world.service.register_path(source)


def test_a_disk_that_is_full_in_the_midst_of_a_copy(tmp_path: Path) -> None:
    world = open_world(tmp_path)
    world.close()
    source = tiny.embedding(world.downloads / "x.safetensors", 2, vectors=3000)

    def work() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        again = open_world(tmp_path)
        before = snapshot(again.settings.root, again.downloads)
        most = source.stat().st_size - 1000
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
        with pytest.raises(NoSpaceError, match=r"x\.safetensors") as caught:
            again.service.install_path(source)
        assert caught.value.hint
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        assert snapshot(again.settings.root, again.downloads) == before
        assert list(again.settings.staging_dir.iterdir()) == []
        again.service.install_path(source)
        again.close()

    assert in_child(work) == 0


# -- files and folders of the program


def not_a_database(path: Path) -> None:
    path.write_bytes(b"these are some words and no database at all\n" * 100)


def a_page_overwritten(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (path.stat().st_size - 4096))


def cut_off(path: Path) -> None:
    os.truncate(path, 700)


def somebody_elses(path: Path) -> None:
    path.unlink()
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE recipe (name TEXT)")
    other.commit()
    other.close()


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def newer(path: Path) -> None:
    one = sqlite3.connect(path)
    one.execute("PRAGMA user_version = 4000")
    one.close()


DAMAGES: list[tuple[Callable[[Path], None], type[ModelKeepError]]] = [
    (not_a_database, DatabaseError),
    (cut_off, DatabaseError),
    (a_page_overwritten, DatabaseError),
    (somebody_elses, WrongDatabaseError),
    (a_folder, ModelKeepError),
    (newer, NewerDatabaseError),
]


@pytest.mark.parametrize("which", ["state.db", "modelkeep.db"])
@pytest.mark.parametrize(("damage", "kind"), DAMAGES, ids=lambda one: one.__name__)
def test_a_database_that_cannot_be_used_is_left_as_it_is(
    tmp_path: Path, which: str, damage: Callable[[Path], None], kind: type[ModelKeepError]
) -> None:
    world = open_world(tmp_path)
    world.service.install_path(tiny.embedding(world.downloads / "a.safetensors"))
    world.close()
    path = world.settings.root / "databases" / which
    damage(path)
    before = path.read_bytes() if path.is_file() else b""
    models = snapshot(world.models)
    source = tiny.embedding(world.downloads / "b.safetensors", 2)
    with pytest.raises(kind, match=which) as caught, ModelManager(world.settings) as manager:
        manager.installer.install_path(source)
    assert caught.value.hint
    assert snapshot(world.models) == models
    if path.is_file():
        assert path.read_bytes() == before


@pytest.mark.parametrize("which", ["state.db", "modelkeep.db"])
def test_a_database_that_somebody_holds(
    world: World, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    world.close()
    real = sqlite3.connect

    def connect(*values: Any, **named: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = real(*values, **{**named, "timeout": 0.1})
        return connection

    monkeypatch.setattr(sqlite3, "connect", connect)
    again = open_world(world.downloads.parent)
    source = tiny.embedding(world.downloads / "x.safetensors", 2)
    holder = real(world.settings.root / "databases" / which, isolation_level=None)
    connection: Any = again.records
    connection.db.conn.execute("PRAGMA busy_timeout = 100")
    holder.execute("BEGIN IMMEDIATE")
    before = snapshot(world.models, world.downloads)
    with pytest.raises(DatabaseLockedError, match=which) as caught:
        again.service.install_path(source)
    assert caught.value.hint
    assert snapshot(world.models, world.downloads) == before
    holder.execute("ROLLBACK")
    holder.close()
    assert again.place(again.service.install_path(source)).is_file()
    again.close()


def test_a_models_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "in-the-way").write_bytes(b"words")
    settings = Settings(root=tmp_path / "root", models_dir=tmp_path / "in-the-way")
    source = tiny.embedding(tmp_path / "x.safetensors")
    with ModelManager(settings) as manager:
        with pytest.raises(NotWritableError, match="in-the-way") as caught:
            manager.installer.install_path(source)
        assert caught.value.hint
        key = manager.installer.register_path(source)
        with pytest.raises(NotWritableError, match="in-the-way"):
            manager.installer.unconditionally_delete(key)
        assert source.is_file()
        assert manager.records.exists(key)
    assert (tmp_path / "in-the-way").read_bytes() == b"words"


@pytest.mark.parametrize("name", [".staging", ".trash"])
def test_a_link_in_place_of_a_folder_of_the_program_is_not_followed(
    world: World, tmp_path: Path, name: str
) -> None:
    [config] = world.records.all_models()
    outside = tmp_path / "outside"
    tiny.embedding_folder(outside / "somebodys", 3)
    if name == ".trash":  # as if it were an old entry
        (outside / "somebodys" / "manifest.json").write_text(
            '{"record": {"key": "k", "name": "n"}, "files": [], "top": "/x", "names": [],'
            ' "removed_at": 0, "metadata": null}'
        )
    shutil.rmtree(world.models / name, ignore_errors=True)
    (world.models / name).symlink_to(outside)
    before = snapshot(outside, world.models)
    source = tiny.embedding(world.downloads / "x.safetensors", 2)
    if name == ".staging":
        with pytest.raises(StorageError, match="link") as caught:
            world.service.install_path(source)
    else:
        assert world.service.trash() == []
        with pytest.raises(StorageError, match="link") as caught:
            world.service.delete(config.key)
    assert caught.value.hint
    world.service.recover()
    assert snapshot(outside, world.models) == before
    assert world.records.exists(config.key)


def test_a_link_among_the_trash_is_not_followed(world: World, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    [config] = world.records.all_models()
    world.service.delete(config.key)
    [entry] = world.service.trash()
    shutil.copytree(entry.folder, outside)
    entry.folder.rename(entry.folder.with_name("moved"))
    [entry] = world.service.trash()
    world.service.purge(entry)
    (world.settings.trash_dir / "0-link").symlink_to(outside)
    before = snapshot(outside)
    assert world.service.trash() == []
    with suppress(ModelKeepError):
        world.service.restore(config.key)
    world.service.recover()
    assert snapshot(outside) == before


def test_a_path_changed_to_a_link_is_not_removed_through(tmp_path: Path) -> None:
    """``remove_tree`` takes a link away and leaves what it leads to."""
    target = tiny.embedding_folder(tmp_path / "target")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "entry").symlink_to(target)
    before = snapshot(target)
    paths.remove_tree(tmp_path / "own" / "entry", tmp_path / "own")
    assert snapshot(target) == before
    assert not os.path.lexists(tmp_path / "own" / "entry")
    with pytest.raises(StorageError, match="is not in"):
        paths.remove_tree(target, tmp_path / "own")
