"""``modelkeep serve`` in a process of its own, until a signal ends it."""

from __future__ import annotations

import json
import signal
import subprocess
from dataclasses import dataclass
from typing import Any

import requests

from support.program import Program, Result, finish, wait_until


@dataclass
class Served:
    """A server that runs.

    Attributes:
        process: It.
        told: What it printed first, which is JSON.
        token: May do everything.
    """

    process: subprocess.Popen[bytes]
    told: dict[str, Any]
    token: str

    @property
    def url(self) -> str:
        """Its address, without a final slash."""
        return str(self.told["url"]).rstrip("/")

    def get(self, path: str, **options: Any) -> requests.Response:
        """Send a GET request with the token."""
        headers = {"Authorization": f"Bearer {self.token}"} | options.pop("headers", {})
        return requests.get(self.url + path, headers=headers, timeout=60, **options)

    def wait_ready(self) -> None:
        """Wait until recovery is done."""
        wait_until(lambda: self.get("/healthz?ready").status_code == 200, self.process)

    def end(self, number: signal.Signals = signal.SIGTERM, status: int = 0) -> Result:
        """End it by a signal and return what else it gave."""
        self.process.send_signal(number)
        return finish(self.process, status)


def serve(program: Program, *words: object, **variables: str) -> Served:
    """Start a server on a free port, and wait for its address."""
    process = program.start("serve", "--port", 0, "--json", *words, env=variables)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, finish(process, 0)
    served = Served(process, json.loads(line), "")
    assert requests.get(f"{served.url}/healthz", timeout=60).ok
    served.token = (program.root / "secrets/server-token").read_text()
    return served
