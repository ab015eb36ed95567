"""Installing by copy, hard link and reflink, against ``cp`` and one read of the file."""

from __future__ import annotations

import mmap
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.measure import Ratio, in_turn, timed
from modelkeep.app.identify import identify
from modelkeep.app.manager import ModelManager
from modelkeep.library.destination import LinkMode
from modelkeep.settings import Settings

GIB = 1 << 30


def make_file(path: Path, size: int) -> Path:
    """Write an embedding of ``size`` bytes of data that do not compress or share blocks."""
    import json
    import struct

    rows = size // (768 * 4)
    data_size = rows * 768 * 4
    entry = {"dtype": "F32", "shape": [rows, 768], "data_offsets": [0, data_size]}
    header = json.dumps({"emb_params": entry}).encode()
    block = os.urandom(16 << 20)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        left = data_size
        while left:
            file.write(block[:left])
            left -= min(left, len(block))
        os.fsync(file.fileno())
    return path


@contextmanager
def workplace(parent: Path | None) -> Iterator[Path]:
    """Yield an empty folder and remove it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="modelkeep-bench-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def warm_memory(size: int) -> None:
    """Touch memory and give it back, right before something is timed.

    A virtual machine hands free memory back to its host and has to fetch it again, page by page;
    without this, whoever is timed first pays for that.
    """
    with mmap.mmap(-1, size) as memory:
        for start in range(0, size, mmap.PAGESIZE):
            memory[start] = 1


def install_seconds(source: Path, parent: Path, link: LinkMode) -> float:
    """Return the seconds of one install into a fresh root that is open already."""
    if link is LinkMode.Copy:
        warm_memory(source.stat().st_size)
    with (
        workplace(parent) as root,
        ModelManager(Settings(root=root)) as manager,
    ):
        installer = manager.installer
        return timed(lambda: installer.install_path(source, link=link))


def cp_and_read_seconds(source: Path, parent: Path) -> float:
    """Return the seconds of ``cp``, made durable as an install is, and one read of the copy."""
    warm_memory(source.stat().st_size)
    with workplace(parent) as folder:
        target = folder / "copy"

        def work() -> None:
            subprocess.run(["cp", source, target], check=True)
            subprocess.run(["sync", target], check=True)
            subprocess.run(["cat", target], check=True, stdout=subprocess.DEVNULL)

        return timed(work)


def copy_vs_cp(parent: Path, size: int, rounds: int, where: str) -> Ratio:
    """Install by copy against ``cp``, ``sync`` and ``cat``."""
    with workplace(parent) as folder:
        source = make_file(folder / "large.safetensors", size)
        ours, reference = in_turn(
            lambda: install_seconds(source, folder, LinkMode.Copy),
            lambda: cp_and_read_seconds(source, folder),
            rounds,
        )
    name = f"install by copy, {size / GIB:.0f} GiB, {where}"
    return Ratio(name, ours, reference, 1.3, "cp + sync + cat")


def link_vs_identify(parent: Path, link: LinkMode, size: int, rounds: int) -> Ratio:
    """Install by hard link: the time beside identification, against 50 ms."""
    with workplace(parent) as folder:
        source = make_file(folder / "large.safetensors", size)
        settings = Settings(root=folder)
        ours, beside = in_turn(
            lambda: install_seconds(source, folder, link),
            lambda: timed(lambda: identify(source, settings=settings)),
            rounds,
        )
    return Ratio(f"install by {link}, beside identifying", ours - beside, 0.050, 1.0, "of 50 ms")


def copy_memory(parent: Path, size: int) -> int:
    """Return by how many bytes an install by copy raises the peak memory of a process."""
    program = """
import resource, sys
from pathlib import Path
from modelkeep.app.manager import ModelManager
from modelkeep.settings import Settings
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
with ModelManager(Settings(root=Path(sys.argv[2]))) as manager:
    installer = manager.installer
    installer.install_path(sys.argv[3])
    before = peak()
    installer.install_path(sys.argv[1])
    print(peak() - before)
"""
    with workplace(parent) as folder:
        small = make_file(folder / "small.safetensors", 1 << 20)
        source = make_file(folder / "large.safetensors", size)
        done = subprocess.run(
            [sys.executable, "-c", program, source, folder / "root", small],
            check=True,
            capture_output=True,
            text=True,
        )
    return int(done.stdout)


def main(rounds: int = 5, size: int = 4 * GIB) -> list[Ratio]:
    """Run all and print the table."""
    disk = Path(__file__).resolve().parent.parent
    rows = [
        copy_vs_cp(disk, size, rounds, "disk"),
        copy_vs_cp(Path("/dev/shm"), min(size, 2 * GIB), rounds, "memory"),  # noqa: S108 - tmpfs
        link_vs_identify(disk, LinkMode.Hardlink, 64 << 20, max(rounds, 9)),
    ]
    for row in rows:
        print(row.line())
    print(f"peak memory of a copy of {size / GIB:.0f} GiB: +{copy_memory(disk, size) >> 20} MiB")
    return rows


if __name__ == "__main__":
    main()
