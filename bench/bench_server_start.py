"""From starting ``modelkeep serve`` to its first answer, against an application that says hello."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.measure import Ratio, in_turn

HELLO = """
import sys
import uvicorn
from fastapi import FastAPI

app = FastAPI()

@app.get("/healthz")
async def health() -> dict[str, str]:
    return {"status": "ok"}

uvicorn.run(app, port=int(sys.argv[1]), log_level="warning")
"""
PATIENCE_SECONDS = 60.0
PAUSE_SECONDS = 0.002


def main(rounds: int = 9) -> list[Ratio]:
    """Run all and print the table."""
    folder = Path(tempfile.mkdtemp(prefix="modelkeep-bench-"))
    try:
        hello = folder / "hello.py"
        hello.write_text(HELLO)
        ours, reference = in_turn(
            lambda: _first_answer(["-m", "modelkeep", "serve", "--port"], folder / "root"),
            lambda: _first_answer([str(hello)], folder / "root"),
            rounds,
        )
    finally:
        shutil.rmtree(folder)
    row = Ratio("serve: start to /healthz", ours, reference, 1.8, "a FastAPI application: hello")
    print(row.line())
    return [row]


def _first_answer(words: Sequence[str], root: Path) -> float:
    """Return the seconds from the start of a server to its first answer."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {**os.environ, "MODELKEEP_ROOT": str(root)}
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *words, str(port)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not _answers(port):
            if time.perf_counter() - began > PATIENCE_SECONDS or process.poll() is not None:
                raise RuntimeError(f"{words} does not answer")
            time.sleep(PAUSE_SECONDS)
        return time.perf_counter() - began
    finally:
        process.terminate()
        process.wait()


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    main()
