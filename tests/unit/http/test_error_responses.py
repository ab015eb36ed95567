"""Refusals and pages in place of files, explained."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.errors import NotAModelAnswerError
from modelkeep.http.error_responses import check_content, error_message

HTML = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>"
MODEL = b"\x10\x00\x00\x00\x00\x00\x00\x00{}"


@pytest.mark.parametrize(
    ("start", "kind", "name", "total"),
    [
        (HTML, "text/html; charset=utf-8", "m.safetensors", None),
        (HTML, "application/octet-stream", "m.safetensors", None),
        (HTML, "", "", None),
        (b"\xef\xbb\xbf \n" + HTML.lower(), "text/plain", "m.ckpt", 10**9),
        (b"<!-- x --><html>", "", "m.ckpt", None),
        (b"<?xml version='1.0'?><html xmlns='x'>", "", "m.ckpt", None),
        (b"<div>Log in</div>", "text/html", "m.ckpt", None),
        (HTML, "text/html", "config.json", None),
        (b'{"error": "no"}', "application/json", "m.safetensors", 10**9),
        (b' {"message": "no"}', "text/plain", "m.safetensors", 17),
        (b"[]", "application/problem+json", "m.safetensors", None),
        (b"<Error><Code>AccessDenied</Code></Error>", "application/xml", "m.bin", None),
    ],
)
def test_pages_and_messages_are_no_models(
    start: bytes, kind: str, name: str, total: int | None
) -> None:
    with pytest.raises(NotAModelAnswerError) as refused:
        check_content(start, kind, name, url="https://a.example/m?token=hush", total=total)
    assert "a.example" in str(refused.value)
    assert "token" in refused.value.hint
    assert "hush" not in str(refused.value)


def test_a_login_page_is_called_so() -> None:
    with pytest.raises(NotAModelAnswerError, match=r"a login page in place of m\.ckpt.*Sign in"):
        check_content(HTML, "text/html", "m.ckpt", url="https://a.example/m")


@pytest.mark.parametrize(
    ("start", "kind", "name", "total"),
    [
        (MODEL, "application/octet-stream", "m.safetensors", None),
        (MODEL, "text/html", "m.safetensors", None),
        (MODEL, "application/json", "m.safetensors", None),
        (b'{\x00\x00\x00\x00\x00\x00\x00{"a"', "application/json", "m.safetensors", 100),
        (b'{"a": 1}', "application/json", "config.json", 8),
        (b'{"a": 1}', "text/plain", "vocab.TXT", 8),
        (b'{"a": 1}', "application/octet-stream", "m.index", 10**9),
        (HTML, "text/html", "readme.html", None),
        (b"<svg>", "image/svg+xml", "logo.svg", None),
        (b"", "text/html", "m.bin", 0),
    ],
)
def test_files_are_let_through(start: bytes, kind: str, name: str, total: int | None) -> None:
    check_content(start, kind, name, total=total)


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        (b'{"message": "Early access"}', "application/json", "Early access"),
        (b'{"error": {"message": "Gone"}}', "", "Gone"),
        (b'{"detail": [{"message": "Bad"}]}', "application/json", "Bad"),
        (b'{"message": {"deep": [1, 2]}}', "application/json", '{"message": {"deep": [1, 2]}}'),
        (HTML, "text/html", "Sign in"),
        (b"<p>No &amp; no</p><script>x()</script>", "text/html", "No & no"),
        (b'{"message": "\\u001b[2Jcleared \\u202egnp"}', "application/json", "[2Jcleared gnp"),
        (b"\xff\xfe\x00no", "text/plain", ""),
        (b"", "", ""),
    ],
)
def test_what_a_refusal_says(body: bytes, kind: str, message: str) -> None:
    assert error_message(body, kind) == message


@given(st.one_of(st.binary(max_size=3000), st.text(max_size=1500).map(str.encode)), st.text())
def test_what_a_refusal_says_is_short_and_printable(body: bytes, kind: str) -> None:
    said = error_message(body, kind)
    assert said.isprintable()
    assert len(said) <= 300


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_any_json_is_a_message_or_none(value: object) -> None:
    assert len(error_message(json.dumps(value).encode(), "application/json")) <= 300
