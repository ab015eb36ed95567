"""Builds the record of a model that a scan found, from its header and sidecars."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from modelkeep.core.identity import Identification
from modelkeep.core.names import shown
from modelkeep.errors import CorruptModelError, SourceError
from modelkeep.library.library import Library, sampled
from modelkeep.library.new_records import fields_of, record_in_place, with_extras
from modelkeep.library.ownership import describe_files, names_below
from modelkeep.records.listing import NewRecord
from modelkeep.scan.walk import Candidate
from modelkeep.sources.layouts.layout import Layout
from modelkeep.sources.sidecars.info import SidecarInfo
from modelkeep.sources.sidecars.reader import Digests
from modelkeep.sources.sidecars.reading import read_sidecars


class FolderInfo:
    """The data in a program's catalogue and in sidecars about the models of a folder.

    Args:
        layout: Whose it is; None for nobody's.
        warnings: Takes sentences about what could not be read.
    """

    def __init__(self, folder: Path, layout: Layout | None, warnings: list[str]) -> None:
        self._warnings = warnings
        self._catalogue: dict[Path, SidecarInfo] = {}
        try:
            for model in layout.known(folder, self.warn) if layout is not None else ():
                self._catalogue[model.path] = model.info
        except (SourceError, CorruptModelError) as error:  # the models are there all the same
            self.warn(str(error))
        except Exception as error:  # noqa: BLE001 - a layout may be another's code
            what = f"The catalogue of {shown(folder)} was not read"
            self.warn(f"{what}: {type(error).__name__}: {error}")

    def about(self, candidate: Candidate) -> SidecarInfo:
        """Return what is known about one model."""
        try:
            report = read_sidecars(candidate.path, candidate.siblings)
            in_catalogue = self._in_catalogue(candidate)
        except SourceError as error:  # the model vanished; its next reader reports it
            self.warn(str(error))
            return SidecarInfo()
        for problem in report.problems:
            self.warn(problem)
        return _joined(in_catalogue, report.info) if in_catalogue else report.info

    def _in_catalogue(self, candidate: Candidate) -> SidecarInfo | None:
        """Return what the catalogue states; None where it is about a file with another hash."""
        info = self._catalogue.get(candidate.path)
        if info is None or candidate.is_folder:
            return info
        digests = Digests(candidate.path, candidate.status.st_size)
        return None if digests.contradict(info.sha256, info.blake3) else info

    def warn(self, text: str) -> None:
        """Add a warning about what could not be read; the first hundred are kept."""
        if len(self._warnings) < 100 and text not in self._warnings:  # noqa: PLR2004 - as it says
            self._warnings.append(text)


def _joined(catalogue: SidecarInfo, sidecars: SidecarInfo) -> SidecarInfo:
    """Merge both; a hash on which they differ is left out."""
    return replace(
        catalogue.over(sidecars),
        sha256=_agreed(catalogue.sha256, sidecars.sha256),
        blake3=_agreed(catalogue.blake3, sidecars.blake3),
    )


def _agreed(one: str | None, other: str | None) -> str | None:
    return None if one and other and one != other else one or other


def new_model(library: Library, path: Path, found: Identification, info: SidecarInfo) -> NewRecord:
    """Return the record of a model that stays where it is; nothing is stored.

    Raises:
        ModelKeepError: it cannot be recorded; says why.
        OSError: it vanished meanwhile.
    """
    names = names_below(path)
    overrides = {**fields_of(info, found), **sampled(path, names)}
    config, target = record_in_place(library, path, found, overrides)
    files = describe_files(target, names, library.settings.models_dir, {}, time.time())
    new = NewRecord(config.key, config, tuple(files))
    return with_extras(new, info)
