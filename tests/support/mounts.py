"""Mounting something for a test."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def mounted(what: list[str], where: Path, *more: list[str]) -> Iterator[None]:
    """Mount something on a folder for a while; the test skips where that may not be done.

    Args:
        what: Options and source of ``mount``.
        where: The folder.
        more: The same for what is mounted on top of it afterwards.
    """
    done = 0
    try:
        for options in (what, *more):
            command = ["mount", *options, str(where)]
            if subprocess.run(command, capture_output=True, check=False).returncode:
                pytest.skip("this user may not mount here")
            done += 1
        yield
    finally:
        if done:
            subprocess.run(["umount", "-l", str(where)], capture_output=True, check=True)
