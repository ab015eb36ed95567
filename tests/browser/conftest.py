"""What tests in a browser share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.browser import Chromium
from support.browser import chromium as started


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    """Chromium, for the tests of one module: as long as it runs, so does a loop in this thread."""
    with started() as running:
        yield running
