"""What stands around the routes: signals, recovery, the log and the count of requests."""

from __future__ import annotations

import json
import logging
import os
import signal
import sqlite3
from pathlib import Path

import pytest

from modelkeep import Settings
from modelkeep.web.context import WebContext
from modelkeep.web.logs import REQUEST_ID, JsonHandler
from modelkeep.web.recovery import recover
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
