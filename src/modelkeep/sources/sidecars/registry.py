"""``SidecarReaders``: the kinds of sidecars, as a value made by discovery.

Where two kinds speak of the same thing, the one with the smaller ``order`` is believed:

===== ============== ==============================================================
order kind           why there
===== ============== ==============================================================
10    a1111_json     typed in by the user
20    lora_manager   the site's answer with what the user changed in it
30    cm_info        the same of StabilityMatrix, without sizes
40    civitai_info   the site's answer as it came
50    swarm_json     what SwarmUI took from the header or the user typed in
60    rgthree        the site's answer, shortened
70    text           a text of the same name, which might be about anything
80    preview        a picture; says nothing else
===== ============== ==============================================================

Trigger phrases and tags are joined in this order.
"""

from __future__ import annotations

import functools
import importlib.util
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType

from modelkeep.core.reading import printable
from modelkeep.errors import SettingsError
from modelkeep.sources.sidecars import kinds
from modelkeep.sources.sidecars.reader import SidecarReader

ENTRY_POINTS = "modelkeep.sidecars"
#: Imports one module that holds a reader.
Load = Callable[[], object]
_HINT = "Correct or remove the sidecar reader that the message names."


@dataclass(frozen=True, slots=True)
class SidecarReaders:
    """Readers with unique names, the most believed first."""

    readers: tuple[SidecarReader, ...]

    @classmethod
    def of(cls, readers: Iterable[SidecarReader]) -> SidecarReaders:
        """Put readers in order.

        Raises:
            SettingsError: two have one name.
        """
        kept = sorted(readers, key=lambda reader: (reader.order, reader.name))
        names = [reader.name for reader in kept]
        for name in names:
            if names.count(name) > 1:
                raise SettingsError(f"two sidecar readers are named {name!r}", hint=_HINT)
        return cls(tuple(kept))

    def __iter__(self) -> Iterator[SidecarReader]:
        """Go through the readers, the most believed first."""
        return iter(self.readers)

    def __len__(self) -> int:
        """Return how many readers there are."""
        return len(self.readers)


def load_readers(extra_folders: Iterable[Path] = ()) -> SidecarReaders:
    """Return the readers of this program, of installed packages and of ``extra_folders``.

    A kind is a module with a ``READER``. Installed packages name theirs as entry points of the
    group ``modelkeep.sidecars``.

    Args:
        extra_folders: Folders whose ``*.py`` files are kinds too.

    Raises:
        SettingsError: a kind cannot be imported, has no reader, or two have one name.
    """
    folders = tuple(extra_folders)
    return _load(folders) if folders else _load_default()


def usable_readers(tell: Callable[[str], None]) -> SidecarReaders:
    """Return the readers that can be used: one that another package broke is told and left out.

    Args:
        tell: Takes a sentence about each that is left out.
    """
    readers: list[SidecarReader] = []
    for name, load in (*_ours(), *_installed()):
        try:
            reader = _reader(name, load())
            SidecarReaders.of((*readers, reader))
        except SettingsError as error:
            tell(f"{error}. {error.hint}")
        else:
            readers.append(reader)
    return SidecarReaders.of(readers)


@functools.cache
def _load_default() -> SidecarReaders:
    return _load(())


def _load(folders: tuple[Path, ...]) -> SidecarReaders:
    named = (*_ours(), *_installed(), *_files(folders))
    return SidecarReaders.of([_reader(name, load()) for name, load in named])


def _reader(name: str, module: object) -> SidecarReader:
    reader = getattr(module, "READER", None)
    if not isinstance(reader, SidecarReader):
        raise SettingsError(f"the sidecar reader {name} has no READER", hint=_HINT)
    return reader


def _ours() -> Iterator[tuple[str, Load]]:
    for info in sorted(pkgutil.iter_modules(kinds.__path__), key=lambda info: info.name):
        if not info.name.startswith("_"):
            whole = f"{kinds.__name__}.{info.name}"
            yield info.name, functools.partial(importlib.import_module, whole)


def _installed() -> Iterator[tuple[str, Load]]:
    for point in entry_points(group=ENTRY_POINTS):
        yield point.name, functools.partial(_import_point, point)


def _files(folders: tuple[Path, ...]) -> Iterator[tuple[str, Load]]:
    for folder in folders:
        for path in sorted(folder.glob("*.py")):
            if not path.name.startswith("_"):
                yield printable(path), functools.partial(_import_file, path)


def _import_point(point: EntryPoint) -> object:
    try:
        return point.load()
    except Exception as error:  # it is another's code, which may do anything when it is imported
        raise SettingsError(
            f"the installed sidecar reader {point.name} ({point.value}) cannot be imported:"
            f" {error}",
            hint="Update or remove the package that brought it.",
        ) from error


def _import_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"modelkeep_sidecar_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise SettingsError(f"{printable(path)} is no Python file", hint=_HINT)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (ImportError, SyntaxError, NameError, TypeError, ValueError, OSError) as error:
        raise SettingsError(
            f"the sidecar reader {printable(path)} cannot be imported: {error}", hint=_HINT
        ) from error
    return module
