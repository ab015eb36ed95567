"""``TransferProgress``: a snapshot of a transfer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Stage = Literal["waiting", "connecting", "downloading", "verifying", "publishing", "done"]


@dataclass(frozen=True, slots=True)
class TransferProgress:
    """A snapshot of a transfer.

    Attributes:
        received: Bytes of the file that are there.
        total: Bytes that the file will have; None while that is not known.
        waits: Seconds that it waits before the next try; 0 while it does not wait.
        path: Where the file will be; None while that is not known.
        note: What the user should know, such as why there is one connection only; may be empty.
    """

    stage: Stage
    received: int = 0
    total: int | None = None
    connections: int = 0
    waits: float = 0.0
    path: Path | None = None
    note: str = ""
