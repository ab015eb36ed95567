"""What became of the files of records: seen from outside, and read whole."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from blake3 import blake3

from faults.crash import in_child
from integration.world import World
from modelkeep.care.background import LibraryHasher
from modelkeep.care.sweep import Sweep, targets
from modelkeep.care.throttle import TokenBucket, at_most
from modelkeep.core.configs import new_key
from modelkeep.core.taxonomy import RecordState
from modelkeep.disk.notes import Purge
from modelkeep.errors import JobCancelledError, UnknownModelException
from modelkeep.library.condition import FileStatus, condition_of, state_for, survey
from modelkeep.library.verify import Verdict, verify_model
from support import tiny
from support.waiting import PATIENCE

NOBODY = 65534


def installed(world: World, name: str = "blue", fill: int = 1) -> str:
    return world.service.install_path(tiny.embedding(world.downloads / f"{name}.safetensors", fill))


def registered(world: World, name: str = "far", fill: int = 2) -> str:
    return world.service.register_path(
        tiny.embedding(world.downloads / f"{name}.safetensors", fill)
    )


def condition(world: World, key: str) -> FileStatus:
    """Look at a model both ways, alone and among all: they say the same."""
    presence = world.service.library.presence
    alone = condition_of(presence, world.records.get_model(key))
    among = survey(presence, workers=2).get(key)
    assert (among is None) == (alone.condition is FileStatus.PRESENT)
    assert among in {None, alone}
    assert bool(alone.detail) == (alone.condition is not FileStatus.PRESENT)
    return alone.condition


def swap_a_byte(path: Path) -> None:
    """Change the last byte and leave size, time and inode as they were."""
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\xff")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


class TestCondition:
    def test_what_was_not_touched_is_present(self, world: World) -> None:
        assert condition(world, installed(world)) is FileStatus.PRESENT
        assert condition(world, registered(world)) is FileStatus.PRESENT
        assert survey(world.service.library.presence) == {}

    def test_a_file_that_is_gone(self, world: World) -> None:
        installed(world, "other", 7)
        key = installed(world)
        world.place(key).unlink()
        assert condition(world, key) is FileStatus.MISSING

    def test_one_gone_file_of_a_folder(self, world: World) -> None:
        installed(world, "other", 7)
        key = world.service.install_path(tiny.embedding_folder(world.downloads / "green", 3))
        (world.place(key) / "notes/README.md").unlink()
        seen = condition_of(world.service.library.presence, world.records.get_model(key))
        assert [file.path.name for file in seen.files] == ["README.md"]
        assert seen.condition is FileStatus.MISSING

    @pytest.mark.parametrize("how", ["longer", "touched", "older", "replaced", "folder"])
    def test_a_file_that_is_another_one(self, world: World, how: str) -> None:
        key = installed(world)
        path = world.place(key)
        before = path.stat()
        if how == "longer":
            path.write_bytes(path.read_bytes() + b"x")
        elif how == "touched":
            os.utime(path)
        elif how == "older":
            os.utime(path, (0, 0))
        elif how == "replaced":
            shutil.copyfile(path, path.with_suffix(".new"))
            path.with_suffix(".new").replace(path)
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        else:
            path.unlink()
            path.mkdir()
        assert condition(world, key) is FileStatus.CHANGED

    def test_a_root_that_is_not_there_says_nothing(self, world: World) -> None:
        key = installed(world)
        world.models.rename(world.models.with_name("unmounted"))
        assert condition(world, key) is FileStatus.OFFLINE
        world.models.mkdir()
        assert condition(world, key) is FileStatus.OFFLINE

    def test_a_folder_that_may_not_be_entered_says_nothing(self, world: World) -> None:
        if os.geteuid() != 0:
            pytest.skip("needs root, to become somebody else")
        key = registered(world)
        config = world.records.get_model(key)
        presence = world.service.library.presence
        world.downloads.chmod(0o700)

        def look() -> None:
            os.setuid(NOBODY)
            seen = condition_of(presence, config)
            assert seen.condition is FileStatus.UNREADABLE, seen
            assert "Permission denied" in seen.detail

        assert in_child(look) == 0

    def test_a_record_without_files_is_where_its_path_is(self, world: World) -> None:
        path = tiny.lora(world.downloads / "bare.safetensors")
        fields = {"name": "bare", "path": str(path), "type": "lora", "base": "sd-1"}
        world.records.add_model("bare", {**fields, "format": "lycoris"})
        assert condition(world, "bare") is FileStatus.PRESENT
        path.unlink()
        assert condition(world, "bare") is FileStatus.MISSING

    def test_thousands_are_seen(self, world: World) -> None:
        key = installed(world)
        [row] = world.records.files(key)
        for number in range(500):
            config = world.records.get_model(key).model_copy(
                update={"path": f"x/{number}.safetensors"}
            )
            files = [replace(row, path=f"x/{number}.safetensors")]
            world.records.add_model(new_key(), config, files=files)
        (world.models / "x").mkdir()
        shutil.copy2(world.place(key), world.models / "x/7.safetensors")
        seen = survey(world.service.library.presence)
        conditions = sorted(c.condition for c in seen.values())
        assert conditions == [FileStatus.CHANGED] + [FileStatus.MISSING] * 499

    def test_a_look_does_not_roll_back_what_reading_found(self) -> None:
        present, missing, changed = RecordState
        assert state_for(FileStatus.PRESENT, changed) is changed
        assert state_for(FileStatus.PRESENT, missing) is present
        assert state_for(FileStatus.MISSING, changed) is missing
        for nothing in (FileStatus.OFFLINE, FileStatus.UNREADABLE):
            for state in RecordState:
                assert state_for(nothing, state) is state


class TestVerify:
    def verify(self, world: World, key: str, *, accept: bool = False) -> Verdict:
        """Verify a model, check that the record says the same, and return the verdict."""
        before = world.records.get_model(key).state
        check = verify_model(world.service.library, key, accept=accept)
        states = {"ok": "present", "new": "present", "changed": "changed", "missing": "missing"}
        wanted = states.get(check.verdict, before)
        assert world.records.get_model(key).state == ("present" if check.is_accepted else wanted)
        return check.verdict

    def test_an_installed_model_is_ok(self, world: World) -> None:
        key = installed(world)
        [before] = world.records.files(key)
        assert self.verify(world, key) is Verdict.OK
        [after] = world.records.files(key)
        assert (after.hashed_at or 0) > (before.hashed_at or 0)
        assert replace(after, hashed_at=0) == replace(before, hashed_at=0)

    def test_a_registered_model_gets_its_hash(self, world: World) -> None:
        key = registered(world)
        assert world.records.files(key)[0].blake3 is None
        assert self.verify(world, key) is Verdict.NEW
        digest = blake3(world.place(key).read_bytes()).hexdigest()
        assert world.records.files(key)[0].blake3 == digest
        assert self.verify(world, key) is Verdict.OK

    def test_a_byte_that_fell_over_is_found_where_a_look_sees_nothing(self, world: World) -> None:
        key = installed(world)
        old = world.records.files(key)
        swap_a_byte(world.place(key))
        assert condition(world, key) is FileStatus.PRESENT
        check = verify_model(world.service.library, key)
        new = blake3(world.place(key).read_bytes()).hexdigest()
        assert check.verdict is Verdict.CHANGED
        assert str(old[0].blake3) in check.files[0].detail
        assert new in check.files[0].detail
        assert world.records.files(key) == old
        assert world.records.get_model(key).state is RecordState.CHANGED
        record = world.records.get_model(key)
        assert record.current_hash != record.original_hash

    def test_a_touched_file_is_ok_and_its_row_is_refreshed(self, world: World) -> None:
        key = installed(world)
        os.utime(world.place(key), (1, 1))
        assert self.verify(world, key) is Verdict.OK
        assert world.records.files(key)[0].is_unchanged(world.place(key).stat())
        assert condition(world, key) is FileStatus.PRESENT

    def test_a_touched_file_without_a_known_hash_is_changed(self, world: World) -> None:
        key = registered(world)
        os.utime(world.place(key), (1, 1))
        assert self.verify(world, key) is Verdict.CHANGED
        assert world.records.files(key)[0].blake3 is None

    def test_a_hash_of_the_site_counts(self, world: World) -> None:
        key = registered(world)
        [row] = world.records.files(key)
        data = world.place(key).read_bytes()
        world.records.set_file_hashes(key, row.path, sha256=hashlib.sha256(data).hexdigest())
        assert self.verify(world, key) is Verdict.OK
        assert world.records.files(key)[0].blake3 == blake3(data).hexdigest()
        world.records.set_file_hashes(key, row.path, sha256="0" * 64)
        assert self.verify(world, key) is Verdict.CHANGED

    def test_what_is_gone_is_missing_and_comes_back(self, world: World) -> None:
        installed(world, "other", 9)
        key = installed(world)
        path = world.place(key)
        path.rename(world.downloads / "aside")
        assert self.verify(world, key) is Verdict.MISSING
        (world.downloads / "aside").rename(path)
        assert self.verify(world, key) is Verdict.OK

    def test_a_root_that_is_offline_changes_nothing(self, world: World) -> None:
        key = installed(world)
        world.models.rename(world.models.with_name("unmounted"))
        assert self.verify(world, key) is Verdict.OFFLINE

    def test_a_folder_in_its_place_is_changed(self, world: World) -> None:
        key = installed(world)
        path = world.place(key)
        path.unlink()
        path.mkdir()
        assert self.verify(world, key) is Verdict.CHANGED

    def test_a_file_that_may_not_be_read(self, world: World) -> None:
        if os.geteuid() != 0:
            pytest.skip("needs root, to become somebody else")
        key = installed(world)
        world.place(key).chmod(stat.S_IWUSR)
        library = world.service.library
        for path in (world.settings.root, *world.settings.root.rglob("*")):
            os.chown(path, NOBODY, NOBODY)

        def read() -> None:
            os.setuid(NOBODY)
            try:
                check = verify_model(library, key)
                assert check.verdict is Verdict.UNREADABLE, check
                assert "cannot be read" in check.files[0].detail
            except BaseException as error:
                sys.stderr.write(f"{error!r}\n")
                raise

        for above in world.settings.root.parents:
            if above.stat().st_mode & 0o005 != 0o005:
                above.chmod(0o755)
        assert in_child(read) == 0

    def test_accepted_bytes_are_right_from_then_on(self, world: World) -> None:
        key = installed(world)
        path = world.place(key)
        path.write_bytes(path.read_bytes() + b"more")
        assert self.verify(world, key) is Verdict.CHANGED
        assert self.verify(world, key, accept=True) is Verdict.CHANGED
        assert self.verify(world, key) is Verdict.OK
        assert condition(world, key) is FileStatus.PRESENT
        assert world.records.get_model(key).size == path.stat().st_size
        assert world.records.files(key)[0].size == path.stat().st_size

    def test_accepting_what_is_right_changes_nothing(self, world: World) -> None:
        key = installed(world)
        assert self.verify(world, key, accept=True) is Verdict.OK

    def test_a_record_without_files_gets_them(self, world: World) -> None:
        path = tiny.lora(world.downloads / "bare.safetensors")
        fields = {"name": "bare", "path": str(path), "type": "lora", "base": "sd-1"}
        world.records.add_model("bare", {**fields, "format": "lycoris"})
        assert self.verify(world, "bare") is Verdict.NEW
        assert world.records.files("bare")[0].blake3 == blake3(path.read_bytes()).hexdigest()
        path.unlink()
        assert self.verify(world, "bare") is Verdict.MISSING

    def test_stopping_in_the_middle_notes_nothing(self, world: World) -> None:
        key = registered(world)
        before = world.records.files(key)

        def stop(_count: int) -> None:
            raise JobCancelledError("enough")

        with pytest.raises(JobCancelledError):
            verify_model(world.service.library, key, stop)
        assert world.records.files(key) == before

    def test_a_model_that_is_removed_while_it_is_read(self, world: World) -> None:
        key = registered(world)
        with pytest.raises(UnknownModelException):
            verify_model(world.service.library, "nobody")
        check = verify_model(world.service.library, key, lambda _n: world.service.unregister(key))
        assert check.verdict is Verdict.NEW

    def test_a_file_that_is_written_to_while_it_is_read(self, world: World) -> None:
        key = installed(world)
        path = world.place(key)
        check = verify_model(world.service.library, key, lambda _count: os.utime(path, (5, 5)))
        assert check.verdict is Verdict.UNREADABLE
        assert "while it was read" in check.files[0].detail


class TestSweep:
    def keys(self, world: World) -> list[str]:
        keys = [installed(world, f"m{number}", number) for number in range(4)]
        return [*keys, registered(world)]

    def test_all_are_read_once(self, world: World) -> None:
        keys = self.keys(world)
        found = [check.key for _, check in Sweep(world.service.library).checks()]
        assert sorted(found) == sorted(keys)

    def test_they_are_read_in_the_order_of_the_disk(self, world: World) -> None:
        self.keys(world)
        places = [target.place for target in targets(world.service.library)]
        assert places == sorted(places)
        assert sum(t.size for t in targets(world.service.library)) == sum(
            m.size or 0 for m in world.records.all_models()
        )

    def test_an_interrupted_one_goes_on(self, world: World) -> None:
        keys = self.keys(world)
        checks = Sweep(world.service.library).checks()
        first = {next(checks)[1].key, next(checks)[1].key}
        again = Sweep(world.service.library)
        assert again.done == 2
        rest = {check.key for _, check in again.checks()}
        assert first | rest == set(keys)
        assert len(rest) == len(keys) - 2
        assert Sweep(world.service.library).done == 0

    def test_it_can_begin_afresh(self, world: World) -> None:
        keys = self.keys(world)
        next(Sweep(world.service.library).checks())
        assert len(Sweep(world.service.library, afresh=True).left) == len(keys)

    def test_what_was_wrong_is_read_again(self, world: World) -> None:
        keys = self.keys(world)
        for key in keys:
            swap_a_byte(world.place(key))
        checks = Sweep(world.service.library).checks()
        wrong = [next(checks)[1].is_well for _ in keys]
        assert wrong.count(False) == 4
        assert len(Sweep(world.service.library).left) >= 4

    def test_only_those_without_a_hash(self, world: World) -> None:
        self.keys(world)
        sweep = Sweep(world.service.library, only_new=True)
        assert [c.verdict for _, c in sweep.checks()] == [Verdict.NEW]
        assert Sweep(world.service.library, only_new=True).left == []

    def test_only_those_not_read_for_long(self, world: World) -> None:
        keys = self.keys(world)
        assert len(Sweep(world.service.library, max_age=3600).left) == 1
        old = keys[0]
        [row] = world.records.files(old)
        world.records.set_file_hashes(old, row.path, hashed_at=1.0)
        left = {target.key for target in Sweep(world.service.library, max_age=3600).left}
        assert left == {old, keys[-1]}

    def test_models_that_are_removed_meanwhile_are_passed_over(self, world: World) -> None:
        keys = self.keys(world)
        sweep = Sweep(world.service.library)
        world.service.delete(keys[0])
        assert keys[0] not in {check.key for _, check in sweep.checks()}


class TestThrottle:
    def test_it_lets_through_what_was_asked_for(self) -> None:
        now = 0.0
        slept = []

        def sleep(seconds: float) -> None:
            nonlocal now
            slept.append(seconds)
            now += seconds

        bucket = TokenBucket(100, clock=lambda: now, sleep=sleep)
        counted: list[int] = []
        progress = at_most(bucket, counted.append)
        for _ in range(50):
            progress(20)
        # A second's worth at once, the rest in time.
        assert now == pytest.approx(9.0)
        assert sum(counted) == 1000
        assert len(slept) == 45

    def test_time_that_passes_is_saved_up_to_a_second(self) -> None:
        now, slept = 0.0, list[float]()
        bucket = TokenBucket(100, clock=lambda: now, sleep=slept.append)
        bucket.take(100)
        now = 100.0
        bucket.take(100)
        assert slept == []
        bucket.take(50)
        assert slept == [pytest.approx(0.5)]

    def test_no_bucket_is_no_limit(self) -> None:
        counted: list[int] = []
        assert at_most(None, counted.append) == counted.append


class TestLibraryHasher:
    def test_it_fills_in_what_is_not_known(self, world: World) -> None:
        keys = [registered(world, f"m{number}", number) for number in range(3)]
        hasher = LibraryHasher(world.service.library)
        assert not hasher.is_running
        hasher.start()
        hasher.start()
        assert hasher.wait(PATIENCE)
        hasher.stop()
        assert not hasher.is_running
        for key in keys:
            digest = blake3(world.place(key).read_bytes()).hexdigest()
            assert world.records.files(key)[0].blake3 == digest

    def test_it_waits_for_an_install(self, world: World) -> None:
        key = registered(world)
        state = world.service.library.state
        entry = state.journal.begin(Purge("k", world.settings.trash_dir / "x"), "me")
        hasher = LibraryHasher(world.service.library)
        hasher.start()
        assert not hasher.wait(0.3)
        assert world.records.files(key)[0].blake3 is None
        state.journal.finish(entry)
        assert hasher.wait(PATIENCE)
        hasher.stop()
        assert world.records.files(key)[0].blake3

    def test_stopping_leaves_the_rest_for_another_time(self, world: World) -> None:
        key = registered(world)
        hasher = LibraryHasher(world.service.library, rate=1)
        hasher.start()
        hasher.stop()
        hasher.stop()
        assert not hasher.is_running
        LibraryHasher(world.service.library).stop()
        again = LibraryHasher(world.service.library)
        again.start()
        assert again.wait(PATIENCE)
        again.stop()
        assert world.records.files(key)[0].blake3
