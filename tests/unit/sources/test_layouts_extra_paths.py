"""``extra_model_paths.yaml`` means here what it means to ComfyUI."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import string
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.core import limits
from modelkeep.errors import SourceError
from modelkeep.sources.layouts.extra_model_paths import ExtraFolder, read_extra_model_paths

Read = Callable[[str | bytes], tuple[ExtraFolder, ...]]


@pytest.fixture(name="read")
def _read(tmp_path: Path) -> Read:
    def read(text: str | bytes) -> tuple[ExtraFolder, ...]:
        file = tmp_path / "extra_model_paths.yaml"
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return read_extra_model_paths(file)

    return read


def pairs(found: tuple[ExtraFolder, ...]) -> list[tuple[str, str]]:
    return [(one.category, str(one.path)) for one in found]


def test_one_path_a_line_joined_to_the_base(read: Read) -> None:
    found = read(
        "# comment\nshared:\n    base_path: /ai\n    is_default: true\n    loras: |\n"
        "        lora\n\n        lycoris\n    vae: models/VAE\n    checkpoints: /abs/ckpt\n"
        "other:\n    clip: x\n    base_path: /b/\n"
    )

    assert pairs(found) == [
        *(("loras", "/ai/lora"), ("loras", "/ai/lycoris"), ("vae", "/ai/models/VAE")),
        *(("checkpoints", "/abs/ckpt"), ("clip", "/b/x")),
    ]
    assert [one.is_default for one in found] == [True] * 4 + [False]
    assert [one.section for one in found] == ["shared"] * 4 + ["other"]


def test_home_and_variables_expand_in_the_base_only(
    read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.setenv("DISK", "/mnt/disk")
    monkeypatch.delenv("NOT_SET", raising=False)

    found = read(
        "a: {base_path: ~/ai, loras: ~/x, vae: $DISK/y}\n"
        "b: {base_path: '${DISK}/ai', loras: z}\nc: {base_path: $NOT_SET/ai, loras: z}\n"
    )

    assert [str(one.path) for one in found] == [
        *("/home/someone/ai/~/x", "/home/someone/ai/$DISK/y", "/mnt/disk/ai/z"),
        f"{tmp_path}/$NOT_SET/ai/z",
    ]


def test_relative_to_the_file(read: Read, tmp_path: Path) -> None:
    found = read(
        "a: {base_path: ../up, loras: x}\nb: {loras: y, vae: ../z}\nc: {base_path: '', loras: w}\n"
    )

    up = tmp_path.parent
    assert [one.path for one in found] == [up / "up/x", tmp_path / "y", up / "z", tmp_path / "w"]


def test_what_is_no_folder_of_models_is_left_out(read: Read) -> None:
    found = read(
        "a:\nb: null\nc: {}\nd:\n  custom_nodes: /nodes\n  configs: /c\n  loras:\n"
        "  vae: ~\n  new_category: /n\n  is_default: false\n"
    )

    assert pairs(found) == [("new_category", "/n")]
    assert not found[0].is_default
    for text in ("", "# nothing\n", "---\n", "~"):
        assert read(text) == ()


def test_lists_are_read(read: Read) -> None:
    found = read("a:\n  base_path: /ai\n  loras: [x, /y]\n  vae:\n    - z\n    -\n")

    assert pairs(found) == [("loras", "/ai/x"), ("loras", "/y"), ("vae", "/ai/z")]


@pytest.mark.parametrize("no", ["false", "no", "off", "False", "'0'", "~", "''", ""])
def test_no_default(no: str, read: Read) -> None:
    [found] = read(f"a:\n  is_default: {no}\n  loras: /x\n")
    assert not found.is_default


def test_paths_of_windows(read: Read, tmp_path: Path) -> None:
    (tmp_path / "odd\\name").mkdir()
    found = read(
        "a:\n  base_path: models\n  loras: sub\\loras\n  vae: 'D:\\ai\\vae'\n"
        "b:\n  loras: odd\\name\n"
    )

    assert found[0].path == tmp_path / "models/sub/loras"
    assert found[1].path.is_absolute()
    assert str(found[1].path).endswith("/ai/vae")
    assert found[2].path == tmp_path / "odd\\name"


def test_merged_and_repeated_maps(read: Read) -> None:
    found = read(
        "a: &a\n  base_path: /ai\n  loras: x\n  vae: v\n"
        "b:\n  <<: *a\n  loras: y\nc:\n  <<: [*a, *a]\nd: {loras: /1, loras: /2}\n"
    )

    by_section = {
        section: dict(pairs(tuple(one for one in found if one.section == section)))
        for section in "abcd"
    }
    assert by_section["b"] == {"loras": "/ai/y", "vae": "/ai/v"}
    assert by_section["c"] == by_section["a"]
    assert by_section["d"] == {"loras": "/2"}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a:\n  loras: [1\n", 3),
        ('a:\n  loras: "C:\\models"\n', 2),
        ("a:\n  loras: x\n\tvae: y\n", 3),
        ("a:\n  loras: *nobody\n", 2),
        ("a:\n  loras: x\n--- \nb: 1\n", 3),
        ("a: {}\nb: text\n", 2),
        ("a: {}\nb:\n  - loras\n", 3),
        ("- a\n- b\n", 1),
        ("just text", 1),
        ("a:\n  loras:\n    deeper: x\n", 3),
        ("a:\n  loras: [x, [y]]\n", 2),
        ("a:\n  ? [x]\n  : y\n", 2),
        ("a:\n  base_path: [x, y]\n", 2),
        ('a:\n  loras: "x\\0"\n', 2),
        ('a:\n  base_path: "x\\0"\n', 2),
        ('a:\n  loras: "\\ud800"\n', 2),
        ("a:\n  loras: x\n  vae: \x01\n", 3),
        (b"a:\n  loras: x\n  vae: \xff\n", 3),
        ("a: " + "[" * 50, 1),
        ("a:\n  <<: 3\n", 2),
    ],
)
def test_a_broken_file_names_the_line(text: str | bytes, line: int, read: Read) -> None:
    with pytest.raises(SourceError, match=rf"extra_model_paths\.yaml, line {line}:") as caught:
        read(text)
    assert caught.value.hint


def test_secrets_are_not_quoted(read: Read) -> None:
    with pytest.raises(SourceError) as caught:
        read("a:\n  token: [hunter2\n")
    assert "hunter2" not in str(caught.value)


def test_bombs_cost_no_more_than_their_length(read: Read) -> None:
    levels = "".join(
        f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in itertools.pairwise("abcdefgh")
    )
    with pytest.raises(SourceError):
        read("a: &a [x,x,x,x,x,x,x,x,x]\n" + levels)

    merges = "".join(
        f"{b}: &{b} {{<<: [*{a}, *{a}]}}\n"
        for a, b in itertools.pairwise("abcdefghijklmnopqrstuvwxy")
    )
    found = read("a: &a {loras: /x}\n" + merges)
    assert {str(one.path) for one in found} == {"/x"}

    lines = "\n".join(f"   /{number}" for number in range(5_000))
    many = "".join(f"  c{number}: *x\n" for number in range(1_000))
    with pytest.raises(SourceError, match="10,000 folders"):
        read(f"a:\n  loras: &x |\n{lines}\n{many}")

    with pytest.raises(SourceError, match="limit"):
        read("#" * (limits.LAYOUT_FILE_BYTES + 1))


def test_a_map_that_merges_itself(read: Read) -> None:
    assert pairs(read("a: &a\n  loras: /x\n  <<: *a\n")) == [("loras", "/x")]


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    for name in ("pipe.yaml", "missing.yaml"):
        with pytest.raises(SourceError):
            read_extra_model_paths(tmp_path / name)


_WORD = st.text(string.ascii_letters + string.digits + " _-.äß", min_size=1, max_size=12).filter(
    lambda text: text.strip() == text and text.strip(".") != ""
)


@given(st.dictionaries(_WORD, st.dictionaries(_WORD, st.lists(_WORD, max_size=3), max_size=3)))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, sections: dict[str, dict[str, list[str]]]
) -> None:
    """JSON is YAML: any names and paths come back as they were written."""
    folder = tmp_path_factory.mktemp("x")
    document = {
        name: {f"c_{category}": "\n".join(paths) for category, paths in categories.items()}
        for name, categories in sections.items()
    }
    (folder / "x.yaml").write_text(json.dumps(document, ensure_ascii=False))

    found = read_extra_model_paths(folder / "x.yaml")

    assert [(one.section, one.category, one.path) for one in found] == [
        (name, f"c_{category}", folder / path)
        for name, categories in sections.items()
        for category, paths in categories.items()
        for path in paths
    ]


@given(
    st.one_of(st.text(alphabet="ab:-[]{}&*|>\"'#?! \n\t<~%@", max_size=60), st.binary(max_size=60))
)
def test_any_file_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, text: str | bytes
) -> None:
    file = tmp_path_factory.mktemp("x") / "x.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    found: tuple[ExtraFolder, ...] = ()
    with contextlib.suppress(SourceError):
        found = read_extra_model_paths(file)
    assert all(one.path.is_absolute() and not one.path.is_fifo() for one in found)
