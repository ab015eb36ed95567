"""Hashes that A1111 and Forge have noted of their models in ``cache.json``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from modelkeep.core.taxonomy import ModelType
from modelkeep.errors import SourceError
from modelkeep.sources.layouts.layout import KnownModel, Place
from modelkeep.sources.layouts.unfinished import weight_suffix
from modelkeep.sources.sidecars.info import SidecarInfo
from modelkeep.sources.sidecars.other_caches import match_hashes, read_cache

_WRITTEN_BY = "the cache of A1111"
#: What the titles of models begin with, by what their folder is for.
_PREFIXES = {
    ModelType.Main: "checkpoint",
    ModelType.Lora: "lora",
    ModelType.TextualInversion: "textual_inversion",
    ModelType.Hypernetwork: "hypernet",
}


def noted_models(
    cache: Path, places: Iterable[Place], warn: Callable[[str], None]
) -> Iterator[KnownModel]:
    """Yield the models in some folders whose stored hashes are still valid.

    Args:
        cache: The program's ``cache.json``.
        places: The program's folders.
        warn: Takes a sentence about each kind of model that could not be looked through.

    Raises:
        SourceError, CorruptModelError: the cache cannot be read.
    """
    noted = read_cache(cache)
    by_prefix: dict[str, list[Path]] = {}
    for place in places:
        if place.type in _PREFIXES:
            by_prefix.setdefault(_PREFIXES[place.type], []).append(place.path)
    for prefix, folders in by_prefix.items():
        # A title may be made of the stem alone: two files of one stem, in whatever folders, are
        # told apart only when all of them are looked at together.
        files = (file for folder in folders for file in _weights_below(folder))
        try:
            matched = match_hashes(noted, prefix, folders[0], files)
        except SourceError as error:  # a model vanished meanwhile
            warn(str(error))
            continue
        for path, sha256 in matched.items():
            yield KnownModel(path, SidecarInfo(sha256=sha256, written_by=(_WRITTEN_BY,)))


def _weights_below(folder: Path) -> Iterator[Path]:
    for here, _, names in os.walk(folder):
        yield from (Path(here) / name for name in names if weight_suffix(name))
