"""What is known of the file system that a path is in: its mount, and whether its disk stays."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from modelkeep.disk.paths import same_filesystem


def can_rename(one: Path, other: Path) -> bool:
    """Tell whether a rename can go from the folder of one path to that of the other.

    Of one file system that is mounted in two places (the volumes of a container are), a file
    cannot be renamed from one to the other.
    """
    return same_filesystem(one, other) and _mount_of(one) == _mount_of(other)


def _mount_of(path: Path) -> str:
    """Return the id of the mount that a path is in; empty where the system does not report it."""
    fd = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        facts = Path(f"/proc/self/fdinfo/{fd}").read_text(encoding="ascii")
    except OSError:  # no /proc here: the file system alone has to do
        return ""
    finally:
        os.close(fd)
    return next((line for line in facts.splitlines() if line.startswith("mnt_id:")), "")


#: File systems on disks of this computer, or in its memory.
_LOCAL = frozenset(
    {
        *("bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "jfs", "nilfs2", "overlay", "ramfs"),
        *("reiserfs", "tmpfs", "xfs", "zfs"),
    }
)
_DEVICES = Path("/sys/dev/block")
_MOUNTS = Path("/proc/self/mountinfo")


def is_on_local_disk(path: Path, *, mounts: Path = _MOUNTS, devices: Path = _DEVICES) -> bool:
    """Tell whether a path is on a disk that is built into this computer.

    Networks, file systems of programs (FUSE), those of other systems, and disks that can be pulled
    out are none. Where the system does not say, as without ``/proc``, the answer is no.

    Args:
        path: A file or folder that exists.
        mounts: Where the system lists what is mounted.
        devices: Where it tells of each disk.
    """
    mount = _mount_of(path).split()
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    for line in lines:
        words = line.split()
        if mount and words[0] == mount[-1] and "-" in words:
            kind, source = words[words.index("-") + 1 :][:2]
            return kind in _LOCAL and not _is_removable(_device_of(words[2], source), devices)
    return False


def _device_of(number: str, source: str) -> str:
    """Return the number of a disk; some file systems show one of their own instead."""
    if number.startswith("0:") and source.startswith("/dev/"):
        with suppress(OSError):
            device = Path(source).stat().st_rdev
            return f"{os.major(device)}:{os.minor(device)}"
    return number


def _is_removable(number: str, devices: Path) -> bool:
    """Tell whether a disk, or any that it lies on, can be pulled out."""
    disk = (devices / number).resolve()
    if any(part.startswith("usb") for part in disk.parts):
        return True
    for folder in (disk, disk.parent):  # of a partition, its disk knows
        with suppress(OSError):
            if (folder / "removable").read_text(encoding="ascii").strip() == "1":
                return True
    below = [below.read_text(encoding="ascii").strip() for below in disk.glob("slaves/*/dev")]
    return any(_is_removable(number, devices) for number in below)
