"""Plain links, as a server here answers for them."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AnyHttpUrl, SecretStr, TypeAdapter, ValidationError

from faults.pages import Page, login_page, redirect, status
from faults.server import HOSTS, FaultServer
from modelkeep.errors import HttpStatusError, NotAModelAnswerError, UnsupportedSourceError
from modelkeep.http.client import Client
from modelkeep.http.options import TransferOptions
from modelkeep.http.urls import is_storable, without_secrets
from modelkeep.sources.link import SITE, URLModelSource
from modelkeep.sources.local import LocalModelSource
from modelkeep.sources.site import RemoteModel, SiteContext

SECRET = "planted-5eCr3t"
BYTES = b"\x10\0\0\0\0\0\0\0" + bytes(2000)
QUICK = TransferOptions(tries=2, backoff_base=0.01, allow_private_hosts=HOSTS[1:])


def look_up(url: str, token: str | None = None, **how: Any) -> RemoteModel:
    return SITE.look_up(
        URLModelSource(url=url, access_token=token), SiteContext(Client(options=QUICK), **how)
    )


class TestSource:
    def test_it_equals_and_sorts_as_its_text(self) -> None:
        text = "https://example.org/get/63006?type=Model&format=SafeTensor"
        source = URLModelSource(url=text)
        assert (source == text, str(source)) == (True, text)
        assert {source: 1}[URLModelSource(url=TypeAdapter(AnyHttpUrl).validate_python(text))] == 1
        assert sorted([source, URLModelSource(url="https://a.org/b")])[1] is source
        assert source != URLModelSource(url=text + "&size=full")
        assert not source.has_secrets

    def test_secrets_are_nowhere(self) -> None:
        url = f"https://me:{SECRET}@example.org/a.safetensors?name=b&token={SECRET}#{SECRET}"
        source = URLModelSource(url=url, access_token=SecretStr(SECRET))
        assert str(source) == "https://example.org/a.safetensors?name=b&token=..."
        for text in (repr(source), str(source), source.model_dump_json(), str(source.model_dump())):
            assert SECRET not in text
        assert (source.url, source.access_token, source.has_secrets) == (url, SECRET, True)
        other = URLModelSource(url=url.replace("b&", "b&sig=1&"))
        assert source != other
        assert source != URLModelSource(
            url=f"https://example.org/a.safetensors?name=b&token=x{SECRET}"
        )

    def test_positional(self) -> None:
        assert URLModelSource("https://a.org/b", SECRET).access_token == SECRET

    @pytest.mark.parametrize(
        "text", [f"ftp://a.org/{SECRET}", SECRET, "https://", "http://[a", None]
    )
    def test_what_is_no_link(self, text: str | None) -> None:
        with pytest.raises(ValidationError) as caught:
            URLModelSource(url=text)
        assert f"input_value='{SECRET}" not in str(caught.value)

    @given(st.text(st.characters(codec="utf-8"), max_size=40))
    def test_what_is_shown_of_a_link_is_plain_or_has_the_mark(self, text: str) -> None:
        shown = without_secrets(f"https://example.org/{text}")
        assert is_storable(shown) or "=..." in shown or "..." in shown
        assert without_secrets(shown) == shown


def test_what_people_paste() -> None:
    assert SITE.parse(" https://a.org/b.gguf ", {}) == "https://a.org/b.gguf"
    assert SITE.parse("org/name", {}) is None
    assert not SITE.owns(LocalModelSource(path="a"))
    with pytest.raises(UnsupportedSourceError, match="not a web address"):
        SITE.parse("https://", {})


def test_the_name_and_the_size_are_asked_for(server: FaultServer) -> None:
    page = Page(BYTES, disposition='attachment; filename="Paper Cut.safetensors"')
    url = server.serve("/get/17", page)
    model = look_up(url)
    [file] = model.files
    assert (model.name, model.is_folder, model.total_bytes) == ("Paper Cut", False, len(BYTES))
    assert (file.url, file.path) == (url, "Paper Cut.safetensors")
    assert model.source == url
    assert [request.range for request in server.requests] == [(0, 511)]


def test_redirects_are_followed_and_the_link_stays_what_is_fetched(server: FaultServer) -> None:
    end = server.serve("/store/style.ckpt", Page(BYTES))
    url = server.serve("/d/9", redirect(end + "?sig=1"))
    [file] = look_up(url).files
    assert (file.url, file.path, file.size) == (url, "style.ckpt", len(BYTES))


def test_a_name_that_would_leave_the_folder_is_not_used(server: FaultServer) -> None:
    url = server.serve("/a.pt", Page(BYTES, disposition='attachment; filename="../../.bashrc"'))
    assert look_up(url).files[0].path == "a.pt"


def test_without_ranges_and_without_a_length(server: FaultServer) -> None:
    assert look_up(server.serve("/a.bin", Page(BYTES, ranges=False))).total_bytes == len(BYTES)
    assert (
        look_up(server.serve("/b.bin", Page(BYTES, ranges=False, chunked=True))).total_bytes is None
    )
    assert look_up(server.serve("/c.bin", Page(b""))).total_bytes == 0


def test_an_injected_session_that_knows_get_alone(server: FaultServer) -> None:
    class Only(requests.Session):
        def head(self, *_: Any, **__: Any) -> Any:
            raise AssertionError("only GET is known")

    url = server.serve("/a.safetensors", Page(BYTES, ranges=False))
    context = SiteContext(Client(Only()))
    assert SITE.look_up(URLModelSource(url=url), context).total_bytes == len(BYTES)
    assert {request.method for request in server.requests} == {"GET"}


def test_pages_are_recognised(server: FaultServer) -> None:
    with pytest.raises(NotAModelAnswerError, match="login page"):
        look_up(server.serve("/a.safetensors", login_page()))
    about = Page(b"<!doctype html><title>About</title>", content_type="text/html")
    with pytest.raises(NotAModelAnswerError, match="a web page") as caught:
        look_up(server.serve("/about", about))
    assert "download button" in caught.value.hint


def test_refusals_are_told_and_passing_ones_tried_again(server: FaultServer) -> None:
    with pytest.raises(HttpStatusError, match="404"):
        look_up(server.serve("/gone.safetensors", status(404)))
    answers = iter([status(503), Page(BYTES)])
    assert look_up(server.serve("/busy.ckpt", lambda _: next(answers))).total_bytes == len(BYTES)


def test_the_token_goes_to_its_own_host_and_into_no_text(server: FaultServer) -> None:
    end = server.serve("/store/a.ckpt", Page(BYTES)).replace(*HOSTS)
    model = look_up(server.serve("/a.ckpt", redirect(end)), SECRET)
    sent = {request.host: request.headers.get("authorization") for request in server.requests}
    assert sent == {"127.0.0.1": f"Bearer {SECRET}", "127.0.0.2": None}
    assert SECRET not in repr(model)
