"""``doctor`` and ``verify`` as people and programs meet them."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from modelkeep.cli.options import parse_rate, parse_span
from support import tiny
from support.program import Program, finish

FIELDS = {"kind", "severity", "subject", "message", "hint", "fixable", "fixed"}


def place(program: Program, name: str) -> Path:
    return program.root / "models/sd-1/embedding" / name


def corrupt(path: Path) -> None:
    """Change a byte and nothing that a look would see."""
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\xff")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


class TestDoctor:
    def test_all_is_well(self, filled: Program) -> None:
        told = filled.run("doctor")
        assert told.out == ""
        assert told.err == "No problems found.\n"
        assert filled.call("doctor", "--json").out == ""

    def test_there_is_no_library_yet(self, program: Program) -> None:
        program.call("doctor")
        assert not program.root.exists()

    def test_it_tells_what_a_scan_has_told(
        self, program: Program, sources: Path, unsafe: Path
    ) -> None:
        unsafe.rename(sources / "unsafe.ckpt")
        (sources / "broken.safetensors").write_bytes((2**40).to_bytes(8, "little") + b"{}")
        (sources / "half.safetensors.part").write_bytes(b"half")
        (sources / "blue.safetensors.aria2").write_bytes(b"")
        (sources / "green/learned_embeds.safetensors.crdownload").write_bytes(b"")
        program.call("scan", sources, status=None)
        told = {line["subject"]: line["kind"] for line in program.call("doctor", "--json").json}
        assert told == {
            str(sources / "unsafe.ckpt"): "file_unsafe",
            str(sources / "broken.safetensors"): "file_broken",
            str(sources / "half.safetensors.part"): "file_unfinished",
            str(sources / "blue.safetensors"): "file_unfinished",
            str(sources / "green"): "file_unfinished",
        }
        assert "No problems" not in program.call("doctor").err
        for name in ("unsafe.ckpt", "half.safetensors.part", "blue.safetensors.aria2"):
            (sources / name).unlink()
        (sources / "green/learned_embeds.safetensors.crdownload").unlink()
        tiny.embedding(sources / "broken.safetensors")
        assert program.call("doctor", "--json").json == []

    def test_what_is_wrong_in_a_root_is_a_problem(
        self, program: Program, sources: Path, unsafe: Path
    ) -> None:
        unsafe.rename(sources / "unsafe.ckpt")
        program.call("root", "add", "mine", sources, status=None)
        program.call("sync", status=None)
        [line] = program.call("doctor", "--json", status=1).json
        assert (line["kind"], line["severity"]) == ("file_unsafe", "warning")

    def test_findings_are_one_a_line(self, filled: Program) -> None:
        place(filled, "blue.safetensors").unlink()
        (filled.root / "models/.staging/abc").mkdir(parents=True)
        told = filled.call("doctor", "--json", status=1)
        assert [set(line) for line in told.json] == [FIELDS] * 3
        found = {line["kind"]: line for line in told.json}
        assert set(found) == {"staging_leftover", "model_missing", "stale_states"}
        assert found["staging_leftover"]["fixable"] is True
        assert found["model_missing"]["fixable"] is False
        assert not any(line["fixed"] for line in told.json)
        assert filled.call("doctor", "--json", status=1).json == told.json

    def test_fixing_leaves_what_a_person_has_to_do(self, filled: Program) -> None:
        place(filled, "blue.safetensors").unlink()
        (filled.root / "models/.staging/abc").mkdir(parents=True)
        told = filled.call("doctor", "--fix", "--json", status=1)
        fixed = {line["kind"]: line["fixed"] for line in told.json}
        assert fixed == {"staging_leftover": True, "model_missing": False, "stale_states": True}
        again = filled.call("doctor", "--json", status=1)
        assert [line["kind"] for line in again.json] == ["model_missing"]
        key = again.only["subject"]
        assert filled.call("show", "--json", key).only["state"] == "missing"
        filled.call("remove", "--yes", key)
        assert filled.call("doctor", "--json").json == []

    def test_people_are_told_what_to_type(self, filled: Program) -> None:
        tiny.embedding(place(filled, "stray.safetensors"), 9)
        (filled.root / "models/.staging/abc").mkdir(parents=True)
        told = filled.call("doctor", status=1)
        assert (
            f"warning: No record owns {place(filled, 'stray.safetensors')} (6.2 KB)" in told.lines
        )
        assert f"modelkeep install --inplace {place(filled, 'stray.safetensors')}" in told.out
        assert "2 warnings." in told.err
        assert "1 can be repaired with: modelkeep doctor --fix" in told.err
        filled.call("install", "--inplace", place(filled, "stray.safetensors"))
        assert "fixed: " in filled.call("doctor", "--fix").out
        filled.call("doctor")

    def test_quiet_names_what_is_wrong(self, filled: Program) -> None:
        (filled.root / "models/.staging/abc").mkdir(parents=True)
        told = filled.call("doctor", "-q", status=1)
        assert told.out == f"{filled.root}/models/.staging/abc\n"
        assert told.err == ""

    def test_what_waits_in_the_trash_is_nothing_wrong(self, filled: Program) -> None:
        filled.call("remove", "--yes", "green")
        told = filled.call("doctor")
        assert told.out.startswith("note: 1 model is in the trash; emptying it frees 6.2 KB")

    def test_a_catalogue_that_no_command_can_use(self, filled: Program) -> None:
        database = filled.root / "databases/modelkeep.db"
        data = database.read_bytes()
        database.write_bytes(b"\xff" * 4096 + data[4096:])
        filled.call("list", status=1)
        told = filled.call("doctor", "--json", status=1)
        assert [line["kind"] for line in told.json] == ["database_damaged"]
        assert database.read_bytes() == b"\xff" * 4096 + data[4096:]
        told = filled.call("doctor", "--fix", status=1)
        assert "No record owns" in told.out
        [kept] = database.parent.glob("modelkeep.db.corrupt-*")
        assert kept.read_bytes() == b"\xff" * 4096 + data[4096:]
        assert filled.call("list", "-q").out == ""
        filled.call("scan", "--register", filled.root / "models")
        names = [line["name"] for line in filled.call("list", "--json").json]
        assert names == ["blue", "green", "paper"]
        assert filled.call("doctor", "--json").only["kind"] == "backups"


class TestVerify:
    def test_named_ones(self, filled: Program) -> None:
        told = filled.run("verify", "blue", "paper")
        assert [line.split(" (")[0] for line in told.lines] == ["blue", "paper"]
        assert all(line.endswith("): ok") for line in told.lines)

    def test_all_of_them(self, filled: Program) -> None:
        told = filled.call("verify", "--all")
        assert told.out == ""
        assert "3 models read: 3 ok, 0 not." in told.err

    def test_what_is_not_there_is_not_counted_as_read(
        self, filled: Program, tmp_path: Path
    ) -> None:
        disk = tmp_path / "disk"
        tiny.embedding(disk / "far.safetensors", 7)
        filled.call("root", "add", "disk", disk)
        disk.rename(tmp_path / "away")
        told = filled.call("verify", "--all", status=3)
        assert told.err.endswith("3 models read: 3 ok, 0 not; 1 offline.\n")
        place(filled, "blue.safetensors").unlink()
        corrupt(filled.root / "models/sd-1/lora/paper.safetensors")
        told = filled.call("verify", "--all", status=3)
        assert told.err.endswith("2 models read: 1 ok, 1 not; 1 offline, 1 missing.\n")
        filled.call("remove", "--yes", "blue", "green", "paper")
        told = filled.call("verify", "--all", status=1)
        assert told.err.endswith("0 models read; 1 offline.\n")

    def test_changed_bytes(self, filled: Program) -> None:
        corrupt(place(filled, "blue.safetensors"))
        told = filled.call("verify", "--all", "--json", status=3)
        lines = {line["name"]: line for line in told.json}
        assert {name: line["status"] for name, line in lines.items()} == {
            "blue": "changed",
            "green": "ok",
            "paper": "ok",
        }
        [file] = lines["blue"]["files"]
        assert file["known"]["blake3"] != file["found"]["blake3"]
        assert file["known"]["blake3"] in file["detail"]
        assert file["found"]["blake3"] in file["detail"]
        assert filled.call("verify", "-q", "--all", status=3).lines == [lines["blue"]["key"]]
        assert "(changed)" in filled.call("show", "blue").out
        assert filled.call("show", "--json", "blue").only["state"] == "changed"
        assert [line["kind"] for line in filled.call("doctor", "--json", status=1).json] == [
            "model_changed"
        ]

    def test_accepting(self, filled: Program) -> None:
        corrupt(place(filled, "blue.safetensors"))
        told = filled.call("verify", "blue", status=1)
        assert "modelkeep verify --accept" in told.err
        assert "changed, and accepted" in filled.call("verify", "--accept", "blue").out
        filled.call("verify", "blue")
        filled.call("doctor")

    def test_some_that_are_nowhere(self, filled: Program) -> None:
        place(filled, "blue.safetensors").unlink()
        told = filled.call("verify", "blue", "nobody", "paper", status=3)
        assert "is gone" in told.out
        assert "nobody" in told.err

    def test_only_those_whose_hash_is_not_known(self, filled: Program, sources: Path) -> None:
        filled.call("install", "--inplace", tiny.embedding(sources / "far.safetensors", 7))
        told = filled.call("verify", "--all", "--new", "--json")
        assert (told.only["name"], told.only["status"]) == ("far", "new")
        assert filled.call("verify", "--all", "--new").err.startswith("0 models read")
        assert filled.call("verify", "--all", "--max-age", "30d").err.startswith("0 models read")

    @pytest.mark.parametrize(
        "words",
        [
            (),
            ("--all", "blue"),
            ("--new", "blue"),
            ("--max-age", "30d", "blue"),
            ("--restart", "blue"),
            ("--all", "--accept"),
            ("--all", "--limit-rate", "fast"),
            ("--all", "--limit-rate", "0"),
            ("--all", "--max-age", "long"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, filled: Program, words: tuple[str, ...]) -> None:
        filled.call("verify", *words, status=2)

    def test_ctrl_c_keeps_what_was_done(self, filled: Program, sources: Path) -> None:
        for number in range(4, 30):
            tiny.lora(sources / f"m{number}.safetensors", number)
        filled.call("install", *(sources / f"m{n}.safetensors" for n in range(4, 30)))
        # Some seconds' worth for all, and the first ones at once.
        process = filled.start("verify", "--all", "--json", "-v", "--limit-rate", "80K")
        assert process.stdout is not None
        first = os.read(process.stdout.fileno(), 1 << 16)
        process.send_signal(signal.SIGINT)
        told = finish(process, 130)
        read = first.count(b"\n") + told.out.count("\n")
        again = filled.call("verify", "--all", "--json")
        assert "Continuing the run of" in again.err
        assert len(again.lines) < 29
        assert read + len(again.lines) >= 29

    def test_a_bar_shows_how_far_it_is(self, filled: Program) -> None:
        shown = filled.on_terminal("verify", "--all", "--limit-rate", "20K")
        assert "/s" in shown
        assert "3 models read" in shown


def test_missing_and_changed_are_shown(filled: Program) -> None:
    (place(filled, "green/notes/README.md")).unlink()
    assert [line["name"] for line in filled.call("list", "--missing", "--json").json] == ["green"]
    told = filled.call("show", "green")
    assert "(missing)" in told.out
    assert "README.md is gone" in told.err
    place(filled, "blue.safetensors").write_bytes(b"x")
    told = filled.call("show", "blue")
    assert "(changed)" in told.out
    assert "has 1 byte; it had" in told.err


@pytest.mark.parametrize(
    ("text", "rate"),
    [("100", 100), ("100M", 1e8), ("1.5g", 1.5e9), ("10 MB/s", 1e7), ("2MiB", 2e6), ("5k", 5000)],
)
def test_rates(text: str, rate: float) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    ("text", "span"), [("30d", 2_592_000), ("12h", 43_200), ("2w", 1_209_600), ("90s", 90)]
)
def test_spans(text: str, span: float) -> None:
    assert parse_span(text) == span
