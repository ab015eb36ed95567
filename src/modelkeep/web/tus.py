"""tus 1.0: what its headers say, and the body of a piece on its way to the disk."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import anyio.to_thread
from fastapi import Request, Response
from starlette.requests import ClientDisconnect

from modelkeep.app.upload_piece import UploadPiece
from modelkeep.core.limits import MIB
from modelkeep.errors import JobError, UsageError
from modelkeep.library.uploads import Upload
from modelkeep.web.errors import AnswerError, error_body
from modelkeep.web.replies import json_reply
from modelkeep.web.settling import Settling

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,termination,checksum,expiration"
PIECE_BYTES = 64 * MIB
#: Bytes that are gathered before they are written.
_BATCH = 4 * MIB
_TYPE = "application/offset+octet-stream"
_CHECKSUM_MISMATCH = 460
#: A number of more digits is longer than any file.
_DIGITS = 18


def refused(request: Request, *, is_piece: bool) -> Response | None:
    """Return the answer to a request that is not of this protocol; None where it is."""
    if request.headers.get("tus-resumable") != VERSION:
        more = {"Tus-Version": VERSION}
        return _refusal(HTTPStatus.PRECONDITION_FAILED, "Only tus 1.0.0 is spoken here", more)
    kind = request.headers.get("content-type", "" if is_piece else _TYPE)
    has_body = request.headers.get("content-length", "0") != "0"
    if kind != _TYPE and (is_piece or has_body):
        return _refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"A piece has the type {_TYPE}")
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said) > PIECE_BYTES:
        return _too_large()
    return None


def whole_number(request: Request, name: str) -> int:
    """Return the number that a header holds.

    Raises:
        UsageError: there is none.
    """
    text = request.headers.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS):
        raise UsageError(f"The header {name} has to hold a number of bytes")
    return int(text)


def words_of(text: str) -> dict[str, str]:
    """Return what ``Upload-Metadata`` says.

    Raises:
        UsageError: a value is not Base64 of UTF-8.
    """
    found = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = pair.partition(" ")
        try:
            found[name] = base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, ValueError) as error:
            raise UsageError(f"Upload-Metadata: {name!r} is not Base64 of UTF-8") from error
        if "\0" in found[name]:
            raise UsageError(f"Upload-Metadata: {name!r} holds a NUL")
    return found


async def receive(request: Request, upload: Upload, offset: int, settling: Settling) -> Upload:
    """Write the body of a request to an upload; what came of one that was cut off is kept.

    Raises:
        UsageError: it has more bytes than the upload lacks, or the checksum is no checksum.
        JobError: the offset is another one, or somebody else is writing.
        StorageError: the disk refuses.
        AnswerError: the piece is too large, or its checksum differs; nothing of it is kept.
    """
    checksum = _Checksum.of(request)
    piece = await anyio.to_thread.run_sync(UploadPiece, upload)
    try:
        if offset != piece.position:
            raise JobError(
                f"The upload {upload.id} has {piece.position:,} bytes, not {offset:,}",
                hint="Ask for the offset with HEAD.",
            )
        is_whole = await _write(request, piece, checksum)
        if checksum is not None and not (is_whole and checksum.is_met):
            raise AnswerError(_refusal(_CHECKSUM_MISMATCH, "The checksum differs"))
        return await settling.keep(piece)
    finally:
        piece.close()


async def _write(request: Request, piece: UploadPiece, checksum: _Checksum | None) -> bool:
    """Write what comes, one batch while the next one is gathered; tell whether all of it came."""
    room, count, is_whole = piece.upload.length - piece.position, 0, True
    batch, gathered = list[bytes](), 0
    writing: asyncio.Task[None] | None = None
    try:
        async for part in request.stream():
            count += len(part)
            if count > PIECE_BYTES:
                raise AnswerError(_too_large())
            if count > room:
                raise UsageError(f"More bytes came than the upload {piece.upload.id} lacks")
            batch.append(part)
            gathered += len(part)
            if gathered >= _BATCH:
                if writing is not None:
                    await writing
                writing = asyncio.create_task(_write_batch(piece, batch, checksum))
                batch, gathered = [], 0
    except ClientDisconnect:
        is_whole = False
    finally:
        if writing is not None:  # nothing is written once the piece is closed
            await asyncio.wait([writing])
    if writing is not None:
        await writing
    await _write_batch(piece, batch, checksum)
    return is_whole


async def _write_batch(piece: UploadPiece, batch: list[bytes], checksum: _Checksum | None) -> None:
    if not batch:
        return
    if checksum is not None:
        await anyio.to_thread.run_sync(checksum.update, batch)
    await anyio.to_thread.run_sync(piece.write, batch)


class _Checksum:
    """What ``Upload-Checksum`` says that a piece has."""

    def __init__(self, algorithm: str, wanted: bytes) -> None:
        self._hash: Any = hashlib.new(algorithm, usedforsecurity=False)
        self._wanted = wanted

    @classmethod
    def of(cls, request: Request) -> _Checksum | None:
        """Return the one of a request; None where it has none.

        Raises:
            UsageError: it is not of an algorithm that is known.
        """
        text = request.headers.get("upload-checksum")
        if text is None:
            return None
        name, _, value = text.partition(" ")
        try:
            wanted = base64.b64decode(value.strip(), validate=True)
        except binascii.Error as error:
            raise UsageError("Upload-Checksum is not Base64") from error
        if name not in {"sha1", "sha256", "sha512"}:
            raise UsageError(f"Upload-Checksum: {name!r} is not known here")
        return cls(name, wanted)

    def update(self, parts: Iterable[bytes]) -> None:
        """Take more of the piece."""
        for part in parts:
            self._hash.update(part)

    @property
    def is_met(self) -> bool:
        """All that was taken has the checksum."""
        digest: bytes = self._hash.digest()
        return digest == self._wanted


def _too_large() -> Response:
    return _refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "A piece has at most 64 MiB")


def _refusal(status: int, message: str, more: dict[str, str] | None = None) -> Response:
    body = error_body("UploadRefused", message)
    return json_reply(body, status, headers={"Tus-Resumable": VERSION, **(more or {})})
