"""``select_file``: which file of a version is fetched."""

from __future__ import annotations

import re
from collections.abc import Sequence

from modelkeep.errors import UnsupportedSourceError
from modelkeep.sources.sidecars.civitai import Json, part
from modelkeep.sources.sidecars.clean_text import one_line

#: Kinds of files that are the model itself.
_MODELS = frozenset({"model", "pruned model", "diffusion model", "unet"})
#: Kinds of files that are no models.
_NEVER = frozenset({"config", "archive", "workflow", "training data", "other"})
_SAME = {
    "safetensors": "safetensor",
    "pickle": "pickletensor",
    "ckpt": "pickletensor",
    "pt": "pickletensor",
}
_SHOWN = 12


def select_file(files: Sequence[Json], variant: str | None, name: str) -> Json:
    """Return the file that is meant: the one that the words fit, the primary one before others.

    Args:
        files: As the site lists them.
        variant: Words of type, format, size and precision, such as ``pruned fp16``.
        name: What the model is called, for messages.

    Raises:
        UnsupportedSourceError: none fits; names those that there are.
    """
    models = [file for file in files if _kind(file) not in _NEVER]
    if not models:
        raise UnsupportedSourceError(
            f"{name} has no model file",
            hint="Check the page of the model. Another version may have one.",
        )
    wanted = _words(variant or "")
    fitting = [file for file in models if wanted <= _words_of(file)]
    if not fitting:
        there = "; ".join(described(file) for file in models[:_SHOWN])
        raise UnsupportedSourceError(
            f"{name} has no {variant} file. Available: {there}",
            hint="Choose one of these, such as civitai:MODEL@VERSION:pruned fp16",
        )
    return min(fitting, key=lambda file: (_rank(file), files.index(file)))


def described(file: Json) -> str:
    """Return what a person may call a file: its kind, format, size and precision."""
    about = part(file, "metadata")
    words = [file.get("type"), *(about.get(name) for name in ("format", "size", "fp"))]
    return " ".join(word for word in words if isinstance(word, str)) or "a file"


def is_pickle(file: Json) -> bool:
    """Tell whether a file is one that may run code where others load it."""
    return part(file, "metadata").get("format") == "PickleTensor"


def _kind(file: Json) -> str:
    return (one_line(file.get("type")) or "model").casefold()


def _rank(file: Json) -> tuple[bool, bool, bool]:
    return (file.get("primary") is not True, _kind(file) not in _MODELS, is_pickle(file))


def _words(text: str) -> set[str]:
    words = re.split(r"[\s,;+]+", text.casefold())
    return {_SAME.get(word, word) for word in words if word}


def _words_of(file: Json) -> set[str]:
    name = one_line(file.get("name")) or ""
    return _words(described(file)) | _words(name.rpartition(".")[2])
