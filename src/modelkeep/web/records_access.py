"""``opened_records``: the catalogue, for routes that answer on the event loop."""

from __future__ import annotations

from fastapi.concurrency import run_in_threadpool

from modelkeep.app.manager import ModelManager
from modelkeep.records.service import ModelRecordServiceBase


async def opened_records(manager: ModelManager) -> ModelRecordServiceBase:
    """Return the catalogue; opening it, which waits for the disk, is left to a thread."""
    found: ModelRecordServiceBase | None = manager.__dict__.get("records")
    if found is None:
        found = await run_in_threadpool(lambda: manager.records)
    return found
