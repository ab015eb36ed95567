"""``modelkeep access``: tokens of the server and links to log in with."""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pytest

from modelkeep.app import access
from modelkeep.app.login_codes import LoginCodes
from modelkeep.app.server_tokens import ServerTokens
from modelkeep.settings import Settings
from modelkeep.web.neighbours import announced
from support.program import Program


def test_a_token_is_added_listed_and_removed(program: Program) -> None:
    added = program.call("access", "add", "laptop", "--expires", "30d")
    [value] = added.lines
    assert "not shown again" in added.err
    tokens = ServerTokens(Settings(root=program.root))
    found = tokens.find(value)
    assert found is not None
    assert (found.name, found.rights) == ("laptop", "read")
    listed = program.call("access", "list", "--json").only
    assert listed["name"] == "laptop"
    assert listed["scope"] == "read"
    assert not listed["expired"]
    ends = datetime.fromisoformat(listed["expires"]).timestamp() - time.time()
    assert 29 * 86_400 < ends < 31 * 86_400
    assert "laptop" in program.call("access", "list").out
    assert program.call("access", "remove", "laptop", "-q").lines == ["laptop"]
    assert tokens.find(value) is None
    assert program.call("access", "list").lines == []


def test_the_value_is_in_no_file(program: Program) -> None:
    told = program.call("access", "add", "ci", "--scope", "manage", "--json").only
    assert (told["scope"], told["expires"]) == ("manage", None)
    link = program.call("access", "link", "ci").lines[0]
    code = link.partition("#code=")[2]
    files = [path for path in (program.root / "secrets").iterdir() if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert not [p for p in files if told["token"] in p.read_text() or code in p.read_text()]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("add", "server-token"), "not a valid name"),
        (("add", "a/b"), "not a valid name"),
        (("add", "taken"), "exists already"),
        (("add", "new", "--expires", "soon"), "is not a time"),
        (("add", "new", "--expires", "2001-01-01"), "expired already"),
        (("add", "new", "--scope", "all"), "--scope"),
        (("remove", "nobody"), "No token is named 'nobody'"),
        (("link", "nobody"), "No token is named 'nobody'"),
    ],
)
def test_what_cannot_be_done_is_said(program: Program, words: tuple[str, ...], text: str) -> None:
    program.call("access", "add", "taken")
    ended = program.call("access", *words, status=None)
    assert ended.status in {1, 2}
    assert text in ended.err


def test_a_link_works_once_and_dies_with_its_token(program: Program) -> None:
    program.call("access", "add", "phone")
    first = program.call("access", "link", "phone").lines[0]
    assert first.startswith("http://127.0.0.1:9494/login#code=")
    other = program.call("access", "link", "--address", "https://m.example/keep/", "--json").only
    assert other["link"].startswith("https://m.example/keep/login#code=")
    assert other["name"] == "server-token"
    codes = LoginCodes(ServerTokens(Settings(root=program.root)))
    used = [codes.redeem(first.partition("=")[2]) for _ in range(2)]
    assert [one and one.name for one in used] == ["phone", None]
    second = access.link(Settings(root=program.root), "phone").key
    program.call("access", "remove", "phone")
    program.call("access", "add", "phone")
    assert codes.redeem(second.partition("=")[2]) is None


def test_a_link_leads_to_the_server_that_runs(program: Program) -> None:
    with announced(program.root, "http://127.0.0.1:4711/"):
        assert program.call("access", "link").out.startswith("http://127.0.0.1:4711/login#")
        note = next((program.root / "cache/servers").glob("*.json"))
        with suppress(PermissionError):
            os.chown(note, os.geteuid() + 1, -1)
            assert "4711" not in program.call("access", "link").out


def test_the_commands_of_the_page_work(program: Program) -> None:
    page = Path(__file__).parents[2] / "docs/access.md"
    commands = re.findall(r"(?m)^modelkeep (access [^#\n]*)", page.read_text(encoding="utf-8"))
    assert len(commands) >= 5
    for command in commands:
        program.call(*command.split())
