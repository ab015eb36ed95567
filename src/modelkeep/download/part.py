"""``DownloadPart``: one file of a model that is being installed."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import PrivateAttr

from modelkeep.download.job import DownloadJobURL
from modelkeep.http.request import HttpRequest


class DownloadPart(DownloadJobURL):
    """Fetches one file for an install, which manages the job and its bytes.

    A part is not stored beside the install that it belongs to, and keeps its bytes when it is
    cancelled: the install decides what becomes of that.
    """

    IS_STORED: ClassVar[bool] = False

    _request: HttpRequest | None = PrivateAttr(default=None)

    def ask(self, request: HttpRequest) -> Self:
        """Set how to ask for the file, with the tokens and hashes that belong to it."""
        self._request = request
        return self

    @property
    def request(self) -> HttpRequest | None:
        """How to ask for the file."""
        return self._request
