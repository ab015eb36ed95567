"""Commands that messages name can be pasted, mistyped ones are answered, errors have one shape."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from modelkeep.cli.suggestions import _MEANT, no_such_command
from modelkeep.cli.tree import ENTRIES, Group
from modelkeep.core.commands import command
from support import tiny
from support.program import Program, finish
from support.waiting import until


def commands(text: str) -> list[list[str]]:
    """Return the commands in a message as a shell takes them apart."""
    found = re.findall(r"modelkeep (?!--help)[^\n]*", text)
    return [shlex.split(one)[1:] for one in found]


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    folder = tmp_path / "My models; $HOME & 'co'"
    tiny.lora(folder / "paper cut.safetensors", 2)
    return folder


class TestQuoting:
    @pytest.mark.parametrize(
        "name", ["plain", "my file", "it's", "a\nb", "\udcff", "$(id)", "~", "back\\slash\x07'"]
    )
    def test_a_shell_takes_any_word_as_it_was(self, name: str, tmp_path: Path) -> None:
        path = tmp_path / name
        script = command(path).replace("modelkeep ", "printf %s ", 1)
        told = subprocess.run(["bash", "-c", script], capture_output=True, check=True)
        assert told.stdout == os.fsencode(path)

    def test_home_stays_short_and_is_expanded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", "/home/me")
        assert command("scan", Path("/home/me/My models")) == "modelkeep scan ~/'My models'"

    def test_what_a_scan_suggests_works(self, program: Program, odd: Path) -> None:
        told = program.call("scan", odd)
        register = next(c for c in commands(told.err) if "--register" in c)
        program.call(*register)
        assert [line["name"] for line in program.call("list", "--json").json]

    def test_a_file_in_the_models_folder(self, program: Program, odd: Path) -> None:
        there = program.root / "models" / "odd name.safetensors"
        there.parent.mkdir(parents=True)
        shutil.copy(odd / "paper cut.safetensors", there)
        told = program.call("install", there, status=1)
        [words] = commands(told.err)
        program.call(*words)

    def test_a_root_that_is_there(self, program: Program, odd: Path, tmp_path: Path) -> None:
        program.call("root", "add", "odd", odd)
        (tmp_path / "new place").mkdir()
        told = program.call("root", "add", "odd", tmp_path / "new place", status=2)
        assert [*commands(told.err)[0]] == ["root", "move", "odd", str(tmp_path / "new place")]
        told = program.call("root", "move", "odd", tmp_path / "new place", status=2)
        assert f"new place of {odd}" in told.err
        assert "{" not in told.err

    def test_the_library_that_was_named_is_named_again(
        self, program: Program, tmp_path: Path
    ) -> None:
        root = tmp_path / "other library"
        told = program.run("--root", root, "list")
        assert commands(told.err) == [["--root", str(root), "install", "FILE"]]
        assert "--root" not in program.run("list").err

    def test_what_was_not_applied_is_a_whole_command(self, filled: Program, sources: Path) -> None:
        told = filled.call("install", sources / "blue.safetensors", "--name", "my blue")
        [words] = commands(told.err)
        filled.call(*words)
        filled.call("show", "my blue")


def test_ctrl_c_in_root_add_says_how_to_go_on(program: Program, tmp_path: Path) -> None:
    top = tmp_path / "many"
    tiny.lora(top / "a.safetensors", 1)
    for number in range(3000):
        shutil.copy(top / "a.safetensors", top / f"{number}.safetensors")
    process = program.start("root", "add", "many", top)
    until(lambda: (program.root / "modelkeep.yaml").exists() and program.call("list", "-q").lines)
    process.send_signal(signal.SIGINT)
    told = finish(process, 130)
    assert commands(told.err) == [["scan", "many", "--register"]]
    program.run("scan", "many", "--register")


class TestSuggestions:
    @pytest.mark.parametrize("word", sorted(_MEANT))
    def test_words_of_other_programs_lead_to_commands(self, program: Program, word: str) -> None:
        told = program.call(word, status=2)
        if word in {"help", "version"}:
            assert f"modelkeep --{word}\n" in told.err
            return
        meant = commands(told.err)[0]
        entries = {entry.name: entry for entry in ENTRIES}
        found = entries[meant[0]]
        if isinstance(found, Group):
            assert meant[1] in {c.name for c in found.commands}

    @pytest.mark.parametrize(
        ("word", "meant"),
        [("rename", "edit"), ("uninstall", "remove"), ("find", "list"), ("info", "show"),
         ("delete", "remove"), ("move", "root move")],
    )  # fmt: skip
    def test_the_usual_ones(self, program: Program, word: str, meant: str) -> None:
        assert f"modelkeep {meant} " in program.call(word, status=2).err

    def test_nothing_is_taken_away_for_another_word(self) -> None:
        known = ["remove", "rm", "prune", "cancel", "list", "resume", "retry"]
        for word in ("renmae", "rename", "prompt", "pause", "move", "prove", "resume_", "r", "can"):
            told = no_such_command(word, known, is_top=True)
            assert not re.search(r"\b(remove|rm|prune|cancel)\b", told.partition(".")[2]), word
        assert "Did you mean remove?" in no_such_command("remov", known, is_top=True)
        assert "Did you mean list?" in no_such_command("lsit", known, is_top=True)


class TestErrors:
    @pytest.mark.parametrize(
        "words",
        [("show", "nobody"), ("remove", "--yes", "nobody"), ("verify", "nobody"),
         ("reidentify", "nobody"), ("edit", "nobody", "name=x"), ("enrich", "nobody"),
         ("identify", "/nowhere"), ("install", "/nowhere"), ("scan", "/nowhere"),
         ("trash", "restore", "nobody"), ("retry", "77"), ("cancel", "77"),
         ("root", "move", "nobody", "/tmp"), ("config", "set", "port", "sofa"),
         ("list", "--sofa"), ("list", "--limit", "0"), ("sofa",), ("download", "no-link"),
         ("install", "--dry-run", "/nowhere")],
        ids=" ".join,
    )  # fmt: skip
    def test_they_have_one_shape_in_json(self, filled: Program, words: tuple[str, ...]) -> None:
        told = filled.call(*words, "--json", status=None)
        assert told.status in {1, 2}
        [line] = told.json
        assert set(line["error"]) == {"kind", "message", "hint"}
        assert all(isinstance(value, str) for value in line["error"].values())
        assert line["error"]["kind"][0].isupper()

    def test_those_of_scans_and_jobs_too(self, program: Program, unsafe: Path) -> None:
        program.call("install", unsafe, status=1)
        [job] = program.call("jobs", "--json").json
        [found] = program.call("scan", unsafe.parent, "--json", status=None).json
        assert job["error"]["kind"] == found["error"]["kind"] == "UnsafeModelError"
        assert set(job["error"]) == set(found["error"]) == {"kind", "message", "hint"}


class TestTables:
    def test_long_names_are_cut_in_pipes(self, filled: Program) -> None:
        filled.call("edit", "blue", "name=" + "long " * 50 + "end")
        lines = filled.run("list").lines
        assert max(map(len, lines)) < 130
        assert any("..." in line and "end" in line for line in lines)
        assert filled.call("list", "--json", "--search", "end").only["name"].endswith("end")

    def test_wide_characters_keep_the_columns(self, filled: Program) -> None:
        filled.call("edit", "blue", "name=水墨画")
        lines = filled.run("list").lines
        assert lines[0].index("TYPE") == lines[-1].index("Embedding") + 3

    def test_missing_and_changed_models_show(self, filled: Program) -> None:
        assert "STATE" not in filled.run("list").out
        (filled.root / "models/sd-1/embedding/blue.safetensors").unlink()
        paper = filled.root / "models/sd-1/lora/paper.safetensors"
        paper.write_bytes(paper.read_bytes() + b" ")
        filled.call("sync", status=None)
        lines = filled.run("list").lines
        assert lines[0].split()[-1] == "STATE"
        assert {line.split()[1]: line.split()[-1] for line in lines[1:]} == {
            "blue": "missing", "green": "present", "paper": "changed",
        }  # fmt: skip
        filtered = filled.run("list", "--type", "lora").lines
        assert filtered[1].split()[-1] == "changed"
