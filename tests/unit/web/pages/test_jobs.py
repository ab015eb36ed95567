"""The page of jobs, through HTTP: what is listed, what can be done with it, what failed and why."""

from __future__ import annotations

import re
from contextlib import closing
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests

from faults.pages import Page, status
from faults.server import HOSTS, FaultServer
from modelkeep.app import tasks
from modelkeep.app.bulk import BulkRequest
from modelkeep.app.job_kinds.bulk import BulkDetails
from modelkeep.app.job_kinds.doctor import DoctorDetails
from modelkeep.app.job_kinds.scan import ScanDetails
from modelkeep.jobs.rows import NewJob
from modelkeep.jobs.state import StateDatabase
from modelkeep.jobs.states import JobState
from support.tiny import lora, safetensors_bytes
from support.web import WebServer

_HTML = {"Accept": "text/html"}


def _page(web: WebServer, path: str) -> str:
    answer = web.get(path, headers=_HTML)
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


def _send(web: WebServer, path: str, **fields: str) -> requests.Response:
    """Send a form; return the answer of the page that it leads to."""
    return web.ask("POST", path, data=fields, headers=_HTML)


def _install(web: WebServer, source: Path | str) -> int:
    number: int = web.manager.installer.import_model(web.manager.parse(source)).id
    web.manager.jobs.wait(60)
    return number


@pytest.fixture
def web(tmp_path: Path) -> Any:
    with WebServer(
        tmp_path / "root", readable_dirs=[tmp_path], allow_private_hosts=list(HOSTS)
    ) as running:
        yield running


def test_an_empty_list_says_what_will_be_there(web: WebServer) -> None:
    assert "including those started from the command line" in _page(web, "/jobs")
    assert "None of these" in _page(web, "/jobs?show=failed")


def test_every_job_can_be_reached_however_many_there_are(web: WebServer) -> None:
    with closing(StateDatabase(web.manager.settings.state_path)) as state:
        for number in range(1_030):
            state.jobs.insert(NewJob("download", f"{number}", "{}", JobState.CANCELLED), "")
    seen: list[str] = []
    path = "/jobs?show=failed&limit=1000"
    while path:
        text = _page(web, path)
        seen += re.findall(r'id="job-(\d+)"', text)
        path = "".join(re.findall(r'href="(/jobs[^"]+)">(?:Older|50 more)</a>', text))
    assert len(set(seen)) == len(seen) == 1_030


def test_a_finished_install_leads_to_its_model(web: WebServer, tmp_path: Path) -> None:
    number = _install(web, lora(tmp_path / "a<b>.safetensors"))
    key = web.manager.jobs.row(number).key
    answer = web.get("/jobs", headers=_HTML).text
    assert f'href="/models/{key}"' in answer
    assert "a<b>" not in answer
    assert "Cancel" not in answer
    assert 'id="job-' not in _page(web, "/jobs?show=active")
    one = _page(web, f"/jobs/{number}")
    assert "To the model" in one
    assert "another program" not in one


def test_ended_jobs_are_taken_off_the_list(web: WebServer, tmp_path: Path) -> None:
    numbers = [_install(web, lora(tmp_path / f"{n}.safetensors", fill=n)) for n in range(3)]
    after = _send(web, f"/jobs/{numbers[0]}/forget", here=f"/jobs/{numbers[0]}")
    assert after.url.endswith("/jobs")
    assert f'id="job-{numbers[0]}"' not in after.text
    assert "2 jobs removed from the list" in _send(web, "/jobs/clear", here="/jobs").text
    assert web.manager.jobs.rows() == []
    assert len(web.manager.records.all_models()) == 3


def test_a_file_that_nobody_knows_is_tried_again_as_what_it_is(
    web: WebServer, tmp_path: Path
) -> None:
    strange = tmp_path / "strange.safetensors"
    strange.write_bytes(safetensors_bytes({"who.knows": ("F16", (4, 4))}))
    number = _install(web, strange)
    assert "Install as this" in _page(web, "/jobs?show=failed")
    wrong = _send(web, f"/jobs/{number}/retry", here="/jobs", type="nonsense")
    assert "Unknown type" in wrong.text
    _send(web, f"/jobs/{number}/retry", here="/jobs", type="lora", base="sdxl")
    web.manager.jobs.wait(60)
    [model] = web.manager.records.all_models()
    assert (model.type, model.base) == ("lora", "sdxl")


def test_no_type_is_asked_for_what_is_no_model(web: WebServer, tmp_path: Path) -> None:
    picture = tmp_path / "picture.safetensors"
    picture.write_bytes(b"\xff\xd8\xff\xe0" + bytes(200))
    _install(web, picture)
    page = _page(web, "/jobs?show=failed")
    assert "is a JPEG picture" in page
    assert "Install as this" not in page
    looked = _page(web, f"/install?q={quote(str(picture))}")
    assert "is a JPEG picture" in looked
    assert 'name="variant"' not in looked


def test_a_look_at_a_folder_and_what_registers_it_read_differently(
    web: WebServer, tmp_path: Path
) -> None:
    lora(tmp_path / "new" / "a.safetensors")
    for register in (False, True):
        details = ScanDetails(str(tmp_path / "new"), register=register)
        tasks.begin_task(web.manager, "scan", details, details.what or "")
        web.manager.jobs.wait(60)
    page = _page(web, "/jobs")
    assert re.findall(r'class="muted facts">([^·]*) ·', page) == [
        "Register what a folder has",
        "Scan",
    ]
    assert "<h1>Register what a folder has: " in _page(web, "/jobs/2")


def test_the_result_of_a_scan_leads_to_where_an_unknown_file_is_named(
    web: WebServer, tmp_path: Path
) -> None:
    unknown = tmp_path / "new" / "odd.safetensors"
    unknown.parent.mkdir()
    unknown.write_bytes(safetensors_bytes({"odd.weight": ("F16", (4, 4))}))
    begun = _send(web, "/install/scan", what=str(unknown.parent))
    number = begun.url.rpartition("/")[2]
    web.manager.jobs.wait(60)
    page = _page(web, f"/jobs/{number}")
    [link] = re.findall(r'href="(/install\?q=[^"]*)"', page)
    assert "odd.safetensors" in link
    assert "Show the plan" in _page(web, link), "where its type is said"


def test_a_site_that_wants_a_token_is_told_so(web: WebServer, server: FaultServer) -> None:
    number = _install(web, server.serve("/a.safetensors", status(401)))
    shown = _page(web, "/jobs")
    assert 'href="/settings/sites"' in shown
    assert 'name="token"' in _page(web, "/settings/sites")
    assert "--token" not in shown
    server.serve("/a.safetensors", status(404))
    _send(web, f"/jobs/{number}/retry")
    web.manager.jobs.wait(60)
    assert "answered 404" in _page(web, f"/jobs/{number}")


def test_a_download_is_paused_resumed_and_cancelled(
    web: WebServer, server: FaultServer, tmp_path: Path
) -> None:
    body = lora(tmp_path / "a.safetensors").read_bytes()
    slow = Page(body, etag='"1"', stall_after=len(body) // 2, stall=600)
    link = server.serve("/slow.safetensors", slow)
    number = web.manager.installer.import_model(web.manager.parse(link)).id
    server.wait_for(lambda: bool(server.requests) and server.requests[-1].sent > 0)
    assert "1<span" in _page(web, "/jobs/running")
    paused = _send(web, f"/jobs/{number}/pause", here="/jobs")
    assert 'data-status="paused"' in paused.text
    assert "Resume" in paused.text
    resumed = _send(web, f"/jobs/{number}/resume", here="/jobs")
    assert 'data-status="paused"' not in resumed.text
    cancelled = _send(web, f"/jobs/{number}/cancel", here="/jobs?show=failed")
    assert 'data-status="cancelled"' in cancelled.text
    refused = _send(web, f"/jobs/{number}/pause", here="/jobs")
    assert f"The job {number} has ended" in refused.text
    assert _send(web, f"/jobs/{number}/nonsense").url.endswith("/jobs")


def test_the_report_of_a_task_has_pages(web: WebServer, tmp_path: Path) -> None:
    key = web.manager.installer.install_path(lora(tmp_path / "mine.safetensors"))
    keys = (key, *(f"gone-{n}" for n in range(120)))
    asked = BulkDetails.of(BulkRequest(keys, "tag", tags=("good",)))
    number = tasks.begin_task(web.manager, "bulk", asked, "121 models").row.id
    web.manager.jobs.wait(60)
    first = _page(web, f"/jobs/{number}")
    assert "Part 1 of 2" in first
    assert "nothing → good" in first
    assert "120 failed" in _page(web, "/jobs")
    last = _page(web, f"/jobs/{number}?status=failed&part=9")
    assert "Part 2 of 2" in last
    assert len(re.findall("<tr>", last)) == 21
    assert f"/models/{key}" in _page(web, f"/jobs/{number}?status=done")


def test_what_the_doctor_found_is_told(web: WebServer) -> None:
    web.manager.settings.models_dir.mkdir(parents=True, exist_ok=True)
    (web.manager.settings.models_dir / "lost.safetensors").write_bytes(b"1234")
    number = tasks.begin_task(web.manager, "doctor", DoctorDetails(), "the library").row.id
    web.manager.jobs.wait(60)
    assert "lost.safetensors" in _page(web, f"/jobs/{number}")


def test_jobs_that_do_not_exist(web: WebServer) -> None:
    assert web.get("/jobs/77", headers=_HTML).status_code == 404
    assert "No job 77" in _send(web, "/jobs/77/pause").text
