"""Amounts as people type them: bytes a second and spans of time."""

from __future__ import annotations

import re

import typer

_STEPS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_RATE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?(?:/s)?", re.IGNORECASE)
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])", re.IGNORECASE)


def parse_rate(text: str) -> float:
    """Return the bytes a second that ``text`` means, such as ``100M``: steps of 1000.

    Raises:
        typer.BadParameter: it means none.
    """
    found = _RATE.fullmatch(text.strip())
    if found is None or not float(found[1]):
        raise typer.BadParameter(f"{text!r} is no rate; write for example 100M")
    return float(found[1]) * _STEPS[found[2].lower()]


def parse_span(text: str) -> float:
    """Return the seconds that ``text`` means, such as ``30d``, ``12h`` or ``2w``.

    Raises:
        typer.BadParameter: it means none.
    """
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise typer.BadParameter(f"{text!r} is no span of time; write for example 30d or 12h")
    return float(found[1]) * _SECONDS[found[2].lower()]
