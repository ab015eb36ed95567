"""Models of programs that are not torch, in words for people."""

from __future__ import annotations

from pathlib import PurePosixPath

from modelkeep.core.weight_names import Kind, weight_of
from modelkeep.identification.view import ModelView

#: What is to be done with them.
FOR_TORCH = "Use the version of the model for torch: a safetensors file or a diffusers folder."
#: What people call weights of other programs.
_OTHER_KINDS = {
    Kind.ONNX: "an ONNX model without its pipeline",
    Kind.OPENVINO: "an OpenVINO model",
    Kind.FLAX: "a Flax model",
    Kind.OTHER: "a model for another program",
}
#: Files that show whose model a folder is.
_OTHER_FILES = (
    ("saved_model.pb", "a SavedModel of TensorFlow"),
    ("com.apple.CoreML/", "a Core ML package"),
)
_LONGEST_INPUTS = 200


def other_program(view: ModelView) -> str:
    """Say whose model it is, where all its weights are of one other program; else nothing."""
    if view.folder is None:
        header = view.tensors.header
        if header.container != "onnx":
            return ""
        given, made = (
            ascii(header.metadata[key])[1:-1][:_LONGEST_INPUTS] for key in ("inputs", "outputs")
        )
        return f"It is an ONNX model with the inputs {given} and the outputs {made}."
    paths = [PurePosixPath(file.path) for file in view.folder.files]
    for mark, words in _OTHER_FILES:
        if any(mark in str(path) for path in paths):
            return f"It is {words}, which is not supported."
    kinds = {weight.kind for path in paths if (weight := weight_of(path)) is not None}
    if len(kinds) == 1 and (words := _OTHER_KINDS.get(kinds.pop(), "")):
        return f"It is {words}, which is not supported."
    return ""
