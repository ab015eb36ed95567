"""Other users of this machine, for tests that run as root."""

from __future__ import annotations

import os
import site
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

import modelkeep
from support.program import Result, finish
from support.waiting import PATIENCE

_SOURCE = str(Path(modelkeep.__file__).parents[1])
#: Numbers that hardly any machine has given to somebody.
GROUP, _FIRST = 54320, 54321


@dataclass(frozen=True)
class User:
    """Another user.

    Attributes:
        number: Its number, and that of a group of its own.
        home: Its home folder.
        groups: Further groups that it is in.
    """

    number: int
    home: Path
    groups: tuple[int, ...] = ()

    def run(self, root: Path, *words: object, umask: int = 0o002, status: int = 0) -> Result:
        """Run one command of the program on a root."""
        process = subprocess.Popen(
            [*_python(), "-m", "modelkeep", *map(str, words)],
            env={**_environment(self.home), "MODELKEEP_ROOT": str(root)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            user=self.number,
            group=self.number,
            extra_groups=self.groups,
            umask=umask,
        )
        return finish(process, status)


def users(folder: Path, count: int, *, groups: tuple[int, ...] = (GROUP,)) -> list[User]:
    """Return so many users with homes in a folder that they can enter; skips where none can be."""
    if os.geteuid():
        pytest.skip("only root can be other users")
    if not _python():
        pytest.skip("no Python here that other users may start has the libraries")
    folder.chmod(0o755)
    made = []
    for number in range(_FIRST, _FIRST + count):
        home = folder / f"home-{number}"
        home.mkdir()
        os.chown(home, number, number)
        made.append(User(number, home, groups))
    return made


@cache
def _python() -> tuple[str, ...]:
    """Return a Python that any user can start with the libraries; empty where there is none."""
    for python in (sys.executable, "/usr/bin/python3"):
        try:
            tried = subprocess.run(
                [python, "-c", "import modelkeep.cli.run, sqlalchemy, blake3, msgspec"],
                env=_environment(Path("/nonexistent")),
                user=_FIRST,
                group=_FIRST,
                extra_groups=(),
                capture_output=True,
                timeout=PATIENCE,
                check=False,
            )
        except OSError:
            continue
        if not tried.returncode:
            return (python,)
    return ()


def _environment(home: Path) -> dict[str, str]:
    path = os.pathsep.join([_SOURCE, *site.getsitepackages()])
    return {
        "HOME": str(home),
        "PATH": os.defpath,
        "PYTHONPATH": path,
        "PYTHONDONTWRITEBYTECODE": "1",
        "COLUMNS": "100",
    }
