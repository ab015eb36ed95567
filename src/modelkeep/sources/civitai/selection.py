"""``choose_file``: which file of a version is fetched, and which others it has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from modelkeep.errors import UnsupportedSourceError
from modelkeep.sources.civitai.responses import ENDPOINT
from modelkeep.sources.civitai.source import CivitaiModelSource
from modelkeep.sources.sidecars.civitai import Json, part
from modelkeep.sources.sidecars.clean_text import one_line

#: Kinds of files that are the model itself.
_MODELS = frozenset({"model", "pruned model", "diffusion model", "unet"})
#: Kinds of files that are no models, and those that are none even when they are asked for.
_NEVER = frozenset({"config", "archive", "workflow", "training data", "other"})
_NOT_ASKED = _NEVER - {"other"}
_ARCHIVES = (".zip", ".rar", ".7z", ".tar", ".tar.gz", ".tgz")
_SAME = {
    "safetensors": "safetensor",
    "pickle": "pickletensor",
    "ckpt": "pickletensor",
    "pt": "pickletensor",
}
#: Kinds of several words, of which the last is the name of another kind.
_KINDS = re.compile(r"(?P<first>pruned|diffusion) (?P<last>model)")
_SHOWN = 12


@dataclass(frozen=True)
class ChosenFile:
    """The file that is fetched, beside the others of its version.

    Attributes:
        file: The file.
        alike: All that fit what was asked for, this one first.
        further: The rest: other parts of the model, configs, archives ...
    """

    file: Json
    alike: tuple[Json, ...]
    further: tuple[Json, ...]


def choose_file(files: Sequence[Json], source: CivitaiModelSource, name: str) -> ChosenFile:
    """Return the file that is meant: the one that the words fit, the primary one before others.

    Args:
        files: As the site lists them.
        source: What was asked for: a number of a file, or words of type, format, size and
            precision, such as ``pruned fp16``.
        name: What the model is called, for messages.

    Raises:
        UnsupportedSourceError: none fits; names those that there are.
    """
    if source.file_id is not None:
        chosen = _with_number(files, source, name)
        return ChosenFile(chosen, (chosen,), _without(files, [chosen]))
    models = [file for file in files if _kind(file) not in _NEVER and not is_archive(file)]
    if not models:
        raise _no_model(files, source, name)
    wanted = _words(source.variant or "")
    fitting = [file for file in models if wanted <= _words_of(file)]
    if not fitting:
        raise UnsupportedSourceError(
            f"{name} has no {source.variant} file. Available: {_list(models, source)}",
            hint=f"Choose one of these, such as {exactly(models[0], source)}",
        )
    chosen = min(fitting, key=lambda file: (_rank(file), files.index(file)))
    is_main = _kind(chosen) in _MODELS
    alike = [file for file in fitting if (_kind(file) in _MODELS) == is_main]
    alike.sort(key=lambda file: file is not chosen)
    return ChosenFile(chosen, tuple(alike), _without(files, alike))


def described(file: Json) -> str:
    """Return what a person may call a file: its kind, format, size, precision and quantisation."""
    about = part(file, "metadata")
    names = ("format", "size", "fp", "quantType")
    words = [file.get("type"), *(about.get(name) for name in names)]
    return " ".join(word for word in words if isinstance(word, str)) or "a file"


def is_archive(file: Json) -> bool:
    """Tell whether a file has to be unpacked."""
    name = one_line(file.get("name")) or ""
    return _kind(file) == "archive" or name.lower().endswith(_ARCHIVES)


def is_pickle(file: Json) -> bool:
    """Tell whether a file is one that may run code where others load it."""
    return part(file, "metadata").get("format") == "PickleTensor"


def named(file: Json, source: CivitaiModelSource) -> str:
    """Return the name of a file, what it is, and what ``install`` takes for it."""
    name, what = one_line(file.get("name")) or "a file", described(file)
    return f"{name} ({what}; {exactly(file, source)})" if can_be_model(file) else f"{name} ({what})"


def exactly(file: Json, source: CivitaiModelSource) -> CivitaiModelSource:
    """Return the source of one file of a version."""
    return source.model_copy(update={"file_id": file.get("id"), "variant": None})


def can_be_model(file: Json) -> bool:
    """Tell whether a file can be installed when it is asked for by its number."""
    has_number = isinstance(file.get("id"), int)
    return has_number and _kind(file) not in _NOT_ASKED and not is_archive(file)


def _with_number(files: Sequence[Json], source: CivitaiModelSource, name: str) -> Json:
    chosen = next((file for file in files if file.get("id") == source.file_id), None)
    if chosen is None:
        raise UnsupportedSourceError(
            f"{name} has no file {source.file_id}. Available: {_list(files, source)}",
            hint=f"Choose one of these, such as {exactly(files[0], source)}",
        )
    if not can_be_model(chosen):
        raise UnsupportedSourceError(
            f"{one_line(chosen.get('name')) or 'The file'} of {name} is not a model:"
            f" {described(chosen)}",
            hint=_fetch(chosen, source),
        )
    return chosen


def _fetch(file: Json, source: CivitaiModelSource) -> str:
    """Say how to get a file that cannot be installed."""
    address = f"{ENDPOINT}/api/download/models/{source.version_id}?fileId={file.get('id')}"
    command = f"Fetch it with: modelkeep download '{address}' FOLDER"
    return f"{command} - then unpack it and install the files" if is_archive(file) else command


def _no_model(
    files: Sequence[Json], source: CivitaiModelSource, name: str
) -> UnsupportedSourceError:
    there = ", ".join(
        f"{one_line(file.get('name')) or 'a file'} ({described(file)})" for file in files[:_SHOWN]
    )
    packed = next(filter(is_archive, files), None)
    hint = "Check the page of the model. Another version may have one."
    return UnsupportedSourceError(
        f"{name} has no model file, only {there}",
        hint=_fetch(packed, source) if packed is not None else hint,
    )


def _list(files: Sequence[Json], source: CivitaiModelSource) -> str:
    return "; ".join(named(file, source) for file in files[:_SHOWN])


def _without(files: Iterable[Json], left_out: Sequence[Json]) -> tuple[Json, ...]:
    return tuple(file for file in files if not any(file is one for one in left_out))


def _kind(file: Json) -> str:
    return (one_line(file.get("type")) or "model").casefold()


def _rank(file: Json) -> tuple[bool, bool, bool]:
    return (file.get("primary") is not True, _kind(file) not in _MODELS, is_pickle(file))


def _words(text: str) -> set[str]:
    whole = _KINDS.sub(r"\g<first>_\g<last>", text.casefold())
    words = re.split(r"[\s,;+]+", whole)
    return {_SAME.get(word, word) for word in words if word}


def _words_of(file: Json) -> set[str]:
    name = one_line(file.get("name")) or ""
    words = _words(described(file)) | _words(name.rpartition(".")[2])
    # "pruned" may be that of the size or that of the kind.
    words |= {word.partition("_")[0] for word in words if word.endswith("_model")}
    return words | ({"pruned_model"} if {"pruned", "model"} <= words else set())
