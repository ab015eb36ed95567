"""ONNX: components become sessions of onnxruntime, with all files that they are made of."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.errors import (
    CorruptModelError,
    IncompleteModelError,
    InvalidModelException,
    MissingExtraError,
    MissingPartError,
)
from modelkeep.load.model_files import ModelFiles
from modelkeep.load.onnx_data import external_files
from modelkeep.load.precision import Precision
from support.loading import files_of, load, loader_of, plan_of
from support.onnx_models import field, onnx_model, write_onnx


def _files(path: Path, form: str = "onnx", base: str = "sd-1") -> ModelFiles:
    return files_of(path, type="onnx", format=form, base=base)


def _run(session: Any, *numbers: float) -> list[float]:
    [result] = session.run(None, {"x": np.asarray(numbers, np.float32)})
    return [float(number) for number in result]


@pytest.mark.parametrize("form", ["onnx", "olive"])
def test_components_of_a_folder_are_its_parts(form: str, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    write_onnx(tmp_path / "unet/model.onnx", [1, 2], "model.onnx_data")
    write_onnx(tmp_path / "vae_decoder/model.onnx", [3, 4])
    write_onnx(tmp_path / "text_encoder/model_opt.onnx", [5, 6])
    (tmp_path / "scheduler").mkdir()
    files = _files(tmp_path, form)

    assert loader_of(files).parts(files) == ("text_encoder", "unet", "vae_decoder")
    assert _run(load(files, "unet"), 10, 20) == [11, 22]
    assert _run(load(files, "vae_decoder"), 10, 20) == [13, 24]
    assert _run(load(files, "text_encoder"), 10, 20) == [15, 26]
    plan = plan_of(files, "unet")
    assert [path.name for path in plan.files] == ["model.onnx", "model.onnx_data"]
    assert plan.bytes == sum(path.stat().st_size for path in plan.files)
    assert plan.bytes_in(Precision.FLOAT16) == plan.bytes


def test_the_other_parts_of_a_pipeline_are_as_in_folders(tmp_path: Path) -> None:
    diffusers = pytest.importorskip("diffusers")
    write_onnx(tmp_path / "unet/model.onnx", [1])
    diffusers.EulerDiscreteScheduler(beta_start=0.001).save_pretrained(tmp_path / "scheduler")
    index = {
        "_class_name": "OnnxStableDiffusionPipeline", "unet": ["diffusers", "OnnxRuntimeModel"],
        "scheduler": ["diffusers", "EulerDiscreteScheduler"], "safety_checker": [None, None],
    }  # fmt: skip
    (tmp_path / "model_index.json").write_text(json.dumps(index))
    files = _files(tmp_path)

    assert loader_of(files).parts(files) == ("scheduler", "unet")
    assert load(files, "scheduler").config.beta_start == 0.001
    assert plan_of(files, "scheduler").is_own_copy
    with pytest.raises(MissingPartError, match="vae"):
        plan_of(files, "vae")


def test_one_file_is_one_model(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    files = _files(write_onnx(tmp_path / "some.onnx", [1]), base="sdxl")

    assert loader_of(files).parts(files) == ()
    assert _run(load(files), 4) == [5]


@pytest.mark.parametrize("is_there", [False, True])
def test_a_session_goes_to_a_gpu_where_onnxruntime_can(
    is_there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    session = load(_files(write_onnx(tmp_path / "some.onnx", [1])))
    assert isinstance(session, onnxruntime.InferenceSession)
    assert session.bytes == (tmp_path / "some.onnx").stat().st_size

    asked: list[Any] = []
    names = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: names[not is_there :])
    monkeypatch.setattr(
        onnxruntime.InferenceSession,
        "__init__",
        lambda _self, _model, providers: asked.append(providers),
    )
    for device in ("cpu", "cuda:1"):
        session.to(device)

    gpu = [("CUDAExecutionProvider", {"device_id": "1"})] if is_there else []
    assert asked == [["CPUExecutionProvider"], [*gpu, "CPUExecutionProvider"]]


def test_without_onnxruntime_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = _files(write_onnx(tmp_path / "some.onnx", [1]))
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.delitem(sys.modules, "modelkeep.load.onnx_session", raising=False)

    with pytest.raises(MissingExtraError, match=r"some\.onnx needs onnxruntime") as caught:
        load(files)
    assert "pip install 'modelkeep[onnx]'" in caught.value.hint


def test_a_graph_that_onnxruntime_refuses_is_an_error_of_ours(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    path = tmp_path / "some.onnx"
    path.write_bytes(onnx_model([1]).replace(b"Add", b"Axx"))

    with pytest.raises(InvalidModelException, match=r"some\.onnx cannot be loaded"):
        load(_files(path))


# -- files beside a model


def test_weights_inside_of_nodes_are_found_too(tmp_path: Path) -> None:
    tensor = field(13, field(1, "location") + field(2, "inner.bin"))
    body = field(1, field(5, field(5, tensor)))  # a graph with a node with an attribute
    path = tmp_path / "some.onnx"
    path.write_bytes(onnx_model([1], "outer.bin", nested=field(5, field(6, body))))
    (tmp_path / "outer.bin").touch()
    with pytest.raises(IncompleteModelError, match=r"inner\.bin is missing"):
        external_files(path)

    (tmp_path / "inner.bin").touch()
    assert [found.name for found in external_files(path)] == ["inner.bin", "outer.bin"]


@pytest.mark.parametrize("name", ["../outside.bin", "/etc/passwd", "a/../../b", "C:\\x", "x\0y"])
def test_files_outside_of_the_folder_are_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "some.onnx"
    path.write_bytes(onnx_model([1], name))

    with pytest.raises(CorruptModelError, match="outside its folder"):
        external_files(path)


def test_a_graph_that_is_nested_for_ever_is_refused(tmp_path: Path) -> None:
    inner = b""
    for _ in range(40):
        inner = field(1, field(5, field(6, inner)))
    path = tmp_path / "some.onnx"
    path.write_bytes(field(7, inner))

    with pytest.raises(CorruptModelError, match="no valid ONNX model"):
        external_files(path)


@given(st.data())
def test_damage_is_an_error_of_ours_or_harmless(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.onnx"
    content = bytearray(onnx_model([1, 2], "x.bin"))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])

    with suppress(CorruptModelError, IncompleteModelError):
        external_files(path)


def test_several_models_without_the_usual_name_are_incomplete(tmp_path: Path) -> None:
    write_onnx(tmp_path / "unet/a.onnx", [1])
    write_onnx(tmp_path / "unet/b.onnx", [1])

    with pytest.raises(IncompleteModelError, match="2 ONNX models"):
        plan_of(_files(tmp_path), "unet")
