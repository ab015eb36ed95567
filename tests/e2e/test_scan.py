"""``scan`` and ``sync`` as people type them."""

from __future__ import annotations

import shlex
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sample_models import flux_transformer, typed, write_safetensors
from support import tiny
from support.program import Program, wait_until
from support.waiting import PATIENCE

#: A header that says that it is longer than the file.
BROKEN = (1000).to_bytes(8, "little") + b'{"'


def test_a_scan_tells_what_is_there_and_what_to_type_next(program: Program, sources: Path) -> None:
    (sources / "half.safetensors.part").write_bytes(b"half")
    (sources / "one.txt").write_text("no model")
    told = program.run("scan", sources)
    assert "3 not in the library" in told.out
    assert "1 unfinished download" in told.out
    assert "1 file without weights" in told.out
    (sources / "two.txt").write_text("no model")
    (sources / "other.safetensors.part").write_bytes(b"half")
    for name in ("blue", "other blue"):
        (sources / f"{name}.lnk.safetensors").hardlink_to(sources / "blue.safetensors")
    many = program.run("scan", sources).out
    assert "2 unfinished downloads" in many
    assert "2 files without weights" in many
    assert "2 second names of files" in many
    for words in (("Embedding", "SD 1", "2"), ("LoRA", "SD 1", "1")):
        assert any(all(word in line for word in words) for line in told.lines)
    assert f"modelkeep scan {sources} --register" in told.err
    assert program.call("list", "-q").lines == []


def test_json_has_one_line_a_file(program: Program, sources: Path) -> None:
    (sources / "bad.ckpt").write_bytes(b"")
    told = program.call("scan", sources, "--json", status=3)
    for line in told.json:
        assert {"path", "status", "type", "base", "key", "error"} <= set(line)
    by_name = {Path(line["path"]).name: line for line in told.json}
    assert {name: line["status"] for name, line in by_name.items()} == {
        "bad.ckpt": "error", "blue.safetensors": "found", "green": "found",
        "paper.safetensors": "found",
    }  # fmt: skip
    assert (by_name["paper.safetensors"]["type"], by_name["paper.safetensors"]["base"]) == (
        "lora", "sd-1",
    )  # fmt: skip
    assert "empty" in by_name["bad.ckpt"]["error"]["message"]
    assert told.err == ""


def test_a_variant_that_its_family_brings_is_stored_and_shown(
    program: Program, tmp_path: Path
) -> None:
    model = typed(flux_transformer(guidance=False))
    write_safetensors(tmp_path / "models/schnell.safetensors", model)
    [found] = program.call("scan", tmp_path / "models", "--json").json
    assert (found["status"], found["type"], found["base"]) == ("found", "main", "flux")
    [key] = program.call("scan", tmp_path / "models", "--register", "-q").lines
    assert program.call("show", key, "--json").only["variant"] == "schnell"


def test_register_records_in_place(program: Program, sources: Path) -> None:
    keys = program.call("scan", sources, "--register", "-q").lines
    assert len(keys) == 3
    listed = program.call("list", "--json").json
    assert {line["key"] for line in listed} == set(keys)
    assert {line["path"] for line in listed} == {
        str(sources / name) for name in ("blue.safetensors", "paper.safetensors", "green")
    }
    again = program.call("scan", sources, "--json")
    assert {line["status"] for line in again.json} == {"known"}
    assert {line["key"] for line in again.json} == set(keys)


def test_install_copies(program: Program, sources: Path) -> None:
    told = program.call("scan", sources, "--install", "--link", "hardlink")
    assert "3 installed" in told.out
    blue = program.root / "models/sd-1/embedding/blue.safetensors"
    assert blue.samefile(sources / "blue.safetensors")


@pytest.mark.parametrize(
    "words", [["--register", "--install"], ["--link", "move"], ["--layout", "sofa"]]
)
def test_wrong_usage_is_told(program: Program, sources: Path, words: list[str]) -> None:
    told = program.call("scan", sources, *words, status=1 if "sofa" in words else 2)
    assert "Error" in told.err
    assert told.err.count("\n") >= 2


def test_a_folder_that_is_not_there_is_told(program: Program, tmp_path: Path) -> None:
    told = program.call("scan", tmp_path / "nowhere", status=1)
    assert "nowhere does not exist" in told.err


def test_roots_are_scanned_by_name_and_all_together(program: Program, tmp_path: Path) -> None:
    tiny.lora(tmp_path / "disk" / "theirs.safetensors", 1)
    tiny.lora(program.root / "models" / "mine.safetensors", 2)
    (program.root / "modelkeep.yaml").write_text(f"roots: {{disk: {{path: {tmp_path / 'disk'}}}}}")
    [line] = program.call("scan", "disk", "--json").json
    assert Path(line["path"]).name == "theirs.safetensors"
    names = {Path(line["path"]).name for line in program.call("scan", "--json").json}
    assert names == {"theirs.safetensors", "mine.safetensors"}


def test_an_unknown_file_says_how_to_record_it(program: Program, tmp_path: Path) -> None:
    odd = tmp_path / "odd.safetensors"
    odd.write_bytes(tiny.safetensors_bytes({"nobody.knows": ("F32", (2, 3))}))
    told = program.call("scan", odd)
    assert "unknown: " in told.out
    assert "It holds 1 tensor, the first called 'nobody.knows'" in told.out
    assert "modelkeep identify --explain" in told.out
    assert "TYPE" not in told.out, "nothing shows a type"


def test_an_unknown_lora_is_registered_by_the_command_that_is_shown(
    program: Program, tmp_path: Path
) -> None:
    name = "transformer.transformer_blocks.0.attn2.to_k"
    shapes = {f"{name}.lora_A.weight": ("F16", (4, 2048)), f"{name}.lora_B.weight": ("F16", (8, 4))}
    odd = tmp_path / "odd one.safetensors"
    odd.write_bytes(tiny.safetensors_bytes(shapes))
    line = program.call("scan", "--json", odd).only
    assert "looks like a LoRA for LTX-Video" in line["error"]["message"]
    hint = line["error"]["hint"]
    command = shlex.split(hint[hint.index("modelkeep ") :])
    program.call(*command[1:])
    found = program.call("list", "--json").only
    assert (found["type"], found["base"]) == ("lora", "ltx-video")


def test_a_text_among_models_is_given_no_type(program: Program, tmp_path: Path) -> None:
    odd = tmp_path / "models" / "loras" / "odd.safetensors"
    odd.parent.mkdir(parents=True)
    odd.write_text("nothing but words, " * 200)
    assert "--type" not in program.call("scan", "--json", odd, status=None).out


def test_progress_is_drawn_on_a_terminal(program: Program, sources: Path) -> None:
    for number in range(300):
        tiny.embedding(sources / "many" / f"{number}.safetensors", number % 250)
    shown = program.on_terminal("scan", sources)
    assert "models looked at" in shown
    assert "303 not in the library" in shown


def test_an_interrupted_scan_keeps_what_it_registered(program: Program, tmp_path: Path) -> None:
    count, top = 400, tmp_path / "many"
    for number in range(count):
        tiny.embedding(top / f"{number:04}.safetensors", number % 250)
    program.call("sync")  # the catalogue is there
    process = program.start("scan", top, "--register")
    database = program.root / "databases" / "modelkeep.db"
    with closing(sqlite3.connect(database, isolation_level=None)) as held:

        def some_are_there() -> bool:
            held.execute("BEGIN IMMEDIATE")  # while it is held nothing more is registered
            [[there]] = held.execute("SELECT count(*) FROM mk_model")
            if not there:
                held.execute("ROLLBACK")
            return bool(there)

        wait_until(some_are_there, process)
        process.send_signal(signal.SIGINT)
        held.execute("ROLLBACK")
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, err
    assert b"Traceback" not in err
    kept = len(program.call("list", "-q").lines)
    assert 0 < kept < count
    assert f"{kept:,} models registered".encode() in err
    told = program.call("scan", top, "--register")
    assert f"{count - kept:,} registered" in told.out
    assert f"{kept:,} already in the library" in told.out


# -- sync


def test_sync_registers_and_marks(program: Program, sources: Path) -> None:
    tiny.lora(program.root / "models" / "by hand.safetensors", 7)
    told = program.run("sync")
    assert "1 registered" in told.out
    program.call("scan", sources, "--register", "-q")
    (sources / "blue.safetensors").unlink()
    told = program.call("sync", status=3)
    assert "1 missing now" in told.out
    assert f"missing: {sources / 'blue.safetensors'}" in told.out
    [line] = program.call("list", "--missing", "--json").json
    assert line["name"] == "blue"
    assert "nothing changed" in program.call("sync").out


def test_sync_asks_before_much_is_marked(program: Program, tmp_path: Path) -> None:
    for number in range(25):
        tiny.embedding(program.root / "models" / f"{number}.safetensors", number)
    tiny.lora(program.root / "models" / "kept.safetensors")
    program.call("sync")
    for number in range(25):
        (program.root / "models" / f"{number}.safetensors").unlink()
    told = program.call("sync", status=3)
    assert "25 of 26" in told.out
    assert "modelkeep sync --yes" in told.out
    shown = program.on_terminal("sync", answer="n\n", status=3)
    assert "[y/N]" in shown
    lines = program.call("sync", "--yes", "--json", status=3).json
    assert [line["status"] for line in lines] == ["missing"] * 25
    del tmp_path


class TestSyncTellsOnce:
    @pytest.fixture
    def odd(self, filled: Program) -> Program:
        """A library with a broken and an unknown file in its folder."""
        folder = filled.root / "models"
        (folder / "broken.safetensors").write_bytes(BROKEN)
        mystery = tiny.safetensors_bytes({"x": ("F32", (2, 2))})
        (folder / "mystery.safetensors").write_bytes(mystery)
        return filled

    def test_a_status_of_0_says_that_all_is_as_it_was(self, odd: Program) -> None:
        assert odd.call("sync", "--json", status=3).json
        told = odd.call("sync")
        assert "nothing changed" in told.out
        assert "broken" not in told.out + told.err
        assert "2 known problems are not listed again" in told.err
        assert odd.call("sync", "--json").json == []

    def test_known_problems_can_be_listed_and_accepted(self, odd: Program) -> None:
        odd.call("sync", status=3)
        listed = {Path(line["path"]).name for line in odd.call("sync", "--all", "--json").json}
        assert listed == {"broken.safetensors", "mystery.safetensors"}
        assert "file_broken" in {f["kind"] for f in odd.call("doctor", "--json", status=1).json}
        assert "Accepted 2 problems" in odd.call("sync", "--accept").err
        assert not {"file_broken", "file_unknown"} & {
            f["kind"] for f in odd.call("doctor", "--json", status=None).json
        }
        told = odd.call("sync")
        assert "problem" not in told.err
        assert len(odd.call("sync", "--all", "--json").json) == 2

    def test_what_changes_is_told_again(self, odd: Program) -> None:
        odd.call("sync", "--accept", status=3)
        broken = odd.root / "models/broken.safetensors"
        broken.write_bytes(BROKEN + b" ")
        [line] = odd.call("sync", "--json", status=3).json
        assert (line["path"], line["status"]) == (str(broken), "error")
        broken.unlink()
        odd.call("sync")
        broken.write_bytes(BROKEN + b" ")
        odd.call("sync", status=3)

    def test_models_are_marked_once_and_counted_later(self, filled: Program) -> None:
        place = filled.root / "models/sd-1/embedding/blue.safetensors"
        data = place.read_bytes()
        place.unlink()
        (filled.root / "models/sd-1/lora/paper.safetensors").write_bytes(b"damaged")
        told = filled.call("sync", status=3)
        assert "1 missing now, 1 changed" in told.out
        told = filled.call("sync")
        assert (
            "1 model is still missing. List them with: modelkeep list --state missing" in told.err
        )
        assert "1 model is still changed" in told.err
        place.write_bytes(data)
        assert "1 back" in filled.call("sync").out
        assert "missing" not in filled.call("sync").err

    def test_a_disk_that_is_away_is_told_once(self, program: Program, tmp_path: Path) -> None:
        disk = tmp_path / "disk"
        tiny.lora(disk / "paper.safetensors", 1)
        (disk / "broken.safetensors").write_bytes(BROKEN)
        program.call("root", "add", "disk", disk, status=3)
        program.call("sync", status=None)
        disk.rename(tmp_path / "away")
        assert "offline" in program.call("sync").out
        assert "offline" not in program.call("sync").out
        (tmp_path / "away").rename(disk)
        program.call("sync")
        disk.rename(tmp_path / "away")
        assert "offline" in program.call("sync").out
