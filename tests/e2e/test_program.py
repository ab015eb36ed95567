from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from modelkeep import __version__
from modelkeep.cli.tree import COMMAND_NAMES, ENTRIES, Group
from support import tiny
from support.program import Program
from support.waiting import PATIENCE

#: Every command by every name that it has, the groups, and the program itself.
COMMANDS = (
    (),
    *((name,) for name in sorted(COMMAND_NAMES)),
    *((e.name, c.name) for e in ENTRIES if isinstance(e, Group) for c in e.commands),
)

#: Commands that print results.
_WITH_RESULTS = (
    ("--version",), ("--help",), ("list", "--help"), (), ("list",), ("list", "--json"),
    ("scan", "DIR", "--json"), ("show", "blue"), ("config", "show"),
)  # fmt: skip


class TestHelp:
    @pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
    def test_every_command_has_help(self, program: Program, command: tuple[str, ...]) -> None:
        for flag in ("--help", "-h"):
            told = program.call(*command, flag)
            assert told.out.startswith(f"Usage: modelkeep {' '.join(command)}".rstrip())
            assert told.err == ""
            for option in ("--root", "--json", "--quiet", "--verbose"):
                assert option in told.out
            assert max(map(len, told.lines)) <= 80
            assert told.lines[-1].startswith("  Example: modelkeep ")

    def test_version(self, program: Program) -> None:
        for words in (("--version",), ("-V",), ("--json", "--version")):
            assert program.call(*words).out == f"modelkeep {__version__}\n"

    @pytest.mark.parametrize(
        "words",
        [("sofa",), ("list", "--sofa"), ("list", "sofa"), ("show",), ("trash",), ("config",),
         ("config", "set", "verify"), ("list", "--sort", "sofa"), ("list", "--limit", "0"),
         ("list", "--type", "sofa"), ("list", "--format", "sofa"), ("--root",)],
        ids=" ".join,
    )  # fmt: skip
    def test_wrong_usage_is_2_and_says_what_can_be_typed(
        self, program: Program, words: tuple[str, ...]
    ) -> None:
        told = program.call(*words, status=2)
        assert told.out == ""
        assert "--help" in told.err
        assert "Value error" not in told.err

    def test_alone_it_shows_the_library_and_what_to_type(self, filled: Program) -> None:
        told = filled.run()
        assert "3 models, 34.4 KB" in told.out
        assert "Embedding" in told.out
        assert "modelkeep install FILE" in told.out
        assert told.err == ""
        line = filled.call("--json").only
        assert line == {"root": str(filled.root), "models": 3, "size": 34395}


class TestCommonOptions:
    def test_they_stand_before_and_after_the_command(self, filled: Program, tmp_path: Path) -> None:
        before, after = filled.call("--json", "list"), filled.call("list", "--json")
        assert before.json == after.json != []
        assert filled.call("-q", "trash", "list").out == filled.call("trash", "-q", "list").out
        for words in (("--root", tmp_path, "list"), ("list", "--root", tmp_path)):
            assert "The library is empty" in filled.call(*words).err

    def test_verbose_adds_the_traceback_wherever_it_stands(self, program: Program) -> None:
        command = [sys.executable, "-m", "modelkeep"]
        for words in (["-v", "show", "nobody"], ["show", "nobody", "-v"]):
            told = subprocess.run(
                [*command, *words], env=program.environment(), capture_output=True, check=False
            )
            assert told.returncode == 1
            assert b"Traceback" in told.stderr
            assert told.stdout == b""

    def test_quiet_silences_messages_not_errors(self, program: Program) -> None:
        assert program.call("-q", "list").err == ""
        assert "nobody" in program.call("-q", "show", "nobody", status=1).err

    def test_a_root_that_cannot_be_is_an_error_with_a_hint(self, program: Program) -> None:
        file = program.home / "file"
        file.touch()
        told = program.run("--root", file, "list", status=1)
        assert "~/file" in told.err
        assert len(told.err.splitlines()) == 2

    def test_the_root_of_the_environment_is_made(self, program: Program) -> None:
        program.run("list", env={"MODELKEEP_ROOT": str(program.home / "other")})
        assert (program.home / "other/databases/modelkeep.db").is_file()
        assert not program.root.exists()


class TestConfig:
    def origin(self, program: Program, setting: str, *words: str) -> tuple[object, str]:
        lines = program.call(*words, "config", "show", "--json").json
        [line] = [line for line in lines if line["setting"] == setting]
        return line["value"], line["origin"]

    def test_the_last_word(self, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.origin(program, "port") == (9494, "default")
        program.call("config", "set", "port", "9000")
        assert self.origin(program, "port") == (9000, "modelkeep.yaml")
        monkeypatch.setenv("MODELKEEP_PORT", "9001")
        assert self.origin(program, "port") == (9001, "environment MODELKEEP_PORT")
        told = program.call("config", "set", "port", "9002")
        assert "MODELKEEP_PORT is set in this environment" in told.err
        other = str(program.home / "other")
        assert self.origin(program, "root")[1] == "environment MODELKEEP_ROOT"
        assert self.origin(program, "root", "--root", other) == (other, "command line")

    def test_show_is_a_table_and_names(self, program: Program) -> None:
        told = program.run("config", "show")
        assert told.lines[0].split() == ["SETTING", "VALUE", "FROM"]
        names = program.call("config", "show", "-q").lines
        assert [line.split()[0] for line in told.lines[1:]] == names
        assert "verify" in names

    def test_comments_survive(self, program: Program) -> None:
        file = Path(program.call("config", "path").out.strip())
        assert file == program.root / "modelkeep.yaml"
        file.parent.mkdir()
        file.write_text("# mine\nverify: 'warn'  # for now\nport: 1\n")
        program.call("config", "set", "port", "80")
        program.call("config", "set", "roots", "{comfy: {path: /data, layout: comfyui}}")
        text = file.read_text()
        assert text.startswith("# mine\nverify: 'warn'  # for now\nport: 80\n")
        assert self.origin(program, "roots")[0] == {
            "comfy": {"path": "/data", "layout": "comfyui", "readonly": False, "enrich": True}
        }
        program.call("config", "set", "port", "")
        assert self.origin(program, "port") == (9494, "default")

    def test_a_file_of_comments_keeps_them(self, program: Program) -> None:
        file = program.root / "modelkeep.yaml"
        file.parent.mkdir()
        file.write_text("# nothing yet")
        program.call("config", "set", "port", "80")
        assert file.read_text() == "# nothing yet\nport: 80\n"
        program.call("config", "set", "port", "")
        assert file.read_text() == "# nothing yet\n"

    @pytest.mark.parametrize(
        "words",
        [
            ("sofa", "1"),
            ("root", "/x"),
            ("port", "99999"),
            ("verify", "maybe"),
            ("verify", "{"),
            ("models_dir", "."),
            ("models_dir", ".."),
        ],
        ids=" ".join,
    )
    def test_what_cannot_be_set_leaves_the_file(
        self, program: Program, words: tuple[str, str]
    ) -> None:
        program.call("config", "set", *words, status=2)
        assert not (program.root / "modelkeep.yaml").exists()

    def test_a_wrong_file_can_be_corrected(self, program: Program) -> None:
        file = program.root / "modelkeep.yaml"
        file.parent.mkdir()
        file.write_text("port: sofa\n")
        told = program.call("list", status=1)
        assert "port" in told.err
        assert "modelkeep.yaml" in told.err
        assert program.call("config", "path").lines == [str(file)]
        program.call("config", "set", "port", "80")
        program.call("list")
        file.write_text("{")
        assert "modelkeep.yaml" in program.call("list", status=1).err
        assert "modelkeep.yaml" in program.call("config", "set", "port", "80", status=1).err

    def test_a_wrong_environment_is_named(self, program: Program) -> None:
        told = program.run("list", env={"MODELKEEP_ROOTS": "{"}, status=1)
        assert "roots" in told.err
        assert "JSON" in told.err


class TestStreams:
    def test_quiet_lists_compose(self, filled: Program) -> None:
        script = (
            'exec 2>&1; "$0" -m modelkeep list --type embedding -q | xargs "$0" -m modelkeep rm'
        )
        told = subprocess.run(
            ["sh", "-c", script, sys.executable],
            env=filled.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
        )
        assert told.stdout.count(b"in the trash") == 2
        assert [line["name"] for line in filled.call("list", "--json").json] == ["paper"]

    @pytest.mark.parametrize("words", _WITH_RESULTS, ids=" ".join)
    @pytest.mark.parametrize("output", [">/dev/full", ">&-", ">&0", ">&0 2>&0"])
    def test_output_that_nobody_takes_ends_a_command_as_it_ends_cat(
        self, filled: Program, sources: Path, output: str, words: tuple[str, ...]
    ) -> None:
        typed = shlex.join([str(sources) if word == "DIR" else word for word in words])
        ours, err = _ended(filled, f"{shlex.quote(sys.executable)} -m modelkeep {typed} {output}")
        assert ours == _ended(filled, f"cat /etc/passwd {output}")[0]
        assert len(err.splitlines()) <= 1
        assert "Traceback" not in err
        assert err == "" or err.startswith("Error: standard output: ")

    def test_a_process_of_its_own_ends_by_the_signal(self, filled: Program) -> None:
        ours, theirs = os.pipe()
        os.close(ours)
        process = filled.start("list", stdout=theirs)
        os.close(theirs)
        assert process.communicate(timeout=PATIENCE)[1] == b""
        assert process.returncode == -signal.SIGPIPE

    @pytest.mark.parametrize("messages", ["2>&0", "2>/dev/full", "2>&-"])
    def test_messages_that_nobody_reads_stop_no_job(
        self, program: Program, sources: Path, messages: str
    ) -> None:
        typed = shlex.join(["-v", "install", *map(str, sources.glob("*.safetensors"))])
        command = f"{shlex.quote(sys.executable)} -m modelkeep {typed} {messages}"
        assert _ended(program, command) == (0, "")
        assert len(program.call("list", "-q").lines) == 2

    def test_any_name_can_be_told_in_any_encoding(self, filled: Program) -> None:
        filled.call("edit", "blue", "name=B\u00fcr\u00f6 \U0001f600")
        ascii_only = {"PYTHONIOENCODING": "ascii"}
        [line] = filled.run("list", "--json", "--search", "b\xfcro", env=ascii_only).json
        assert line["name"] == "B\u00fcr\u00f6 \U0001f600"
        assert "B\\xfcr\\xf6" in filled.run("list", env=ascii_only).out
        assert "B\u00fcr\u00f6 \U0001f600" in filled.run("list").out

    def test_a_file_name_that_is_no_text(self, program: Program, tmp_path: Path) -> None:
        path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/bl\xffe.safetensors"))
        tiny.embedding(path)
        told = program.run("identify", "--json", path)
        assert told.only["error"] is None
        [line] = program.run("install", "--json", path).json
        assert line["status"] == "completed"
        assert program.run("list").out.count("Embedding") == 1

    def test_names_do_not_act_upon_the_terminal(self, program: Program, tmp_path: Path) -> None:
        phrase = "\x1b]0;owned\x07 \x1b[31mred\u202e\x9b"
        path = tiny.lora(tmp_path / "l.safetensors", 1, {"modelspec.trigger_phrase": phrase})
        program.call("install", path, "--name", "a\x1b[2Jb\nc")
        for words in (("list",), ("show", "a\x1b[2Jb\nc"), ("identify", path)):
            told = program.call(*words).out + program.on_terminal(*words)
            assert not {"\x07", "\u202e", "\x9b"} & set(told)
            assert "\x1b]0" not in told
            assert "\x1b[2J" not in told


class TestTerminal:
    def test_it_asks_before_removing(self, filled: Program) -> None:
        shown = filled.on_terminal("remove", "blue", answer="n\n", status=1)
        assert "Remove blue, to the trash? [y/N]" in shown
        assert "Nothing was removed" in shown
        filled.call("show", "blue")
        assert "in the trash" in filled.on_terminal("remove", "blue", answer="y\n")
        filled.call("show", "blue", status=1)

    def test_it_asks_before_what_cannot_be_undone(self, filled: Program) -> None:
        shown = filled.on_terminal("remove", "--now", "blue", "green", answer="yes\n")
        assert "Remove 2 models, for good? [y/N]" in shown
        filled.call("remove", "paper")
        filled.on_terminal("trash", "empty", answer="\n", status=1)
        assert len(filled.call("trash", "list", "-q").lines) == 1
        assert "Permanently delete" in filled.on_terminal("trash", "empty", answer="y\n")
        assert filled.call("trash", "list", "-q").out == ""

    def test_ctrl_c_at_the_question_removes_nothing(self, filled: Program) -> None:
        # The end of the input is a no as well.
        shown = filled.on_terminal("remove", "blue", answer="\x04", status=1)
        assert "Nothing was removed" in shown
        filled.call("show", "blue")

    def test_a_terminal_gets_tables(self, filled: Program) -> None:
        shown = filled.on_terminal("list")
        assert "paper" in shown
        assert "\u2500" in shown, "a line under the titles"


class TestCompletion:
    def complete(self, program: Program, words: str) -> list[str]:
        env = {
            "_MODELKEEP_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split(" ")) - 1),
        }
        return program.run(env=env).out.split()

    def test_the_script_for_a_shell(self, program: Program) -> None:
        # Which shell it is shows in the processes around the program. The second command keeps
        # the shell alive, which would otherwise become the program.
        script = f"{shlex.quote(sys.executable)} -m modelkeep --show-completion; exit $?"
        told = subprocess.run(
            ["bash", "-c", script],
            env=program.environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        assert "_MODELKEEP_COMPLETE" in told.stdout
        assert told.stderr == ""

    def test_models_types_and_commands(self, filled: Program) -> None:
        assert self.complete(filled, "modelkeep show pa") == ["paper"]
        assert self.complete(filled, "modelkeep remove ") == ["blue", "green", "paper"]
        assert self.complete(filled, "modelkeep list --type contr") == [
            "control_lora",
            "controlnet",
        ]
        assert "identify" in self.complete(filled, "modelkeep ide")

    def test_without_a_library_it_offers_and_makes_nothing(self, program: Program) -> None:
        assert self.complete(program, "modelkeep show pa") == []
        assert not program.root.exists()


def _ended(program: Program, script: str) -> tuple[int, str]:
    """Run a line of shell, return its status and its messages; 0 is a pipe without a reader."""
    ours, theirs = os.pipe()
    os.close(ours)
    told = subprocess.run(
        ["sh", "-c", f"{script}; exit $?"],
        env=program.environment(),
        stdin=theirs,
        capture_output=True,
        check=False,
        text=True,
        timeout=PATIENCE,
    )
    os.close(theirs)
    return told.returncode, told.stderr
