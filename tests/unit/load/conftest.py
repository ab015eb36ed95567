"""What the tests of the load service share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from modelkeep.settings import Settings
from support.load_world import World, make_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A library whose load service needs no torch."""
    yield from make_world(Settings(root=tmp_path / "library"))
