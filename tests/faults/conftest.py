from __future__ import annotations

import pytest

from support.downloads import Fetch, by_queue, transfer


@pytest.fixture(params=[transfer, by_queue], ids=["engine", "queue"])
def fetch(request: pytest.FixtureRequest) -> Fetch:
    """Each way to download a file: what a fault does must not depend on it."""
    chosen: Fetch = request.param
    return chosen
