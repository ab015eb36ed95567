"""What people paste for a model of Civitai."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from modelkeep.errors import UnsupportedSourceError
from modelkeep.sources.civitai.source import HOSTS, CivitaiModelSource, parse


@pytest.mark.parametrize(
    ("text", "model", "version", "variant"),
    [
        ("https://civitai.com/models/101055", 101055, None, None),
        ("https://civitai.red/models/101055/sd-xl", 101055, None, None),
        ("civitai.com/models/101055?modelVersionId=128078", 101055, 128078, None),
        ("https://www.civitai.green/models/101055/x?modelVersionId=128078#a", 101055, 128078, None),
        ("https://civitai.com/api/download/models/128078", None, 128078, None),
        ("https://civitai.com/models/101055/x?version=128078", 101055, 128078, None),
        (
            "https://civitai.com/api/download/models/128078?fp=fp16&type=Model&size=pruned&token=x",
            None,
            128078,
            "Model pruned fp16",
        ),
        (
            "https://civitai.com/api/download/models/128078?format=GGUF&quantType=Q4_K_M",
            None,
            128078,
            "GGUF Q4_K_M",
        ),
        ("https://civitai.com/api/v1/model-versions/128078", None, 128078, None),
        ("https://civitai.com/api/v1/models/101055", 101055, None, None),
        ("urn:air:sdxl:checkpoint:civitai:101055@128078", 101055, 128078, None),
        ("urn:air:sd1:lora:civitai:82098@87153.safetensor", 82098, 87153, "safetensor"),
        ("urn:air:sd1:lora:civitai:82098@87153:pruned", 82098, 87153, "pruned"),
        ("air:sd1:lora:civitai:82098", 82098, None, None),
        ("lora:civitai:82098@87153.ckpt", 82098, 87153, "ckpt"),
        ("civitai:101055@128078", 101055, 128078, None),
        ("civitai:@128078:fp16", None, 128078, "fp16"),
        ("Civitai:101055", 101055, None, None),
    ],
)
def test_what_people_paste(
    text: str, model: int | None, version: int | None, variant: str | None
) -> None:
    source = parse(text)
    assert source is not None
    assert (source.model_id, source.version_id, source.variant) == (model, version, variant)
    assert parse(str(source)) == source


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://civitai.com/api/download/models/21?type=Model&fileId=31", "civitai:@21+31:Model"),
        ("https://civitai.com/models/11?modelVersionId=21&fileId=31", "civitai:11@21+31"),
        ("urn:air:sdxl:checkpoint:civitai:11@21+31", "civitai:11@21+31"),
        ("urn:air:sdxl:checkpoint:civitai:11@21+31.ckpt", "civitai:11@21+31:ckpt"),
        ("civitai:11+31", "civitai:11+31"),
    ],
)
def test_a_file_is_named_by_its_number(text: str, expected: str) -> None:
    source = parse(text)
    assert source == expected
    assert source is not None
    assert source.file_id == 31
    assert parse(expected) == source


def test_the_token_of_a_link_is_used_and_not_shown() -> None:
    source = parse("https://civitai.com/api/download/models/21?token=hush")
    assert source is not None
    assert source.access_token == "hush"
    assert "hush" not in repr(source) + str(source) + source.model_dump_json()


@pytest.mark.parametrize(
    "text",
    ["", "civitai:", "civitai:0", "org/repo", "https://example.org/models/1", "/tmp/a.safetensors",
     "C:\\models\\a.safetensors", "https://[", "notcivitai.com/models/1"],
)  # fmt: skip
def test_what_is_of_no_concern(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("https://civitai.com/images/12", "a picture"),
        ("https://civitai.com/user/someone?token=hush", "a user page"),
        ("https://civitai.com/", "not a page of a model"),
        ("https://civitai.com/models/abc", "a list of models"),
        ("https://civitai.com/reviews/12", "a review"),
        ("https://civitai.com/models/11?modelVersionId=new", "no number behind modelVersionId="),
        ("https://civitai.com/api/download/models/21?fileId=x", "no number behind fileId="),
        ("urn:air:other:other:orchestrator:1@2", "something of orchestrator"),
    ],
)
def test_other_pages_are_explained(text: str, what: str) -> None:
    with pytest.raises(UnsupportedSourceError, match=what) as caught:
        parse(text)
    assert "hush" not in str(caught.value)


def test_a_source_equals_its_text_and_hides_its_token() -> None:
    source = CivitaiModelSource(version_id=5, access_token="hush")
    assert source == "civitai:@5"
    assert len({source, CivitaiModelSource(version_id=5)}) == 1
    assert min(CivitaiModelSource(version_id=7), source) == source
    assert "hush" not in repr(source) + str(source) + source.model_dump_json()
    assert source.access_token == "hush"
    with pytest.raises(ValidationError, match="version_id or a model_id"):
        CivitaiModelSource()


@given(st.text(max_size=60))
def test_no_text_does_harm(text: str) -> None:
    for whole in (text, f"https://civitai.com/{text}", f"civitai:{text}", f"urn:air:{text}"):
        try:
            source = parse(whole, HOSTS)
        except UnsupportedSourceError:
            continue
        assert source is None or parse(str(source)) == source
