"""An HTTP/1.1 server on 127.0.0.1 and 127.0.0.2 whose answers are wrong to the byte on demand.

::

    with FaultServer() as server:
        page = Page(data, etag='"v1"')
        url = server.serve("/model", once(page.but(cut_at=1000), page))
        ...
        assert [request.range for request in server.requests] == [None, (1000, None)]

It runs in a thread; ``faults.child_server`` runs it in a process of its own, so that its pace does
not depend on what the client does with the interpreter.
"""

from __future__ import annotations

import asyncio
import fcntl
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from faults import pages
from faults.pages import Answer, Page, Request, Script, Signed
from support.waiting import PATIENCE

HOSTS = ("127.0.0.1", "127.0.0.2")
_SIOCOUTQ = 0x5411
_PIECE = 256 * 1024
_CATCH_UP = 0.02
_FIRST_WINDOW = 14_480


class _GoneError(Exception):
    """The connection ended, by our script or by the client."""


class _Pace:
    """Lets bytes through at a rate, without a burst at the start or after a pause."""

    def __init__(self) -> None:
        self._free_at = 0.0
        self._sent = 0

    async def take(self, count: int, rate: float) -> None:
        """Wait until this many bytes may go."""
        now = time.monotonic()
        if now - self._free_at > _CATCH_UP:
            self._free_at = now
        self._free_at += count / rate
        self._sent += count
        await asyncio.sleep(max(0.0, self._free_at - now))

    def slow_start(self, delay: float) -> float:
        """Return the rate that a new connection has over a line with this round trip."""
        return (_FIRST_WINDOW + self._sent) / delay


class FaultServer:
    """The server, in a thread of this process, as a context manager.

    Args:
        delay: Seconds that each answer comes later (a round trip); a connection's first one
            twice that.
        line_rate: Bytes each second of all connections together, or None.
        slow_start: A connection's rate grows from ten segments a round trip, as TCP's does.

    Attributes:
        requests: All requests so far, the oldest first.
        connections: Connections accepted so far.
        open_connections: Connections that are open now.
        most_parallel: The most answers of each path that ran at once.
        port: Where it listens, on both hosts.
    """

    def __init__(
        self, delay: float = 0.0, line_rate: float | None = None, *, slow_start: bool = False
    ) -> None:
        self.delay = delay
        self.line_rate = line_rate
        self.slow_start = slow_start
        self.requests: list[Request] = []
        self.connections = 0
        self.open_connections = 0
        self.most_parallel: Counter[str] = Counter()
        self.port = 0
        self._scripts: dict[str, Script] = {}
        self._otherwise: Script | None = None
        self._active: Counter[str] = Counter()
        self._line = _Pace()
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._listeners: list[socket.socket] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name="fault server", daemon=True)

    def __enter__(self) -> Self:
        self._listeners = _listen()
        self.port = self._listeners[0].getsockname()[1]
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def serve(self, path: str, *answers: Page | Script, host: str = HOSTS[0]) -> str:
        """Answer this path by these pages in turn (the last one stays), or by one function."""
        if len(answers) == 1 and not isinstance(answers[0], Page):
            self._scripts[path] = answers[0]
        else:
            self._scripts[path] = pages.in_turn(*(p for p in answers if isinstance(p, Page)))
        return self.url(path, host)

    def serve_otherwise(self, script: Script) -> None:
        """Answer every path that nothing else is said of by one function."""
        self._otherwise = script

    def serve_signed(self, path: str, page: Page, uses: int | None = 1) -> tuple[str, Signed]:
        """Send this path to signed addresses on the other host that work ``uses`` times."""
        signed = Signed(page, uses, self.url(f"/blob{path}", HOSTS[1]))
        self.serve(f"/blob{path}", signed.blob)
        return self.serve(path, signed.front), signed

    def url(self, path: str, host: str = HOSTS[0]) -> str:
        """Return the address of a path."""
        return f"http://{host}:{self.port}{path}"

    def asked(self, path: str) -> list[Request]:
        """Return the requests of one path."""
        return [request for request in self.requests if request.path == path]

    @property
    def sent(self) -> int:
        """Bytes of bodies sent so far."""
        return sum(request.sent for request in self.requests)

    def wait_for(self, condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Wait until something that the server sees holds.

        Raises:
            TimeoutError: It never did.
        """
        until = time.monotonic() + seconds
        with self._changed:
            while not condition():
                if time.monotonic() > until:
                    raise TimeoutError(f"never seen; requests: {self.requests}")
                self._changed.wait(0.01)  # bytes are counted without a word

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        for listener in self._listeners:
            self._loop.add_reader(listener, self._accept, listener)
        try:
            self._loop.run_forever()
        finally:
            for listener in self._listeners:
                self._loop.remove_reader(listener)
                listener.close()
            for task in self._tasks:
                task.cancel()
            left = asyncio.gather(*self._tasks, return_exceptions=True)
            self._loop.run_until_complete(left)
            self._loop.close()

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _accept(self, listener: socket.socket) -> None:
        client, _ = listener.accept()
        client.settimeout(0)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = _Connection(self, client, self.connections)
        self.connections += 1
        task = self._loop.create_task(connection.serve())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(connection.close)


class _Connection:
    """One connection: its requests, one after the other."""

    def __init__(self, server: FaultServer, client: socket.socket, number: int) -> None:
        self._server = server
        self._client = client
        self._number = number
        self._pace = _Pace()
        self._buffer = bytearray()
        self._is_new = True

    async def serve(self) -> None:
        """Answer until one side ends it."""
        self._server.open_connections += 1
        try:
            while True:
                request = await self._read()
                try:
                    await self._answer(request)
                finally:
                    request.ended = True
                    self._server._tell()
        except (_GoneError, ConnectionError, OSError):
            pass
        finally:
            self._server.open_connections -= 1
            self._client.close()
            self._server._tell()

    def close(self, task: asyncio.Task[None]) -> None:
        """Close the socket, even when the task was ended before it began."""
        del task
        self._client.close()

    async def _read(self) -> Request:
        while b"\r\n\r\n" not in self._buffer:
            data = await self._server._loop.sock_recv(self._client, 65536)
            if not data:
                raise _GoneError
            self._buffer += data
        head, _, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        self._buffer = bytearray(rest)
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        path, _, query = target.partition("?")
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        server = self._server
        host = self._client.getsockname()[0]
        number = len(server.requests)
        request = Request(number, self._number, host, method, path, query, headers)
        server.requests.append(request)
        server._tell()
        request.body = await self._read_body(int(headers.get("content-length", "0")))
        return request

    async def _read_body(self, size: int) -> str:
        while len(self._buffer) < size:
            data = await self._server._loop.sock_recv(self._client, 65536)
            if not data:
                raise _GoneError
            self._buffer += data
        body = self._buffer[:size].decode("utf-8", "replace")
        del self._buffer[:size]
        return body

    async def _answer(self, request: Request) -> None:
        server = self._server
        script = server._scripts.get(request.path, server._otherwise)
        page = script(request) if script else pages.status(404, body=b"no such path")
        active = server._active
        if page.token is not None and request.headers.get("authorization") != page.token:
            page = pages.json_error(401, {"message": "a token is needed"})
        elif page.parallel is not None and active[request.path] >= page.parallel:
            page = pages.status(page.refusal, body=b"too many connections")
        active[request.path] += 1
        most = server.most_parallel
        most[request.path] = max(most[request.path], active[request.path])
        try:
            await self._reply(page, request)
        finally:
            active[request.path] -= 1

    async def _reply(self, page: Page, request: Request) -> None:
        await asyncio.sleep(page.wait + self._server.delay * (2 if self._is_new else 1))
        self._is_new = False
        if page.raw is not None:
            await self._send(page.raw)
            raise _GoneError
        answer = pages.answer(page, request)
        request.status = answer.status
        self._server._tell()
        if page.head_rate is None:
            await self._send(answer.head)
        else:
            await self._send_slowly(answer.head, page.head_rate)
        if request.method != "HEAD":
            await self._send_body(page, request, answer)
        if page.close or (not page.chunked and page.lengths is not None):
            raise _GoneError

    async def _send_body(self, page: Page, request: Request, answer: Answer) -> None:
        at, stop = answer.start, answer.stop
        cut = _first(page.cut_at, page.cut_after, at)
        stall = _first(page.stall_at, page.stall_after, at)
        with memoryview(answer.body) as view:
            while True:
                if cut is not None and at == cut:
                    await self._cut(page.how)
                if stall is not None and at == stall:
                    await asyncio.sleep(page.stall)
                    stall = None
                if at >= stop:
                    break
                size = await self._turn(page, min(_ahead(at, stop, cut, stall)) - at)
                data: Any = view[at : at + size]
                if page.flip is not None and at <= page.flip < at + size:
                    data = bytearray(data)
                    data[page.flip - at] ^= 0xFF
                at += size
                request.sent += size  # before the client can have them
                await self._send(_chunk(data) if page.chunked else data)
        if page.chunked:
            await self._send(b"0\r\n\r\n")

    async def _turn(self, page: Page, count: int) -> int:
        """Wait for this connection's turn; return how much of these bytes may go now."""
        server = self._server
        rate = page.rate
        if server.slow_start and server.delay:
            rate = min(rate or 1e12, self._pace.slow_start(server.delay))
        rates = [each for each in (rate, server.line_rate) if each]
        size = min(count, max(1, int(min(rates) * 0.005)) if rates else _PIECE, _PIECE)
        if rate:
            await self._pace.take(size, rate)
        if server.line_rate:
            await server._line.take(size, server.line_rate)
        return size

    async def _send(self, data: Any) -> None:
        await self._server._loop.sock_sendall(self._client, data)

    async def _send_slowly(self, data: bytes, rate: float) -> None:
        for value in data:
            await self._send(bytes([value]))
            await asyncio.sleep(1 / rate)

    async def _cut(self, how: str) -> None:
        """End the connection when the client's side has everything that was sent."""
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            left = fcntl.ioctl(self._client.fileno(), _SIOCOUTQ, b"\0" * 4)
            if not struct.unpack("i", left)[0]:
                break
            await asyncio.sleep(0.001)
        if how == "reset":
            linger = struct.pack("ii", 1, 0)
            self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        raise _GoneError


def _first(offset: int | None, count: int | None, start: int) -> int | None:
    """Return the byte of the file at which a fault is planted in an answer from ``start``."""
    if count is not None:
        return start + count
    return offset if offset is not None and offset >= start else None


def _ahead(at: int, stop: int, *marks: int | None) -> list[int]:
    return [stop, *(mark for mark in marks if mark is not None and mark > at)]


def _chunk(data: Any) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), bytes(data))


def _listen() -> list[socket.socket]:
    """Listen on both hosts, on one port that is free on both."""
    for _ in range(20):
        found = [socket.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in HOSTS]
        try:
            port = 0
            for listener, host in zip(found, HOSTS, strict=True):
                listener.bind((host, port))
                listener.listen(512)
                listener.settimeout(0)
                port = listener.getsockname()[1]
        except OSError:
            for listener in found:
                listener.close()
        else:
            return found
    raise OSError("no port is free on both hosts")
