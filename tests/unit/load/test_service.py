"""The load service: handles, parts, changed files, memory, events; with a runtime without torch."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from modelkeep import ModelManager, SubModelType
from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.events import LocalEventBus
from modelkeep.errors import (
    ChangedModelError,
    DeviceError,
    InvalidModelException,
    InvalidSettingsError,
    LoadCancelledError,
    LoadMemoryError,
    LoadTimeoutError,
    MissingPartError,
    ModelNotFoundException,
    ServiceInactiveException,
    UnknownModelException,
    UnreadableSourceError,
    UsageError,
)
from modelkeep.load.info import ModelInfo
from modelkeep.load.model_files import ModelFiles
from modelkeep.load.plan import LoadPlan
from modelkeep.load.prefetch import Prefetch
from modelkeep.load.service import ModelLoadService
from modelkeep.settings import Settings
from support.fake_loading import STEP, FakeLoader, FakePart, FakeRuntime
from support.tiny import embedding
from support.waiting import until


@dataclass
class World:
    """A library with a loader and a runtime without torch."""

    manager: ModelManager
    runtime: FakeRuntime
    service: ModelLoadService
    told: list[tuple[str, dict[str, Any]]]

    def main(self, name: str = "main", fill: int = 1, **fields: Any) -> str:
        """Install a file and have its record say that it is a main model."""
        return self.add(name, fill, type="main", base="sd-1", format="checkpoint", **fields)

    def add(self, name: str, fill: int, **fields: Any) -> str:
        path = embedding(self.manager.settings.root / f"in/{name}.safetensors", fill=fill)
        key = self.manager.installer.install_path(path, {"name": name, **fields})
        return str(key)

    def path_of(self, key: str) -> Path:
        return self.manager.path_of(self.manager.records.get_model(key))

    def names(self, *skipped: str) -> list[str]:
        return [name for name, _ in self.told if name not in skipped]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    yield from make_world(Settings(root=tmp_path / "library"))


def make_world(settings: Settings) -> Iterator[World]:
    bus, told = LocalEventBus(), []
    bus.subscribe(lambda _topic, payload: told.append((payload["event"], payload["data"])))
    runtime = FakeRuntime()
    with ModelManager(settings) as manager:
        service = ModelLoadService(
            manager.settings,
            manager.records,
            event_bus=bus,
            library=manager.installer.library,
            runtime=runtime,
            loaders=[FakeLoader()],
        )
        yield World(manager, runtime, service, told)
        service.close()


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


class TestParts:
    def test_a_main_model_needs_a_part_to_be_named(self, world: World) -> None:
        with pytest.raises(MissingPartError) as caught:
            world.service.get_model(world.main())
        assert "vae, unet, scheduler" in caught.value.hint

    def test_a_part_that_is_not_there_names_those_that_are_and_what_could_stand_in(
        self, world: World
    ) -> None:
        key = world.main()
        other = world.add("clip", 7, type="clip_embed", base="sd-1", format="checkpoint")
        world.add("xl", 8, type="clip_embed", base="sdxl", format="checkpoint")
        with pytest.raises(MissingPartError) as caught:
            world.service.get_model(key, "text_encoder")
        assert "vae, unet, scheduler" in str(caught.value)
        assert f"clip ({other})" in caught.value.hint
        assert "xl" not in caught.value.hint

    def test_a_model_that_is_one_thing_has_no_parts(self, world: World) -> None:
        key = world.add("vae", 3, type="vae", base="sd-1", format="checkpoint")
        assert world.service.get_model(key).type == "vae"
        with pytest.raises(MissingPartError, match="has no parts"):
            world.service.get_model(key, "vae")

    def test_another_model_stands_in_for_a_part(self, world: World) -> None:
        key = world.main()
        vae = world.add("better", 3, type="vae", base="sd-1", format="checkpoint")
        info = world.service.get_model(key, "vae", parts={"vae": vae})
        assert info.location == world.path_of(vae)
        assert (info.type, info.to_json()["submodel"]) == (SubModelType.Vae, "vae")
        assert world.told[-1][1]["submodel"] == "vae"
        assert world.service.peek(key, "vae", parts={"vae": vae}).part == "vae"
        assert world.service.get_model(vae).is_cached, "the same contents are one entry"

    def test_what_is_no_such_part_cannot_stand_in_for_it(self, world: World) -> None:
        key = world.main()
        lora = world.add("style", 3, type="lora", base="sd-1", format="lycoris")
        with pytest.raises(MissingPartError, match="style cannot stand in for the part 'vae'"):
            world.service.get_model(key, "vae", parts={"vae": lora})
        world.manager.records.update_model(key, {"vae": world.manager.records.get_model(lora).path})
        with pytest.raises(MissingPartError, match="it is a model of type lora"):
            world.service.get_model(key, "vae")
        other = world.main("other", 5)
        assert world.service.get_model(key, "unet", parts={"unet": other}).class_name == "FakeUnet"

    def test_a_slip_in_the_name_of_a_part_is_said(self, world: World) -> None:
        key = world.main()
        vae = world.add("better", 3, type="vae", base="sd-1", format="checkpoint")
        for slip in ("vea", "text-encoder"):
            with pytest.raises(MissingPartError, match=f"has no part '{slip}'"):
                world.service.get_model(key, "vae", parts={slip: vae})
        assert not world.service.get_model(key, "vae", parts={"text_encoder_3": vae}).is_cached

    def test_a_part_of_two_models_goes_with_either(self, world: World) -> None:
        first, other = world.main("first"), world.main("other", 2)
        vae = world.add("better", 3, type="vae", base="sd-1", format="checkpoint")
        for key in (first, other):
            world.service.get_model(key, "vae", parts={"vae": vae})
        assert world.service.evict(first, "unet") == 0
        assert world.service.evict(first, "vae") == 1

    def test_the_vae_of_the_record_stands_in(self, world: World) -> None:
        vae = world.add("better", 3, type="vae", base="sd-1", format="checkpoint")
        path = world.manager.records.get_model(vae).path
        key = world.main()
        world.manager.records.update_model(key, {"vae": path})
        assert world.service.get_model(key, "vae").location == world.path_of(vae)
        assert world.service.get_model(key, "unet").location == world.path_of(key)

    def test_a_vae_of_the_record_that_is_gone_is_said(self, world: World) -> None:
        key = world.main()
        world.manager.records.update_model(key, {"vae": "sd-1/vae/gone.safetensors"})
        with pytest.raises(ModelNotFoundException, match="The VAE of main does not exist"):
            world.service.get_model(key, "vae")

    def test_a_model_of_a_kind_that_no_loader_takes_is_refused(self, world: World) -> None:
        key = world.add("up", 3, type="upscaler", base="any", format="checkpoint")
        with pytest.raises(InvalidModelException, match="no loader takes models of type upscaler"):
            world.service.get_model(key)

    def test_unknown_keys_devices_and_precisions_are_refused(self, world: World) -> None:
        key = world.main()
        with pytest.raises(UnknownModelException):
            world.service.get_model("nothing", "vae")
        with pytest.raises(DeviceError, match="no device 'cuda:7'"):
            world.service.get_model(key, "vae", device="cuda:7")
        with pytest.raises(UsageError, match="no precision 'float12'"):
            world.service.get_model(key, "vae", precision="float12")
        with pytest.raises(DeviceError, match="no device '0'"):
            world.service.get_model(key, "vae", device=0)
        assert world.runtime.loads == []

    @pytest.mark.parametrize("seconds", [-1, math.nan, "soon", True])
    def test_times_that_are_none_are_refused_before_anything_is_loaded(
        self, world: World, seconds: Any
    ) -> None:
        key = world.main()
        with pytest.raises(UsageError, match="keep_alive cannot be"):
            world.service.get_model(key, "vae", keep_alive=seconds)
        with pytest.raises(UsageError, match="timeout cannot be"):
            world.service.get_model(key, "vae", timeout=seconds)
        assert world.runtime.loads == []

    def test_devices_and_precisions_of_torch_are_taken_too(self, world: World) -> None:
        class Named(str):  # what torch.dtype and torch.device say of themselves
            __slots__ = ()

        key = world.main()
        info = world.service.get_model(
            key, "vae", device=Path("cpu"), precision=Named("torch.float16"), keep_alive="forever"
        )
        assert (info.device, info.precision) == ("cpu", "torch.float16")
        again = world.service.get_model(
            key, "vae", device=info.device, precision=info.precision, keep_alive=1e12
        )
        assert again.is_cached


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


class TestWaiting:
    def test_one_load_however_many_ask(self, world: World) -> None:
        key = world.main()
        met = threading.Barrier(8)
        world.runtime.gate = Gate(lambda: world.service.stats()[0].misses == 1)
        found: list[ModelInfo] = []

        def ask() -> None:
            met.wait()
            found.append(world.service.get_model(key, "vae"))

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 8
        assert world.runtime.loads == ["vae"]

    def test_a_background_load_can_be_waited_for_and_cancelled(self, world: World) -> None:
        key = world.main()
        info = world.service.prefetch(key, "vae").wait()
        assert world.service.get_model(key, "vae").is_cached
        world.service.clear()
        held, go = threading.Event(), threading.Event()

        def gate(_name: str) -> None:
            held.set()
            go.wait()

        world.runtime.gate = gate
        running = world.service.prefetch(key, "vae")
        assert held.wait(60)
        running.cancel()
        with pytest.raises(LoadCancelledError):
            running.wait()
        go.set()
        until(lambda: world.runtime.host.used == 0)
        assert running.is_done
        assert info.bytes > STEP

    def test_a_caller_may_give_up_after_a_time(self, world: World) -> None:
        key = world.main()
        go = threading.Event()
        world.runtime.gate = lambda _name: go.wait()
        with pytest.raises(LoadTimeoutError, match="vae of main was not loaded within"):
            world.service.get_model(key, "vae", timeout=0.01)
        go.set()

    def test_what_fails_in_a_listener_reaches_its_caller_alone(self, world: World) -> None:
        key = world.main()
        ahead: list[Prefetch] = []

        def fail(_done: int, _total: int) -> None:
            raise ZeroDivisionError

        def gate(_name: str) -> None:
            if not ahead:
                ahead.append(world.service.prefetch(key, "vae"))
                until(lambda: world.names("model_load_progress").count("model_load_started") == 2)

        world.runtime.gate = gate
        with pytest.raises(ZeroDivisionError):
            world.service.get_model(key, "vae", on_progress=fail)
        assert ahead[0].wait().key == key
        assert world.runtime.loads == ["vae"]

    def test_nothing_is_loaded_once_the_service_is_closed(self, world: World) -> None:
        key = world.main()
        held, go = threading.Event(), threading.Event()

        def gate(_name: str) -> None:
            held.set()
            go.wait()

        info = world.service.get_model(key, "unet")
        world.runtime.gate = gate
        running = world.service.prefetch(key, "vae")
        assert held.wait(60)
        world.service.close()
        with pytest.raises(LoadCancelledError):
            running.wait()
        go.set()
        with pytest.raises(ServiceInactiveException, match="is closed"):
            info.__enter__()
        with pytest.raises(ServiceInactiveException, match="is closed"):
            world.service.peek(key, "vae")


@dataclass
class Gate:
    """Holds the first step of a load until a fact is true."""

    is_true: Callable[[], bool]

    def __call__(self, _name: str) -> None:
        until(self.is_true)


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
