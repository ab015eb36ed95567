"""Models of other programs are named, with what can be done."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelkeep.errors import CorruptModelError, UnknownModelError
from modelkeep.identification.engine import identify
from modelkeep.load.weights import weights_of
from support.onnx_models import write_onnx


def test_a_lone_onnx_file_is_named_by_its_inputs(tmp_path: Path) -> None:
    path = write_onnx(tmp_path / "up.onnx", [1.0, 2.0])
    with pytest.raises(UnknownModelError) as caught:
        identify(path)
    assert "is an ONNX model with the inputs x [2] and the outputs y [2]" in str(caught.value)
    assert "for torch" in caught.value.hint
    with pytest.raises(CorruptModelError, match="it is an ONNX model"):
        weights_of(path)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (("openvino_model.xml", "openvino_model.bin"), "It is an OpenVINO model"),
        (("flax_model.msgpack",), "It is a Flax model"),
        (("tf_model.h5",), "It is a model for another program"),
        (("saved_model.pb", "variables/variables.index"), "It is a SavedModel of TensorFlow"),
        (("Manifest.json", "Data/com.apple.CoreML/model.mlmodel"), "It is a Core ML package"),
        (("model.onnx",), "It is an ONNX model without its pipeline"),
    ],
)
def test_a_folder_of_another_program_is_named(
    files: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    for name in files:
        path = tmp_path / "it" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"{}")
    with pytest.raises(UnknownModelError) as caught:
        identify(tmp_path / "it")
    assert words in str(caught.value)
    assert "for torch" in caught.value.hint
