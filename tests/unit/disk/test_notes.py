"""The notes of the journal: stored and read, their places, finished and rolled back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from modelkeep.disk import moves, notes
from modelkeep.disk.journal import Note
from modelkeep.disk.moves import Move
from modelkeep.disk.notes import (
    Install,
    MovedFile,
    Purge,
    Reinstall,
    Removal,
    Restore,
    decode,
    encode,
)

MOVE = Move(Path("/root/staging/a"), Path("/root/\udcff"), 7)
INSTALL = Install(
    "k",
    source="/elsewhere/a",
    staging=Path("/root/staging"),
    top=Path("/root"),
    fetched=Path("/root/fetched"),
    preview=Path("/previews/k.png"),
    move=MOVE,
    source_top=Path("/elsewhere/a"),
    sources=(MovedFile(Path("/elsewhere/a"), 1, 2, 3),),
)
ALL: list[Note] = [
    INSTALL,
    Install("k", "x", Path("/s"), Path("/t")),
    Reinstall(
        "k",
        source="/elsewhere/a",
        staging=Path("/root/staging"),
        top=Path("/root"),
        aside=Path("/root/trash/1"),
        taken=(MOVE,),
        put=(MOVE,),
    ),
    Removal("k", Path("/trash/1"), Path("/root/a"), (MOVE,)),
    Restore("k", Path("/trash/1"), Path("/root/a"), (MOVE,)),
    Purge("k", Path("/trash/1"), (Path("/previews/k.png"),)),
]


@pytest.mark.parametrize("note", ALL, ids=lambda note: note.operation)
def test_a_note_is_read_as_it_was_written(note: Note) -> None:
    assert decode(encode(note)) == note


@pytest.mark.parametrize("note", ALL, ids=lambda note: note.operation)
def test_every_path_in_a_note_is_one_of_its_places(note: Note) -> None:
    """But for the folder that is only a limit: where emptied folders are removed up to."""
    assert _paths(note) - {Path("/root"), Path("/t")} <= set(note.places)


def _paths(value: object) -> set[Path]:
    if isinstance(value, Path):
        return {value}
    if isinstance(value, tuple):
        return {path for item in value for path in _paths(item)}
    if hasattr(value, "__dataclass_fields__"):
        return {
            path for name in value.__dataclass_fields__ for path in _paths(getattr(value, name))
        }
    return set()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"operation": "x"}', '{"operation": "purge"}'])
def test_what_is_no_note_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(text)


def test_a_folder_without_a_readable_note_has_none(tmp_path: Path) -> None:
    assert notes.left_in(tmp_path) is None
    notes.leave(INSTALL, tmp_path)
    assert notes.left_in(tmp_path) == INSTALL
    (tmp_path / notes.NOTE_FILE).write_bytes(b"\xff\x00")
    assert notes.left_in(tmp_path) is None
    notes.erase(tmp_path)
    assert list(tmp_path.iterdir()) == []


def staged(folder: Path) -> Install:
    """Put a model in staging and publish it, as an install that is killed before its record."""
    file = folder / "staging" / "1" / "a"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"a")
    move = Move.plan(file, folder / "sdxl" / "a")
    note = Install("k", "x", file.parent, folder, move=move)
    notes.leave(note, note.staging)
    moves.do([move])
    return note


def test_an_install_is_rolled_back_until_it_is_recorded(tmp_path: Path) -> None:
    note = staged(tmp_path)
    for _ in range(2):
        note.settle(is_recorded=False)
        assert [path.name for path in tmp_path.rglob("*")] == ["staging"]


def test_an_install_that_is_recorded_is_finished(tmp_path: Path) -> None:
    note = staged(tmp_path)
    for _ in range(2):
        note.settle(is_recorded=True)
        assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == ["a"]
        assert list((tmp_path / "staging").iterdir()) == []


def test_what_was_in_the_way_comes_back_until_all_is_in_place(tmp_path: Path) -> None:
    places = {name: tmp_path / name / "a" for name in ("root", "staging", "trash")}
    for name in ("root", "staging"):
        places[name].parent.mkdir()
        places[name].write_bytes(name.encode())
    note = Reinstall(
        "k",
        "x",
        tmp_path / "staging",
        tmp_path,
        aside=tmp_path / "trash",
        taken=(Move.plan(places["root"], places["trash"]),),
        put=(Move.plan(places["staging"], places["root"]),),
    )
    places["trash"].parent.mkdir()
    moves.do(note.taken)
    assert not note.is_done(is_recorded=True)
    for _ in range(2):
        note.settle(is_recorded=True)
        assert places["root"].read_bytes() == b"root"
        assert not places["trash"].exists()
    # Once everything is in its place, it stays there, and so does what was in the way.
    places["staging"].parent.mkdir(exist_ok=True)
    places["staging"].write_bytes(b"new")
    places["trash"].parent.mkdir(exist_ok=True)
    note = replace(note, put=(Move.plan(places["staging"], places["root"]),))
    moves.do((*note.taken, *note.put))
    for _ in range(2):
        note.settle(is_recorded=True)
        assert places["root"].read_bytes() == b"new"
        assert places["trash"].read_bytes() == b"root"
        assert not places["staging"].exists()


def test_a_purge_keeps_the_picture_of_a_model_that_is_recorded_again(tmp_path: Path) -> None:
    folder, picture = tmp_path / "trash" / "1", tmp_path / "previews" / "k.png"
    for is_recorded in (True, False):
        for path in (folder / "files" / "0", picture):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"x")
        Purge("k", folder, (picture,)).settle(is_recorded=is_recorded)
        assert (folder.exists(), picture.exists()) == (False, is_recorded)
