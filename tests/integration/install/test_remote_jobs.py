"""Installs from the network as jobs: their states, their events, and what stays of each."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from faults.pages import Page, Request, status
from modelkeep import HFModelSource, ModelInstallJob, ModelManager, URLModelSource
from modelkeep.core.events import LocalEventBus
from sites.fixtures import Environment
from sites.hub import COMMIT, HubServer
from sites.models import sdxl_lora, sdxl_pipeline
from sites.server import FILE_HOST
from support.waiting import PATIENCE, until

REPO = "artist/little-xl"
UNET = "unet/diffusion_pytorch_model.fp16.safetensors"
Events = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def files(hub: HubServer) -> dict[str, bytes]:
    """The files of a repository that the hub has."""
    files = sdxl_pipeline()
    hub.add(REPO, files, tags=["text-to-image", "tiny"])
    return files


@pytest.fixture
def told(manager: ModelManager) -> Events:
    """The events of the library."""
    events: Events = []
    assert isinstance(manager.events, LocalEventBus)
    manager.events.subscribe(lambda _, payload: events.append((payload["event"], payload["data"])))
    return events


def finished(job: ModelInstallJob, manager: ModelManager) -> ModelInstallJob:
    manager.installer.wait_for_installs(PATIENCE)
    assert job.is_settled, job.status
    return job


def staging(manager: ModelManager) -> list[Path]:
    folder = manager.settings.staging_dir
    return list(folder.iterdir()) if folder.exists() else []


def findings(environment: Environment) -> str:
    return environment.program.call("doctor", status=None).out


@pytest.mark.usefixtures("told")
def test_a_repository_is_installed_whole(manager: ModelManager, files: dict[str, bytes]) -> None:
    job = manager.installer.import_model(HFModelSource(repo_id=REPO))
    assert job.waiting
    finished(job, manager)
    assert job.complete, job.error
    record = job.config_out
    assert record is not None
    assert record.source == f"{REPO}@{COMMIT}:fp16"
    assert (record.type, record.base, record.format) == ("main", "sdxl", "diffusers")
    top = manager.installer.library.path_of(record)
    for file in manager.records.files(record.key):
        path = manager.installer.library.path_of(file)
        assert path.read_bytes() == files[path.relative_to(top).as_posix()]
    large = [
        file for file in manager.records.files(record.key) if file.path.endswith("safetensors")
    ]
    assert large
    assert all(file.sha256 for file in large)
    assert staging(manager) == []
    assert job.bytes == job.total_bytes == sum(part.bytes for part in job.download_parts)
    assert job.local_path.name == "little-xl"
    metadata = manager.records.get_metadata(record.key)
    assert metadata is not None
    assert metadata == job.source_metadata
    assert metadata.author == "artist"
    assert manager.metadata.search_by_tag({"tiny"}) == {record.key}


@pytest.mark.usefixtures("told")
def test_a_repository_that_lost_a_file_is_that_record_again(
    manager: ModelManager, files: dict[str, bytes]
) -> None:
    record = finished(manager.installer.import_model(REPO), manager).config_out
    assert record is not None
    manager.installer.edit(record.key, {"name": "Mine", "description": "for evenings"})
    top = manager.installer.library.path_of(record)
    (top / UNET).unlink()
    plan = manager.installer.plan(REPO)
    assert plan.repairs == record.key
    job = finished(manager.installer.import_model(REPO), manager)
    assert job.complete, job.error
    assert job.is_repaired
    [again] = manager.records.all_models()
    assert (again.key, again.name, again.description) == (record.key, "Mine", "for evenings")
    assert manager.installer.library.path_of(again) == top
    assert (top / UNET).read_bytes() == files[UNET]
    assert staging(manager) == []


@pytest.mark.usefixtures("files")
def test_the_events_of_an_install(manager: ModelManager, told: Events) -> None:
    job = finished(manager.installer.import_model(f"{REPO}:fp16"), manager)
    installs = [(name, data) for name, data in told if name.startswith("model_install")]
    names = [name for name, _ in installs]
    assert names == [
        *["model_install_downloading"] * (len(names) - 2),
        "model_install_running",
        "model_install_completed",
    ]
    assert len(names) > len(job.download_parts)
    for _, data in installs:
        assert (data["id"], data["source"]) == (job.id, str(job.source))
        assert isinstance(data["timestamp"], int)
    last = installs[-3][1]
    assert last["local_path"] == str(job.local_path)
    assert last["bytes"] == last["total_bytes"] == job.total_bytes
    assert len(last["parts"]) == len(job.download_parts)
    for part in last["parts"]:
        assert part["url"] == part["source"]
        assert set(part) == {"url", "source", "local_path", "bytes", "total_bytes"}
        assert part["bytes"] == part["total_bytes"]
    assert installs[-1][1]["key"] == (job.config_out.key if job.config_out else "")
    assert installs[-1][1]["total_bytes"] == job.total_bytes


@pytest.mark.usefixtures("files")
def test_what_is_there_already_is_not_fetched(manager: ModelManager, hub: HubServer) -> None:
    first = finished(manager.installer.import_model(HFModelSource(repo_id=REPO)), manager)
    assert first.config_out is not None
    asked = len(hub.requests(host=FILE_HOST))
    again = finished(manager.installer.import_model(HFModelSource(repo_id=REPO)), manager)
    assert again.complete
    assert again.same_as == first.config_out.key
    assert again.config_out == first.config_out
    assert len(hub.requests(host=FILE_HOST)) == asked
    assert staging(manager) == []


def test_two_installs_of_one_source_share_what_comes(
    manager: ModelManager, hub: HubServer, files: dict[str, bytes]
) -> None:
    hub.rate = 20_000
    jobs = [manager.installer.import_model(HFModelSource(repo_id=REPO)) for _ in range(3)]
    for job in jobs:
        finished(job, manager)
        assert job.complete, job.error
    assert len(manager.records.all_models()) == 1
    assert sum(job.same_as is None for job in jobs) == 1
    assert hub.body_bytes(files[UNET]) == len(files[UNET])


@pytest.mark.usefixtures("files")
def test_a_part_that_fails_stops_the_others_and_what_came_is_used(
    manager: ModelManager, environment: Environment, hub: HubServer
) -> None:
    hub.refuse_next(status(404), path="text_encoder/model.fp16.safetensors", times=1)
    job = finished(manager.installer.import_model(HFModelSource(repo_id=REPO)), manager)
    assert job.errored
    assert job.error_type == "HTTPError"
    assert "requests.exceptions.HTTPError" in (job.error or "")
    assert all(part.in_terminal_state for part in job.download_parts)
    assert manager.records.all_models() == []
    [kept] = staging(manager)
    came = {path.relative_to(kept).as_posix() for path in kept.rglob("*") if path.is_file()}
    assert "staging_leftover" not in findings(environment)
    asked = len(hub.requests(host=FILE_HOST))
    again = manager.installer.control.retry(job.id)
    finished(again, manager)
    assert again.complete, again.error
    fetched = [part.dest.relative_to(kept).as_posix() for part in again.download_parts]
    assert not came.intersection(fetched)
    assert len(hub.requests(host=FILE_HOST)) - asked <= len(fetched)
    assert staging(manager) == []


@pytest.mark.usefixtures("files")
def test_the_part_that_failed_says_why(manager: ModelManager, hub: HubServer) -> None:
    hub.rate = 1_000
    hub.refuse_next(status(404), path="tokenizer/vocab.json", times=1)
    job = finished(manager.installer.import_model(HFModelSource(repo_id=REPO)), manager)
    assert job.error_type == "HTTPError"
    assert "vocab.json" in str(job.exception)
    assert "404" in str(job.exception)


def test_what_nobody_knows_is_kept_until_somebody_says_what_it_is(
    manager: ModelManager, environment: Environment, hub: HubServer
) -> None:
    from support.tiny import safetensors_bytes

    content = safetensors_bytes({"what.is.this": ("F16", (64, 64))})
    hub.add("artist/odd", {"odd.safetensors": content})
    job = finished(manager.installer.import_model("artist/odd/odd.safetensors"), manager)
    assert job.errored
    assert job.error_type == "UnknownModelError"
    [kept] = staging(manager)
    before = hub.body_bytes(content)
    environment.program.call("retry", str(job.id), "--type", "lora", "--base", "sdxl")
    [record] = manager.records.all_models()
    assert (record.type, record.base) == ("lora", "sdxl")
    assert hub.body_bytes(content) == before == len(content)
    assert not kept.exists()


def test_forgetting_a_failed_job_removes_what_it_has_fetched(
    manager: ModelManager, hub: HubServer
) -> None:
    hub.add("artist/odd", {"odd.safetensors": b"\x08" + bytes(4000)})
    job = finished(manager.installer.import_model("artist/odd/odd.safetensors"), manager)
    assert job.errored
    assert len(staging(manager)) == 1
    manager.installer.prune_jobs()
    assert staging(manager) == []


class Barrier:
    """Holds an answer of a site until the test lets go."""

    def __init__(self, page: Callable[[Request], Page]) -> None:
        self.reached, self.go = threading.Event(), threading.Event()
        self._page = page

    def __call__(self, request: Request) -> Page:
        self.reached.set()
        self.go.wait(2 * PATIENCE)
        return self._page(request)


def cancelled_meanwhile(job: ModelInstallJob, manager: ModelManager) -> None:
    manager.installer.cancel_job(job)
    until(lambda: job.is_settled)
    assert job.cancelled
    assert staging(manager) == []
    assert manager.records.all_models() == []


@pytest.mark.usefixtures("files")
def test_cancelling_while_the_site_is_asked(manager: ModelManager, hub: HubServer) -> None:
    barrier = Barrier(hub.answer)
    hub.plant("/api/models", barrier)
    job = manager.installer.import_model(HFModelSource(repo_id=REPO))
    assert barrier.reached.wait(PATIENCE)
    assert job.waiting
    cancelled_meanwhile(job, manager)
    barrier.go.set()


@pytest.mark.usefixtures("files")
def test_cancelling_while_files_come(manager: ModelManager, hub: HubServer) -> None:
    hub.rate = 2_000
    job = manager.installer.import_model(HFModelSource(repo_id=REPO))
    until(lambda: job.downloading and job.bytes > 0)
    cancelled_meanwhile(job, manager)
    assert all(part.in_terminal_state for part in job.download_parts)


def test_cancelling_while_another_model_is_put_in_place(
    manager: ModelManager, hub: HubServer
) -> None:
    hub.add("artist/style", {"style.safetensors": sdxl_lora()})
    installer = manager.installer
    with installer.library.locks.publishing():
        job = installer.import_model("artist/style/style.safetensors")
        until(lambda: bool(job.download_parts) and all(p.complete for p in job.download_parts))
        cancelled_meanwhile(job, manager)


def test_cancelling_before_it_began(manager: ModelManager, hub: HubServer) -> None:
    barrier = Barrier(hub.answer)
    hub.plant("/api/models", barrier)
    jobs = [manager.installer.import_model(f"artist/model{number}") for number in range(10)]
    last = jobs[-1]
    cancelled_meanwhile(last, manager)
    for job in jobs:
        manager.installer.cancel_job(job)
    barrier.go.set()
    manager.installer.wait_for_installs(PATIENCE)
    assert all(job.cancelled for job in jobs)


def test_pause_keeps_what_has_come(
    manager: ModelManager, hub: HubServer, files: dict[str, bytes]
) -> None:
    hub.rate = 4_000
    job = manager.installer.import_model(HFModelSource(repo_id=REPO))
    until(lambda: job.downloading and job.bytes > 3_000)
    manager.installer.control.pause(job.id)
    until(lambda: job.paused)
    assert manager.installer.wait_for_installs(1) == [job]
    [row] = manager.installer.list_all_jobs()
    assert row.status == "paused"
    came = job.bytes
    hub.rate = None
    manager.installer.control.resume(job.id)
    until(lambda: not job.paused)
    finished(job, manager)
    assert job.complete, job.error
    assert came > 0
    total = sum(request.sent for request in hub.requests(host=FILE_HOST))
    assert total < sum(len(files[part]) for part in files if "fp16" in part) + came


@pytest.mark.usefixtures("files")
def test_an_install_goes_on_in_the_next_run(environment: Environment, hub: HubServer) -> None:
    hub.rate = 4_000
    first = environment.manager()
    job = first.installer.import_model(HFModelSource(repo_id=REPO))
    until(lambda: job.downloading and job.bytes > 3_000)
    first.close()
    assert job.errored
    assert job.error_type == "InterruptedInstallError"
    hub.rate = None
    second = environment.manager()
    [gone_on] = second.installer.list_jobs()
    assert gone_on.id == job.id
    finished(gone_on, second)
    assert gone_on.complete, gone_on.error
    [row] = second.installer.list_all_jobs()
    assert row.status == "completed"
    assert staging(second) == []


def test_installs_that_wait_do_so_until_the_next_run(
    environment: Environment, hub: HubServer
) -> None:
    barrier = Barrier(hub.answer)
    hub.plant("/api/models", barrier)
    for number in range(12):
        hub.add(f"artist/style{number}", {"style.safetensors": sdxl_lora(fill=number)})
    first = environment.manager()
    jobs = [
        first.installer.import_model(f"artist/style{number}/style.safetensors")
        for number in range(12)
    ]
    assert barrier.reached.wait(PATIENCE)
    first.close()
    assert {job.error_type for job in jobs} == {"InterruptedInstallError"}
    barrier.go.set()
    second = environment.manager()
    gone_on = second.installer.wait_for_installs(PATIENCE)
    assert len(gone_on) == 12
    assert all(job.complete for job in gone_on)
    assert len(second.records.all_models()) == 12


@pytest.mark.usefixtures("files")
def test_a_paused_job_of_another_run_is_cancelled_with_what_has_come(
    environment: Environment, hub: HubServer
) -> None:
    hub.rate = 4_000
    first = environment.manager()
    job = first.installer.import_model(HFModelSource(repo_id=REPO))
    until(lambda: job.downloading and job.bytes > 3_000)
    first.installer.control.pause(job.id)
    until(lambda: job.paused)
    first.close()
    second = environment.manager()
    assert second.installer.list_jobs() == []
    assert len(staging(second)) == 1
    assert second.installer.control.cancel(job.id).status == "cancelled"
    assert staging(second) == []


def test_what_came_unverified_is_not_believed_later(
    environment: Environment, hub: HubServer
) -> None:
    content = sdxl_lora(fill=4)
    hub.add("artist/style", {"style.safetensors": content})
    hub.fault_next(flip=5_000)
    careless = environment.manager(verify="off")
    careless.installer.import_model("artist/style/style.safetensors", {"key": "one"})
    careless.installer.wait_for_installs(PATIENCE)
    [file] = careless.records.files("one")
    assert file.sha256 is None
    careless.close()
    hub.add("artist/odd", {"odd.safetensors": bytes(5_000)})
    unknown = environment.manager(verify="off")
    job = finished(unknown.installer.import_model("artist/odd/odd.safetensors"), unknown)
    assert job.errored
    unknown.close()
    careful = environment.manager()
    again = careful.installer.control.retry(job.id)
    finished(again, careful)
    assert hub.body_bytes(bytes(5_000)) == 10_000


def test_a_link_needs_no_site(manager: ModelManager, hub: HubServer, told: Events) -> None:
    content = sdxl_lora(trigger="sketch")
    url = hub.serve("/any/style.safetensors", Page(content, etag='"a"'), host=FILE_HOST)
    job = finished(manager.installer.import_model(URLModelSource(url=url)), manager)
    assert job.complete, job.error
    assert job.config_out is not None
    assert job.config_out.source == url
    assert job.config_out.trigger_phrases == ("sketch",)
    assert [name for name, _ in told if name == "model_install_downloading"] == [
        "model_install_downloading"
    ]


def test_the_same_file_from_another_place_is_known_when_it_is_here(
    manager: ModelManager, hub: HubServer
) -> None:
    content = sdxl_lora()
    one = hub.serve("/one/style.safetensors", Page(content, etag='"a"'), host=FILE_HOST)
    two = hub.serve("/two/other.safetensors", Page(content, etag='"b"'), host=FILE_HOST)
    first = finished(manager.installer.import_model(one), manager)
    second = finished(manager.installer.import_model(two), manager)
    assert first.config_out is not None
    assert second.same_as == first.config_out.key
    assert staging(manager) == []


@pytest.mark.usefixtures("files")
def test_a_bus_that_raises_ends_no_job(environment: Environment) -> None:
    manager = environment.manager()

    def fail(topic: str, payload: dict[str, Any]) -> None:
        raise RuntimeError(topic, payload)

    assert isinstance(manager.events, LocalEventBus)
    manager.events.subscribe(fail)
    job = finished(manager.installer.import_model(HFModelSource(repo_id=REPO)), manager)
    assert job.complete, job.error


@pytest.mark.usefixtures("files")
def test_an_exception_of_any_kind_ends_that_job_alone(
    manager: ModelManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("somebody's bug")

    with monkeypatch.context() as patch:
        patch.setattr("modelkeep.install.installer.plan_fetched", fail)
        job = finished(manager.installer.import_model(HFModelSource(repo_id=REPO)), manager)
    assert job.errored
    assert job.error_type == "ZeroDivisionError"
    again = finished(manager.installer.control.retry(job.id), manager)
    assert again.complete, again.error


def test_a_copy_in_the_cache_of_hugging_face_is_used(
    manager: ModelManager, environment: Environment, hub: HubServer
) -> None:
    import hashlib

    content = sdxl_lora(fill=3)
    hub.add("artist/style", {"style.safetensors": content})
    sha256 = hashlib.sha256(content).hexdigest()
    blob = environment.home / "hf/hub/models--artist--style/blobs" / sha256
    blob.parent.mkdir(parents=True)
    blob.write_bytes(content)
    job = finished(manager.installer.import_model("artist/style/style.safetensors"), manager)
    assert job.complete, job.error
    assert hub.requests(host=FILE_HOST) == []
    assert blob.read_bytes() == content
    [file] = manager.records.files(job.config_out.key if job.config_out else "")
    assert file.sha256 == sha256


def test_a_damaged_copy_in_a_cache_is_not_used(
    manager: ModelManager, environment: Environment, hub: HubServer
) -> None:
    import hashlib

    content = sdxl_lora(fill=3)
    hub.add("artist/style", {"style.safetensors": content})
    blob = (
        environment.home
        / "hf/hub/models--artist--style/blobs"
        / hashlib.sha256(content).hexdigest()
    )
    blob.parent.mkdir(parents=True)
    blob.write_bytes(bytes(len(content)))
    job = finished(manager.installer.import_model("artist/style/style.safetensors"), manager)
    assert job.complete, job.error
    assert hub.body_bytes(content) == len(content)
    assert blob.read_bytes() == bytes(len(content))
