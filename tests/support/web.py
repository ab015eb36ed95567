"""A real server on the loopback address, in a thread of the test's own process."""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from modelkeep import ModelManager, Settings
from modelkeep.app.server_tokens import ServerTokens
from modelkeep.web.app import make_app
from modelkeep.web.context import WebContext
from modelkeep.web.serve import make_server
from modelkeep.web.sockets import listen
from modelkeep.web.tls import tls_context


class WebServer:
    """A server on a root of its own, as a context manager.

    Attributes:
        manager: The services that it answers from.
        url: Its address, without a final slash.
        headers: What its requests carry; a token that may do everything.
    """

    def __init__(self, root: Path, *folders: Path, **settings: Any) -> None:
        self.context = WebContext.open(Settings(root=root, **settings))
        self.manager: ModelManager = self.context.manager
        tls = tls_context(self.context.settings)
        self._server = make_server(make_app(self.context, folders), self.context.hub, tls)
        self._sockets = listen("127.0.0.1", settings.get("port", 0))
        port = self._sockets[0].getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": self._sockets})
        self.session = requests.Session()
        token = ServerTokens(self.context.settings).ensure()
        self.headers = {"Authorization": f"Bearer {token}"}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.session.close()
        self.context.hub.end()  # the server waits for streams
        self._server.should_exit = True
        self._thread.join(20)
        self.manager.close()

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send a request; ``headers`` are added to those that carry the token."""
        headers = self.headers | options.pop("headers", {})
        return self.session.request(method, self.url + path, headers=headers, timeout=30, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        """Send a GET request."""
        return self.ask("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> requests.Response:
        """Send a POST request with a JSON body, if any."""
        return self.ask("POST", path, json=body, **options)
