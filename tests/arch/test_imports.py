"""What is loaded when; which package may import which is checked by import-linter."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support import tiny

HEAVY = {"torch", "sqlalchemy", "fastapi", "requests", "rich", "typer", "pydantic", "numpy"}
#: What could run code that a model brings. SQLAlchemy imports pickle, so ``list`` may have it.
NEVER = {
    "identify": {"torch", "pickle", "diffusers", "transformers", "numpy"},
    "install": {"torch", "diffusers", "transformers", "numpy"},
    "list": {"torch", "diffusers", "transformers", "numpy"},
}
#: Modules of the loading stage that are about tensors; the others import torch in functions.
OF_TORCH = (
    "modelkeep.load.bridge",
    "modelkeep.load.bridge_single",
    "modelkeep.load.build",
    "modelkeep.load.construction",
    "modelkeep.load.convert",
    "modelkeep.load.device",
    "modelkeep.load.entry",
    "modelkeep.load.offloading",
    "modelkeep.load.onnx_session",
    "modelkeep.load.runtime",
    "modelkeep.load.tensors",
    "modelkeep.load.upscaler_module",
    "modelkeep.load.versions",
)


def loaded_by(code: str, tmp_path: Path) -> set[str]:
    """Return the top names of all modules that a fresh interpreter has after ``code``."""
    script = (
        f"import sys\n{code}\nprint('MODULES', *sorted({{m.split('.')[0] for m in sys.modules}}))"
    )
    environment = {**os.environ, "MODELKEEP_ROOT": str(tmp_path / "root")}
    told = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, check=True, text=True
    )
    return set(told.stdout.rpartition("MODULES ")[2].split())


def test_importing_modelkeep_is_light(tmp_path: Path) -> None:
    assert not loaded_by("import modelkeep", tmp_path) & HEAVY


def test_the_version_needs_nothing(tmp_path: Path) -> None:
    code = "from modelkeep.cli.main import main\nassert main(['--version']) == 0"
    assert not loaded_by(code, tmp_path) & HEAVY


@pytest.mark.parametrize("command", NEVER)
def test_commands_never_import_what_could_run_a_model(command: str, tmp_path: Path) -> None:
    file = tiny.embedding(tmp_path / "e.safetensors")
    words = [command] if command == "list" else [command, str(file)]
    code = f"from modelkeep.cli.main import main\nassert main({words!r}) == 0"
    assert not loaded_by(code, tmp_path) & NEVER[command]


def test_looking_ahead_at_a_load_imports_no_torch(tmp_path: Path) -> None:
    file = tiny.embedding(tmp_path / "e.safetensors")
    code = (
        "from modelkeep.cli.main import main\n"
        f"assert main(['install', {str(file)!r}]) == 0\n"
        "assert main(['load', 'e', '--dry-run', '--device', 'cpu']) == 0"
    )
    assert not loaded_by(code, tmp_path) & {"torch", "diffusers", "transformers", "numpy"}


def test_importing_has_no_effect_on_the_disk(tmp_path: Path) -> None:
    code = (
        "import importlib, pkgutil, modelkeep\n"
        "for m in pkgutil.walk_packages(modelkeep.__path__, 'modelkeep.'):\n"
        f"    if not m.name.endswith('__main__') and m.name not in {OF_TORCH}:\n"
        "        importlib.import_module(m.name)"
    )
    assert not loaded_by(code, tmp_path) & {"torch", "diffusers", "transformers"}
    assert list(tmp_path.iterdir()) == []
