"""``docs/mirror.md`` is true: its programs print what it says, against a server."""

from __future__ import annotations

import doctest
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import small_pipeline
from support.web import WebServer

PAGE = Path(__file__).parents[2] / "docs" / "mirror.md"
BLOCK = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)
#: All programs in one process: starting torch, diffusers and transformers takes seconds.
RUN_ALL = """
import contextlib, io, json, sys
printed = []
for program in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(program, "a program of the page", "exec"), {"__name__": "__main__"})
    printed.append(out.getvalue())
print("PRINTED", json.dumps(printed))
"""

pytestmark = [pytest.mark.torch, pytest.mark.slow]


def test_each_program_prints_what_stands_below_it(tmp_path: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    programs = BLOCK.findall(text)
    assert len(programs) == text.count("```python")
    small_pipeline.make(tmp_path / "small")
    with WebServer(tmp_path / "library") as web:
        given = {"name": "small", "type": "main", "base": "sd-1"}
        web.manager.installer.install_path(tmp_path / "small", given)
        token = (tmp_path / "library/secrets/server-token").read_text()
        variables = {"HF_ENDPOINT": f"{web.url}/hf", "HF_TOKEN": token, "HF_HOME": str(tmp_path)}
        done = subprocess.run(
            [sys.executable, "-c", RUN_ALL],
            input=json.dumps([program for program, _ in programs]),
            env={**os.environ, **variables},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout.partition("PRINTED ")[2])
    check = doctest.OutputChecker()
    for (program, wanted), told in zip(programs, printed, strict=True):
        assert check.check_output(wanted, told, doctest.ELLIPSIS), (program, told)
