"""Events to 200 clients: processor time against FastAPI's own stream, and what it costs an install.

Clients are sockets of this process, which is not measured; each server has a process of its own.
"""

from __future__ import annotations

import selectors
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.bench_install import make_file, workplace
from bench.measure import Ratio, in_turn

CLIENTS = 200
EVENTS = 100
_INSTALLED = 64 << 20
_ROUNDS = 5
#: An install waits for the disk, whose times scatter.
_INSTALL_ROUNDS = 11
_ASK = b"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


class Server:
    """One server in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.port = int(self._line())

    def ask(self, line: str) -> float:
        """Have it do something, and return what it says."""
        self.begin(line)
        return self.answer()

    def begin(self, line: str) -> None:
        """Have it do something."""
        self._process.stdin.write(f"{line}\n")  # type: ignore[union-attr]
        self._process.stdin.flush()  # type: ignore[union-attr]

    def answer(self) -> float:
        """Wait until it is done."""
        return float(self._line())

    def _line(self) -> str:
        return self._process.stdout.readline()  # type: ignore[union-attr]


@contextmanager
def serving(which: str, root: Path) -> Iterator[Server]:
    """Run a server."""
    command = [sys.executable, "-m", "bench.events_child", which, str(root)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Server(process)
        process.terminate()


class Crowd:
    """Clients that listen."""

    def __init__(self, port: int, count: int, stack: ExitStack) -> None:
        self._selector = stack.enter_context(selectors.DefaultSelector())
        self.count = count
        for _ in range(count):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            client.sendall(_ASK)
            while b"\r\n\r\n" not in client.recv(65536):
                continue
            self._selector.register(client, selectors.EVENT_READ, client)

    def hear(self, events: int) -> None:
        """Read until every client has so many events."""
        left = events * self.count
        while left > 0:
            for key, _ in self._selector.select():
                left -= key.data.recv(1 << 20).count(b"\nid: ")


def cpu_seconds(server: Server, crowd: Crowd) -> float:
    """Return the processor time that a server takes to tell all clients of all events."""
    before = server.ask("cpu")
    server.begin(f"send {EVENTS}")
    crowd.hear(EVENTS)
    server.answer()
    return server.ask("cpu") - before


def main() -> list[Ratio]:
    """Print the table and return it."""
    with workplace(None) as folder, ExitStack() as stack:
        ours = stack.enter_context(serving("ours", folder / "ours"))
        fastapi = stack.enter_context(serving("fastapi", folder / "fastapi"))
        crowds = {server: Crowd(server.port, CLIENTS, stack) for server in (ours, fastapi)}
        told = in_turn(
            lambda: cpu_seconds(ours, crowds[ours]),
            lambda: cpu_seconds(fastapi, crowds[fastapi]),
            _ROUNDS,
        )
        alone = stack.enter_context(serving("ours", folder / "alone"))
        model = make_file(folder / "model.safetensors", _INSTALLED)
        installed = in_turn(
            lambda: _install(ours, model, crowds[ours]),
            lambda: _install(alone, model),
            _INSTALL_ROUNDS,
        )
        rows = [
            Ratio(f"{EVENTS} events to {CLIENTS} clients, processor time", *told, goal=0.35),
            Ratio(f"install with {CLIENTS} clients that listen", *installed, goal=1.1),
        ]
        for row in rows:
            print(row.line())
    return rows


def _install(server: Server, model: Path, crowd: Crowd | None = None) -> float:
    server.begin(f"install {model}")
    if crowd is not None:
        crowd.hear(2)  # running, completed
    return server.answer()


if __name__ == "__main__":
    main()
