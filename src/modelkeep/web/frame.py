"""``page``: what stands around every page, and how a form leads on to one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from fastapi import Request, Response
from fastapi.responses import HTMLResponse

import modelkeep
from modelkeep.app.outcomes import error_json
from modelkeep.web.guard.addresses import inside
from modelkeep.web.guard.asked import asked_of, caller_of
from modelkeep.web.guard.sessions import csrf_token
from modelkeep.web.hints import over_http
from modelkeep.web.notices import Notice, Notices
from modelkeep.web.rendering import page_reply

#: The parameter of an address that names a notice.
_NOTICE = "notice"
#: What stands for itself in paths.
_IN_PATHS = "/:@!$&'()*+,;=~"


@dataclass(frozen=True, slots=True)
class Section:
    """A page of the menu.

    Attributes:
        name: One word, which pages below it name too.
        label: What the menu calls it.
        path: Where it is.
        icon: In ``icons.svg``.
    """

    name: str
    label: str
    path: str
    icon: str


SECTIONS = (
    Section("library", "Library", "/", "library-big"),
    Section("add", "Add", "/install", "plus"),
    Section("jobs", "Jobs", "/jobs", "list-checks"),
    Section("loaded", "Loaded", "/loaded", "memory-stick"),
    Section("storage", "Storage", "/storage", "hard-drive"),
    Section("settings", "Settings", "/settings", "settings"),
)


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around a page.

    Attributes:
        prefix: Before the path of every address, such as ``/models``; mostly empty.
        here: Path and query of this page, without the prefix and without its notice.
        caller: Name of the token that the browser logged in with; empty for nobody.
        may_manage: Show what changes something.
        csrf: What every form carries in the field ``csrf``.
        notice: What is told once.
        events: The last event before this page was made.
        version: Of the program.
    """

    prefix: str
    here: str
    caller: str
    may_manage: bool
    csrf: str
    notice: Notice | None
    events: str
    version: str = modelkeep.__version__
    sections: tuple[Section, ...] = SECTIONS


def page(
    request: Request,
    template: str,
    *,
    title: str,
    section: str = "",
    status: int = 200,
    **values: Any,
) -> HTMLResponse:
    """Return a page in its frame.

    Args:
        request: It asks for the page.
        template: Name of a file in ``templates/pages``, which extends ``frame.html``.
        title: Of the page, without the name of the program.
        section: Which part of the menu it belongs to.
        status: Of HTTP.
        values: What it shows besides.
    """
    made = frame_of(request)
    return page_reply(
        f"pages/{template}", status, frame=made, title=title, section=section, **values
    )


def frame_of(request: Request) -> Frame:
    """Return what stands around the page that is asked for; its notice is then told."""
    asked, caller = asked_of(request.scope), caller_of(request.scope)
    kept = [pair for pair in request.query_params.multi_items() if pair[0] != _NOTICE]
    context = getattr(request.app.state, "context", None) if "app" in request.scope else None
    number = request.query_params.get(_NOTICE, "")
    read_only = context is not None and context.settings.read_only
    return Frame(
        prefix=asked.prefix,
        here=quote(asked.path, safe=_IN_PATHS) + (f"?{urlencode(kept)}" if kept else ""),
        caller=caller.name if caller else "",
        may_manage=caller is not None and caller.may_manage and not read_only,
        csrf=csrf_token(request.scope),
        notice=context.notices.take(number) if context is not None and number else None,
        events=context.hub.ring.last_id if context is not None else "",
    )


def lead_to(request: Request, notices: Notices, path: str, notice: Notice | None) -> Response:
    """Return the answer of a form: it leads on to a page, which tells what happened.

    Args:
        request: It came with the form.
        notices: Those of the server.
        path: Of the page, with its query and without the prefix. It may come from the form; what
            leads elsewhere leads to the library.
        notice: What it tells; nothing when None.
    """
    there = urlsplit(inside(path))
    query = [there.query] if there.query else []
    if notice is not None:
        query.append(urlencode({_NOTICE: notices.put(notice)}))
    address = asked_of(request.scope).prefix + there.path + (f"?{'&'.join(query)}" if query else "")
    return Response(status_code=303, headers={"Location": address})


def told_by(error: BaseException) -> Notice:
    """Return what an error tells on a page."""
    facts = over_http(error_json(error))
    return Notice(facts["message"], facts["hint"], "failed")
