"""Looking models up on Hugging Face, as a server here answers for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from faults.pages import Page, Request, json_error, status
from faults.server import FaultServer
from modelkeep.core.metadata import HuggingFaceMetadata
from modelkeep.errors import DownloadError, HttpStatusError, UnsupportedSourceError
from modelkeep.http.client import Client
from modelkeep.http.options import TransferOptions
from modelkeep.sources.huggingface import cache
from modelkeep.sources.huggingface.site import SITE
from modelkeep.sources.huggingface.source import HFModelSource
from modelkeep.sources.site import RemoteModel, SiteContext

QUICK = TransferOptions(tries=2, backoff_base=0.01)
COMMIT = "c0" * 20
SHA = "ab" * 32
API = "/api/models/org/name"
INDEX = {"_class_name": "Pipe", "unet": ["diffusers", "U"], "vae": [None, None]}


@pytest.fixture(autouse=True)
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def listing(*names: str, **more: Any) -> dict[str, Any]:
    files = [
        {"rfilename": name, "size": 10 + at, "blobId": "00"}
        | ({"lfs": {"sha256": SHA, "size": 10 + at}} if "." in name[-12:-5] else {})
        for at, name in enumerate(names)
    ]
    return {
        "id": "org/name", "sha": COMMIT, "lastModified": "2026-01-02T03:04:05.000Z",
        "tags": ["license:mit", "diffusers:Pipe"], "gated": False, "siblings": files, **more,
    }  # fmt: skip


def page(value: Any) -> Page:
    return Page(json.dumps(value).encode(), content_type="application/json")


def look_up(server: FaultServer, token: str = "", **source: Any) -> RemoteModel:
    context = SiteContext(
        Client(options=QUICK),
        tokens={"huggingface": token} if token else {},
        endpoints={"huggingface": server.url("")},
    )
    return SITE.look_up(HFModelSource(repo_id="org/name", **source), context)


def test_a_pipeline_is_pinned_with_sizes_and_hashes(server: FaultServer) -> None:
    server.serve(
        API,
        page(
            listing(
                "model_index.json", "unet/config.json", "unet/model.fp16.safetensors",
                "unet/model.safetensors", "vae/config.json", "vae/model.safetensors",
            )
        ),
    )  # fmt: skip
    server.serve(f"/org/name/resolve/{COMMIT}/model_index.json", page(INDEX))
    model = look_up(server)
    assert model.source == f"org/name@{COMMIT}:fp16"
    assert [file.path for file in model.files] == [
        "unet/model.fp16.safetensors", "unet/config.json", "model_index.json",
    ]  # fmt: skip
    assert model.files[0].url == server.url(
        f"/org/name/resolve/{COMMIT}/unet/model.fp16.safetensors"
    )
    assert (model.files[0].size, dict(model.files[0].hashes)) == (12, {"sha256": SHA})
    assert (model.name, model.is_folder, model.total_bytes) == ("name", True, 33)
    assert (model.terms.licence, model.terms.gated, model.type_hint) == ("mit", False, "Pipe")
    assert isinstance(model.metadata, HuggingFaceMetadata)
    assert server.asked(API)[0].query == "blobs=true"


def test_a_revision_is_asked_for_and_one_file_may_be_named(server: FaultServer) -> None:
    server.serve(f"{API}/revision/refs%2Fpr%2F3", page(listing("a b.safetensors", "c.safetensors")))
    model = look_up(server, revision="refs/pr/3", subfolder="a b.safetensors")
    assert (model.name, model.is_folder) == ("a b", False)
    assert model.files[0].url.endswith(f"/resolve/{COMMIT}/a%20b.safetensors")


def test_missing_precision_is_said(server: FaultServer) -> None:
    server.serve(API, page(listing("config.json", "model.safetensors")))
    assert "full precision" in look_up(server).notes[0]


def test_several_models_have_to_be_named(server: FaultServer) -> None:
    server.serve(API, page(listing("a.safetensors", "b.safetensors")))
    with pytest.raises(UnsupportedSourceError, match=r"2 models: a\.safetensors, b") as caught:
        look_up(server)
    assert "org/name/a.safetensors" in caught.value.hint


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"variant": "onnx"}, "variant onnx"),
        ({"subfolder": "vae"}, "no folder or file vae"),
    ],
)
def test_what_is_not_there_is_told(server: FaultServer, how: dict[str, Any], said: str) -> None:
    server.serve(API, page(listing("config.json", "model.safetensors")))
    with pytest.raises(UnsupportedSourceError, match=said):
        look_up(server, **how)


def refused(code: int, name: str = "", said: str = "") -> Page:
    return status(code, ("X-Error-Code", name), ("X-Error-Message", said))


@pytest.mark.parametrize(
    ("answer", "token", "said", "hint"),
    [
        (refused(401, "GatedRepo"), "", "terms", "HF_TOKEN"),
        (refused(403, "GatedRepo"), "hf_x", "terms", "Request access"),
        (
            refused(403, "GatedRepo", "enable public gated repos"),
            "hf_x",
            "has no access to gated",
            "Allow it to read",
        ),
        (refused(401, "RepoNotFound"), "", "private", "--token"),
        (refused(404, "RepoNotFound"), "hf_x", "does not exist", "browser"),
        (refused(404, "RevisionNotFound"), "", "no such branch", "branches"),
        (refused(403, "", "Access to this resource is disabled."), "hf_x", "disabled", "another"),
        (refused(403), "hf_x", "has no access to it", "read token"),
    ],
)
def test_refusals_are_explained(
    server: FaultServer, answer: Page, token: str, said: str, hint: str
) -> None:
    server.serve(API, answer)
    with pytest.raises(HttpStatusError, match=said) as caught:
        look_up(server, token)
    assert hint in caught.value.hint
    assert "org/name" in str(caught.value)


def test_a_fault_of_the_site_stays_what_it_is(server: FaultServer) -> None:
    server.serve(API, json_error(500, "broken"))
    with pytest.raises(HttpStatusError, match="500"):
        look_up(server)


def test_a_token_that_is_not_valid_is_left_out(server: FaultServer) -> None:
    def script(request: Request) -> Page:
        if "authorization" in request.headers:
            return refused(401, "", "Invalid credentials in Authorization header")
        return page(listing("a.safetensors"))

    server.serve(API, script)
    model = look_up(server, "hf_secret")
    assert model.token is None
    assert "is invalid" in model.notes[0]
    assert "hf_secret" not in repr(model)


def test_a_token_goes_along_and_stays_with_the_mirror(server: FaultServer) -> None:
    server.serve(API, page(listing("a.safetensors", gated="auto")).but(token="Bearer hf_secret"))
    model = look_up(server, access_token="hf_secret")
    assert model.token is not None
    assert model.token.origin.port == server.port
    assert (model.aliases, model.needs_token, model.terms.gated) == (frozenset(), True, True)
    assert "hf_secret" not in repr(model)


def test_terms_that_are_not_accepted_are_told_before(server: FaultServer) -> None:
    server.serve(API, page(listing("a.safetensors", gated="manual")))
    model = look_up(server)
    assert "terms on https://huggingface.co/org/name" in model.notes[0]


def test_an_injected_session_may_know_the_main_branch_alone(server: FaultServer) -> None:
    server.serve(API, page(listing("a.safetensors")))
    endpoints = {"huggingface": server.url("")}
    with requests.Session() as session:
        context = SiteContext(Client(session, QUICK), endpoints=endpoints)
        model = SITE.look_up(HFModelSource(repo_id="org/name"), context)
    assert model.files[0].url == server.url("/org/name/resolve/main/a.safetensors")
    assert model.source == f"org/name@{COMMIT}:fp16", "what was there is recorded"


def test_the_token_of_other_programs_is_found(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("hf_file\n")
    home = {"HF_HOME": str(tmp_path)}
    assert cache.token(home) == "hf_file"
    assert cache.token({**home, "HF_TOKEN": " hf_one\n"}) == "hf_one"
    assert cache.token({**home, "HF_TOKEN": "x", "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"}) is None
    assert cache.token({"HF_TOKEN_PATH": str(tmp_path / "none")}) is None
    (tmp_path / "token").write_bytes(b"\xff\xfe")
    assert cache.token(home) is None


def test_the_cache_is_where_its_programs_look_for_it() -> None:
    assert cache.hub({"HF_HOME": "/a"}) == Path("/a/hub")
    assert cache.hub({"XDG_CACHE_HOME": "/b"}) == Path("/b/huggingface/hub")
    assert cache.hub({"HUGGINGFACE_HUB_CACHE": "/c", "HF_HOME": "/a"}) == Path("/c")


def test_a_file_in_the_cache_is_named(server: FaultServer, cache_folder: Path) -> None:
    server.serve(API, page(listing("name.fp16.safetensors")))
    blob = cache_folder / "models--org--name" / "blobs" / SHA
    blob.parent.mkdir(parents=True)
    blob.write_bytes(b"x" * 3)
    assert look_up(server).files[0].cached is None, "it has another size"
    blob.write_bytes(b"x" * 10)
    assert look_up(server).files[0].cached == blob


def test_nothing_is_asked_offline(server: FaultServer) -> None:
    context = SiteContext(
        Client(options=QUICK, is_offline=True), endpoints={"huggingface": server.url("")}
    )
    with pytest.raises(DownloadError, match="offline"):
        SITE.look_up(HFModelSource(repo_id="org/name"), context)
    assert server.requests == []


def test_a_search_gives_repositories(server: FaultServer) -> None:
    server.serve("/api/models", page([{"id": "org/name", "downloads": 5, "tags": []}, {}]))
    context = SiteContext(Client(options=QUICK), endpoints={"huggingface": server.url("")})
    found = SITE.search("cats", {"type": "lora", "limit": "3"}, context)
    assert [(each.source, each.author, each.downloads) for each in found] == [
        ("org/name", "org", 5)
    ]
    assert server.asked("/api/models")[0].query == (
        "search=cats&sort=downloads&limit=3&full=true&filter=lora"
    )


def test_what_is_pasted_from_a_mirror_is_known() -> None:
    endpoints = {"huggingface": "https://mirror.example"}
    source = SITE.parse("https://mirror.example/org/name", endpoints)
    assert source is not None
    assert SITE.owns(source)
