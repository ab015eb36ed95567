"""Checking the weight files of a folder: none empty, none broken, none that would run code."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

from modelkeep.core.reading import printable
from modelkeep.core.walk import FolderFile
from modelkeep.core.weight_names import COMPONENT_SUFFIXES, PICKLE_SUFFIXES, SAFETENSORS_SUFFIXES
from modelkeep.errors import CorruptModelError, UnknownModelError
from modelkeep.identification.header import TensorHeader

_COMPONENTS = tuple(COMPONENT_SUFFIXES)
_WITH_HEADER = (*SAFETENSORS_SUFFIXES, *PICKLE_SUFFIXES, ".gguf")
#: Left over from training: not needed to use a model, so not looked at.
_LEFT_OVERS = (
    "training_args.bin",
    "optimizer*",
    "scheduler.bin",
    "scheduler.pt",
    "random_states*",
    "rng_state*",
    "scaler.pt",
)
#: Raw numbers in a file of another tool; no pickle in spite of the suffix.
_RAW = ("openvino_*.bin",)
_AGAIN = "Download the folder again from its source."


def is_weight(path: str) -> bool:
    """Return whether a file of a folder holds weights that a pipeline may load."""
    name = PurePosixPath(path).name
    return name.endswith(_COMPONENTS) and not _is_any(name, _LEFT_OVERS)


def check_weights(
    root: Path,
    files: Sequence[FolderFile],
    configs: Mapping[str, Mapping[str, Any]],
    read: Callable[[str], TensorHeader] | None,
    *,
    strict: bool,
) -> None:
    """Check every weight file of a folder.

    Args:
        root: The folder, for messages.
        files: What it holds.
        configs: Its JSON configs, shard indexes among them.
        read: Reads the header of one file and raises when it is broken or unsafe; None: they are
            not looked into.
        strict: Also refuse weight files of 0 bytes, missing shards, and configs without weights.

    Raises:
        CorruptModelError: a weight file is empty, broken or missing.
        UnsafeModelError: loading one would run code.
    """
    weights = [file for file in files if is_weight(file.path)]
    if strict and configs and not weights:
        raise CorruptModelError(
            f"{printable(root)} contains model configs but no weights",
            hint=f"{_AGAIN} --verify off takes it as it is.",
        )
    for file in weights:
        if file.size == 0:
            if strict:
                raise CorruptModelError(
                    f"{printable(root / file.path)} is a weight file of 0 bytes",
                    hint=f"{_AGAIN} --verify off takes it as it is.",
                )
        elif read is not None and _has_header(file.path):
            _check_header(file.path, read)
    paths = {file.path for file in files}
    for path, config in configs.items():
        if ".index." in PurePosixPath(path).name:
            _check_shards(root, path, config, paths, strict=strict)


def _check_header(path: str, read: Callable[[str], TensorHeader]) -> None:
    try:
        read(path)
    except UnknownModelError as error:  # a page or a pointer saved under a weight file's name
        raise CorruptModelError(str(error), hint=error.hint or _AGAIN) from error


def _check_shards(
    root: Path, path: str, index: Mapping[str, Any], paths: set[str], *, strict: bool
) -> None:
    where = printable(root / path)
    weight_map = index.get("weight_map")
    if not isinstance(weight_map, dict):
        raise CorruptModelError(f"{where} is a shard index without a weight_map", hint=_AGAIN)
    folder = PurePosixPath(path).parent
    names = sorted({str(name) for name in weight_map.values()})
    for name in names:
        if name.startswith("/") or "\\" in name or ".." in PurePosixPath(name).parts:
            raise CorruptModelError(
                f"{where} names the shard {name!r}, outside its folder",
                hint="Do not use this folder. Get it from a source that you trust.",
            )
    missing = [name for name in names if str(folder / name) not in paths]
    # Downloads of one form of the weights often bring the index of another.
    others = any(is_weight(p) and PurePosixPath(p).parent == folder for p in paths)
    if strict and missing and (len(missing) < len(names) or not others):
        raise CorruptModelError(
            f"{where} names the shard {missing[0]}, which is missing"
            f" ({len(missing)} of {len(names)} are missing)",
            hint=_AGAIN,
        )


def _has_header(path: str) -> bool:
    name = PurePosixPath(path).name
    return name.endswith(_WITH_HEADER) and not _is_any(name, _RAW)


def _is_any(name: str, globs: Sequence[str]) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs)
