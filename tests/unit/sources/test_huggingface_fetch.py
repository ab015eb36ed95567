"""What Hugging Face says of a repository, through sessions of ours and injected ones."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import BaseAdapter

from modelkeep.core.choice import filter_files
from modelkeep.core.metadata import HuggingFaceMetadata
from modelkeep.errors import HttpStatusError, UnsupportedSourceError
from modelkeep.sources.huggingface.metadata_fetch import HuggingFaceMetadataFetch
from modelkeep.sources.metadata_fetch import ModelMetadataFetchBase

NAMES = [
    "model_index.json", "unet/config.json", "unet/model.safetensors",
    "unet/model.fp16.safetensors", "vae/model.safetensors", "other/model.safetensors",
]  # fmt: skip
ANSWER: dict[str, Any] = {
    "id": "org/repo", "author": "somebody", "lastModified": "2026-01-02T03:04:05.000Z",
    "tags": ["t2i", "license:mit"], "cardData": {"license": "mit"},
    "siblings": [{"rfilename": name, "size": 7} for name in NAMES],
}  # fmt: skip
INDEX = {"_class_name": "X", "unet": ["a", "B"], "vae": ["a", "B"]}


class Known(BaseAdapter):
    """Answers for the two addresses that it knows."""

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        known = {
            "https://huggingface.co/api/models/org/repo": ANSWER,
            "https://huggingface.co/org/repo/resolve/main/model_index.json": INDEX,
        }
        value = known.get(str(request.url).partition("?")[0])
        body = json.dumps(value).encode()
        response = requests.Response()
        response.status_code = 404 if value is None else 200
        response.url = str(request.url)
        response.raw = BytesIO(body)
        response.headers.update({"Content-Type": "application/json"})
        return response

    def close(self) -> None:
        """Hold nothing."""


@pytest.fixture
def session() -> requests.Session:
    made = requests.Session()
    made.mount("https://", Known())
    return made


def test_metadata_comes_from_addresses_and_ids(session: requests.Session) -> None:
    fetch = HuggingFaceMetadataFetch(session)
    assert isinstance(fetch, ModelMetadataFetchBase)
    said = fetch.from_url("https://huggingface.co/org/repo")
    assert fetch.from_id("org/repo") == said
    assert (said.id, said.name, said.author) == ("org/repo", "repo", "somebody")
    assert said.tags == {"t2i", "license:mit"}
    assert said.tag_dict["cardData"] == {"license": "mit"}
    assert HuggingFaceMetadataFetch.from_json(said.model_dump_json()) == said


def test_files_begin_with_the_name_of_the_repository(session: requests.Session) -> None:
    said = HuggingFaceMetadataFetch(session).from_id("org/repo")
    assert [file.path for file in said.files] == [Path("repo", name) for name in NAMES]
    assert str(said.files[2].url).endswith("/org/repo/resolve/main/unet/model.safetensors")
    paths = [file.path for file in said.files]
    assert Path("repo/unet/model.fp16.safetensors") in filter_files(paths, "fp16")


def test_what_is_fetched_follows_the_index(session: requests.Session) -> None:
    said = HuggingFaceMetadataFetch(session).from_id("org/repo")
    urls = said.download_urls("fp16", session=session)
    assert [file.path.as_posix() for file in urls] == [
        "repo/model_index.json", "repo/unet/config.json", "repo/unet/model.fp16.safetensors",
        "repo/vae/model.safetensors",
    ]  # fmt: skip
    assert len(said.download_urls("fp16")) == 5
    assert [file.size for file in said.download_urls(None, "vae", session)] == [7]
    assert said.download_urls("onnx", session=session) == []


def test_what_is_not_there_is_told(session: requests.Session) -> None:
    fetch = HuggingFaceMetadataFetch(session)
    with pytest.raises(HttpStatusError, match="org/gone"):
        fetch.from_id("org/gone")
    with pytest.raises(UnsupportedSourceError, match="not the address"):
        fetch.from_url("https://example.org/models/1")
    with pytest.raises(UnsupportedSourceError, match="not the name"):
        fetch.from_id("nothing")


def test_stored_files_keep_their_paths(session: requests.Session) -> None:
    said = HuggingFaceMetadataFetch(session).from_id("org/repo")
    again = HuggingFaceMetadata.model_validate_json(said.model_dump_json())
    assert again.files == said.files
    assert '"path":"repo/unet/config.json"' in said.model_dump_json()
