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
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

from modelkeep.core.reading import printable
from modelkeep.errors import SettingsError
from modelkeep.sources.sidecars import kinds
from modelkeep.sources.sidecars.reader import SidecarReader

ENTRY_POINTS = "modelkeep.sidecars"
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


@functools.cache
def _load_default() -> SidecarReaders:
    return _load(())


def _load(folders: tuple[Path, ...]) -> SidecarReaders:
    readers: list[SidecarReader] = []
    for name, module in _modules(folders):
        reader = getattr(module, "READER", None)
        if not isinstance(reader, SidecarReader):
            raise SettingsError(f"the sidecar reader {name} has no READER", hint=_HINT)
        readers.append(reader)
    return SidecarReaders.of(readers)


def _modules(folders: tuple[Path, ...]) -> Iterator[tuple[str, object]]:
    for info in sorted(pkgutil.iter_modules(kinds.__path__), key=lambda info: info.name):
        if not info.name.startswith("_"):
            yield info.name, importlib.import_module(f"{kinds.__name__}.{info.name}")
    for point in entry_points(group=ENTRY_POINTS):
        try:
            yield point.name, point.load()
        except (ImportError, AttributeError) as error:
            raise SettingsError(
                f"the installed sidecar reader {point.name} ({point.value}) cannot be imported:"
                f" {error}",
                hint="Update or remove the package that brought it.",
            ) from error
    for folder in folders:
        for path in sorted(folder.glob("*.py")):
            if not path.name.startswith("_"):
                yield printable(path), _import_file(path)


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
