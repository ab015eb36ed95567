"""``ModelAddress``: where the pages of one model are."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from fastapi import Request

from modelkeep.core import limits
from modelkeep.web.guard.addresses import inside

#: Of an address that a form sends, with the list that its reader came from.
_MOST = 2 * limits.TEXT_CHARACTERS


@dataclass(frozen=True, slots=True)
class ModelAddress:
    """Where the pages of a model are; all of them keep the list that their reader came from.

    Attributes:
        key: Of the model.
        listed: The list, as a query string; empty where the reader came from none.
    """

    key: str
    listed: str = ""

    @classmethod
    def asked(cls, request: Request, key: str) -> ModelAddress:
        """Return the addresses for the model that a request is about."""
        listed = request.query_params.get("list", "")
        return cls(key, listed if len(listed) <= _MOST else "")

    def of(self, key: str, listed: str) -> ModelAddress:
        """Return the addresses of another model."""
        return ModelAddress(key, listed)

    @property
    def back(self) -> str:
        """The list."""
        return inside(f"/?{self.listed}" if self.listed else "/")

    def __call__(self, below: str = "", **more: str | int) -> str:
        """Return the address of a page, without the prefix of the server.

        Args:
            below: What follows the key, such as ``/edit``.
            more: Further parameters; empty ones are left out.
        """
        given = {name: value for name, value in {"list": self.listed, **more}.items() if value}
        query = f"?{urlencode(given)}" if given else ""
        return f"/models/{quote(self.key, safe='')}{below}{query}"
