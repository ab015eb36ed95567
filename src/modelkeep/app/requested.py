"""What a request over HTTP asks for, as the ordinary sources: they keep to what it may reach."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from modelkeep.app.reach import readable
from modelkeep.core.roots import MODELS_ROOT
from modelkeep.errors import UnsupportedSourceError
from modelkeep.sources.local import LocalModelSource
from modelkeep.sources.parse import is_only_a_path, with_fields
from modelkeep.sources.string_like import StringLikeSource

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager

#: Characters of a source that a message repeats.
_SHOWN = 300


def requested_source(
    manager: ModelManager,
    source: str | Mapping[str, Any] | StringLikeSource,
    *,
    inplace: bool = False,
    variant: str | None = None,
    subfolder: str | None = None,
    token: str | None = None,
) -> StringLikeSource:
    """Return the source that a request means.

    A local one is a real path that requests can read. One of the network is marked
    ``public_only``: whatever works on it, now or in another process, reaches public addresses and
    what the settings list, and nothing else.

    Args:
        manager: Of the library.
        source: A path, the name of a repository, a page, a link; or a source, as it is or as plain
            values with its ``type``.
        inplace: Of a path: record it where it is.
        variant: Goes into the source in place of what the text says.
        subfolder: The same.
        token: The same; sent to the site of the source alone.

    Raises:
        SourceNotFoundError: it is a path, and nothing is there that requests can read.
        UnsupportedSourceError: it is nothing that is known.
        AddressRefusedError: it is a link that leads where requests may not.
    """
    fields = {"variant": variant, "subfolder": subfolder, "access_token": token}
    if isinstance(source, str):
        if is_path(source):
            return _local(manager, source, inplace=inplace)
        found = manager.sites.parse_remote(source, **fields)
    else:
        given = source if isinstance(source, StringLikeSource) else _from_values(source)
        if isinstance(given, LocalModelSource):
            return _local(manager, str(given.path), inplace=inplace or bool(given.inplace))
        found = with_fields(given, **fields)
    return found.model_copy(update={"public_only": True})


def requested_place(manager: ModelManager, text: str | None) -> str | None:
    """Return what a request wants to have scanned: a root, all of them, a folder or a file.

    Args:
        manager: Of the library.
        text: The name of a root, or a path; None for all roots.

    Raises:
        SourceNotFoundError: it is a path, and nothing is there that requests can read.
    """
    if text is None or text in manager.records.roots.named:
        return text
    folder = manager.settings.models_dir if text == MODELS_ROOT else readable(manager, text)
    return os.fspath(folder)


def is_path(text: str) -> bool:
    """Tell whether a text is a path rather than the name of something on a site."""
    plain = text.strip()
    return not plain or plain.lower().startswith("file:") or is_only_a_path(plain)


def _local(manager: ModelManager, text: str, *, inplace: bool) -> LocalModelSource:
    return LocalModelSource(path=readable(manager, text), inplace=inplace)


def _from_values(values: Mapping[str, Any]) -> StringLikeSource:
    from modelkeep.sources.registry import sites

    kinds: list[type[StringLikeSource]] = [
        LocalModelSource,
        *(site.source_class for site in sites() if site.source_class),
    ]
    named = {kind.model_fields["type"].default: kind for kind in kinds}
    kind = named.get(str(values.get("type")))
    if kind is None:
        raise UnsupportedSourceError(
            f"No source has the type {str(values.get('type'))[:_SHOWN]!a}",
            hint=f"Choose one of {', '.join(sorted(named))}.",
        )
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise UnsupportedSourceError(
            f"The source is not one of the type {values.get('type')}: {where}: {first['msg']}",
            hint="Check its fields.",
        ) from None
