"""Partial files: nameless at first, locked, and never somebody else's."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from modelkeep.disk import open_files
from modelkeep.download.control_file import ResumeInfo, control_path, load
from modelkeep.download.part_file import PartFile
from modelkeep.errors import DownloadError, DuplicateModelException
from modelkeep.http.request import HttpRequest

ASKED = HttpRequest("https://models.example/m")
DATA = memoryview(b"0123456789")


def _has_none(folder: Path, mode: int = 0) -> None:
    del mode
    os.close(open_files.open_new(folder / "probe"))
    (folder / "probe").unlink()


@pytest.fixture(params=["nameless", "named"])
def begin(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Path], PartFile]]:
    """Begin partial files, on a file system with nameless files and on one without."""
    if request.param == "named":
        monkeypatch.setattr(open_files, "open_nameless", _has_none)
    opened: list[PartFile] = []

    def made(target: Path) -> PartFile:
        opened.append(PartFile.begin(target))
        return opened[-1]

    yield made
    for part in opened:
        part.close()


def _keep(part: PartFile, asked: HttpRequest = ASKED) -> None:
    control = ResumeInfo.of(asked, validator='"v"', total=10, inode=0)
    part.write(DATA, 0)
    part.save(control)


def _left(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def test_a_new_one_gets_the_name_of_its_target(
    tmp_path: Path, begin: Callable[[Path], PartFile]
) -> None:
    part = begin(tmp_path / "new" / "m")
    part.write(DATA, 0)
    part.publish()
    assert (tmp_path / "new" / "m").read_bytes() == DATA
    assert _left(tmp_path / "new") == ["m"]


def test_one_that_is_dropped_leaves_nothing(
    tmp_path: Path, begin: Callable[[Path], PartFile]
) -> None:
    part = begin(tmp_path / "m")
    _keep(part)
    part.discard()
    assert _left(tmp_path) == []


def test_a_kept_one_is_gone_on_with(tmp_path: Path, begin: Callable[[Path], PartFile]) -> None:
    part = begin(tmp_path / "m")
    _keep(part)
    part.close()
    assert _left(tmp_path) == ["m.part", "m.part.json"]
    found = PartFile.resume(tmp_path / "m", ASKED)
    assert found is not None
    again, control = found
    assert (again.inode, control.total) == (part.inode, 10)
    again.publish()
    again.close()
    assert (tmp_path / "m").read_bytes() == DATA
    assert _left(tmp_path) == ["m"]


def test_a_name_that_is_taken_stays_taken(
    tmp_path: Path, begin: Callable[[Path], PartFile]
) -> None:
    part = begin(tmp_path / "m")
    _keep(part)
    (tmp_path / "m").write_bytes(b"mine")
    with pytest.raises(DuplicateModelException):
        part.publish()
    assert (tmp_path / "m").read_bytes() == b"mine"
    assert not part.is_same_as(tmp_path / "m")
    (tmp_path / "m").write_bytes(DATA)
    assert part.is_same_as(tmp_path / "m")


def test_two_never_write_one_file(tmp_path: Path, begin: Callable[[Path], PartFile]) -> None:
    part = begin(tmp_path / "m")
    _keep(part)
    with pytest.raises(DownloadError, match="another process"):
        PartFile.resume(tmp_path / "m", ASKED)
    part.close()
    found = PartFile.resume(tmp_path / "m", ASKED)
    assert found is not None
    found[0].close()


def test_what_has_no_control_file_is_not_ours(
    tmp_path: Path, begin: Callable[[Path], PartFile]
) -> None:
    (tmp_path / "m.part").write_bytes(b"theirs")
    assert PartFile.resume(tmp_path / "m", ASKED) is None
    part = begin(tmp_path / "m")
    _keep(part)
    part.close()
    assert _left(tmp_path) == ["m.2.part", "m.2.part.json", "m.part"]
    found = PartFile.resume(tmp_path / "m", ASKED)
    assert found is not None
    found[0].discard()
    assert (tmp_path / "m.part").read_bytes() == b"theirs"


def test_a_file_that_took_the_place_of_ours_is_not_ours(
    tmp_path: Path, begin: Callable[[Path], PartFile]
) -> None:
    part = begin(tmp_path / "m")
    _keep(part)
    part.close()
    other = tmp_path / "other"
    other.write_bytes(b"theirs")
    other.replace(tmp_path / "m.part")
    assert PartFile.resume(tmp_path / "m", ASKED) is None
    assert (tmp_path / "m.part").read_bytes() == b"theirs"


def test_a_link_and_a_pipe_in_its_place_are_left_alone(
    tmp_path: Path, begin: Callable[[Path], PartFile]
) -> None:
    part = begin(tmp_path / "m")
    _keep(part)
    part.close()
    (tmp_path / "m.part").rename(tmp_path / "moved")
    (tmp_path / "m.part").symlink_to(tmp_path / "moved")
    assert PartFile.resume(tmp_path / "m", ASKED) is None
    (tmp_path / "m.part").unlink()
    os.mkfifo(tmp_path / "m.part")
    assert PartFile.resume(tmp_path / "m", ASKED) is None


def test_one_of_another_download_is_removed(
    tmp_path: Path, begin: Callable[[Path], PartFile]
) -> None:
    part = begin(tmp_path / "m")
    _keep(part)
    part.close()
    assert PartFile.resume(tmp_path / "m", HttpRequest("https://other.example/m")) is None
    assert _left(tmp_path) == []


def test_a_control_file_that_was_left_alone_is_removed(
    tmp_path: Path, begin: Callable[[Path], PartFile]
) -> None:
    part = begin(tmp_path / "m")
    _keep(part)
    part.close()
    (tmp_path / "m.part").unlink()
    assert PartFile.resume(tmp_path / "m", ASKED) is None
    assert _left(tmp_path) == []


def test_wrong_bytes_are_put_aside_once(tmp_path: Path, begin: Callable[[Path], PartFile]) -> None:
    names = []
    for _ in range(2):
        part = begin(tmp_path / "m")
        _keep(part)
        names.append(part.put_aside("0123456789abcdef").name)
    assert names == ["m.quarantine-01234567"] * 2
    assert _left(tmp_path) == ["m.quarantine-01234567"]


def test_the_longest_name_has_room_for_its_part(
    tmp_path: Path, begin: Callable[[Path], PartFile]
) -> None:
    target = tmp_path / ("m" * 255)
    part = begin(target)
    _keep(part)
    part.close()
    assert all(len(name) <= 255 for name in _left(tmp_path))
    found = PartFile.resume(target, ASKED)
    assert found is not None
    found[0].publish()
    found[0].close()
    assert _left(tmp_path) == ["m" * 255]


def test_all_names_taken_is_told(tmp_path: Path, begin: Callable[[Path], PartFile]) -> None:
    for name in ["m.part", *(f"m.{number}.part" for number in range(2, 10))]:
        (tmp_path / name).write_bytes(b"theirs")
    with pytest.raises(DownloadError, match="all names"):
        _keep(begin(tmp_path / "m"))


def test_space_is_taken_for_the_whole_file(
    tmp_path: Path, begin: Callable[[Path], PartFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    for can_reserve in (True, False):
        if not can_reserve:
            monkeypatch.setattr(open_files, "_reserve", lambda *_: False)
        part = begin(tmp_path / "m")
        part.take_space(100_000)
        part.save(ResumeInfo.of(ASKED, validator=None, total=100_000, inode=0))
        assert (tmp_path / "m.part").stat().st_size == 100_000
        part.discard()


def test_a_file_system_without_locks_lets_everybody_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(fd: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, f"no locks: {fd} {operation}")

    monkeypatch.setattr("fcntl.flock", refuse)
    part = PartFile.begin(tmp_path / "m")
    _keep(part)
    found = PartFile.resume(tmp_path / "m", ASKED)
    assert found is not None
    found[0].close()
    part.discard()
    assert not control_path(tmp_path / "m.part").exists()


def test_two_that_are_kept_at_the_same_moment_get_a_name_each(tmp_path: Path) -> None:
    target = tmp_path / "m.bin"
    for _ in range(20):
        parts = [PartFile.begin(target) for _ in range(2)]
        ready = threading.Barrier(2)

        def keep(part: PartFile, ready: threading.Barrier = ready) -> None:
            ready.wait(10)
            part.save(ResumeInfo.of(ASKED, validator=None, total=4, inode=0), durable=False)

        threads = [threading.Thread(target=keep, args=(part,)) for part in parts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({part.path for part in parts}) == 2
        for part in parts:
            assert part.path is not None
            control = load(part.path)
            assert control is not None
            assert control.inode == part.inode
            part.discard()
    assert list(tmp_path.iterdir()) == []


def test_the_second_of_two_is_found_when_the_first_is_gone(tmp_path: Path) -> None:
    target = tmp_path / "m.bin"
    first, second = (PartFile.begin(target) for _ in range(2))
    for part in (first, second):
        part.save(ResumeInfo.of(ASKED, validator=None, total=4, inode=0))
    first.discard()
    second.close()
    found = PartFile.resume(target, ASKED)
    assert found is not None
    found[0].discard()
    assert list(tmp_path.iterdir()) == []
