"""What a download that shall not go on has left beside its target."""

from __future__ import annotations

from pathlib import Path

from modelkeep.download.part_file import PartFile


def discard(digest: str, target: Path) -> None:
    """Remove the partial file of a download, unless somebody is fetching it now.

    Args:
        digest: Tells its link from others; see ``control_file.digest_of``.
        target: The file that it was to be.

    Raises:
        StorageError: the disk refused.
    """
    part = PartFile.find(target, digest)
    if part is not None:
        part.discard()
