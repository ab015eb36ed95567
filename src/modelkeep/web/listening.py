"""``Listening``: the sockets of a server and its address, before anything heavy is imported."""

from __future__ import annotations

import errno
import logging
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelkeep.app.access import login_link
from modelkeep.core.names import path_to_text, shown
from modelkeep.errors import StorageError
from modelkeep.settings import Settings
from modelkeep.web.neighbours import Neighbour, announced, taken_error
from modelkeep.web.sockets import is_everywhere, is_loopback, listen, port_of
from modelkeep.web.tls import tls_context

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a server answers.

    Attributes:
        url: Its address, as programs of this machine reach it.
        link: Logs a browser in, once; empty where there is none.
        root: Of the library.
    """

    url: str
    link: str
    root: Path

    @property
    def key(self) -> str:
        """What ``--quiet`` prints."""
        return self.link or self.url

    def to_json(self) -> dict[str, Any]:
        """Return what ``serve --json`` prints."""
        return {"url": self.url, "link": self.link or None, "root": path_to_text(self.root)}

    def __str__(self) -> str:
        text = f"modelkeep serves {shown(self.root)} at {self.url}"
        return f"{text}\nLog in, within ten minutes: {self.link}" if self.link else text


@dataclass(frozen=True, slots=True)
class Listening:
    """Sockets that listen, for a server that will answer.

    Attributes:
        settings: Of its root.
        sockets: Whoever connects to them waits until it answers.
        tls: What connections are encrypted with; None where they are not.
        others: Servers of the same root that run already.
    """

    settings: Settings
    sockets: Sequence[socket.socket]
    tls: ssl.SSLContext | None
    others: Sequence[Neighbour]

    @property
    def url(self) -> str:
        """Address of the server, with a final slash."""
        return _url(self.settings, self.sockets, is_secure=self.tls is not None)

    @property
    def address(self) -> ServerAddress:
        """Where it answers, and a link that logs a browser in with all rights.

        Where the folder of secrets cannot be written there is no link.
        """
        try:
            link = login_link(self.settings, self.url)
        except StorageError as error:
            _log.warning("No link to log in with was made: %s", error)
            link = ""
        return ServerAddress(self.url, link, self.settings.root)

    @property
    def is_local(self) -> bool:
        """Only programs of this machine reach it."""
        return is_loopback(self.settings.host)


@contextmanager
def listening(settings: Settings) -> Iterator[Listening]:
    """Give sockets that listen where the settings say; they are closed when the block ends.

    Raises:
        ServerStartError: that cannot be, or the certificate cannot be used. A port that is taken is
            asked what has it.
    """
    tls = tls_context(settings)
    with ExitStack() as until_end:
        sockets = _listen(settings)
        for one in sockets:
            until_end.callback(one.close)
        url = _url(settings, sockets, is_secure=tls is not None)
        others = until_end.enter_context(announced(settings.root, url))
        yield Listening(settings, sockets, tls, others)


def _listen(settings: Settings) -> list[socket.socket]:
    try:
        return listen(settings.host, settings.port)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise taken_error(settings.host, settings.port, settings.root) from error


def _url(settings: Settings, sockets: Sequence[socket.socket], *, is_secure: bool) -> str:
    host = "127.0.0.1" if is_everywhere(settings.host) else settings.host
    shown_host = f"[{host}]" if ":" in host else host
    base = settings.base_path.strip("/")
    scheme = "https" if is_secure else "http"
    return f"{scheme}://{shown_host}:{port_of(sockets)}/{base}{'/' * bool(base)}"
