"""``ServerTokens``: who may use the server, in files that only their owner can read."""

from __future__ import annotations

import logging
import re
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import Literal

import msgspec

from modelkeep.core.names import shown
from modelkeep.disk import paths
from modelkeep.disk.open_files import alone_in
from modelkeep.errors import (
    SettingsError,
    StorageError,
    TokenNameTakenError,
    UnknownServerTokenError,
    UsageError,
)
from modelkeep.settings import Settings

Rights = Literal["read", "manage"]

#: Name of the token that every server has; it may do everything.
MAIN = "server-token"
FOLDER_MODE, FILE_MODE = 0o700, 0o600
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_OTHERS = 0o077
#: Bytes of chance in a token, and characters that one has to have at least.
_BYTES, _SHORTEST = 32, 32
_MOST_TOKENS = 1000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServerToken:
    """A token of the server; never its value.

    Attributes:
        name: How people call it.
        rights: ``read``, or ``manage`` for everything.
        digest: sha256 of the value; cookies are signed by it.
        created: When it was made, in seconds since the epoch; None for the one of the server.
        expires: When it ends; None for never.
    """

    name: str
    rights: Rights
    digest: bytes = field(repr=False)
    created: float | None = None
    expires: float | None = None

    @property
    def is_expired(self) -> bool:
        """It has ended."""
        return self.expires is not None and self.expires <= time.time()


class _Entry(msgspec.Struct):
    name: str
    scope: Rights
    hash: str
    created: float
    expires: float | None = None


class _Entries(msgspec.Struct):
    tokens: list[_Entry] = msgspec.field(default_factory=list)


class ServerTokens:
    """The tokens of one root; each is read anew once its file has changed.

    Args:
        settings: Of the root.
    """

    def __init__(self, settings: Settings) -> None:
        self.folder = settings.root / "secrets"
        self._path = self.folder / MAIN
        self._list_path = self.folder / "server-tokens.json"
        self._seen: tuple[object, tuple[ServerToken, ...]] = (None, ())

    def ensure(self) -> str:
        """Return the value of the server's own token, which is made where there is none.

        Raises:
            SettingsError: others can read it and that cannot be changed, or it is too short.
            StorageError: it cannot be read or written.
        """
        with self.alone():
            if not self._path.exists():
                paths.make_file(self._path, FILE_MODE)
            close_to_others(self._path, FILE_MODE)
            value = self._read_main()
            if not value:
                value = secrets.token_urlsafe(_BYTES)
                paths.write_file(self._path, value.encode(), FILE_MODE)
        if len(value) < _SHORTEST:
            raise SettingsError(
                f"The token in {shown(self._path)} is too short to be safe",
                hint="Delete the file. The server makes a new token when it starts.",
            )
        return value

    def all(self) -> tuple[ServerToken, ...]:
        """Return all tokens as they are now, also those that ended; the server's own is first.

        A list that cannot be read lets nobody in; that is logged.
        """
        stamp = (_stamp(self._path), _stamp(self._list_path))
        if self._seen[0] != stamp:
            self._seen = (stamp, (*self._accepted(self._main), *self._accepted(self.named)))
        return self._seen[1]

    def find(self, value: str) -> ServerToken | None:
        """Return the token that has this value, if it has not ended."""
        digest = sha256(value.encode("utf-8", "surrogatepass")).digest()
        matching = [one for one in self.all() if compare_digest(one.digest, digest)]
        return next((one for one in matching if not one.is_expired), None)

    def holds(self, name: str, digest: bytes) -> bool:
        """Tell whether the token of this name still has this hash, and has not ended."""
        found = self.by_name(name)
        return found is not None and compare_digest(found.digest, digest)

    def by_name(self, name: str) -> ServerToken | None:
        """Return the token of this name, if it has not ended."""
        return next((one for one in self.all() if one.name == name and not one.is_expired), None)

    def named(self) -> tuple[ServerToken, ...]:
        """Return the tokens that were added, also those that ended.

        Raises:
            SettingsError: the list cannot be read.
        """
        return tuple(
            ServerToken(one.name, one.scope, bytes.fromhex(one.hash), one.created, one.expires)
            for one in self._entries()
        )

    def add(self, name: str, rights: Rights, expires: float | None = None) -> str:
        """Add a token and return its value, which is not kept.

        Raises:
            UsageError: it cannot be called so, or it would have ended.
            TokenNameTakenError: another one has the name.
            SettingsError: the list cannot be read.
            StorageError: it cannot be written.
        """
        if not _NAME.fullmatch(name) or name == MAIN:
            raise UsageError(
                f"{name!r} is not a valid name for a token",
                hint=f"Use up to 64 letters, digits, '.', '_' and '-', but not {MAIN}.",
            )
        if expires is not None and expires <= time.time():
            raise UsageError("The token would have expired already", hint="Name a later time.")
        with self.alone():
            entries = self._entries()
            if any(one.name == name for one in entries):
                raise TokenNameTakenError(
                    f"A token named {name} exists already",
                    hint=f"Choose another name, or remove it: modelkeep access remove {name}",
                )
            if len(entries) >= _MOST_TOKENS:
                raise UsageError(
                    f"There are {_MOST_TOKENS} tokens already", hint="Remove some of them."
                )
            value = secrets.token_urlsafe(_BYTES)
            digest = sha256(value.encode()).hexdigest()
            self._write([*entries, _Entry(name, rights, digest, time.time(), expires)])
        return value

    def remove(self, name: str) -> None:
        """Remove a token; nobody gets in with it from now on.

        Raises:
            UnknownServerTokenError: none is called so.
            SettingsError: the list cannot be read.
            StorageError: it cannot be written.
        """
        with self.alone():
            entries = self._entries()
            left = [one for one in entries if one.name != name]
            if len(left) == len(entries):
                raise unknown_token(name)
            self._write(left)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes from changing the files meanwhile.

        Raises:
            SettingsError: others can read the folder and that cannot be changed.
            StorageError: it cannot be made.
        """
        is_new = not self.folder.exists()
        paths.make_own_folder(self.folder)
        if is_new:
            paths.set_mode(self.folder, FOLDER_MODE)
        close_to_others(self.folder, FOLDER_MODE)
        with alone_in(self.folder):
            yield

    def _accepted(self, read: Callable[[], tuple[ServerToken, ...]]) -> tuple[ServerToken, ...]:
        try:
            return read()
        except (SettingsError, StorageError) as error:
            _log.warning("Tokens are not accepted: %s", error)
            return ()

    def _main(self) -> tuple[ServerToken, ...]:
        value = self._read_main()
        if len(value) < _SHORTEST:
            return ()
        return (ServerToken(MAIN, "manage", sha256(value.encode()).digest()),)

    def _read_main(self) -> str:
        try:
            return self._path.read_text(encoding="ascii", errors="replace").strip()
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise paths.storage_error(error, self._path) from error

    def _entries(self) -> list[_Entry]:
        try:
            data = self._list_path.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise SettingsError(
                f"The list of tokens {shown(self._list_path)} cannot be read: {error.strerror}",
                hint="Make it readable for you.",
            ) from error
        try:
            entries = msgspec.json.decode(data, type=_Entries).tokens
            for one in entries:
                bytes.fromhex(one.hash)
        except (msgspec.MsgspecError, ValueError) as error:
            raise SettingsError(
                f"The list of tokens {shown(self._list_path)} is damaged: {error}",
                hint="Delete it, then add the tokens again: modelkeep access add NAME",
            ) from error
        return entries

    def _write(self, entries: list[_Entry]) -> None:
        data = msgspec.json.format(msgspec.json.encode(_Entries(entries)))
        paths.write_file(self._list_path, data, FILE_MODE)


def unknown_token(name: str) -> UnknownServerTokenError:
    """Return the error that says that no token has a name."""
    return UnknownServerTokenError(
        f"No token is named {name!r}", hint="List them with: modelkeep access list"
    )


def close_to_others(path: Path, mode: int) -> None:
    """Take the rights of other users away from a file or folder with secrets.

    Raises:
        SettingsError: they have some, and that cannot be changed.
    """
    try:
        if not stat.S_IMODE(path.stat().st_mode) & _OTHERS:
            return
        paths.set_mode(path, mode)
    except OSError as error:
        raise paths.storage_error(error, path) from error
    _log.warning(
        "Other users could read %s; its permissions are now restricted. If others use this "
        "machine, make new tokens.",
        shown(path),
    )


def _stamp(path: Path) -> tuple[int, ...] | None:
    """Return what changes with each change of a file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)
