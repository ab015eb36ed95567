"""What holds for every test."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from faults.server import FaultServer
from sites.fixtures import civitai, environment, hub, manager, modelscope
from support import rounds
from support.counting import Counting
from support.signals import give_children_defaults

__all__ = ["civitai", "environment", "hub", "manager", "modelscope"]


def pytest_configure(config: pytest.Config) -> None:
    give_children_defaults()
    # The tokens of whoever runs the tests are none of theirs.
    os.environ["XDG_CONFIG_HOME"] = "/nonexistent"
    rounds.use_profile()
    config.pluginmanager.register(Counting())


@pytest.fixture
def server() -> Iterator[FaultServer]:
    """A server whose pages fail as a test wants."""
    with FaultServer() as running:
        yield running
