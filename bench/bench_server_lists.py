"""Lists over HTTP, eight connections: against plain FastAPI, in large libraries, during work."""

from __future__ import annotations

import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import IO

from bench.measure import Ratio
from bench.records_library import batches, new_records
from modelkeep import ModelManager, Settings
from modelkeep.records.cursors import Cursor
from modelkeep.records.listing import RecordFilter
from modelkeep.records.sql.rows import folded

SMALL, LARGE = 10_000, 100_000
CONNECTIONS = 8
REQUESTS = 400
ROUNDS = 5
WORK_ROUNDS = 3
WRITTEN = 5_000
HASHED = 4 * 2**30
ALL = RecordFilter()
_SEARCH = "/api/v1/model/record/search"
_P99 = 0.99


@dataclass(frozen=True, slots=True)
class Child:
    """A server in a process of its own."""

    port: int
    token: str
    stdin: IO[str]
    stdout: IO[str]

    def work(self, line: str) -> None:
        """Let it work beside its requests; returns when that is done."""
        self.stdin.write(f"{line}\n")
        self.stdin.flush()
        self.stdout.readline()


@contextmanager
def child(kind: str, root: Path) -> Iterator[Child]:
    """Start a server; it ends with the block."""
    command = [sys.executable, "-m", "bench.lists_child", kind, str(root)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("The server has no pipes")
        told = json.loads(process.stdout.readline())
        yield Child(told["port"], told["token"], process.stdin, process.stdout)
        process.kill()


def fill(root: Path, count: int) -> list[tuple[str, str]]:
    """Fill a library; return names and keys of its models."""
    with ModelManager(Settings(root=root)) as manager:
        for batch in batches(new_records(count)):
            manager.records.add_models(batch)
        return [(m["name"], m["key"]) for m in map(json.loads, manager.records.each_json(ALL))]


def library(root: Path, count: int) -> list[str]:
    """Fill a library; return a cursor behind each of many of its models, in no order."""
    asked = random.Random(1).sample(fill(root, count), SMALL)
    return [Cursor("name", None, folded(name), name, key).to_text() for name, key in asked]


class Connection:
    """One client that asks again as soon as it has an answer; it costs little time itself."""

    def __init__(self, server: Child) -> None:
        self._socket = socket.create_connection(("127.0.0.1", server.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        host, bearer = f"Host: 127.0.0.1:{server.port}", f"Authorization: Bearer {server.token}"
        self._rest = f" HTTP/1.1\r\n{host}\r\n{bearer}\r\n\r\n"

    def ask(self, query: str) -> float:
        """Return the seconds until a whole answer is there."""
        began = time.perf_counter()
        self._socket.sendall(f"GET {_SEARCH}?{query}{self._rest}".encode())
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._socket.recv(1 << 18)
        head, _, body = data.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"The server answered {head[:200]!r} {body[:200]!r}")
        lines = head.lower().split(b"\r\n")
        left = next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
        left -= len(body)
        while left > 0:
            left -= len(self._socket.recv(min(left, 1 << 18)))
        return time.perf_counter() - began

    def close(self) -> None:
        """End it."""
        self._socket.close()


def load(server: Child, queries: Iterator[str], goes_on: Callable[[int], bool]) -> list[float]:
    """Ask over eight connections while ``goes_on`` (given the answers so far); return the times."""
    times: list[float] = []
    lock = threading.Lock()

    def ask() -> None:
        connection = Connection(server)
        while goes_on(len(times)):
            with lock:
                query = next(queries)
            times.append(connection.ask(query))
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def p99(times: list[float]) -> float:
    """Return the time that 99 of 100 answers stay below."""
    return sorted(times)[int(len(times) * _P99)]


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds for an answer when eight ask at a time: the whole by the number, and the p99."""

    each: float
    worst: float


def measure(server: Child, queries: Iterator[str]) -> Measured:
    """Measure one stretch of answers."""
    began = time.perf_counter()
    times = load(server, queries, lambda done: done < REQUESTS)
    return Measured((time.perf_counter() - began) / len(times), p99(times))


def in_turn(
    servers: tuple[Child, Child], queries: tuple[Iterator[str], Iterator[str]]
) -> tuple[Measured, Measured]:
    """Return the medians of two servers, measured in turn after a round that does not count."""
    found: tuple[list[Measured], list[Measured]] = ([], [])
    for number in range(ROUNDS + 1):
        for server, asked, kept in zip(servers, queries, found, strict=True):
            measured = measure(server, asked)
            if number:
                kept.append(measured)
    first, second = (
        Measured(
            statistics.median(one.each for one in kept), statistics.median(o.worst for o in kept)
        )
        for kept in found
    )
    return first, second


def pages(cursors: list[str]) -> Iterator[str]:
    """Give a query for another page each time.

    One such iterator goes with a server through all rows, so that none of them gets pages that
    the server has kept as answers while another one has to read them.
    """
    return (f"limit=50&after={cursor}" for cursor in cycle(cursors))


def against_fastapi(
    ours: Child, plain: Child, queries: tuple[Iterator[str], Iterator[str]]
) -> list[Ratio]:
    """Compare with plain FastAPI."""
    mine, theirs = in_turn((ours, plain), queries)
    note = f"FastAPI with response models; {CONNECTIONS} connections"
    same = "limit=50"
    again, plainly = in_turn((ours, plain), (cycle([same]), cycle([same])))
    return [
        Ratio(f"50 of {SMALL:,}, another page", mine.each, theirs.each, 1 / 4, note),
        Ratio(f"50 of {SMALL:,}, another page, p99", mine.worst, theirs.worst, 0.4, note),
        Ratio(f"50 of {SMALL:,}, repeated", again.each, plainly.each, 1 / 10, note),
    ]


def during(server: Child, line: str, name: str, queries: Iterator[str]) -> Ratio:
    """Compare the p99 while a server works with that of an idle one, medians of some rounds."""
    idle, busy, count = [], [], 0
    for _ in range(WORK_ROUNDS):
        idle.append(p99(load(server, queries, lambda done: done < REQUESTS * ROUNDS)))
        worker = threading.Thread(target=server.work, args=(line,))
        worker.start()
        times = load(server, queries, partial(_is_alive, worker))
        busy.append(p99(times))
        count += len(times)
    found = statistics.median(busy), statistics.median(idle)
    return Ratio(f"list p99 while {name}", *found, 5, f"idle; {count} pages, none of them kept")


def _is_alive(worker: threading.Thread, _done: int) -> bool:
    return worker.is_alive()


def main() -> list[Ratio]:
    """Measure, print and return the lines."""
    folder = Path(tempfile.mkdtemp(prefix="modelkeep-bench-"))
    try:
        small, large = folder / "small", folder / "large"
        cursors, more = library(small, SMALL), library(large, LARGE)
        file = folder / "zeros"
        file.touch()
        os.truncate(file, HASHED)
        with child("ours", small) as ours, child("plain", small) as plain:
            queries = pages(cursors)
            found = against_fastapi(ours, plain, (queries, pages(cursors)))
            with child("ours", large) as other:
                big, little = in_turn((other, ours), (pages(more), queries))
                name = f"50 of {LARGE:,}, to 50 of {SMALL:,}"
                found.append(
                    Ratio(name, big.each, little.each, 1.5, "another page, none of them kept")
                )
            name = f"{WRITTEN:,} records are written"
            found.append(during(ours, f"write {WRITTEN}", name, queries))
            found.append(during(ours, f"hash {file}", "4 GiB are hashed", queries))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for line in found:
        print(line.line())
    return found


if __name__ == "__main__":
    sys.exit(int(any(row.ratio > row.goal for row in main())))
