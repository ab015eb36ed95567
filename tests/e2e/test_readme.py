"""The README is true: every command in it runs as typed and prints what stands there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.recognised import PAGE, page, written

PROJECT = Path(__file__).parents[2]
README = (PROJECT / "README.md").read_text(encoding="utf-8")
#: Lines that are no commands to run here: they set up a shell, or a power failure.
NOT_RUN = ("source ", "modelkeep install samples/harbourLightsXL_v20.safetensors     #")
#: From the sites: another test runs them, beside sites on this machine.
FROM_SITES = re.compile(r'modelkeep install ("?https?://|ms:|stabilityai/)')

LOOKS_AT_MESS = ("modelkeep scan ", "modelkeep root add ", "modelkeep sync", "modelkeep doctor")


@dataclass(frozen=True)
class Shown:
    """A command of the README and what stands below it."""

    command: str
    output: tuple[str, ...]


def commands() -> list[Shown]:
    """Return the commands in the order in which they stand."""
    found: list[tuple[str, list[str]]] = []
    is_open = False
    for line in README.splitlines():
        text = line[4:] if line.startswith("    ") else None
        if text is None:
            is_open = False
        elif found and found[-1][0].endswith("\\"):
            found[-1] = (found[-1][0][:-1] + text.strip(), [])
        elif text.startswith("$ "):
            found.append((text[2:], []))
            is_open = True
        elif is_open:
            found[-1][1].append(text)
    return [Shown(command, tuple(output)) for command, output in found]


def normal(line: str) -> str:
    """Take out what differs from run to run: keys, hashes and times."""
    line = re.sub(r"\b[0-9a-f]{64}\b|\b[0-9a-f]{32}\b", "HEX", line)
    line = re.sub(r"^[0-9a-f]{8}  ", "KEY       ", line)
    line = re.sub(r"\([0-9a-f]{8}\)", "(KEY)", line)
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "TIME", line).rstrip()


def test_every_command_prints_what_the_readme_says(tmp_path: Path) -> None:
    home = tmp_path / "me"
    (home / "demo").mkdir(parents=True)
    for script in (PROJECT / "demo").glob("*.py"):
        (home / "demo" / script.name).write_bytes(script.read_bytes())
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {"HOME": str(home), "PATH": path, "LANG": "C.UTF-8"}
    shown = [
        c for c in commands() if not (c.command.startswith(NOT_RUN) or FROM_SITES.match(c.command))
    ]
    assert len(shown) >= 10
    for item in shown:
        if item.command == "modelkeep jobs" or "xargs" in item.command:
            continue  # they come after a power failure, and after the end of the story
        done = subprocess.run(
            ["bash", "-c", item.command],
            cwd=home,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        # Some files of the messy folder are damaged on purpose.
        allowed = {0, 1, 3} if item.command.startswith(LOOKS_AT_MESS) else {0}
        assert done.returncode in allowed, (item.command, done.stderr)
        wanted = [normal(line) for line in item.output]
        if wanted and wanted[-1].strip() == "...":
            wanted.pop()
        text = done.stdout.replace(str(home), "/home/me").splitlines()
        assert [normal(line) for line in text][: len(wanted)] == wanted, item.command


def test_the_python_example_runs(tmp_path: Path) -> None:
    example = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert example
    make = [sys.executable, str(PROJECT / "demo" / "sample_models.py"), "samples"]
    subprocess.run(make, cwd=tmp_path, check=True, capture_output=True)
    done = subprocess.run(
        [sys.executable, "-c", example[1]],
        cwd=tmp_path,
        env={"HOME": str(tmp_path), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "soft-focus embedding sd-1" in done.stdout
    assert "completed" in done.stdout


def test_what_is_recognised_is_what_rules_recognise() -> None:
    assert written(README) == README, "run: python tests/support/recognised.py"
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python tests/support/recognised.py"


def test_the_readme_says_what_make_run_costs() -> None:
    makefile = (PROJECT / "Makefile").read_text()
    assert "--quiet" not in makefile
    for word in ("30 MB", "90 MB on disk", "3 GB", "8 GB on disk", "LOAD=0", "minute"):
        assert word in README.partition("## Why")[0]
        assert word in makefile


@pytest.mark.parametrize("target", ["run", "test"])
def test_the_first_two_commands_are_make_targets(target: str) -> None:
    assert f"    make {target} " in README
    assert re.search(rf"^{target}:", (PROJECT / "Makefile").read_text(), re.MULTILINE)
