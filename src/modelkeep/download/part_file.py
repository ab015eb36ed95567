"""``PartFile``: the file that arrives, until it gets its name.

A new one has no name at all, so that a download which dies early leaves nothing behind. When
it is worth keeping it is called ``<target>.part`` and gets a control file; what lies under such
a name without one belongs to another program, and stays.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from modelkeep.core.names import shown
from modelkeep.disk import open_files
from modelkeep.disk.paths import make_folder, publish, remove_file
from modelkeep.download import control_file
from modelkeep.download.control_file import ResumeInfo
from modelkeep.errors import DownloadError, DuplicateModelException, StorageError
from modelkeep.http.request import HttpRequest

#: Names for partial files of one target: each download looks for all of them.
_NAMES = 4
_BLOCK_BYTES = 1 << 20
#: Bytes of what ``st_blocks`` counts, on every system.
_DISK_BLOCK = 512
#: The longest suffix is that of a control file that is being written.
_LONGEST_NAME = 255 - len("..4.part.json.4194304.new")


class PartFile:
    """An open file beside its target; locked against other processes as long as it is open.

    Attributes:
        target: What it will be called.
        path: Its name now; None while it has none.
    """

    def __init__(self, target: Path, fd: int, path: Path | None) -> None:
        self.target = target
        self.path = path
        self.inode = os.fstat(fd).st_ino
        self._fd = fd
        self._is_open = True

    @classmethod
    def begin(cls, target: Path) -> PartFile:
        """Make a new one.

        Raises:
            DownloadError: all names that it could have are taken.
        """
        try:
            fd = open_files.open_nameless(target.parent)
        except StorageError:
            make_folder(target.parent)
            fd = open_files.open_nameless(target.parent)
        if fd is not None:
            return cls(target, fd, None)
        path = _free_name(target)
        part = cls(target, open_files.open_new(path), path)
        open_files.keep_others_out(part._fd)
        return part

    @classmethod
    def resume(cls, target: Path, request: HttpRequest) -> tuple[PartFile, ResumeInfo] | None:
        """Open the one that an earlier run left for the same bytes.

        One that belongs to another link for the same target is removed; what is not ours stays.

        Returns:
            It and what is known of it, or None when there is none.

        Raises:
            DownloadError: another process or job is fetching it right now.
        """
        if not _kept(target):  # as for nearly all files: no lock is needed to see that
            return None
        with open_files.alone_in(target.parent):
            for path in _kept(target):
                found = cls._adopt(target, path)
                if found is None:
                    continue
                part, info = found
                if info.fits(request):
                    return part, info
                part.discard()
        return None

    @classmethod
    def find(cls, target: Path, digest: str) -> PartFile | None:
        """Open the one that a download of one link left; those of others stay as they are.

        Returns:
            It, or None when there is none or others are fetching all there are.
        """
        if not _kept(target):
            return None
        with open_files.alone_in(target.parent):
            for path in _kept(target):
                info = control_file.load(path)
                if info is None or info.url_digest != digest:
                    continue
                try:
                    found = cls._adopt(target, path)
                except DownloadError:  # another process or job continues it
                    continue
                if found is not None:
                    return found[0]
        return None

    @classmethod
    def _adopt(cls, target: Path, path: Path) -> tuple[PartFile, ResumeInfo] | None:
        info = control_file.load(path)
        if info is None:
            return None
        if not _is_file(path):
            if not os.path.lexists(path):  # published or removed, then interrupted
                remove_file(control_file.control_path(path))
                control_file.clear_drafts(path)
            return None
        fd = open_files.open_own(path)
        if fd is None:
            return None
        if not open_files.keep_others_out(fd):
            os.close(fd)
            raise _busy(target)
        if os.fstat(fd).st_ino != info.inode or not _is_same(path, info.inode):
            os.close(fd)
            return None
        control_file.clear_drafts(path)
        return cls(target, fd, path), info

    @property
    def allocated(self) -> int:
        """Bytes of the disk that it has; none once it was let go."""
        return os.fstat(self._fd).st_blocks * _DISK_BLOCK if self._is_open else 0

    def take_space(self, total: int) -> None:
        """Give it its length, and the blocks for it where that can be done.

        Raises:
            NoSpaceError: they are not there.
        """
        open_files.take_space(self._fd, total, self._shown)

    def write(self, data: memoryview, position: int) -> None:
        """Write bytes to a place."""
        open_files.write_at(self._fd, data, position, self._shown)

    def read(self, buffer: memoryview, position: int) -> int:
        """Read bytes from a place; return how many came."""
        return open_files.read_at(self._fd, buffer, position, self._shown)

    def cut(self, size: int) -> None:
        """Give it this length."""
        open_files.cut(self._fd, size, self._shown)

    def sync(self) -> None:
        """Force its bytes to the disk."""
        open_files.sync_data(self._fd, self._shown)

    def save(self, info: ResumeInfo, *, durable: bool = True) -> None:
        """Keep it for another run: give it a name if it has none, and write its control file.

        Args:
            info: What is known of it.
            durable: It must survive a crash of the machine, not only of the process.

        Raises:
            DownloadError: another process keeps one for the same target.
        """
        info = replace(info, inode=self.inode)
        if self.path is not None:
            control_file.save(info, self.path, durable=durable)
            return
        with open_files.alone_in(self.target.parent):
            path = _free_name(self.target)
            control_file.save(info, path, durable=durable)
            open_files.keep_others_out(self._fd)
            try:
                open_files.name_file(self._fd, path)
            except DuplicateModelException as error:
                raise _busy(self.target) from error
            self.path = path

    def publish(self) -> None:
        """Force it to the disk and give it the name of its target.

        Raises:
            DuplicateModelException: the name is taken.
        """
        open_files.sync(self._fd, self._shown)
        self._give_name(self.target)

    def is_same_as(self, other: Path) -> bool:
        """Tell whether another file has the same bytes."""
        size = os.fstat(self._fd).st_size
        if not other.is_file() or other.stat().st_size != size:
            return False
        mine, theirs = (memoryview(bytearray(_BLOCK_BYTES)) for _ in range(2))
        with other.open("rb", buffering=0) as file:
            position = 0
            while position < size:
                count = file.readinto(theirs) or 0
                if not count or self.read(mine[:count], position) != count:
                    return False
                if mine[:count] != theirs[:count]:
                    return False
                position += count
        return True

    def put_aside(self, digest: str) -> Path:
        """Call it a file in quarantine, unless one has the same bytes; return the name.

        Args:
            digest: Hash of its bytes.
        """
        path = _beside(self.target, f".quarantine-{digest[:8]}")
        try:
            self._give_name(path)
        except DuplicateModelException:
            self.discard()
        self.close()
        return path

    def discard(self) -> None:
        """Remove it."""
        if self.path is not None:
            remove_file(self.path)
            remove_file(control_file.control_path(self.path))
            self.path = None
        self.close()

    def close(self) -> None:
        """Let it go; one without a name is gone."""
        if self._is_open:
            self._is_open = False
            os.close(self._fd)

    @property
    def _shown(self) -> Path:
        return self.path or self.target

    def _give_name(self, path: Path) -> None:
        if self.path is None:
            open_files.name_file(self._fd, path)
            return
        publish(self.path, path)
        remove_file(control_file.control_path(self.path))
        self.path = None


def discard_partial(digest: str, target: Path) -> None:
    """Remove the partial file of a download, unless it is being fetched now.

    Args:
        digest: Identifies its URL; see ``control_file.digest_of``.
        target: The file that it was to be.
    """
    part = PartFile.find(target, digest)
    if part is not None:
        part.discard()


def has_partial(digest: str, target: Path) -> bool:
    """Tell whether a download left a partial file that it can resume; see ``discard_partial``."""
    part = PartFile.find(target, digest)
    if part is not None:
        part.close()
    return part is not None


_SUFFIXES = (".part", *(f".{number}.part" for number in range(2, _NAMES + 1)))


def _names(target: Path) -> Iterator[Path]:
    for suffix in _SUFFIXES:
        yield _beside(target, suffix)


def _kept(target: Path) -> list[Path]:
    """Return those of the names of partial files that have a control file."""
    stem = target.with_name(_stem(target))
    begin = os.fspath(stem)
    return [
        stem.with_name(stem.name + suffix)
        for suffix in _SUFFIXES
        if os.path.lexists(f"{begin}{suffix}{control_file.SUFFIX}")
    ]


def _beside(target: Path, suffix: str) -> Path:
    return target.with_name(_stem(target) + suffix)


def _stem(target: Path) -> str:
    """Return what the names beside a file begin with: its own name where that is short enough."""
    name = target.name
    raw = os.fsencode(name)
    if len(raw) > _LONGEST_NAME:
        name = os.fsdecode(raw[: _LONGEST_NAME - 9]) + "-" + hashlib.sha256(raw).hexdigest()[:8]
    return name


def _free_name(target: Path) -> Path:
    for path in _names(target):
        if not os.path.lexists(path):
            return path
    raise DownloadError(
        f"{shown(target)} cannot be downloaded: all names for its partial file are taken",
        hint=f"Remove old partial files such as {target.name}.part.",
    )


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _is_same(path: Path, inode: int) -> bool:
    with suppress(OSError):
        return path.lstat().st_ino == inode
    return False


def _busy(target: Path) -> DownloadError:
    return DownloadError(
        f"{shown(target)} is being downloaded by another process or job",
        hint="Wait until it finishes.",
    )
