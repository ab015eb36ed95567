"""What holds for every test."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from sites.fixtures import civitai, environment, hub, manager, modelscope

__all__ = ["civitai", "environment", "hub", "manager", "modelscope"]

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


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
