"""What every source has: it compares and sorts as its string form."""

from __future__ import annotations

from abc import abstractmethod
from functools import total_ordering
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic.json_schema import SkipJsonSchema


@total_ordering
class StringLikeSource(BaseModel):
    """A source that is hashable, sortable and equal to its string form.

    Attributes:
        public_only: It came over HTTP: whatever asks for it reaches public addresses on the ports
            of the web, and what the settings list. Stored with jobs, and never shown or compared.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    public_only: SkipJsonSchema[bool] = Field(default=False, repr=False, exclude=True)

    def __hash__(self) -> int:
        return hash(str(self))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, str | Path | StringLikeSource):
            return str(self) == str(other)
        return NotImplemented

    def __lt__(self, other: Any) -> bool:
        return str(self) < str(other)

    @abstractmethod
    def __str__(self) -> str:
        """Return what a person would type for this source."""


class SiteSource(StringLikeSource):
    """A source of a site, which may need a token.

    Attributes:
        access_token: Sent to the site alone; never shown, stored or compared.
    """

    access_token: str | None = Field(default=None, repr=False, exclude=True)

    @field_validator("access_token", mode="before")
    @classmethod
    def _unwrapped(cls, value: object) -> object:
        return value.get_secret_value() if isinstance(value, SecretStr) else value
