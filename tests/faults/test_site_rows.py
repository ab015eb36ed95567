"""Faults of sites and proxies, through every command: rows 11-13, 15 and 31 of docs/faults.md."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from faults.pages import Page, json_error, login_page, redirect, status
from faults.places import (
    LORA,
    TOKEN,
    Door,
    LinkServer,
    Place,
    identify,
    install,
    look_up,
    make_place,
    plan,
    search,
)
from modelkeep import ModelManager
from modelkeep.errors import (
    HashMismatchError,
    HttpStatusError,
    ModelKeepError,
    NotAModelAnswerError,
    RedirectRefusedError,
    UnsafePathError,
    hint_of,
)
from sites.civitai import CivitaiServer
from sites.fixtures import Environment
from sites.hub import HubServer
from sites.modelscope import ModelScopeServer
from sites.server import FILE_HOST, SITE_HOST, SiteServer
from support.waiting import PATIENCE

SITES = ("huggingface", "civitai", "modelscope", "link")
SEARCHED = ("huggingface", "civitai")
DOORS = (look_up, identify, plan, install)


@pytest.fixture
def servers(
    hub: HubServer, civitai: CivitaiServer, modelscope: ModelScopeServer
) -> Iterator[dict[str, SiteServer]]:
    with LinkServer() as link:
        yield {"huggingface": hub, "civitai": civitai, "modelscope": modelscope, "link": link}


@pytest.fixture
def place(
    request: pytest.FixtureRequest,
    environment: Environment,
    servers: dict[str, SiteServer],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[Place]:
    made = make_place(request.param, environment, servers, monkeypatch)
    yield made
    with ModelManager(made.manager.settings) as after:
        assert after.records.all_models() == []
    outside = list(tmp_path.rglob("*outside*"))
    assert outside == [], "nothing was written there"


def every(doors: tuple[Door, ...] = DOORS) -> pytest.MarkDecorator:
    """Ask for every door of every site, those to the API and those to the file."""
    found = [
        pytest.param(site, door, at, id=f"{site}-{door.__name__}-{('api', 'file')[at]}")
        for site in SITES
        for door in doors
        for at in (0, 1)
        if not (site == "link" and at) and not (door is look_up and at)
    ]
    found += [pytest.param(site, search, 0, id=f"{site}-search-api") for site in SEARCHED]
    return pytest.mark.parametrize(("place", "door", "at"), found, indirect=["place"])


def fault_path(place: Place, door: Door, at: int) -> str:
    return "/api/" if door is search else place.paths[at]


def failed(place: Place, door: Door, token: str | None = None) -> ModelKeepError:
    with pytest.raises(ModelKeepError) as caught:
        door(place, token)
    error = caught.value
    assert hint_of(error), "it says what to do next"
    assert len(str(error)) < 2000
    assert str(error).isprintable()
    assert TOKEN not in f"{error} {hint_of(error)}"
    return error


class TestRedirects:
    """Row 11 of docs/faults.md."""

    @every()
    @pytest.mark.parametrize(
        ("location", "why"),
        [
            ("/round?s=hush", "it loops"),
            ("/hop/1?s=hush", "more than 10 redirects"),
            ("file:///etc/passwd", "not a web address"),
            ("ftp://127.0.0.1/x?s=hush", "not a web address"),
            ("", "no address"),
        ],
    )
    def test_they_end_somewhere(
        self, place: Place, door: Door, at: int, location: str, why: str
    ) -> None:
        server = place.server
        server.serve("/round", redirect("/round?s=hush"))
        for here, there in pairwise(range(1, 15)):
            server.serve(f"/hop/{here}", redirect(f"/hop/{there}?s=hush"))
        path = fault_path(place, door, at)
        server.plant(path, lambda _: redirect(location))
        error = failed(place, door)
        assert isinstance(error, RedirectRefusedError)
        assert why in str(error)
        assert "hush" not in str(error)
        assert server.endpoint + path.rstrip("/") in str(error)
        if location:
            assert location.partition("?")[0].rpartition("/")[2] in str(error)


class TestTokens:
    """Row 12 of docs/faults.md."""

    @every()
    def test_no_other_host_sees_one(self, place: Place, door: Door, at: int) -> None:
        token = place.token()
        path = fault_path(place, door, at)
        place.server.plant(path, place.server.elsewhere)
        assert door(place, token) is not None
        assert any(each.host == FILE_HOST for each in place.server.requests("/moved"))
        assert place.server.saw(TOKEN, SITE_HOST)
        assert place.server.saw(TOKEN, FILE_HOST) == []

    @pytest.mark.parametrize("is_halfway", [False, True], ids=["whole", "halfway"])
    @pytest.mark.parametrize("place", SITES, indirect=True)
    def test_no_secret_is_written_down(
        self, place: Place, caplog: pytest.LogCaptureFixture, tmp_path: Path, *, is_halfway: bool
    ) -> None:
        caplog.set_level(logging.DEBUG)
        token, installer = place.token(), place.manager.installer
        place.server.faults = {"stall_at": 20_000, "stall": 60} if is_halfway else {}
        job = installer.import_model(place.source(token))
        if is_halfway:
            place.server.server.wait_for(lambda: place.server.body_bytes(LORA) >= 20_000)
            installer.control.pause(job.id)
        installer.wait_for_installs(PATIENCE)
        assert job.paused if is_halfway else job.complete
        if job.config_out is not None:
            installer.unregister(job.config_out.key)
        place.manager.close()
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        written = {path: path.read_bytes().decode("latin-1") for path in files}
        assert place.server.saw(TOKEN, SITE_HOST)
        assert place.server.saw("signed0001")
        # What libraries tell nobody but their developers is not ours.
        logged = [
            record.getMessage()
            for record in caplog.records
            if record.name.startswith("modelkeep") or record.levelno > logging.DEBUG
        ]
        for secret in (TOKEN, "signed0001"):
            assert [path for path, text in written.items() if secret in text] == []
            assert [text for text in logged if secret in text] == []
            assert secret not in f"{job} {job.pinned} {job.remote} {job.download_parts}"


class TestPagesInPlace:
    """Row 13 of docs/faults.md."""

    @every()
    @pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/octet-stream"])
    def test_a_page_to_log_in(self, place: Place, door: Door, at: int, kind: str) -> None:
        place.server.plant(fault_path(place, door, at), lambda _: redirect("/login?next=x", 307))
        place.server.serve("/login", login_page(kind))
        error = failed(place, door)
        assert isinstance(error, NotAModelAnswerError)
        assert "login page" in str(error)
        assert SITE_HOST in str(error)
        assert "token" in hint_of(error)

    @every()
    def test_a_message(self, place: Place, door: Door, at: int) -> None:
        said = Page(b'{"error": "Please try later"}', content_type="application/json")
        place.server.plant(fault_path(place, door, at), lambda _: said)
        error = failed(place, door)
        if at or place.site == "link":
            assert "Please try later" in str(error)


class TestRefusals:
    """Row 15 of docs/faults.md."""

    @every()
    @pytest.mark.parametrize("code", [401, 403, 404, 451])
    def test_what_they_say_is_shown(self, place: Place, door: Door, at: int, code: int) -> None:
        text = "The court\x1b[31m of somewhere says no. " + "x" * 100_000
        page = json_error(code, {"error": text})
        place.server.plant(fault_path(place, door, at), lambda _: page)
        error = failed(place, door)
        assert isinstance(error, HttpStatusError)
        assert error.status == code
        assert str(code) in str(error)
        assert "of somewhere says no" in str(error)
        assert len(str(error)) < 1000
        if code == 401:
            assert "token" in hint_of(error)

    @every()
    def test_a_secret_that_comes_back_is_not_shown(self, place: Place, door: Door, at: int) -> None:
        token = place.token()
        page = status(403, body=f"Bearer {TOKEN} may not".encode())
        place.server.plant(fault_path(place, door, at), lambda _: page)
        failed(place, door, token)


CLIMBING = [
    "../../outside.safetensors",
    "/etc/outside.safetensors",
    "a/../../outside.safetensors",
    "C:\\outside.safetensors",
    "..\\..\\outside.safetensors",
    "a\\..\\..\\outside.safetensors",
    "c:outside.safetensors",
    "a//outside.safetensors",
    "./outside.safetensors",
    "nul\x00.safetensors",
]


#: Names that stay inside, and that no disk takes as they are.
HARD = ["CON.safetensors", "x" * 300 + ".safetensors", "a\0b.safetensors", "\u202ea.safetensors"]


class TestNames:
    """Row 31 of docs/faults.md."""

    @pytest.mark.parametrize("door", DOORS)
    @pytest.mark.parametrize(
        ("place", "name"),
        [
            *(("huggingface", name) for name in CLIMBING),
            *(("modelscope", name) for name in CLIMBING),
            # Its names are cleaned first of what cannot be printed.
            *(("civitai", name) for name in CLIMBING if name.isprintable()),
        ],
        indirect=["place"],
    )
    def test_a_listing_that_leads_out_is_refused(self, place: Place, door: Door, name: str) -> None:
        place.lists(name)
        error = failed(place, door)
        assert isinstance(error, UnsafePathError)
        assert repr(name) in str(error)
        assert ("Paper Cut" if place.site == "civitai" else "someone/paper") in str(error)
        assert place.server.requests(place.file) == [], "no file is asked for"

    @pytest.mark.parametrize("name", ["pictures\\a.png", "x:y.md", "a//b.jpg", "./c.webp"])
    @pytest.mark.parametrize("place", ["huggingface", "modelscope"], indirect=True)
    def test_an_odd_name_that_nobody_needs_does_no_harm(self, place: Place, name: str) -> None:
        place.lists(name)
        assert [file.path for file in look_up(place).files] == ["paper.safetensors"]

    @pytest.mark.parametrize(
        ("place", "name"),
        [
            *(("link", name) for name in CLIMBING),
            *((site, name) for site in ("link", "civitai") for name in HARD),
        ],
        indirect=["place"],
    )
    def test_what_a_server_calls_its_file_stays_inside(self, place: Place, name: str) -> None:
        place.lists(name)
        planned = plan(place)
        assert planned.target is not None
        models = place.manager.settings.models_dir
        assert models in planned.target.parents
        assert planned.target.resolve() == planned.target
        assert planned.remote is not None
        [file] = planned.remote.files
        assert len(PurePosixPath(file.path).parts) == 1


#: What can befall a file on its way, and whether only a hash shows it.
FAULTS: dict[str, tuple[dict[str, Any], bool]] = {
    "cut": ({"cut_at": 30_000}, False),
    "closed": ({"cut_at": 30_000, "how": "close"}, False),
    "cut at once": ({"cut_at": 0}, False),
    "one bit": ({"flip": 40_000}, True),
    "one bit of the header": ({"flip": 100}, True),
    "too short": ({"lengths": (str(len(LORA) - 9),), "close": True}, True),
    "too long": ({"lengths": (str(len(LORA) + 9),), "close": True}, False),
    "two lengths": ({"lengths": ("5", "9"), "close": True}, False),
    "no length": ({"lengths": (), "close": True}, False),
    "chunks": ({"chunked": True}, False),
    "chunks, cut": ({"chunked": True, "cut_at": 30_000}, False),
    "packed": ({"gzipped": True}, False),
    "no etag": ({"etag": None}, False),
    "weak etag": ({"etag": 'W/"x"'}, False),
    "no parts": ({"ranges": False}, False),
    "expired": ({"status": 403, "body": b"<Error>expired</Error>", "ranges": False}, False),
    "busy": ({"status": 429, "headers": (("Retry-After", "0"),), "ranges": False}, False),
    "broken": ({"status": 503, "headers": (("Retry-After", "0"),), "ranges": False}, False),
    "empty": ({"body": b"", "ranges": False}, True),
    "another file": ({"body": LORA[:-7] + b"another"}, True),
}


def befallen(*faults: str) -> pytest.MarkDecorator:
    """Ask for every site, the plain link apart where only a hash would show it."""
    found = [(site, fault) for site in SITES for fault in faults]
    seen = [(site, fault) for site, fault in found if site != "link" or not FAULTS[fault][1]]
    return pytest.mark.parametrize(("place", "fault"), seen, indirect=["place"])


class TestBytes:
    """Row 14 of docs/faults.md and those around it: the right bytes, or a clean error."""

    @befallen(*FAULTS)
    def test_once(self, place: Place, fault: str) -> None:
        fields, _ = FAULTS[fault]
        source = place.source()
        planned = place.manager.installer.plan(source)
        place.server.fault_next(**fields)
        job = place.manager.installer.import_model(source, plan=planned)
        place.manager.installer.wait_for_installs(PATIENCE)
        assert job.is_settled
        if job.exception is None:
            assert [path.read_bytes() for path in place.installed()] == [LORA]
            assert job.config_out is not None
            place.manager.installer.unconditionally_delete(job.config_out.key)
        else:
            assert isinstance(job.exception, ModelKeepError)
            assert hint_of(job.exception)
            assert place.installed() == []
        # What a server means so is not asked again, nor a fresh address that it refuses.
        if fault not in {"packed", "two lengths", "too long", "expired"}:
            assert job.complete, job.error

    @befallen("one bit", "another file", "packed", "two lengths", "empty")
    def test_always(self, place: Place, fault: str) -> None:
        fields, _ = FAULTS[fault]
        planned = place.manager.installer.plan(place.source())
        place.server.faults = fields
        error = failed(place, install)
        if fault in {"one bit", "another file"}:
            assert isinstance(error, HashMismatchError)
            assert planned.remote is not None
            assert planned.remote.files[0].hashes["sha256"] in str(error)
            assert len(re.findall(r"\b[0-9a-f]{64}\b", str(error))) == 2, "both are named"


class TestCommandLine:
    """All of these rows as people see them."""

    @pytest.mark.parametrize("words", ["install", "install --dry-run", "identify"])
    @pytest.mark.parametrize(
        ("page", "said"),
        [
            (redirect("/round?s=hush"), "it loops"),
            (redirect("file:///etc/passwd"), "not a web address"),
            (login_page(), "login page"),
            (json_error(451, {"message": "The court says no"}), "The court says no"),
            (json_error(401, {"error": "nobody knows you"}), "401"),
        ],
        ids=["circle", "file", "login", "451", "401"],
    )
    @pytest.mark.parametrize("at", [0, 1], ids=["api", "file"])
    @pytest.mark.parametrize("place", SITES, indirect=True)
    def test_each_is_told(self, place: Place, page: Page, said: str, words: str, at: int) -> None:
        place.token()
        place.server.serve("/round", redirect("/round?s=hush"))
        place.server.plant(place.paths[min(at, len(place.paths) - 1)], lambda _: page)
        told = place.environment.program.call(*words.split(), place.text, status=1)
        shown = " ".join(f"{told.out} {told.err}".split())
        assert said in shown
        assert place.site in shown.lower() or SITE_HOST in shown or "Hugging Face" in shown
        assert TOKEN not in shown
        assert "hush" not in shown
        told = place.environment.program.call(*words.split(), "--json", place.text, status=1)
        assert TOKEN not in told.out + told.err
