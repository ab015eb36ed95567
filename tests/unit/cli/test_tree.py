"""A command is one file and a line of the table, and is imported when it runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from modelkeep.app.manager import ModelManager
from modelkeep.cli.session import Session
from modelkeep.cli.tree import ENTRIES, Command, Group, make_program
from modelkeep.settings import RootSettings, Settings

GREET = '''
import typer

from modelkeep.cli.session import Session


def greet(ctx: typer.Context, name: str) -> int:
    """Greet somebody."""
    session = ctx.ensure_object(Session)
    session.print(f"hello {name} in {session.settings.root.name}")
    return 3
'''


def every_command() -> list[tuple[str, Command]]:
    groups = [entry for entry in ENTRIES if isinstance(entry, Group)]
    inner = [(f"{group.name} {c.name}", c) for group in groups for c in group.commands]
    return [(e.name, e) for e in ENTRIES if isinstance(e, Command)] + inner


def test_a_command_is_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/greeting.py").write_text(GREET)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("MODELKEEP_ROOT", str(tmp_path / "lib"))
    entry = Command("greet", "Greet somebody.", "mine.greeting:greet", ("hi",))
    program: Any = make_program((*ENTRIES, entry))
    for name in ("greet", "hi"):
        assert program.main([name, "you"], standalone_mode=False, obj=Session()) == 3
    assert capsys.readouterr().out == "hello you in lib\n" * 2
    with pytest.raises(SystemExit):
        program.main(["--help"])
    told = capsys.readouterr().out
    assert "  greet       Greet somebody.\n" in told
    assert "  hi " not in told


def test_every_command_has_short_help_that_fits_and_help_of_its_own() -> None:
    for name, command in every_command():
        assert 10 < len(command.about) <= 60, name
        assert command.about.endswith("."), name
        assert command.load(command.name).help, name
        assert f"{command.example} ".startswith(f"{name} "), name


def loaded(*words: str, **environment: str) -> set[str]:
    """Return the modules that the program has loaded when it ends."""
    script = (
        "import sys\nfrom modelkeep.cli.main import main\n"
        f"try:\n    main({list(words)!r})\nexcept SystemExit:\n    pass\n"
        "print('MODULES', *sys.modules)"
    )
    told = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **environment},
        capture_output=True,
        check=True,
        text=True,
    )
    return set(told.stdout.rpartition("MODULES ")[2].split())


def test_help_imports_no_command(tmp_path: Path) -> None:
    modules = loaded("--help", MODELKEEP_ROOT=str(tmp_path))
    assert not modules & {"sqlalchemy", "pydantic", "requests", "rich", "modelkeep.settings"}
    assert not [name for name in modules if name.startswith("modelkeep.cli.commands.")]


def test_a_word_of_a_command_is_completed_without_importing_one(tmp_path: Path) -> None:
    asked = {
        "_MODELKEEP_COMPLETE": "complete_bash",
        "COMP_WORDS": "modelkeep re",
        "COMP_CWORD": "1",
    }
    modules = loaded(**asked, MODELKEEP_ROOT=str(tmp_path))
    assert not modules & {"sqlalchemy", "requests", "rich", "modelkeep.settings"}


@pytest.mark.slow
def test_listing_starts_no_installs_and_no_downloads(tmp_path: Path) -> None:
    modules = loaded("list", MODELKEEP_ROOT=str(tmp_path))
    assert not {
        name for name in modules if name.startswith(("modelkeep.install", "modelkeep.download"))
    }
    assert not modules & {"requests", "urllib3", "modelkeep.app.install_service"}


@pytest.mark.slow
def test_the_usual_list_loads_neither_sqlalchemy_nor_the_classes_of_records(tmp_path: Path) -> None:
    with ModelManager(tmp_path) as manager:  # an empty one may have to be filled first
        fields = {"name": "style", "path": "s.safetensors", "type": "lora", "base": "sd-1"}
        manager.records.add_model("k", {**fields, "format": "lycoris"})
    modules = loaded("list", MODELKEEP_ROOT=str(tmp_path))
    assert not modules & {"sqlalchemy", "requests", "rich", "modelkeep.core.configs"}


@pytest.mark.slow
def test_the_usual_list_stays_light_where_a_further_root_is_online(tmp_path: Path) -> None:
    further = tmp_path / "further"
    further.mkdir()
    file = further / "style.safetensors"
    file.write_bytes(b"style")
    roots = {"further": RootSettings(path=further)}
    with ModelManager(Settings(root=tmp_path / "library", roots=roots)) as manager:
        fields = {"name": "style", "path": str(file), "type": "lora", "base": "sd-1"}
        manager.records.add_model("k", {**fields, "format": "lycoris"})
    environment = {
        "MODELKEEP_ROOT": str(tmp_path / "library"),
        "MODELKEEP_ROOTS": json.dumps({"further": {"path": str(further)}}),
    }
    loaded("list", **environment)  # notes the disk that the root is on
    assert not loaded("list", **environment) & {"sqlalchemy", "modelkeep.core.configs"}
