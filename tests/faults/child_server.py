"""The fault server in a process of its own: its pace does not hang on the client's interpreter."""

from __future__ import annotations

import argparse
import contextlib
import json
import mmap
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from faults.pages import Page, Request
from faults.server import HOSTS, FaultServer


class Child:
    """A fault server in a process of its own.

    Attributes:
        port: Where it listens, on both hosts.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.port = int(self._ask("port"))

    def url(self, path: str = "/file", host: str = HOSTS[0]) -> str:
        """Return the address of its file."""
        return f"http://{host}:{self.port}{path}"

    def requests(self) -> list[Request]:
        """Return all requests that it has seen."""
        return [Request(**each) for each in json.loads(self._ask("requests"))]

    @property
    def sent(self) -> int:
        """Bytes of bodies that it has sent."""
        return sum(request.sent for request in self.requests())

    def _ask(self, what: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(what + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()


@contextmanager
def child_server(*arguments: str) -> Iterator[Child]:
    """Start ``main`` with these arguments in a child process; end it at the end."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    command = [sys.executable, "-m", "faults.child_server", *arguments]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    ) as process:
        try:
            yield Child(process)
        finally:
            process.kill()


def main(arguments: list[str] | None = None) -> None:
    """Serve one file at ``/file`` (and anything as ``/files/N``) until standard input ends."""
    parser = argparse.ArgumentParser(description="Serve a file badly.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--rate", type=float, help="bytes a second on each connection")
    parser.add_argument("--line-rate", type=float, help="bytes a second of all connections")
    parser.add_argument("--delay", type=float, default=0.0, help="round trip in seconds")
    parser.add_argument("--slow-start", action="store_true", help="grow rates as TCP does")
    parser.add_argument("--parallel", type=int, help="answers at once; further ones get 403")
    parser.add_argument("--stall-range", type=int, help="the Nth request stalls halfway")
    parser.add_argument("--stall", type=float, default=20.0, help="seconds of that")
    chosen = parser.parse_args(arguments)
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(chosen.file.open("rb"))
        body = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        page = Page(body, etag='"v1"', rate=chosen.rate, parallel=chosen.parallel)
        server = FaultServer(chosen.delay, chosen.line_rate, slow_start=chosen.slow_start)

        def script(request: Request) -> Page:
            if len(server.asked(request.path)) != chosen.stall_range:
                return page
            return page.but(stall_after=1 << 20, stall=chosen.stall)

        stack.enter_context(server)
        server.serve("/file", script)
        for number in range(1000):
            server.serve(f"/files/{number}", page)
        _obey(server)


def _obey(server: FaultServer) -> None:
    """Answer what the parent asks, one line each, until it is gone."""
    while line := sys.stdin.readline():
        values = {"port": server.port, "requests": [asdict(each) for each in server.requests]}
        sys.stdout.write(json.dumps(values[line.strip()]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
