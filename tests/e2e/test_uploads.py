"""An upload goes on after its server was killed."""

from __future__ import annotations

import signal
from pathlib import Path

from tusclient.client import TusClient

from support.program import Program, finish, wait_until
from support.served import serve
from support.tiny import embedding

PIECE = 1 << 20


def test_an_upload_survives_the_kill_of_its_server(program: Program, tmp_path: Path) -> None:
    path = embedding(tmp_path / "style.safetensors", vectors=1200)
    first = serve(program)
    headers = {"Authorization": f"Bearer {first.token}"}
    with path.open("rb") as file:
        client = TusClient(f"{first.url}/api/v1/uploads/", headers=headers)
        options = {"chunk_size": PIECE, "metadata": {"filename": path.name}}
        sender = client.uploader(file_stream=file, **options)
        sender.upload(stop_at=2 * PIECE)
        first.process.kill()
        finish(first.process, -signal.SIGKILL)

        second = serve(program)
        place = str(sender.url).removeprefix(first.url)
        client = TusClient(f"{second.url}/api/v1/uploads/", headers=headers)
        sender = client.uploader(file_stream=file, url=f"{second.url}{place}", **options)
        assert sender.offset == 2 * PIECE
        sender.upload()
    wait_until(lambda: second.get(place).json()["status"] == "completed", second.process)
    key = second.get(place).json()["key"]
    sent = second.get(f"/api/v1/model/record/i/{key}/files/style.safetensors")
    assert sent.content == path.read_bytes()
    second.end()
    assert program.call("doctor", "--json").json == []
