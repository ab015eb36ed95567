"""Downloads that have not ended are told from models."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.sources.layouts.unfinished import is_unfinished, weight_suffix


@pytest.mark.parametrize(
    "name",
    [
        *("x.safetensors.part", "x.safetensors.PART", "x.partial", "x.download", "x.tmp"),
        *("Unconfirmed 123456.crdownload", "x.safetensors.crdownload", "x.ckpt.downloading"),
        *("c" * 64 + ".incomplete", "x.safetensors.aria2", "x.QKd4.safetensors.part"),
    ],
)
def test_names_of_downloads(name: str) -> None:
    assert is_unfinished(name, ())


@pytest.mark.parametrize(
    "name", ["x.safetensors", "part", ".part.safetensors", "x.partly", "download.ckpt", "x"]
)
def test_names_of_files_that_are_done(name: str) -> None:
    assert not is_unfinished(name, {name, "other.safetensors.aria2"})


def test_a_control_file_of_aria2_beside_it() -> None:
    siblings = {"x.safetensors", "x.safetensors.aria2", "y.safetensors"}

    assert is_unfinished("x.safetensors", siblings)
    assert not is_unfinished("y.safetensors", siblings)


@pytest.mark.parametrize(
    "suffix",
    [
        *(".part", ".crdownload", ".partial", ".incomplete", ".download", ".!qB", ".tmp"),
        *(".st", ".ytdl", ".part.json"),
    ],
)
def test_what_other_programs_leave_beside_it(suffix: str) -> None:
    siblings = {"x.safetensors", f"x.safetensors{suffix}", "y.safetensors", "x.txt"}

    assert is_unfinished("x.safetensors", siblings)
    assert not is_unfinished("y.safetensors", siblings)
    assert not is_unfinished("x.txt", siblings)


def test_suffixes_of_weights() -> None:
    assert weight_suffix("A.SafeTensors") == ".safetensors"
    assert weight_suffix("model.fp16.GGUF") == ".gguf"
    for name in ("x.sft", "x.ckpt", "x.pt", "x.pt2", "x.pth", "x.bin", "x.onnx", "x.pkl"):
        assert weight_suffix(name) == name[1:]
    for name in ("x.txt", "safetensors", ".safetensors", "x.safetensors.part", "x.", ""):
        assert weight_suffix(name) == ""


@given(st.text().filter(lambda text: "/" not in text))
def test_no_name_is_both_a_weight_and_a_download(name: str) -> None:
    assert not (weight_suffix(name) and is_unfinished(name, ()))
