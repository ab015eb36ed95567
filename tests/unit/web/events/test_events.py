"""The event stream over HTTP."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from faults.pages import Page
from faults.server import HOSTS, FaultServer
from modelkeep.core import events
from support.listening import Listener
from support.tiny import embedding, lora
from support.waiting import until
from support.web import WebServer

#: Installs the second argument into the first.
_INSTALL = """
import sys
from modelkeep import ModelManager
with ModelManager(root=sys.argv[1]) as manager:
    manager.installer.import_model(sys.argv[2])
    manager.installer.wait_for_installs()
"""


def test_an_install_is_told_in_the_envelope_of_the_specification(tmp_path: Path) -> None:
    with (
        WebServer(tmp_path / "root", readable_dirs=[tmp_path]) as web,
        Listener(web) as listener,
    ):
        assert listener.answer.headers["content-type"].startswith("text/event-stream")
        source = {"type": "local", "path": str(lora(tmp_path / "a.safetensors"))}
        job = web.post("/api/v1/model/record/import", {"source": source}).json()
        told = listener.until("model_install_completed")
        told = [one for one in told if one.topic == "model_event"]
        assert [one.name for one in told] == ["model_install_running", "model_install_completed"]
        assert told[-1].data["id"] == job["id"]
        assert told[-1].data["source"] == source["path"]
        assert "timestamp" in told[-1].data


def test_what_was_missed_is_sent_again(tmp_path: Path) -> None:
    with WebServer(tmp_path / "root") as web:
        with Listener(web) as listener:
            events.install_running(web.context.hub, 1, "one")
            [first] = listener.until("model_install_running")
        events.install_running(web.context.hub, 2, "two")
        events.install_cancelled(web.context.hub, 2, "two")
        with Listener(web, first.id) as listener:
            told = listener.until("model_install_cancelled")
            assert [one.data["id"] for one in told] == [2, 2]
        with Listener(web, told[-1].id) as listener:
            events.install_running(web.context.hub, 3, "three")
            assert [one.data["id"] for one in listener.until("model_install_running")] == [3]


def test_where_the_past_is_gone_the_client_is_told(tmp_path: Path) -> None:
    with WebServer(tmp_path / "root") as web:
        hub = web.context.hub
        events.install_running(hub, 0, "first")
        first = f"{hub.ring.boot}-1"
        for number in range(5_000):
            events.install_running(hub, number, "more")
        boot = hub.ring.boot
        for seen in (first, "0badcafe-3", f"{boot}-99999", f"{boot}-x", f"{boot}-{'9' * 60}", "?"):
            with Listener(web, seen) as listener:
                [resync] = listener.until("resync")
                assert resync.topic == "resync"
                assert resync.id == f"{boot}-5001"
        assert web.get("/api/v1/events", headers={"Last-Event-ID": "9" * 200}).status_code == 422


def test_progress_is_merged_and_last_states_are_not(tmp_path: Path) -> None:
    with WebServer(tmp_path / "root") as web, Listener(web) as listener:
        hub = web.context.hub
        for done in range(200):
            events.download_progress(hub, 1, "a", "/a", current_bytes=done, total_bytes=200)
            events.download_progress(hub, 2, "b", "/b", current_bytes=done, total_bytes=200)
        events.download_complete(hub, 1, "a", "/a", 200)
        told = listener.until("download_complete")
        assert len(told) < 300
        last = {one.data["id"]: one.data["current_bytes"] for one in told[:-1]}
        assert last == {1: 199, 2: 199}


def test_each_token_has_so_many_streams(tmp_path: Path) -> None:
    with WebServer(tmp_path / "root", streams_per_token=2) as web:
        hub = web.context.hub
        with Listener(web), Listener(web):
            refused = web.get("/api/v1/events")
            assert refused.status_code == 429
            assert refused.json()["error"]["code"] == "TooManyStreams"
        until(lambda: not hub.listeners)
        with Listener(web) as listener:
            assert listener.answer.status_code == 200


def test_a_client_that_never_reads_is_dropped_and_others_are_not(tmp_path: Path) -> None:
    with WebServer(tmp_path / "root") as web, Listener(web) as listener:
        hub, place = web.context.hub, urlsplit(web.url)
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect((place.hostname, place.port))
            lines = [
                "GET /api/v1/events HTTP/1.1",
                f"Host: {place.netloc}",
                *(f"{name}: {value}" for name, value in web.headers.items()),
            ]
            deaf.sendall("\r\n".join([*lines, "", ""]).encode())
            until(lambda: hub.listeners == 2)
            sent = 0
            while hub.listeners == 2:
                events.install_running(hub, sent, "x" * 100_000)
                assert next(iter(listener)).data["id"] == sent
                sent += 1
                assert sent < 2_000, "it was never dropped"
        events.install_cancelled(hub, 1, "last")
        assert listener.until("model_install_cancelled")


def test_the_server_can_end_all_streams(tmp_path: Path) -> None:
    with WebServer(tmp_path / "root") as web, Listener(web) as listener:
        web.context.hub.end()
        assert list(listener) == []
        with Listener(web) as later:
            assert list(later) == []


def test_jobs_of_other_processes_are_told_and_own_ones_once(tmp_path: Path) -> None:
    root = tmp_path / "root"
    with WebServer(root) as web, Listener(web) as listener:
        assert web.post("/api/v1/doctor").status_code == 202
        told = listener.until("task_completed")
        theirs = embedding(tmp_path / "theirs.safetensors")
        subprocess.run([sys.executable, "-c", _INSTALL, root, theirs], check=True)
        told += listener.until("model_install_completed", source=str(theirs))
        events.install_running(web.context.hub, 0, "a mark")
        told += listener.until("model_install_running", source="a mark")
        names = [one.name for one in told]
        assert names.count("task_completed") == names.count("model_install_completed") == 1
        assert [one.topic for one in told if one.name == "task_completed"] == ["task_event"]
        key = next(one.data["key"] for one in told if one.name == "model_install_completed")
        assert web.manager.records.get_model(key).name == "theirs"


def test_an_install_that_waits_for_its_first_byte_and_one_that_is_held_are_told(
    tmp_path: Path, server: FaultServer
) -> None:
    body = lora(tmp_path / "a.safetensors").read_bytes()
    link = server.serve("/a.safetensors", Page(body, stall_after=0, stall=600))
    root = tmp_path / "root"
    with WebServer(root, allow_private_hosts=list(HOSTS)) as web, Listener(web) as listener:
        number = web.manager.installer.import_model(web.manager.parse(link)).id
        [started] = listener.until("job_started", id=number)[-1:]
        assert (started.topic, started.data["kind"]) == ("job_event", "install")
        assert web.post(f"/api/v1/model/record/import/{number}/pause").status_code == 200
        [paused] = listener.until("job_paused", id=number)[-1:]
        assert paused.data["source"] == link


def test_no_token_is_told(tmp_path: Path) -> None:
    with WebServer(tmp_path / "root", offline=True) as web, Listener(web) as listener:
        link = "https://example.org/m?token=hush"
        source = {"type": "url", "url": link, "access_token": "hush"}
        assert web.post("/api/v1/model/record/import", {"source": source}).status_code == 201
        place = str(web.manager.settings.models_dir / "m")
        body = {"source": link, "dest": place, "access_token": "hush"}
        assert web.post("/api/v1/download_queue/i/", body).status_code == 200
        wanted = {"model_install_error", "download_error"}
        for one in listener:
            assert "hush" not in json.dumps(one.data)
            wanted.discard(one.name)
            if not wanted:
                break
