"""``find_class``: the classes that diffusers and transformers export, which are imported here."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from modelkeep.errors import LoadError, MissingExtraError, RemoteCodeError

_INSTALL = "Install it with: pip install 'modelkeep[load]'"
_LIBRARIES = ("diffusers", "transformers")
#: Names that older folders have for classes that transformers renamed.
_RENAMED = {"CLIPFeatureExtractor": "CLIPImageProcessor", "MT5Tokenizer": "T5Tokenizer"}

_thread = threading.local()


def find_class(library: str, name: str) -> Any:
    """Return a class that a library exports.

    Args:
        library: ``diffusers``, ``transformers``, or a package of ``diffusers.pipelines``.
        name: Of the class.

    Raises:
        MissingExtraError: the library is not installed, or lacks what the class needs.
        RemoteCodeError: no such library is known, so the class is code of the model's own.
        LoadError: the library has no such class.
    """
    home = _import(library) if library in _LIBRARIES else _pipeline_package(library, name)
    try:
        found: Any = getattr(home, _RENAMED.get(name, name), None)
    except (ImportError, RuntimeError) as error:
        # Libraries that import lazily have made the one of the other.
        if not isinstance(error.__cause__ or error, ImportError):
            raise
        raise MissingExtraError(
            f"{name} of {library} needs a library that is not installed: {error}",
            hint="Install the library that is named.",
        ) from error
    if not isinstance(found, type):
        owner = library if library in _LIBRARIES else "diffusers"
        raise LoadError(
            f"{owner} {_import(owner).__version__} has no class {name}",
            hint=f"A newer one may have it: pip install --upgrade {owner}",
        )
    if type(found).__name__ == "DummyObject":
        needed: Any = getattr(found, "_backends", ())
        lacking = [each for each in needed if importlib.util.find_spec(each) is None]
        raise MissingExtraError(
            f"{name} of {library} needs {' and '.join(lacking)}",
            hint=f"Install it with: pip install {' '.join(lacking)}",
        )
    return found


def _pipeline_package(library: str, name: str) -> Any:
    """Return a package of ``diffusers.pipelines``, which hold classes of their own."""
    package = getattr(_import("diffusers").pipelines, library, None)
    place = f"diffusers.pipelines.{library}"
    if package is None and library.isidentifier() and importlib.util.find_spec(place):
        package = importlib.import_module(place)  # diffusers passes it over: its pipelines lack one
    if getattr(package, "__name__", "") != place:
        raise RemoteCodeError(
            f"{name} is from {library}, which is neither diffusers nor transformers",
            hint="Use a form of the model that these two load by themselves.",
        )
    return package


def _import(library: str) -> Any:
    try:
        module = importlib.import_module(library)
    except ImportError as error:
        raise MissingExtraError(
            f"Loading needs {library}, which cannot be imported: {error}", hint=_INSTALL
        ) from error
    for handler in logging.getLogger(library).handlers:
        if not any(isinstance(each, _Hush) for each in handler.filters):
            handler.addFilter(_Hush())
    return module


class _Hush(logging.Filter):
    """Drops what a library says in a thread that loads for us: our errors say what matters."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a message is let through."""
        return record.levelno >= logging.ERROR or not getattr(_thread, "is_hushed", False)


@contextmanager
def hushed() -> Iterator[None]:
    """Keep the libraries from writing messages in this thread."""
    before = getattr(_thread, "is_hushed", False)
    _thread.is_hushed = True
    try:
        yield
    finally:
        _thread.is_hushed = before
