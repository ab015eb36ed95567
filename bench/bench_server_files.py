"""Files over HTTP: an upload against a bare application, the mirror against nginx.

``MODELKEEP_BENCH_MIB`` is the size of the file, 256 MiB where it is not set; goals are for 2048.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import huggingface_hub

from bench.bench_download import nginx
from bench.bench_install import workplace
from bench.measure import Ratio, in_turn, timed
from modelkeep import ModelManager, Settings

SIZE = int(os.environ.get("MODELKEEP_BENCH_MIB", "256")) << 20
ROUNDS = int(os.environ.get("MODELKEEP_BENCH_ROUNDS", "5"))
PIECE = min(64 << 20, SIZE // 4)
COMMIT = "0123456789abcdef0123456789abcdef01234567"
_TUS = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}
_LOCATION = """
    location /hf/org/big/resolve/ {{
      alias {folder}/served/;
      add_header X-Repo-Commit {commit};
      add_header X-Linked-ETag '"{digest}"';
      add_header X-Linked-Size {size};
    }}
"""


@dataclass
class Child:
    """A server in a process of its own."""

    process: subprocess.Popen[str]
    port: int
    token: str

    @property
    def peak(self) -> int:
        """The most memory that it had, bytes."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(text.partition("VmHWM:")[2].split()[0]) << 10

    def ask(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None = None
    ) -> http.client.HTTPResponse:
        """Send one request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        named = {**_TUS, **headers, "Authorization": f"Bearer {self.token}"}
        connection.request(method, path, body, named)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        if answer.status >= 300:
            raise OSError(f"{method} {path}: {answer.status}")
        return answer


@contextmanager
def served(*arguments: object) -> Iterator[Child]:
    """Start a server and stop it afterwards."""
    command = [sys.executable, "-m", "bench.files_server", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline() if process.stdout is not None else ""
        port, token = line.split()
        yield Child(process, int(port), token)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()


def _begin(child: Child, size: int) -> str:
    answer = child.ask("POST", "/api/v1/uploads", {"Upload-Length": str(size)})
    return str(answer.headers["Location"])


def _send(child: Child, place: str, data: bytes, offset: int) -> None:
    child.ask("PATCH", place, {"Upload-Offset": str(offset)}, data)


def _upload(child: Child, data: bytes) -> float:
    place = _begin(child, SIZE + 1)  # one byte is left: the install is measured elsewhere

    def send() -> None:
        for offset in range(0, SIZE, PIECE):
            _send(child, place, data, offset)

    seconds = timed(send)
    child.ask("DELETE", place, {})
    return seconds


def uploads(folder: Path) -> Iterator[Ratio]:
    """Send a file in pieces to us and to applications that only write.

    One of them leaves all in memory; the other one has each body on the disk before it answers.
    Ours answers for a piece while it is on its way to the disk, and waits for the one before it.
    """
    data = os.urandom(PIECE)
    with served(folder / "root") as ours:
        _upload_small(ours)
        idle = ours.peak
        for kind, note in (("bare", "which leaves all in memory"), ("synced", "")):
            times = _against(folder, ours, data, kind)
            name = f"upload of {SIZE >> 20} MiB, against {kind} ASGI"
            yield Ratio(name, *times, goal=1 / 0.7, note=note)
        over = max(ours.peak - idle, 1)
        yield Ratio("upload, memory over idle", over, 64 << 20, goal=1.0, unit="MiB")
        place = _begin(ours, SIZE)
        _send(ours, place, data, 0)
        with suppress(OSError, http.client.HTTPException), ThreadPoolExecutor(1) as pool:
            second = pool.submit(_send, ours, place, data, PIECE)
            while Path(f"/proc/{ours.process.pid}").exists() and not _has_more(folder, place):
                time.sleep(0.001)
            ours.process.kill()
            second.result()
    with served(folder / "root") as again:
        head = again.ask("HEAD", place, {})
        lost = 2 * PIECE - int(head.headers["Upload-Offset"])
        yield Ratio("upload, sent again after a kill", lost, PIECE, goal=1.0, unit="MiB")


def _against(folder: Path, ours: Child, data: bytes, kind: str) -> tuple[float, float]:
    """Measure an upload in turn with an application that only writes what it gets."""
    target = folder / kind
    with served(f"--{kind}", target) as bare:

        def reference() -> float:
            pieces = range(0, SIZE, PIECE)
            seconds = timed(lambda: [bare.ask("PATCH", "/", {}, data) for _ in pieces])
            os.truncate(target, 0)
            return seconds

        return in_turn(lambda: _upload(ours, data), reference, ROUNDS)


def _has_more(folder: Path, place: str) -> bool:
    """Tell whether bytes of a second piece are in the file of an upload."""
    staged = folder / "root/models/.staging" / f"upload-{place.rpartition('/')[2]}"
    return (staged / "model").stat().st_size > PIECE


def _upload_small(child: Child) -> None:
    place = _begin(child, 3)
    _send(child, place, b"ab", 0)
    child.ask("DELETE", place, {})


def mirror(folder: Path) -> Iterator[Ratio]:
    """Fetch one file by the Hub's own library from the mirror and from nginx."""
    served_by_nginx = folder / "served" / "main"
    served_by_nginx.mkdir(parents=True)
    path = _model(folder / "served" / "main" / "big.safetensors")
    digest = hashlib.file_digest(path.open("rb"), "sha256").hexdigest()
    with ModelManager(Settings(root=folder / "mirror")) as manager:
        key = manager.installer.register_path(path)
        manager.records.update_model(key, {"source": f"org/big@{COMMIT}::big.safetensors"})
        [file] = manager.records.files(key)
        manager.records.set_file_hashes(key, file.path, sha256=digest)
    facts = {"folder": folder, "commit": COMMIT, "digest": digest, "size": path.stat().st_size}
    folder.chmod(0o755)  # the workers of nginx are another user
    with (
        served(folder / "mirror") as ours,
        nginx(folder, _LOCATION.format(**facts)) as address,
    ):
        times = in_turn(
            lambda: _fetch(folder, f"http://127.0.0.1:{ours.port}/hf", ours.token),
            lambda: _fetch(folder, f"{address}/hf", "-"),
            ROUNDS,
        )
    yield Ratio(f"mirror, hf_hub_download of {SIZE >> 20} MiB, against nginx", *times, goal=1.1)


def _fetch(folder: Path, endpoint: str, token: str) -> float:
    cache = folder / "cache"
    seconds = timed(
        lambda: huggingface_hub.hf_hub_download(
            "org/big", "big.safetensors", endpoint=endpoint, token=token, cache_dir=cache
        )
    )
    shutil.rmtree(cache)
    return seconds


def _model(path: Path) -> Path:
    """Write an embedding that is as large as wanted."""
    rows = SIZE // 3072
    shape = f'"dtype":"F32","shape":[{rows},768],"data_offsets":[0,{rows * 3072}]'
    header = ('{"emb_params":{' + shape + "}}").encode()
    block = os.urandom(1 << 20)
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        left = rows * 3072
        while left:
            left -= file.write(block[: min(left, len(block))])
    return path


def main() -> list[Ratio]:
    """Run all and print the table."""
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    rows = []
    with workplace(None) as folder:
        for part in (uploads, mirror):
            if part is mirror and shutil.which("nginx") is None:
                print("the mirror is not measured: nginx is missing")
                continue
            for row in part(folder):
                print(row.line(), flush=True)
                rows.append(row)
    return rows


if __name__ == "__main__":
    main()
