"""InvokeAI: its folder of models, and its database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from modelkeep.core.taxonomy import ModelType
from modelkeep.sources.layouts.folders import (
    NO_MODELS,
    Names,
    can_be_path,
    category_places,
    foreign_path,
    names_in,
    without_repeats,
)
from modelkeep.sources.layouts.invokeai_catalogue import read_catalogue
from modelkeep.sources.layouts.layout import KnownModel, Layout, Place, ignore
from modelkeep.sources.layouts.text_files import broken_file
from modelkeep.sources.layouts.yaml_nodes import is_map, map_of, read_yaml_map, texts_of

_SETTINGS = "invokeai.yaml"
_DATABASE = "invokeai.db"
_MODELS = "models"
#: Pictures, downloads and conversions, all within the folder of models.
_SKIP = NO_MODELS | {"model_images", ".download_cache", ".convert_cache", ".cache"}
#: Folders of installs that are under way, which start so.
_TEMPORARY = "tmpinstall"
#: Folders that are searched on every start; at the time of the specification each had a type.
_AUTOIMPORT: dict[str, ModelType | None] = {
    "main": ModelType.Main,
    "lora": ModelType.Lora,
    "controlnet": ModelType.ControlNet,
    "embedding": ModelType.TextualInversion,
}


@dataclass(frozen=True, slots=True)
class _Paths:
    models: Path
    database: Path
    autoimport: Path
    downloads: Path


class InvokeAI(Layout):
    """InvokeAI's root, or its folder of models where that lies in the root."""

    name = "invokeai"
    label = "InvokeAI"
    order = 20
    usual = ("invokeai", "InvokeAI")

    def usual_folders(self, home: Path, environment: Mapping[str, str]) -> Iterator[Path]:
        """Yield the root that the environment names before the usual ones."""
        if named := environment.get("INVOKEAI_ROOT"):
            yield Path(named).expanduser()
        yield from super().usual_folders(home, environment)

    def recognises(self, folder: Path) -> bool:
        """Recognise ``invokeai.yaml`` or ``databases/invokeai.db``, here or one folder above."""
        return _root(folder) is not None

    def places(self, folder: Path) -> tuple[Place, ...]:
        """Return the folder of models, and for the root what is imported on every start."""
        root = _root(folder)
        if root is None or root != folder:
            return (Place(folder, skip=_skip(folder)),)
        paths = _paths(root)
        found = [Place(paths.models, skip=_skip(paths.models, paths.downloads))]
        if paths.autoimport.is_dir():
            found += category_places(paths.autoimport, _AUTOIMPORT)
        return without_repeats(found)

    def known(self, folder: Path, warn: Callable[[str], None] = ignore) -> Iterable[KnownModel]:
        """Give the models of its database, which is read and never written."""
        root = _root(folder)
        if root is None:
            return ()
        paths = _paths(root)
        if not paths.database.is_file():
            return ()
        return read_catalogue(paths.database, paths.models, warn)


def _root(folder: Path) -> Path | None:
    """Return the root, if ``folder`` is it or its folder of models."""
    if _is_root(folder, names_in(folder)):
        return folder
    above = folder.parent
    is_within = folder.name == _MODELS and _is_root(above, names_in(above))
    return above if is_within else None


def _is_root(folder: Path, names: Names) -> bool:
    if _SETTINGS in names.files:
        return True
    return "databases" in names.folders and (folder / "databases" / _DATABASE).is_file()


def _paths(root: Path) -> _Paths:
    """Return the folders that ``invokeai.yaml`` names, in its flat form or the older one."""
    file = root / _SETTINGS
    found: dict[str, str] = {}
    waiting = [read_yaml_map(file)] if file.is_file() else []
    while waiting:
        for key, node in waiting.pop().items():
            if key in {"InvokeAI", "Paths"} and is_map(node):
                waiting.append(map_of(file, node))
            elif key in {"models_dir", "db_dir", "autoimport_dir", "download_cache_dir"}:
                for text, line in texts_of(file, node):
                    if text and not can_be_path(text):
                        raise broken_file(file, line, "this cannot be a path")
                    found[key] = text

    def path(key: str, default: str) -> Path:
        return foreign_path(found.get(key) or default, root)

    return _Paths(
        models=path("models_dir", _MODELS),
        database=path("db_dir", "databases") / _DATABASE,
        autoimport=path("autoimport_dir", "autoimport"),
        downloads=path("download_cache_dir", "models/.download_cache"),
    )


def _skip(models: Path, downloads: Path | None = None) -> frozenset[str]:
    own = {name for name in names_in(models).folders if name.startswith(_TEMPORARY)}
    if downloads is not None and downloads.parent == models:
        own.add(downloads.name)
    return _SKIP | own


LAYOUT = InvokeAI()
