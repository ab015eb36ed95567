from __future__ import annotations

from pathlib import Path

import pytest

from modelkeep.core.reading import LocalFile
from support import tiny
from support.program import Program

FIELDS = {
    "source", "type", "base", "format", "variant", "repo_variant", "prediction_type", "lineage",
    "fits", "quantization", "missing", "size", "name", "trigger_phrases", "evidence", "error",
}  # fmt: skip


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


def test_explain_tells_of_rules_that_fit_and_that_do_not(program: Program, sources: Path) -> None:
    told = program.call("identify", "--explain", sources / "paper.safetensors").out
    assert "because" in told
    assert "rule sd-1 lora: fits" in told
    assert ": no\n" in told


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
    assert ": no\n" in program.call("identify", "--explain", unknown, status=1).out


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
    assert "rule sd-1 embedding: fits" in told.out
    assert opened == [path]
