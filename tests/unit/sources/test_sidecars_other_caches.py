"""Hashes of A1111's cache: whose they are, and when they are believed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelkeep.core import limits
from modelkeep.errors import UnreadableSourceError
from modelkeep.sources.sidecars.other_caches import NotedHash, match_hashes, read_cache
from support import tiny

TIME = 1_700_000_000.25
HASH = "ab" * 32


def cache(folder: Path, **hashes: object) -> Path:
    path = folder / "cache.json"
    path.write_text(json.dumps({"hashes": hashes, "safetensors-metadata": {"lora/x": {}}}))
    return path


def model(path: Path) -> Path:
    tiny.embedding(path)
    os.utime(path, (TIME, TIME))
    return path


def test_a_hash_belongs_to_the_file_that_still_has_its_time(tmp_path: Path) -> None:
    folder = tmp_path / "Stable-diffusion"
    inside, other = model(folder / "xl" / "ink.ckpt"), model(folder / "ink.ckpt")
    entry = {"mtime": TIME, "sha256": HASH.upper()}
    noted = read_cache(cache(tmp_path, **{"checkpoint/xl/ink.ckpt": entry}))
    assert noted == {"checkpoint/xl/ink.ckpt": NotedHash(HASH, TIME)}
    assert match_hashes(noted, "checkpoint", folder, [inside, other]) == {inside: HASH}
    os.utime(inside, (TIME - 1, TIME - 1))
    assert match_hashes(noted, "checkpoint", folder, [inside, other]) == {}


def test_a_stem_that_two_files_claim_is_nobodys(tmp_path: Path) -> None:
    one, two = model(tmp_path / "a" / "ink.safetensors"), model(tmp_path / "b" / "ink.pt")
    noted = read_cache(cache(tmp_path, **{"lora/ink": {"mtime": TIME, "sha256": HASH}}))
    assert match_hashes(noted, "lora", tmp_path, [one, two]) == {}
    os.utime(two, (TIME + 9, TIME + 9))
    assert match_hashes(noted, "lora", tmp_path, [one, two]) == {one: HASH}
    assert match_hashes(noted, "textual_inversion", tmp_path, [one]) == {}


@pytest.mark.parametrize(
    "entry",
    [
        None,
        [],
        {},
        {"mtime": TIME},
        {"sha256": HASH},
        {"mtime": TIME, "sha256": HASH[:10]},
        {"mtime": TIME, "sha256": "e3b0c44298fc" + "0" * 52},
        {"mtime": True, "sha256": HASH},
        {"mtime": "1", "sha256": HASH},
        {"mtime": -1, "sha256": HASH},
    ],
)
def test_entries_that_say_too_little_are_left_out(tmp_path: Path, entry: object) -> None:
    assert read_cache(cache(tmp_path, **{"lora/ink": entry})) == {}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary() | st.dictionaries(st.text(), st.none()).map(lambda v: json.dumps(v).encode()))
def test_any_content_is_read_or_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "cache.json"
    path.write_bytes(content)
    try:
        found = read_cache(path)
    except UnreadableSourceError:
        return
    assert found == {}


def test_a_file_that_is_no_cache_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "cache.json"
    path.write_text("{")
    with pytest.raises(UnreadableSourceError, match=r"cache\.json is not JSON"):
        read_cache(path)
    path.write_bytes(b"")
    os.truncate(path, limits.OTHER_CACHE_BYTES + 1)
    with pytest.raises(UnreadableSourceError, match="at most"):
        read_cache(path)
