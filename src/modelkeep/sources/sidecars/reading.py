"""``read_sidecars``: all that the files beside a model state about it.

Where two kinds of sidecars give the same field, the one with the smaller ``order`` wins:

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
80    preview        a picture; states nothing else
===== ============== ==============================================================

Trigger phrases and tags are joined in this order.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from pathlib import Path

from modelkeep.core import limits
from modelkeep.core.hashing import Progress, no_progress
from modelkeep.core.plugins import PluginKind
from modelkeep.core.reading import printable
from modelkeep.errors import CorruptModelError, JobCancelledError, SourceError
from modelkeep.sources.sidecars.info import SidecarInfo
from modelkeep.sources.sidecars.reader import Sidecar, SidecarReader, Subject

#: A kind of sidecar is a module there with a ``READER``. Installed packages name such a module,
#: or the instance, as an entry point of the group.
READERS: PluginKind[SidecarReader] = PluginKind(
    "sidecar reader",
    SidecarReader,
    "READER",
    package="modelkeep.sources.sidecars.kinds",
    group="modelkeep.sidecars",
)


def load_readers(*folders: Path) -> tuple[SidecarReader, ...]:
    """Return all sidecar readers, the most trusted first.

    Args:
        folders: Folders whose ``*.py`` files are sidecar readers too.
    """
    found = READERS.load(*folders)
    return tuple(sorted(found, key=lambda reader: (reader.order, reader.name)))


@dataclass(frozen=True, slots=True)
class SidecarReport:
    """What the files beside a model state, and which of them could not be read.

    Attributes:
        info: All of it together; empty without sidecars.
        problems: A sentence for each sidecar that is broken, naming it and the cause.
    """

    info: SidecarInfo
    problems: tuple[str, ...] = ()


def read_sidecars(
    path: Path,
    siblings: Collection[str],
    readers: Iterable[SidecarReader] | None = None,
    *,
    most: int | None = limits.STATED_HASH_BYTES,
    progress: Progress = no_progress,
) -> SidecarReport:
    """Return what the files beside a model state about it. Nothing is written.

    Sidecars lie in the model's own folder and bear its name; those of a folder model are beside
    the folder, never in it. One that states another size or hash is about another file and says
    nothing here. A broken sidecar, or one whose reader fails, is reported and the others still
    count. A hash that two sidecars contradict each other about is given by neither.

    Args:
        path: The model's file or folder; absolute.
        siblings: Names of all that lies in the folder around it, as a scan lists them; a set,
            where many models share a folder. No name that is not among them is looked for.
        readers: The kinds to look for; all when None.
        most: Bytes of a file that is read to compare a stated hash; any number when None.
        progress: Told of every piece that is read; may raise to stop.

    Raises:
        SourceNotFoundError, UnreadableSourceError: the model itself is not there.
    """
    beside = siblings if isinstance(siblings, AbstractSet) else frozenset(siblings)
    model = Subject.of(path, beside, most=most, progress=progress)
    info, problems = SidecarInfo(), list[str]()
    hashes = {"sha256": set[str](), "blake3": set[str]()}
    seen: set[str] = set()
    for reader in load_readers() if readers is None else readers:
        for name in (name for name in _names(reader, model, problems) if name not in seen):
            try:
                more = _read(reader, model, path.with_name(name))
            except JobCancelledError:
                raise
            except (SourceError, CorruptModelError) as error:
                seen.add(name)
                problems.append(str(error))
                continue
            except Exception as error:  # noqa: BLE001 - it may be another's code
                problems.append(_failure(reader, path.with_name(name), error))
                continue
            if more is not None:
                seen.add(name)
                info = info.over(more)
                for kind, found in hashes.items():
                    found.update({getattr(more, kind)} - {None})
    for kind, found in hashes.items():
        if len(found) > 1:
            problems.append(_contradiction(path, kind))
    return SidecarReport(
        replace(info, sha256=_only(hashes["sha256"]), blake3=_only(hashes["blake3"])),
        tuple(problems),
    )


def read_beside(
    path: Path, *, most: int | None = limits.STATED_HASH_BYTES, progress: Progress = no_progress
) -> SidecarInfo:
    """Return what the files beside a model state; nothing where they cannot be read.

    Args:
        path: The model's file or folder; absolute.
        most: Bytes of a file that is read to compare a stated hash; any number when None.
        progress: Told of every piece that is read; may raise to stop.
    """
    try:
        return read_sidecars(path, _Beside(path.parent), most=most, progress=progress).info
    except (OSError, SourceError):  # reading the model itself reports what is wrong
        return SidecarInfo()


class _Beside(AbstractSet[str]):
    """The names in a folder, looked for one by one: a folder may hold very many."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and os.path.lexists(self._folder / name)

    def __iter__(self) -> Iterator[str]:
        return (other.name for other in self._folder.iterdir())

    def __len__(self) -> int:
        return sum(1 for _ in self._folder.iterdir())


def _names(reader: SidecarReader, model: Subject, problems: list[str]) -> tuple[str, ...]:
    try:
        return tuple(reader.find(model))
    except Exception as error:  # noqa: BLE001 - it may be another's code
        problems.append(_failure(reader, model.path, error))
        return ()


def _read(reader: SidecarReader, model: Subject, path: Path) -> SidecarInfo | None:
    info = reader.read(model, Sidecar(path))
    if info is None:
        return None
    by = (reader.label,) if reader.label else ()
    return replace(info, sidecars=(path, *info.sidecars), written_by=(*by, *info.written_by))


def _failure(reader: SidecarReader, path: Path, error: Exception) -> str:
    return (
        f"{printable(path)} was not read: the sidecar reader {reader.name}"
        f" ({type(reader).__module__}) failed with {type(error).__name__}: {error}"
    )


def _only(found: set[str]) -> str | None:
    return found.pop() if len(found) == 1 else None


def _contradiction(path: Path, kind: str) -> str:
    return f"The sidecars of {printable(path)} give different hashes ({kind}): none is used"
