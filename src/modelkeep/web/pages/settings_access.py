"""``/settings/access``: who may use the server; only for those who may do everything."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fastapi import Request, Response

from modelkeep.app import access
from modelkeep.app.server_tokens import Rights
from modelkeep.errors import UsageError
from modelkeep.settings import Settings
from modelkeep.web.acting import acted
from modelkeep.web.context import Context
from modelkeep.web.frame import page
from modelkeep.web.guard.asked import asked_of
from modelkeep.web.guard.forms import read_form
from modelkeep.web.managers import MANAGERS
from modelkeep.web.notices import Notice
from modelkeep.web.router import Router
from modelkeep.web.routes import Routes

router = Router(include_in_schema=False, dependencies=[MANAGERS])
ROUTES = Routes("settings_access", router)

_HERE = "/settings/access"
_RIGHTS: Mapping[str, Rights] = MappingProxyType({"read": "read", "manage": "manage"})


@router.get(_HERE)
def access_page(request: Request, context: Context) -> Response:
    """Show the tokens of the server, never their values."""
    return page(
        request,
        "settings_access.html",
        title="Access",
        section="settings",
        part="access",
        entries=access.entries(context.settings),
        is_here_alone=asked_of(request.scope).here[0] in {"127.0.0.1", "::1"},
    )


@router.post(f"{_HERE}/add")
async def add_access(request: Request, context: Context) -> Response:
    """Make a token, and show its value this once."""
    form = await read_form(request)
    return await acted(request, context, lambda: _add(context.settings, form), _HERE)


@router.post(f"{_HERE}/remove")
async def remove_access(request: Request, context: Context) -> Response:
    """Remove a token."""
    form = await read_form(request)
    name = form.get("name", "")
    return await acted(request, context, lambda: _remove(context.settings, name), _HERE)


@router.post(f"{_HERE}/link")
async def make_link(request: Request, context: Context) -> Response:
    """Make a link that logs another browser in, and show it this once."""
    form = await read_form(request)
    name, address = form.get("name") or None, _address(request)
    return await acted(request, context, lambda: _link(context.settings, name, address), _HERE)


def _add(settings: Settings, form: Mapping[str, str]) -> Notice:
    name, end = form.get("name", "").strip(), form.get("expires", "").strip() or "never"
    added = access.add(settings, name, _rights(form.get("scope", "")), access.read_expiry(end))
    text = f"This is the token {added.entry.key}"
    return Notice(text, "Copy it now: it is not shown again.", secret=added.key)


def _remove(settings: Settings, name: str) -> Notice:
    removed = access.remove(settings, name)
    return Notice(f"The token {removed.key} is removed", "Who used it is logged out.")


def _link(settings: Settings, name: str | None, address: str) -> Notice:
    made = access.link(settings, name, address)
    text = f"This link logs a browser in with the rights of {made.name}"
    return Notice(text, "It works once, and for ten minutes.", secret=made.key)


def _rights(text: str) -> Rights:
    rights = _RIGHTS.get(text)
    if rights is None:
        raise UsageError(f"{text[:80]!r} is no scope", hint="There are read and manage.")
    return rights


def _address(request: Request) -> str:
    """Return the address of the server as this browser reaches it."""
    asked = asked_of(request.scope)
    return f"{request.scope['scheme']}://{asked.headers['host']}{asked.prefix}"
