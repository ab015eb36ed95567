"""Jobs of the install service: the specification's calls, events and words."""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from integration.world import Bus, World, open_world, slow_identify, snapshot
from modelkeep.app.install_service import ModelInstallService
from modelkeep.app.manager import ModelManager
from modelkeep.core.events import LocalEventBus
from modelkeep.core.identity import Identification
from modelkeep.disk import paths
from modelkeep.errors import (
    InvalidModelConfigException,
    JobCancelledError,
    ServiceInactiveException,
    UnknownInstallJobException,
    UsageError,
)
from modelkeep.install.job import InstallStatus, ModelInstallJob
from modelkeep.sources.local import LocalModelSource
from support import tiny
from support.waiting import PATIENCE


def test_an_import_tells_the_bus_that_it_runs_and_that_it_is_done(world: World) -> None:
    source = LocalModelSource(path=tiny.embedding(world.downloads / "sushi.safetensors", 1))
    job = world.service.import_model(source)
    assert world.service.wait_for_installs() == [job]
    assert (job.status, job.complete, job.in_terminal_state) == ("completed", True, True)
    assert world.bus.names == ["model_install_running", "model_install_completed"]
    running, done = (payload["data"] for payload in world.bus.told)
    size = Path(source.path).stat().st_size
    assert running.keys() == {"id", "source", "timestamp"}
    assert job.config_out is not None
    assert done == {
        "id": job.id,
        "source": str(source),
        "key": job.config_out.key,
        "total_bytes": size,
        "timestamp": done["timestamp"],
    }
    assert abs(done["timestamp"] - time.time()) < 60
    assert (job.bytes, job.total_bytes) == (size, size)
    json.dumps(world.bus.told)


def test_the_document_calls_it_install_model_and_indexes_by_source(world: World) -> None:
    sources = [
        LocalModelSource(path=tiny.embedding(world.downloads / f"{n}.safetensors", n))
        for n in range(3)
    ]
    for source in sources:
        world.service.install_model(source)
    done = world.service.wait_for_installs(timeout=PATIENCE)
    assert isinstance(done, list)
    for source in sources:
        assert done[source].complete
        assert done[str(source)] is done[Path(source.path)] is done[source]
    with pytest.raises(KeyError):
        done["elsewhere"]
    assert done[0].source == sources[0]
    assert [job.source for job in done[1:]] == sources[1:]


def test_a_failed_import_says_why_and_changes_nothing(world: World) -> None:
    bad = world.downloads / "bad.safetensors"
    bad.write_bytes(b"no model at all, only some words that are long enough")
    before = snapshot(world.settings.root, world.downloads)
    job = world.service.import_model(LocalModelSource(path=bad))
    world.service.wait_for_installs()
    assert job.errored
    assert world.bus.names == ["model_install_running", "model_install_error"]
    told = world.bus.told[1]["data"]
    assert told.keys() == {"id", "source", "error_type", "error", "timestamp"}
    assert (told["error_type"], told["error"]) == (job.error_type, job.error)
    assert str(bad) in told["error"]
    assert "Traceback" in told["error"]
    assert job.hint
    assert snapshot(world.settings.root, world.downloads) == before


def test_jobs_are_found_by_source_and_by_id(world: World) -> None:
    path = tiny.embedding(world.downloads / "a.safetensors")
    job = world.service.import_model(LocalModelSource(path=path))
    for same in (LocalModelSource(path=path), str(path), path):
        assert world.service.get_job_by_source(same) == [job]
    assert world.service.get_job_by_source(str(path) + "x") == []
    assert world.service.get_job_by_id(job.id) is job
    with pytest.raises(ValueError, match="No install job 999") as caught:
        world.service.get_job_by_id(999)
    assert isinstance(caught.value, UnknownInstallJobException)
    world.service.wait_for_installs()


def test_inplace_is_carried_to_the_job_and_the_file_stays(world: World) -> None:
    path = tiny.embedding(world.downloads / "a.safetensors")
    job = world.service.import_model(LocalModelSource(path=path, inplace=True))
    world.service.wait_for_installs()
    assert job.inplace
    assert job.config_out is not None
    assert job.config_out.path == str(path)
    assert job.local_path == path


def test_pruning_forgets_what_has_ended(world: World) -> None:
    world.service.import_model(tiny.embedding(world.downloads / "a.safetensors"))
    world.service.import_model(world.downloads / "missing.safetensors")
    world.service.wait_for_installs()
    assert len(world.service.list_jobs()) == len(world.service.list_all_jobs()) == 2
    world.service.prune_jobs()
    assert world.service.list_jobs() == []
    assert world.service.list_all_jobs() == []
    assert world.service.wait_for_installs() == []
    assert len(world.records.all_models()) == 1


def test_a_service_works_between_start_and_stop(world: World) -> None:
    path = tiny.embedding(world.downloads / "a.safetensors")
    with pytest.raises(ServiceInactiveException, match="already"):
        world.service.start()
    world.service.stop()
    world.service.stop()
    with pytest.raises(ServiceInactiveException, match="not running"):
        world.service.import_model(path)
    world.service.start()
    job = world.service.import_model(path)
    world.service.wait_for_installs()
    assert job.complete


def test_before_the_start_no_job_is_taken(world: World) -> None:
    service = ModelInstallService(world.settings, world.records)
    with pytest.raises(ServiceInactiveException) as caught:
        service.import_model(tiny.embedding(world.downloads / "a.safetensors"))
    assert caught.value.hint
    assert service.event_bus is None
    service.close()


def test_the_properties_are_what_was_given(world: World) -> None:
    assert world.service.event_bus is world.bus
    assert world.service.app_config is world.settings
    assert world.service.record_store is world.records


def test_something_that_is_no_source_is_refused(world: World) -> None:
    wrong: Any = 7
    with pytest.raises(UsageError, match="7"):
        world.service.import_model(wrong)


def test_events_tell_two_installs_of_one_source_apart(world: World) -> None:
    source = tiny.embedding(world.downloads / "a.safetensors")
    jobs = [world.service.import_model(source) for _ in range(2)]
    world.service.wait_for_installs()
    told = [(each["data"]["id"], each["event"]) for each in world.bus.told]
    ends = ["model_install_running", "model_install_completed"]
    assert told == [(job.id, name) for job in jobs for name in ends]


@pytest.mark.parametrize("interval", [None, 1e-6])
def test_no_job_is_lost_however_many_threads_submit(tmp_path: Path, interval: float | None) -> None:
    gate = threading.Event()
    world = open_world(tmp_path, slow_identify(lambda: _pass(gate)))
    first = world.service.import_model(tiny.embedding(world.downloads / "a.safetensors"))
    submitted: list[list[ModelInstallJob]] = [[] for _ in range(8)]

    def submit(number: int) -> None:
        for each in range(150):
            source = world.downloads / f"{number}-{each}.safetensors"
            submitted[number].append(world.service.import_model(source))

    threads = [threading.Thread(target=submit, args=(number,)) for number in range(8)]
    before = sys.getswitchinterval()
    sys.setswitchinterval(interval or before)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    jobs = [first, *(job for some in submitted for job in some)]
    numbers = {job.id for job in jobs}
    assert len(numbers) == len(jobs) == 1201
    assert {job.id for job in world.service.list_jobs()} == numbers
    assert {row.id for row in world.service.list_all_jobs()} == numbers
    assert all(world.service.get_job_by_id(job.id) is job for job in jobs)
    for job in jobs[1::2]:
        world.service.cancel_job(job)
    gate.set()
    assert set(world.service.wait_for_installs()) == set(jobs)
    assert {job.status for job in jobs[1::2]} == {InstallStatus.CANCELLED}
    assert {job.status for job in jobs[2::2]} == {InstallStatus.ERROR}
    assert len([name for name in world.bus.names if "cancelled" in name]) == 600
    world.close()


# -- what foreign code does


def test_an_error_of_a_foreign_kind_ends_one_job_alone(tmp_path: Path) -> None:
    def broken(path: Path, strict: bool) -> Identification:
        if path.name.startswith("bad"):
            raise RuntimeError("a family with a fault")
        return slow_identify(lambda: None)(path, strict)

    world = open_world(tmp_path, broken)
    first = world.service.import_model(tiny.embedding(world.downloads / "bad.safetensors", 1))
    second = world.service.import_model(tiny.embedding(world.downloads / "good.safetensors", 2))
    world.service.wait_for_installs()
    assert (first.error_type, second.complete) == ("RuntimeError", True)
    assert "a family with a fault" in (first.error or "")
    names = [payload["event"] for payload in world.bus.told if payload["data"]["id"] == first.id]
    assert names == ["model_install_running", "model_install_error"]
    world.close()


def test_a_handler_that_raises_does_no_harm(tmp_path: Path) -> None:
    told: list[str] = []
    bus = LocalEventBus()

    def fails(topic: str, payload: dict[str, Any]) -> None:
        raise RuntimeError(topic, payload)

    bus.subscribe(fails)
    bus.subscribe(lambda _topic, payload: told.append(payload["event"]))
    settings = open_world(tmp_path).settings
    with ModelManager(settings, event_bus=bus) as manager:
        job = manager.installer.import_model(tiny.embedding(tmp_path / "a.safetensors"))
        manager.installer.wait_for_installs()
    assert job.complete
    assert told == ["model_install_running", "model_install_completed"]


def test_a_bus_that_raises_does_no_harm(world: World) -> None:
    class Broken(Bus):
        def dispatch(self, topic: str, payload: dict[str, Any]) -> None:
            super().dispatch(topic, payload)
            raise RuntimeError

    service = ModelInstallService(world.settings, world.records, event_bus=Broken())
    service.start()
    jobs = [
        service.import_model(tiny.embedding(world.downloads / f"{n}.safetensors", n))
        for n in range(2)
    ]
    service.wait_for_installs(timeout=PATIENCE)
    assert [job.status for job in jobs] == ["completed", "completed"]
    service.close()


# -- waiting and cancelling


def test_waiting_comes_back_when_the_time_is_over(tmp_path: Path) -> None:
    gate = threading.Event()
    world = open_world(tmp_path, slow_identify(lambda: _pass(gate)))
    job = world.service.import_model(tiny.embedding(world.downloads / "a.safetensors"))
    back = world.service.wait_for_installs(timeout=1)
    assert back == [job]
    assert not job.in_terminal_state
    gate.set()
    assert world.service.wait_for_installs()[job.source].complete
    world.close()


def _pass(gate: threading.Event) -> None:
    assert gate.wait(PATIENCE)


def test_a_waiting_job_is_cancelled_at_once(tmp_path: Path) -> None:
    gate = threading.Event()
    world = open_world(tmp_path, slow_identify(lambda: _pass(gate)))
    first = world.service.import_model(tiny.embedding(world.downloads / "a.safetensors", 1))
    second = world.service.import_model(tiny.embedding(world.downloads / "b.safetensors", 2))
    world.service.cancel_job(second)
    assert second.cancelled
    assert "model_install_cancelled" in world.bus.names
    gate.set()
    world.service.wait_for_installs()
    world.service.cancel_job(first)
    assert first.complete
    sources = [p["data"]["source"] for p in world.bus.told if "cancelled" in p["event"]]
    assert sources == [str(second.source)]
    assert [row.status for row in world.service.list_all_jobs()] == ["completed", "cancelled"]
    assert len(world.records.all_models()) == 1
    world.close()


def test_a_copy_is_cancelled_within_a_piece(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tiny.embedding(world.downloads / "big.safetensors", 1, vectors=6000)
    before = snapshot(world.settings.root, world.downloads)
    held = threading.Event()
    pieces: list[int] = []
    real = paths._write_all

    def slow(fd: int, piece: memoryview, position: int) -> None:
        real(fd, piece, position)
        if len(piece) > 1_000_000:
            pieces.append(len(piece))
            world.service.cancel_job(job)
            held.set()

    monkeypatch.setattr(paths, "_write_all", slow)
    job = world.service.import_model(source)
    world.service.wait_for_installs()
    assert held.is_set()
    assert job.cancelled
    assert len(pieces) == 1
    assert world.bus.names == ["model_install_running", "model_install_cancelled"]
    assert snapshot(world.settings.root, world.downloads) == before
    assert list(world.settings.staging_dir.iterdir()) == []


@pytest.mark.parametrize("during", ["compare", "verify"])
def test_reading_back_and_comparing_are_cancelled_too(
    world: World, monkeypatch: pytest.MonkeyPatch, during: str
) -> None:
    from modelkeep.library import duplicates

    source = tiny.embedding(world.downloads / "big.safetensors", 1, vectors=6000)
    if during == "compare":
        other = tiny.embedding(world.downloads / "first.safetensors", 1, vectors=6000)
        world.service.register_path(other)
        module: Any = duplicates
    else:
        module = paths
    real = module.hash_file
    was_stopped: list[bool] = []

    def hashing(path: Path, algorithms: Any = ("blake3",), progress: Any = None) -> Any:
        world.service.cancel_job(job)
        try:
            return real(path, algorithms, progress)
        except JobCancelledError:
            was_stopped.append(True)
            raise

    monkeypatch.setattr(module, "hash_file", hashing)
    job = world.service.import_model(source)
    world.service.wait_for_installs()
    assert was_stopped == [True]
    assert job.cancelled


def test_stopping_cancels_what_waits(tmp_path: Path) -> None:
    gate = threading.Event()
    world = open_world(tmp_path, slow_identify(lambda: _pass(gate)))
    first = world.service.import_model(tiny.embedding(world.downloads / "a.safetensors", 1))
    while first.waiting:
        time.sleep(0.01)
    second = world.service.import_model(tiny.embedding(world.downloads / "b.safetensors", 2))
    stopper = threading.Thread(target=world.service.stop)
    stopper.start()
    while not second.in_terminal_state:
        time.sleep(0.01)
    gate.set()
    stopper.join(PATIENCE)
    assert (first.status, second.status) == (InstallStatus.COMPLETED, InstallStatus.CANCELLED)
    world.close()


def test_jobs_are_seen_by_another_manager(world: World) -> None:
    good = world.service.import_model(tiny.embedding(world.downloads / "a.safetensors"))
    world.service.import_model(world.downloads / "missing.safetensors")
    world.service.wait_for_installs()
    with ModelManager(world.settings) as other:
        assert other.installer.list_jobs() == []
        done, failed = other.installer.list_all_jobs()
    assert good.config_out is not None
    assert (done.status, done.key) == ("completed", good.config_out.key)
    assert done.bytes == done.total_bytes > 0
    assert done.ended_at is not None
    assert (failed.status, failed.error_type) == ("error", "SourceNotFoundError")
    assert failed.error
    assert failed.hint
    assert "Traceback" not in failed.error


# -- overrides


def test_fields_of_the_caller_win(world: World) -> None:
    path = tiny.embedding(world.downloads / "a.safetensors")
    given = {"name": "Sushi", "description": "raw", "source": "a friend", "base_model": "sdxl"}
    key = world.service.install_path(path, given)
    config = world.records.get_model(key)
    assert (config.name, config.description, config.source) == ("Sushi", "raw", "a friend")
    assert config.base == "sdxl"
    assert config.path == "sdxl/embedding/a.safetensors"


def test_a_name_and_a_description_are_made_up(world: World) -> None:
    path = tiny.embedding(world.downloads / "style of day.safetensors")
    config = world.records.get_model(world.service.register_path(path))
    assert config.name == "style of day"
    assert config.description == "sd-1 embedding model style of day"
    assert config.source == str(path)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"type": "vae"}, "embedding_file"),
        ({"nonsense": 1}, "nonsense"),
        ({"name": 7}, "name"),
        ({"name": None}, "name"),
        ({"trigger_phrases": 7}, "trigger_phrases"),
        ({"type": "wheel"}, "should be one of"),
        ({"type": []}, "type"),
        ({"base": "sd-l"}, "sd-1"),
        ({"base": []}, "base"),
        ({"base": None}, "base"),
        ({"base_model": 5}, "base"),
        ({"source": 3}, "source"),
        ({"key": 3}, "key"),
    ],
    ids=str,
)
@pytest.mark.parametrize("way", ["register_path", "install_path"])
def test_fields_that_do_not_fit_are_refused(
    world: World, given: dict[str, Any], said: str, way: str
) -> None:
    path = tiny.embedding(world.downloads / "a.safetensors")
    before = snapshot(world.settings.root, world.downloads)
    with pytest.raises(ValidationError, match=said) as caught:
        getattr(world.service, way)(path, given)
    assert isinstance(caught.value, InvalidModelConfigException)
    assert snapshot(world.settings.root, world.downloads) == before
    assert world.records.all_models() == []


def test_an_unknown_base_is_answered_with_the_nearest(world: World) -> None:
    path = tiny.embedding(world.downloads / "a.safetensors")
    with pytest.raises(InvalidModelConfigException) as caught:
        world.service.register_path(path, {"base": "sdxll"})
    assert "sdxl" in caught.value.hint
    key = world.service.register_path(path)
    for name in ("base", "base_model"):
        with pytest.raises(InvalidModelConfigException, match="sdxl"):
            world.service.edit(key, {name: "sdxll"})


def test_a_key_of_the_caller_is_kept_whatever_it_is(world: World) -> None:
    precious = world.service.install_path(tiny.lora(world.downloads / "p.safetensors", 3))
    kept = world.place(precious).read_bytes()
    for number, key in enumerate(["short", "../sd-1", "/tmp/x", "a/b", "..", "k" * 400, "日本"]):
        path = tiny.embedding(world.downloads / f"{number}.safetensors", number)
        outside = snapshot(world.downloads)
        assert world.service.install_path(path, {"key": key}) == key
        assert world.place(key).read_bytes() == path.read_bytes()
        assert snapshot(world.downloads) == outside
        world.service.delete(key)
        assert world.service.restore(key).key == key
        assert world.place(key).read_bytes() == path.read_bytes()
        assert world.place(precious).read_bytes() == kept
    assert list(world.settings.staging_dir.iterdir()) == []


@pytest.mark.parametrize("way", ["register_path", "install_path"])
def test_a_key_that_is_taken_is_refused(world: World, way: str) -> None:
    from modelkeep.errors import DuplicateModelException

    key = world.service.install_path(tiny.lora(world.downloads / "p.safetensors", 3))
    before = snapshot(world.settings.root, world.downloads)
    other = world.downloads / "other.safetensors"
    tiny.embedding(other)
    before = snapshot(world.settings.root, world.downloads)
    with pytest.raises(DuplicateModelException, match=key):
        getattr(world.service, way)(other, {"key": key})
    assert snapshot(world.settings.root, world.downloads) == before
    assert [config.type for config in world.records.all_models()] == ["lora"]
