"""A fault server, and the one door to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from faults.server import FaultServer


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running
