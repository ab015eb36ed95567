"""Roots that another process changes while a server runs, and while a manager is open."""

from __future__ import annotations

import shutil
from pathlib import Path

from PIL import Image

from modelkeep import ModelManager
from modelkeep.app import roots
from support.model_pages import BROWSER
from support.tiny import lora
from support.web import WebServer


def _add(root: Path, name: str, folder: Path) -> str:
    """Register a folder and its model as another program does; return the key of the model."""
    lora(folder / "style.safetensors")
    Image.new("RGB", (40, 40), "teal").save(folder / "style.preview.png")
    with ModelManager(root=root) as other:
        roots.add(other, name, folder, layout=None, readonly=False)
        [key] = other.installer.scan_directory(folder)
    return key


def test_a_server_sees_roots_that_are_added_moved_and_removed_elsewhere(tmp_path: Path) -> None:
    root, here, there = tmp_path / "root", tmp_path / "here", tmp_path / "there"
    with WebServer(root, offline=True) as web:
        assert web.get("/", headers=BROWSER).status_code == 200
        key = _add(root, "mine", here)
        path = f"/api/v1/model/record/i/{key}"
        answer = web.get(path)
        assert answer.json()["path"] == str(here / "style.safetensors")
        assert web.get(f"{path}/preview?size=256").status_code == 200
        listed = web.get("/api/v1/model/record/?limit=5")
        shutil.move(here, there)
        with ModelManager(root=root) as other:
            roots.move(other, "mine", there, sure=False)
        tag = {"If-None-Match": listed.headers["ETag"]} if "ETag" in listed.headers else {}
        assert str(there) in web.get("/api/v1/model/record/?limit=5", headers=tag).text
        assert web.get(path).json()["path"] == str(there / "style.safetensors")
        with ModelManager(root=root) as other:
            roots.remove(other, "mine", forget=True, keep=False)
        assert [one["name"] for one in web.get("/api/v1/roots").json()] == ["models"]


def test_a_settings_file_that_cannot_be_used_leaves_the_roots_as_they_are(tmp_path: Path) -> None:
    root, folder = tmp_path / "root", tmp_path / "mine"
    with WebServer(root, offline=True) as web:
        key = _add(root, "mine", folder)
        web.get("/api/v1/roots")
        (root / "modelkeep.yaml").write_text("roots: [", encoding="utf-8")
        path = web.get(f"/api/v1/model/record/i/{key}").json()["path"]
        assert path == str(folder / "style.safetensors")


def test_an_open_manager_installs_into_a_root_that_was_added_elsewhere(tmp_path: Path) -> None:
    root, folder = tmp_path / "root", tmp_path / "mine"
    with ModelManager(root=root) as manager:
        assert not list(manager.records.all_models())
        _add(root, "mine", folder)
        key = manager.installer.install_path(lora(tmp_path / "new.safetensors", 7), to="mine")
        assert manager.path_of(key).is_relative_to(folder)
