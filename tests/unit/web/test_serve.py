"""What stands around the routes: signals, recovery, the log and the count of requests."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from modelkeep import Settings
from modelkeep.errors import SettingsError
from modelkeep.web.context import WebContext
from modelkeep.web.hanging_up import is_no_cut
from modelkeep.web.listening import listening
from modelkeep.web.logs import REQUEST_ID, JsonHandler
from modelkeep.web.recovery import recover
from modelkeep.web.serve import run
from modelkeep.web.starting import StartingApp
from modelkeep.web.stopping import StopSignals
from support import tiny
from support.waiting import until
from support.web import WebServer


class Told:
    should_exit = False


class TestSignals:
    @pytest.mark.parametrize(
        ("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130), (signal.SIGHUP, 130)]
    )
    def test_each_stops_the_server(self, number: signal.Signals, status: int) -> None:
        before = signal.getsignal(number)
        server = Told()
        with StopSignals() as signals:
            signals.tell(server)
            os.kill(os.getpid(), number)
            until(lambda: server.should_exit)
            assert signals.status == status
            assert 0 < signals.left(60) <= 60
        assert signal.getsignal(number) is before

    def test_one_that_comes_before_the_server_counts(self) -> None:
        server = Told()
        with StopSignals() as signals:
            os.kill(os.getpid(), signal.SIGTERM)
            signals.tell(server)
            assert server.should_exit


class TestStart:
    """What answers while the routes are imported."""

    @staticmethod
    def ask(
        app: StartingApp, path: str, host: str = "localhost:9494", query: str = ""
    ) -> tuple[asyncio.Task[None], list[dict[str, Any]]]:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            return {"type": "http.request"}

        scope = {"type": "http", "method": "GET", "path": path, "query_string": query.encode()}
        scope |= {"headers": [(b"host", host.encode())], "server": ("127.0.0.1", 9494)}
        return asyncio.create_task(app(scope, receive, send)), sent

    def test_health_is_told_and_the_rest_waits(self, tmp_path: Path) -> None:
        async def answers() -> None:
            app = StartingApp(Settings(root=tmp_path, base_path="/models"))
            for path, query, status in (
                ("/healthz", "", 200),
                ("/models/healthz/", "", 200),
                ("/healthz", "ready", 503),
            ):
                asked, sent = self.ask(app, path, query=query)
                await asked
                assert sent[0]["status"] == status
            waiting = [self.ask(app, "/api"), self.ask(app, "/healthz", host="sofa.example")]
            await asyncio.sleep(0)
            assert not any(task.done() for task, _ in waiting)

            async def whole(_: Any, __: Any, send: Any) -> None:
                await send({"status": 299})

            app.take(whole)
            assert not app.catch_up(0)
            for task, sent in waiting:
                await task
                assert sent == [{"status": 299}]
            assert app.catch_up(0)

        asyncio.run(answers())

    def test_nothing_is_waited_for_where_nobody_asked(self, tmp_path: Path) -> None:
        async def unused(*_: object) -> None:
            raise AssertionError

        async def answers() -> None:
            app = StartingApp(Settings(root=tmp_path))
            assert not app.catch_up(0)
            app.take(unused)
            assert app.catch_up(0)

        asyncio.run(answers())

    def test_what_stops_the_routes_ends_the_server(self, tmp_path: Path) -> None:
        settings = Settings(root=tmp_path, port=0, trusted_proxies=["sofa"])
        with (
            StopSignals() as signals,
            listening(settings) as sockets,
            pytest.raises(SettingsError, match="sofa"),
        ):
            run(sockets, signals)


class TestRecovery:
    def test_what_lies_ready_is_registered(self, tmp_path: Path) -> None:
        tiny.embedding(tmp_path / "autoimport/blue.safetensors")
        with WebServer(tmp_path) as web:
            recover(web.context)
            assert [record.name for record in web.manager.records.all_models()] == ["blue"]
            assert web.get("/healthz?ready").status_code == 200

    def test_a_read_only_server_does_none_of_it(self, tmp_path: Path) -> None:
        tiny.embedding(tmp_path / "autoimport/blue.safetensors")
        with WebServer(tmp_path, read_only=True) as web:
            recover(web.context)
            assert web.manager.records.all_models() == []
            assert web.get("/healthz?ready").status_code == 200

    def test_a_failure_is_told_and_the_server_answers_on(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        (tmp_path / "databases").mkdir()
        sqlite3.connect(tmp_path / "databases/modelkeep.db").execute("CREATE TABLE sofa (x)")
        context = WebContext.open(Settings(root=tmp_path))
        with caplog.at_level(logging.ERROR, "modelkeep"):
            recover(context)
        assert context.is_ready.is_set()
        assert "Recovery failed: " in caplog.text
        assert "modelkeep.db" in caplog.text
        context.manager.close()


class TestLog:
    def test_a_line_is_an_object(self, capsys: pytest.CaptureFixture[str]) -> None:
        log = logging.getLogger("modelkeep.sofa")
        handler = JsonHandler()
        log.addHandler(handler)
        log.propagate = False  # what collects the log of tests takes no such text
        token = REQUEST_ID.set("r1")
        try:
            log.warning("a %s\nb", "\udc80")
            try:
                json.loads("cushion")
            except ValueError:
                log.exception("no")
        finally:
            REQUEST_ID.reset(token)
            log.removeHandler(handler)
            log.propagate = True
        first, second = map(json.loads, capsys.readouterr().err.splitlines())
        assert first["message"] == "a \\udc80\nb"
        assert (first["level"], first["logger"]) == ("warning", "modelkeep.sofa")
        assert first["request"] == "r1"
        assert first["time"].endswith("+00:00")
        assert "JSONDecodeError: " in second["traceback"]

    def test_requests_are_told_without_their_queries(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        with WebServer(tmp_path) as web, caplog.at_level(logging.INFO, "modelkeep.web.access"):
            web.get("/healthz?ready=s3cret")
            until(lambda: "GET /healthz 503" in caplog.text)
        assert "127.0.0.1" in caplog.text
        assert "s3cret" not in caplog.text


def test_requests_are_counted_by_route_and_status(tmp_path: Path) -> None:
    with WebServer(tmp_path) as web:
        for path in ("/healthz", "/healthz/", "/healthz?ready", "/a/b"):
            web.get(path)
        web.ask("PROPFIND", "/healthz")
        counts = web.context.traffic.requests
        until(lambda: sum(counts.values()) == 5)
    assert counts["GET", "/healthz", 200] == 2
    assert counts["GET", "/healthz", 503] == 1
    assert {method for method, _, _ in counts} == {"GET", "other"}
    assert all("/a/b" not in route for _, route, _ in counts)


class TestEnd:
    """Clients that neither send nor take are not waited for."""

    def test_what_has_come_of_an_upload_is_kept(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        with WebServer(tmp_path) as web:
            tus = {"Tus-Resumable": "1.0.0"}
            begun = web.ask("POST", "/api/v1/uploads", headers={**tus, "Upload-Length": "1000"})
            place = begun.headers["Location"]
            head = {**web.headers, **tus, "Upload-Offset": "0", "Content-Length": "900"}
            head |= {"Host": web.url.partition("//")[2]}
            head |= {"Content-Type": "application/offset+octet-stream"}
            lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
            port = int(web.url.rpartition(":")[2])
            sender = socket.create_connection(("127.0.0.1", port))
            sender.sendall(f"PATCH {place} HTTP/1.1\r\n{lines}\r\n".encode() + b"x" * 500)
            until(lambda: web.context.traffic.running == 1)
        sender.close()
        with WebServer(tmp_path) as web:
            answer = web.ask("HEAD", place, headers=tus)
            assert answer.headers["Upload-Offset"] == "500"
        assert "timeout graceful shutdown exceeded" not in caplog.text

    def test_a_request_that_is_cut_off_is_no_error(self) -> None:
        def line(error: BaseException | None) -> logging.LogRecord:
            info = (type(error), error, None) if error is not None else None
            return logging.LogRecord("", logging.ERROR, "", 1, "cut", (), info)

        told = [is_no_cut(line(e)) for e in (None, OSError(), asyncio.CancelledError())]
        assert told == [True, True, False]
