"""The program as users start it: in a process of its own, or in this one for the broad table."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from modelkeep.cli.main import main
from support.waiting import PATIENCE, until


@dataclass(frozen=True)
class Result:
    """What a run of the program gave.

    Attributes:
        status: Its exit status.
        out: Its standard output.
        err: Its standard error.
    """

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """Lines of standard output."""
        return self.out.splitlines()

    @property
    def json(self) -> list[dict[str, Any]]:
        """The objects on standard output, one a line."""
        return [json.loads(line) for line in self.lines]

    @property
    def only(self) -> dict[str, Any]:
        """The one object on standard output."""
        [value] = self.json
        return value


@dataclass
class Program:
    """modelkeep with a root and a home of its own.

    Attributes:
        root: The library.
        home: The home folder.
    """

    root: Path
    home: Path

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the environment of a process, without settings of whoever runs the tests."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("MODELKEEP_", "XDG_"))
        }
        ours = {"MODELKEEP_ROOT": str(self.root), "HOME": str(self.home), "COLUMNS": "100"}
        return {**kept, **ours, **(more or {})}

    def call(self, *words: object, status: int | None = 0) -> Result:
        """Run one command in this process; standard input is no terminal.

        Args:
            words: What is typed.
            status: How it has to end; as it likes when None.
        """
        out, err = StringIO(), StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            ended = main([str(word) for word in words])
        return _checked(Result(ended, out.getvalue(), err.getvalue()), status)

    def start(
        self, *words: object, env: Mapping[str, str] | None = None, **options: Any
    ) -> subprocess.Popen[bytes]:
        """Start one command in a process of its own."""
        command = [sys.executable, "-m", "modelkeep", *map(str, words)]
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE}
        streams["stderr"] = subprocess.PIPE
        return subprocess.Popen(command, env=self.environment(env), **{**streams, **options})

    def run(self, *words: object, env: Mapping[str, str] | None = None, status: int = 0) -> Result:
        """Run one command in a process of its own."""
        return finish(self.start(*words, env=env), status)

    def on_terminal(
        self, *words: object, answer: str = "", status: int = 0, asks: bytes = b"[y/N]"
    ) -> str:
        """Run one command on a terminal, answer its question, return all that it showed."""
        ours, theirs = pty.openpty()
        try:
            process = self.start(*words, stdin=theirs, stdout=theirs, stderr=theirs)
            os.close(theirs)
            shown = _talk(ours, process, answer, asks)
        finally:
            os.close(ours)
        assert process.wait(PATIENCE) == status, shown
        return shown


def finish(process: subprocess.Popen[bytes], status: int) -> Result:
    """Wait for a process and return what it gave."""
    out, err = process.communicate(timeout=PATIENCE)
    result = Result(process.returncode, out.decode(), (err or b"").decode())
    return _checked(result, status)


def wait_until(holds: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Wait until something holds while ``process`` runs."""
    until(holds, lambda: process.poll() is None)


def _checked(result: Result, status: int | None) -> Result:
    assert status in {None, result.status}, f"exit {result.status}\n{result.out}\n{result.err}"
    assert "Traceback" not in result.out + result.err
    return result


def _talk(terminal: int, process: subprocess.Popen[bytes], answer: str, asks: bytes) -> str:
    shown, end = b"", time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if not select.select([terminal], [], [], 0.05)[0]:
            if process.poll() is not None:
                break
            continue
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        shown += piece
        if answer and asks in shown:
            os.write(terminal, answer.encode())
            answer = ""
    return shown.decode(errors="replace")
