"""Row 35 of docs/faults.md for network installs: cancelled or paused in each state and step."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faults.crash import Fault, planted
from faults.pages import Page
from modelkeep import ModelInstallJob, ModelManager
from modelkeep.install.job import InstallStatus
from modelkeep.jobs.states import Request
from sites import models
from sites.hub import HubServer
from support.rounds import rounds
from support.waiting import FOREVER, PATIENCE, until

REPO = "someone/paper"
LORA = models.sdxl_lora()
LARGE = models.sd1_checkpoint(rows=2000)
PIPELINE = models.sdxl_pipeline()
ALL = {"large.safetensors": LARGE, "paper.safetensors": LORA, **PIPELINE}
#: Threads that tests before the one that runs have left.
EARLIER: frozenset[threading.Thread] = frozenset()


@pytest.fixture(params=["file", "folder"])
def content(request: pytest.FixtureRequest, hub: HubServer) -> dict[str, bytes]:
    """What the repository has: one file, or a pipeline."""
    files = {"large.safetensors": LARGE} if request.param == "file" else PIPELINE
    hub.add(REPO, files)
    return files


def left(manager: ModelManager) -> list[Path]:
    """Return all that lies where models and what comes for them are, but for our own folders."""
    top = manager.settings.models_dir
    found = [path for path in top.rglob("*") if path.is_file() or path.parent.name == ".staging"]
    return [path for path in found if path.relative_to(top).parts[0] != ".trash"]


def check_installed(manager: ModelManager, job: ModelInstallJob) -> None:
    assert job.config_out is not None
    library = manager.installer.library
    top = library.path_of(job.config_out)
    for path in [top] if top.is_file() else (p for p in top.rglob("*") if p.is_file()):
        name = path.name if path == top else path.relative_to(top).as_posix()
        assert path.read_bytes() == ALL[name], name
    assert [config.key for config in manager.records.all_models()] == [job.config_out.key]


def check_nothing(manager: ModelManager) -> None:
    assert left(manager) == []
    assert manager.records.all_models() == []


@pytest.fixture(autouse=True)
def _threads_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "EARLIER", frozenset(threading.enumerate()))


def no_threads_are_left(manager: ModelManager) -> None:
    manager.close()
    end = time.monotonic() + PATIENCE
    while left_over := [
        each
        for each in threading.enumerate()
        if each.name.startswith("modelkeep") and each not in EARLIER
    ]:
        frames = sys._current_frames()
        where = [traceback.format_stack(frames[each.ident or 0]) for each in left_over]
        assert time.monotonic() < end, "\n".join(map(str, [*left_over, *where]))
        time.sleep(0.005)


# -- held in each state


@dataclass
class Held:
    """An install that does not go on by itself.

    Attributes:
        job: The install.
        state: Where it is.
        release: Lets it go on.
    """

    job: ModelInstallJob
    state: str
    release: Callable[[], None]


def hold(state: str, manager: ModelManager, hub: HubServer) -> Held:
    installer = manager.installer
    others: list[ModelInstallJob] = []
    held = ExitStack()
    if state in {"queued", "asking"}:
        hub.plant("/api/models/", lambda _: Page(b"{", stall_after=0, stall=FOREVER))
    if state == "queued":
        others = [installer.import_model(f"someone/else@v{number}") for number in range(8)]
        until(lambda: all(job.is_begun for job in others))
    if state == "downloading":
        size = len(next(iter(hub.repositories[REPO].files.values())))
        hub.faults = {"stall_after": size // 2, "stall": 60}
    if state == "publishing":
        held.enter_context(installer.library.locks.publishing())
    job = installer.import_model(REPO)
    until(lambda: is_held(job, state, hub))

    def release() -> None:
        hub.mend()
        for other in others:
            installer.cancel_job(other)
        if state == "publishing":
            held.close()

    return Held(job, state, release)


def is_held(job: ModelInstallJob, state: str, hub: HubServer) -> bool:
    if state == "queued":
        return not job.is_begun
    if state == "asking":
        return bool(hub.requests(f"/api/models/{REPO}"))
    if state == "downloading":
        return job.bytes > 0  # the client has them: the server may have sent what nobody read yet
    return bool(job.total_bytes) and job.bytes == job.total_bytes


STATES = ["queued", "asking", "downloading", "publishing"]


@pytest.mark.parametrize("by_number", [False, True], ids=["here", "from another process"])
@pytest.mark.parametrize("state", STATES)
def test_a_cancelled_install_leaves_nothing(
    manager: ModelManager, hub: HubServer, content: dict[str, bytes], state: str, *, by_number: bool
) -> None:
    del content
    held = hold(state, manager, hub)
    if by_number:
        manager.installer.control.cancel(held.job.id)
    else:
        manager.installer.cancel_job(held.job)
    until(lambda: held.job.is_settled)
    assert held.job.cancelled, held.job.error
    held.release()
    manager.installer.wait_for_installs(PATIENCE)
    check_nothing(manager)
    assert manager.installer.control.wait_for(held.job.id, Request.CANCEL).status == "cancelled"
    no_threads_are_left(manager)


@pytest.mark.parametrize("state", STATES)
def test_a_paused_install_goes_on_with_what_has_come(
    manager: ModelManager, hub: HubServer, content: dict[str, bytes], state: str
) -> None:
    held = hold(state, manager, hub)
    manager.installer.control.pause(held.job.id)
    until(lambda: held.job.paused)
    assert manager.records.all_models() == []
    held.release()
    sent = sum(each.sent for each in hub.requests("/blobs/"))
    if state == "publishing":
        assert sent > 0
    manager.installer.control.resume(held.job.id)
    until(lambda: held.job.is_settled)
    assert held.job.complete, held.job.error
    check_installed(manager, held.job)
    again = sum(each.sent for each in hub.requests("/blobs/")) - sent
    wanted = sum(len(data) for data in content.values())
    if state == "publishing":
        assert again == 0, "all was there"
    elif state == "downloading":
        assert again < wanted
    no_threads_are_left(manager)


@pytest.mark.parametrize("state", STATES)
def test_a_paused_install_can_be_cancelled(
    manager: ModelManager, hub: HubServer, content: dict[str, bytes], state: str
) -> None:
    del content
    held = hold(state, manager, hub)
    manager.installer.control.pause(held.job.id)
    until(lambda: held.job.paused)
    manager.installer.control.cancel(held.job.id)
    until(lambda: held.job.is_settled)
    assert held.job.cancelled
    held.release()
    manager.installer.wait_for_installs(PATIENCE)
    check_nothing(manager)


# -- at each step


@dataclass
class Steps(Fault):
    """Does something at chosen operations on the disk, in place of failing there."""

    deeds: dict[int, Callable[[], object]] = field(default_factory=dict)
    _one: Any = field(default_factory=threading.RLock)

    def is_next(self) -> bool:
        """Say that none fails."""
        return False

    def step(self) -> bool:
        """Count one operation, and do what is to be done there."""
        with self._one:
            self.count += 1
            deed = self.deeds.pop(self.count, None)
        if deed is not None:
            deed()
        return False


def stopped_at(
    manager: ModelManager, deeds: dict[int, Callable[[ModelInstallJob], object]]
) -> tuple[ModelInstallJob, int]:
    """Install the model, doing things to the job at some operations; return how many there were."""
    known = threading.Event()
    jobs: list[ModelInstallJob] = []

    def done(deed: Callable[[ModelInstallJob], object]) -> None:
        assert known.wait(PATIENCE)
        deed(jobs[0])

    steps = Steps(deeds={at: partial(done, deed) for at, deed in deeds.items()})
    with planted(steps):
        jobs.append(manager.installer.import_model(REPO))
        known.set()
        until(lambda: jobs[0].is_settled or jobs[0].paused)
        while jobs[0].paused:
            manager.installer.engine.resume(jobs[0])
            until(lambda: jobs[0].is_settled or jobs[0].paused)
    return jobs[0], steps.count


def check_and_remove(manager: ModelManager, job: ModelInstallJob) -> None:
    """Check that the install is either whole or not at all, and make room for the next one."""
    assert job.status in {InstallStatus.COMPLETED, InstallStatus.CANCELLED}, job.error
    if job.complete:
        check_installed(manager, job)
        assert job.config_out is not None
        manager.installer.unconditionally_delete(job.config_out.key)
    check_nothing(manager)
    assert manager.installer.library.state.journal.entries() == []


def test_cancelled_at_every_step(manager: ModelManager, hub: HubServer) -> None:
    hub.add(REPO, {"paper.safetensors": LORA})
    job, count = stopped_at(manager, {})
    check_and_remove(manager, job)
    assert count > 10
    ends = []
    for at in range(1, count + 1):
        job, _ = stopped_at(manager, {at: manager.installer.cancel_job})
        ends.append(job.status)
        check_and_remove(manager, job)
    # Once the record is written it is too late.
    assert ends[0] is InstallStatus.CANCELLED
    assert ends[-1] is InstallStatus.COMPLETED
    assert ends == sorted(ends), "once it is too late, it stays so"


def test_paused_at_every_step(manager: ModelManager, hub: HubServer) -> None:
    hub.add(REPO, {"paper.safetensors": LORA})
    job, count = stopped_at(manager, {})
    check_and_remove(manager, job)
    for at in range(1, count + 1):
        job, _ = stopped_at(manager, {at: manager.installer.engine.pause})
        assert job.complete, job.error
        check_and_remove(manager, job)


@given(
    deeds=st.dictionaries(
        st.integers(1, 60), st.sampled_from(["cancel", "pause", "resume"]), max_size=5
    )
)
@settings(
    max_examples=rounds(25),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_whatever_is_asked_for_at_whatever_step(
    manager: ModelManager, hub: HubServer, deeds: dict[int, str]
) -> None:
    hub.add(REPO, PIPELINE)
    engine = manager.installer.engine
    does = {"cancel": engine.cancel, "pause": engine.pause, "resume": engine.resume}
    job, _ = stopped_at(manager, {at: does[name] for at, name in deeds.items()})
    if set(deeds.values()) <= {"pause"}:
        assert job.complete, job.error
    check_and_remove(manager, job)
