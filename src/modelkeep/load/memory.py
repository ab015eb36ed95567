"""How much memory this process may use: of the machine, within the limits of its container."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

#: Share of the memory of the machine, or of its container, that models may take by default.
RAM_SHARE = 0.5
#: Bytes that stay free on the machine in any case.
RAM_RESERVE = 1 << 30
#: Bytes of a GPU that stay free for the work itself, by default.
VRAM_RESERVE = 2 << 30
#: Memory of a machine that does not tell.
_UNKNOWN = 8 << 30


@dataclass(frozen=True, slots=True)
class HostMemory:
    """Memory of the machine, or of the container that this process runs in.

    Attributes:
        limit: Bytes in all.
        available: Bytes that are free, or can be freed without writing to a disk.
    """

    limit: int
    available: int


def host_memory(system: Path = Path("/")) -> HostMemory:
    """Return how much memory there is now.

    Linux tells in ``/proc/meminfo`` and, for containers, in the files of cgroups
    (https://docs.kernel.org/admin-guide/cgroup-v2.html); elsewhere all of it counts as available.

    Args:
        system: The root of the file system that tells it.
    """
    told = _meminfo(system / "proc/meminfo")
    if told is None:
        total = _told_by_sysconf()
        told = HostMemory(total, total)
    for limit, used in _cgroups(system):
        if limit < told.limit:
            told = HostMemory(limit, min(told.available, max(limit - used, 0)))
    return told


def ram_budget(memory: HostMemory, wanted: float | None) -> int:
    """Return the bytes of RAM that loaded models may take.

    Args:
        memory: What there is.
        wanted: The setting, in GB; None for a share of what there is.
    """
    return int(wanted * 1e9) if wanted is not None else int(memory.limit * RAM_SHARE)


def under_pressure(limit: int, used: int, memory: HostMemory) -> int:
    """Return the limit of a budget while other programs take the memory, too.

    Args:
        limit: Of the budget when there is no pressure.
        used: Bytes that the budget holds.
        memory: What there is now.
    """
    reserve = min(RAM_RESERVE, memory.limit // 8)
    return max(min(limit, used + memory.available - reserve), 0)


def _meminfo(path: Path) -> HostMemory | None:
    try:
        lines = path.read_text("ascii", "replace").splitlines()
    except OSError:
        return None
    fields = {name: rest.split() for name, _, rest in (line.partition(":") for line in lines)}
    try:
        total, free = (int(fields[name][0]) * 1024 for name in ("MemTotal", "MemAvailable"))
    except (KeyError, IndexError, ValueError):
        return None
    return HostMemory(total, free)


def _cgroups(system: Path) -> list[tuple[int, int]]:
    """Return the limits of the groups that this process is in, and what they use; both versions."""
    try:
        lines = (system / "proc/self/cgroup").read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
    found: list[tuple[int, int]] = []
    for line in lines:
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        if not controllers:
            top, names = system / "sys/fs/cgroup", ("memory.max", "memory.current")
        elif "memory" in controllers.split(","):
            top = system / "sys/fs/cgroup/memory"
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes")
        else:
            continue
        inner = top / path.strip("/")
        # In a container the path may be that of the host: then the top is the group itself.
        for folder in (*_up_to(inner, top), top):
            values = [_number(folder / name) for name in names]
            if values[0] is not None:
                found.append((values[0], values[1] or 0))
    return found


def _up_to(inner: Path, top: Path) -> list[Path]:
    return [folder for folder in (inner, *inner.parents) if top in folder.parents]


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text("ascii", "replace"))
    except (OSError, ValueError):  # the word "max" is no limit
        return None


def _told_by_sysconf() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError, AttributeError):
        return _UNKNOWN
