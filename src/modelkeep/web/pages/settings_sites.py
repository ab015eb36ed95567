"""``/settings/sites``: the tokens for sites that models come from."""

from __future__ import annotations

from fastapi import Request, Response

from modelkeep.app import tokens
from modelkeep.app.manager import ModelManager
from modelkeep.web.acting import acted
from modelkeep.web.context import Context
from modelkeep.web.frame import page
from modelkeep.web.guard.forms import read_form
from modelkeep.web.notices import Notice
from modelkeep.web.router import Router
from modelkeep.web.routes import Routes

router = Router(include_in_schema=False)
ROUTES = Routes("settings_sites", router)

_HERE = "/settings/sites"


@router.get(_HERE)
def sites_page(request: Request, context: Context) -> Response:
    """Show the sites, and whether there is a token for them; never the token."""
    return page(
        request,
        "settings_sites.html",
        title="Sites",
        section="settings",
        part="sites",
        sites=tokens.site_keys(context.manager),
    )


@router.post(f"{_HERE}/store")
async def store_token(request: Request, context: Context) -> Response:
    """Store a token for a site."""
    form = await read_form(request)
    site, token = form.get("site", ""), form.get("token", "")
    return await acted(request, context, lambda: _store(context.manager, site, token), _HERE)


@router.post(f"{_HERE}/remove")
async def remove_token(request: Request, context: Context) -> Response:
    """Delete the stored token of a site."""
    form = await read_form(request)
    return await acted(
        request, context, lambda: _remove(context.manager, form.get("site", "")), _HERE
    )


def _store(manager: ModelManager, site: str, token: str) -> Notice:
    stored = tokens.store(manager, site, token)
    before = f"The one from {stored.used_before} is used before it." if stored.used_before else ""
    return Notice(f"The token for {stored.key} is stored", before)


def _remove(manager: ModelManager, site: str) -> Notice:
    removed = tokens.remove(manager, site)
    if removed is None:
        return Notice(f"There was no stored token for {site}")
    still = f"The one from {removed.still_used} is used now." if removed.still_used else ""
    return Notice(f"The token for {removed.key} is deleted", still)
