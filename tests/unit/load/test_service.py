"""The load service: handles, what it needs, events; with a runtime without torch."""

from __future__ import annotations

import math
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from modelkeep import SubModelType
from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.events import LocalEventBus
from modelkeep.errors import (
    InvalidSettingsError,
    LoadMemoryError,
)
from modelkeep.load.info import ModelInfo
from modelkeep.load.service import ModelLoadService
from modelkeep.settings import Settings
from support.fake_loading import FakeLoader, FakePart, FakeRuntime
from support.load_world import World


class TestHandles:
    def test_a_handle_says_what_it_is_and_gives_the_part_inside_of_its_block(
        self, world: World
    ) -> None:
        key = world.main()
        info = world.service.get_model(key, SubModelType.Vae)
        assert isinstance(info, ModelInfo)
        assert (info.key, info.name, info.base_model) == (key, "main", "sd-1")
        assert (info.type, info.device) == (SubModelType.Vae, "cpu")
        assert info.location == world.path_of(key)
        assert info.precision == "torch.float32"
        assert info.bytes == 2 * info.location.stat().st_size // 2 * 2
        assert len(info.hash) == 64
        with info as vae:
            assert isinstance(vae, FakePart)
            assert vae.class_name == "FakeVae"
        assert world.runtime.loads == ["vae"]

    def test_who_wants_to_know_is_told_of_every_load(self, world: World) -> None:
        told: list[str] = []
        service = ModelLoadService(
            world.manager.settings,
            world.manager.records,
            library=world.manager.installer.library,
            runtime=FakeRuntime(),
            loaders=[FakeLoader()],
            on_loaded=told.append,
        )
        key = world.main()
        for _ in range(2):
            service.get_model(key, SubModelType.Vae)
        service.close()
        assert told == [key, key]

    def test_asking_again_loads_nothing(self, world: World) -> None:
        key = world.main()
        first, again = (world.service.get_model(key, "vae") for _ in range(2))
        assert not first.is_cached
        assert again.is_cached
        with first as one, again as other:
            assert one is other
        assert world.runtime.loads == ["vae"]

    def test_entering_loads_again_what_was_evicted_since(self, world: World) -> None:
        key = world.main()
        info = world.service.get_model(key, "vae")
        assert world.service.clear() == info.bytes
        with info as vae:
            assert isinstance(vae, FakePart)
        assert world.runtime.loads == ["vae", "vae"]

    def test_a_part_in_use_stays_until_its_last_block_ends(self, world: World) -> None:
        key = world.main()
        info = world.service.get_model(key, "vae")
        with info:
            with info:
                assert world.service.loaded()[0].users == 2
            assert world.service.clear() == 0
            assert world.service.evict(key) == 1
            assert world.runtime.host.used == info.bytes
        assert world.runtime.host.used == 0

    def test_an_exception_lets_go(self, world: World) -> None:
        info = world.service.get_model(world.main(), "vae")
        with pytest.raises(ZeroDivisionError), info:
            raise ZeroDivisionError
        assert [part.users for part in world.service.loaded()] == [0]

    def test_several_threads_use_one_handle(self, world: World) -> None:
        info = world.service.get_model(world.main(), "vae")
        met = threading.Barrier(4)
        threads = [threading.Thread(target=_use, args=(info, met)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [part.users for part in world.service.loaded()] == [0]
        assert world.runtime.loads == ["vae"]

    def test_what_use_changes_is_handed_out_as_a_copy(self, world: World) -> None:
        info = world.service.get_model(world.main(), "scheduler")
        with info as one, info as other:
            assert one is not other
        assert world.runtime.loads == ["scheduler"]

    def test_a_part_that_somebody_changed_is_loaded_again(self, world: World) -> None:
        info = world.service.get_model(world.main(), "vae")
        with info as vae:
            assert isinstance(vae, FakePart)
            vae.was_changed = True
        assert world.service.loaded() == []
        assert world.told[-1][0] == "model_unloaded"
        assert world.told[-1][1]["reason"] == "changed"
        with info as again:
            assert again is not vae


def _use(info: ModelInfo, met: threading.Barrier) -> None:
    with info:
        met.wait()


class TestEvents:
    def test_a_load_tells_how_it_goes_with_the_ids_of_who_asked(self, world: World) -> None:
        key = world.main()
        theirs = LocalEventBus()
        told: list[str] = []
        theirs.subscribe(lambda _topic, payload: told.append(payload["event"]))
        context = SimpleNamespace(queue_id="q", services=SimpleNamespace(events=theirs))
        seen: list[tuple[int, int]] = []
        info = world.service.get_model(
            key, "vae", context, on_progress=lambda done, total: seen.append((done, total))
        )
        names = world.names()
        assert (names[0], names[-1]) == ("model_load_started", "model_load_completed")
        assert set(names[1:-1]) == {"model_load_progress"}
        assert told == names
        assert seen[-1] == (info.location.stat().st_size // 2 * 2,) * 2
        for _, data in world.told:
            assert data["queue_id"] == "q"
            assert data["queue_item_id"] is None
            assert (data["model_key"], data["submodel"]) == (key, "vae")
            assert (data["hash"], data["location"]) == (info.hash, str(info.location))
            assert data["precision"] == "float32"

    def test_a_failure_is_told(self, world: World) -> None:
        key = world.main()
        world.runtime.host.size = 0
        with pytest.raises(LoadMemoryError):
            world.service.get_model(key, "vae")
        assert world.names("model_load_progress") == ["model_load_started", "model_load_error"]
        assert world.told[-1][1]["error_type"] == "LoadMemoryError"


def test_forever_is_the_default_time_to_stay(world: World, tmp_path: Path) -> None:
    assert world.manager.settings.keep_alive == "forever"
    settings = Settings(root=tmp_path / "other", keep_alive=5)
    assert settings.keep_alive == 5
    assert not math.isinf(float(settings.keep_alive))
    for name in ("ram_cache_gb", "vram_cache_gb"):
        with pytest.raises(InvalidSettingsError, match=name):
            Settings(root=tmp_path / "other", **{name: math.inf})


def test_records_of_the_specification_are_needed_alone(world: World) -> None:
    key = world.main()
    service = ModelLoadService(
        world.manager.settings,
        world.manager.records,
        runtime=world.runtime,
        loaders=[FakeLoader()],
    )
    record: ModelConfigBase = world.manager.records.get_model(key)
    assert service.get_model(key, SubModelType("vae")).name == record.name
    service.close()
