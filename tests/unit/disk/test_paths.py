"""The disk is changed without ever overwriting, and what was begun can be gone on with."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from blake3 import blake3

from modelkeep.core.hashing import hash_file, sample_hash
from modelkeep.disk import moves, paths
from modelkeep.disk.moves import Move
from modelkeep.errors import (
    DuplicateModelException,
    SourceChangedError,
    SourceNotFoundError,
    StorageError,
    UnreadableSourceError,
)


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_a_copy_has_the_same_bytes_and_the_hash_of_them(tmp_path: Path) -> None:
    source = write(tmp_path / "a", os.urandom(9_000_001))
    seen: list[int] = []
    digest = paths.copy_file(source, tmp_path / "b", seen.append)
    assert (tmp_path / "b").read_bytes() == source.read_bytes()
    assert digest == blake3(source.read_bytes()).hexdigest() == hash_file(source).blake3
    assert sum(seen) == 9_000_001


def test_holes_stay_holes_and_count_in_the_hash(tmp_path: Path) -> None:
    source = tmp_path / "a"
    with source.open("wb") as file:
        file.write(b"begin")
        file.seek(40_000_000)
        file.write(b"middle")
        file.truncate(60_000_000)
    digest = paths.copy_file(source, tmp_path / "b")
    assert (tmp_path / "b").stat().st_size == 60_000_000
    assert (tmp_path / "b").stat().st_blocks * 512 < 1_000_000
    assert digest == blake3(source.read_bytes()).hexdigest()
    paths.verify_copy(tmp_path / "b", digest)


def test_a_copy_never_replaces_a_file(tmp_path: Path) -> None:
    source, target = write(tmp_path / "a", b"new"), write(tmp_path / "b", b"mine")
    with pytest.raises(StorageError):
        paths.copy_file(source, target)
    assert target.read_bytes() == b"mine"


def test_a_source_that_grows_while_it_is_copied_is_noticed(tmp_path: Path) -> None:
    source = write(tmp_path / "a", b"x" * 9_000_000)

    def grow(_: int) -> None:
        with source.open("ab") as file:
            file.write(b"more")

    with pytest.raises(SourceChangedError, match="changed while"):
        paths.copy_file(source, tmp_path / "b", grow)


def test_a_copy_that_reads_back_differently_is_refused(tmp_path: Path) -> None:
    digest = paths.copy_file(write(tmp_path / "a", b"good"), tmp_path / "b")
    (tmp_path / "b").write_bytes(b"evil")
    with pytest.raises(StorageError, match="does not hold the bytes that were written"):
        paths.verify_copy(tmp_path / "b", digest)


@pytest.mark.parametrize("is_folder", [False, True])
def test_publishing_never_replaces_anything(tmp_path: Path, is_folder: bool) -> None:
    for name, data in (("staged", b"new"), ("target", b"mine")):
        write(tmp_path / name / "f" if is_folder else tmp_path / name, data)
    with pytest.raises(DuplicateModelException):
        paths.publish(tmp_path / "staged", tmp_path / "target")
    found = tmp_path / "target"
    assert (found / "f" if is_folder else found).read_bytes() == b"mine"
    assert (tmp_path / "staged").exists()


@pytest.mark.parametrize("is_folder", [False, True])
def test_publishing_moves_at_once(tmp_path: Path, is_folder: bool) -> None:
    staged = tmp_path / "staged"
    write(staged / "f" if is_folder else staged, b"new")
    paths.publish(staged, tmp_path / "x" / "target")
    found = tmp_path / "x" / "target"
    assert (found / "f" if is_folder else found).read_bytes() == b"new"
    assert not staged.exists()


def test_without_hard_links_a_name_is_reserved_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    paths.publish(write(tmp_path / "a", b"new"), tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"new"
    assert not paths.hardlink_file(tmp_path / "b", tmp_path / "c")
    with pytest.raises(DuplicateModelException):
        paths.publish(write(tmp_path / "a", b"other"), tmp_path / "b")


def test_a_link_is_removed_and_what_it_points_to_stays(tmp_path: Path) -> None:
    precious = write(tmp_path / "precious" / "file", b"mine")
    folder = tmp_path / "program" / "entry"
    folder.mkdir(parents=True)
    (folder / "link").symlink_to(precious)
    (folder / "linked").symlink_to(precious.parent)
    paths.remove_tree(folder, folder.parent)
    assert precious.read_bytes() == b"mine"
    assert not folder.exists()


def test_a_tree_elsewhere_is_not_removed(tmp_path: Path) -> None:
    write(tmp_path / "a" / "b" / "file", b"mine")
    with pytest.raises(StorageError):
        paths.remove_tree(tmp_path / "a" / "b", tmp_path)
    assert (tmp_path / "a" / "b" / "file").exists()


def test_folders_that_hold_something_are_not_removed(tmp_path: Path) -> None:
    write(tmp_path / "a" / "keep", b"")
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    paths.remove_empty_folders(tmp_path / "a" / "b" / "c", tmp_path)
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a", "keep"]


def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(UnreadableSourceError):
            sample_hash(path)
    with pytest.raises(SourceNotFoundError):
        sample_hash(tmp_path / "nothing")


def test_moves_are_done_and_undone(tmp_path: Path) -> None:
    planned = [
        Move.plan(write(tmp_path / name, name.encode()), tmp_path / "t" / name) for name in "abc"
    ]
    moves.do(planned)
    moves.do(planned)
    assert all(moves.is_done(move) for move in planned)
    moves.undo(planned)
    moves.undo(planned)
    assert [(tmp_path / name).read_bytes() for name in "abc"] == [b"a", b"b", b"c"]
    assert not list((tmp_path / "t").iterdir())


def test_a_move_leaves_what_is_not_its_own_alone(tmp_path: Path) -> None:
    move = Move.plan(write(tmp_path / "a", b"a"), tmp_path / "b")
    (tmp_path / "a").unlink()
    write(tmp_path / "other", b"x").rename(tmp_path / "b")
    moves.undo([move])
    moves.do([move])
    assert (tmp_path / "b").read_bytes() == b"x"
    assert not (tmp_path / "a").exists()


def test_a_small_file_is_written_whole(tmp_path: Path) -> None:
    paths.write_file(tmp_path / "x" / "f", b"one")
    paths.write_file(tmp_path / "x" / "f", b"two")
    assert [p.read_bytes() for p in (tmp_path / "x").iterdir()] == [b"two"]


def test_a_forked_child_hashes_after_its_parent_did(tmp_path: Path) -> None:
    large = write(tmp_path / "large", os.urandom(8_000_000))
    known = hash_file(large).blake3
    child = os.fork()
    if not child:
        os._exit(0 if hash_file(large).blake3 == known else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
