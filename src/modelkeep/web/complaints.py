"""What is wrong with a request, value by value, in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi.exceptions import RequestValidationError

from modelkeep.errors import complaint_of

_MUST_BE = "must be "
#: Where FastAPI says that a part of a request is.
_BODY = "body"


def complaints(error: RequestValidationError) -> list[dict[str, Any]]:
    """Return what is wrong, once for each value, in FastAPI's form: ``type``, ``loc``, ``msg``.

    Where a value may be of several kinds, pydantic complains about each of them, under a name of
    its own; a client knows only its value.
    """
    found: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for line in error.errors():
        place = _place(line, error.body)
        found.setdefault(place, []).append(line)
    tried = {
        place
        for place in found
        if any(other[: len(place)] == place for other in found if other != place)
        and all(_is_of_a_kind(line, place) for line in found[place])
    }
    return [
        {"type": lines[0]["type"], "loc": list(place), "msg": _joined(lines)}
        for place, lines in found.items()
        if place not in tried
    ]


def _place(line: dict[str, Any], body: Any) -> tuple[str, ...]:
    """Return where a value is in the request, without the kinds that were tried."""
    where: Sequence[str | int] = line["loc"]
    if line["type"] == "json_invalid":
        return (_BODY,)
    if where[:1] != (_BODY,):
        return tuple(map(str, where))
    place, value, last = [_BODY], body, len(where) - 1
    for number, part in enumerate(where[1:], 1):
        if _holds(value, part):
            value = value[part]
        elif number < last or line["type"] != "missing":
            continue
        place.append(str(part))
    return tuple(place)


def _holds(value: Any, part: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(part, int) and part < len(value)
    return isinstance(value, dict) and part in value


def _is_of_a_kind(line: dict[str, Any], place: tuple[str, ...]) -> bool:
    """Tell whether a complaint is about one of several kinds that a value may be of."""
    return len(line["loc"]) > len(place)


def _joined(lines: list[dict[str, Any]]) -> str:
    words = list(dict.fromkeys(map(_complaint, lines)))
    if all(each.startswith(_MUST_BE) for each in words):
        return _MUST_BE + " or ".join(each.removeprefix(_MUST_BE) for each in words)
    return ", or ".join(words)


def _complaint(line: Any) -> str:
    if line["type"] == "json_invalid":
        why = line.get("ctx", {}).get("error", "")
        return f"is not valid JSON: {why} (character {line['loc'][-1]})"
    return complaint_of(line)
