"""The load service: files that are gone, closed or changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelkeep.errors import (
    ChangedModelError,
    ModelNotFoundException,
    UnreadableSourceError,
)
from modelkeep.load.model_files import ModelFiles
from modelkeep.load.plan import LoadPlan
from modelkeep.load.service import ModelLoadService
from support.fake_loading import FakeLoader
from support.load_world import World
from support.tiny import embedding


class TestFiles:
    def test_a_model_that_is_gone_is_not_found(self, world: World) -> None:
        key = world.main()
        world.path_of(key).unlink()
        with pytest.raises(ModelNotFoundException, match="does not exist"):
            world.service.get_model(key, "vae")

    def test_a_folder_that_lost_a_file_is_not_found(self, world: World, tmp_path: Path) -> None:
        folder = tmp_path / "vae"
        folder.mkdir()
        (folder / "config.json").write_text('{"_class_name": "AutoencoderKL"}')
        embedding(folder / "diffusion_pytorch_model.safetensors")
        key = world.manager.installer.install_path(
            folder, {"type": "vae", "base": "sd-1", "format": "diffusers"}
        )
        (world.path_of(key) / "diffusion_pytorch_model.safetensors").unlink()
        service = ModelLoadService(world.manager.settings, world.manager.records)
        with pytest.raises(ModelNotFoundException, match=r"diffusion_pytorch_model.* not exist"):
            service.get_model(key)

    def test_a_folder_that_this_user_may_not_read_is_said(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        key = world.main()

        def refuse(_loader: FakeLoader, files: ModelFiles, _part: str) -> LoadPlan:
            raise PermissionError(13, "Permission denied", str(files.path))

        monkeypatch.setattr(FakeLoader, "plan", refuse)
        with pytest.raises(UnreadableSourceError, match=r"main cannot be .* by this user"):
            world.service.peek(key, "vae")

    def test_a_root_that_is_away_is_said(self, world: World, tmp_path: Path) -> None:
        key = world.main()
        models = world.manager.settings.models_dir
        models.rename(tmp_path / "away")
        models.mkdir()
        with pytest.raises(ModelNotFoundException, match="offline"):
            world.service.get_model(key, "vae")

    def test_touched_files_are_read_and_taken(self, world: World) -> None:
        key = world.main()
        world.service.get_model(key, "vae")
        world.path_of(key).touch()
        assert world.service.get_model(key, "vae").is_cached
        now = world.path_of(key).stat().st_mtime_ns
        assert [row.mtime_ns for row in world.manager.records.files(key)] == [now]

    def test_changed_files_are_refused_with_both_hashes(self, world: World) -> None:
        key = world.main()
        world.service.get_model(key, "vae")
        (row,) = world.manager.records.files(key)
        change(world.path_of(key))
        with pytest.raises(ChangedModelError) as caught:
            world.service.get_model(key, "vae")
        assert str(row.blake3 or row.sha256) in str(caught.value)
        assert "verify --accept" in caught.value.hint
        assert world.manager.records.get_model(key).state == "changed"

    def test_changed_files_are_taken_on_request(self, world: World) -> None:
        key = world.main()
        before = world.service.get_model(key, "vae")
        change(world.path_of(key))
        after = world.service.get_model(key, "vae", accept_changed=True)
        assert not after.is_cached
        assert after.hash != before.hash
        assert world.service.get_model(key, "vae").is_cached

    def test_a_handle_does_not_give_what_changed_since(self, world: World) -> None:
        key = world.main()
        info = world.service.get_model(key, "vae")
        change(world.path_of(key))
        with info:
            assert world.runtime.loads == ["vae"], "what is in memory is what was asked for"
        world.service.clear()
        with pytest.raises(ChangedModelError), info:
            pass


def change(path: Path) -> None:
    """Write other bytes to a file, of the same size."""
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)
