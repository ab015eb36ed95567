"""Whatever a sidecar holds, reading it ends, raises nothing and gives a valid answer."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelkeep.core import limits
from modelkeep.sources.sidecars.clean_text import one_line, phrases, plain_text, tags, web_address
from modelkeep.sources.sidecars.info import SidecarInfo
from modelkeep.sources.sidecars.reading import read_sidecars
from support import tiny
from support.rounds import rounds

ENDINGS = (
    ".civitai.info", ".metadata.json", ".cm-info.json", ".json", ".swarm.json", ".txt",
    ".description.txt", ".safetensors.rgthree-info.json", ".png", ".preview.webp",
)  # fmt: skip
FIELDS = (
    "id", "modelId", "name", "createdAt", "baseModel", "trainedWords", "description", "model",
    "files", "images", "downloadUrl", "creator", "hashes", "SHA256", "BLAKE3", "sizeKB", "url",
    "file_name", "model_name", "file_path", "size", "modified", "sha256", "base_model", "notes",
    "tags", "civitai", "hash_status", "from_civitai", "modelDescription", "sub_type", "links",
    "ModelId", "ModelName", "VersionId", "VersionName", "Tags", "TrainedWords", "SourceUrl",
    "Source", "RemoteFileName", "UserTitle", "BaseModel", "activation text", "sd version", "type",
    "modelspec.title", "modelspec.tags", "architecture", "trigger_phrase", "word", "username",
    "allowCommercialUse", "nsfw", "nsfwLevel",
)  # fmt: skip
TEXTS = st.text() | st.sampled_from(
    ["2024-01-01T00:00:00Z", "https://example.com/a", "http://[::1", "ab" * 32, "../../x", "Image",
     "\ud800", "<p>x", "javascript:alert(1)", "unknown"]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(FIELDS) | st.text(), inner, max_size=12)
    ),
    max_leaves=40,
)
OBJECTS = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=30)
CONTENTS = st.binary() | st.builds(lambda value: json.dumps(value).encode(), VALUES | OBJECTS)
BAD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def assert_valid(info: SidecarInfo) -> None:
    for line in (info.name, info.author, info.base_hint, info.type_hint):
        assert_line(line)
    for word in (*info.tags, *info.trigger_phrases, *info.written_by):
        assert_line(word)
    assert len(info.trigger_phrases) <= limits.PHRASES * len(ENDINGS)
    if info.description is not None:
        assert 0 < len(info.description) <= limits.SIDECAR_DESCRIPTION_CHARACTERS
        assert not BAD.search(info.description)
    if info.source is not None:
        assert urlsplit(info.source).scheme.lower() in {"http", "https"}
    for value in (info.sha256, info.blake3):
        assert value is None or re.fullmatch("[0-9a-f]{64}", value)
    if info.metadata is not None:
        info.metadata.model_dump_json().encode()


def assert_line(line: str | None) -> None:
    if line is not None:
        assert line.strip() == line != ""
        assert not BAD.search(line)
        assert "\n" not in line
        line.encode()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=rounds(150))
@given(contents=st.lists(st.tuples(st.sampled_from(ENDINGS), CONTENTS), max_size=4))
def test_any_content_gives_a_valid_answer(
    tmp_path: Path, contents: list[tuple[str, bytes]]
) -> None:
    for old in tmp_path.iterdir():
        old.unlink()
    model = tiny.embedding(tmp_path / "ink.safetensors")
    os.utime(model, (1, 1))
    for ending, content in contents:
        (tmp_path / f"ink{ending}").write_bytes(content)
    report = read_sidecars(model, {p.name for p in tmp_path.iterdir()})
    assert_valid(report.info)
    assert len(report.problems) <= len(contents)
    assert {p.parent for p in report.info.sidecars} <= {tmp_path}


@given(VALUES)
def test_words_of_anything_are_harmless(value: Any) -> None:
    assert_line(one_line(value))
    for word in (*phrases(value), *tags(value, ",")):
        assert_line(word)
    text = plain_text(value)
    assert text is None or not BAD.search(text)
    web_address(value)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("a<br/>b", "a\nb"),
        ("<script>alert(1)</script>safe", "safe"),
        ("<SCRIPT src=x>alert(1)</SCRIPT >safe", "safe"),
        ("<style>p{}</style><b>bold</b> text", "bold text"),
        ("<img src=x onerror=alert(1)>x", "x"),
        ("<svg/onload=alert(1)>hidden</svg>seen", "seen"),
        ("<!-- note -->x", "x"),
        ("<!-- never closed", None),
        ("x <script>never closed", "x"),
        ("x <img src=", "x"),
        ("use <lora:ink:0.8> &amp; a < b", "use <lora:ink:0.8> & a < b"),
        ("1 <2 and 3> 2", "1 <2 and 3> 2"),
        ("a\x00b\x1b[31mc\u202ed", "ab[31mcd"),
        ("a\r\nb\n\n\n\n\nc", "a\nb\n\nc"),
        ("   ", None),
        (5, None),
    ],
)
def test_descriptions_become_plain_text(markup: object, text: str | None) -> None:
    assert plain_text(markup) == text


@pytest.mark.parametrize("start", ["<", "<!--", "<script>", "<p ", "&", "<p>"])
def test_a_description_made_to_be_slow_is_cut(start: str) -> None:
    made = plain_text(start * 2_000_000)
    assert len(made or "") <= limits.SIDECAR_DESCRIPTION_CHARACTERS


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "https://u:p@example.com/",
     "https://example.com/?token=abc", "https://", "http://exa mple.com", "//example.com",
     "http://example.com:99999/", "http://[::1", "https://example.com/\u202e", "x" * 3_000],
)  # fmt: skip
def test_only_plain_addresses_of_the_web_are_kept(address: str) -> None:
    assert web_address(address) is None
    assert web_address(" https://example.com/a?b=c ") == "https://example.com/a?b=c"
