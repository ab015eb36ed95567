"""Files that a site does not give: why, in the words of the site, in every form of output."""

from __future__ import annotations

import json
from typing import Any

import pytest

from faults.pages import Page, login_page, status
from faults.server import FaultServer
from modelkeep import HFModelSource
from sites.civitai import CivitaiServer
from sites.civitai_models import File, Model, Version
from sites.fixtures import Environment
from sites.hub import Account, HubServer
from sites.models import sdxl_lora, sdxl_pipeline
from sites.modelscope import ModelScopeServer
from sites.server import json_page

LORA = sdxl_lora()
REPO = "org/turbo"


def add(civitai: CivitaiServer, **version: Any) -> None:
    files = [File(31, "cut.safetensors", LORA, primary=True)]
    civitai.add(Model(11, [Version(21, files, **version)], name="Paper Cut"))


def refused(environment: Environment, source: str, *said: str) -> None:
    """Check that all forms of output have the same words."""
    program = environment.program
    for words in (
        "install",
        "install -q",
        "install --json",
        "install --dry-run",
        "identify --json",
    ):
        told = program.call(*words.split(), source, status=1)
        for text in said:
            assert text in told.out + told.err, words
        assert "answered 40" not in told.out + told.err
        if words == "install --json":
            assert said[0] in told.only["error"]["message"]


@pytest.mark.parametrize(
    ("version", "said"),
    [
        (
            {"early_access": "2026-12-01T00:00:00Z"},
            ("Civitai refuses", "it is in early access until 2026-12-01", "Buy it on the site"),
        ),
        (
            {"needs_login": True},
            ("Civitai refuses", "it needs a token", "requires you to be logged in", "token set"),
        ),
        (
            {"usage": "InternalGeneration"},
            ("Civitai refuses", "its creator does not allow downloads", "on the site only"),
        ),
    ],
)
def test_civitai(
    environment: Environment, civitai: CivitaiServer, version: Any, said: tuple[str, ...]
) -> None:
    add(civitai, **version)
    refused(environment, "civitai:11@21", *said)


def test_a_login_page_of_civitai(environment: Environment, civitai: CivitaiServer) -> None:
    add(civitai, needs_login=True)
    civitai.shows_login = True
    refused(
        environment,
        "civitai:11@21",
        "Civitai answered with a login page in place of Paper Cut",
        "it needs a token",
        "modelkeep token set civitai",
    )


@pytest.mark.parametrize(
    ("repository", "said"),
    [
        (
            {"gated": "auto"},
            (
                "Hugging Face refuses",
                f"{REPO} (status 401)",
                "its terms must be accepted first, and no token was given",
                f"Accept them on https://huggingface.co/{REPO}",
            ),
        ),
        ({"disabled": True}, ("Hugging Face refuses", REPO, "the site disabled it")),
    ],
)
@pytest.mark.parametrize("files", [sdxl_pipeline(), {"cut.safetensors": LORA}], ids=["many", "one"])
def test_hugging_face(
    environment: Environment,
    hub: HubServer,
    files: dict[str, bytes],
    repository: dict[str, Any],
    said: tuple[str, ...],
) -> None:
    hub.add(REPO, files, **repository)
    refused(environment, REPO, *said)


def test_a_file_that_is_refused_after_the_plan(
    environment: Environment, civitai: CivitaiServer
) -> None:
    """The header was given; the download is not."""
    add(civitai)
    text = {"error": "Early Access", "deadline": "2026-12-01T00:00:00Z"}
    civitai.plant(
        "/api/download/",
        lambda request: civitai.answer(request) if request.range else json_page(text, 403),
    )
    told = environment.program.call("install", "--json", "civitai:11@21", status=1)
    assert "it is in early access until 2026-12-01" in told.only["error"]["message"]
    assert "it is in early access" in environment.program.call("jobs").out


def test_a_plain_link_has_no_site(environment: Environment, server: FaultServer) -> None:
    page = Page(LORA, etag='"v1"')
    url = server.serve(
        "/cut.safetensors",
        lambda request: page if request.range else json_page({"message": "Not for you"}, 403),
    )
    told = environment.program.call("install", "-q", url, status=1)
    assert "answered 403 (Forbidden): Not for you" in told.err
    server.serve("/cut.safetensors", lambda request: page if request.range else login_page())
    told = environment.program.call("install", "-q", url, status=1)
    assert "127.0.0.1 answered with a login page" in told.err


def test_modelscope(
    environment: Environment, modelscope: ModelScopeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELKEEP_ENDPOINTS", json.dumps({"modelscope": modelscope.endpoint}))
    modelscope.add("artist/paper", {"cut.safetensors": LORA})
    modelscope.plant("/resolve/", lambda _: json_page({"message": "Apply for access first"}, 403))
    refused(
        environment,
        "ms:artist/paper",
        "ModelScope refuses",
        "cut.safetensors of cut (status 403): Apply for access first",
    )


def test_what_a_store_of_files_says_is_not_about_the_model(
    environment: Environment, civitai: CivitaiServer
) -> None:
    add(civitai)
    civitai.serve("/gone", status(403, body=b"expired"), host="127.0.0.2")
    civitai.plant(
        "/api/download/",
        lambda _: Page(b"", 307, headers=(("Location", civitai.server.url("/gone", "127.0.0.2")),)),
    )
    told = environment.program.call("install", "-q", "civitai:11@21", status=1)
    assert "127.0.0.2" in told.err
    assert "answered 403" in told.err
    assert "Civitai refuses" not in told.err


@pytest.mark.parametrize("form", [(), ("-q",), ("--json",), ("--dry-run",)])
def test_a_model_that_is_here_needs_no_token(
    environment: Environment, civitai: CivitaiServer, hub: HubServer, form: tuple[str, ...]
) -> None:
    program = environment.program
    add(civitai, needs_login=True)
    civitai.tokens.add("mine")
    hub.add(REPO, sdxl_pipeline(), gated="auto")
    hub.accounts["hf_mine"] = Account(accepted=frozenset({REPO}))
    for source, token in {"civitai:11@21": "mine", REPO: "hf_mine"}.items():
        key = program.call("install", "-q", source, "--token", token).lines[0]
        before = len(civitai.requests("download")) + len(hub.requests("resolve"))
        told = program.call("install", *form, source)
        assert key in told.out
        after = len(civitai.requests("download")) + len(hub.requests("resolve"))
        # The list of components of a pipeline is asked for, and refused.
        assert after - before <= 1


def test_a_model_that_is_here_needs_no_token_in_python(
    environment: Environment, hub: HubServer
) -> None:
    hub.add(REPO, sdxl_pipeline(), gated="auto")
    hub.accounts["hf_mine"] = Account(accepted=frozenset({REPO}))
    installer = environment.manager().installer
    first = installer.import_model(HFModelSource(repo_id=REPO, access_token="hf_mine"))
    installer.wait_for_installs()
    assert first.complete, first.error
    again = installer.import_model(HFModelSource(repo_id=REPO))
    installer.wait_for_installs()
    assert again.complete, again.error
    assert again.config_out == first.config_out
