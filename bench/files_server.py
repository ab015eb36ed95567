"""A server for the benchmarks of files, in a process of its own.

``python -m bench.files_server ROOT`` serves the library, ``... --bare FILE`` is an application that
writes what it gets into a file and does nothing else, ``... --synced FILE`` one that also brings
each body to the disk before it answers. Prints its port and, of a library, the token.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from modelkeep.web.serve import make_server
from modelkeep.web.sockets import listen


class Bare:
    """Writes the bodies of requests into one file."""

    def __init__(self, path: Path, *, syncs: bool) -> None:
        self._file = path.open("wb")
        self._syncs = syncs

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Take one body."""
        del scope  # nothing else than HTTP is asked
        more = True
        while more:
            message = await receive()
            self._file.write(message.get("body", b""))
            more = message.get("more_body", False)
        self._file.flush()
        if self._syncs:
            os.fdatasync(self._file.fileno())
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def main() -> None:
    """Serve until the process is told to stop."""
    sockets = listen("127.0.0.1", 0)
    port = sockets[0].getsockname()[1]
    app: ASGIApp
    if sys.argv[1] in {"--bare", "--synced"}:
        app, token = Bare(Path(sys.argv[2]), syncs=sys.argv[1] == "--synced"), "-"
    else:
        from modelkeep.app.server_tokens import ServerTokens
        from modelkeep.settings import Settings
        from modelkeep.web.app import make_app
        from modelkeep.web.context import WebContext

        context = WebContext.open(Settings(root=Path(sys.argv[1])))
        app, token = make_app(context), ServerTokens(context.settings).ensure()
        context.manager.installer.list_jobs()  # it is started before anybody asks
    print(port, token, flush=True)
    make_server(app).run(sockets=sockets)


if __name__ == "__main__":
    main()
