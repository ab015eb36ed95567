"""The layouts as a value made by discovery, and which of them a folder has."""

from __future__ import annotations

import importlib.util
import pkgutil
from collections.abc import Iterable, Iterator
from importlib.metadata import entry_points
from pathlib import Path

from modelkeep.core.reading import printable
from modelkeep.errors import SettingsError
from modelkeep.sources import layouts as package
from modelkeep.sources.layouts.layout import Layout

ENTRY_POINTS = "modelkeep.layouts"
_HINT = "Correct or remove the layout that the message names."


def load_layouts(extra_folders: Iterable[Path] = ()) -> tuple[Layout, ...]:
    """Return the layouts of this program, of installed packages and of ``extra_folders``.

    A layout is a module with an instance of ``Layout`` named ``LAYOUT``. Installed packages name
    such a module, or the instance, as an entry point of the group ``modelkeep.layouts``.

    Args:
        extra_folders: Folders whose ``*.py`` files are layouts too.

    Returns:
        The layouts, in the order in which they are asked whether a folder is theirs.

    Raises:
        SettingsError: a layout cannot be imported, is none, or has the name of another.
    """
    found: dict[str, Layout] = {}
    for where, layout in _layouts(tuple(extra_folders)):
        if not isinstance(layout, Layout):
            raise SettingsError(f"{where} has no LAYOUT that is a Layout", hint=_HINT)
        if layout.name in found:
            raise SettingsError(f"two layouts are named {layout.name!r} ({where})", hint=_HINT)
        found[layout.name] = layout
    return tuple(sorted(found.values(), key=lambda layout: (layout.order, layout.name)))


def recognise(folder: Path, layouts: Iterable[Layout]) -> Layout:
    """Return the first layout that a folder has.

    Args:
        folder: An absolute path.
        layouts: As ``load_layouts`` gives them.

    Raises:
        SettingsError: none of them recognises it; with ``plain`` among them one always does.
    """
    for layout in layouts:
        if layout.recognises(folder):
            return layout
    raise SettingsError(
        f"{printable(folder)} is arranged like none of the layouts that are there",
        hint="Name the folder's layout, such as: plain",
    )


def layout_named(name: str, layouts: Iterable[Layout]) -> Layout:
    """Return the layout with this name.

    Raises:
        SettingsError: there is none.
    """
    by_name = {layout.name: layout for layout in layouts}
    if name not in by_name:
        raise SettingsError(
            f"{name!r} is no layout", hint=f"Use one of: {', '.join(sorted(by_name))}"
        )
    return by_name[name]


def _layouts(folders: tuple[Path, ...]) -> Iterator[tuple[str, object]]:
    """Yield all layouts, each with where it is from; modules of this package may be helpers."""
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        if info.name != __name__.rpartition(".")[2]:
            module = importlib.import_module(f"{package.__name__}.{info.name}")
            if hasattr(module, "LAYOUT"):
                yield info.name, module.LAYOUT
    for point in entry_points(group=ENTRY_POINTS):
        try:
            loaded = point.load()
        except (ImportError, AttributeError) as error:
            raise SettingsError(
                f"the installed layout {point.name} ({point.value}) cannot be imported: {error}",
                hint="Update or remove the package that brought it.",
            ) from error
        yield f"the installed layout {point.name}", getattr(loaded, "LAYOUT", loaded)
    for folder in folders:
        for path in sorted(folder.glob("*.py")):
            if not path.name.startswith("_"):
                yield printable(path), _import_file(path)


def _import_file(path: Path) -> object:
    spec = importlib.util.spec_from_file_location(f"modelkeep_layout_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise SettingsError(f"{printable(path)} is no Python file", hint=_HINT)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (ImportError, SyntaxError, NameError, TypeError, ValueError, OSError) as error:
        raise SettingsError(
            f"the layout {printable(path)} cannot be imported: {error}", hint=_HINT
        ) from error
    return getattr(module, "LAYOUT", None)
