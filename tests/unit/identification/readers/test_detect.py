from __future__ import annotations

import io
import tarfile

import pytest

from modelkeep.errors import (
    CorruptModelError,
    InvalidModelException,
    UnknownModelError,
    UnsafeModelError,
)
from modelkeep.identification.header import TensorHeader
from modelkeep.identification.readers.detect import read_header
from support.hostile_safetensors import packed, tiled
from support.in_memory import InMemory
from support.onnx_models import onnx_model
from support.pickles import EMPTY_DICT, FORMS, Part, archive, legacy, torch_zip

HEADER, DATA = tiled({"a": (2, 2)})
MODEL = packed(HEADER, bytes(DATA))


def tar(name: str = "storages") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as file:
        file.addfile(tarfile.TarInfo(name))
    return buffer.getvalue()


def read(content: bytes, name: str = "model.bin") -> TensorHeader:
    return read_header(InMemory(content, name))


MODELS = {
    "safetensors": (MODEL, "safetensors"),
    "safetensors without tensors": (packed(b"{}"), "safetensors"),
    "torch": (torch_zip(EMPTY_DICT), "pickle"),
    "torch before zip": (legacy(EMPTY_DICT), "pickle"),
    "pickle": (EMPTY_DICT, "pickle"),
    "GGUF": (b"GGUF\x03\0\0\0" + bytes(100), "gguf"),
    "pickle of protocol 0": (b"(dp0\nS'a'\np1\nI1\ns.", "pickle"),
    "pickle of protocol 1": (b"}q\x00U\x01aq\x01K\x01s.", "pickle"),
    "list of protocol 0": (b"(lp0\nI1\na.", "pickle"),
    "pickle of protocol 4": (b"\x80\x04\x95\x02\x00\x00\x00\x00\x00\x00\x00}.", "pickle"),
    "ONNX": (onnx_model([1.0]), "onnx"),
    "OrderedDict of protocol 0": (b"ccollections\nOrderedDict\n(tR.", "pickle"),
}


@pytest.mark.parametrize("label", MODELS)
@pytest.mark.parametrize("suffix", [".safetensors", ".SAFETENSORS", ".ckpt", ".png", ""])
def test_content_decides_and_the_suffix_never(label: str, suffix: str) -> None:
    content, container = MODELS[label]
    found = read(content, "model" + suffix)
    assert found.container == container
    assert found.name == "model" + suffix


OTHERS = {
    "web page": (b"<!DOCTYPE html><html>", CorruptModelError, "a web page, probably a login page"),
    "web page with blanks": (b"\r\n <HTML lang=en>", CorruptModelError, "a web page"),
    "web page with a comment": (b"<!-- x -->\n<html>", CorruptModelError, "a web page"),
    "git-LFS": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
        CorruptModelError,
        "Git LFS pointer",
    ),
    "empty": (b"", CorruptModelError, "is empty"),
    "zeros": (bytes(5000), CorruptModelError, "contains only zeros"),
    "one zero": (b"\0", CorruptModelError, "contains only zeros"),
    "truncated GGUF": (b"GGUF\x03\0\0\0", CorruptModelError, "not a valid GGUF file"),
    "gzip": (b"\x1f\x8b\x08" + bytes(50), UnknownModelError, "a gzip archive"),
    "7z": (b"7z\xbc\xaf\x27\x1c" + bytes(50), UnknownModelError, "a 7z archive"),
    "RAR": (b"Rar!\x1a\x07\x01\0" + bytes(50), UnknownModelError, "a RAR archive"),
    "zip of something": (archive(Part("a.txt", b"x")), UnknownModelError, "without a data.pkl"),
    "zip of a model": (archive(Part("m.ckpt", EMPTY_DICT)), UnknownModelError, "unpack"),
    "data.pkl without folder": (archive(Part("data.pkl", b"N.")), UnknownModelError, "data.pkl"),
    "empty zip": (archive(), UnknownModelError, "an empty zip"),
    "tar": (tar(), UnknownModelError, "written by torch before 0.1.10"),
    "PNG": (b"\x89PNG\r\n\x1a\n" + bytes(50), UnknownModelError, "a PNG picture"),
    "JPEG": (b"\xff\xd8\xff\xe0" + bytes(50), UnknownModelError, "a JPEG picture"),
    "WebP": (b"RIFF\x00\x00\x00\x00WEBP" + bytes(9), UnknownModelError, "a WebP picture"),
    "JSON": (b'{"a": {"b": 1}}', UnknownModelError, "a JSON document"),
    "JSON with a brace ninth": (b'{"abcd":{"e":1}}', UnknownModelError, "a JSON document"),
    "JSON list": (b"[\n 1]", UnknownModelError, "a JSON document"),
    "YAML": (b"model:\n  base_learning_rate: 1\n", UnknownModelError, "a YAML document"),
    "YAML that begins with c": (b"clip: 1\n", UnknownModelError, "a YAML document"),
    "text": (b"Hello, these are trigger words.\n", UnknownModelError, "a text file, not a model"),
    "text in brackets": (b"(c) 2024 somebody\n", UnknownModelError, "a text file, not a model"),
    "text of other letters": (
        ("Это не модель. " * 300).encode(),
        UnknownModelError,
        "a text file, not a model",
    ),
    "bytes that are no letters": (b"\xff" * 500, UnknownModelError, "of no known format"),
    "text with umlauts": ("Grüße".encode(), UnknownModelError, "a text file, not a model"),
    "OpenVINO": (b'<?xml version="1.0"?>\n<net name="a"', UnknownModelError, "OpenVINO"),
    "Flax": (b"\x82\xa7conv_in\x81", UnknownModelError, "a Flax model in MessagePack"),
    "Flax, many": (b"\xde\x00\x20\xaadown_block", UnknownModelError, "a Flax model"),
    "TensorFlow Lite": (b"\x1c\0\0\0TFL3" + bytes(50), UnknownModelError, "TensorFlow Lite"),
    "SavedModel": (b"\x08\x01\x12\x9a\x01\x0a\x01" + b"x" * 90, UnknownModelError, "SavedModel"),
    "Core ML": (b"\x08\x04\x12\x9a\x01\x0a\x01" + b"x" * 90, UnknownModelError, "a Core ML model"),
    "TensorRT": (b"ptrt\x01\0\0\0" + bytes(50), UnknownModelError, "a TensorRT engine"),
    "GGML": (b"tjgg\x03\0\0\0" + bytes(50), UnknownModelError, "before GGUF"),
    "Keras": (b"\x89HDF\r\n\x1a\n" + bytes(50), UnknownModelError, "as Keras writes them"),
    "TensorFlow checkpoint": (
        b"\x05\xa7" * 40 + b"\x57\xfb\x80\x8b\x24\x75\x47\xdb",
        UnknownModelError,
        "a checkpoint of TensorFlow",
    ),
    "BMP": (b"BM\x36\x04\x01\x00" + bytes(50), UnknownModelError, "a BMP picture"),
    "AVIF": (b"\0\0\0\x20ftypavif" + bytes(50), UnknownModelError, "an AVIF"),
    "video": (b"\0\0\0\x20ftypisom" + bytes(50), UnknownModelError, "a video"),
    "NeMo": (tar("./model_config.yaml"), UnknownModelError, "whose first file is './model_config"),
    "SQLite": (b"SQLite format 3\0" + bytes(80), UnknownModelError, "an SQLite database"),
    "program": (b"\x7fELF" + bytes(80), UnknownModelError, "a program"),
    "array": (b"\x93NUMPY\x01\0" + bytes(80), UnknownModelError, "a NumPy array"),
    "noise": (b"\xa7\x03\x91\x0c" * 100, UnknownModelError, "of no known format"),
    "zeros, then data": (bytes(2000) + b"\x01" * 3000, UnknownModelError, "of no known format"),
    "truncated safetensors": (MODEL[:-1], CorruptModelError, "not a valid safetensors"),
    "cut in its header": (MODEL[:20], CorruptModelError, "not a valid safetensors"),
    "length 2**63": (packed(b"{}", length=2**63), CorruptModelError, "not a valid safetensors"),
    "truncated torch": (torch_zip(EMPTY_DICT)[:-9], CorruptModelError, "not a valid zip"),
    "truncated pickle": (EMPTY_DICT[:-1], CorruptModelError, "not a valid pickle"),
}


@pytest.mark.parametrize("label", OTHERS)
def test_what_is_no_model_is_named(label: str) -> None:
    content, kind, words = OTHERS[label]
    with pytest.raises(InvalidModelException) as caught:
        read(content, "x.ckpt")
    assert type(caught.value) is kind
    assert words in str(caught.value) + caught.value.hint
    assert "x.ckpt" in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("label", FORMS)
@pytest.mark.parametrize("suffix", [".safetensors", ".SAFETENSORS", ".png", ".txt", ".gguf"])
def test_no_suffix_opens_a_door_for_a_pickle(label: str, suffix: str) -> None:
    content = FORMS[label]("posix", "system")
    with pytest.raises(UnsafeModelError, match=r"posix\.system"):
        read(content, "model" + suffix)


@pytest.mark.parametrize(
    "prefix", [b"\0" * 8, b"        ", b"GGUF", b"<html>", b"{", b"PK\x03\x04"]
)
def test_pickle_behind_something_else_is_no_model(prefix: bytes) -> None:
    with pytest.raises(InvalidModelException):
        read(prefix + FORMS["GLOBAL and REDUCE, protocol 2"]("posix", "system"))
