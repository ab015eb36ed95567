"""Servers that are there already: on the port that was asked for, and on the same root."""

from __future__ import annotations

import hashlib
import http.client
import json
import logging
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from modelkeep.core.commands import command
from modelkeep.core.names import shown
from modelkeep.disk.paths import remove_file, write_file
from modelkeep.errors import ServerStartError, StorageError
from modelkeep.jobs.owner import Owner, is_held
from modelkeep.web.sockets import is_everywhere

_log = logging.getLogger(__name__)

#: What the open health page of every server of this program says of itself.
PROGRAM = "modelkeep"
_PATIENCE_SECONDS = 2.0
_MOST_BYTES = 4096
_LAST_PORT, _FIRST_FREE = 65_535, 1024


class Neighbour(msgspec.Struct, frozen=True):
    """A running server of a root.

    Attributes:
        url: Its address.
        pid: Number of its process.
    """

    url: str
    pid: int


def library_id(root: Path) -> str:
    """Return what tells one library from another, and does not tell where it is."""
    try:
        there = root.stat()
    except OSError:
        told = os.fsencode(root)
    else:
        told = f"{there.st_dev}:{there.st_ino}".encode()
    return hashlib.sha256(told).hexdigest()[:16]


# -- on a port


def taken_error(host: str, port: int, root: Path) -> ServerStartError:
    """Return the error for a port that is taken: it says what answers there."""
    what, url = _who_answers(host, port, library_id(root))
    if what == "this":
        return ServerStartError(
            f"modelkeep serves this library ({shown(root)}) there already: {url}",
            hint=f"Open it, or start another server: {_elsewhere(port)}",
        )
    answers = {
        "another": f"modelkeep serves another library there: {url}",
        "other": "another program answers there",
        "nobody": "a program has it that does not answer",
    }[what]
    return ServerStartError(
        f"Port {port} of {host} is taken: {answers}",
        hint=f"End that program or choose another port: {_elsewhere(port)}",
    )


def _elsewhere(port: int) -> str:
    return command("serve", "--port", str(port + 1 if port < _LAST_PORT else _FIRST_FREE))


@dataclass(frozen=True, slots=True)
class _Probe:
    scheme: str
    host: str
    port: int

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}/"

    def ask(self) -> Any:
        """Return what the health page says, or None where it says nothing of use."""
        connection: http.client.HTTPConnection
        if self.scheme == "https":  # whose certificate it is does not matter: no secret is sent
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            connection = http.client.HTTPSConnection(
                self.host, self.port, timeout=_PATIENCE_SECONDS, context=context
            )
        else:
            connection = http.client.HTTPConnection(self.host, self.port, timeout=_PATIENCE_SECONDS)
        try:
            connection.request("GET", "/healthz")
            return json.loads(connection.getresponse().read(_MOST_BYTES))
        finally:
            connection.close()


def _who_answers(host: str, port: int, library: str) -> tuple[str, str]:
    """Return ``this``, ``another``, ``other`` or ``nobody``, and the address that answered."""
    asked = "127.0.0.1" if host == "localhost" or is_everywhere(host) else host
    has_answered = False
    for probe in (_Probe("http", asked, port), _Probe("https", asked, port)):
        try:
            told = probe.ask()
        except (http.client.HTTPException, ValueError):
            has_answered = True
            continue
        except OSError:
            continue
        has_answered = True
        if isinstance(told, dict) and told.get("program") == PROGRAM:
            return ("this" if told.get("library") == library else "another"), probe.url
    return ("other" if has_answered else "nobody"), ""


# -- on a root


@contextmanager
def announced(root: Path, url: str) -> Iterator[list[Neighbour]]:
    """Note that a server of a root runs, as long as the block does; give those that run already.

    The notes are for people who start a second one. Where they cannot be written there are none.
    """
    folder = root / "cache" / "servers"
    others = list(_running(folder))
    try:
        owner = Owner(folder)
    except StorageError as error:
        _log.debug("This server leaves no note of itself: %s", error)
        yield others
        return
    note = folder / f"{owner.name}.json"
    with owner:
        try:
            write_file(note, msgspec.json.encode(Neighbour(url, os.getpid())), durable=False)
            yield others
        finally:
            _remove(note)


def own_servers(root: Path) -> list[Neighbour]:
    """Return the running servers of a root that this user started.

    Notes of others are left out: whoever writes one could have a login link lead elsewhere.
    """
    return list(_running(root / "cache" / "servers", of_user=os.geteuid()))


def _running(folder: Path, of_user: int | None = None) -> Iterator[Neighbour]:
    for note in sorted(folder.glob("*.json")):
        lock = note.with_suffix(".lock")
        if is_held(lock):
            try:
                if of_user not in {None, note.lstat().st_uid}:
                    continue
                yield msgspec.json.decode(note.read_bytes(), type=Neighbour)
            except (OSError, msgspec.DecodeError) as error:
                _log.debug("%s is no note of a server: %s", note, error)
        else:
            _remove(note)
            _remove(lock)


def _remove(path: Path) -> None:
    try:
        remove_file(path)
    except StorageError as error:
        _log.debug("A note of a server stays: %s", error)
