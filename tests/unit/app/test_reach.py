"""Paths of requests: only folders of models, whatever the path looks like; one refusal for all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from modelkeep import ModelManager, Settings
from modelkeep.app.reach import check_record_paths, readable, writable
from modelkeep.errors import SourceNotFoundError, UnsafePathError
from support import tiny


@pytest.fixture
def manager(tmp_path: Path) -> ModelManager:
    for name in ("shared", "comfy", "archive", "elsewhere"):
        (tmp_path / name).mkdir()
    settings = Settings(
        root=tmp_path / "library",
        readable_dirs=[tmp_path / "shared"],
        roots={
            "comfy": {"path": tmp_path / "comfy"},
            "archive": {"path": tmp_path / "archive", "readonly": True},
        },
    )
    settings.models_dir.mkdir(parents=True)
    return ModelManager(settings)


def refusal(
    ask: Callable[[ModelManager, str], Path], manager: ModelManager, text: str
) -> tuple[str, str]:
    with pytest.raises((SourceNotFoundError, UnsafePathError)) as refused:
        ask(manager, text)
    return str(refused.value).replace(repr(text), "X"), refused.value.hint


def test_files_and_folders_of_models_are_read(manager: ModelManager, tmp_path: Path) -> None:
    for folder in ("shared", "comfy", "archive"):
        file = tmp_path / folder / "m.safetensors"
        file.touch()
        assert readable(manager, str(file)) == file
        assert readable(manager, str(file.parent)) == file.parent
        assert readable(manager, file.as_uri()) == file
    inside = manager.settings.models_dir / "sdxl" / "main" / "m.safetensors"
    inside.parent.mkdir(parents=True)
    inside.touch()
    assert readable(manager, "sdxl/main/m.safetensors") == inside
    link = tmp_path / "shared" / "to-comfy"
    link.symlink_to(tmp_path / "comfy" / "m.safetensors")
    assert readable(manager, str(link)) != link


def test_absent_and_forbidden_are_told_alike(manager: ModelManager, tmp_path: Path) -> None:
    secret = tmp_path / "elsewhere" / "secret"
    secret.write_text("s")
    shared = tmp_path / "shared"
    (shared / "out").symlink_to(tmp_path / "elsewhere")
    (shared / "round").symlink_to("round")
    (shared / "nowhere").symlink_to("gone")
    os.mkfifo(shared / "pipe")
    (tmp_path / "shared-too").mkdir()
    for folder in ("secrets", "databases"):
        (manager.settings.root / folder).mkdir(exist_ok=True)
        (manager.settings.root / folder / "file").touch()
    (manager.settings.models_dir / ".staging").mkdir()
    (manager.settings.models_dir / ".staging" / "part").touch()
    texts = [
        str(secret),
        str(tmp_path / "elsewhere" / "absent"),
        str(shared / "absent"),
        str(shared / "out" / "secret"),
        str(shared / "out"),
        str(shared / "round"),
        str(shared / "nowhere"),
        str(shared / "pipe"),
        f"{shared}/../elsewhere/secret",
        f"{shared}/out/../library/secrets/file",
        f"file://{shared}/%2e%2e/elsewhere/secret",
        str(tmp_path / "shared-too"),
        str(tmp_path),
        "/",
        "/dev/zero",
        "/proc/self/environ",
        "~nobody-is-called-this/x",
        "../library/secrets/file",
        str(manager.settings.root / "secrets" / "file"),
        str(manager.settings.root / "databases" / "file"),
        str(manager.settings.models_dir / ".staging" / "part"),
        f"{shared}/nul\0",
        f"{shared}/{'x' * 300}",
        f"{shared}/\ud800",
        "",
    ]
    told = {refusal(readable, manager, text)[1] for text in texts}
    assert len(told) == 1
    assert len({refusal(readable, manager, str(text))[0] for text in texts[:6]}) == 1


def test_the_disk_is_not_asked_about_other_paths(
    manager: ModelManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []

    def follow(path: Path) -> Path:
        asked.append(path)
        return path

    monkeypatch.setattr("modelkeep.app.reach.real_path", follow)
    refusal(readable, manager, "/etc/shadow")
    assert Path("/etc/shadow") not in asked


def test_library_secrets_stay_even_where_everything_may_be_read(tmp_path: Path) -> None:
    settings = Settings(root=tmp_path / "library", readable_dirs=[tmp_path])
    manager = ModelManager(settings)
    for name in ("secrets/server-token", "databases/state.db", "modelkeep.yaml"):
        file = settings.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        refusal(readable, manager, str(file))
    other = tmp_path / "m.safetensors"
    other.touch()
    assert readable(manager, str(other)) == other


def test_new_files_come_to_folders_that_may_be_written(
    manager: ModelManager, tmp_path: Path
) -> None:
    models = manager.settings.models_dir
    assert writable(manager, "new.safetensors") == models / "new.safetensors"
    assert writable(manager, str(models)) == models
    assert writable(manager, str(tmp_path / "comfy" / "a" / "b.bin")) == (
        tmp_path / "comfy" / "a" / "b.bin"
    )


def test_nothing_is_written_elsewhere(manager: ModelManager, tmp_path: Path) -> None:
    comfy, models = tmp_path / "comfy", manager.settings.models_dir
    taken = comfy / "taken.bin"
    taken.touch()
    (comfy / "out").symlink_to(tmp_path / "elsewhere")
    key = manager.installer.install_path(tiny.lora(tmp_path / "elsewhere" / "l.safetensors", 1))
    record = manager.path_of(manager.records.get_model(key))
    texts = [
        str(tmp_path / "elsewhere" / "x"),
        str(tmp_path / "archive" / "x"),
        str(tmp_path / "shared" / "x"),
        str(comfy / "out" / "x"),
        str(comfy / "a" / ".." / ".." / "elsewhere" / "x"),
        str(taken),
        str(record),
        str(record / "below"),
        str(models / ".staging" / "x"),
        str(models / ".trash" / "x"),
        str(comfy / ".modelkeep-staging" / "x"),
        str(comfy / "a\\b"),
        f"{comfy}/nul\0",
        f"{comfy}/{'x' * 300}",
        "",
    ]
    told = {refusal(writable, manager, text)[1] for text in texts}
    assert len(told) == 1
    assert not list((tmp_path / "archive").iterdir())
    manager.close()


@pytest.mark.parametrize("name", ["path", "preview"])
def test_records_name_no_files_that_requests_cannot_read(
    manager: ModelManager, tmp_path: Path, name: str
) -> None:
    for text in ("/etc/passwd", str(tmp_path / "elsewhere" / "x"), "../../elsewhere/x.png"):
        with pytest.raises(SourceNotFoundError):
            check_record_paths(manager, {name: text})
    for text in ("sd-1/lora/absent.safetensors", str(tmp_path / "comfy" / "absent")):
        check_record_paths(manager, {name: text})
    source = tiny.lora(tmp_path / "elsewhere" / "l.safetensors", 1)
    record = manager.records.get_model(manager.installer.register_path(source))
    check_record_paths(manager, {"path": record.path}, record)
    manager.close()
