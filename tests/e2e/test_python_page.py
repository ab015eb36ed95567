"""``docs/python.md`` is true: each program runs and prints what stands below it; all are typed."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

from faults.pages import Page
from sites.civitai import CivitaiServer
from sites.civitai_models import File, Model, Version
from sites.fixtures import Environment
from sites.hub import HubServer
from sites.models import sdxl_lora, sdxl_pipeline
from sites.server import FILE_HOST

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "python.md").read_text(encoding="utf-8")
README = (PROJECT / "README.md").read_text(encoding="utf-8")
LOADING = (PROJECT / "docs" / "loading.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```python\n(.*?)```(?:\n\n```text\n(.*?)```)?", re.DOTALL)
LINK = "https://example.com/files/notes.bin"


def test_each_program_prints_what_stands_below_it(
    environment: Environment, hub: HubServer, civitai: CivitaiServer, tmp_path: Path
) -> None:
    hub.add("stabilityai/sdxl-turbo", sdxl_pipeline(), tags=["turbo"])
    file = File(31, "turbo.safetensors", sdxl_lora(), primary=True)
    version = Version(242807, [file], name="v1-128dim", words=["turbo"], base="SDXL Turbo")
    civitai.add(Model(215485, [version], name="Turbo LoRA", creator="somebody", tags=["style"]))
    link = hub.serve("/files/notes.bin", Page(b"n" * 5000, etag='"n"'), host=FILE_HOST)
    here = tmp_path / "here"
    here.mkdir()
    make = [sys.executable, str(PROJECT / "demo" / "sample_models.py"), "samples"]
    subprocess.run(make, cwd=here, check=True, capture_output=True)
    programs = BLOCK.findall(PAGE)
    assert len(programs) >= 10
    check = doctest.OutputChecker()
    for program, wanted in programs:
        done = subprocess.run(
            [sys.executable, "-c", program.replace(LINK, link)],
            cwd=here,
            env={"PATH": os.environ["PATH"], **environment.variables},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, (program, done.stderr)
        assert check.check_output(wanted, done.stdout, doctest.ELLIPSIS), (program, done.stdout)


def test_the_programs_are_typed(tmp_path: Path) -> None:
    """Outside of the repository, as strictly as can be, and without its settings of mypy."""
    pages = (README, PAGE, LOADING)
    programs = [program for page in pages for program, _ in BLOCK.findall(page)]
    # The types of torch take half a minute; those programs are no other than the rest.
    programs = [program for program in programs if "import torch" not in program]
    names = [f"program_{number}.py" for number in range(len(programs))]
    for name, program in zip(names, programs, strict=True):
        tmp_path.joinpath(name).write_text(program)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", *names],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
