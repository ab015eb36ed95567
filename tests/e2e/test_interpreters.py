"""A short suite under every Python that the program supports and this machine has."""

from __future__ import annotations

import os
import site
import subprocess
import sys
from pathlib import Path

import pytest

import modelkeep
from support.waiting import PATIENCE

_REPOSITORY = Path(__file__).parents[2]
_SOURCE = Path(modelkeep.__file__).parents[1]
_SHORT = (
    "tests/unit/core/test_taxonomy.py",
    "tests/unit/core/test_configs.py",
    "tests/unit/core/test_errors.py",
    "tests/e2e/test_scan.py",
)
#: Where installers of Python put it, beside the folders of ``PATH``.
_FOLDERS = (
    "/usr/bin",
    "/usr/local/bin",
    "~/.pyenv/versions/*/bin",
    "~/.local/share/uv/python/*/bin",
)
_LIBRARIES = "import pytest, PIL, blake3, msgspec, pydantic, requests, ruamel.yaml, sqlalchemy"
_WORDS = """
import copy, pickle
from modelkeep.core.taxonomy import BaseModelType, ModelVariantType
for word in (BaseModelType("toy-1"), ModelVariantType("schnell"), ModelVariantType.Normal):
    copies = [copy.copy(word), copy.deepcopy([word])[0]]
    copies += [pickle.loads(pickle.dumps(word, protocol)) for protocol in range(6)]
    assert all(type(one) is type(word) and one == word for one in copies)
"""


def _pythons() -> list[str]:
    """Return every ``python3.1x`` from 3.11 on but this one, once each."""
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    for pattern in _FOLDERS:
        folders += Path("/").glob(str(Path(pattern).expanduser()).lstrip("/"))
    found = [
        path
        for folder in folders
        if folder.name != "shims"  # those of version managers start one of the others
        for path in folder.glob("python3.1[1-9]")
    ]
    others = {os.path.realpath(path) for path in found if os.access(path, os.X_OK)}
    return sorted(others - {os.path.realpath(sys.executable)})


def _run(python: str, *words: str, path: str = "") -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if "MODELKEEP_" not in name}
    return subprocess.run(
        [python, *words],
        cwd=_REPOSITORY,
        env={**kept, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@pytest.fixture(params=_pythons())
def python(request: pytest.FixtureRequest) -> str:
    """A Python that starts; some names on the path are only a word of a version manager."""
    started = _run(request.param, "-c", "pass")
    if started.returncode:
        pytest.skip(f"{request.param} does not start: {started.stderr.strip():.100}")
    return str(request.param)


def test_words_of_the_taxonomy_travel(python: str) -> None:
    done = _run(python, "-c", _WORDS, path=str(_SOURCE))
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_short_suite_passes(python: str) -> None:
    shared = os.pathsep.join([str(_SOURCE), *site.getsitepackages()])
    tries = {path: _run(python, "-c", _LIBRARIES, path=path) for path in (str(_SOURCE), shared)}
    path = next((path for path, tried in tries.items() if not tried.returncode), None)
    if path is None:
        reason = tries[shared].stderr.strip().splitlines()[-1]
        pytest.skip(f"{python} has no libraries, and those of the tests fail there: {reason}")
    words = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "not interrupted", *_SHORT)
    done = _run(python, *words, path=path)
    assert done.returncode == 0, done.stdout
