"""What a download that shall not go on has left beside its target."""

from __future__ import annotations

from pathlib import Path

from modelkeep.download.part_file import PartFile
from modelkeep.errors import DownloadError
from modelkeep.http.asked import Asked


def discard(asked: Asked, target: Path) -> None:
    """Remove the partial file of a download, unless somebody else is fetching it.

    Args:
        asked: What was asked for.
        target: The file that it was to be.

    Raises:
        StorageError: the disk refused.
    """
    try:
        found = PartFile.resume(target, asked)
    except DownloadError:  # another process or job goes on with it
        return
    if found is not None:
        found[0].discard()
