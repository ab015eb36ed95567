"""A root that several users of a machine share, and one that may only be read."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import tiny
from support.users import GROUP, User, users


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder that other users can enter; those of pytest are closed, again and again."""
    with tempfile.TemporaryDirectory(prefix="modelkeep-") as folder:
        yield Path(folder)


@pytest.fixture
def models(tmp_path: Path) -> list[Path]:
    """Four models that every user can read."""
    paths = [tiny.embedding(tmp_path / f"models/{fill}.safetensors", fill) for fill in range(4)]
    paths[0].parent.chmod(0o755)
    return paths


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A folder of a group."""
    folder = tmp_path / "shared"
    folder.mkdir()
    try:
        os.chown(folder, 0, GROUP)
    except OSError:
        pytest.skip("only root can be other users")
    folder.chmod(0o2775)
    return folder


@pytest.fixture
def pair(tmp_path: Path, shared: Path) -> list[User]:
    """Two users of the group."""
    assert shared.is_dir()
    return users(tmp_path, 2)


def names(user: User, root: Path) -> list[str]:
    return sorted(line["name"] for line in user.run(root, "list", "--json").json)


def test_users_of_a_group_take_turns(shared: Path, pair: list[User], models: list[Path]) -> None:
    anne, bert = pair
    anne.run(shared, "install", models[0])
    assert names(bert, shared) == ["0"]
    bert.run(shared, "install", models[1])
    anne.run(shared, "install", models[2])
    anne.run(shared, "edit", "1", "name=one")
    bert.run(shared, "remove", "0")
    anne.run(shared, "trash", "restore", "0")
    bert.run(shared, "config", "set", "port", "80")
    anne.run(shared, "config", "set", "port", "90")
    assert names(bert, shared) == names(anne, shared) == ["0", "2", "one"]
    assert bert.run(shared, "doctor").status == 0
    for path in shared.rglob("*"):
        there = path.lstat()
        assert there.st_gid == GROUP, path
        assert there.st_mode & 0o060 == 0o060, path


def test_a_folder_that_does_not_hand_on_its_group(
    tmp_path: Path, shared: Path, pair: list[User], models: list[Path]
) -> None:
    anne, bert = pair
    shared.chmod(0o775)
    folder = shared / "databases"
    folder.mkdir()
    os.chown(folder, 0, GROUP)
    folder.chmod(0o775)
    anne.run(shared, "list", "--json")
    bert.run(shared, "list", "--json")
    assert {path.lstat().st_gid for path in folder.glob("*.db*")} == {GROUP}
    assert tmp_path.is_dir()
    assert models


def test_who_may_not_write_locks_nobody_out(
    shared: Path, pair: list[User], models: list[Path]
) -> None:
    anne, bert = pair
    anne.run(shared, "install", models[0], umask=0o022)
    for words in (("list",), ("list", "--json"), ("show", "0"), ("list", "--missing"), ()):
        bert.run(shared, *words)
    assert list((shared / "databases").glob("*-wal")) == []
    told = bert.run(shared, "install", models[1], status=1)
    assert f"user {anne.number} can run: chmod g+rwX" in told.err
    assert "cannot be changed: it belongs to" in bert.run(shared, "doctor", status=1).out
    anne.run(shared, "install", models[2])
    assert "not shared with the group of the library" in anne.run(shared, "doctor", status=1).out
    anne.run(shared, "doctor", "--fix")
    bert.run(shared, "install", models[1])
    assert names(anne, shared) == ["0", "1", "2"]


def test_a_stranger_reads_what_may_be_read(
    tmp_path: Path, shared: Path, models: list[Path]
) -> None:
    anne, carl = users(tmp_path, 2, groups=())
    os.chown(shared, anne.number, anne.number)
    shared.chmod(0o755)
    anne.run(shared, "install", models[0], umask=0o022)
    before = {path: path.lstat().st_mtime_ns for path in shared.rglob("*")}
    assert names(carl, shared) == ["0"]
    for words in (
        ("show", "0"),
        ("list", "--missing"),
        (),
        ("scan",),
        ("jobs",),
        ("trash", "list"),
    ):
        carl.run(shared, *words)
    assert ": ok" in carl.run(shared, "verify", "--all", "-v").out
    carl.run(shared, "install", models[1], status=1)
    told = carl.run(shared, "edit", "0", "name=mine", status=1)
    assert f"user {anne.number}" in told.err
    assert before == {path: path.lstat().st_mtime_ns for path in shared.rglob("*")}


def test_tokens_are_of_one_user(shared: Path, pair: list[User]) -> None:
    anne, bert = pair
    anne.run(shared, "token", "set", "huggingface", "hf_annes_own_token")
    bert.run(shared, "token", "set", "huggingface", "hf_berts_own_token")
    for user in pair:
        kept = user.home / ".config/modelkeep/tokens/huggingface"
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        assert kept.stat().st_uid == user.number
    assert not (shared / "secrets").exists()
    (shared / "secrets").mkdir(mode=0o700)
    os.chown(shared / "secrets", anne.number, GROUP)
    (shared / "secrets/server-token").write_text("x")
    assert "ends_with" in bert.run(shared, "token", "list", "--json").out
    for words in (("list",), ("doctor",), ("scan",)):
        bert.run(shared, *words)
