"""Which file system a path is on: SQLite's write-ahead log needs a local one."""

from __future__ import annotations

import os
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")

#: File systems whose locks or shared memory do not reach other machines.
_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "lustre", "glusterfs", "afs", "ncpfs"}
    | {"beegfs", "gpfs", "gfs2", "ocfs2", "orangefs", "pvfs2", "virtiofs", "vboxsf", "vmhgfs"}
)
#: FUSE is local or remote; these helpers are local.
_LOCAL_FUSE = frozenset({"fuse.ntfs-3g", "fuse.exfat", "fuse.fuse-overlayfs", "fuse.mergerfs"})


def mount_table() -> str:
    """Return the mounts of this process as ``proc(5)`` writes them; empty when unknown."""
    try:
        return _MOUNTS.read_text(errors="surrogateescape")
    except OSError:  # no /proc here: nothing is known, and local is the rule
        return ""


def file_system_of(path: Path, table: str) -> str:
    """Return the type of the file system that holds ``path``, or an empty string.

    Args:
        path: Need not exist.
        table: Text of ``/proc/self/mountinfo``; of two mounts at one point the later one counts.
    """
    real = os.path.realpath(path)
    best, kind = "", ""
    for line in table.splitlines():
        fields, _, rest = line.partition(" - ")
        columns = fields.split(" ")
        if len(columns) < 5 or not rest:  # noqa: PLR2004 - the mount point is the fifth column
            continue
        point = _unescaped(columns[4])
        inside = point in {"/", real} or real.startswith(point + "/")
        if inside and len(point) >= len(best):
            best, kind = point, rest.split(" ", 1)[0]
    return kind


def is_network(file_system: str) -> bool:
    """Tell whether a file system of this type may be shared with other machines."""
    if file_system.startswith("fuse"):
        return file_system not in _LOCAL_FUSE and file_system != "fuseblk"
    return file_system in _NETWORK


def _unescaped(text: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, character)
    return text
