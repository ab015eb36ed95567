"""What people type or paste: whether it names something on this disk, and what else it can be."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import ValidationError

from modelkeep.core.names import full_path
from modelkeep.core.reading import printable
from modelkeep.core.weight_names import MODEL_SUFFIXES
from modelkeep.errors import SourceNotFoundError, UnsupportedSourceError
from modelkeep.sources.local import LocalModelSource
from modelkeep.sources.string_like import StringLikeSource

#: What can be typed where a source is wanted.
WHAT_CAN_BE_TYPED = (
    "Pass a path, organisation/name, organisation/name:variant:subfolder, a page or download"
    " link of a site, or any link to a file."
)
_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
#: Options that give fields of sources, and what they do.
_OPTIONS = {
    "subfolder": ("--subfolder", "It names a folder or a file of a repository."),
    "variant": ("The variant", "It chooses a form of the files of a repository."),
    "access_token": ("--token", "Nothing is asked for a token there."),
}
#: Characters of what was typed that a message repeats.
_SHOWN = 300


def local_source(text: str | Path, *, inplace: bool = False) -> LocalModelSource | None:
    """Return the source on this disk that ``text`` names, or None where only a site can know it.

    What is on this disk comes before what sites call the same.

    Args:
        text: What somebody typed or pasted; a ``Path`` is always a path.
        inplace: Record it where it is.

    Raises:
        SourceNotFoundError: it can only be a path, and nothing is there.
    """
    name = str(text)
    if not name.strip() or (isinstance(text, Path) and not text.parts):
        raise SourceNotFoundError("No path given", hint="Pass a model file or a model folder.")
    if "\0" not in name and os.path.lexists(path := full_path(text)):
        return LocalModelSource(path=path, inplace=inplace)
    if isinstance(text, Path) or is_only_a_path(name.strip()):
        raise SourceNotFoundError(
            f"{printable(text)!r} does not exist", hint="Check the path. Nothing was changed."
        )
    return None


def with_fields(source: StringLikeSource, **given: str | None) -> StringLikeSource:
    """Return a source with these fields in place of its own.

    Args:
        source: The source.
        given: The fields; None for what is not given.

    Raises:
        UnsupportedSourceError: it has no such field, or a value does not fit; secrets are not
            shown.
    """
    kind = type(source)
    fields = {name: value for name, value in given.items() if value is not None}
    for name in fields.keys() - kind.model_fields.keys():
        raise not_for(source, name)
    if not fields:
        return source
    values: dict[str, Any] = {name: getattr(source, name) for name in source.model_fields_set}
    try:
        return kind.model_validate({**values, **fields})
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = str(first["loc"][0])
        value = "the token" if field == "access_token" else f"{field} {fields.get(field)!r}"
        raise UnsupportedSourceError(
            f"{source}: {value} does not fit: {first['msg']}",
            hint="Drop it or choose another one.",
        ) from None


def not_for(source: StringLikeSource, field: str) -> UnsupportedSourceError:
    """Return the error for an option that a source has no use for."""
    option, what = _OPTIONS.get(field, (field, ""))
    return UnsupportedSourceError(
        f"{option} does not apply to {printable(str(source))}", hint=f"Drop it. {what}".strip()
    )


def is_only_a_path(text: str) -> bool:
    """Tell whether a text can be nothing but a path, whatever is on this disk."""
    if _URL.match(text):
        return False
    is_relative = not text.startswith(("/", "~", "./", "../", "\\"))
    if not is_relative or "\0" in text or not text:
        return True
    parts = PurePosixPath(text).parts
    # The file of a repository has three parts: organisation/name/file.
    return len(parts) <= 2 and PurePosixPath(text).suffix.lower() in MODEL_SUFFIXES  # noqa: PLR2004


def unknown_source(text: str) -> SourceNotFoundError | UnsupportedSourceError:
    """Return the error for a text that names nothing on this disk, and that no site knows."""
    scheme = _URL.match(text)
    # What follows the question mark of a link without its https:// may be a secret.
    shown = repr(printable(text.partition("?")[0])[:_SHOWN])
    if scheme:
        return UnsupportedSourceError(
            f"{scheme[0]} addresses are not supported", hint=WHAT_CAN_BE_TYPED
        )
    if "/" in text or PurePosixPath(text).suffix:
        return SourceNotFoundError(
            f"{shown} does not exist and is not a name on a known site",
            hint=WHAT_CAN_BE_TYPED,
        )
    return UnsupportedSourceError(
        f"{shown} does not exist on this disk and is not a name on a known site",
        hint=WHAT_CAN_BE_TYPED,
    )
