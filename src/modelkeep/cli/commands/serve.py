"""``serve``: the library over HTTP, until it is told to stop."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelkeep.cli.session import Session

if TYPE_CHECKING:
    from modelkeep.web.listening import Listening, ServerAddress


def serve(
    ctx: typer.Context,
    host: Annotated[
        str | None, typer.Option("--host", metavar="ADDRESS", help="Address to listen on.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", metavar="PORT", min=0, max=65535, help="Port; 0 is any free one."),
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open a browser, logged in.")] = False,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Run no jobs and change nothing.")
    ] = False,
    cert: Annotated[
        Path | None, typer.Option("--cert", metavar="FILE", help="Certificate for HTTPS, PEM.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--key", metavar="FILE", help="Private key of it, PEM.")
    ] = None,
) -> int:
    """Serve the library over HTTP, on http://127.0.0.1:9494 and to those with a token."""
    from modelkeep.web.stopping import StopSignals

    session = ctx.ensure_object(Session)
    session.options.update(host=host, port=port, cert=cert, key=key, read_only=read_only or None)
    with StopSignals() as signals:
        settings = session.load_settings()
        if settings.log_format == "json":
            from modelkeep.web.logs import JsonHandler

            session.log_by(JsonHandler())
        from modelkeep.web.listening import listening

        with listening(settings) as sockets:
            address = sockets.address
            _say(session, sockets, address)
            if open_:
                _open_browser(session, address)
            from modelkeep.web.serve import run

            has_ended = run(sockets, signals)
        if not has_ended:
            session.say("Jobs that did not end in time go on at the next start.")
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(signals.status)
    return signals.status


def _open_browser(session: Session, address: ServerAddress) -> None:
    from modelkeep.web.browser import open_page

    if not open_page(address.link or address.url, session.load_settings().root):
        session.say("There is no browser here to open. Open the address in one yourself.")


def _say(session: Session, sockets: Listening, address: ServerAddress) -> None:
    """Say where the server answers, and what people have to know of it."""
    session.show(address)
    sys.stdout.flush()
    for other in sockets.others:
        session.say(f"Another server of this library runs: {other.url} (process {other.pid})")
    if sockets.settings.read_only:
        session.say("It is read-only: no jobs run, and nothing can be changed.")
    if not sockets.is_local and sockets.tls is None:
        session.say(
            "Other machines reach it, and tokens travel unencrypted. Give it a certificate (--cert"
            " and --key), or put a proxy with TLS before it: see docs/serving.md."
        )
