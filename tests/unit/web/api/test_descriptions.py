"""Descriptions over HTTP."""

from __future__ import annotations

from pathlib import Path

from support.tiny import lora
from support.web import WebServer


def test_a_description_is_safe_html(tmp_path: Path) -> None:
    with WebServer(tmp_path / "root") as web:
        key = web.manager.installer.install_path(lora(tmp_path / "a.safetensors"))
        web.manager.records.update_model(key, {"description": "**Ink** <script>x</script>"})
        found = web.get(f"/api/v1/model/record/i/{key}/description").json()
        assert found == {
            "text": "**Ink** <script>x</script>",
            "html": "<p><strong>Ink</strong> </p>",
            "source": "record",
        }
        assert web.get("/api/v1/model/record/i/none/description/").status_code == 404
