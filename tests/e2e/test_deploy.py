"""The examples in ``deploy/``: what can be checked without the programs that they are for."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
DEPLOY = PROJECT / "deploy"


def test_the_page_lists_each_example() -> None:
    page = (DEPLOY / "README.md").read_text()
    examples = {path.name for path in DEPLOY.iterdir()} - {"README.md"}
    assert set(re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)) == examples


def test_the_container_copies_what_is_there() -> None:
    copied = re.findall(r"^COPY (.+) \S+$", (DEPLOY / "Containerfile").read_text(), re.MULTILINE)
    assert copied
    for name in " ".join(copied).split():
        assert (PROJECT / name).exists(), name


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is missing")
    unit = tmp_path / "modelkeep.service"
    text = (DEPLOY / "modelkeep.service").read_text()
    text = text.replace("/opt/modelkeep/bin/modelkeep", sys.executable)
    unit.write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "modelkeep.service" not in done.stderr, done.stderr
