"""Row 39, hostile input of the API: always an answer that its description names, never 5xx."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from modelkeep import Settings
from modelkeep.app.server_tokens import ServerTokens
from modelkeep.web.app import make_api, make_app
from modelkeep.web.context import WebContext
from support.api_cases import ask_everything
from support.rounds import rounds
from support.tiny import lora


def test_every_answer_is_one_that_is_described(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "modelkeep")
    context = WebContext.open(Settings(root=tmp_path / "root", offline=True))
    with context.manager as manager:
        for number in range(3):
            manager.installer.install_path(lora(tmp_path / f"m{number}.safetensors", number))
        app, described = make_app(context), make_api(context).openapi()
        token = ServerTokens(context.settings).ensure()
        headers = {"authorization": f"Bearer {token}"}
        outcome = ask_everything(app, described, headers, at_most=rounds(2000))
    assert not outcome.failures, outcome.told
    assert outcome.requests >= rounds(2000) * 0.9, outcome.told
    assert set(outcome.phases) >= {"coverage", "fuzzing", "stateful"}
    assert len(outcome.statuses) > 5
