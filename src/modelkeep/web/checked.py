"""``CheckedBody``: the JSON bodies of requests, whose texts are bounded and can be stored."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, ConfigDict, model_validator

#: A text of a request may have this many characters.
TEXT_CHARACTERS = 4096
_DEPTH = 32

#: The number of a job in a path; JavaScript knows no larger ones.
JobNumber = Annotated[int, Path(ge=0, le=2**53 - 1)]


class CheckedBody(BaseModel):
    """A body whose texts have at most 4,096 characters, no NUL, and are valid Unicode."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _bounded(cls, value: Any) -> Any:
        refuse_bad_texts(value)
        return value


def refuse_bad_texts(value: Any, depth: int = 0) -> None:
    """Refuse values with texts that are too long or cannot be stored, and deep ones.

    Raises:
        ValueError: says what is wrong.
    """
    if depth > _DEPTH:
        raise ValueError(f"values are nested deeper than {_DEPTH} levels")
    if isinstance(value, str):
        if len(value) > TEXT_CHARACTERS:
            raise ValueError(f"a text has more than {TEXT_CHARACTERS:,} characters")
        if "\0" in value:
            raise ValueError("a text has a NUL character")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError("a text is not valid Unicode") from None
    elif isinstance(value, dict):
        for name, each in value.items():
            refuse_bad_texts(name, depth + 1)
            refuse_bad_texts(each, depth + 1)
    elif isinstance(value, list):
        for each in value:
            refuse_bad_texts(each, depth + 1)
