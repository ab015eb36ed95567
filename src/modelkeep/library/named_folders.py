"""Folders that the files of other programs name: which are away, and the models in them.

ComfyUI's ``extra_model_paths.yaml`` and the settings of SwarmUI and Fooocus name folders on any
disk. One that does not exist, or that is empty where models were, is away: its models are offline.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from modelkeep.core.names import counted, is_inside, path_to_text, shown, text_to_path
from modelkeep.core.roots import Root
from modelkeep.errors import SettingsError, SourceError
from modelkeep.jobs.seen_roots import SeenRoot, note_root, seen_roots
from modelkeep.library.presence import Presence, look_at
from modelkeep.records.listing import RecordFilter
from modelkeep.sources.layouts.layout import Place, layout_named, load_layouts


@dataclass(frozen=True, slots=True)
class AwayFolder:
    """A folder that is named and is not there.

    Attributes:
        path: The folder, or the one around several that does not exist.
        why: Why it counts as away, and which file names it; a sentence without its end.
        hint: How it comes back.
    """

    path: Path
    why: str
    hint: str


class NamedFolders:
    """The folders that the programs of the registered roots name.

    Args:
        presence: Of the roots.
    """

    def __init__(self, presence: Presence) -> None:
        self._presence = presence

    @cached_property
    def away(self) -> tuple[AwayFolder, ...]:
        """Those that are away."""
        return self.away_among(place for places in self._places.values() for place in places)

    def away_among(self, places: Iterable[Place]) -> tuple[AwayFolder, ...]:
        """Return which of some places are named and away."""
        groups: dict[Path, list[Place]] = {}
        empty: list[AwayFolder] = []
        for place in places:
            if place.named_by is None:
                continue
            if not place.path.is_dir():
                groups.setdefault(_first_missing(place.path), []).append(place)
            elif self._is_another(place.path):
                why = (
                    f"{shown(place.path)} is empty, and models were in it; {_named(place)} names it"
                )
                empty.append(AwayFolder(place.path, why, "Mount its disk."))
        return (*(_missing(top, group) for top, group in groups.items()), *empty)

    def around(self, path: Path) -> AwayFolder | None:
        """Return the folder that is away and that a path lies in."""
        return next((one for one in self.away if is_inside(path, one.path)), None)

    def models_away(self) -> Counter[AwayFolder]:
        """Return how many models are recorded in each folder that is away."""
        counts: Counter[AwayFolder] = Counter()
        roots, home = self._presence.registered(), self._presence.models_dir
        for config in self._presence.records.each(RecordFilter()) if self.away else ():
            path = roots.locate(config.root, config.path, home)
            if path is not None and (away := self.around(path)) is not None:
                counts[away] += 1
        return counts

    def remarks(self, root: str) -> list[str]:
        """Return what is to be said about the folders that the program of a root names."""
        away = self.away_among(self._places.get(root, ()))
        try:
            remarks = self.corrections(root)
        except (SettingsError, SourceError) as error:
            return [f"{error}. {error.hint}"]
        return [*(f"{one.why}. {one.hint}" for one in away), *remarks]

    def corrections(self, root: str) -> list[str]:
        """Return what the user should correct in the files of a root's program.

        Raises:
            SettingsError: no layout has the name that is set for the root.
            SourceError: a file that names folders cannot be read, so the root cannot be scanned.
        """
        found = self._presence.registered().named[root]
        if not found.path.is_dir():
            return []
        layout = layout_named(found.layout, load_layouts())
        layout.places(found.path)
        return list(layout.remarks(found.path))

    def note_seen(self) -> None:
        """Remember which folders have something in them, and on which disk that is."""
        for root, places in self._places.items():
            for place in places:
                if place.named_by is not None and (identity := _identity(place.path)):
                    seen = SeenRoot(path_to_text(place.path), identity)
                    if self._seen.get(_row(root, place.path)) != seen:
                        note_root(self._presence.state, _row(root, place.path), seen)

    @cached_property
    def _seen(self) -> Mapping[str, SeenRoot]:
        return seen_roots(self._presence.state)

    @cached_property
    def _places(self) -> dict[str, list[Place]]:
        named = self._presence.registered().named
        return {name: [*self._places_of(root)] for name, root in named.items()}

    def _places_of(self, root: Root) -> Iterable[Place]:
        """Return what a root's program names now, or named when its files could be read."""
        try:
            if root.path.is_dir():
                return layout_named(root.layout, load_layouts()).places(root.path)
        except (SettingsError, SourceError):  # scans report it
            pass
        rows = [seen.path for name, seen in self._seen.items() if name.startswith(_row(root.name))]
        return [Place(text_to_path(path), named_by=root.path) for path in rows]

    def _is_another(self, folder: Path) -> bool:
        """Tell whether an empty folder is where a folder with models was: an unmounted disk."""
        known = [seen for seen in self._seen.values() if seen.path == path_to_text(folder)]
        identity, is_empty = look_at(folder)
        return is_empty and any(seen.identity not in {"", identity} for seen in known)


def _row(root: str, folder: Path | None = None) -> str:
    """Return the name under which a folder is remembered; no root can be called this."""
    return f"{root} {path_to_text(folder) if folder else ''}"


def _identity(folder: Path) -> str:
    """Return which folder of which disk it is; nothing where it is empty or not there."""
    try:
        identity, is_empty = look_at(folder)
    except OSError:
        return ""
    return "" if is_empty else identity


def _first_missing(path: Path) -> Path:
    """Return the outermost folder on the way to ``path`` that does not exist."""
    missing = path
    while not missing.parent.is_dir():
        missing = missing.parent
    return missing


def _missing(top: Path, places: list[Place]) -> AwayFolder:
    name = _named(places[0])
    is_it = len(places) == 1 and places[0].path == top
    what = "it" if is_it else f"{counted(len(places), 'folder')} in it"
    return AwayFolder(
        top,
        f"{shown(top)} does not exist; {name} names {what}",
        f"Mount its disk, create the folder or correct {name}.",
    )


def _named(place: Place) -> str:
    return shown(place.named_by or "")
