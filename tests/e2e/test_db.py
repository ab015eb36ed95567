"""``modelkeep db``: the version of the catalogue, upgrading it, and backups."""

from __future__ import annotations

import shlex
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from modelkeep import ModelManager
from support import invented
from support.program import Program


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalogue of an earlier version in the program's library."""
    invented.register(monkeypatch, tmp_path / "steps")
    return invented.put(tmp_path / "library" / "databases" / "modelkeep.db")


def test_version_says_what_there_is_and_changes_nothing(program: Program, path: Path) -> None:
    before = path.read_bytes()
    told = program.call("db", "version")
    assert told.lines[1:] == ["Version  1", "Needed   2"]
    assert "db upgrade" in told.err
    answer = program.call("db", "version", "--json").only
    assert answer == {"path": str(path), "version": 1, "needed": 2, "needs_upgrade": True}
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_upgrade_says_where_the_backup_is_and_how_to_go_back(program: Program, path: Path) -> None:
    before = path.read_bytes()
    told = program.call("db", "upgrade")
    (backup,) = path.parent.glob("*.bak")
    assert str(backup) in told.err
    command = told.err[told.err.index("rm -f") :].strip()
    again = program.call("db", "upgrade", "--json").only
    assert again == {"path": str(path), "from": 2, "to": 2, "backup": None}
    assert program.call("db", "version", "--json").only["needs_upgrade"] is False
    subprocess.run(["sh", "-c", command], check=True)
    assert shlex.split(command)[0] == "rm"
    assert program.call("db", "version", "--json").only["version"] == 1
    assert len(path.read_bytes()) == len(before)
    answer = program.call("db", "upgrade", "--json").only
    assert (answer["from"], answer["to"]) == (1, 2)
    assert Path(answer["backup"]).exists()


def test_any_command_upgrades_and_says_so_in_one_line(program: Program, path: Path) -> None:
    told = program.call("list", "--quiet", "--json")
    assert "bak" not in told.err, "nothing is told to those who asked for quiet"
    (backup,) = path.parent.glob("*.bak")
    backup.rename(path)
    told = program.call("list", "--json")
    assert len(told.json) == 13
    assert told.err.count("\n") == 1
    assert str(next(path.parent.glob("*.bak"))) in told.err


def test_before_there_is_a_catalogue(program: Program) -> None:
    assert "no catalogue yet" in program.call("db", "version").err
    assert program.call("db", "upgrade", "--json").only["from"] is None
    assert not (program.root / "databases").exists()


def test_a_newer_catalogue_is_told_and_refused(program: Program, path: Path) -> None:
    program.call("db", "upgrade")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE mk_schema SET version = 99")
    assert program.call("db", "version", "--json").only["version"] == 99
    for command in ("version", "upgrade"):
        told = program.call("db", command, status=1)
        assert "99" in told.err
        assert "pip install" in told.err


def test_a_yaml_catalogue_has_no_tables(program: Program) -> None:
    program.root.mkdir(parents=True)
    (program.root / "modelkeep.yaml").write_text("model_config_db: configs/models.yaml\n")
    assert "YAML" in program.call("db", "version", status=2).err


class TestBackup:
    def test_it_is_made_while_the_program_writes_and_brings_everything_back(
        self, filled: Program, tmp_path: Path
    ) -> None:
        with ModelManager(root=filled.root) as manager:
            manager.records.update_model(manager.find("blue").key, {"name": "azure"})
            told = filled.run("db", "backup", tmp_path)
        [copy] = tmp_path.glob("modelkeep.db.backup-*")
        assert str(copy) in told.out.replace("~", str(filled.home))
        filled.call("edit", "azure", "name=lost")
        command = told.err[told.err.index("rm -f") :].strip()
        subprocess.run(["sh", "-c", command], check=True)
        assert {line["name"] for line in filled.call("list", "--json").json} == {
            "azure", "green", "paper",
        }  # fmt: skip

    def test_nothing_is_overwritten(self, filled: Program, tmp_path: Path) -> None:
        made = filled.call("db", "backup", tmp_path / "copy.db", "--json").only
        assert made["path"] == str(tmp_path / "copy.db")
        before = (tmp_path / "copy.db").read_bytes()
        assert "exists" in filled.call("db", "backup", tmp_path / "copy.db", status=1).err
        assert (tmp_path / "copy.db").read_bytes() == before
        assert not list(tmp_path.glob(".copy*"))

    def test_a_catalogue_in_yaml(self, program: Program, sources: Path, tmp_path: Path) -> None:
        program.call("config", "set", "model_config_db", "configs/models.yaml")
        program.call("install", sources / "blue.safetensors")
        program.call("db", "backup", tmp_path / "copy.yaml")
        kept = program.root / "configs/models.yaml"
        assert (tmp_path / "copy.yaml").read_bytes() == kept.read_bytes()

    def test_there_has_to_be_a_catalogue(self, program: Program) -> None:
        assert "no catalogue" in program.call("db", "backup", status=2).err
