"""``enrich`` as people and programs meet it."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from faults.server import FaultServer
from modelkeep.cli.session import Session
from modelkeep.sources import sites, tokens
from support.hash_site import HashSite
from support.program import Program


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[HashSite]:
    with FaultServer() as server:
        site = HashSite(server)
        for module in (sites, tokens):
            monkeypatch.setattr(module, "all_sites", lambda: (site,))
        yield site


def answering(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    """Let a person sit there who types this."""
    monkeypatch.setattr(Session, "can_ask", property(lambda _: True))
    monkeypatch.setattr("sys.stdin", StringIO(words))


class TestSaying:
    def test_a_table_and_a_sum(self, filled: Program, site: HashSite, sources: Path) -> None:
        site.tell(sources / "paper.safetensors", name="Paper cut", words=["cut"])
        told = filled.call("enrich", "--all", "--yes")
        assert told.lines[0].split() == ["KEY", "NAME", "STATUS", "SOURCE", "FILLED", "IN"]
        assert len(told.lines) == 3
        assert told.lines[1].split()[1:4] == ["paper", "found", "civitai:7@8"]
        assert told.lines[-1] == "3 models: 1 found, 2 not there"
        assert "Paper cut" in filled.call("list").out
        told = filled.call("enrich", "--all", "--yes")
        assert told.lines == ["3 models: 2 not there, 1 unchanged"]
        assert len(site.asked) == 1

    def test_named_models_are_all_listed(self, filled: Program, site: HashSite) -> None:
        told = filled.call("enrich", "blue", "green", "--yes")
        assert [line.split()[1:4] for line in told.lines[1:3]] == [
            ["blue", "not", "there"], ["green", "not", "there"],
        ]  # fmt: skip
        assert len(site.asked[0]) == 2

    def test_for_scripts(self, filled: Program, site: HashSite, sources: Path) -> None:
        site.tell(sources / "paper.safetensors", name="Paper cut")
        lines = filled.call("enrich", "--all", "--yes", "--json").json
        by_name = {line["name"]: line for line in lines}
        assert by_name["blue"]["status"] == "not-there"
        found = by_name["paper"]
        assert (found["status"], found["site"], found["source"]) == (
            "found", "quay", "civitai:7@8",
        )  # fmt: skip
        assert set(found["changed"]) == {"name", "description", "evidence", "metadata"}
        site.tell(sources / "paper.safetensors", name="Paper knife")
        assert filled.call("enrich", "--all", "-y", "-q", "--again").lines == [found["key"]]

    def test_a_dry_run_says_how_many_hashes_would_go_where(
        self, filled: Program, site: HashSite
    ) -> None:
        told = filled.call("enrich", "--all", "--dry-run")
        assert told.lines[1].split() == ["Quay", "quay.example", "0", "3", "not", "yet"]
        assert "would have to be read first" in told.out
        assert site.asked == []
        filled.call("enrich", "blue", "--yes")
        line = filled.call("enrich", "--all", "--dry-run", "--json").only
        assert line["sites"] == [
            {"site": "quay", "address": "quay.example", "hashes": 0, "unread": 2, "allowed": False}
        ]
        assert (line["known"], line["unread"], len(line["settled"])) == (0, 2, 1)
        line = filled.call("enrich", "--all", "--dry-run", "--json", "--again").only
        assert (line["known"], line["unread"]) == (1, 2)
        assert len(filled.call("enrich", "--all", "--dry-run", "-q").lines) == 2

    def test_failures_are_told_and_counted(self, filled: Program, site: HashSite) -> None:
        site.fail(404)
        told = filled.call("enrich", "--all", "--yes", status=1)
        assert told.lines[-1] == "3 models: 3 failed"
        assert "404" in told.out
        (filled.root / "models/sd-1/embedding/blue.safetensors").unlink()
        told = filled.call("enrich", "blue", "--yes", status=1)
        assert "is gone" in told.out

    def test_names_that_mean_nothing_are_told(self, filled: Program, site: HashSite) -> None:
        told = filled.call("enrich", "blue", "nobody", "--yes", status=3)
        assert "nobody" in told.err
        assert told.lines[-1] == "1 model: 1 not there"
        filled.call("enrich", "nobody", "--yes", status=1)
        assert len(site.asked) == 1


class TestConsent:
    def test_without_a_person_it_needs_a_yes(self, filled: Program, site: HashSite) -> None:
        told = filled.call("enrich", "--all", status=2)
        assert "Quay (quay.example) has not been allowed" in told.err
        assert "--yes" in told.err
        filled.call("enrich", "--all", "--yes")
        assert len(site.asked) == 1
        filled.call("enrich", "--all", "--again", status=2)  # that was for once
        assert len(site.asked) == 1

    def test_a_person_is_asked_once(
        self, filled: Program, site: HashSite, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answering(monkeypatch, "n\n")
        told = filled.call("enrich", "--all")
        assert "sha256 of 0 of your files, and of 3 more after reading them" in told.err
        assert told.lines[-1] == "3 models: 3 skipped"
        assert site.asked == []
        answering(monkeypatch, "y\n")
        filled.call("enrich", "blue")
        assert len(site.asked) == 1
        answering(monkeypatch, "")
        told = filled.call("enrich", "--all")
        assert "[y/N]" not in told.err
        assert len(site.asked) == 2

    def test_it_is_never_automatic(self, filled: Program, site: HashSite, sources: Path) -> None:
        site.tell(sources / "paper.safetensors")
        for words in (("sync",), ("scan",), ("list",), ("show", "paper"), ("verify", "--all")):
            filled.call(*words)
        assert site.asked == []


class TestUse:
    @pytest.mark.parametrize("words", [(), ("blue", "--all"), ("--all", "--without", "sofa")])
    def test_wrong_usage(self, filled: Program, site: HashSite, words: tuple[str, ...]) -> None:
        filled.call("enrich", *words, "--yes", status=2)
        assert site.asked == []

    def test_the_library_itself_can_be_left_out(self, filled: Program, site: HashSite) -> None:
        told = filled.call("enrich", "--all", "--without", "models")
        assert told.lines == ["3 models: 3 skipped"]
        assert site.asked == []

    def test_ctrl_c_keeps_what_was_done(
        self, filled: Program, site: HashSite, sources: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        site.hashes_at_once = 1
        for name in ("paper.safetensors", "blue.safetensors"):
            site.tell(sources / name)
        real, count = site.by_hashes, 0

        def interrupted(*given: Any) -> Any:
            nonlocal count
            count += 1
            if count == 2:
                raise KeyboardInterrupt
            return real(*given)

        monkeypatch.setattr(site, "by_hashes", interrupted)
        told = filled.call("enrich", "--all", "--yes", status=130)
        assert "finished work is kept" in told.err
        assert told.lines[-1].startswith("1 model: 1 ")
        told = filled.call("enrich", "--all", "--yes")
        assert told.lines[-1].startswith("3 models: ")
        hashes = [each for batch in site.asked for each in batch]
        assert len(hashes) == len(set(hashes)) == 3
