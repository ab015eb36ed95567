"""A loader that an installed package brings."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelkeep.load.loader import LOADERS
from support.loading import files_of, load, loader_of, random_tensors, write_tensors
from support.packages import write_package

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

_TEXT = """
from modelkeep.load.loader import ModelLoader
from modelkeep.load.plan import LoadPlan
from modelkeep.load.weights import weights_of


class HarbourLoader(ModelLoader):
    name = "harbour"

    def takes(self, record):
        return record.base == "harbour-1"

    def parts(self, files):
        return ("crane", "jetty")

    def plan(self, files, part):
        tensors = weights_of(files.path).tensors
        return LoadPlan("harbour", part, "harbour", "Part", tensors={part: tensors[part]})

    def make(self, plan, source, precision):
        return source.read(plan.tensors, lambda _name: precision)


LOADER = HarbourLoader()
"""


@pytest.fixture
def looked_up_again() -> Iterator[None]:
    """Look for installed loaders before and after a test."""
    LOADERS.forget()
    yield
    LOADERS.forget()
    sys.modules.pop("of_the_harbour", None)


def test_an_installed_loader_is_found_and_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, looked_up_again: None
) -> None:
    del looked_up_again
    package = write_package(tmp_path / "package", "modelkeep.loaders", "of_the_harbour", _TEXT)
    monkeypatch.syspath_prepend(package)
    written = random_tensors({"crane": (2, 3), "jetty": (4,)})
    path = write_tensors(tmp_path / "m.safetensors", written)
    files = files_of(path, type="unknown", base="harbour-1")

    assert loader_of(files).parts(files) == ("crane", "jetty")
    assert torch.equal(load(files, "jetty")["jetty"], written["jetty"])
