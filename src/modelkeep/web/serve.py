"""``serve``: a server on its sockets, until it is told to stop."""

from __future__ import annotations

import socket
from collections.abc import Sequence

import uvicorn
from starlette.types import ASGIApp


def make_server(app: ASGIApp) -> uvicorn.Server:
    """Return the server of an application; it does not listen yet."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        proxy_headers=False,  # it believes every program of this machine; our own check does not
    )
    return uvicorn.Server(config)


def listen(host: str, port: int) -> list[socket.socket]:
    """Return sockets that listen; a port of 0 is any that is free."""
    listener = socket.create_server((host, port), reuse_port=False)
    listener.set_inheritable(True)
    return [listener]


def run(app: ASGIApp, sockets: Sequence[socket.socket]) -> None:
    """Answer requests until the process is told to stop."""
    make_server(app).run(sockets=list(sockets))
