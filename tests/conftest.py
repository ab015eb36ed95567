"""What holds for every test."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from faults.server import FaultServer
from sites.fixtures import civitai, environment, hub, manager, modelscope
from support.signals import give_children_defaults

__all__ = ["civitai", "environment", "hub", "manager", "modelscope"]

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_configure() -> None:
    give_children_defaults()


@pytest.fixture
def server() -> Iterator[FaultServer]:
    """A server whose pages fail as a test wants."""
    with FaultServer() as running:
        yield running


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that skips for want of the published models while they are there."""
    del call
    report = yield
    wants_them = isinstance(report.longrepr, tuple) and "not beside this" in report.longrepr[2]
    if report.skipped and wants_them and SHARED.is_dir():
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and {SHARED} is there"
    return report
