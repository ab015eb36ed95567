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
from support.small_models import SmallModels

__all__ = ["civitai", "environment", "hub", "manager", "modelscope"]


def pytest_configure(config: pytest.Config) -> None:
    give_children_defaults()
    # The tokens of whoever runs the tests are none of theirs.
    os.environ["XDG_CONFIG_HOME"] = "/nonexistent"
    rounds.use_profile()
    config.pluginmanager.register(Counting())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = rounds.spread(items)


@pytest.fixture(scope="session", autouse=True)
def _lengths_are_read() -> Iterator[None]:
    """Take the lengths of tests out of the environment: the program takes them for settings."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("MODELKEEP_")]:
            patch.delenv(name)
        yield


@pytest.fixture
def server() -> Iterator[FaultServer]:
    """A server whose pages fail as a test wants."""
    with FaultServer() as running:
        yield running


@pytest.fixture(scope="session")
def small_models(tmp_path_factory: pytest.TempPathFactory) -> SmallModels:
    """Models of every family, each made when it is first asked for."""
    return SmallModels(tmp_path_factory.mktemp("small-models"))
