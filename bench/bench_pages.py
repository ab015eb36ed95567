"""Pages: a large library against a small one, pictures against their originals, the first page."""

from __future__ import annotations

import http.client
import io
import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from html import unescape
from pathlib import Path

from PIL import Image

from bench.bench_server_lists import child, fill
from bench.bench_server_start import HELLO, PATIENCE_SECONDS, PAUSE_SECONDS
from bench.measure import Ratio, in_turn, timed
from modelkeep import Settings
from modelkeep.app.server_tokens import ServerTokens

SMALL, LARGE, CARDS = 1_000, 100_000, 50
MOST_BYTES = 150 * 1024
ROUNDS, STARTS = 40, 9
#: A picture that takes 4 MB as PNG: its sides, the shapes along one, and how much is grain.
_SIDE, _SHAPES, _GRAIN = 1_400, 64, 0.1


class Reader:
    """A browser that shows nothing: it asks one server over one connection.

    Args:
        port: Of the server.
        token: Of the server.
    """

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
        self._headers = {"Accept": "text/html,image/*", "Authorization": f"Bearer {token}"}

    def read(self, path: str) -> bytes:
        """Return what is at an address."""
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {content[:200]!r}")
        return content

    def send(self, path: str, content: bytes) -> None:
        """Put a picture to an address."""
        headers = {**self._headers, "Content-Type": "image/png"}
        self._connection.request("PUT", path, content, headers)
        answer = self._connection.getresponse()
        told = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{path}: {answer.status} {told[:200]!r}")


def sizes(folder: Path) -> list[Ratio]:
    """Compare the library page of a large library with that of a small one."""
    fill(folder / "large", LARGE)
    fill(folder / "small", SMALL)
    with child("ours", folder / "large") as large, child("ours", folder / "small") as small:
        big, little = Reader(large.port, large.token), Reader(small.port, small.token)
        found = in_turn(
            lambda: timed(partial(big.read, "/")), lambda: timed(partial(little.read, "/")), ROUNDS
        )
        whole = len(big.read("/"))
    return [
        Ratio(f"library page of {LARGE:,}, to {SMALL:,}", *found, 1.3, "counts warm"),
        Ratio("library page, bytes", whole, MOST_BYTES, 1, "to 150 KiB", "KiB"),
    ]


def pictures(folder: Path) -> Ratio:
    """Compare what 50 cards take at first sight with their originals."""
    fill(folder / "pictures", CARDS)
    chance = random.Random(1)
    with child("ours", folder / "pictures") as server:
        reader = Reader(server.port, server.token)
        listed = json.loads(reader.read(f"/api/v1/model/record/search?limit={CARDS}"))
        originals = 0
        for model in listed["items"]:
            place = folder / "pictures" / "models" / model["path"]
            place.parent.mkdir(parents=True, exist_ok=True)
            place.touch()
            content = _picture(chance)
            originals += len(content)
            reader.send(f"/api/v1/model/record/i/{model['key']}/preview", content)
        page = reader.read("/")
        asked = dict.fromkeys(_asked(page.decode()))
        sent = len(page) + sum(len(reader.read(path)) for path in asked)
        shown = sum("/preview" in path for path in asked)
    note = f"{shown} pictures, {len(asked) - shown} other files and the page"
    return Ratio(f"first sight of {CARDS} cards, bytes", sent, originals, 0.02, note, "MiB")


def first_page(folder: Path) -> Ratio:
    """Compare the time from the start of a server to its first page with a plain application."""
    root = folder / "root"
    token = ServerTokens(Settings(root=root)).ensure()
    hello = folder / "hello.py"
    hello.write_text(HELLO)
    ours, reference = in_turn(
        lambda: _until_answer(["-m", "modelkeep", "serve", "--port"], root, "/", token),
        lambda: _until_answer([str(hello)], root, "/healthz", token),
        STARTS,
    )
    return Ratio("serve: start to the first page", ours, reference, 3, "FastAPI: hello")


def main() -> list[Ratio]:
    """Measure, print and return the lines."""
    folder = Path(tempfile.mkdtemp(prefix="modelkeep-bench-"))
    try:
        found = [*sizes(folder), pictures(folder), first_page(folder)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for line in found:
        print(line.line())
    return found


def _picture(chance: random.Random) -> bytes:
    """Return a picture of large shapes with a fine grain, as generated ones have it."""
    shapes = Image.frombytes("RGB", (_SHAPES, _SHAPES), chance.randbytes(_SHAPES * _SHAPES * 3))
    large = shapes.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)
    grain = Image.frombytes("RGB", (_SIDE, _SIDE), chance.randbytes(_SIDE * _SIDE * 3))
    out = io.BytesIO()
    Image.blend(large, grain, _GRAIN).save(out, "PNG", compress_level=1)
    return out.getvalue()


def _asked(page: str) -> list[str]:
    """Return what a browser asks for to show a page: pictures, styles and scripts."""
    found = re.findall(r"<(?:img|script|link)\b[^>]*?\b(?:src|href)=\"([^\"]+)\"", page, re.DOTALL)
    return [unescape(path) for path in found]


def _until_answer(words: list[str], root: Path, path: str, token: str) -> float:
    """Return the seconds from the start of a server until it has answered."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {**os.environ, "MODELKEEP_ROOT": str(root)}
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *words, str(port)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            while not _answers(lambda: Reader(port, token).read(path)):
                if time.perf_counter() - began > PATIENCE_SECONDS or process.poll() is not None:
                    raise RuntimeError(f"{words} does not answer")
                time.sleep(PAUSE_SECONDS)
            return time.perf_counter() - began
        finally:
            process.terminate()


def _answers(ask: Callable[[], bytes]) -> bool:
    try:
        ask()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(int(any(row.ratio > row.goal for row in main())))
