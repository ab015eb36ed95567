"""Locations of records and files: (root, path below it), and the specification's ``path``."""

from __future__ import annotations

from typing import Any

from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.files import ModelFile
from modelkeep.core.names import text_to_path
from modelkeep.core.roots import MODELS_ROOT, NO_ROOT, Roots

#: (root, path below it), as the tables have it.
Place = tuple[str, str]

#: What ``Roots.join`` puts between a root that is not registered any more and the path.
_GONE = ":/"


def place_of(roots: Roots, config: ModelConfigBase) -> Place:
    """Return where a record lies, by its ``path``."""
    return _of_gone_root(roots, config.root, config.path) or roots.split(config.path)


def placed(roots: Roots, config: ModelConfigBase) -> tuple[Any, Place]:
    """Return a config with the root and the path by which a record is stored, and its place."""
    place = place_of(roots, config)
    is_home = place[0] == MODELS_ROOT and text_to_path(config.path).is_absolute()
    path = roots.join(*place) if is_home else config.path
    return config.model_copy(update={"root": place[0], "path": path}), place


def place_of_file(roots: Roots, file: ModelFile) -> Place:
    """Return where a file lies; the ``root`` that it names counts while its path is relative."""
    gone = _of_gone_root(roots, file.root, file.path)
    if gone:
        return gone
    # A name that is not UTF-8 is kept as an address.
    is_absolute = file.path.startswith("/") or (
        ":" in file.path and text_to_path(file.path).is_absolute()
    )
    return roots.split(file.path) if is_absolute else (file.root, file.path)


def possible_places(roots: Roots, path: str) -> list[Place]:
    """Return the places that all have this ``path``.

    There are several since a record may be older than the root that it is in, and since a
    root may be gone.
    """
    places = [roots.split(path)]
    if places[0][0] != MODELS_ROOT:
        places.append((NO_ROOT, path))
    root, found, rest = path.partition(_GONE)
    if found and root not in {MODELS_ROOT, NO_ROOT, *roots.named}:
        places.append((root, rest))
    return list(dict.fromkeys(places))


def _of_gone_root(roots: Roots, root: str, path: str) -> Place | None:
    before = root + _GONE
    is_gone = root not in {MODELS_ROOT, NO_ROOT} and root not in roots.named
    return (root, path.removeprefix(before)) if is_gone and path.startswith(before) else None
