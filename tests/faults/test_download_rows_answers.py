"""Redirects, tokens, and answers that are no model: explained, and nothing is left lying about."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from faults.pages import Page, Request, in_turn, json_error, login_page, once, redirect
from faults.server import HOSTS, FaultServer
from modelkeep.errors import (
    HashMismatchError,
    HttpStatusError,
    NotAModelAnswerError,
    RedirectRefusedError,
)
from support.downloads import MIB, Fetch, data, left, transfer

SIZE = 300_001
CONTENT = data(SIZE, 1)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PAGE = Page(CONTENT, etag='"v1"')
TOKEN = "hf_verysecret123456789"
BEARER = f"Bearer {TOKEN}"


class _Routed(HTTPAdapter):
    """Takes every host's requests to the fault server, at ``/host/path``."""

    def __init__(self, server: FaultServer) -> None:
        super().__init__()
        self._server = server

    def send(self, request: requests.PreparedRequest, *rest: Any, **named: Any) -> Any:
        address = str(request.url)
        request = request.copy()
        request.url = self._server.url("/" + address.partition("://")[2])
        response = super().send(request, *rest, **named)
        response.url = address
        return response


def _routed(server: FaultServer) -> requests.Session:
    session = requests.Session()
    session.mount("http://", _Routed(server))
    session.mount("https://", _Routed(server))
    return session


# 11: redirects


def test_11_a_loop_is_told_with_its_chain(
    server: FaultServer, tmp_path: Path, fetch: Fetch
) -> None:
    url = server.serve("/a", redirect("/b?X-Signature=hush"))
    server.serve("/b", redirect("/a"))
    outcome = fetch(url, tmp_path / "m.bin")
    error = outcome.failure(RedirectRefusedError)
    assert "/a" in str(error)
    assert "/b" in str(error)
    assert "hush" not in outcome.text
    assert len(server.requests) <= 4
    assert left(tmp_path) == []


@pytest.mark.parametrize(("hops", "fits"), [(10, True), (11, False)])
def test_11_ten_hops_are_followed_and_no_more(
    server: FaultServer, tmp_path: Path, hops: int, fits: bool, fetch: Fetch
) -> None:
    for number in range(hops):
        server.serve(
            f"/{number}", redirect(f"/{number + 1}", [301, 302, 303, 307, 308][number % 5])
        )
    server.serve(f"/{hops}", PAGE)
    outcome = fetch(server.url("/0"), tmp_path / "m.bin")
    if fits:
        assert outcome.file.read_bytes() == CONTENT
    else:
        assert "10" in str(outcome.failure(RedirectRefusedError))
        assert left(tmp_path) == []


@pytest.mark.parametrize(
    "target",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/m",
        "javascript:alert(1)",
        "gopher://127.0.0.1:70/_x",
        "http://",
        "http://[::1",
        "",
    ],
)
def test_11_only_http_addresses_are_followed(
    server: FaultServer, tmp_path: Path, target: str, fetch: Fetch
) -> None:
    url = server.serve("/m", redirect(target))
    outcome = fetch(url, tmp_path / "m.bin")
    assert "/m" in str(outcome.failure(RedirectRefusedError))
    assert len(server.requests) == 1
    assert left(tmp_path) == []


def test_11_a_redirect_never_leaves_https(
    server: FaultServer, tmp_path: Path, fetch: Fetch
) -> None:
    server.serve("/models.example/m", redirect("http://models.example/plain?token=hush"))
    server.serve("/models.example/plain", PAGE)
    with _routed(server) as session:
        outcome = fetch("https://models.example/m", tmp_path / "m.bin", session=session)
    error = outcome.failure(RedirectRefusedError)
    assert "models.example" in str(error)
    assert "hush" not in outcome.text
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1/m",
        "http://10.0.0.5/m",
        "http://[::1]/m",
        "http://169.254.169.254/latest",
        "http://[::ffff:127.0.0.1]/m",
        "http://0.0.0.0/m",
    ],
)
def test_11_a_public_host_cannot_send_into_the_private_network(
    server: FaultServer, tmp_path: Path, target: str, fetch: Fetch
) -> None:
    server.serve("/models.example/m", redirect(target))
    server.serve(f"/{target.split('/')[2]}/m", PAGE)
    with _routed(server) as session:
        outcome = fetch("http://models.example/m", tmp_path / "m.bin", session=session)
    assert "models.example" in str(outcome.failure(RedirectRefusedError))
    assert len(server.requests) == 1
    assert left(tmp_path) == []


@pytest.mark.parametrize("allowed", [(), ("127.0.0.3", "10.0.0.0/8")])
def test_11_a_private_host_cannot_send_to_another_one(
    server: FaultServer, tmp_path: Path, allowed: tuple[str, ...], fetch: Fetch
) -> None:
    server.serve("/there", PAGE)
    url = server.serve("/m", redirect(server.url("/there", HOSTS[1])))
    outcome = fetch(url, tmp_path / "m.bin", allow_private_hosts=allowed)
    error = outcome.failure(RedirectRefusedError)
    assert "/there" in str(error)
    assert f"add {HOSTS[1]} to the setting allow_private_hosts" in error.hint
    assert len(server.requests) == 1
    assert left(tmp_path) == []


@pytest.mark.parametrize("allowed", [HOSTS[1:], ("127.0.0.0/8",)])
def test_11_a_redirect_to_a_listed_host_is_followed(
    server: FaultServer, tmp_path: Path, allowed: tuple[str, ...], fetch: Fetch
) -> None:
    server.serve("/there", PAGE)
    url = server.serve("/m", redirect(server.url("/there", HOSTS[1])))
    outcome = fetch(url, tmp_path / "m.bin", allow_private_hosts=allowed)
    assert outcome.file.read_bytes() == CONTENT
    assert [request.host for request in server.requests] == list(HOSTS)


# 12: tokens


def test_12_a_token_stays_with_its_host(server: FaultServer, tmp_path: Path, fetch: Fetch) -> None:
    server.serve("/there", redirect("/blob"))
    server.serve("/blob", once(PAGE.but(cut_at=1000), PAGE))
    url = server.serve("/m", redirect("/again", 307))
    server.serve("/again", redirect(server.url("/there", HOSTS[1])))
    outcome = fetch(url, tmp_path / "m.bin", token=TOKEN)
    assert outcome.file.read_bytes() == CONTENT
    for request in server.requests:
        is_first_host = request.host == HOSTS[0]
        assert request.headers.get("authorization") == (BEARER if is_first_host else None)
        assert TOKEN not in request.query
    assert TOKEN not in outcome.text


def test_12_a_token_does_not_come_back_on_another_port(
    server: FaultServer, tmp_path: Path, fetch: Fetch
) -> None:
    with FaultServer() as other:
        other.serve("/there", PAGE)
        url = server.serve("/m", redirect(other.url("/there")))
        fetch(url, tmp_path / "m.bin", token=TOKEN)
        assert "authorization" not in other.requests[0].headers
    assert server.requests[0].headers["authorization"] == BEARER


def test_12_an_alias_gets_the_token_only_by_list(server: FaultServer, tmp_path: Path) -> None:
    server.serve("/there", PAGE.but(token=BEARER))
    url = server.serve("/m", redirect(server.url("/there", HOSTS[1])))
    refused = transfer(url, tmp_path / "m.bin", token=TOKEN)
    assert "401" in str(refused.failure(HttpStatusError))
    alias = server.url("", HOSTS[1])
    outcome = transfer(url, tmp_path / "m.bin", token=TOKEN, aliases=[alias])
    assert outcome.file.read_bytes() == CONTENT


def test_12_a_token_is_in_no_file_and_no_message(
    server: FaultServer, tmp_path: Path, fetch: Fetch
) -> None:
    page = PAGE.but(body=data(3 * MIB, 1), token=BEARER)
    server.serve("/blob", page.but(cut_at=MIB, token=None), page.but(cut_after=0, token=None))
    url = server.serve("/m", redirect("/blob?X-Signature=hush"))
    outcome = fetch(url, tmp_path / "m.bin", token=TOKEN, tries=2)
    assert outcome.error is not None
    for name in left(tmp_path):
        content = (tmp_path / name).read_bytes()
        assert TOKEN.encode() not in content
        assert b"hush" not in content
    assert TOKEN not in outcome.text
    assert "hush" not in outcome.text


# signed addresses


def test_12_an_address_that_expired_is_asked_for_anew(
    server: FaultServer, tmp_path: Path, fetch: Fetch
) -> None:
    url, signed = server.serve_signed("/m", PAGE)
    uses = iter([PAGE.but(cut_at=SIZE // 2)])

    def blob(request: Request) -> Page:
        good = signed.blob(request)
        return next(uses, PAGE) if good is PAGE else good

    server.serve("/blob/m", blob)
    outcome = fetch(url, tmp_path / "m.bin")
    assert outcome.file.read_bytes() == CONTENT
    assert signed.given == 2
    assert server.sent < SIZE + 1000
    assert left(tmp_path) == ["m.bin"]


def test_12_addresses_that_last_are_used_by_all_connections(
    server: FaultServer, tmp_path: Path, fetch: Fetch
) -> None:
    content = data(8 * MIB, 4)
    url, signed = server.serve_signed("/m", Page(content, etag='"v1"', rate=4e6), uses=None)
    outcome = fetch(url, tmp_path / "m.bin", segments=8)
    assert outcome.file.read_bytes() == content
    assert server.most_parallel["/blob/m"] > 2
    assert signed.given == 1


def test_12_addresses_good_for_one_request_still_bring_the_file(
    server: FaultServer, tmp_path: Path, fetch: Fetch
) -> None:
    content = data(8 * MIB, 4)
    url, _ = server.serve_signed("/m", Page(content, etag='"v1"', rate=8e6), uses=1)
    assert fetch(url, tmp_path / "m.bin", segments=8).file.read_bytes() == content


def test_15_ranges_beyond_a_limit_fall_back_to_one_connection(
    server: FaultServer, tmp_path: Path
) -> None:
    content = data(8 * MIB, 4)
    url = server.serve("/m", Page(content, etag='"v1"', rate=8e6, parallel=1))
    outcome = transfer(url, tmp_path / "m.bin", segments=8, backoff_base=0.1, backoff_cap=0.2)
    assert outcome.file.read_bytes() == content
    assert any("1 connection" in state.note for state in outcome.states)
    refused = [request for request in server.requests if request.status == 403]
    # Seven are opened at once; a few more meet a place that the server has not given free yet.
    assert 1 <= len(refused) <= 12
    assert server.sent < 1.1 * len(content) + MIB


# 13: a page in place of a model


@pytest.mark.parametrize(
    "page",
    [
        login_page(),
        login_page("application/octet-stream"),
        login_page("application/octet-stream").but(lengths=()),
        Page(b'{"error": "Unauthorized"}', content_type="application/json; charset=utf-8"),
        Page(b"  \n<html><body>Please log in</body></html>", content_type="text/plain"),
    ],
    ids=["html", "html-as-bytes", "html-without-length", "json", "html-as-text"],
)
def test_13_a_page_in_place_of_a_model_is_explained(
    server: FaultServer, tmp_path: Path, page: Page, fetch: Fetch
) -> None:
    outcome = fetch(server.serve("/m", page), tmp_path / "m.safetensors")
    error = outcome.failure(NotAModelAnswerError)
    assert "127.0.0.1" in str(error)
    assert "token" in error.hint
    assert len(server.requests) == 1
    assert left(tmp_path) == []


def test_13_a_login_behind_a_redirect_is_explained(
    server: FaultServer, tmp_path: Path, fetch: Fetch
) -> None:
    url = server.serve("/api/download/models/1", redirect("/login?returnUrl=x"))
    server.serve("/login", login_page())
    error = fetch(url, tmp_path / "m.safetensors").failure(NotAModelAnswerError)
    assert "login" in str(error).lower()
    assert left(tmp_path) == []


def test_13_a_page_or_a_config_that_was_asked_for_is_fetched(
    server: FaultServer, tmp_path: Path, fetch: Fetch
) -> None:
    config = Page(b'{"model_type": "t5"}', content_type="application/json")
    url = server.serve("/config.json", config)
    assert fetch(url, tmp_path / "config.json").file.read_bytes() == config.body
    url = server.serve("/readme.html", login_page())
    assert fetch(url, tmp_path / "readme.html").error is None


# 14: wrong bytes


def test_14_one_flipped_byte_is_found_and_fetched_again(
    server: FaultServer, tmp_path: Path, fetch: Fetch
) -> None:
    url = server.serve("/m", once(PAGE.but(flip=SIZE // 2), PAGE))
    outcome = fetch(url, tmp_path / "m.bin", sha256=SHA256)
    assert outcome.file.read_bytes() == CONTENT
    assert outcome.verified
    assert [request.range for request in server.requests] == [None, None]


def test_14_bytes_that_stay_wrong_are_put_aside_and_both_hashes_named(
    server: FaultServer, tmp_path: Path, fetch: Fetch
) -> None:
    wrong = bytearray(CONTENT)
    wrong[SIZE // 2] ^= 0xFF
    url = server.serve("/m", PAGE.but(flip=SIZE // 2))
    error = fetch(url, tmp_path / "m.bin", sha256=SHA256).failure(HashMismatchError)
    assert SHA256 in str(error)
    assert hashlib.sha256(wrong).hexdigest() in str(error)
    assert error.hint
    assert len(server.requests) == 2
    assert not (tmp_path / "m.bin").exists()
    assert [name for name in left(tmp_path) if "quarantine" not in name] == []
    assert any((tmp_path / name).read_bytes() == wrong for name in left(tmp_path))


def test_14_an_existing_file_is_never_overwritten(
    server: FaultServer, tmp_path: Path, fetch: Fetch
) -> None:
    (tmp_path / "m.bin").write_bytes(b"mine")
    fetch(server.serve("/m", PAGE), tmp_path / "m.bin")
    assert (tmp_path / "m.bin").read_bytes() == b"mine"


# 15: refusals


@pytest.mark.parametrize("code", [401, 403, 404, 410, 451])
def test_15_a_refusal_is_passed_on_with_its_message(
    server: FaultServer, tmp_path: Path, code: int, fetch: Fetch
) -> None:
    url = server.serve("/m", json_error(code, {"message": "Early access until May"}))
    outcome = fetch(url, tmp_path / "m.bin", token=TOKEN)
    error = outcome.failure(HttpStatusError)
    assert str(code) in str(error)
    assert "127.0.0.1" in str(error)
    assert "Early access until May" in str(error)
    assert ("token" in error.hint) == (code in {401, 403})
    assert TOKEN not in outcome.text
    assert isinstance(error.__cause__, requests.exceptions.HTTPError)
    assert len(server.requests) == 1
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    "body",
    [
        b"x" * 10_000_000,
        b'{"message": "' + b"y" * 1_000_000 + b'"}',
        b"\xff\xfe\x00not text",
        b"[" * 100_000,
        b'{"message": {"deep": [1, 2]}}',
        b'{"message": "\\u001b[2Jcleared \\u202egnp"}',
        b"",
    ],
    ids=["long", "long-json", "binary", "deep", "odd", "control-characters", "empty"],
)
def test_15_a_refusal_stays_short_and_printable(
    server: FaultServer, tmp_path: Path, body: bytes, fetch: Fetch
) -> None:
    page = Page(body, 404, ranges=False, content_type="application/json")
    error = fetch(server.serve("/m", page), tmp_path / "m.bin").failure(HttpStatusError)
    assert len(str(error)) < 2000
    assert str(error).replace("\n", "").isprintable()
    assert "404" in str(error)


def test_15_a_token_that_the_body_repeats_is_not_shown(
    server: FaultServer, tmp_path: Path, fetch: Fetch
) -> None:
    url = server.serve("/m", in_turn(json_error(403, {"message": f"bad token {TOKEN}"})))
    assert TOKEN not in fetch(url, tmp_path / "m.bin", token=TOKEN).text
