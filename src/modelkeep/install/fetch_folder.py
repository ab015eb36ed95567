"""``FetchFolder``: the folder that receives the files of a model before it is published.

It lies in the staging of the place that the model goes to, on the same disk, and has a name of its
own for each source, so that a later run finds what an earlier one has fetched. The job that fills
it names it in the state file; a folder that no job names is a leftover.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from modelkeep.core.names import safe_join, safe_name
from modelkeep.disk import paths
from modelkeep.disk.notes import remove_work_folder
from modelkeep.install.details import InstallDetails
from modelkeep.install.identify_remote import file_name
from modelkeep.jobs.rows import JobRow
from modelkeep.jobs.state import StateDatabase
from modelkeep.jobs.states import JobState
from modelkeep.library.destination import Destination
from modelkeep.sources.link import URLModelSource
from modelkeep.sources.site import RemoteFile, RemoteModel

_DIGITS = 32
_OVER = frozenset({JobState.COMPLETED, JobState.CANCELLED})


@dataclass(frozen=True, slots=True)
class FetchFolder:
    """The folder that receives the files of one remote model.

    Attributes:
        path: The folder; nothing else lies in it.
        top: The file or folder that the model will be.
    """

    home: Destination
    path: Path
    top: Path
    remote: RemoteModel

    @classmethod
    def of(cls, home: Destination, remote: RemoteModel, verify: str = "strict") -> FetchFolder:
        """Return the folder for a model that will go to ``home``; nothing is made.

        What came while less was verified lies elsewhere: a strict run would believe it.

        Args:
            home: Where the model will go.
            remote: What its site said.
            verify: The setting.

        Raises:
            UnsafePathError: the site names a file outside of the model.
        """
        path = home.staging / f"fetch-{_digest(remote, verify)}"
        # The name of the folder around a file can be a hint to what it is.
        top = path / safe_name(remote.name)
        folder = cls(home, path, top if remote.is_folder else top / file_name(remote), remote)
        for file in remote.files:
            folder.place_of(file)
        return folder

    @property
    def files(self) -> dict[str, RemoteFile]:
        """The files by their place in the model; the name of a single one is empty."""
        if not self.remote.is_folder:
            return {"": self.remote.files[0]}
        return {file.path: file for file in self.remote.files}

    def place_of(self, file: RemoteFile) -> Path:
        """Return where one file comes to.

        Raises:
            UnsafePathError: the site names it outside of the model.
        """
        return safe_join(self.top, file.path) if self.remote.is_folder else self.top

    def has(self, file: RemoteFile) -> bool:
        """Tell whether a file has come: it gets its name when its bytes are verified."""
        place = self.place_of(file)
        return place.is_file() and file.size in {None, place.stat().st_size}

    def make(self) -> None:
        """Make the folders of all files, where they are not there."""
        paths.make_own_folder(self.path.parent)
        for file in self.remote.files:
            paths.make_folder(self.place_of(file).parent)

    def tidy(self) -> None:
        """Remove what is beside the files of a folder: control files of interrupted downloads."""
        if self.remote.is_folder:
            wanted = {self.place_of(file) for file in self.remote.files}
            for path in self.top.rglob("*"):
                if path not in wanted and not (path.is_dir() and not path.is_symlink()):
                    paths.remove_file(path)


def is_claimed(row: JobRow) -> bool:
    """Tell whether a job needs its folder: it is not over, or may be begun again."""
    return row.status not in _OVER and InstallDetails.decode(row.details).fetch is not None


def claimed_folders(rows: Iterable[JobRow]) -> set[Path]:
    """Return the folders that are needed by any of these jobs."""
    found = (InstallDetails.decode(row.details).fetch for row in rows if row.status not in _OVER)
    return {folder for folder in found if folder is not None}


def remove_unneeded(state: StateDatabase, rows: Iterable[JobRow]) -> None:
    """Remove what these jobs, which are over, have fetched, unless others need it."""
    needed = claimed_folders(state.jobs.all("install"))
    for row in rows:
        folder = InstallDetails.decode(row.details).fetch
        if folder is not None and folder not in needed:
            remove_work_folder(folder)


def _digest(remote: RemoteModel, verify: str) -> str:
    source = remote.source
    text = source.url if isinstance(source, URLModelSource) else str(source)
    what = [text, verify, *sorted((file.path, file.hashes.get("sha256")) for file in remote.files)]
    return hashlib.sha256(json.dumps(what).encode(errors="surrogatepass")).hexdigest()[:_DIGITS]
