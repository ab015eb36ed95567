"""The mirror of the Hugging Face Hub, asked by the Hub's own library."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
from huggingface_hub.errors import (
    EntryNotFoundError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from modelkeep.app.server_tokens import ServerTokens
from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.metadata import HuggingFaceMetadata
from support.tiny import embedding, embedding_folder, lora
from support.web import WebServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OLDER = "fedcba9876543210fedcba9876543210fedcba98"


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    with WebServer(tmp_path_factory.mktemp("web") / "root") as running:
        yield running


@pytest.fixture
def hub(web: WebServer, tmp_path: Path) -> Callable[..., Any]:
    """Return a function of the Hub's library that asks the mirror."""
    token = web.headers.get("Authorization", "").removeprefix("Bearer ") or None

    def ask(name: str, *args: Any, **options: Any) -> Any:
        options = {"endpoint": f"{web.url}/hf", "token": token, **options}
        if name.endswith("download"):
            options = {"cache_dir": tmp_path / "cache", **options}
            return getattr(huggingface_hub, name)(*args, **options)
        api = huggingface_hub.HfApi(endpoint=options.pop("endpoint"), token=options.pop("token"))
        return getattr(api, name)(*args, **options)

    return ask


def _from(web: WebServer, path: Path, source: str) -> ModelConfigBase:
    """Install a model and have its record say that it came from somewhere."""
    key = web.manager.installer.install_path(path)
    return web.manager.records.update_model(key, {"source": source})


def test_a_folder_comes_byte_for_byte(web: WebServer, hub: Any, tmp_path: Path) -> None:
    folder = embedding_folder(tmp_path / "toy", fill=1)
    _from(web, folder, f"org/toy@{COMMIT}:fp16")
    assert hub("list_repo_files", "org/toy") == ["learned_embeds.safetensors", "notes/README.md"]
    got = Path(hub("snapshot_download", "org/toy"))
    assert got.name == COMMIT
    for path in ("learned_embeds.safetensors", "notes/README.md"):
        assert (got / path).read_bytes() == (folder / path).read_bytes()
    info = hub("model_info", "org/toy", revision=COMMIT, files_metadata=True)
    assert (info.id, info.sha) == ("org/toy", COMMIT)
    assert [each.size for each in info.siblings] == [
        (folder / each.rfilename).stat().st_size for each in info.siblings
    ]


def test_one_file_is_fetched_and_resumed(web: WebServer, hub: Any, tmp_path: Path) -> None:
    path = lora(tmp_path / "style.safetensors", fill=2)
    config = _from(web, path, f"org/style@{COMMIT}::style.safetensors")
    content, digest = path.read_bytes(), hashlib.sha256(path.read_bytes()).hexdigest()
    (file,) = web.manager.records.files(config.key)
    web.manager.records.set_file_hashes(config.key, file.path, sha256=digest)
    blobs = tmp_path / "cache" / "models--org--style" / "blobs"
    blobs.mkdir(parents=True)
    (blobs / f"{digest}.incomplete").write_bytes(content[:1000])
    got = Path(hub("hf_hub_download", "org/style", "style.safetensors"))
    assert got.read_bytes() == content
    assert got.resolve().name == digest
    (entry,) = hub("list_repo_tree", "org/style")
    assert (entry.path, entry.lfs.sha256, entry.lfs.size) == (path.name, digest, len(content))


def test_what_is_not_here_is_said_in_the_words_of_the_hub(
    web: WebServer, hub: Any, tmp_path: Path
) -> None:
    _from(web, embedding_folder(tmp_path / "some", fill=3), f"org/some@{COMMIT}")
    with pytest.raises(RepositoryNotFoundError):
        hub("hf_hub_download", "org/other", "x")
    with pytest.raises(RepositoryNotFoundError):
        hub("snapshot_download", "org/som")
    with pytest.raises(RevisionNotFoundError):
        hub("hf_hub_download", "org/some", "notes/README.md", revision=OLDER)
    with pytest.raises(EntryNotFoundError):
        hub("hf_hub_download", "org/some", "notes/missing.md")
    with pytest.raises(EntryNotFoundError):
        list(hub("list_repo_tree", "org/some", "nothing"))
    assert not hub("file_exists", "org/some", "missing")
    assert hub("repo_exists", "org/some")


def test_variants_and_subfolders_are_one_repository(
    web: WebServer, hub: Any, tmp_path: Path
) -> None:
    _from(web, embedding_folder(tmp_path / "one", fill=4), f"org/many@{COMMIT}:fp16")
    _from(web, embedding_folder(tmp_path / "two", fill=5), f"org/many@{COMMIT}::sub/two")
    _from(web, lora(tmp_path / "old.safetensors", fill=6), f"org/many@{OLDER}::a/old.safetensors")
    assert hub("list_repo_files", "org/many", revision=COMMIT) == [
        "learned_embeds.safetensors",
        "notes/README.md",
        "sub/two/learned_embeds.safetensors",
        "sub/two/notes/README.md",
    ]
    assert hub("list_repo_files", "org/many", revision=OLDER) == ["a/old.safetensors"]
    assert hub("model_info", "org/many").sha == OLDER, "the newest is the main one"
    top = hub("list_repo_tree", "org/many", revision=COMMIT)
    assert [entry.path for entry in top] == ["learned_embeds.safetensors", "notes", "sub"]
    inside = hub("list_repo_tree", "org/many", "sub", revision=COMMIT, recursive=True)
    assert [entry.path for entry in inside] == [
        "sub/two",
        "sub/two/learned_embeds.safetensors",
        "sub/two/notes",
        "sub/two/notes/README.md",
    ]
    asked = ["sub/two", "notes/README.md", "missing"]
    told = hub("get_paths_info", "org/many", asked, revision=COMMIT)
    assert [entry.path for entry in told] == asked[:2]


def test_a_file_has_the_path_that_the_hub_said(web: WebServer, hub: Any, tmp_path: Path) -> None:
    path = lora(tmp_path / "renamed.safetensors", fill=7)
    config = _from(web, path, f"org/loras@{COMMIT}")
    listed = [
        {"url": "https://x.example/1", "path": f"loras/{name}", "size": size}
        for name, size in (("readme.md", 7), ("deep/in/first.safetensors", path.stat().st_size))
    ]
    said = {"id": "org/loras", "name": "loras", "author": "org", "tags": ["a"], "files": listed}
    metadata = HuggingFaceMetadata.model_validate({**said, "last_modified": "2026-01-02T03:04:05Z"})
    web.manager.metadata.add_metadata(config.key, metadata)
    assert hub("list_repo_files", "org/loras") == ["deep/in/first.safetensors"]
    assert hub("model_info", "org/loras").tags == ["a"]


def test_local_models_have_a_repository_too(web: WebServer, hub: Any, tmp_path: Path) -> None:
    path = embedding(tmp_path / "My  été (v1).safetensors", fill=8)
    key = web.manager.installer.install_path(path)
    web.manager.records.rename_model(key, "My  été (v1)")
    names = ("My--été--v1-".replace("é", "-"), "My-t-v1", key)
    for name in names[1:]:
        (file,) = hub("list_repo_files", f"local/{name}")
        got = Path(hub("hf_hub_download", f"local/{name}", file))
        assert got.read_bytes() == path.read_bytes()
    assert web.get(f"/hf/api/models/local/{names[0]}").json()["sha"]
    commit = hub("model_info", f"local/{key}").sha
    assert (len(commit), hub("model_info", f"local/{key}").sha) == (40, commit)
    other = web.manager.installer.install_path(embedding(tmp_path / "other.safetensors", fill=9))
    web.manager.records.rename_model(other, "My  été (v1)")
    answer = web.get(f"/hf/api/models/local/{names[0]}")
    assert answer.headers["X-Error-Code"] == "RepoNotFound"
    assert f"local/{key}" in answer.headers["X-Error-Message"]


def test_files_are_read_in_place_with_a_token_that_only_reads(
    web: WebServer, tmp_path: Path
) -> None:
    folder = embedding_folder(tmp_path / "seen", fill=13)
    _from(web, folder, f"org/seen@{COMMIT}")
    token = ServerTokens(web.context.settings).add("sees", "read")
    files = huggingface_hub.HfFileSystem(endpoint=f"{web.url}/hf", token=token)
    assert files.ls("org/seen/notes", detail=False) == ["org/seen/notes/README.md"]
    assert files.info("org/seen/notes")["type"] == "directory"
    content = (folder / "learned_embeds.safetensors").read_bytes()
    with files.open("org/seen/learned_embeds.safetensors", block_size=100) as file:
        file.seek(1000)
        assert file.read(50) == content[1000:1050]


def test_a_large_tree_comes_in_pages(web: WebServer, hub: Any, tmp_path: Path) -> None:
    folder = embedding_folder(tmp_path / "large", fill=10)
    for number in range(1200):
        (folder / "notes" / f"{number}.txt").write_text(str(number))
    _from(web, folder, f"org/large@{COMMIT}")
    entries = list(hub("list_repo_tree", "org/large", recursive=True))
    assert len(entries) == len({entry.path for entry in entries}) == 1203


def test_a_changed_file_has_another_tag(web: WebServer, hub: Any, tmp_path: Path) -> None:
    config = _from(web, embedding(tmp_path / "a.safetensors", fill=11), f"org/edited@{COMMIT}")
    address = f"/hf/org/edited/resolve/{COMMIT}/a.safetensors"
    before = web.ask("HEAD", address).headers["X-Linked-ETag"]
    place = web.manager.path_of(config)
    place.write_bytes(place.read_bytes()[:-1] + b"x")
    after = web.ask("HEAD", address).headers
    assert (after["X-Linked-ETag"] == before, after["ETag"]) == (False, after["X-Linked-ETag"])
    assert hub("hf_hub_download", "org/edited", "a.safetensors")
    place.unlink()
    with pytest.raises(EntryNotFoundError):
        hub("hf_hub_download", "org/edited", "a.safetensors", force_download=True)


def test_a_wrong_token_gets_nothing(web: WebServer, hub: Any, tmp_path: Path) -> None:
    if not web.headers:
        pytest.skip("this server asks for no token")
    _from(web, embedding(tmp_path / "a.safetensors", fill=12), f"org/closed@{COMMIT}")
    with pytest.raises(HfHubHTTPError):
        hub("hf_hub_download", "org/closed", "a.safetensors", token="hf_wrong")
