"""``Settling``: pieces of uploads come to the disk while the next ones arrive."""

from __future__ import annotations

import asyncio

import anyio.to_thread
from anyio import CapacityLimiter

from modelkeep.app.upload_piece import UploadPiece
from modelkeep.library.uploads import Upload

_AT_A_TIME = 4


class Settling:
    """Brings pieces to the disk whose senders were answered, of each upload one at a time."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._limiter = CapacityLimiter(_AT_A_TIME)

    async def keep(self, piece: UploadPiece) -> Upload:
        """Keep a piece that was written; return what is known now.

        The answer to one piece waits for the piece before it. So at most the last one that was
        answered is lost with the machine, and none with the process. That of the last piece waits
        for all.

        Raises:
            StorageError: the disk refuses, or has refused what came before.
        """
        name = piece.upload.id
        if (before := self._tasks.get(name)) is not None:
            await asyncio.wait([before])
        if not piece.may_settle_later:
            return await anyio.to_thread.run_sync(piece.keep)
        unsettled = await anyio.to_thread.run_sync(piece.let_go)
        task = asyncio.create_task(self._settle(unsettled))
        self._tasks[name] = task
        task.add_done_callback(lambda done: self._forget(name, done))
        return piece.upload

    async def _settle(self, piece: UploadPiece) -> None:
        await anyio.to_thread.run_sync(piece.settle, limiter=self._limiter)

    def _forget(self, name: str, done: asyncio.Task[None]) -> None:
        if self._tasks.get(name) is done:
            del self._tasks[name]
