"""The load service: budgets, times to stay, full memory, devices."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelkeep.errors import (
    LoadMemoryError,
)
from modelkeep.settings import Settings
from support.fake_loading import FakePart
from support.load_world import World, make_world
from support.tiny import embedding
from support.waiting import until


class TestMemory:
    def test_the_budget_holds_while_nothing_is_in_use(self, tmp_path: Path) -> None:
        size = embedding(tmp_path / "probe.safetensors").stat().st_size // 2 * 4
        settings = Settings(root=tmp_path / "library", ram_cache_gb=2.5 * size / 1e9)
        for world in make_world(settings):
            keys = [world.main(f"m{n}", n + 1) for n in range(4)]
            for key in keys:
                world.service.get_model(key, "vae")
            assert len(world.service.loaded()) == 2
            (stats,) = world.service.stats()
            assert stats.bytes == world.runtime.host.used == 2 * size
            assert (stats.misses, stats.evictions) == (4, 2)

    @pytest.mark.slow
    def test_what_is_larger_than_the_budget_is_loaded_once_for_its_first_use(
        self, tmp_path: Path
    ) -> None:
        for world in make_world(Settings(root=tmp_path / "library", ram_cache_gb=1e-6)):
            with world.service.get_model(world.main(), "vae"):
                assert world.runtime.loads == ["vae"]
            assert world.runtime.host.used == 0

    def test_a_time_to_stay_of_nothing_frees_it_after_its_use(self, world: World) -> None:
        info = world.service.get_model(world.main(), "vae", keep_alive=0)
        with info:
            assert world.runtime.host.used == info.bytes
        assert world.runtime.host.used == 0
        assert world.runtime.loads == ["vae"]

    @pytest.mark.slow
    def test_a_time_to_stay_ends_by_itself(self, world: World) -> None:
        with world.service.get_model(world.main(), "vae", keep_alive=0.01):
            pass
        until(lambda: world.runtime.host.used == 0)
        assert world.told[-1][1]["reason"] == "expired"

    def test_full_memory_is_tried_once_more_after_evicting(self, world: World) -> None:
        old = world.service.get_model(world.main("old"), "vae")
        world.runtime.host.failing = {world.runtime.host.allocations + 1}
        new = world.service.get_model(world.main("new", 2), "vae")
        assert [part.name for part in world.service.loaded()] == ["new"]
        assert world.runtime.host.used == new.bytes == old.bytes

    def test_memory_that_stays_full_is_an_error_with_numbers(self, world: World) -> None:
        used = world.service.get_model(world.main("used"), "vae")
        world.runtime.host.size = used.bytes + 10
        key = world.main("large", 2)
        with used:
            with pytest.raises(LoadMemoryError) as caught:
                world.service.get_model(key, "vae")
            assert caught.value.needed == used.bytes
            assert caught.value.available > 0
            assert "vae of large does not fit in the memory of cpu" in str(caught.value)
        (stats,) = world.service.stats()
        assert stats.bytes == world.runtime.host.used == used.bytes
        assert world.service.get_model(key, "vae").bytes == used.bytes

    def test_a_gpu_has_copies_of_its_own(self, world: World) -> None:
        key = world.main()
        info = world.service.get_model(key, "vae", device="cuda:0", precision="float16")
        assert world.runtime.gpu.used == info.bytes
        with info as vae:
            assert isinstance(vae, FakePart)
            assert vae.device is world.runtime.gpu
        del vae
        assert world.runtime.loads == ["vae"]
        assert world.service.evict(key) == 2
        assert (world.runtime.gpu.used, world.runtime.host.used) == (0, 0)

    def test_what_is_larger_than_a_gpu_runs_on_it_piece_by_piece(self, tmp_path: Path) -> None:
        for world in make_world(Settings(root=tmp_path / "library", vram_cache_gb=1e-6)):
            info = world.service.get_model(world.main(), "vae", device="cuda:0")
            with info:
                assert world.runtime.gpu.streaming == 1
            assert (world.runtime.gpu.streaming, world.runtime.gpu.used) == (0, 0)

    def test_a_look_ahead_reads_nothing(self, tmp_path: Path) -> None:
        size = embedding(tmp_path / "probe.safetensors").stat().st_size // 2 * 4
        settings = Settings(root=tmp_path / "library", ram_cache_gb=1.5 * size / 1e9)
        for world in make_world(settings):
            first, other = world.main(), world.main("other", 2)
            seen = world.service.peek(first, "vae")
            assert (seen.bytes, seen.class_name, seen.is_loaded) == (size, "FakeVae", False)
            assert (seen.fits, seen.would_go, seen.precision) == (True, (), "float32")
            assert world.runtime.loads == []
            with world.service.get_model(first, "vae"):
                assert world.service.peek(first, "vae").is_loaded
                assert not world.service.peek(other, "vae").fits
            seen = world.service.peek(other, "vae")
            assert seen.fits
            assert seen.would_go == ("main (vae float32)",)
