"""YAML files that are no catalogue, are broken, or would be dear to read."""

from __future__ import annotations

import tempfile
import textwrap
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from modelkeep.core import limits
from modelkeep.errors import (
    CorruptDatabaseError,
    DatabaseError,
    NewerDatabaseError,
    WrongDatabaseError,
)
from modelkeep.records.service import ModelRecordServiceBase
from modelkeep.records.yaml.service import ModelRecordServiceFile
from support.rounds import rounds

HEAD = "__metadata__:\n  version: 3.2.0\n  modelkeep: 1\nmodels:\n"
RECORD = "  k:\n    name: n\n    path: p\n    type: lora\n    base: sd-1\n    format: lycoris\n"


def refusal(tmp_path: Path, text: str | bytes) -> DatabaseError:
    """Return what opening this raises; the file may not change by it."""
    path = tmp_path / "models.yaml"
    data = text.encode() if isinstance(text, str) else text
    path.write_bytes(data)
    with pytest.raises(DatabaseError) as caught:
        ModelRecordServiceBase.from_db_file(path)
    assert path.read_bytes() == data
    assert [p.name for p in tmp_path.iterdir()] == ["models.yaml"]
    assert caught.value.hint
    assert "models.yaml" in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n# nothing\n",
        b"models: {}\n",
        b"sd-1/main/x:\n  path: p\n",
        b"- a\n- b\n",
        b"text",
        b'{"__metadata__": {"version": "3.2.0"}, "models": {}}',
        b"__metadata__:\n  version: 3.0.0\nsd-1/main/x:\n  path: p\n",
        b"__metadata__:\n  version: 3.0.0\nmodels: {}\n",
        b"__metadata__:\n  version: new\nmodels: {}\n",
        b"__metadata__: {}\nmodels: {}\n",
        b"SQLite format 3\x00\xff\xfe",
        b"\x00" * 100,
    ],
)
def test_another_file_is_a_wrong_database(tmp_path: Path, text: bytes) -> None:
    error = refusal(tmp_path, text)
    if b"sd-1/main" in text and b"__metadata__" in text:
        assert isinstance(error, CorruptDatabaseError | WrongDatabaseError)
    else:
        assert isinstance(error, WrongDatabaseError)
        assert isinstance(error, AssertionError)
        assert not isinstance(error, NewerDatabaseError)


def test_what_is_no_file_is_a_wrong_database(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").mkdir()
    with pytest.raises(WrongDatabaseError, match=r"m\.yaml"):
        ModelRecordServiceBase.from_db_file(tmp_path / "m.yaml")
    with pytest.raises(WrongDatabaseError, match=r"\.yaml"):
        ModelRecordServiceBase.from_db_file(tmp_path / "m.json")


@pytest.mark.parametrize(
    "version", ["version: 3.3.0", "version: 4", "version: 3.2.0\n  modelkeep: 2"]
)
def test_a_newer_catalogue_is_refused(tmp_path: Path, version: str) -> None:
    error = refusal(tmp_path, f"__metadata__:\n  {version}\nmodels: {{}}\n")
    assert isinstance(error, NewerDatabaseError)
    assert "Update" in error.hint


def bomb(levels: int) -> str:
    lines = [f"    a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 10)}]\n" for n in range(levels)]
    return "".join(["  k:\n", "    a0: &a0 [x]\n", *lines])


@pytest.mark.parametrize(
    ("line", "reason", "below"),
    [
        (5, "a map", "  - a\n"),
        (5, "fields of a record", "  k: text\n"),
        (5, "fields of a record", "  k:\n"),
        (6, "name", RECORD.replace("name: n", "name: [a]")),
        (8, "type", RECORD.replace("lora", "nonsense")),
        (5, "name", RECORD.replace("    name: n\n", "")),
        (11, "size", RECORD + "    size: many\n"),
        (11, "nonsense", RECORD + "    nonsense: 1\n"),
        (11, "created_at", RECORD + "    created_at: yesterday\n"),
        (11, "created_at", RECORD + "    created_at: [1]\n"),
        (11, "tags", RECORD + "    tags: a\n"),
        (11, "metadata", RECORD + "    metadata:\n      type: other\n"),
        (11, "author", RECORD + "    metadata:\n      type: basemetadata\n      name: n\n"),
        (11, "file", RECORD + "    files:\n      - path: p\n"),
        (11, "file", RECORD + "    files: p\n"),
        (11, "mtime_ns", RECORD + "    files: [{path: p, size: 1, mtime_ns: x}]\n"),
        (5, "twice", RECORD + "    files: [{path: p, size: 1}, {path: p, size: 2}]\n"),
        (11, "duplicate", RECORD + "    name: m\n"),
        (11, "duplicate", RECORD + RECORD.replace("path: p", "path: q")),
        (11, "path of 'k'", RECORD + RECORD.replace("k:", "l:")),
        (6, "python", RECORD.replace("name: n", "name: !!python/object/apply:os.system [ls]")),
        (6, "tag", RECORD.replace("name: n", "name: !!str n")),
        (5, "tag", RECORD.replace("k:", "k: !x")),
        (6, r"\*no", RECORD.replace("name: n", "name: *no")),
        (5, "plain text", RECORD.replace("k:", "[a, b]:")),
        (7, "", RECORD.replace("path: p", "path: 'p")),
        (7, "", RECORD.replace("path: p", 'path: "\\UFFFFFFFF"')),
        (7, "", RECORD.replace("    path: p", "\tpath: p")),
        (7, "indented", RECORD.replace("    path: p", " path: p")),
        (7, "allowed", RECORD.replace("path: p", "path: a\x07b")),
        (7, "allowed", RECORD.replace("path: p", "path: a\rb")),
        (11, "only", RECORD + "other: 1\n"),
        (11, "duplicate", RECORD + "models:\n"),
        (11, "only", RECORD + "---\n"),
        (4, "models", "x"),
        (11, "values", bomb(8)),
        (6, "levels", f"  k:\n    a: {'[' * 100}{']' * 100}\n"),
    ],
)
def test_a_broken_catalogue_is_refused_by_line(
    tmp_path: Path, line: int, reason: str, below: str
) -> None:
    text = HEAD.rstrip("\n") + " {}x\n" if below == "x" else HEAD + below
    error = refusal(tmp_path, text)
    assert isinstance(error, CorruptDatabaseError)
    assert not isinstance(error, AssertionError)
    with pytest.raises(CorruptDatabaseError, match=rf"in line {line}: .*(?:{reason})"):
        raise error


def test_the_line_of_bytes_that_are_no_text_is_named(tmp_path: Path) -> None:
    error = refusal(tmp_path, (HEAD + RECORD).encode() + b"    source: \xff\n")
    assert "line 11" in str(error)


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "models.yaml"
    path.write_text(HEAD, encoding="utf-8")
    with path.open("r+b") as file:
        file.truncate(limits.CATALOGUE_BYTES + 1)
    with pytest.raises(CorruptDatabaseError, match="MiB"):
        ModelRecordServiceBase.from_db_file(path)


def test_a_change_beyond_the_limit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "models.yaml"
    path.write_text(HEAD + RECORD, encoding="utf-8")
    store = ModelRecordServiceFile.from_db_file(path)
    monkeypatch.setattr(limits, "CATALOGUE_BYTES", 1000)
    with pytest.raises(DatabaseError, match="nothing was changed"):
        store.update_model("k", {"description": "x" * 1000})
    assert path.read_text(encoding="utf-8") == HEAD + RECORD
    assert store.get_model("k").description is None


def test_a_file_that_breaks_later_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "models.yaml"
    store = ModelRecordServiceBase.from_db_file(path)
    fields = {"name": "n", "path": "p", "type": "lora", "base": "sd-1", "format": "lycoris"}
    store.add_model("k", fields)
    good = path.read_bytes()
    path.write_text(HEAD + "  k: [\n", encoding="utf-8")
    for call in (lambda: store.get_model("k"), lambda: store.del_model("k")):
        with pytest.raises(CorruptDatabaseError, match=r"models\.yaml\.bak|line") as caught:
            call()
        assert ".bak" in caught.value.hint
    assert path.read_text(encoding="utf-8") == HEAD + "  k: [\n"
    assert path.with_name("models.yaml.bak").read_bytes() == good
    path.unlink()
    with pytest.raises(DatabaseError, match="gone") as gone:
        store.get_model("k")
    assert ".bak" in gone.value.hint
    path.write_bytes(good)
    assert store.get_model("k").name == "n"


VALID = (
    HEAD
    + RECORD
    + textwrap.dedent(
        """\
      # About l.
      "l": {name: m, path: q, type: vae, base: sdxl, format: checkpoint, tags: [&a x, *a]}
      m:
        name: |-
          many
          lines
        path: 'it''s'
        type: main
        base: flux
        format: diffusers
        metadata:
          type: basemetadata
          name: n
          author: a
          tags:
          - t
        files:
          - {path: f, size: 1}
          - path: "g\\udce9"
            size: 2
        created_at: 2026-01-31
    """
    )
    .replace("\n", "\n  ")
    .rstrip(" ")
)
PIECES = st.sampled_from(
    [*":'\"{}[]#|>?%~é\t\r\x00\x85\ufeff\n", "  ", "    ", ": ", "- ", "&a ", "*a", "!!x ", "<<: "]
)
MARKS = st.sampled_from(["---\n", "...\n", "# c\n", "  n:\n", "    name: x\n", "\n\n"])


def opens_or_refuses(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.yaml"
        path.write_bytes(data)
        try:
            store = ModelRecordServiceFile.from_db_file(path)
        except DatabaseError:
            assert path.read_bytes() == data
            assert [p.name for p in path.parent.iterdir()] == ["m.yaml"]
        else:
            assert path.read_bytes() == data
            keys = [model.key for model in store.all_models()]
            for key in keys:
                store.rename_model(key, f"renamed {key}")
            again = ModelRecordServiceFile.from_db_file(path)
            assert {m.key: m.name for m in again.all_models()} == {k: f"renamed {k}" for k in keys}
            for key in keys:
                again.del_model(key)
            assert ModelRecordServiceFile.from_db_file(path).all_models() == []


@given(st.binary(max_size=200))
@example(b"%YAML 1.1\n---\n")
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    opens_or_refuses(data)
    opens_or_refuses(HEAD.encode() + data)


@settings(max_examples=rounds(300), deadline=None)
@given(st.data())
def test_any_change_of_a_valid_file_is_read_or_refused(data: st.DataObject) -> None:
    text = VALID
    for _ in range(data.draw(st.integers(0, 3))):
        begin = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(begin, min(begin + 12, len(text))))
        text = text[:begin] + data.draw(PIECES | MARKS) + text[end:]
    opens_or_refuses(text.encode())


LINES = VALID.splitlines(keepends=True)


@settings(max_examples=rounds(100), deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(LINES) - 1),
            st.sampled_from(
                ["\n", "# c\n", "  # c\n", "    # c\n", "      # c\n", "DROP", "TWICE", "  #", ""]
            ),
        ),
        max_size=5,
    )
)
@pytest.mark.slow
def test_lines_of_comment_may_stand_anywhere(changes: list[tuple[int, str]]) -> None:
    lines = LINES.copy()
    for number, what in changes:
        if what == "DROP":
            lines[number] = ""
        elif what == "TWICE":
            lines[number] *= 2
        elif what == "  #":
            lines[number] = lines[number].replace("\n", " # c\n", 1)
        else:
            lines[number] += what
    opens_or_refuses("".join(lines).encode())


def test_the_valid_file_is_valid() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.yaml"
        path.write_text(VALID, encoding="utf-8")
        store = ModelRecordServiceBase.from_db_file(path)
        assert [m.name for m in store.all_models()] == ["n", "many\nlines", "m"]
        assert store.files("m")[1].path == "g\udce9"
