"""``Deadline``: how long one request may take, and whether it is still wanted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from modelkeep.errors import DownloadJobCancelledException

#: Seconds between two checks of a wait.
POLL_SECONDS = 0.5


@dataclass(slots=True)
class Deadline:
    """The time limits of one request, and its cancellation.

    Attributes:
        cancelled: Whether the request is cancelled.
        connect_until: When the connection has to be there, in monotonic seconds.
        head: Seconds from the request to the end of the response head.
        idle: Seconds that may pass between two pieces of the body.
        public_only: Connect to public addresses alone.
        body_until: When the body has to be there, or None.
    """

    cancelled: Callable[[], bool]
    connect_until: float
    head: float
    idle: float
    public_only: bool = False
    body_until: float | None = None

    def check(self) -> None:
        """Raise when the request is cancelled.

        Raises:
            DownloadJobCancelledException: it is.
        """
        if self.cancelled():
            raise DownloadJobCancelledException("The download was stopped.")
