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


def is_kept(digest: str, target: Path) -> bool:
    """Tell whether a download left something that it can go on from.

    Args:
        digest: Tells its link from others; see ``control_file.digest_of``.
        target: The file that it was to be.
    """
    part = PartFile.find(target, digest)
    if part is not None:
        part.close()
    return part is not None
