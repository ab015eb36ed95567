"""The server in a process of its own: from its first line to its exit status."""

from __future__ import annotations

import json
import signal

from sites.fixtures import Environment
from sites.hub import HubServer
from sites.models import sd1_checkpoint
from support.program import Program, finish, wait_until
from support.served import serve

REPO = "harbour/lights"
#: A checkpoint of 3 MB, at a rate at which it takes a minute.
SLOW = 50_000.0


def status_of(program: Program) -> str:
    """Return the status of the one install; nothing while there is none, or before it fetches."""
    jobs = [job for job in program.call("jobs", "--json").json if job["kind"] == "install"]
    return str(jobs[0]["status"]) if jobs and jobs[0]["bytes"] else ""


def test_a_server_from_start_to_end(filled: Program) -> None:
    served = serve(filled, MODELKEEP_LOG_FORMAT="json", MODELKEEP_LOG_LEVEL="info")
    served.wait_ready()
    port = served.url.rpartition(":")[2]
    assert served.told["root"] == str(filled.root)
    assert served.told["link"].startswith(f"{served.url}/login#code=")
    listed = served.get("/openapi.json?token=planted")
    assert listed.status_code == 200
    assert served.get("/api/v1/model/record/search?q=blue&facets=1").json()["facets"]
    again = filled.call("serve", "--port", port, status=1)
    assert f"serves this library ({filled.root}) there already: {served.url}/" in again.err
    second = serve(filled)
    ended = second.end(signal.SIGINT, 130)
    assert f"Another server of this library runs: {served.url}/" in ended.err
    listening = served.get("/api/v1/events", stream=True)
    lines = listening.iter_lines(chunk_size=None)
    assert next(lines).startswith(b"retry:")
    told = served.end()
    assert not [line for line in lines if line.startswith(b"data:")], "its stream has ended"
    assert told.out == ""
    assert "in time" not in told.err, "a thread without work is not waited for"
    logged = [json.loads(line) for line in told.err.splitlines()]
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in logged)
    asked = [line for line in logged if "GET /openapi.json 200" in line["message"]]
    assert len(asked) == 1
    assert asked[0]["request"] == listed.headers["X-Request-ID"]
    assert served.token not in told.err
    assert "planted" not in told.err
    assert list((filled.root / "cache/servers").iterdir()) == []


def test_an_install_goes_on_from_server_to_server(environment: Environment, hub: HubServer) -> None:
    program = environment.program
    hub.add(REPO, {"lights.safetensors": sd1_checkpoint(rows=2000)})
    hub.rate = SLOW
    begun = program.start("install", "--yes", f"{REPO}/lights.safetensors")
    wait_until(lambda: status_of(program) == "running", begun)
    begun.kill()
    finish(begun, -signal.SIGKILL)

    looking = serve(program, "--read-only")
    looking.wait_ready()
    assert "read-only" in looking.end().err
    asked = len(hub.requests("/blobs/"))

    first = serve(program)
    wait_until(lambda: len(hub.requests("/blobs/")) > asked, first.process)
    first.end()
    assert status_of(program) not in {"completed", "cancelled"}

    hub.rate = None
    last = serve(program)
    wait_until(lambda: status_of(program) == "completed", last.process)
    last.end()
    assert program.call("list", "--json").only["name"] == "lights"
