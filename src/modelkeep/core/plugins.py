"""``PluginKind``: how plug-ins of one kind are found, and what happens to broken ones.

A plug-in is a value with a name: a family, a layout, a site, a sidecar reader. It stands in a
module of a package of this program, in an installed package that names it as an entry point, or
in a file of a folder. One that cannot be used is named in one warning and left out.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import pkgutil
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from modelkeep.core.reading import printable

_log = logging.getLogger(__name__)


class Named(Protocol):
    """What every plug-in has."""

    @property
    def name(self) -> str:
        """One word, unique among its kind."""
        ...


T = TypeVar("T", bound=Named)
#: Where a plug-in is from, for messages, and what imports it.
_Origin = tuple[str, Callable[[], object]]


class PluginKind(Generic[T]):
    """One kind of plug-in. What was loaded is kept for the life of the process.

    Args:
        what: What messages call one, such as ``layout``.
        attribute: Name of the value in a module.
        package: The package of this program whose modules may hold one; others are helpers.
        group: Group of the entry points of installed packages. They name the value, or a module.
        inner: Where a package lies among the modules, the module in it that is looked at.
    """

    def __init__(
        self, what: str, kind: type[Any], attribute: str, *, package: str, group: str,
        inner: str = "",
    ) -> None:  # fmt: skip
        self.what = what
        self.group = group
        self._kind = kind
        self._attribute = attribute
        self._package = package
        self._inner = inner
        self._loaded: dict[tuple[Path, ...], tuple[T, ...]] = {}

    def load(self, *folders: Path) -> tuple[T, ...]:
        """Return all plug-ins: this program's, those of installed packages, those in ``folders``.

        Args:
            folders: Folders whose ``*.py`` files are plug-ins too.
        """
        if folders not in self._loaded:
            self._loaded[folders] = tuple(self._load(folders))
        return self._loaded[folders]

    def forget(self) -> None:
        """Look again at the next ``load``: packages were installed or removed."""
        self._loaded.clear()

    def leave_out(self, where: str, reason: object) -> None:
        """Warn that a plug-in is not used.

        Args:
            where: The plug-in, with where it is from.
            reason: What is wrong with it.
        """
        _log.warning("Skipping the %s %s: %s", self.what, where, reason)

    def _load(self, folders: tuple[Path, ...]) -> Iterator[T]:
        taken: dict[str, str] = {}
        for origins, is_own in ((self._own(), True), (self._others(folders), False)):
            for where, load in origins:
                try:
                    found = load()
                except Exception as error:  # noqa: BLE001 - the code of others may raise anything
                    self.leave_out(where, f"it cannot be imported: {error}")
                    continue
                value: Any = getattr(found, self._attribute, None if is_own else found)
                if value is None and is_own:
                    continue
                if not isinstance(value, self._kind):
                    reason = f"it has no {self._attribute} that is a {self._kind.__name__}"
                    self.leave_out(where, reason)
                elif value.name in taken:
                    reason = f"there is a {self.what} named {value.name} already"
                    self.leave_out(where, f"{reason}, {taken[value.name]}")
                else:
                    taken[value.name] = where
                    yield value

    def _own(self) -> Iterator[_Origin]:
        package = importlib.import_module(self._package)
        for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
            name = f"{self._package}.{info.name}"
            if info.ispkg and self._inner:
                name = f"{name}.{self._inner}"
                if importlib.util.find_spec(name) is None:
                    continue
            if not info.name.startswith("_"):
                yield name, partial(importlib.import_module, name)

    def _others(self, folders: tuple[Path, ...]) -> Iterator[_Origin]:
        for point in installed(self.group):
            yield f"{point.name} of an installed package ({point.value})", point.load
        for path in (path for folder in folders for path in sorted(folder.glob("*.py"))):
            if not path.name.startswith("_"):
                yield printable(path), partial(_import_file, path)


def installed(group: str) -> tuple[EntryPoint, ...]:
    """Return the entry points of installed packages in a group, in a stable order."""
    return tuple(sorted(entry_points(group=group)))


def _import_file(path: Path) -> object:
    name = f"modelkeep_plugin_{path.stem}_{hash(path) & 0xFFFFFFFF:x}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{printable(path)} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
