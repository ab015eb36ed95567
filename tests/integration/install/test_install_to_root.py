"""Installing into a registered root: where its program looks, and nothing else there."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelkeep.app.install_service import ModelInstallService
from modelkeep.app.manager import ModelManager
from modelkeep.disk.notes import FOREIGN_STAGING
from modelkeep.errors import (
    DuplicateModelException,
    NotWritableError,
    OfflineRootError,
    UsageError,
)
from modelkeep.install.details import InstallDetails
from modelkeep.jobs.rows import JobChange
from modelkeep.jobs.states import JobState
from modelkeep.library.destination import LinkMode
from modelkeep.settings import RootSettings, Settings
from support import tiny


@pytest.fixture
def comfy(tmp_path: Path) -> Path:
    folder = tmp_path / "comfy"
    for name in ("checkpoints", "loras", "embeddings"):
        (folder / name).mkdir(parents=True)
    return folder


@pytest.fixture
def settings(tmp_path: Path, comfy: Path) -> Settings:
    plain = tmp_path / "plain"
    plain.mkdir()
    roots = {
        "comfy": RootSettings(path=comfy, layout="comfyui"),
        "plain": RootSettings(path=plain),
        "fixed": RootSettings(path=tmp_path / "fixed", readonly=True),
        "gone": RootSettings(path=tmp_path / "gone"),
    }
    return Settings(root=tmp_path / "library", roots=roots)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tiny.lora(tmp_path / "downloads" / "style.safetensors", 1)
    path.with_suffix(".preview.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(99))
    return path


def install(settings: Settings, source: Path, to: str, link: LinkMode | None = None) -> str:
    with ModelManager(settings) as manager:
        key = manager.installer.install_path(source, to=to, link=link)
        config = manager.records.get_model(key)
        assert config.root == to
        assert manager.installer.library.path_of(config).read_bytes()
        return config.path


def names_below(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if not p.is_dir())


def test_it_goes_where_the_program_looks(settings: Settings, source: Path, comfy: Path) -> None:
    assert install(settings, source, "comfy") == str(comfy / "loras" / "style.safetensors")
    assert names_below(comfy) == ["loras/style.safetensors"]
    assert not (comfy / FOREIGN_STAGING).exists()
    assert source.exists()


def test_a_folder_of_nobody_is_arranged_as_ours(
    settings: Settings, source: Path, tmp_path: Path
) -> None:
    path = install(settings, source, "plain", LinkMode.Move)
    assert path == str(tmp_path / "plain" / "sd-1" / "lora" / "style.safetensors")
    assert not source.exists()


def test_other_bytes_of_the_same_name_stay(settings: Settings, source: Path, comfy: Path) -> None:
    there = comfy / "loras" / "style.safetensors"
    tiny.lora(there, 2)
    before = there.read_bytes()
    path = Path(install(settings, source, "comfy"))
    assert path.parent == there.parent
    assert path != there
    assert there.read_bytes() == before


def test_models_is_the_library_itself(settings: Settings, source: Path) -> None:
    assert install(settings, source, "models") == "sd-1/lora/style.safetensors"


@pytest.mark.parametrize(
    ("to", "error", "says"),
    [
        ("fixed", NotWritableError, "fixed"),
        ("gone", OfflineRootError, "gone"),
        ("nowhere", UsageError, "models, comfy, plain, fixed, gone"),
    ],
)
def test_a_root_that_takes_nothing_is_refused(
    settings: Settings, source: Path, to: str, error: type[Exception], says: str
) -> None:
    with ModelManager(settings) as manager:
        with pytest.raises(error) as caught:
            manager.installer.install_path(source, to=to)
        assert says in f"{caught.value} {getattr(caught.value, 'hint', '')}"
        assert manager.records.all_models() == []


def test_a_folder_of_the_program_that_is_not_there_is_made(
    settings: Settings, source: Path, comfy: Path
) -> None:
    (comfy / "loras").rename(comfy / "vae")
    assert install(settings, source, "comfy") == str(comfy / "loras" / "style.safetensors")


def test_what_lies_in_the_root_is_not_copied_in_it(settings: Settings, comfy: Path) -> None:
    inside = tiny.lora(comfy / "here.safetensors", 3)
    with (
        ModelManager(settings) as manager,
        pytest.raises(DuplicateModelException, match="already in the root comfy"),
    ):
        manager.installer.install_path(inside, to="comfy")


def test_a_job_that_is_taken_over_goes_to_the_same_root(
    settings: Settings, source: Path, comfy: Path
) -> None:
    with ModelManager(settings) as manager:
        service: ModelInstallService = manager.installer
        job = service.import_model(source, to="comfy")
        service.wait_for_installs()
        assert job.complete
        details = service.list_all_jobs()[0].details
    assert InstallDetails.decode(details).to == "comfy"
    with ModelManager(settings) as manager:
        [model] = manager.records.all_models()
        manager.installer.unconditionally_delete(model.key)
        manager.installer.library.state.jobs.update(
            job.id, JobChange(JobState.CANCELLED, ended_at=1.0)
        )
        again = manager.installer.control.retry(job.id)
        manager.installer.wait_for_installs()
        assert again.complete
    assert (comfy / "loras" / "style.safetensors").exists()
