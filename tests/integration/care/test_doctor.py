"""What the doctor finds in a library that was really harmed, and what it puts in order."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from integration.world import World, open_world
from modelkeep.app.doctor import examine
from modelkeep.care.doctor.check import load_checks
from modelkeep.care.doctor.finding import Finding, Severity
from modelkeep.core.names import shown
from modelkeep.core.taxonomy import RecordState
from modelkeep.disk.notes import Install
from modelkeep.errors import ModelKeepError
from modelkeep.jobs.owner import Owner
from modelkeep.jobs.rows import JobChange, NewJob
from modelkeep.jobs.state import StateDatabase
from modelkeep.jobs.states import JobState
from modelkeep.settings import Settings
from support import tiny

Harm = Callable[[World], None]

DUST = """
from modelkeep.care.doctor.check import Check
from modelkeep.care.doctor.finding import Finding


def find(library):
    folder = library.settings.models_dir
    yield Finding("dust", str(folder), f"There is dust in {folder.name}", "Wipe it off.")


CHECK = Check("dust", find)
"""


def installed(world: World, name: str = "blue", fill: int = 1) -> str:
    return world.service.install_path(tiny.embedding(world.downloads / f"{name}.safetensors", fill))


def everything(root: Path) -> dict[str, object]:
    """Return all that is in a root, to the byte; the index of a log is rebuilt by looking."""
    return {
        str(path.relative_to(root)): (
            path.lstat().st_mode,
            path.lstat().st_mtime_ns if path.is_file() else 0,
            path.read_bytes() if path.is_file() and not path.is_symlink() else b"",
        )
        for path in sorted(root.rglob("*"))
        if not path.name.endswith("-shm")
    }


def kinds(findings: list[Finding]) -> list[str]:
    return sorted(finding.kind for finding in findings if finding.severity is not Severity.NOTE)


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[tuple[Settings, list[str]]]:
    """A closed library with three models, one of them a folder."""
    world = open_world(tmp_path)
    keys = [installed(world, "blue", 1), installed(world, "red", 2)]
    keys.append(world.service.install_path(tiny.embedding_folder(world.downloads / "green", 3)))
    world.close()
    yield world.settings, keys
    with opened(world.settings) as after:
        assert set(keys) >= {model.key for model in after.records.all_models()}


@contextmanager
def opened(settings: Settings) -> Iterator[World]:
    world = open_world(settings.root.parent)
    try:
        yield world
    finally:
        world.close()


def look(settings: Settings) -> list[Finding]:
    """Examine without fixing; nothing changes on the disk."""
    before = everything(settings.root)
    found = list(examine(settings))
    assert everything(settings.root) == before
    for finding in found:
        assert finding.message
        assert finding.hint
        assert not finding.is_fixed
        json.dumps(finding.to_json())
    return found


def fix(settings: Settings, *, left: tuple[str, ...] = ()) -> list[Finding]:
    """Examine and fix; a second time only what could not be fixed is found."""
    found = list(examine(settings, fix=True))
    could_not = kinds([finding for finding in found if finding.is_left])
    again = look(settings)
    assert kinds(again) == could_not == sorted(left)
    assert not any(finding.repair for finding in again)
    return found


class TestHealthy:
    def test_a_root_that_is_not_there_stays_away(self, tmp_path: Path) -> None:
        settings = Settings(root=tmp_path / "nowhere")
        assert kinds(list(examine(settings))) == []
        assert kinds(list(examine(settings, fix=True))) == []
        assert not settings.root.exists()

    def test_a_library_in_order(self, filled: tuple[Settings, list[str]]) -> None:
        assert look(filled[0]) == []
        assert fix(filled[0]) == []

    def test_a_library_in_use(self, world: World) -> None:
        installed(world)
        assert list(examine(world.settings)) == []
        assert list(examine(world.settings, fix=True)) == []

    def test_a_check_is_one_module(self, world: World, tmp_path: Path) -> None:
        (tmp_path / "dust.py").write_text(DUST)
        checks = load_checks(tmp_path)
        assert [check.name for check in checks][-1] == "dust"
        assert len(checks) == len(load_checks()) + 1
        [found] = examine(world.settings, checks=checks)
        assert (found.kind, found.message) == ("dust", "There is dust in models")


class TestModels:
    def test_gone_changed_and_back_again(self, filled: tuple[Settings, list[str]]) -> None:
        settings, (blue, red, green) = filled
        place = settings.models_dir / "sd-1/embedding"
        (place / "blue.safetensors").rename(settings.root / "aside")
        (place / "red.safetensors").write_bytes(b"short")
        (place / "green/notes/README.md").unlink()
        found = look(settings)
        about = {(finding.kind, finding.subject) for finding in found}
        assert {("model_missing", blue), ("model_changed", red), ("model_missing", green)} < about
        assert kinds(found) == ["model_changed", "model_missing", "model_missing", "stale_states"]
        fix(settings, left=("model_changed", "model_missing", "model_missing"))
        with opened(settings) as world:
            states = [world.records.get_model(key).state for key in (blue, red, green)]
            assert states == [RecordState.MISSING, RecordState.CHANGED, RecordState.MISSING]
        (settings.root / "aside").rename(place / "blue.safetensors")
        fix(settings, left=("model_changed", "model_missing"))
        with opened(settings) as world:
            assert world.records.get_model(blue).state is RecordState.PRESENT

    def test_a_whole_library_that_went_missing_is_not_marked(self, world: World) -> None:
        for number in range(21):
            installed(world, f"m{number}", number)
        place = world.models / "sd-1/embedding"
        for path in place.glob("m*"):
            if path.name != "m0.safetensors":
                path.unlink()
        found = list(examine(world.settings, fix=True))
        [stale] = [finding for finding in found if finding.kind == "stale_states"]
        assert not stale.is_fixed
        assert "sync --yes" in stale.hint
        assert {m.state for m in world.records.all_models()} == {RecordState.PRESENT}

    def test_a_root_that_is_offline_is_told_of_once(
        self, filled: tuple[Settings, list[str]]
    ) -> None:
        settings, _ = filled
        settings.models_dir.rename(settings.root / "unmounted")
        settings.models_dir.mkdir()
        [found] = look(settings)
        assert (found.kind, found.subject) == ("root_offline", "models")
        fix(settings, left=("root_offline",))
        settings.models_dir.rmdir()
        (settings.root / "unmounted").rename(settings.models_dir)
        assert look(settings) == []


class TestLeftovers:
    def test_staging_without_an_entry(self, filled: tuple[Settings, list[str]]) -> None:
        settings, _ = filled
        left = settings.staging_dir / "abc" / "inner"
        left.mkdir(parents=True)
        (left / "half.safetensors").write_bytes(b"x" * 3000)
        [found] = look(settings)
        assert found.kind == "staging_leftover"
        assert "3.0 KB" in found.message
        assert fix(settings)[0].is_fixed
        assert not left.parent.exists()

    def test_staging_of_a_living_install_is_left_alone(self, world: World) -> None:
        folder = world.settings.staging_dir / "abc"
        folder.mkdir(parents=True)
        note = Install("k", "x", folder, world.models)
        state = world.service.library.state
        state.journal.begin(note, world.service.library.owner)
        assert list(examine(world.settings, fix=True)) == []
        assert folder.exists()

    def test_an_entry_of_a_dead_process(self, filled: tuple[Settings, list[str]]) -> None:
        settings, _ = filled
        folder = settings.staging_dir / "abc"
        folder.mkdir(parents=True)
        with opened(settings) as world:
            note = Install("k", "/x.safetensors", folder, world.models)
            world.service.library.state.journal.begin(note, "dead")
        [found] = look(settings)
        assert found.kind == "interrupted"
        assert "/x.safetensors" in found.message
        fix(settings)
        assert not folder.exists()

    def test_files_that_no_record_owns(self, filled: tuple[Settings, list[str]]) -> None:
        settings, _ = filled
        place = settings.models_dir / "sd-1/embedding"
        tiny.embedding(place / "stray.safetensors", 9)
        tiny.embedding(settings.models_dir / "sdxl/main/a b/stray.safetensors", 9)
        (place / "blue.preview.png").write_bytes(b"png")
        (place / "blue.safetensors.json").write_bytes(b"{}")
        (place / "green/mine.txt").write_bytes(b"note")
        (place / "readme.txt").write_bytes(b"note")
        found = look(settings)
        about = {finding.subject: finding.hint for finding in found}
        assert set(about) == {
            str(place / "stray.safetensors"),
            str(settings.models_dir / "sdxl"),
            str(place / "readme.txt"),
        }
        assert f"install --inplace {place}/stray.safetensors" in about[f"{place}/stray.safetensors"]
        assert kinds(found) == ["orphan", "orphan"]
        before = everything(settings.models_dir)
        fix(settings, left=("orphan", "orphan"))
        assert everything(settings.models_dir) == before
        with opened(settings) as world:
            key = world.service.register_path(place / "stray.safetensors")
            assert kinds(look(settings)) == ["orphan"]
            world.service.unregister(key)

    def test_empty_folders(self, filled: tuple[Settings, list[str]]) -> None:
        settings, _ = filled
        (settings.models_dir / "flux/lora/x").mkdir(parents=True)
        (settings.models_dir / "sd-1/vae").mkdir()
        found = look(settings)
        assert [finding.kind for finding in found] == ["empty_folder"] * 2
        assert kinds(found) == []
        fix(settings)
        shown_names = [p.name for p in settings.models_dir.iterdir() if p.name[0] != "."]
        assert shown_names == ["sd-1"]
        assert not (settings.models_dir / "sd-1/vae").exists()

    def test_names_that_some_disks_take_for_one(self, filled: tuple[Settings, list[str]]) -> None:
        settings, _ = filled
        place = settings.models_dir / "sd-1/embedding"
        tiny.embedding(place / "BLUE.safetensors", 9)
        [found] = [f for f in look(settings) if f.kind == "colliding_names"]
        assert "BLUE.safetensors and blue.safetensors" in found.message

    def test_drafts_of_the_program(self, filled: tuple[Settings, list[str]]) -> None:
        settings, _ = filled
        program = [sys.executable, "-c", "import os; print(os.getpid())"]
        dead = subprocess.run(program, capture_output=True, text=True, check=True).stdout.strip()
        draft = settings.root / f".modelkeep.yaml.{dead}.new"
        draft.write_bytes(b"half")
        living = settings.root / f".modelkeep.yaml.{os.getppid()}.new"
        living.write_bytes(b"half")
        ordinary = settings.root / ".notes.txt.new"
        ordinary.write_bytes(b"mine")
        ours = settings.root / f".modelkeep.yaml.{os.getpid()}.new"
        ours.write_bytes(b"half")
        [found] = look(settings)
        assert (found.kind, found.subject) == ("draft", str(draft))
        fix(settings)
        assert ours.exists()
        os.utime(ours, (0, 0))
        [found] = look(settings)
        assert found.subject == str(ours)
        assert not draft.exists()
        assert living.exists()
        assert ordinary.exists()


class TestTrash:
    @pytest.fixture
    def trashed(self, filled: tuple[Settings, list[str]]) -> tuple[Settings, Path]:
        """The library with its folder model in the trash, and where it waits."""
        settings, (_, _, green) = filled
        with opened(settings) as world:
            entry = world.service.remove(green)
        assert entry is not None
        return settings, entry.folder

    def test_what_is_in_it_is_a_note(self, trashed: tuple[Settings, Path]) -> None:
        [found] = look(trashed[0])
        assert (found.kind, found.severity) == ("trash_size", Severity.NOTE)

    def test_a_hole(self, trashed: tuple[Settings, Path]) -> None:
        settings, folder = trashed
        (folder / "files/0").unlink()
        assert kinds(look(settings)) == ["trash_incomplete"]
        fix(settings, left=("trash_incomplete",))
        assert (folder / "files/1").exists()

    def test_nothing_left_but_a_name(self, trashed: tuple[Settings, Path]) -> None:
        settings, folder = trashed
        shutil.rmtree(folder / "files")
        assert kinds(look(settings)) == ["trash_incomplete"]
        fix(settings)
        assert not folder.exists()

    def test_without_a_manifest_files_stay(self, trashed: tuple[Settings, Path]) -> None:
        settings, folder = trashed
        (folder / "manifest.json").write_bytes(b"{")
        empty = settings.trash_dir / "empty"
        empty.mkdir()
        assert kinds(look(settings)) == ["trash_incomplete"] * 2
        fix(settings, left=("trash_incomplete",))
        assert sorted(path.name for path in (folder / "files").iterdir()) == ["0", "1"]
        assert not empty.exists()

    def test_expired(self, trashed: tuple[Settings, Path]) -> None:
        settings, folder = trashed
        manifest = json.loads((folder / "manifest.json").read_bytes())
        manifest["removed_at"] = 1.0
        (folder / "manifest.json").write_text(json.dumps(manifest))
        assert {finding.kind for finding in look(settings)} == {"trash_expired", "trash_size"}
        fix(settings)
        assert not folder.exists()

    def test_a_removal_whose_journal_is_lost(self, filled: tuple[Settings, list[str]]) -> None:
        settings, (_, _, green) = filled
        with opened(settings) as world:
            config = world.records.get_model(green)
            files = world.records.files(green)
            place = world.place(green)
            before = everything(place)
            world.service.remove(green)
            world.records.add_model(green, config, files=files)
        assert "half_removed" in kinds(look(settings))
        found = fix(settings)
        assert any(finding.kind == "half_removed" and finding.is_fixed for finding in found)
        assert everything(place) == before


class TestJobs:
    def test_what_is_not_finished_is_told_with_what_is_kept(
        self, filled: tuple[Settings, list[str]]
    ) -> None:
        settings, _ = filled
        with closing(StateDatabase(settings.state_path)) as state:
            paused, failed, left, done = (
                state.jobs.insert(NewJob("install", f"org/{name}", "{}"), "dead")
                for name in ("paused", "failed", "left", "done")
            )
            state.jobs.update(paused, JobChange(JobState.PAUSED, 500_000, 2_000_000))
            state.jobs.update(failed, JobChange(JobState.ERROR, error="the disk is full"))
            state.jobs.update(left, JobChange(JobState.RUNNING))
            state.jobs.update(done, JobChange(JobState.COMPLETED))
        told = {found.subject: found for found in look(settings)}
        assert set(told) == {str(paused), str(failed), str(left)}
        assert "500.0 KB of 2.0 MB" in told[str(paused)].message
        assert f"modelkeep resume {paused}" in told[str(paused)].hint
        assert "the disk is full" in told[str(failed)].message
        assert f"modelkeep retry {failed}" in told[str(failed)].hint
        assert "interrupted" in told[str(left)].message
        assert kinds(list(told.values())) == []


class TestRights:
    def test_secrets_that_others_can_read(self, filled: tuple[Settings, list[str]]) -> None:
        settings, _ = filled
        secrets = settings.root / "secrets"
        secrets.mkdir(mode=0o755)
        (secrets / "token").write_text("t")
        (secrets / "token").chmod(0o644)
        (secrets / "closed").touch(mode=0o600)
        (secrets / "link").symlink_to(settings.models_dir)
        assert kinds(look(settings)) == ["secrets_open", "secrets_open"]
        fix(settings)
        modes = {p.name: p.lstat().st_mode & 0o777 for p in (secrets, secrets / "token")}
        assert modes == {"secrets": 0o700, "token": 0o600}

    @pytest.mark.parametrize("name", ["databases/modelkeep.db", "databases/state.db", "databases"])
    def test_what_its_owner_cannot_write(
        self, filled: tuple[Settings, list[str]], name: str
    ) -> None:
        settings, _ = filled
        place = settings.root / name
        if place.is_dir() and not os.geteuid():
            pytest.skip("root may write everywhere")
        before = place.stat().st_mode & 0o777
        place.chmod(before & ~0o222)
        [finding] = [found for found in look(settings) if found.severity is Severity.ERROR]
        assert (finding.kind, finding.subject) == ("not_writable", str(place))
        fix(settings)
        assert kinds(look(settings)) == []
        assert place.stat().st_mode & 0o700 == before & 0o700

    def test_models_dir_that_is_no_folder(self, tmp_path: Path) -> None:
        settings = Settings(root=tmp_path)
        settings.models_dir.write_bytes(b"")
        [found] = look(settings)
        assert (found.kind, found.severity) == ("models_dir", Severity.ERROR)

    def test_a_disk_that_is_nearly_full(
        self, filled: tuple[Settings, list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from modelkeep.disk import paths

        monkeypatch.setattr(paths, "free_space", lambda _path: 10_000)
        [found] = look(filled[0])
        assert (found.kind, found.severity) == ("disk_full", Severity.ERROR)
        assert "10.0 KB free" in found.message


class TestDatabases:
    def test_a_state_file_that_is_damaged(self, filled: tuple[Settings, list[str]]) -> None:
        settings, _ = filled
        (settings.staging_dir / "abc").mkdir(parents=True)
        settings.state_path.write_bytes(b"SQLite format 3\x00" + b"\xff" * 9000)
        assert kinds(look(settings)) == ["staging_leftover", "state_damaged"]
        fix(settings)
        [kept] = settings.state_path.parent.glob("state.db.corrupt-*")
        assert kept.read_bytes().endswith(b"\xff" * 9000)
        assert not (settings.staging_dir / "abc").exists()

    def test_staging_is_safe_while_somebody_is_at_work(
        self, filled: tuple[Settings, list[str]]
    ) -> None:
        settings, _ = filled
        (settings.staging_dir / "abc").mkdir(parents=True)
        settings.state_path.write_bytes(b"SQLite format 3\x00" + b"\xff" * 9000)
        with Owner(settings.state_path.parent / "owners"):
            found = {finding.kind: finding for finding in look(settings)}
            assert found["staging_leftover"].repair is None
        fix(settings)

    def test_a_newer_catalogue(self, filled: tuple[Settings, list[str]]) -> None:
        settings, _ = filled
        with closing(sqlite3.connect(settings.db_path)) as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            connection.execute("PRAGMA user_version = 999")
        found = look(settings)
        assert [finding.kind for finding in found] == ["database_newer"]
        assert "pip install --upgrade" in found[0].hint
        fix(settings, left=("database_newer",))
        with closing(sqlite3.connect(settings.db_path)) as connection:
            connection.execute(f"PRAGMA user_version = {version}")

    def test_a_file_of_somebody_else(self, tmp_path: Path) -> None:
        settings = Settings(root=tmp_path)
        settings.db_path.parent.mkdir()
        settings.db_path.write_bytes(b"Dear diary, " * 1000)
        [found] = look(settings)
        assert found.severity is Severity.ERROR
        fix(settings, left=(found.kind,))
        assert settings.db_path.read_bytes() == b"Dear diary, " * 1000
        with closing(sqlite3.connect(tmp_path / "x.db")) as other:
            other.execute("CREATE TABLE mine (a)")
            other.commit()
        (tmp_path / "x.db").replace(settings.db_path)
        assert len(look(settings)) == 1

    def test_rows_that_belong_to_no_record(self, filled: tuple[Settings, list[str]]) -> None:
        settings, _ = filled
        with closing(sqlite3.connect(settings.db_path)) as connection:
            connection.execute(
                "INSERT INTO mk_file (model_key, root, path, size, mtime_ns, inode)"
                " VALUES ('gone', 'models', 'x', 1, 1, 1)"
            )
            connection.commit()
        assert kinds(look(settings)) == ["dangling_rows"]
        fix(settings)

    def test_a_record_that_cannot_be_read(self, filled: tuple[Settings, list[str]]) -> None:
        settings, (blue, red, _) = filled
        with closing(sqlite3.connect(settings.db_path, isolation_level=None)) as connection:
            change = "UPDATE mk_model SET config = json_set(config, '$.rating', 5) WHERE key = ?"
            connection.execute(change, (blue,))
        [finding] = [each for each in look(settings) if each.severity is not Severity.NOTE]
        assert (finding.kind, finding.subject) == ("record_unreadable", blue)
        assert "rating" in finding.message
        fix(settings)
        assert kinds(look(settings)) == []
        with opened(settings) as world:
            assert {world.records.get_model(key).name for key in (blue, red)} == {"blue", "red"}

    def test_a_search_index_out_of_step(self, filled: tuple[Settings, list[str]]) -> None:
        settings, _ = filled
        with closing(sqlite3.connect(settings.db_path)) as connection:
            connection.execute("INSERT INTO mk_search (mk_search) VALUES ('delete-all')")
            connection.commit()
        assert kinds(look(settings)) == ["search_index"]
        fix(settings)
        with opened(settings) as world:
            assert [m.name for m in world.records.search(text="blue")] == ["blue"]

    def test_one_that_another_process_holds(self, filled: tuple[Settings, list[str]]) -> None:
        settings, _ = filled
        (settings.staging_dir / "abc").mkdir(parents=True)
        with holding(settings.db_path) as process:
            found = look(settings)
            assert kinds(found) == ["database_locked", "staging_leftover"]
            assert f"process {process}" in found[0].message
        assert kinds(look(settings)) == ["staging_leftover"]

    def test_a_catalogue_that_is_lost_leaves_orphans(
        self, filled: tuple[Settings, list[str]]
    ) -> None:
        settings, _ = filled
        shutil.copy(settings.db_path, settings.root / "kept.db")
        settings.db_path.unlink()
        assert kinds(look(settings)) == ["orphan"]
        (settings.root / "kept.db").replace(settings.db_path)

    def test_copies_are_told_of(self, filled: tuple[Settings, list[str]]) -> None:
        settings, _ = filled
        settings.db_path.with_name("modelkeep.db.v1-20260101T000000Z.bak").write_bytes(b"x" * 2000)
        [found] = look(settings)
        assert (found.kind, found.severity) == ("backups", Severity.NOTE)
        assert "2.0 KB" in found.message


def test_a_repair_that_fails_is_told_with_its_reason(
    filled: tuple[Settings, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from modelkeep.disk import paths

    def refuse(*_values: Any) -> None:
        raise ModelKeepError("the disk has had enough", hint="Give it a rest.")

    settings, _ = filled
    (settings.staging_dir / "abc").mkdir(parents=True)
    monkeypatch.setattr(paths, "remove_tree", refuse)
    [found] = examine(settings, fix=True)
    assert found.is_left
    assert "the disk has had enough" in found.message
    assert found.hint == "Give it a rest."
    assert shown(settings.staging_dir / "abc") in found.message
    monkeypatch.undo()
    fix(settings)


@contextmanager
def holding(path: Path) -> Iterator[int]:
    """Let another process hold the lock for writing a database."""
    program = textwrap.dedent("""
        import sqlite3, sys, time
        connection = sqlite3.connect(sys.argv[1], isolation_level=None)
        connection.execute("BEGIN EXCLUSIVE")
        print("held", flush=True)
        time.sleep(3600)
    """)
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        yield child.pid
    finally:
        child.kill()
        child.communicate()
