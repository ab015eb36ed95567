"""Fixtures of every test: the sites, and a library whose settings lead to them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from modelkeep.app.manager import ModelManager
from modelkeep.settings import Settings
from sites.civitai import CivitaiServer
from sites.hub import HubServer
from sites.modelscope import ModelScopeServer
from sites.server import FILE_HOST, SITE_HOST
from support.program import Program

#: Variables of whoever runs the tests that sites would listen to.
_FOREIGN = (
    "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_ENDPOINT", "HF_HUB_CACHE",
    "HUGGINGFACE_HUB_CACHE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN", "CIVITAI_API_TOKEN", "MODELSCOPE_API_TOKEN",
    "http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY",
    "XDG_CONFIG_HOME",
)  # fmt: skip


@dataclass
class Environment:
    """A library beside sites on this machine, for Python and for the command line.

    Attributes:
        root: The library.
        home: The home folder.
        program: The command line on it, in this process (``call``) or in one of its own (``run``).
        variables: What is set in the environment, also of this process.
    """

    root: Path
    home: Path
    program: Program
    variables: dict[str, str] = field(default_factory=dict)
    _open: list[ModelManager] = field(default_factory=list)

    def settings(self, **more: Any) -> Settings:
        """Return the settings of the library, these ones given."""
        return Settings.load(root=self.root, **more)

    def manager(self, **settings: Any) -> ModelManager:
        """Open the library; it is closed at the end of the test."""
        manager = ModelManager(self.settings(**settings))
        self._open.append(manager)
        return manager

    def close(self) -> None:
        """Close what was opened."""
        while self._open:
            self._open.pop().close()


@pytest.fixture
def hub() -> Iterator[HubServer]:
    """Hugging Face on this machine, with nothing in it."""
    with HubServer() as running:
        yield running


@pytest.fixture
def civitai() -> Iterator[CivitaiServer]:
    """Civitai on this machine, with nothing in it."""
    with CivitaiServer() as running:
        yield running


@pytest.fixture
def modelscope() -> Iterator[ModelScopeServer]:
    """ModelScope on this machine, with nothing in it."""
    with ModelScopeServer() as running:
        yield running


@pytest.fixture
def environment(
    hub: HubServer, civitai: CivitaiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Environment]:
    """A library whose settings lead to ``hub`` and ``civitai``, and no token is known."""
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    root = tmp_path / "library"
    for name in _FOREIGN:
        monkeypatch.delenv(name, raising=False)
    variables = {
        "MODELKEEP_ROOT": str(root),
        "MODELKEEP_HF_ENDPOINT": hub.endpoint,
        "MODELKEEP_CIVITAI_ENDPOINT": civitai.endpoint,
        "MODELKEEP_ALLOW_PRIVATE_HOSTS": json.dumps([SITE_HOST, FILE_HOST]),
        "HOME": str(home),
        "HF_HOME": str(home / "hf"),
        "COLUMNS": "100",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    made = Environment(root, home, _SetProgram(root, home, variables), variables)
    yield made
    made.close()


@pytest.fixture
def manager(environment: Environment) -> ModelManager:
    """The library of ``environment``, open."""
    return environment.manager()


@dataclass
class _SetProgram(Program):
    """A program whose own processes have these variables too."""

    variables: dict[str, str] = field(default_factory=dict)

    def environment(self, more: Any = None) -> dict[str, str]:
        """Return the environment of a process."""
        return super().environment({**self.variables, **(more or {})})
