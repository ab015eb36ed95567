"""Origins, tokens, and how addresses are shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.errors import UnsupportedSourceError, UsageError
from modelkeep.http.urls import Origin, Token, origin_of, redacted

HOME = Origin("https", "hub.example", 443)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Hub.Example/a", HOME),
        ("HTTPS://hub.example:443", HOME),
        ("https://user:word@hub.example./a?b#c", HOME),
        ("http://hub.example/a", Origin("http", "hub.example", 80)),
        ("http://hub.example:8080", Origin("http", "hub.example", 8080)),
        ("http://[::1]:90/", Origin("http", "::1", 90)),
        ("https://bücher.example/", Origin("https", "xn--bcher-kva.example", 443)),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, origin: Origin) -> None:
    assert origin_of(url) == origin


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hub.example/a",
        "ftp://hub.example",
        "https://",
        "https:///a",
        "http://[::1",
        "http://a:b/",
        "http://a:99999/",
    ],
)
def test_what_is_no_web_address_has_none(url: str) -> None:
    with pytest.raises(UnsupportedSourceError):
        origin_of(url)


def test_an_origin_is_written_as_short_as_it_can_be() -> None:
    assert str(HOME) == "https://hub.example"
    assert str(Origin("http", "::1", 8080)) == "http://[::1]:8080"


@pytest.mark.parametrize(
    ("other", "may"),
    [
        (HOME, True),
        (HOME._replace(port=444), False),
        (HOME._replace(scheme="http"), False),
        (HOME._replace(host="cdn.hub.example"), False),
        (Origin("https", "alias.example", 443), True),
    ],
)
def test_a_token_is_for_its_own_origin_and_listed_aliases(other: Origin, may: bool) -> None:
    aliases = {Origin("https", "alias.example", 443)}
    assert Token("hush", HOME).is_for(other, aliases) is may


def test_a_token_is_not_shown() -> None:
    assert "hush" not in repr(Token("hush", HOME))


@pytest.mark.parametrize("value", ["", "a b", "hush\n", "hüsh", "hush\r\nX: y"])
def test_a_token_that_cannot_be_sent_is_refused_unseen(value: str) -> None:
    with pytest.raises(UsageError) as refused:
        Token(value, HOME)
    assert value == "" or value not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (
            "https://a.example/m?X-Signature=hush&Expires=60#x",
            "https://a.example/m?X-Signature=...&Expires=...",
        ),
        ("https://me:hush@a.example:8443/m", "https://a.example:8443/m"),
        ("https://a.example/m?hush", "https://a.example/m?..."),
        ("http://me:hush@[::1?hush", "http://[::1"),
        ("mailto:hush@a.example", "mailto:hush@a.example"),
        ("https://a.example/\x1b[2J\u202e", "https://a.example/\ufffd[2J\ufffd"),
    ],
)
def test_an_address_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert redacted(url) == shown


@given(st.text(alphabet="hx", min_size=6), st.text(max_size=30))
def test_no_login_and_no_value_is_ever_shown(secret: str, around: str) -> None:
    mark = f"<{secret}>"
    for url in (
        f"https://a.example/m?{around.replace('#', '')}={mark}",
        f"https://a:{mark}@b.example/m{around}",
        f"https://[x?s={mark}{around}",
    ):
        assert mark not in redacted(url)


@given(st.text())
def test_any_text_can_be_shown(text: str) -> None:
    assert redacted(text).isprintable()
    assert len(redacted(text)) <= 303
