"""Neither a token nor the signature of a link is in anything that is written down."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from faults.pages import Page, once
from faults.server import HOSTS, FaultServer
from modelkeep.cli.logs import start_logging, stop_logging
from modelkeep.download.queue import DownloadQueueService
from modelkeep.http.options import TransferOptions
from modelkeep.jobs.state_jobs import StateJobs

TOKEN, SIGNATURE = "hf_plantedtokenplantedtoken", "plantedsignature"
CONTENT = bytes(range(256)) * 4096


class _Bus:
    def __init__(self) -> None:
        self.said: list[Any] = []

    def dispatch(self, topic: str, payload: Any) -> None:
        self.said.append([topic, payload])


def _page() -> Page:
    return Page(CONTENT, etag='"v1"')


def test_a_download_with_secrets_leaves_no_trace_of_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    bus = _Bus()
    with FaultServer() as server:
        far = server.serve("/far", once(_page().but(cut_at=300_000), _page()), host=HOSTS[1])
        near = server.serve(
            "/near", Page(b"", status=302, headers=(("Location", f"{far}?sig={SIGNATURE}"),))
        )
        wrong = server.serve("/wrong", Page(b"no", status=403))
        store = StateJobs.open(tmp_path / "state.db")
        queue = DownloadQueueService(
            event_bus=bus,
            store=store,
            options=TransferOptions(backoff_base=0.01, tries=2, allow_private_hosts=HOSTS[1:]),
        )
        queue.start()
        good = queue.download(f"{near}?sig={SIGNATURE}", tmp_path / "a.bin", access_token=TOKEN)
        bad = queue.download(f"{wrong}?sig={SIGNATURE}", tmp_path / "b.bin", access_token=TOKEN)
        queue.join()
        queue.stop()
        store.close()
        sent = [request.headers.get("authorization", "") for request in server.requests]
    assert good.complete
    assert bad.errored
    assert f"Bearer {TOKEN}" in sent  # it was there to be told

    ours = [r for r in caplog.records if r.name.split(".")[0] == "modelkeep"]
    assert ours
    told = [
        *(record.getMessage() + str(record.exc_text or "") for record in ours),
        json.dumps(bus.said, default=str),
        bad.error or "",
        str(bad.exception),
        repr(good),
        repr(bad),
    ]
    for secret in (TOKEN, SIGNATURE):
        assert not [text for text in told if secret in text]
        for path in tmp_path.rglob("*"):
            if path.is_file():
                assert secret.encode() not in path.read_bytes(), path


def test_verbose_shows_no_lines_of_the_libraries(capsys: pytest.CaptureFixture[str]) -> None:
    handler = start_logging("info", verbose=True)
    try:
        logging.getLogger("urllib3.connectionpool").debug("GET /model?sig=%s", SIGNATURE)
        logging.getLogger("modelkeep.download").debug("our own line")
    finally:
        stop_logging(handler)
    shown = capsys.readouterr().err
    assert "our own line" in shown
    assert SIGNATURE not in shown
