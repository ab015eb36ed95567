"""``kill -9`` of an install from a site, at every operation on the disk and at random moments.

The next run goes on by itself: the model is there once and whole, nothing lies about, and no file
is fetched again that had come.
"""

from __future__ import annotations

import os
import random
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from faults.crash import KILLED, Fault, in_child, planted
from modelkeep import HFModelSource, ModelManager, Settings
from modelkeep.disk import open_files
from sites.hub import COMMIT, HubServer
from sites.models import sdxl_pipeline
from sites.server import FILE_HOST, SITE_HOST
from support.tiny import safetensors_bytes

REPO = "artist/little-xl"
#: Kills at random moments, and how many operations lie between two at which it is killed.
KILLS = int(os.environ.get("MODELKEEP_KILLS", "6"))
STEP = int(os.environ.get("MODELKEEP_KILL_STEP", "8"))
_LARGE = "unet/diffusion_pytorch_model.fp16.safetensors"
_SECONDS = 60


def repository() -> dict[str, bytes]:
    """Return the files of a pipeline, of which one is worth several connections."""
    chosen = {
        name: content
        for name, content in sdxl_pipeline().items()
        if "fp16" in name or name.endswith((".json", ".txt"))
    }
    chosen = {name: content for name, content in chosen.items() if "index.json" not in name}
    chosen["model_index.json"] = sdxl_pipeline()["model_index.json"]
    large = safetensors_bytes({"layer.1.weight": ("F16", (1024, 2048))}, fill=7)
    return {**chosen, _LARGE: large}


FILES = repository()


@dataclass(frozen=True)
class World:
    """A library, and what the children tell of themselves."""

    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "library"

    @property
    def told(self) -> Path:
        return self.folder / "told.json"

    def settings(self, hub: HubServer) -> Settings:
        hosts = [SITE_HOST, FILE_HOST]
        return Settings(root=self.root, hf_endpoint=hub.endpoint, allow_private_hosts=hosts)

    def come(self) -> dict[str, int]:
        """Return the files that have come, each with its size."""
        [*folders] = (self.root / "models/.staging").glob("fetch-*/little-xl")
        found = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
        names = {path.relative_to(folders[0]).as_posix(): path for path in found}
        return {name: path.stat().st_size for name, path in names.items() if name in FILES}


def begin(world: World, fault: Fault, die_after: float = 0.0, rate: float | None = None) -> None:
    """Install, and die at some operation or after some time; tell how much there was to do."""
    with HubServer() as hub:
        hub.add(REPO, FILES)
        hub.rate = rate
        with ModelManager(world.settings(hub)) as manager:
            installer = manager.installer
            state: Any = installer.library.state
            store: Any = manager.records
            if die_after:
                threading.Timer(die_after, lambda: os._exit(KILLED)).start()
            holders = [(state, "_connection"), (store.db, "conn")]
            with planted(fault, *holders, others=(open_files,)):
                begun = time.monotonic()
                job = installer.import_model(HFModelSource(repo_id=REPO))
                installer.wait_for_installs(_SECONDS)
                took = time.monotonic() - begun
            assert job.complete, job.error
            world.told.write_bytes(msgspec.json.encode([fault.count, took]))


def go_on(world: World) -> None:
    """Go on with what was left, as the next run does; tell which files were fetched."""
    with HubServer() as hub:
        hub.add(REPO, FILES)
        with ModelManager(world.settings(hub)) as manager:
            installer = manager.installer
            jobs = installer.list_jobs()
            if not jobs and not manager.records.all_models():  # it had not been written down yet
                jobs = [installer.import_model(HFModelSource(repo_id=REPO))]
            installer.wait_for_installs(_SECONDS)
            assert all(job.complete for job in jobs), [job.error for job in jobs]
        begin = f"/{REPO}/resolve/{COMMIT}/"
        asked = [r.path.removeprefix(begin) for r in hub.requests(begin, SITE_HOST)]
        world.told.write_bytes(msgspec.json.encode(asked))


def check(world: World, had_come: dict[str, int]) -> None:
    """Look at what the second run has made of it."""
    asked = msgspec.json.decode(world.told.read_bytes(), type=list[str])
    again = [name for name, size in had_come.items() if size == len(FILES[name]) and name in asked]
    # The list of components is read before anything is chosen.
    assert set(again) <= {"model_index.json"}
    with ModelManager(Settings(root=world.root), takes_over=False) as manager:
        [record] = manager.records.all_models()
        top = manager.installer.library.path_of(record)
        found = {
            path.relative_to(top).as_posix(): path.read_bytes()
            for path in top.rglob("*")
            if path.is_file()
        }
        assert {name: FILES[name] for name in found} == found
        assert _LARGE in found
        assert len(manager.records.files(record.key)) == len(found)
        staging = manager.settings.staging_dir
        assert not staging.exists() or list(staging.iterdir()) == []
        assert [path for path in top.parent.iterdir() if path != top] == []
        statuses = {row.status for row in manager.installer.list_all_jobs()}
        assert statuses == {"completed"}


def killed(act: Callable[[], None]) -> bool:
    """Run a child that may be killed; tell whether it was."""
    status = in_child(act)
    assert status in {0, KILLED}
    return status == KILLED


def cut_off_and_go_on(world: World, act: Callable[[], None]) -> None:
    killed(act)
    had_come = world.come()
    assert in_child(lambda: go_on(world)) == 0
    check(world, had_come)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, float]:
    """How many operations an install has, and how many seconds it takes."""
    world = World(tmp_path_factory.mktemp("whole"))
    assert not killed(lambda: begin(world, Fault()))
    count, took = msgspec.json.decode(world.told.read_bytes(), type=tuple[int, float])
    assert count > 100
    return count, took


def test_killed_at_every_operation_on_the_disk(tmp_path: Path, measured: tuple[int, float]) -> None:
    count, _ = measured
    dice = random.Random(count)
    for at in range(1 + dice.randrange(STEP), count + 1, STEP):
        world = World(tmp_path / str(at))
        world.folder.mkdir()
        cut_off_and_go_on(world, partial(begin, world, Fault(at)))
        shutil.rmtree(world.folder)


def test_killed_at_random_moments(tmp_path: Path) -> None:
    dice = random.Random(7)
    size = len(FILES[_LARGE])
    for number in range(KILLS):
        world = World(tmp_path / str(number))
        world.folder.mkdir()
        # Eight connections at this rate take about half a second.
        moment = dice.uniform(0.05, 0.8)
        act = partial(begin, world, Fault(), die_after=moment, rate=size / 4)
        cut_off_and_go_on(world, act)


def test_killed_again_and_again(tmp_path: Path) -> None:
    dice = random.Random(11)
    world = World(tmp_path)
    size = len(FILES[_LARGE])
    for _ in range(3):
        moment = dice.uniform(0.1, 0.4)
        killed(partial(begin, world, Fault(), die_after=moment, rate=size / 4))
    had_come = world.come()
    assert in_child(lambda: go_on(world)) == 0
    check(world, had_come)
