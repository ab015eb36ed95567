"""``DownloadDetails``: what is stored of a download so that another process can continue it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from pydantic import JsonValue

from modelkeep.core.names import full_path, path_to_text, text_to_path
from modelkeep.download.job import DownloadJobBase


@dataclass(frozen=True, slots=True)
class DownloadDetails:
    """Everything about a download that is not in the columns of the table of jobs.

    A link that may hold a secret is stored as it may be shown, with a digest that tells it from
    others; of a token only that there was one.

    Attributes:
        priority, keep, started_at: As of the job; ``keep`` is ``preserve_partial_downloads``.
        move: The file or folder that is moved; None for what is fetched.
        link: What is fetched, as it may be shown.
        is_whole: ``link`` is all of it.
        hashes, size: What its bytes must be.
        public_only: As of the job.
    """

    dest: Path
    is_folder: bool
    priority: int
    keep: bool
    path: Path | None = None
    started_at: float | None = None
    move: Path | None = None
    link: str = ""
    is_whole: bool = True
    digest: str = ""
    hashes: Mapping[str, str] = field(default_factory=dict)
    size: int | None = None
    needs_token: bool = False
    public_only: bool = False

    @classmethod
    def of(cls, job: DownloadJobBase) -> Self:
        """Return what every download stores; its driver adds what it works on."""
        return cls(
            dest=full_path(job.dest),
            is_folder=job.is_folder or job.dest.is_dir(),
            priority=job.priority,
            keep=job.preserve_partial_downloads,
            path=full_path(job.download_path) if job.download_path else None,
            started_at=job.started_at,
        )

    @classmethod
    def decode(cls, text: str) -> Self:
        """Return the details that were stored.

        Raises:
            ValueError, KeyError, TypeError: they are not those of a download.
        """
        stored = json.loads(text)
        paths = {
            name: text_to_path(stored[name]) if stored.get(name) else None
            for name in ("path", "move")
        }
        return cls(**{**stored, "dest": text_to_path(stored["dest"]), **paths})

    def encode(self) -> str:
        """Return the details as JSON; of a move nothing that belongs to a link."""
        stored: dict[str, JsonValue] = {
            "dest": path_to_text(self.dest),
            "is_folder": self.is_folder,
            "priority": self.priority,
            "keep": self.keep,
            "path": path_to_text(self.path) if self.path else None,
            "started_at": self.started_at,
        }
        if self.move is not None:
            return json.dumps({**stored, "move": path_to_text(self.move)})
        return json.dumps(
            {
                **stored,
                "link": self.link,
                "is_whole": self.is_whole,
                "digest": self.digest,
                "hashes": dict(self.hashes),
                "size": self.size,
                "needs_token": self.needs_token,
                **({"public_only": True} if self.public_only else {}),
            }
        )

    @property
    def file(self) -> Path | None:
        """The file that the download makes, if its name is known."""
        return self.path or (None if self.is_folder else self.dest)

    def asks_for_same(self, other: DownloadDetails) -> bool:
        """Tell whether two ask for the same link and destination.

        Of links with secrets the rest counts: a fresh signature makes no other file.
        """
        return (self.link, self.move, self.dest) == (other.link, other.move, other.dest)
