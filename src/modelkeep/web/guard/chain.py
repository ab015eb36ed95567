"""``guarded``: an application behind all checks, in their order."""

from __future__ import annotations

from starlette.types import ASGIApp

from modelkeep.app.server_tokens import ServerTokens
from modelkeep.web.context import WebContext
from modelkeep.web.guard.address_limit import AddressLimit
from modelkeep.web.guard.asked import Arrival
from modelkeep.web.guard.authentication import Authentication
from modelkeep.web.guard.body_limits import BodyLimit
from modelkeep.web.guard.changes import ChangeNotes
from modelkeep.web.guard.content_types import ContentTypeCheck
from modelkeep.web.guard.cors import Cors
from modelkeep.web.guard.gate import Gate
from modelkeep.web.guard.headers import SecurityHeaders
from modelkeep.web.guard.hosts import HostCheck, ServerNames
from modelkeep.web.guard.origins import OriginCheck, Origins
from modelkeep.web.guard.proxies import TrustedProxies
from modelkeep.web.guard.rights import RightsCheck
from modelkeep.web.guard.streams import StreamEnd


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
    names = ServerNames(settings.allowed_hosts)
    # The last is asked first.
    app = StreamEnd(app, tokens)
    app = ChangeNotes(app, context.manager)
    app = BodyLimit(app)
    app = ContentTypeCheck(app)
    app = RightsCheck(app, read_only=settings.read_only)
    app = Authentication(app, Gate.of(tokens))
    app = Cors(app)
    app = OriginCheck(app, Origins(names, settings.cors_origins))
    app = HostCheck(app, names)
    app = AddressLimit(app)
    app = SecurityHeaders(app)
    return Arrival(app, TrustedProxies(settings.trusted_proxies), settings.base_path)
