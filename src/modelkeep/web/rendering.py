"""``render``: templates, filled in; how sizes, numbers and times look on every page."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi.responses import HTMLResponse

from modelkeep.app.library import facet_label
from modelkeep.core.names import size_text
from modelkeep.core.taxonomy import ModelFormat, format_label
from modelkeep.web.hints import hint_over_http

if TYPE_CHECKING:
    from jinja2 import Environment

STATIC = Path(__file__).with_name("static")
_HEADERS = {"Cache-Control": "no-store"}


def page_reply(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page.

    Args:
        template: Name of a file in ``templates``.
        status: Of HTTP.
        values: What it shows; all text is escaped.
    """
    return HTMLResponse(render(template, **values), status, headers=_HEADERS)


def render(template: str, **values: Any) -> str:
    """Return a template, filled in; all text is escaped.

    Besides its values a template has the filters ``size`` (bytes), ``number``, ``date`` and
    ``machine_time`` (seconds since the epoch), ``duration`` (seconds), ``sentence``,
    ``web_words`` (hints of errors), ``type_label``, ``format_label``, ``base_label`` and
    ``spots``, and ``asset(name)``, the address of a file in ``static`` below the prefix of the
    server.
    """
    return _environment().get_template(template).render(values)


def sentence(text: str) -> str:
    """Return a text that ends as a sentence; messages of errors have no full stop."""
    return text if text.endswith((".", "!", "?", ":")) else f"{text}."


def number_text(value: int) -> str:
    """Return a number as people read it."""
    return f"{value:,}"


def date_text(seconds: float | None) -> str:
    """Return a moment as people read it, in the time zone of the server; empty for None.

    Files and sites may tell of moments that no calendar has: these are not shown either.
    """
    moment = _moment(seconds)
    return "" if moment is None else moment.strftime("%Y-%m-%d %H:%M")


def machine_time(seconds: float | None) -> str:
    """Return a moment as the attribute ``datetime`` of ``<time>`` has it, else as ``date_text``."""
    moment = _moment(seconds)
    return "" if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds")


def _moment(seconds: float | None) -> datetime | None:
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).astimezone()
    except (ValueError, OverflowError, OSError):  # before the year 1, or after 9999
        return None


def duration_text(seconds: float) -> str:
    """Return how long something takes, as people say it."""
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{round(seconds / size)} {unit}"
    return f"{max(round(seconds), 1)} s"


def spots(key: str) -> Iterator[tuple[int, int, int]]:
    """Give centre and radius of the spots that are drawn for a model that has no picture.

    They lie in a field of 80 by 100 and around it, for one key always in the same places.
    """
    dice = hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
    for x, y, r in (dice[at : at + 3] for at in (0, 3, 6)):
        yield x * 80 // 255, y * 100 // 255, 14 + r // 8


def asset(name: str) -> str:
    """Return the address of a file in ``static``.

    Args:
        name: Such as ``app.css``.
    """
    return f"/static/{static_version()}/{name}"


@cache
def static_version() -> str:
    """Return what stands before the names of all files in ``static``: other contents, another one.

    Scripts name each other without it, and so each is loaded once, in one version.
    """
    found = hashlib.sha256()
    for path in sorted(path for path in STATIC.rglob("*.*") if path.is_file()):
        found.update(path.read_bytes())
    return found.hexdigest()[:12]


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from modelkeep.web.compiled_templates import CompiledTemplates

    made = Environment(
        loader=PackageLoader("modelkeep.web"),
        bytecode_cache=CompiledTemplates(),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        size=size_text,
        number=number_text,
        date=date_text,
        machine_time=machine_time,
        duration=duration_text,
        sentence=sentence,
        web_words=hint_over_http,
        type_label=lambda value: facet_label("type", value),
        format_label=lambda value: format_label(ModelFormat(value)),
        base_label=lambda value: facet_label("base", value) if value else "",
        spots=spots,
    )
    made.globals["asset"] = asset
    return made
