"""``DownloadPart``: one file of a model that is being installed."""

from __future__ import annotations

from typing import Self

from pydantic import PrivateAttr

from modelkeep.download.job import DownloadJobURL
from modelkeep.http.request import HttpRequest


class DownloadPart(DownloadJobURL):
    """Fetches one file for an install, which remembers it and looks after its bytes.

    A part is not stored beside the install that it belongs to, and keeps what has come when it is
    cancelled: the install decides what becomes of that.
    """

    _asked: HttpRequest | None = PrivateAttr(default=None)
    _is_dismissed: bool = PrivateAttr(default=False)

    def ask(self, asked: HttpRequest) -> Self:
        """Say how the file is asked for, with the tokens and hashes that belong to it."""
        self._asked = asked
        return self

    @property
    def asked(self) -> HttpRequest | None:
        """How the file is asked for."""
        return self._asked

    @property
    def is_dismissed(self) -> bool:
        """It is not wanted any more; what has come stays."""
        return self._is_dismissed

    def dismiss(self) -> None:
        """Note that it is not wanted any more."""
        self._is_dismissed = True
