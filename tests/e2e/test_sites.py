"""``token`` and ``search`` as people and programs meet them."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest

from faults.pages import Page, json_error
from faults.server import FaultServer
from modelkeep.settings import Settings
from modelkeep.sources.last_search import from_last_search
from support.program import Program

PLANTED = "hf_planted5eCr3tValue"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, program: Program) -> None:
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "CIVITAI_API_TOKEN", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(program.home / "hf"))


def hub(server: FaultServer, monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    found = [
        {"id": name, "downloads": 1234, "tags": ["diffusers:Pipe", "base_model:a/b"]}
        for name in names
    ]
    body = json.dumps(found).encode()
    server.serve("/api/models", Page(body, content_type="application/json"))
    for site in ("HF", "CIVITAI"):
        monkeypatch.setenv(f"MODELKEEP_{site}_ENDPOINT", server.url("").rstrip("/"))


def holding(text: str, *folders: Path) -> list[Path]:
    """Return the files below folders that hold a text."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if text.encode() in path.read_bytes()]


#: Where the token of a user is kept, in the home folder.
KEPT = ".config/modelkeep/tokens/huggingface"


class TestToken:
    def test_set_list_remove(self, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
        assert "No tokens" in program.call("token", "list").err
        monkeypatch.setattr("sys.stdin", StringIO(f"{PLANTED}\n"))
        told = program.call("token", "set", "huggingface", "-")
        file = program.home / KEPT
        assert f"~/{KEPT}" in told.out
        assert file.read_text() == PLANTED
        told = program.call("token", "list")
        assert told.lines[1].split() == ["huggingface", f"~/{KEPT}", "...alue"]
        assert program.call("token", "list", "--json").only == {
            "site": "huggingface", "from": f"~/{KEPT}", "ends_with": "alue",
        }  # fmt: skip
        assert program.call("token", "list", "-q").lines == ["huggingface"]
        assert program.call("token", "remove", "hf").out
        assert not file.exists()
        assert "No token" in program.call("token", "remove", "huggingface", status=1).err

    def test_from_a_file_and_on_the_command_line(self, program: Program, tmp_path: Path) -> None:
        (tmp_path / "t").write_text(PLANTED + "\n")
        told = program.call("token", "set", "huggingface", f"@{tmp_path / 't'}")
        assert told.err == ""
        told = program.call("token", "set", "huggingface", "another-one")
        assert "token set huggingface -" in told.err
        assert "another-one" not in told.out + told.err
        assert (program.home / KEPT).read_text() == "another-one"

    def test_the_environment_comes_before(
        self, program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("HF_TOKEN", "of-the-environment")
        (tmp_path / "t").write_text(PLANTED)
        told = program.call("token", "set", "huggingface", f"@{tmp_path / 't'}")
        assert "environment HF_TOKEN takes precedence" in told.err
        assert "HF_TOKEN is still used" in program.call("token", "remove", "huggingface").err

    def test_wrong_usage(self, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
        assert "huggingface" in program.call("token", "set", "sofa", "x", status=2).err
        monkeypatch.setattr("sys.stdin", StringIO("\n"))
        program.call("token", "set", "huggingface", "-", status=2)
        told = program.call("token", "set", "huggingface", status=2)
        assert "token set huggingface -" in told.err
        told = program.call("token", "set", "huggingface", f"{PLANTED} {PLANTED}", status=2)
        assert PLANTED not in told.err
        assert not (program.home / KEPT).exists()

    def test_on_a_terminal_it_asks_and_shows_nothing(self, program: Program) -> None:
        shown = program.on_terminal(
            "token", "set", "huggingface", answer=f"{PLANTED}\n", asks=b"(hidden): "
        )
        assert "https://huggingface.co/settings/tokens" in shown
        assert PLANTED not in shown
        assert (program.home / KEPT).read_text() == PLANTED


class TestSearch:
    def test_it_numbers_what_it_finds_and_remembers_it(
        self, program: Program, server: FaultServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hub(server, monkeypatch, "org/one", "org/two")
        words = ("search", "paper", "cut", "--site", "huggingface")
        told = program.call(*words, "--type", "lora", "--limit", "7")
        assert told.lines[0].split() == [
            "#", "NAME", "BY", "TYPE", "BASE", "SIZE", "DOWNLOADS", "SOURCE",
        ]  # fmt: skip
        assert told.lines[2].split() == [
            "2", "two", "org", "Pipe", "a/b", "-", "1,234", "org/two",
        ]  # fmt: skip
        query = server.asked("/api/models")[0].query
        assert {"search=paper+cut", "limit=7", "filter=lora"} <= set(query.split("&"))
        assert from_last_search(2, Settings(root=program.root)) == "org/two"
        assert program.call(*words, "-q").lines == ["org/one", "org/two"]
        line = program.call(*words, "--json").json[1]
        assert (line["number"], line["source"], line["site"]) == (2, "org/two", "huggingface")

    def test_sites_that_do_not_answer_are_named(
        self, program: Program, server: FaultServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hub(server, monkeypatch)
        assert "No results for 'paper'" in program.call("search", "paper").err
        server.serve("/api/models", json_error(500, {"error": "upside down"}))
        monkeypatch.setenv("MODELKEEP_OFFLINE", "1")
        assert "offline" in program.call("search", "paper", status=1).err
        assert "'sofa'" in program.call("search", "paper", "--site", "sofa", status=2).err
        assert "browser" in program.call("search", "paper", "--site", "link", status=1).err


def test_a_planted_token_is_in_its_file_and_nowhere_else(
    program: Program, server: FaultServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hub(server, monkeypatch, "org/one")
    monkeypatch.setattr("sys.stdin", StringIO(f"{PLANTED}\n"))
    program.call("token", "set", "huggingface", "-")
    monkeypatch.setenv("MODELKEEP_LOG_LEVEL", "debug")
    url = server.serve("/org/one/resolve/main/a.bin", json_error(401, {"error": "no"}))
    told = [
        program.call(*words, status=None)
        for words in (
            ("token", "list"),
            ("token", "list", "--json"),
            ("search", "paper", "--site", "hf", "-q"),
            ("download", url, tmp_path / "a.bin"),
            ("jobs", "--json"),
            ("config", "show", "--json"),
            ("doctor",),
        )
    ]
    assert server.asked("/api/models")[0].headers["authorization"] == f"Bearer {PLANTED}"
    assert PLANTED not in "".join(result.out + result.err for result in told)
    kept = program.home / KEPT
    assert holding(PLANTED, program.root, program.home, tmp_path / "downloads") == [kept]
