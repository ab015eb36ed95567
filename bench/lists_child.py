"""A server of a benchmark, in a process of its own: ours, or plain FastAPI on the same catalogue.

``python -m bench.lists_child ours|plain ROOT`` prints its port and its token. Each line that it
reads is work for a thread beside the server: ``write N``, ``hash FILE``; it answers ``done``.
"""

from __future__ import annotations

import json
import random
import sys
import threading
from contextlib import nullcontext
from itertools import islice
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from bench.records_library import new_records
from modelkeep import ModelManager, Settings
from modelkeep.core.configs import AnyModelConfig
from modelkeep.core.hashing import hash_file
from modelkeep.records.listing import RecordFilter
from modelkeep.records.service import ModelRecordServiceBase
from modelkeep.web.app import make_app
from modelkeep.web.context import WebContext
from modelkeep.web.pauses import short_turns, spare_from_collection
from modelkeep.web.serve import make_server
from modelkeep.web.sockets import listen

_BATCH = 100


class PlainPage(BaseModel):
    """A page as FastAPI answers it by itself."""

    items: list[AnyModelConfig]
    next: str | None


def plain_app(records: ModelRecordServiceBase) -> FastAPI:
    """Return an application as its documentation shows how to write one."""
    app = FastAPI()

    @app.get("/api/v1/model/record/search", response_model=PlainPage)
    def models(limit: int = 50, after: str | None = None) -> PlainPage:
        page = records.page(RecordFilter(), limit=limit, after=after)
        return PlainPage(items=page.items, next=page.next)

    return app


def work(records: ModelRecordServiceBase, line: str) -> None:
    """Do what a line says."""
    kind, _, rest = line.partition(" ")
    if kind == "write":
        new = new_records(int(rest), seed=random.randrange(10**6))
        while some := list(islice(new, _BATCH)):
            records.add_models(some)
    elif kind == "hash":
        hash_file(Path(rest))
    print("done", flush=True)


def main() -> None:
    """Serve until the input ends."""
    kind, root = sys.argv[1:]
    [*sockets] = listen("127.0.0.1", 0)
    port = sockets[0].getsockname()[1]
    if kind == "ours":
        context = WebContext.open(Settings(root=Path(root)))
        records = context.manager.records
        server: uvicorn.Server = make_server(make_app(context))
        spare_from_collection()  # as ``modelkeep serve`` does
        token = (Path(root) / "secrets" / "server-token").read_text().strip()
    else:
        records, token = ModelManager(Settings(root=Path(root))).records, "none"
        config = uvicorn.Config(plain_app(records), log_config=None, access_log=False)
        server = uvicorn.Server(config)
    threading.Thread(target=server.run, kwargs={"sockets": sockets}, daemon=True).start()
    print(json.dumps({"port": port, "token": token}), flush=True)
    with short_turns() if kind == "ours" else nullcontext():
        for line in sys.stdin:
            work(records, line.strip())


if __name__ == "__main__":
    main()
