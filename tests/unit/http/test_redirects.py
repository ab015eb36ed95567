"""Asking through redirects: where they may lead, and who sees what."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from faults.pages import Page, json_error, once, redirect, status
from faults.server import HOSTS, FaultServer
from modelkeep.errors import (
    AddressRefusedError,
    ConnectionFailedError,
    DownloadJobCancelledException,
    HttpStatusError,
    ProtocolError,
    RedirectRefusedError,
    UnsupportedSourceError,
)
from modelkeep.http.addresses import is_public
from modelkeep.http.options import TransferOptions
from modelkeep.http.redirects import HttpResponse, open_url
from modelkeep.http.request import HttpRequest
from modelkeep.http.session import Transport, make_session
from modelkeep.http.urls import Token, origin_of
from support.waiting import FOREVER, PATIENCE

CONTENT = bytes(range(256)) * 40
PAGE = Page(CONTENT, etag='"v1"')
SHORT = TransferOptions(
    connect_timeout=5, first_byte_timeout=5, idle_timeout=5, allow_private_hosts=HOSTS[1:]
)


def wanted() -> bool:
    return False


@contextmanager
def opened(
    what: str | HttpRequest, options: TransferOptions = SHORT, **named: Any
) -> Iterator[HttpResponse]:
    asked = what if isinstance(what, HttpRequest) else HttpRequest(what)
    named.setdefault("cancelled", wanted)
    with closing(make_session(options)) as own:
        answer = open_url(Transport(own), asked, options=options, **named)
        with closing(answer):
            yield answer


def body(answer: HttpResponse) -> bytes:
    data: bytes = answer.response.raw.read()
    return data


def test_a_file_and_a_part_of_it(server: FaultServer) -> None:
    url = server.serve("/m", PAGE)
    with opened(url) as answer:
        assert body(answer) == CONTENT
        assert (answer.url, answer.chain, answer.was_refreshed) == (url, (url,), False)
    with opened(url, byte_range=(10, 19), if_range='"v1"') as answer:
        assert body(answer) == CONTENT[10:20]
        assert (answer.head.start, answer.head.total) == (10, len(CONTENT))
    with opened(url, byte_range=(10, None)) as answer:
        assert body(answer) == CONTENT[10:]
    with opened(url, byte_range=(10**6, None)) as answer:
        assert (answer.head.status, answer.head.total) == (416, len(CONTENT))
    sent = server.requests[1].headers
    assert sent["range"] == "bytes=10-19"
    assert sent["if-range"] == '"v1"'
    assert sent["accept-encoding"] == "identity"
    assert sent["user-agent"].startswith("modelkeep/")
    assert "cookie" not in sent


def test_connections_are_used_again_also_after_redirects(server: FaultServer) -> None:
    server.serve("/m", PAGE)
    url = server.serve("/r", redirect("/m"))
    with closing(make_session(SHORT)) as own:
        for _ in range(3):
            answer = open_url(Transport(own), HttpRequest(url), options=SHORT, cancelled=wanted)
            assert body(answer) == CONTENT
            answer.close()
    assert server.connections == 1
    assert len(server.requests) == 6


def test_a_name_in_utf8_is_followed(server: FaultServer) -> None:
    server.serve("/m%C3%BCll", PAGE)
    with opened(server.serve("/r", redirect("/m\xc3\xbcll"))) as answer:
        assert body(answer) == CONTENT


def test_ten_redirects_are_followed_and_no_more(server: FaultServer) -> None:
    for number in range(12):
        server.serve(f"/{number}", redirect(f"/{number + 1}?s=hush"))
    server.serve("/12", PAGE)
    with opened(server.url("/2")) as answer:
        assert body(answer) == CONTENT
    with (
        pytest.raises(RedirectRefusedError, match="more than 10") as refused,
        opened(server.url("/1")),
    ):
        pass
    assert "hush" not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("/a?s=hush", "it loops"),
        ("file:///etc/passwd", "not a web address"),
        ("data:text/plain,hush", "not a web address"),
        ("//", "it loops"),
        ("http://[::1", "not a web address"),
        ("", "no address"),
    ],
)
def test_redirects_that_lead_nowhere(server: FaultServer, location: str, why: str) -> None:
    url = server.serve("/a", redirect(location))
    with pytest.raises(RedirectRefusedError, match=why) as refused, opened(url + "?s=hush"):
        pass
    assert "/a" in str(refused.value)
    assert "hush" not in str(refused.value).replace("text/plain,hush", "")


def test_a_first_address_has_to_be_one_of_the_web() -> None:
    for url in ("file:///etc/passwd", "m.safetensors", "http://", ""):
        with pytest.raises(UnsupportedSourceError), opened(url):
            pass


# who sees the token


def told(server: FaultServer, name: str) -> list[str | None]:
    return [request.headers.get(name) for request in server.requests]


def test_a_token_stays_with_its_origin(server: FaultServer) -> None:
    server.serve("/there", redirect(server.url("/home")), host=HOSTS[1])
    server.serve("/home", PAGE)
    url = server.serve("/m", redirect(server.url("/there", HOSTS[1])))
    with opened(HttpRequest(url, token=Token("hush", origin_of(url)))) as answer:
        assert body(answer) == CONTENT
        assert "hush" not in repr(answer)
    assert told(server, "authorization") == ["Bearer hush", None, "Bearer hush"]


def test_a_token_goes_to_aliases_by_list_alone(server: FaultServer) -> None:
    server.serve("/there", PAGE)
    url = server.serve("/m", redirect(server.url("/there", HOSTS[1])))
    alias = frozenset({origin_of(server.url("", HOSTS[1]))})
    with opened(HttpRequest(url, token=Token("hush", origin_of(url)), aliases=alias)):
        assert told(server, "authorization") == ["Bearer hush", "Bearer hush"]


def test_another_port_is_another_origin(server: FaultServer) -> None:
    with FaultServer() as other:
        url = server.serve("/m", redirect(other.serve("/there", PAGE)))
        with opened(HttpRequest(url, token=Token("hush", origin_of(url)))):
            assert told(other, "authorization") == [None]


def test_secret_headers_stay_too_and_plain_ones_go_along(server: FaultServer) -> None:
    server.serve("/there", PAGE)
    url = server.serve("/m", redirect(server.url("/there", HOSTS[1])))
    headers = {
        "Cookie": "hush",
        "X-Api-Key": "hush",
        "Referer": "https://a.example/",
        "Range": "bytes=1-2",
    }
    with opened(HttpRequest(url, headers)):
        assert told(server, "cookie") == ["hush", None]
        assert told(server, "x-api-key") == ["hush", None]
        assert told(server, "referer") == ["https://a.example/"] * 2
        assert told(server, "range") == [None, None]


def test_a_login_in_the_address_stays_with_it(server: FaultServer) -> None:
    server.serve("/there", PAGE)
    target = server.url("/there").replace("//", "//evil:login@")
    url = server.serve("/m", redirect(target)).replace("//", "//me:hu%40sh@")
    with opened(url) as answer:
        assert told(server, "authorization") == ["Basic bWU6aHVAc2g=", None]
        assert "hu%40sh" not in "".join(answer.chain)


def test_cookies_are_not_kept(server: FaultServer) -> None:
    server.serve("/there", PAGE)
    url = server.serve("/m", status(302, ("Location", "/there"), ("Set-Cookie", "a=b; Path=/")))
    with opened(url):
        assert told(server, "cookie") == [None, None]


# private addresses


class Names:
    """A resolver of made-up names, which all lead to the fault server in the end."""

    def __init__(self, **known: list[str]) -> None:
        self.known = known

    def __call__(self, host: str, port: int) -> list[Any]:
        return [(2, 1, 6, "", (address, port)) for address in self.known.get(host, [host])]


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let 127.0.0.2 count as a public address."""
    monkeypatch.setattr(
        "modelkeep.http.addresses.is_public",
        lambda address: str(address) == HOSTS[1] or is_public(address),
    )


def ask_names(
    names: Names, url: str, *, public_only: bool = False, **options: Any
) -> tuple[int, bytes]:
    chosen = TransferOptions(connect_timeout=5, first_byte_timeout=5, idle_timeout=5, **options)
    with closing(make_session(chosen, resolver=names)) as own:
        answer = open_url(
            Transport(own),
            HttpRequest(url, public_only=public_only),
            options=chosen,
            cancelled=wanted,
        )
        with closing(answer):
            return answer.head.status, body(answer)


@pytest.mark.usefixtures("public")
def test_a_public_host_may_not_send_into_the_private_network(server: FaultServer) -> None:
    names = Names(web=[HOSTS[1]], inside=[HOSTS[0]])
    server.serve("/m", redirect(f"http://inside:{server.port}/x"))
    server.serve("/x", PAGE)
    with pytest.raises(RedirectRefusedError, match="private network") as refused:
        ask_names(names, f"http://web:{server.port}/m")
    assert "inside" in str(refused.value)
    assert "allow_private_hosts" in refused.value.hint
    assert len(server.requests) == 1
    url = f"http://web:{server.port}/m"
    assert ask_names(names, url, allow_private_hosts=("inside",)) == (200, CONTENT)
    assert ask_names(names, url, allow_private_hosts=("127.0.0.1/32",)) == (200, CONTENT)


@pytest.mark.usefixtures("public")
def test_once_public_always_public(server: FaultServer) -> None:
    names = Names(web=[HOSTS[1]], other=[HOSTS[1]], inside=[HOSTS[0]])
    server.serve("/a", redirect(f"http://web:{server.port}/b"))
    server.serve("/b", redirect(f"http://other:{server.port}/c"))
    server.serve("/c", redirect(f"http://inside:{server.port}/d"))
    with pytest.raises(RedirectRefusedError):
        ask_names(names, f"http://inside:{server.port}/a")
    assert [request.path for request in server.requests] == ["/a", "/b", "/c"]


def test_who_names_a_private_host_has_named_no_other(server: FaultServer) -> None:
    names = Names(inside=[HOSTS[0]], further=[HOSTS[0]])
    server.serve("/x", PAGE)
    for target in (f"http://further:{server.port}/x", server.url("/x", HOSTS[1])):
        server.serve("/m", redirect(target))
        with pytest.raises(RedirectRefusedError, match="private network") as refused:
            ask_names(names, f"http://inside:{server.port}/m")
        assert target in str(refused.value)
        assert "allow_private_hosts" in refused.value.hint
    assert {request.path for request in server.requests} == {"/m"}
    url = f"http://inside:{server.port}/m"
    assert ask_names(names, url, allow_private_hosts=("further", HOSTS[1])) == (200, CONTENT)


@pytest.mark.parametrize(
    ("named", "target"), [("localhost", "127.0.0.1"), ("127.0.0.1", "localhost")]
)
def test_this_machine_has_several_names(server: FaultServer, named: str, target: str) -> None:
    server.serve("/x", PAGE)
    server.serve("/m", redirect(f"http://{target}:{server.port}/x"))
    names = Names(localhost=[HOSTS[0]])
    assert ask_names(names, f"http://{named}:{server.port}/m") == (200, CONTENT)


def test_a_private_host_may_send_to_itself_and_back_from_one_that_is_listed(
    server: FaultServer,
) -> None:
    with FaultServer() as other:
        names = Names(inside=[HOSTS[0]], listed=[HOSTS[0]])
        server.serve("/a", redirect(f"http://inside:{other.port}/b"))
        other.serve("/b", redirect(f"http://listed:{server.port}/c"))
        server.serve("/c", redirect(f"http://inside:{server.port}/d"))
        server.serve("/d", PAGE)
        url = f"http://inside:{server.port}/a"
        assert ask_names(names, url, allow_private_hosts=("listed",)) == (200, CONTENT)


@pytest.mark.usefixtures("public")
def test_only_the_public_addresses_of_a_mixed_host_are_used(server: FaultServer) -> None:
    names = Names(web=[HOSTS[1]], mixed=[HOSTS[0], HOSTS[1]])
    server.serve("/m", redirect(f"http://mixed:{server.port}/x"))
    server.serve("/x", PAGE)
    assert ask_names(names, f"http://web:{server.port}/m") == (200, CONTENT)
    assert [request.host for request in server.requests] == [HOSTS[1]] * 2


@pytest.mark.usefixtures("public")
def test_a_connection_made_for_a_person_is_not_used_for_a_redirect(server: FaultServer) -> None:
    names = Names(web=[HOSTS[1]], inside=[HOSTS[0]])
    server.serve("/x", PAGE)
    url = server.serve("/m", redirect(f"http://inside:{server.port}/x"))
    with closing(make_session(SHORT, resolver=names)) as own:
        sender = Transport(own)
        inside = HttpRequest(f"http://inside:{server.port}/x")
        answer = open_url(sender, inside, options=SHORT, cancelled=wanted)
        assert body(answer) == CONTENT
        answer.close()
        with pytest.raises(RedirectRefusedError):
            open_url(
                sender,
                HttpRequest(url.replace(HOSTS[0], "web")),
                options=SHORT,
                cancelled=wanted,
            )


def test_an_address_from_elsewhere_may_not_be_private(server: FaultServer) -> None:
    server.serve("/x", PAGE)
    names = Names(inside=[HOSTS[0]])
    for host in ("inside", HOSTS[0], "localhost"):
        with pytest.raises(AddressRefusedError, match=r"private network|to the port"):
            ask_names(names, f"http://{host}:{server.port}/x", public_only=True)
    assert server.requests == []


def test_the_next_address_is_tried_when_one_does_not_answer(server: FaultServer) -> None:
    server.serve("/x", PAGE)
    names = Names(web=["127.0.0.9", HOSTS[0]])
    assert ask_names(names, f"http://web:{server.port}/x") == (200, CONTENT)


# addresses that expire


def test_the_last_address_is_asked_again_without_its_redirects(server: FaultServer) -> None:
    url, signed = server.serve_signed("/m", PAGE, uses=2)
    with closing(make_session(SHORT)) as own:
        sender = Transport(own)
        asked = HttpRequest(url)
        urls = []
        refreshed = []
        last: str | None = None
        for _ in range(3):
            answer = open_url(sender, asked, options=SHORT, cancelled=wanted, url=last)
            assert body(answer) == CONTENT
            last = answer.url
            urls.append(last)
            refreshed.append(answer.was_refreshed)
            answer.close()
    assert refreshed == [False, False, True]
    assert urls[0] == urls[1] != urls[2]
    assert signed.given == 2


def test_a_shortcut_that_fails_otherwise_is_an_error(server: FaultServer) -> None:
    url = server.serve("/m", PAGE)
    last = server.serve("/last", status(503))
    with pytest.raises(HttpStatusError, match="503"), opened(url, url=last):
        pass


# refusals


def test_a_refusal_says_what_the_server_said(server: FaultServer) -> None:
    url = server.serve("/m", json_error(403, {"message": "hush is not a good token"}))
    asked = HttpRequest(url + "?sig=hidden", token=Token("hush", origin_of(url)))
    with pytest.raises(HttpStatusError) as refused, opened(asked):
        pass
    error = refused.value
    text = "".join(traceback.format_exception(error)) + error.hint
    assert (error.status, error.reason, error.retry_after) == (403, "Forbidden", None)
    assert "... is not a good token" in text
    assert "requests.exceptions.HTTPError: Forbidden" in text
    assert "hush" not in text
    assert "hidden" not in text


def test_a_refusal_with_a_body_that_never_ends_is_told_soon(
    server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modelkeep.http.redirects._SIDE_BODY_TIME", 0.2)
    page = json_error(404, "x" * 100).but(stall_after=10, stall=FOREVER)
    with pytest.raises(HttpStatusError, match="404"), opened(server.serve("/m", page)):
        pass


def test_a_wait_that_is_asked_for_is_passed_on(server: FaultServer) -> None:
    page = status(429, ("Retry-After", "99999"))
    with pytest.raises(HttpStatusError) as refused, opened(server.serve("/m", page)):
        pass
    assert refused.value.retry_after == 600


@pytest.mark.parametrize(
    "page",
    [
        PAGE.but(lengths=("7", "8")),
        PAGE.but(lengths=("-7",)),
        PAGE.but(gzipped=True),
        status(204),
        Page(CONTENT, 206, content_range="bytes 5-9/10"),
    ],
)
def test_heads_that_contradict_themselves(server: FaultServer, page: Page) -> None:
    with pytest.raises(ProtocolError, match="/m"), opened(server.serve("/m", page)):
        pass


# connections that fail


def test_odd_heads_put_no_secret_into_a_log(
    server: FaultServer, caplog: pytest.LogCaptureFixture
) -> None:
    page = Page(raw=b"HTTP/1.1 200 OK\r\n folded\r\nContent-Length: 3\r\n\r\nabc")
    with opened(server.serve("/m", page) + "?sig=hush") as answer:
        assert body(answer) == b"abc"
    assert "hush" not in " ".join(
        each.getMessage() for each in caplog.records if each.levelno > logging.DEBUG
    )


@pytest.mark.parametrize(
    "page",
    [
        Page(raw=b""),
        Page(raw=b"no http\r\n\r\n"),
        Page(raw=b"HTTP/1.1 200 OK\r\nA: "),
        Page(raw=b"HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 5\r\n"),
        Page(raw=b"HTTP/1.1 200 OK\r\nno header\r\nContent-Length: 5\r\n\r\nabc"),
        Page(raw=b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n"),
    ],
)
def test_broken_heads(server: FaultServer, page: Page) -> None:
    url = server.serve("/m", page) + "?sig=hush"
    with pytest.raises(ConnectionFailedError, match=r"127\.0\.0\.1") as failed, opened(url):
        pass
    assert "hush" not in "".join(traceback.format_exception(failed.value))
    assert not failed.value.is_lasting


def test_a_refused_connection_names_no_secret() -> None:
    url = "http://127.0.0.1:1/m?sig=hush"
    with pytest.raises(ConnectionFailedError, match="refused") as failed, opened(url):
        pass
    assert "hush" not in "".join(traceback.format_exception(failed.value))


@pytest.mark.parametrize(
    ("page", "first_byte"),
    [(PAGE.but(wait=FOREVER), 0.2), (PAGE.but(head_rate=100), 0.4)],
    ids=["no-head", "head-byte-by-byte"],
)
def test_a_head_has_to_come_in_time(server: FaultServer, page: Page, first_byte: float) -> None:
    options = TransferOptions(first_byte_timeout=first_byte)
    url = server.serve("/m", page)
    with pytest.raises(ConnectionFailedError, match="in time"), opened(url, options):
        pass


def test_a_body_that_stops_is_given_up(server: FaultServer) -> None:
    url = server.serve("/m", PAGE.but(stall_after=100, stall=FOREVER))
    with opened(url, TransferOptions(idle_timeout=0.2)) as answer:
        assert answer.response.raw.read(100) == CONTENT[:100]
        with pytest.raises(Exception, match="timed out"):
            answer.response.raw.read(100)


def test_a_slow_but_steady_body_is_not_given_up(server: FaultServer) -> None:
    url = server.serve("/m", PAGE.but(body=CONTENT[:400], rate=400))
    with opened(url, TransferOptions(idle_timeout=0.6)) as answer:
        assert body(answer) == CONTENT[:400]


@pytest.mark.parametrize("page", [PAGE.but(wait=FOREVER), PAGE.but(stall_after=10, stall=FOREVER)])
def test_whoever_waits_can_be_called_off(server: FaultServer, page: Page) -> None:
    stop = threading.Event()
    url = server.serve("/m", page)

    def call_off() -> None:
        while not server.requests:
            time.sleep(0.01)
        stop.set()

    caller = threading.Thread(target=call_off)
    caller.start()
    with (
        pytest.raises(DownloadJobCancelledException),
        opened(url, TransferOptions(), cancelled=stop.is_set) as answer,
    ):
        body(answer)
    caller.join()


def test_a_name_that_is_looked_up_for_ever_can_be_called_off() -> None:
    stop, asked = threading.Event(), threading.Event()

    def never(host: str, port: int) -> list[Any]:
        asked.set()
        stop.wait(2 * PATIENCE)
        raise OSError(f"{host} {port}")

    options = TransferOptions()
    with (
        closing(make_session(options, resolver=never)) as own,
        pytest.raises(DownloadJobCancelledException),
    ):
        open_url(
            Transport(own), HttpRequest("http://web/m"), options=options, cancelled=asked.is_set
        )
    stop.set()


def test_nothing_is_asked_for_what_is_not_wanted(server: FaultServer) -> None:
    url = server.serve("/m", once(PAGE, PAGE))
    with pytest.raises(DownloadJobCancelledException), opened(url, cancelled=lambda: True):
        pass
    assert server.requests == []
