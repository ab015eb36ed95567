"""Downloads over bad lines, and what downloading costs in memory and while nothing is to do.

The far server is a child process that answers after a round trip, starts each connection as
slowly as TCP does and lets it become no faster than TCP gets with the loss: rate = 1.22 * segment /
(round trip * sqrt(loss)), Mathis, Semke, Mahdavi and Ott, "The Macroscopic Behavior of the TCP
Congestion Avoidance Algorithm", 1997. The pace is the server's, so that one round is as good as
many; ``MODELKEEP_BENCH_LINE_ROUNDS`` asks for more.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from bench.bench_download import MEMORY, MIB, aria2, loop, nginx, ours
from bench.bench_install import workplace
from bench.measure import Ratio, timed
from modelkeep.download.queue import DownloadQueueService
from modelkeep.jobs.state_jobs import StateJobs

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from faults.child_server import child_server

ROUNDS = int(os.environ.get("MODELKEEP_BENCH_LINE_ROUNDS", "1"))
ROUND_TRIP, LOSS, SEGMENT = 0.08, 0.001, 1460
_LINE_BYTES = 200 * MIB
_STALL_BYTES = 100_000_000
_STALL_LIMIT = 2.0
_MEMORY_LIMIT = 64 * MIB
_IDLE_SECONDS = 10.0
_IDLE_CPU = 0.01


def main() -> list[Ratio]:
    """Run all and print the table; what is missing on this machine is said in place of it."""
    missing = [name for name in ("nginx", "aria2c") if shutil.which(name) is None]
    if missing or not MEMORY.is_dir():
        print(f"lines are not measured: {', '.join(missing) or MEMORY} is missing")
        return []
    rows = []
    with workplace(MEMORY) as folder:
        (folder / "files").mkdir()
        (folder / "target").mkdir()
        folder.chmod(0o755)  # the workers of nginx are another user
        for part in (_idle, _memory, _stalled, _far):
            for row in part(folder):
                print(row.line(), flush=True)
                rows.append(row)
    return rows


def _far(folder: Path) -> Iterator[Ratio]:
    rate = 1.22 * SEGMENT / (ROUND_TRIP * math.sqrt(LOSS))
    file, target = folder / "files" / "far", folder / "target"
    file.write_bytes(os.urandom(_LINE_BYTES))
    options = ("--delay", str(ROUND_TRIP), "--slow-start", "--rate", str(rate))
    with child_server(str(file), *options) as server:
        url = server.url()
        mine = _median(lambda: ours(url, target), target)
        aria = _median(lambda: aria2(url, target), target)
        plain = _median(lambda: loop([url], target), target)
    file.unlink()
    note = f"{rate / 1e3:.0f} kB/s a connection, {ROUNDS} round(s)"
    yield Ratio("200 MiB, 80 ms round trip, 0.1 % loss", mine, plain, 1 / 3, f"to the loop, {note}")
    yield Ratio("200 MiB, 80 ms round trip, 0.1 % loss", mine, aria, 1.1, f"to aria2, {note}")


def _stalled(folder: Path) -> Iterator[Ratio]:
    file, target = folder / "files" / "stall", folder / "target"
    file.write_bytes(os.urandom(_STALL_BYTES))
    options = ("--rate", "20e6")
    with child_server(str(file), *options) as server:
        smooth = _median(lambda: ours(server.url(), target), target, 3)
    stalled = []
    for _ in range(3):  # a new server each time: it counts its requests
        with child_server(str(file), *options, "--stall-range", "3", "--stall", "20") as server:
            stalled.append(timed(partial(ours, server.url(), target)))
        _clean(target)
    file.unlink()
    more = max(statistics.median(stalled) - smooth, 0.0)
    yield Ratio("one of eight stalls for 20 s: time more", more, _STALL_LIMIT, 1.0, "limit 2 s")


def _memory(folder: Path) -> Iterator[Ratio]:
    for size in (1 << 30, 4 << 30):
        with (folder / "files" / "big").open("wb") as file:
            file.truncate(size)
        with nginx(folder) as address:
            used = _child("large", f"{address}/big", str(folder / "target"), _zeros(size))
        _clean(folder / "target")
        yield _megabytes(f"memory for {size >> 30} GiB", used)
    (folder / "files" / "big").unlink()
    for number in range(100):
        with (folder / "files" / f"many{number}").open("wb") as file:
            file.truncate(20 * MIB)
    with nginx(folder) as address:
        used = _child("many", f"{address}/many", str(folder / "target"), "")
    _clean(folder / "target")
    yield _megabytes("memory for 100 jobs of 20 MiB", used)


def _idle(folder: Path) -> Iterator[Ratio]:
    queue = DownloadQueueService(store=StateJobs.open(folder / "state.db"))
    queue.start()
    time.sleep(1.0)
    before = _processor()
    time.sleep(_IDLE_SECONDS)
    used = _processor() - before
    queue.stop()
    yield Ratio("an idle queue for 10 s, processor time", used, _IDLE_CPU, 1.0, "limit 10 ms")


def child(kind: str, url: str, target: str, sha256: str) -> None:
    """Download in this process and print how many bytes of memory that took over the idle one."""
    queue = DownloadQueueService(quiet=True)
    queue.start()
    idle = _status("VmRSS")
    if kind == "large":
        hashes = {"sha256": sha256}
        jobs = [queue.create_download_job(url, target, "large", hashes=hashes)]
    else:
        jobs = [queue.create_download_job(f"{url}{n}", target, f"{n}") for n in range(100)]
    queue.join()
    failed = [job.error for job in jobs if not job.complete]
    queue.stop()
    print(json.dumps({"bytes": _status("VmHWM") - idle, "failed": failed[:1]}))


def _child(*arguments: str) -> int:
    code = "import sys; from bench.bench_lines import child; child(*sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], check=True, capture_output=True, text=True
    )
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if said["failed"]:
        raise RuntimeError(said["failed"][0])
    return int(said["bytes"])


def _megabytes(name: str, used: int) -> Ratio:
    """Return a line whose figures are mebibytes, written as if they were milliseconds."""
    return Ratio(name, used / MIB / 1e3, _MEMORY_LIMIT / MIB / 1e3, 1.0, "MiB, not ms")


def _zeros(size: int) -> str:
    digest, block = hashlib.sha256(), bytes(MIB)
    for _ in range(size // MIB):
        digest.update(block)
    return digest.hexdigest()


def _status(name: str) -> int:
    """Return a line of ``/proc/self/status``, bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    raise LookupError(name)


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _median(work: Callable[[], object], target: Path, rounds: int = ROUNDS) -> float:
    times = []
    for _ in range(rounds):
        times.append(timed(work))
        _clean(target)
    return statistics.median(times)


def _clean(target: Path) -> None:
    for path in target.iterdir():
        path.unlink()


if __name__ == "__main__":
    main()
