"""``Flaw``: what a reader finds wrong with a file, and where."""

from __future__ import annotations


class Flaw(Exception):
    """Something that makes the file invalid; its reader turns it into an error of ours.

    Args:
        reason: What is wrong, as a clause.
        at: The byte of the file where it shows.
    """

    def __init__(self, reason: str, at: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.at = at
