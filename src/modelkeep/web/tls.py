"""``tls_context``: the certificate of the server, checked before anything is started."""

from __future__ import annotations

import ssl
from pathlib import Path

from modelkeep.core.names import shown
from modelkeep.errors import ServerStartError
from modelkeep.settings import Settings


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """Return what connections are encrypted with; None without a certificate.

    Raises:
        ServerStartError: a file is missing or unreadable, is no PEM file, has a passphrase, or the
            key is that of another certificate.
    """
    cert, key = settings.cert, settings.key
    if cert is None:
        if key is not None:
            raise ServerStartError(
                f"There is a private key ({shown(key)}) but no certificate",
                hint="Name the certificate with --cert, or drop --key.",
            )
        return None
    for what, path in (("certificate", cert), ("private key", key)):
        if path is not None:
            _check_readable(what, path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(cert, key, password=_no_passphrase)
    except _PassphraseError as error:
        raise ServerStartError(
            f"The private key {shown(key or cert)} has a passphrase",
            hint="Write it without one, to a file that only you can read: openssl pkey -in KEY",
        ) from error
    except ssl.SSLError as error:
        raise _unusable(cert, key, error) from error
    return context


class _PassphraseError(Exception):
    """Ends the attempt to read a key that asks for a passphrase."""


def _no_passphrase() -> str:
    raise _PassphraseError


def _check_readable(what: str, path: Path) -> None:
    if path.exists() and not path.is_file():  # to open a pipe waits for who writes to it
        raise ServerStartError(
            f"The {what} {shown(path)} is not a file", hint="Name the PEM file itself."
        )
    try:
        with path.open("rb"):
            return
    except OSError as error:
        raise ServerStartError(
            f"The {what} {shown(path)} cannot be read: {error.strerror}",
            hint="Check the path and who may read the file.",
        ) from error


def _unusable(cert: Path, key: Path | None, error: ssl.SSLError) -> ServerStartError:
    place = shown(key or cert)
    if error.reason == "KEY_VALUES_MISMATCH":
        return ServerStartError(
            f"The private key {place} does not belong to the certificate {shown(cert)}",
            hint="Give the key that the certificate was made with.",
        )
    if key is None:
        return ServerStartError(
            f"{place} does not hold a certificate and its private key, both as PEM",
            hint="If the key is in another file, name it with --key.",
        )
    return ServerStartError(
        f"{shown(cert)} and {place} are not a certificate and its private key, both as PEM"
        f" ({error.reason or error})",
        hint="Both files begin with -----BEGIN; put the chain behind the certificate.",
    )
