"""Tells tests that were written from those that parameters make of them."""

from __future__ import annotations

import pytest


class Counting:
    """Counts what has run, in the process that reports."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test."""
        self._seen.add(report.nodeid)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say how many there were of each."""
        if self._seen:
            terminalreporter.write_line(told(self._seen))


def told(names: set[str]) -> str:
    """Return how many functions the tests of these names have, and how many more tests there are.

    Example:
        >>> told({"a.py::test_x[1]", "a.py::test_x[2]", "a.py::test_y"})
        '2 tests written, 1 generated from their parameters'
    """
    written = len({name.partition("[")[0] for name in names})
    generated = len(names) - written
    return f"{written:,} tests written, {generated:,} generated from their parameters"
