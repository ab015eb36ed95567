"""Sites under their own names, behind a session that was given: rows 11 and 12 on the way out."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from requests.adapters import BaseAdapter

from faults.pages import Page, Request, redirect
from faults.places import FILE, REPO, TOKEN, LinkServer, lora_model
from modelkeep.errors import RedirectRefusedError, hint_of
from modelkeep.http.client import Client
from modelkeep.http.options import TransferOptions
from modelkeep.install.identify_remote import identify_remote_model
from modelkeep.sources.registry import sites as all_sites
from modelkeep.sources.site import SiteContext
from modelkeep.sources.sites import Sites
from sites.civitai import CivitaiServer
from sites.hub import Account, HubServer
from sites.modelscope import ModelScopeServer
from sites.server import SiteServer

OPTIONS = TransferOptions(tries=1)
HOSTS = {
    "huggingface": "huggingface.co",
    "civitai": "civitai.com",
    "modelscope": "modelscope.cn",
    "link": "files.example",
}
TEXTS = {
    "huggingface": REPO,
    "civitai": "civitai:11@21",
    "modelscope": f"ms:{REPO}",
    "link": f"https://files.example/files/{FILE}",
}
SITES = ("huggingface", "civitai", "modelscope", "link")


class World(BaseAdapter):
    """All public hosts in one: each answers as one site, once it was not told otherwise.

    Attributes:
        seen: Requests in their order.
        planted: Answers a request in place of the site, or None.
    """

    def __init__(self, server: SiteServer) -> None:
        super().__init__()
        self._server = server
        self.seen: list[Request] = []
        self.planted: Callable[[Request], Page | None] = lambda _: None

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Answer without a connection."""
        parts = urlsplit(str(request.url))
        headers = {name.lower(): str(value) for name, value in request.headers.items()}
        method = str(request.method)
        asked = Request(
            len(self.seen), 0, parts.netloc, method, parts.path, parts.query, headers
        )  # fmt: skip
        self.seen.append(asked)
        page = self.planted(asked) or self._server.answer(asked)
        response = requests.Response()
        response.status_code = page.status or 200
        response.headers.update({"Content-Type": page.content_type, **dict(page.headers)})
        response.headers["Content-Length"] = str(len(page.body))
        response.raw = io.BytesIO(page.body)
        response.url, response.request = str(request.url), request
        return response

    def close(self) -> None:
        """Have nothing to close."""

    @property
    def hosts(self) -> list[str]:
        """Who was asked, in order and once each."""
        return list(dict.fromkeys(request.host for request in self.seen))


@pytest.fixture
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.delenv("TRANSFORMERS_OFFLINE", raising=False)
    content = lora_model().versions[0].files[0].content
    server: SiteServer
    match request.param:
        case "huggingface":
            server = hub = HubServer()
            hub.add(REPO, {FILE: content})
            hub.accounts[TOKEN] = Account()
        case "civitai":
            server = civitai = CivitaiServer()
            civitai.add(lora_model())
            civitai.tokens.add(TOKEN)
        case "modelscope":
            server = scope = ModelScopeServer()
            scope.add(REPO, {FILE: content})
        case _:
            server = LinkServer()
    with server:
        yield World(server)


@pytest.fixture
def session(world: World) -> Iterator[requests.Session]:
    with requests.Session() as made:
        made.trust_env = False
        made.adapters.clear()
        made.mount("https://", world)
        made.mount("http://", world)
        yield made


def ask(session: requests.Session, site: str, *, for_file: bool, token: str | None = None) -> None:
    sites = Sites(all_sites(), SiteContext(Client(session, OPTIONS), caches=False))
    remote = sites.look_up(sites.parse(TEXTS[site], token=token))
    if for_file:
        identify_remote_model(remote, sites.context.client)


def is_file(request: Request) -> bool:
    return any(part in request.path for part in ("/resolve/", "/download/", "/files/paper"))


PRIVATE = [
    "http://{host}/x?s=hush",
    "https://127.0.0.1/x?s=hush",
    "https://169.254.169.254/latest/meta-data/?s=hush",
    "https://[::1]/x?s=hush",
    "https://[::ffff:10.0.0.1]/x?s=hush",
    "https://2130706433/x?s=hush",
    "https://0x7f.1/x?s=hush",
    "https://localhost/x?s=hush",
    "https://printer.local/x?s=hush",
    "https://10.1.2.3:8443/x?s=hush",
]


@pytest.mark.parametrize("for_file", [False, True], ids=["api", "file"])
@pytest.mark.parametrize("location", PRIVATE)
@pytest.mark.parametrize("world", SITES, indirect=True)
def test_nothing_public_leads_inside_or_out_of_the_encryption(
    world: World, session: requests.Session, request: pytest.FixtureRequest, location: str,
    *, for_file: bool,
) -> None:  # fmt: skip
    site = request.node.callspec.params["world"]
    target = location.format(host=HOSTS[site])
    is_wanted = for_file or site == "link"
    world.planted = lambda asked: redirect(target) if is_file(asked) == is_wanted else None
    with pytest.raises(RedirectRefusedError) as caught:
        ask(session, site, for_file=for_file)
    text = str(caught.value)
    assert ("from HTTPS to HTTP" if target.startswith("http:") else "private network") in text
    assert HOSTS[site] in text
    assert "hush" not in text + hint_of(caught.value)
    assert world.hosts == [HOSTS[site]], "nobody else was asked"


OTHERS = [
    ("huggingface", "hf.co", True),
    ("huggingface", "huggingface.co.evil.example", False),
    ("huggingface", "evil.example", False),
    ("huggingface", "huggingface.co:8443", False),
    ("civitai", "civitai.red", True),
    ("civitai", "civitai.com.evil.example", False),
    ("civitai", "evil-civitai.com", False),
    ("modelscope", "evil.example", False),
    ("modelscope", "modelscope.cn.evil.example", False),
    ("link", "evil.example", False),
    ("link", "www.files.example", False),
]


@pytest.mark.parametrize("for_file", [False, True], ids=["api", "file"])
@pytest.mark.parametrize(("world", "other", "sees"), OTHERS, indirect=["world"])
def test_only_hosts_of_the_list_see_the_token(
    world: World, session: requests.Session, request: pytest.FixtureRequest, other: str,
    *, sees: bool, for_file: bool,
) -> None:  # fmt: skip
    site = request.node.callspec.params["world"]
    content = Page(lora_model().versions[0].files[0].content)

    def send_on(asked: Request) -> Page | None:
        is_wanted = is_file(asked) == (for_file or site == "link")
        if asked.host == HOSTS[site] and is_wanted:
            return redirect(f"https://{other}{asked.path}?{asked.query}", 307)
        return content if is_file(asked) else None

    world.planted = send_on
    ask(session, site, for_file=for_file, token=TOKEN)
    seen = {
        host: {TOKEN in f"{each.headers} {each.query}" for each in world.seen if each.host == host}
        for host in (HOSTS[site], other)
    }
    assert seen == {HOSTS[site]: {True}, other: {sees}}
