from __future__ import annotations

import logging
from contextlib import redirect_stderr
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.app.config import changed_text
from modelkeep.app.outcomes import exit_status_of
from modelkeep.app.text import one_line, plain, source_text, time_text
from modelkeep.cli.logs import start_logging, stop_logging
from modelkeep.cli.progress import Bar
from modelkeep.core.names import size_text
from modelkeep.errors import UsageError


@pytest.mark.parametrize(
    ("size", "text"),
    [(None, "-"), (0, "0 B"), (999, "999 B"), (1000, "1.0 KB"), (6_938_040_522, "6.9 GB"),
     (10**15, "1000.0 TB")],
)  # fmt: skip
def test_sizes(size: int | None, text: str) -> None:
    assert size_text(size) == text


def test_times_that_are_unknown() -> None:
    assert time_text(None) == "-"


@given(st.text())
def test_plain_text_has_no_controls_and_keeps_the_rest(text: str) -> None:
    made = plain(text)
    assert all(char >= " " or char in "\n\t" for char in made)
    assert not set(made) & {chr(code) for code in range(0x7F, 0xA0)}
    assert plain(made) == made
    if text.isprintable():
        assert made == text
    assert "\n" not in one_line(text)


def test_controls_are_spelled_out() -> None:
    assert plain("a\x1b[2J\u202eb\x9b") == "a\\x1b[2J\\u202eb\\x9b"
    assert one_line("a\n b\t c") == "a b c"


def test_statuses() -> None:
    assert [exit_status_of(failed, 2) for failed in (0, 1, 2)] == [0, 3, 1]


def test_the_query_of_an_address_is_kept_to_oneself() -> None:
    assert source_text("https://a.example/m?token=secret") == "https://a.example/m"
    assert source_text("really?.safetensors") == "really?.safetensors"


class Terminal(StringIO):
    """Standard error that somebody looks at."""

    def isatty(self) -> bool:
        return True


class TestBar:
    def drawn(self, *shows: tuple[int, int], is_shown: bool = True) -> str:
        """Return what a bar writes when it is shown at 1, 1.05 and 2 seconds."""
        times = iter([0.0, 1.0, 1.05, 2.0])
        with (
            redirect_stderr(Terminal()) as terminal,
            Bar("x.safetensors\x1b", is_shown=is_shown, clock=lambda: next(times)) as bar,
        ):
            for done, total in shows:
                bar.show(done, total)
        return terminal.getvalue()

    def test_it_is_drawn_ten_times_a_second_and_wiped(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", "80")
        text = self.drawn((500, 1000), (600, 1000), (1000, 1000))
        first, second, end = text.split("\r\x1b[K")[1:]
        assert first.startswith("x.safetensors\\x1b [#")
        assert first.endswith("] 500 B of 1.0 KB, 500 B/s, 1 s left")
        assert len(first) <= 80
        assert second.endswith("] 1.0 KB of 1.0 KB, 500 B/s, 0 s left")
        assert first.count("#") < second.count("#")
        assert " ]" not in second
        assert end == ""

    def test_nothing_is_drawn_where_it_makes_no_sense(self) -> None:
        assert self.drawn((1, 2), is_shown=False) == ""
        assert self.drawn((0, 0)) == ""

    def test_nothing_is_drawn_where_nobody_sees_it(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with Bar("x", is_shown=True) as bar:
            bar.show(1, 2)
        assert capsys.readouterr().err == ""


class TestLogs:
    @pytest.mark.parametrize(
        ("options", "level", "shown"),
        [
            ({}, "warning", "warning error"),
            ({}, "info", "info warning error"),
            ({"quiet": True}, "info", "error"),
            ({"verbose": True}, "error", "debug info warning error"),
        ],
    )
    def test_levels(
        self, options: dict[str, bool], level: str, shown: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        log = logging.getLogger("modelkeep.sofa")
        handler = start_logging(level, **options)
        try:
            for name in ("debug", "info", "warning", "error"):
                getattr(log, name)("%s", name)
        finally:
            stop_logging(handler)
        log.error("too late")
        assert capsys.readouterr().err.split() == shown.split()

    @pytest.mark.parametrize("verbose", [True, False])
    def test_tracebacks_only_when_asked_for(
        self, verbose: bool, capsys: pytest.CaptureFixture[str]
    ) -> None:
        handler = start_logging("warning", verbose=verbose)
        log = logging.getLogger("modelkeep")
        log.error("it failed", exc_info=ZeroDivisionError("nothing to see"))
        stop_logging(handler)
        err = capsys.readouterr().err
        assert err.startswith("it failed\n")
        assert ("ZeroDivisionError" in err) is verbose


class TestSettingsText:
    @pytest.mark.parametrize(
        ("before", "setting", "value", "after"),
        [
            ("", "port", "80", "port: 80\n"),
            ("# a\n", "port", "80", "# a\nport: 80\n"),
            ("# a", "port", "80", "# a\nport: 80\n"),
            ("port: 1 # a\n", "port", "80", "port: 80 # a\n"),
            ("# a\nport: 1\n# b\n", "port", "", "# a\n# b\n"),
            ("port: 1\nverify: off # x\n", "port", "", "verify: off # x\n"),
            ("port: 1\n", "verify", "", "port: 1\n"),
            ("", "verify", "", ""),
        ],
    )
    def test_one_setting_changes(self, before: str, setting: str, value: str, after: str) -> None:
        assert changed_text(before, setting, value) == after

    def test_what_it_cannot_be(self) -> None:
        for setting, value in (("port", "x"), ("verify", "{"), ("roots", "[]")):
            with pytest.raises(UsageError, match=setting):
                changed_text("", setting, value)
