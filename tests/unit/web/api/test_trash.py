"""The trash over HTTP, and looking at a model again."""

from __future__ import annotations

from pathlib import Path

from support import tiny
from support.web import WebServer

RECORDS, TRASH = "/api/v1/model/record", "/api/v1/model/trash"


def test_removed_models_come_back_or_go_for_good(tmp_path: Path) -> None:
    with WebServer(tmp_path / "root") as web:
        install = web.manager.installer.install_path
        keys = [
            install(tiny.embedding(tmp_path / f"e{fill}.safetensors", fill)) for fill in range(3)
        ]
        web.manager.records.note_loaded({keys[0]: 1234.5})
        for key in keys[:2]:
            assert web.ask("DELETE", f"{RECORDS}/i/{key}").status_code == 204
        listed = web.get(TRASH).json()["items"]
        assert [(item["key"], item["type"]) for item in listed] == [
            (key, "embedding") for key in keys[:2]
        ]
        assert web.post(f"{TRASH}/{keys[0][:8]}/restore").status_code == 404
        restored = web.post(f"{TRASH}/{keys[0]}/restore")
        assert (restored.status_code, restored.json()["key"]) == (200, keys[0])
        assert web.get(f"{RECORDS}/i/{keys[0]}").json() == restored.json()
        assert web.manager.records.loaded_at(keys[0]) == 1234.5
        assert web.ask("DELETE", f"{TRASH}/{keys[1]}").status_code == 204
        assert web.ask("DELETE", f"{TRASH}/{keys[1]}").status_code == 404
        web.ask("DELETE", f"{RECORDS}/i/{keys[0]}")
        emptied = web.ask("DELETE", TRASH).json()
        assert emptied["models"] == 1
        assert emptied["freed"] > 0
        assert web.get(TRASH).json() == {"items": []}


def test_a_model_is_looked_at_again(tmp_path: Path) -> None:
    with WebServer(tmp_path / "root") as web:
        path = tiny.embedding(tmp_path / "e.safetensors")
        key = web.manager.installer.install_path(path, {"base": "sdxl"})
        dry = {"action": "reidentify", "keys": [key], "reset": True, "dry_run": True}
        [entry] = web.post(f"{RECORDS}/bulk", dry).json()["entries"]
        assert entry["status"] == "planned"
        assert entry["changes"]["base"][0] == "sdxl"
        kept = web.post(f"{RECORDS}/i/{key}/reidentify").json()
        assert kept["base"] == "sdxl"
        reset = web.post(f"{RECORDS}/i/{key}/reidentify?reset=true").json()
        assert reset["base"] != "sdxl"
        assert web.post(f"{RECORDS}/i/nobody/reidentify").status_code == 404
