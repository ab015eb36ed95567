"""``guarded``: an application behind all checks, in their order."""

from __future__ import annotations

from starlette.types import ASGIApp

from modelkeep.app.server_tokens import ServerTokens
from modelkeep.web.context import WebContext
from modelkeep.web.guard.asked import Arrival
from modelkeep.web.guard.authentication import Authentication
from modelkeep.web.guard.headers import SecurityHeaders
from modelkeep.web.guard.hosts import HostCheck, ServerNames
from modelkeep.web.guard.proxies import TrustedProxies


def guarded(app: ASGIApp, context: WebContext) -> ASGIApp:
    """Return an application that only gets requests which passed every check.

    Makes the token of the server where there is none.

    Raises:
        SettingsError: a setting or a file with tokens cannot be used.
        StorageError: the token cannot be written.
    """
    settings = context.settings
    tokens = ServerTokens(settings)
    tokens.ensure()
    # The last is asked first.
    app = Authentication(app, tokens)
    app = HostCheck(app, ServerNames(settings.allowed_hosts))
    app = SecurityHeaders(app)
    return Arrival(app, TrustedProxies(settings.trusted_proxies), settings.base_path)
