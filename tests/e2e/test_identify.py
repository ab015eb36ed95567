from __future__ import annotations

import hashlib
import json
import sys
from io import BytesIO, TextIOWrapper
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest

from modelkeep import ModelManager
from modelkeep.app.identify import IdentifyResult
from modelkeep.app.tally import Tally
from modelkeep.core.reading import LocalFile
from modelkeep.core.taxonomy import BaseModelType, ModelType
from modelkeep.errors import AmbiguousModelError
from modelkeep.identification.known_hashes import KNOWN_FILES, KnownFile
from support import tiny
from support.program import Program

FIELDS = {
    "source", "type", "base", "format", "variant", "repo_variant", "prediction_type", "lineage",
    "fits", "quantization", "missing", "size", "name", "trigger_phrases", "evidence", "error",
}  # fmt: skip


#: Widths of some attentions that SD 1 and SD 2 share.
_ATTENTIONS = {"down_blocks_0_attentions_0": 320, "mid_block_attentions_0": 1280}


@pytest.fixture
def unknown(tmp_path: Path) -> Path:
    path = tmp_path / "unknown.safetensors"
    path.write_bytes(tiny.safetensors_bytes({"never.seen": ("F32", (4, 4))}))
    return path


def test_people_get_a_sentence(program: Program, sources: Path) -> None:
    told = program.run("identify", sources / "paper.safetensors")
    assert told.lines[0].endswith("paper.safetensors: LoRA for SD 1, lycoris, 21.9 KB")
    assert "paper cut" in told.out
    assert told.err == ""
    assert not program.root.exists(), "identify makes no library"


def test_json_has_the_documented_fields(program: Program, sources: Path) -> None:
    line = program.call("identify", "--json", sources / "paper.safetensors").only
    assert set(line) == FIELDS
    assert (line["type"], line["base"], line["format"]) == ("lora", "sd-1", "lycoris")
    assert line["trigger_phrases"] == ["paper cut"]
    assert line["variant"] is None
    assert line["error"] is None
    assert all(set(reason) == {"kind", "detail"} for reason in line["evidence"])
    assert line["evidence"]


def test_explain_tells_what_was_decided_and_what_the_nearest_rules_lack(
    program: Program, sources: Path
) -> None:
    told = program.call("identify", "--explain", sources / "paper.safetensors")
    assert "  because   " in told.out
    assert "  fits      sd-1 lora (LoRA for SD 1)" in told.lines
    rivals = told.lines[told.lines.index("  Nearest rules that do not fit:") + 1 : -1]
    names = [line for line in rivals if line.startswith("    ") and line[4] != " "]
    assert 1 <= len(names) <= 5
    assert len([line for line in rivals if line.startswith("      but  ")]) == len(names)
    assert "further rules looked at; --verbose shows all." in told.lines[-1]
    assert len(told.lines) < 60


def test_explain_shows_all_rules_when_asked_to(program: Program, sources: Path) -> None:
    brief = program.call("identify", "--explain", sources / "paper.safetensors").lines
    told = program.call("identify", "--explain", "--verbose", sources / "paper.safetensors").lines
    [further] = [int(line.split()[0]) for line in brief if "further rules" in line]
    assert "  Rules that do not fit:" in told
    assert len(told) > len(brief) + further
    assert not any("further rules" in line for line in told)


def test_explain_never_lists_more_than_a_few_reasons_of_a_rule(
    program: Program, sources: Path, unknown: Path
) -> None:
    for source, status in ((sources / "green", 0), (unknown, 1)):
        told = program.call("identify", "--explain", source, status=status).lines
        places = [n for n, line in enumerate(told) if line[:5].strip() and line.startswith("    ")]
        assert len(places) <= 5
        assert all(end - begin <= 9 for begin, end in pairwise(places))


def test_an_unknown_model_lists_the_nearest_rules(program: Program, unknown: Path) -> None:
    line = program.call("identify", "--json", unknown, status=1).only
    assert set(line) == FIELDS
    assert line["type"] == "unknown"
    assert line["error"]["kind"] == "UnknownModelError"
    assert set(line["error"]) == {"kind", "message", "hint"}
    told = program.call("identify", unknown, status=1)
    assert told.out == ""
    message, _, nearest = line["error"]["message"].partition(" The nearest rules: ")
    assert nearest.count(" | ") == 2
    assert message in told.err
    assert "nearest" not in told.err, "they are for --explain"
    explained = program.call("identify", "--explain", unknown, status=1).out
    assert "  Nearest rules that do not fit:\n" in explained
    assert "  fits      " not in explained


def test_a_pickle_that_would_run_code_is_named_not_run(program: Program, unsafe: Path) -> None:
    line = program.call("identify", "--json", unsafe, status=1).only
    assert line["error"]["kind"] == "UnsafeModelError"
    assert "posix.system" in line["error"]["message"]


@pytest.mark.parametrize("what", ["missing", "empty folder", "cut short", "no model"])
def test_every_failure_has_a_class_of_ours_and_a_hint(
    program: Program, tmp_path: Path, what: str
) -> None:
    path = tmp_path / f"{what}.safetensors"
    if what == "empty folder":
        path.mkdir()
    elif what == "cut short":
        path.write_bytes(tiny.embedding(tmp_path / "whole.safetensors").read_bytes()[:100])
    elif what == "no model":
        path.write_text("<!DOCTYPE html><html>please log in</html>")
    line = program.call("identify", "--json", path, status=1).only
    import modelkeep

    kind = getattr(modelkeep, line["error"]["kind"])
    assert issubclass(kind, modelkeep.ModelKeepError)
    assert str(path.name) in line["error"]["message"]
    assert line["error"]["hint"]
    told = program.call("identify", path, status=1)
    message = line["error"]["message"].partition(" The nearest rules: ")[0]
    assert told.err == f"Error: {message}\n       {line['error']['hint']}\n"


def test_a_missing_file_says_so(program: Program, tmp_path: Path) -> None:
    line = program.call("identify", "--json", tmp_path / "gone", status=1).only
    assert line["error"]["kind"] == "SourceNotFoundError"
    assert "does not exist" in line["error"]["message"]


def test_some_of_several_failed_is_3(program: Program, sources: Path, unknown: Path) -> None:
    good = sources / "blue.safetensors"
    lines = program.call("identify", "--json", good, unknown, good, status=3).json
    assert [line["error"] is None for line in lines] == [True, False, True]
    program.call("identify", unknown, unknown, status=1)
    program.call("identify", good, good)


def test_explain_reads_a_file_once(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, opened = tiny.embedding(tmp_path / "e.safetensors"), []
    original = LocalFile.__init__

    def spy(self: LocalFile, path: Path) -> None:
        opened.append(path)
        original(self, path)

    monkeypatch.setattr(LocalFile, "__init__", spy)
    told = program.call("identify", "--explain", path)
    assert "fits      sd-1 embedding (Embedding for SD 1)" in told.out
    assert opened == [path]


def _typed(monkeypatch: pytest.MonkeyPatch, names: bytes) -> None:
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(names)))


def test_names_come_from_standard_input_in_their_order(
    program: Program, sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blue, green, paper = (sources / n for n in ("blue.safetensors", "green", "paper.safetensors"))
    _typed(monkeypatch, f"{green}\r\n\n{sources}/no\n".encode() + b"bad\xff\0name\n")
    told = program.call("identify", "--json", blue, "-", paper, status=3)
    assert [line["type"] for line in told.json] == ["embedding", "embedding", None, None, "lora"]
    assert "5 sources: 3 identified, 0 unknown, 0 ambiguous, 2 failed." in told.err


def test_no_names_on_standard_input_is_nothing_to_do(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    _typed(monkeypatch, b"\n")
    assert program.call("identify", "-").out == ""


def test_a_result_is_printed_before_the_next_name_is_read(
    program: Program, sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed: list[int] = []

    class Names(BytesIO):
        def __next__(self) -> bytes:
            printed.append(sys.stdout.getvalue().count("\n"))  # type: ignore[union-attr]
            return super().__next__()

    names = Names(f"{sources / 'blue.safetensors'}\n".encode() * 3)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=names))
    program.call("identify", "--json", "-")
    assert printed == [0, 1, 2, 3], "nothing is held back, so nothing piles up"


def test_several_end_with_a_table_beside_the_results(
    program: Program, sources: Path, unknown: Path, unsafe: Path
) -> None:
    either = sources / "either.safetensors"
    names = [sources / "blue.safetensors", sources / "green", sources / "paper.safetensors"]
    told = program.call("identify", *names, unknown, unsafe, either, status=3)
    end = told.err.splitlines()[-4:]
    assert [line.split() for line in end[:3]] == [
        ["TYPE", "BASE", "COUNT"],
        ["Embedding", "SD", "1", "2"],
        ["LoRA", "SD", "1", "1"],
    ]
    assert end[3] == "6 sources: 3 identified, 1 unknown, 0 ambiguous, 2 failed."
    assert "COUNT" not in told.out
    assert program.call("identify", "-q", *names).err == ""


def test_what_fits_several_rules_is_counted_as_ambiguous() -> None:
    tally = Tally()
    tally.add(IdentifyResult("x", error=AmbiguousModelError("x fits two")))
    assert str(tally) == "1 source: 0 identified, 0 unknown, 1 ambiguous, 0 failed."
    assert tally.not_identified == tally.total == 1


def test_an_ambiguous_file_has_its_type_and_candidates_as_fields(
    program: Program, tmp_path: Path
) -> None:
    tensors = {
        f"lora_unet_{block}_transformer_blocks_0_attn1_to_q.lora_{end}.weight": ("F16", shape)
        for block, width in _ATTENTIONS.items()
        for end, shape in (("down", (4, width)), ("up", (width, 4)))
    }
    file = tmp_path / "either.safetensors"
    file.write_bytes(tiny.safetensors_bytes(tensors))
    told = program.call("identify", "--json", file, status=1).only
    assert (told["type"], told["base"]) == ("lora", None)
    assert told["error"]["kind"] == "AmbiguousModelError"
    assert {"sd-1", "sd-2"} <= set(told["error"]["candidates"])


def test_a_folder_of_several_models_leads_to_scan(program: Program, tmp_path: Path) -> None:
    for name in ("one", "two"):
        tiny.lora(tmp_path / "loras" / f"{name}.safetensors")
    told = program.call("identify", tmp_path / "loras", status=1)
    assert f"scan {tmp_path / 'loras'}" in told.err


def test_a_name_with_control_characters_is_shown_on_one_line(
    program: Program, tmp_path: Path
) -> None:
    file = tmp_path / "a\nb\x1b[31m.safetensors"
    file.write_bytes(b"no model")
    told = program.call("identify", file, status=1)
    assert "a\\nb\\x1b[31m.safetensors" in told.err
    assert "\x1b" not in told.err
    assert program.call("identify", "--json", file, status=1).only["source"] == str(file)


def test_a_folder_that_is_a_model_is_one_source(program: Program, sources: Path) -> None:
    assert program.call("identify", "--json", sources / "green").only["format"]


def test_a_terminal_is_shown_how_far_it_is(program: Program, sources: Path) -> None:
    shown = program.on_terminal("identify", sources / "green", sources / "paper.safetensors")
    assert "0 of 2 identified" in shown
    assert "2 sources: 2 identified" in shown


def _sidecar(model: Path, base: str, **file: object) -> None:
    """Write what Civitai answered about a model, as several programs keep it."""
    version = {"id": 22, "modelId": 11, "name": "v2", "baseModel": base, "files": [file]}
    answer = {**version, "model": {"name": "Ink", "type": "LORA"}}
    model.with_suffix(".civitai.info").write_text(json.dumps(answer))


def test_what_a_sidecar_says_against_the_tensors_is_shown(program: Program, sources: Path) -> None:
    paper = sources / "paper.safetensors"
    _sidecar(paper, "Pony")
    because = "Civitai says Pony, LORA; the tensors say SD 1 and decide"

    line = program.call("identify", "--json", paper).only
    assert line["base"] == "sd-1"
    assert {"kind": "metadata", "detail": because} in line["evidence"]
    assert because in program.call("identify", "--explain", paper).out
    assert because in program.call("install", "--dry-run", paper).out

    program.call("install", "--inplace", paper)
    program.call("reidentify", "Ink v2")
    assert because in program.call("show", "Ink v2").out


@pytest.mark.parametrize("known_by", ["--hash", "a sidecar", "the catalogue"])
def test_the_hash_of_a_published_file_tells_what_it_is(
    known_by: str, program: Program, sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = sources / "paper.safetensors"
    sha256 = hashlib.sha256(paper.read_bytes()).hexdigest()
    base = BaseModelType.StableDiffusion1
    known = KnownFile("Harbour", "a list", base, "harbour", type=ModelType.Lora)
    monkeypatch.setitem(KNOWN_FILES, sha256, known)
    if known_by == "a sidecar":
        _sidecar(paper, "SD 1.5", name=paper.name, hashes={"SHA256": sha256.upper()})
    if known_by == "the catalogue":
        program.call("install", "--inplace", paper)
        with ModelManager(program.root) as manager:
            [config] = manager.records.all_models()
            key, [row] = config.key, manager.records.files(config.key)
            manager.records.set_file_hashes(key, row.path, sha256=sha256, hashed_at=1.0)

    assert program.call("identify", "--json", sources / "blue.safetensors").only["lineage"] is None
    options = ["--hash"] if known_by == "--hash" else []
    line = program.call("identify", "--json", *options, paper).only

    assert line["lineage"] == "harbour"
    by = "its sha256, as Civitai states it," if known_by == "a sidecar" else "its sha256"
    detail = f"known hash: {by} is that of Harbour (a list)"
    assert {"kind": "hash", "detail": detail} in line["evidence"]


def test_a_terminal_is_shown_how_much_of_a_file_is_read(program: Program, sources: Path) -> None:
    shown = program.on_terminal("identify", "--hash", sources / "paper.safetensors")
    assert " of 21.9 KB" in shown


def test_a_folder_and_a_stranger_are_no_trouble_with_hash(
    program: Program, sources: Path, unknown: Path
) -> None:
    told = program.call("identify", "--json", "--hash", sources / "green", unknown, status=3)
    assert [line["type"] for line in told.json] == ["embedding", "unknown"]
