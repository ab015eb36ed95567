"""A token given in every way is found in its own file after a whole run, and nowhere else."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from faults.pages import Page, status
from sites.civitai import CivitaiServer
from sites.civitai_models import File, Model, Version
from sites.fixtures import Environment
from sites.hub import Account, HubServer
from sites.models import sdxl_lora
from sites.server import FILE_HOST

PLANTED = "hf_planted5eCr3tValue"
REPO = "someone/paper"

Give = Callable[[Environment, Path, pytest.MonkeyPatch], tuple[str, ...]]


def by_file(_: Environment, folder: Path, __: pytest.MonkeyPatch) -> tuple[str, ...]:
    file = folder / "outside-token"
    file.write_text(PLANTED + "\n")
    return ("--token", f"@{file}")


def by_argument(_: Environment, __: Path, ___: pytest.MonkeyPatch) -> tuple[str, ...]:
    return ("--token", PLANTED)


def by_environment(made: Environment, _: Path, patch: pytest.MonkeyPatch) -> tuple[str, ...]:
    for name in ("HF_TOKEN", "CIVITAI_API_TOKEN"):
        patch.setenv(name, PLANTED)
        made.variables[name] = PLANTED
    return ()


def by_keeping(made: Environment, _: Path, patch: pytest.MonkeyPatch) -> tuple[str, ...]:
    for site in ("huggingface", "civitai"):
        patch.setattr("sys.stdin", io.StringIO(PLANTED + "\n"))
        made.program.call("token", "set", site, "-")
    return ()


@pytest.mark.parametrize("give", [by_file, by_argument, by_environment, by_keeping])
def test_a_whole_run_leaves_no_trace(  # noqa: PLR0917 - fixtures
    environment: Environment,
    hub: HubServer,
    civitai: CivitaiServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    give: Give,
) -> None:
    files = {"paper.safetensors": sdxl_lora()}
    hub.add(REPO, files, gated="manual")
    hub.accounts[PLANTED] = Account(accepted=frozenset({REPO}))
    version = Version(21, [File(31, "cut.safetensors", sdxl_lora(1))], needs_login=True)
    civitai.add(Model(11, [version]))
    civitai.tokens.add(PLANTED)
    link = hub.serve("/x/cut.safetensors", Page(sdxl_lora(2), etag='"a"'), host=FILE_HOST)
    monkeypatch.setenv("MODELKEEP_LOG_LEVEL", "debug")
    options, program = give(environment, tmp_path, monkeypatch), environment.program
    told = [
        program.call("install", REPO, *options, "--dry-run"),
        program.call("search", "paper"),
        program.call("install", REPO, *options, "--yes", "--json"),
        program.call("install", "civitai:11@21", *options, "-y"),
        program.call("install", f"{link}?token={PLANTED}", "--name", "linked"),
    ]
    hub.add("someone/other", {"other.safetensors": sdxl_lora(3)}, gated="manual")
    hub.refuse_next(status(451), times=9, path="other.safetensors")
    told += [
        program.call("install", "someone/other", *options, status=1),
        program.call("install", f"{link}x?token={PLANTED}", status=1),
        program.call("jobs", "--json"),
        program.call("jobs"),
        program.call("list", "--json"),
        program.call("show", "linked", "--json"),
        program.call("token", "list"),
        program.call("doctor", status=None),
        program.call("config", "show"),
    ]
    assert [each.out for each in told if PLANTED in each.out] == []
    assert [each.err for each in told if PLANTED in each.err] == []
    with_it = [
        path
        for top in (environment.root, environment.home)
        for path in top.rglob("*")
        if path.is_file() and PLANTED.encode() in path.read_bytes()
    ]
    is_kept = give is by_keeping
    assert sorted(path.name for path in with_it) == (["civitai", "huggingface"] if is_kept else [])
    assert hub.saw(PLANTED, "127.0.0.1")
    assert civitai.saw(PLANTED, "127.0.0.1")
    blobs = [each for each in hub.saw(PLANTED) if each.path.startswith("/blobs/")]
    assert blobs == civitai.saw(PLANTED) == []
