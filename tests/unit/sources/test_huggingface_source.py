"""What people paste for a model of Hugging Face."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from modelkeep.core.taxonomy import ModelRepoVariant
from modelkeep.errors import UnsupportedSourceError
from modelkeep.sources.huggingface.source import HFModelSource, parse

PAGE = "https://huggingface.co/org/name"


@pytest.mark.parametrize(
    ("text", "revision", "subfolder"),
    [
        ("org/name", None, None),
        (" org/name ", None, None),
        ("org/name@v1", "v1", None),
        ("org/name@refs/pr/3", "refs/pr/3", None),
        ("org/name:fp16:vae", None, "vae"),
        ("org/name@v1::a/b", "v1", "a/b"),
        ("org/name/file.safetensors", None, "file.safetensors"),
        ("org/name/a/file.safetensors", None, "a/file.safetensors"),
        (PAGE, None, None),
        ("http://hf.co/org/name/", None, None),
        ("huggingface.co/org/name", None, None),
        (f"{PAGE}/tree/main", None, None),
        (f"{PAGE}/tree/fp16/vae", "fp16", "vae"),
        (f"{PAGE}/tree/refs%2Fpr%2F3", "refs/pr/3", None),
        (f"{PAGE}/tree/refs/pr/3/vae", "refs/pr/3", "vae"),
        (f"{PAGE}/blob/main/a%20b.safetensors#L3", None, "a b.safetensors"),
        (f"{PAGE}/resolve/v2/a/b.safetensors?download=true", "v2", "a/b.safetensors"),
        (f"{PAGE}/commits/v1", "v1", None),
        (f"{PAGE}/edit/main/a/b.safetensors", None, "a/b.safetensors"),
        (f"{PAGE}/tree/v1?show_file_info=a%2Fb.safetensors", "v1", "a/b.safetensors"),
        (f"{PAGE}?show_file_info=b.safetensors", None, "b.safetensors"),
        ("urn:air:flux1:lora:huggingface:org/name@v1", "v1", None),
        ("huggingface:org/name", None, None),
        ("hf://org/name", None, None),
        ("hf://models/org/name@v1/vae", "v1", "vae"),
        ("hf://org/name@refs/pr/3/vae", "refs/pr/3", "vae"),
        ("hf:org/name", None, None),
    ],
)
def test_what_people_paste(text: str, revision: str | None, subfolder: str | None) -> None:
    source = parse(text)
    assert source is not None
    assert source == HFModelSource(repo_id="org/name", revision=revision, subfolder=subfolder)
    assert parse(str(source)) == source


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("https://huggingface.co/datasets/org/name", "a dataset"),
        ("datasets/org", "a dataset"),
        ("hf://spaces/org/name", "a space"),
        ("https://hf.co/collections/org/x-1", "a collection"),
        ("https://huggingface.co/org", "an organization"),
        ("org/name:fp17", "not a variant"),
        (f"{PAGE}/discussions/4", "a discussion or pull request of org/name"),
        (f"{PAGE}/discussions", "a discussion or pull request of org/name"),
        (f"{PAGE}/settings", "not a page of files of org/name"),
        (f"{PAGE}/tree/main/../x", "is outside"),
    ],
)
def test_what_is_no_model_is_told(text: str, what: str) -> None:
    with pytest.raises(UnsupportedSourceError, match=what):
        parse(text)


@pytest.mark.parametrize("text", ["./org/name", "/org/name", "name", "a/b/c", "https://x.org/a/b"])
def test_what_is_of_others(text: str) -> None:
    assert parse(text) is None


def test_a_pull_request_page_says_how_to_get_its_files() -> None:
    with pytest.raises(UnsupportedSourceError) as caught:
        parse(f"{PAGE}/discussions/4/files")
    assert "org/name@refs/pr/4" in caught.value.hint


def test_mirrors_are_known_by_their_hosts() -> None:
    source = parse("https://mirror.example/org/name", {"mirror.example"})
    assert source == "org/name:fp16"


def test_a_source_compares_as_text_and_hides_its_token() -> None:
    source = HFModelSource(repo_id="org/name", access_token="hf_secret", variant=None)
    assert source == "org/name"
    assert hash(source) == hash("org/name")
    assert source < HFModelSource(repo_id="org/other")
    assert "secret" not in repr(source) + str(source) + source.model_dump_json()
    assert HFModelSource(repo_id="a/b").variant is ModelRepoVariant.FP16
    with pytest.raises(ValidationError):
        HFModelSource(repo_id="a/b/c")


@given(st.text(max_size=40) | st.from_regex(r"(https?://hf\.co/|hf://)?[a-z./@:%]{0,30}"))
def test_any_text_is_a_source_or_not(text: str) -> None:
    try:
        source = parse(text)
    except UnsupportedSourceError:
        return
    assert source is None or str(source)
