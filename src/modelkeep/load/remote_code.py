"""Folders that ask for code of their own: they are refused before anything is imported."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modelkeep.core.names import shown
from modelkeep.errors import RemoteCodeError

#: Keys of configs that name code in the folder, or in a repository.
_KEYS = ("auto_map", "custom_pipelines")
#: In the names of settings that say what computes; where that is a repository, it is fetched.
_KERNELS = ("attn_implementation", "experts_implementation")


def refuse_code(config: Mapping[str, Any], path: Path) -> None:
    """Refuse a config that names code.

    Args:
        config: What it holds.
        path: Its file.

    Raises:
        RemoteCodeError: it names code.
    """
    for key in _KEYS:
        if config.get(key):
            raise _refusal(path, f"{key}: {config[key]}")
    left: list[tuple[str, Any, bool]] = [(key, value, False) for key, value in config.items()]
    while left:
        key, value, is_kernel = left.pop()
        is_kernel = is_kernel or any(word in key for word in _KERNELS)
        if isinstance(value, Mapping):
            left.extend((name, inner, is_kernel) for name, inner in value.items())
        elif is_kernel and "/" in str(value):
            raise _refusal(path, f"{key}: {value}")


def class_in(name: Any, library: str, path: Path, *folders: Path) -> str:
    """Return the name of a class, where it is one that a library may export.

    Args:
        name: What a config has for it.
        library: Where the class is from, as the config says.
        path: The config.
        folders: Where code of the model would lie.

    Raises:
        RemoteCodeError: the class is code of the model's own.
    """
    if not isinstance(name, str) or not name.isidentifier() or not library.isidentifier():
        raise _refusal(path, f"{name} of {library}")
    for folder in folders:
        if (folder / f"{library}.py").exists():
            raise _refusal(path, f"{name} of {library}.py")
    return name


def _refusal(path: Path, what: str) -> RemoteCodeError:
    return RemoteCodeError(
        f"{shown(path)} asks for code of its own: {ascii(what)[1:-1]}",
        hint="Use a form of the model that diffusers or transformers loads by itself.",
    )
