"""Names of files as sites list them: none leads out of the model that it belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from modelkeep.core.names import safe_relpath
from modelkeep.core.weight_names import weight_of
from modelkeep.errors import UnsafePathError

_SHOWN = 200
#: Never written by accident: a way up, a root, a drive or an end of text.
_LEADS_OUT = re.compile(r"(?:.*[/\\])?\.\.(?:[/\\].*)?|[/\\].*|[A-Za-z]:[/\\].*|.*\0.*", re.DOTALL)
_CONFIGS = (".json", ".txt", ".model", ".jinja", ".tiktoken")


def usable_names(names: Iterable[str], model: str, site: str) -> list[str]:
    """Return the names that may be chosen from, and refuse what leads out.

    A name that only looks odd, such as one with a backslash, is left out where nobody needs the
    file; odd names of weights and configs are refused, since the model lacks something then.

    Raises:
        UnsafePathError: a file would lie outside of the model; names it.
    """
    usable: list[str] = []
    for name in names:
        try:
            safe_relpath(name)
        except UnsafePathError as error:
            if _LEADS_OUT.fullmatch(name) or _is_needed(name):
                raise UnsafePathError(
                    f"{site} lists a file outside the model {model}: {name[:_SHOWN]!r}",
                    hint=(
                        "Do not use this model. Report it to the site and look for another source."
                    ),
                ) from error
        else:
            usable.append(name)
    return usable


def _is_needed(name: str) -> bool:
    plain = PurePosixPath(name.replace("\\", "/"))
    return weight_of(plain) is not None or plain.suffix.lower() in _CONFIGS
