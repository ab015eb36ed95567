"""``docs/loading.md`` is true: its programs run one after the other and print what it says."""

from __future__ import annotations

import doctest
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
BLOCK = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)
README = re.compile(r"```python\n(import torch.*?)```", re.DOTALL)
#: All programs in one process: starting torch, diffusers and transformers takes seconds.
RUN_ALL = """
import contextlib, io, json, sys
sys.path.insert(0, DEMO)
import small_pipeline
from pathlib import Path
with contextlib.redirect_stdout(io.StringIO()):
    small_pipeline.make(Path("small"))
printed = []
for program in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(program, "a program of the page", "exec"), {"__name__": "__main__"})
    printed.append(out.getvalue())
print("PRINTED", json.dumps(printed))
"""

pytestmark = [pytest.mark.torch, pytest.mark.slow]


def test_each_program_prints_what_stands_below_it(tmp_path: Path) -> None:
    page = (PROJECT / "docs" / "loading.md").read_text(encoding="utf-8")
    programs = BLOCK.findall(page)
    assert len(programs) == page.count("```python")
    (of_readme,) = README.findall((PROJECT / "README.md").read_text(encoding="utf-8"))
    programs.append((of_readme.replace('"library"', '"another"'), "(1, 3, 16, 16)\n"))
    done = subprocess.run(
        [sys.executable, "-c", RUN_ALL.replace("DEMO", repr(str(PROJECT / "demo")))],
        input=json.dumps([program for program, _ in programs]),
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
