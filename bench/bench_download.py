"""Downloads from a local nginx into memory, against a plain loop of requests and against aria2.

The loop is what programs write that fetch models: ``requests`` with ``iter_content(100_000)``
into a file, one connection a file, five threads.
"""

from __future__ import annotations

import hashlib
import os
import resource
import shutil
import socket
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import requests

from bench.bench_install import workplace
from bench.measure import Ratio
from modelkeep.download.queue import DownloadQueueService
from modelkeep.download.transfer import Transfer
from modelkeep.http.options import TransferOptions
from modelkeep.http.request import HttpRequest
from modelkeep.http.session import Transport, make_session

MIB = 1 << 20
MEMORY = Path("/dev/shm")  # noqa: S108 - tmpfs
ROUNDS = int(os.environ.get("MODELKEEP_BENCH_ROUNDS", "9"))
_CONFIG = """
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  client_body_temp_path {folder}/t1;
  proxy_temp_path {folder}/t2;
  fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4;
  scgi_temp_path {folder}/t5;
  server {{
    listen 127.0.0.1:{port};
    root {folder}/files;
    location /slow/ {{ alias {folder}/files/; limit_rate 20000000; limit_rate_after 0; }}
    {locations}
  }}
}}
"""


@dataclass(frozen=True)
class Spent:
    """Seconds that something took.

    Attributes:
        wall: Of the clock.
        cpu: Of this process's processors.
    """

    wall: float
    cpu: float


@contextmanager
def nginx(folder: Path, locations: str = "") -> Iterator[str]:
    """Serve ``folder/files``, and further locations of its configuration; yield the address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = folder / "nginx.conf"
    config.write_text(_CONFIG.format(folder=folder, port=port, locations=locations))
    process = subprocess.Popen(["nginx", "-e", f"{folder}/error.log", "-c", str(config)])
    try:
        for _ in range(200):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def spent(work: Callable[[], object]) -> Spent:
    """Measure ``work``."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    began, cpu = time.perf_counter(), used.ru_utime + used.ru_stime
    work()
    wall = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_SELF)
    return Spent(wall, used.ru_utime + used.ru_stime - cpu)


def medians(works: Sequence[Callable[[], object]], clean: Callable[[], None]) -> list[Spent]:
    """Return the medians of each, measured in turn after one round that does not count."""
    rounds: list[list[Spent]] = []
    for _ in range(ROUNDS + 1):
        one = []
        for work in works:
            one.append(spent(work))
            clean()
        rounds.append(one)
    return [
        Spent(statistics.median(s.wall for s in each), statistics.median(s.cpu for s in each))
        for each in zip(*rounds[1:], strict=True)
    ]


def loop(urls: Sequence[str], target: Path) -> None:
    """Fetch as the reference does."""
    session = requests.Session()

    def fetch(url: str) -> None:
        response = session.get(url, stream=True)
        with (target / url.rpartition("/")[2]).open("wb") as file:
            for piece in response.iter_content(100_000):
                file.write(piece)

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(fetch, urls))


def ours(url: str, target: Path, sha256: str | None = None) -> None:
    """Fetch one file by a transfer alone, with a hash where one is given."""
    options = TransferOptions(verify="strict" if sha256 else "off")
    session = make_session(options)
    asked = HttpRequest(url, hashes={"sha256": sha256} if sha256 else {})
    Transfer(asked, target / "ours", transport=Transport(session), options=options).run()
    session.close()


def beside(url: str, target: Path) -> None:
    """Fetch without a hash while another thread hashes as many other bytes: nothing waits.

    What this takes is what the processors of the machine allow: the server, the copies and the
    hash share them, and a transfer that hashes what comes cannot be faster.
    """
    other = memoryview(bytearray(512 << 10))

    def hash_other() -> None:
        digest = hashlib.sha256()
        for _ in range((1 << 30) // len(other)):
            digest.update(other)

    thread = threading.Thread(target=hash_other)
    thread.start()
    ours(url, target)
    thread.join()


def queue(urls: Sequence[str], target: Path) -> None:
    """Fetch many files by the queue."""
    service = DownloadQueueService(max_parallel_dl=5)
    service.start()
    jobs = [service.download(url, target / url.rpartition("/")[2]) for url in urls]
    service.join()
    service.stop()
    failed = [job.error for job in jobs if not job.complete]
    if failed:
        raise RuntimeError(failed[0])


def aria2(url: str, target: Path) -> None:
    """Fetch one file by aria2."""
    options = ["-x8", "-s8", "-k1M", "--file-allocation=none", "-q", "--allow-overwrite=true"]
    subprocess.run(["aria2c", *options, "-d", str(target), "-o", "aria", url], check=True)


def main() -> list[Ratio]:
    """Run all and print the table; what is missing on this machine is said in place of it."""
    missing = [name for name in ("nginx", "aria2c") if shutil.which(name) is None]
    if missing or not MEMORY.is_dir():
        print(f"downloads are not measured: {', '.join(missing) or MEMORY} is missing")
        return []
    rows = []
    with workplace(MEMORY) as folder:
        files, target = folder / "files", folder / "target"
        files.mkdir()
        target.mkdir()
        folder.chmod(0o755)  # the workers of nginx are another user
        with nginx(folder) as address:
            for part in (_large, _throttled, _small):
                for row in part(files, target, address):
                    print(row.line(), flush=True)
                    rows.append(row)
    return rows


def _cleaner(target: Path) -> Callable[[], None]:
    def clean() -> None:
        for path in target.iterdir():
            path.unlink()

    return clean


def _large(files: Path, target: Path, address: str) -> Iterator[Ratio]:
    path = files / "large"
    block = os.urandom(16 * MIB)
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for _ in range(64):
            file.write(block)
            digest.update(block)
    url = f"{address}/large"
    plain, checked, limit, reference = medians(
        [
            lambda: ours(url, target),
            lambda: ours(url, target, digest.hexdigest()),
            lambda: beside(url, target),
            lambda: loop([url], target),
        ],
        _cleaner(target),
    )
    path.unlink()
    yield Ratio("1 GiB, processor time", plain.cpu, reference.cpu, 0.75, "to the loop")
    yield Ratio("1 GiB, time", plain.wall, reference.wall, 0.9, "to the loop")
    yield Ratio("1 GiB, time with sha256", checked.wall, plain.wall, 1.35, "to ours without")
    possible = limit.wall / plain.wall
    print(f"  what the processors allow, an unrelated sha256 beside it: {possible:.2f}x")


def _throttled(files: Path, target: Path, address: str) -> Iterator[Ratio]:
    (files / "capped").write_bytes(os.urandom(100_000_000))
    url = f"{address}/slow/capped"
    mine, reference, aria = medians(
        [
            lambda: ours(url, target),
            lambda: loop([url], target),
            lambda: aria2(url, target),
        ],
        _cleaner(target),
    )
    yield Ratio("100 MB at 20 MB/s a connection", mine.wall, reference.wall, 1 / 6.6, "to the loop")
    yield Ratio("100 MB at 20 MB/s a connection", mine.wall, aria.wall, 1.0, "to aria2 -x8 -s8")


def _small(files: Path, target: Path, address: str) -> Iterator[Ratio]:
    for number in range(200):
        (files / f"small{number}").write_bytes(os.urandom(MIB))
    urls = [f"{address}/small{number}" for number in range(200)]
    mine, reference = medians(
        [lambda: queue(urls, target), lambda: loop(urls, target)], _cleaner(target)
    )
    yield Ratio("200 files of 1 MiB by the queue", mine.wall, reference.wall, 0.9, "aim 0.7")


if __name__ == "__main__":
    main()
