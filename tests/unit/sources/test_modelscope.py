"""Models of ModelScope, as a server here answers for it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from faults.pages import Page
from faults.server import FaultServer
from modelkeep.errors import SourceError, UnsupportedSourceError
from modelkeep.http.client import Client
from modelkeep.http.options import TransferOptions
from modelkeep.sources.modelscope import SITE, ModelScopeSource
from modelkeep.sources.site import RemoteModel, SiteContext

API = "/api/v1/models/org/name"
SHA = "AB" * 32


def page(data: Any, code: int = 200, message: str = "") -> Page:
    answer = {"Code": code, "Success": code == 200, "Data": data, "Message": message}
    return Page(json.dumps(answer).encode(), content_type="application/json")


def serve(server: FaultServer, *names: str) -> None:
    server.serve(API, page({"License": "Apache License 2.0"}))
    files = [{"Path": name, "Type": "blob", "Size": 9, "Sha256": SHA} for name in names]
    folder = {"Path": "unet", "Type": "tree"}
    server.serve(f"{API}/repo/files", page({"Files": [folder, *files] if files else None}))


def look_up(server: FaultServer, **how: Any) -> RemoteModel:
    context = SiteContext(
        Client(options=TransferOptions(tries=1)), endpoints={"modelscope": server.url("")}
    )
    return SITE.look_up(ModelScopeSource(repo_id="org/name", **how), context)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ms:org/name", "ms:org/name"),
        ("ms://org/name@v1:a/b", "ms:org/name@v1:a/b"),
        ("https://modelscope.cn/models/org/name", "ms:org/name"),
        ("https://www.modelscope.ai/models/org/name/summary", "ms:org/name"),
        ("https://modelscope.cn/models/org/name/file/view/master/a%20b.bin", "ms:org/name:a b.bin"),
        ("https://modelscope.cn/models/org/name/resolve/v1/a.bin", "ms:org/name@v1:a.bin"),
        ("https://modelscope.cn/models/org/name/files", "ms:org/name"),
        (
            "https://modelscope.cn/api/v1/models/org/name/repo?Revision=v1&FilePath=a%2Fb.bin",
            "ms:org/name@v1:a/b.bin",
        ),
        ("ms:org/name:fp32:unet", "ms:org/name:fp32:unet"),
        ("ms:org/name:onnx", "ms:org/name:onnx"),
        ("ms:org/name::onnx", "ms:org/name::onnx"),
    ],
)
def test_what_people_paste(text: str, expected: str) -> None:
    source = SITE.parse(text, {})
    assert source == expected
    assert source is not None
    assert SITE.owns(source)
    assert SITE.parse(expected, {}) == expected


def test_what_is_of_others() -> None:
    assert SITE.parse("org/name", {}) is None
    assert SITE.parse("https://example.org/models/org/name", {}) is None
    with pytest.raises(UnsupportedSourceError, match="not the page of a model"):
        SITE.parse("https://modelscope.cn/datasets/org/name", {})


@pytest.mark.parametrize(
    "text",
    [
        "https://modelscope.cn/models/org/name/feedback/issueDetail/3",
        "https://modelscope.cn/models/org/name/pulls/2",
    ],
)
def test_discussions_are_told(text: str) -> None:
    with pytest.raises(UnsupportedSourceError, match="not the page of a model") as caught:
        SITE.parse(text, {})
    assert "ms:org/name" in caught.value.hint


def test_a_branch_that_is_not_listed_is_told(server: FaultServer) -> None:
    serve(server, "model.safetensors")
    branches = {"Branches": [{"Revision": "master"}, {"Revision": "v2"}], "Tags": None}
    server.serve(f"{API}/revisions", page({"RevisionMap": branches}))
    with pytest.raises(SourceError, match="no branch or tag v1") as caught:
        look_up(server, revision="v1")
    assert "master, v2" in caught.value.hint
    assert look_up(server, revision="v2").files


def test_a_variant_that_is_not_there_is_said(server: FaultServer) -> None:
    serve(server, "model.fp16.safetensors")
    assert look_up(server).notes == ()
    [note] = look_up(server, variant="fp32").notes
    assert note == "No fp32 variant of model.fp16.safetensors: using fp16."


def test_a_model_has_sizes_and_hashes(server: FaultServer) -> None:
    serve(server, "config.json", "model.safetensors", "pytorch_model.bin")
    model = look_up(server)
    assert [file.path for file in model.files] == ["config.json", "model.safetensors"]
    assert model.files[1].url == server.url("/models/org/name/resolve/master/model.safetensors")
    assert dict(model.files[1].hashes) == {"sha256": SHA.lower()}
    assert (model.name, model.is_folder, model.total_bytes) == ("name", True, 18)
    assert model.terms.licence == "Apache License 2.0"
    asked = server.asked(f"{API}/repo/files")[0]
    assert asked.query == "Revision=master&Recursive=True"


def test_a_folder_or_file_may_be_named(server: FaultServer) -> None:
    serve(server, "unet/config.json", "unet/model.safetensors", "a.safetensors", "b.safetensors")
    folder = look_up(server, subfolder="unet")
    assert [file.path for file in folder.files] == ["config.json", "model.safetensors"]
    one = look_up(server, subfolder="a.safetensors")
    assert (one.name, one.is_folder, one.files[0].path) == ("a", False, "a.safetensors")


def test_several_models_have_to_be_named(server: FaultServer) -> None:
    serve(server, "a.safetensors", "b.safetensors")
    with pytest.raises(UnsupportedSourceError, match="2 models") as caught:
        look_up(server)
    assert "ms:org/name:a.safetensors" in caught.value.hint


def test_faults_that_come_with_status_200_are_told(server: FaultServer) -> None:
    server.serve(API, page(None, 10010205001, "record not found"))
    with pytest.raises(SourceError, match="record not found"):
        look_up(server)


def test_a_revision_that_is_not_there_is_told(server: FaultServer) -> None:
    serve(server)
    with pytest.raises(SourceError, match="no files"):
        look_up(server, revision="gone")


def test_a_form_that_is_not_there_is_told(server: FaultServer) -> None:
    serve(server, "config.json", "model.safetensors")
    with pytest.raises(UnsupportedSourceError, match="no weights"):
        look_up(server, variant="onnx")


def test_the_token_is_not_shown() -> None:
    source = ModelScopeSource(repo_id="org/name", access_token="secret")
    assert "secret" not in repr(source) + str(source) + source.model_dump_json()
