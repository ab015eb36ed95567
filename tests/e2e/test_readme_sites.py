"""What the README says of sites is true: its commands and its program run beside sites here."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from faults.pages import Page
from sites.civitai import CivitaiServer
from sites.civitai_models import File, Model, Version
from sites.fixtures import Environment
from sites.hub import HubServer
from sites.models import sdxl_lora, sdxl_pipeline
from sites.modelscope import ModelScopeServer
from sites.server import FILE_HOST

from .test_readme import FROM_SITES, README, commands


@pytest.fixture
def filled(
    environment: Environment,
    hub: HubServer,
    civitai: CivitaiServer,
    modelscope: ModelScopeServer,
    monkeypatch: pytest.MonkeyPatch,
) -> Environment:
    """A library beside sites that have what the README names."""
    variables = {"MODELKEEP_ENDPOINTS": json.dumps({"modelscope": modelscope.endpoint})}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    environment.variables.update(variables)
    pipeline = sdxl_pipeline()
    hub.add("stabilityai/sdxl-turbo", pipeline, tags=["turbo"])
    chosen = {
        name: content
        for name, content in pipeline.items()
        if "fp16" in name or not name.endswith((".safetensors", ".index.json"))
    }
    modelscope.add("AI-ModelScope/sdxl-turbo", chosen)
    file = File(31, "sd_xl_turbo_lora_v1.safetensors", sdxl_lora(fill=5), primary=True)
    version = Version(242807, [file], name="v1-128dim", base="SDXL Turbo")
    civitai.add(Model(215485, [version], name="Turbo LoRA"))
    return environment


def test_an_install_from_each_site(filled: Environment, hub: HubServer) -> None:
    link = hub.serve(
        "/files/paper-cut.safetensors", Page(sdxl_lora(fill=6), etag='"p"'), host=FILE_HOST
    )
    shown = [item for item in commands() if FROM_SITES.match(item.command)]
    assert len(shown) == 4
    for item in shown:
        _, *words = shlex.split(item.command)
        words = [
            link if word == "https://example.com/files/paper-cut.safetensors" else word
            for word in words
        ]
        told = filled.program.call(*words)
        first = told.out.splitlines()[0]
        assert first.startswith(item.output[0]), (item.command, told.out)


def test_the_program_for_sites_runs(filled: Environment, tmp_path: Path) -> None:
    example = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[1]
    assert "CivitaiModelSource" in example
    done = subprocess.run(
        [sys.executable, "-c", example],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], **filled.variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "what    Checkpoint for SDXL" in done.stdout
    assert done.stdout.count(" completed ") == 2
    assert re.search(r"\{'[0-9a-f]{32}'\}", done.stdout)
