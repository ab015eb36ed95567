"""Keys in addresses: they may hold slashes, so what follows one has to be told from it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path

from modelkeep.core import limits
from modelkeep.core.configs import ModelConfigBase
from modelkeep.errors import UnknownModelException
from modelkeep.web.context import WebContext

#: A text in the path of an address.
InPath = Annotated[str, Path(max_length=limits.TEXT_CHARACTERS)]


def config_of(context: WebContext, key: str) -> ModelConfigBase:
    """Return the record with a key.

    Raises:
        UnknownModelException: there is none.
    """
    return context.manager.records.get_model(key)


def config_at(context: WebContext, text: str, mark: str) -> tuple[ModelConfigBase, str]:
    """Return the record that the beginning of an address names, and what follows the mark.

    Args:
        context: Of the server.
        text: A key, the mark, and a path, in which the mark may stand again.
        mark: For example ``/files/``.

    Raises:
        UnknownModelException: no beginning of it is a key.
    """
    records = context.manager.records
    here = text.find(mark)
    while here >= 0:
        if records.exists(text[:here]):
            return records.get_model(text[:here]), text[here + len(mark) :]
        here = text.find(mark, here + 1)
    key = text.partition(mark)[0]
    raise UnknownModelException(
        f"No model has the key {key!r}", hint="List the models to find its key."
    )
