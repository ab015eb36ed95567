"""ResumeInfo files: what is believed of them, and to which download they belong."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.download import control_file
from modelkeep.download.control_file import ResumeInfo, control_path, load, save
from modelkeep.download.part_file import PartFile
from modelkeep.http.request import HttpRequest

URL = "https://models.example/m.safetensors?X-Signature=hush"
HASH = "ab" * 32
ASKED = HttpRequest(URL, hashes={"sha256": HASH.upper()})


def _control(asked: HttpRequest = ASKED, **changes: Any) -> ResumeInfo:
    control = ResumeInfo.of(asked, validator='"v1"', total=1000, inode=7)
    return replace(control, **changes)


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    part = tmp_path / "m.part"
    control = _control(synced=[(0, 10)], written=[(0, 20), (30, 40)])
    save(control, part)
    found = load(part)
    assert found is not None
    assert found == replace(control, synced=[(0, 10)], written=[(0, 20), (30, 40)])
    assert found.done == [(0, 20), (30, 40)]


def test_after_the_machine_ended_only_what_was_synced_counts(tmp_path: Path) -> None:
    part = tmp_path / "m.part"
    save(_control(synced=[(0, 10)], written=[(0, 20)], boot="another one"), part)
    found = load(part)
    assert found is not None
    assert found.done == [(0, 10)]


def test_no_secret_of_the_address_is_in_it(tmp_path: Path) -> None:
    part = tmp_path / "m.part"
    save(_control(), part)
    text = control_path(part).read_text()
    assert "hush" not in text
    assert "models.example" in text
    assert control_path(part).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        (ASKED, True),
        (HttpRequest(URL), True),
        (HttpRequest("https://mirror.example/m", hashes={"sha256": HASH}), True),
        (HttpRequest("https://mirror.example/m"), False),
        (HttpRequest(URL, hashes={"sha256": "cd" * 32}), False),
        (HttpRequest(URL, hashes={"crc32": "00000000"}), True),
        (HttpRequest("https://mirror.example/m", hashes={"crc32": "00000000"}), False),
        (HttpRequest(URL, size=1000), True),
        (HttpRequest(URL, size=999), False),
    ],
)
def test_it_belongs_to_the_same_bytes_or_the_same_address(asked: HttpRequest, fits: bool) -> None:
    assert _control().fits(asked) is fits


_BROKEN: list[Any] = [
    {"format": "another"},
    {"total": -1},
    {"total": "1000"},
    {"total": True},
    {"inode": None},
    {"synced": [[0]]},
    {"synced": [[5, 2]]},
    {"synced": [[0, 1001]]},
    {"written": [[-1, 2]]},
    {"written": 5},
    {"written": [[0, 1.5]]},
    {"hashes": []},
    {"hashes": {"sha256": 5}},
    {"validator": 5},
    {"url_digest": None},
    {"boot": 1},
]


@pytest.mark.parametrize("change", _BROKEN, ids=str)
def test_one_that_makes_no_sense_is_none(tmp_path: Path, change: dict[str, Any]) -> None:
    part = tmp_path / "m.part"
    save(_control(), part)
    content = json.loads(control_path(part).read_text())
    control_path(part).write_text(json.dumps({**content, **change}))
    assert load(part) is None


@pytest.mark.parametrize("field", ["format", "url", "total", "inode", "synced", "boot", "hashes"])
def test_one_with_a_part_missing_is_none(tmp_path: Path, field: str) -> None:
    part = tmp_path / "m.part"
    save(_control(), part)
    content = json.loads(control_path(part).read_text())
    del content[field]
    control_path(part).write_text(json.dumps(content))
    assert load(part) is None


def test_one_behind_a_link_and_one_too_large_are_none(tmp_path: Path) -> None:
    part, other = tmp_path / "m.part", tmp_path / "o.part"
    save(_control(), other)
    control_path(part).symlink_to(control_path(other))
    assert load(part) is None
    with control_path(other).open("ab") as file:
        file.write(b" " * (2 << 20) + b"x")
    assert load(other) is None


@given(
    st.one_of(
        st.binary(),
        st.recursive(
            st.none() | st.booleans() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        ).map(lambda v: json.dumps(v).encode()),
    )
)
def test_any_bytes_are_none_or_a_control_file(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    part = tmp_path_factory.mktemp("c") / "m.part"
    control_path(part).write_bytes(content)
    assert load(part) is None


def test_this_machine_knows_its_start() -> None:
    assert control_file.boot_id()


def test_a_first_control_file_cut_off_leaves_nothing_a_later_one_is_found_by_its_part(
    tmp_path: Path,
) -> None:
    dead = subprocess.run(["sh", "-c", "echo $$"], capture_output=True, check=True).stdout
    part = PartFile.begin(tmp_path / "m")
    part.write(memoryview(b"abc"), 0)
    part.save(_control())
    part.close()
    draft = tmp_path / f".m.part.json.{int(dead)}.new"
    draft.write_bytes(b"{")
    found = PartFile.resume(tmp_path / "m", ASKED)
    assert found is not None
    assert not draft.exists()
    found[0].discard()
    assert list(tmp_path.iterdir()) == []
