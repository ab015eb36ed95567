"""A YAML catalogue that a person edits while the program uses it."""

from __future__ import annotations

import os
import textwrap
from pathlib import Path
from typing import Any

import pytest

from modelkeep.core.files import ModelFile
from modelkeep.core.metadata import BaseMetadata
from modelkeep.core.roots import Root, Roots
from modelkeep.errors import DuplicateModelException
from modelkeep.records.listing import NewRecord, RecordFilter
from modelkeep.records.service import ModelRecordServiceBase
from modelkeep.records.yaml.service import ModelRecordServiceFile

LORA = {"type": "lora", "base": "sd-1", "format": "lycoris"}

BY_HAND = textwrap.dedent(
    """\
    # My models.
    __metadata__: {version: '3.2.0'}

    models:   # all of them

        # The house style.
        # Do not touch.
        first:
            path: 'a.safetensors'   # on the big disk
            name: "First"
            type: lora

            format: lycoris
            base: sd-1
            description: >-
              folded
              text
            trigger_phrases: [one, 2, "three: 3"]
            size: 0
            current_hash:

        # Another paragraph.

        # Second one.
        'second': {name: 1984, path: b.safetensors, type: lora, base: sd-1, format: lycoris}
        third:
            name: Third   # with | odd > marks
            path: c.safetensors
            type: vae
            base: sdxl
            format: checkpoint
            tags: &mine
            - a
            - b
            trigger_phrases: *mine
        # The end.
    """
)


def config(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "path": f"{name}.safetensors", **LORA, **fields}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "models.yaml"
    path.write_text(BY_HAND, encoding="utf-8")
    return path


@pytest.fixture
def store(path: Path) -> ModelRecordServiceFile:
    return ModelRecordServiceFile.from_db_file(path)


def changed_lines(before: str, after: str) -> tuple[set[str], set[str]]:
    """Return the lines that went and those that came, times aside."""
    old, new = (
        {line for line in text.splitlines() if "ated_at" not in line} for text in (before, after)
    )
    return old - new, new - old


def test_what_a_person_wrote_is_read(store: ModelRecordServiceFile, path: Path) -> None:
    first, second, third = (store.get_model(key) for key in ("first", "second", "third"))
    assert first.description == "folded text"
    assert first.trigger_phrases == ("one", "2", "three: 3")
    assert (first.size, first.current_hash) == (0, None)
    assert second.name == "1984"
    assert store.metadata_store.tags("third").hand == {"a", "b"}
    assert third.trigger_phrases == ("a", "b")
    assert store.created_at("first") == path.stat().st_mtime
    assert path.read_text(encoding="utf-8") == BY_HAND


def test_a_new_record_leaves_every_other_line(store: ModelRecordServiceFile, path: Path) -> None:
    store.add_model("new", config("new"))
    gone, came = changed_lines(BY_HAND, path.read_text(encoding="utf-8"))
    assert gone == set()
    assert came == {"    new:", "      name: new", "      path: new.safetensors"} | {
        f"      {name}: {value}" for name, value in LORA.items()
    }


def test_a_changed_field_leaves_the_others_of_its_record(
    store: ModelRecordServiceFile, path: Path
) -> None:
    store.update_model("first", {"description": "new", "size": 7, "lineage": "pony"})
    text = path.read_text(encoding="utf-8")
    assert changed_lines(BY_HAND, text) == (
        {"        description: >-", "          folded", "          text", "        size: 0"},
        {"        description: new", "        size: 7", "        lineage: pony"},
    )
    again = ModelRecordServiceFile.from_db_file(path)
    assert again.all_models() == store.all_models()


def test_a_field_that_goes_takes_only_its_own_comment(
    path: Path, store: ModelRecordServiceFile
) -> None:
    text = BY_HAND.replace(
        "        description",
        "        # Not this.\n\n        # This.\n" + "        description",
    )
    path.write_text(text, encoding="utf-8")
    store.update_model("first", {"description": None})
    gone, came = changed_lines(text, path.read_text(encoding="utf-8"))
    assert gone == {
        "        # This.",
        "        description: >-",
        "          folded",
        "          text",
    }
    assert came == set()


@pytest.mark.parametrize("key", ["second", "third"])
def test_a_record_in_another_style_is_written_anew_with_its_values(
    store: ModelRecordServiceFile, path: Path, key: str
) -> None:
    before = store.get_model(key)
    store.update_model(key, {"trigger_phrases": ["x"]})
    expected = before.model_copy(update={"trigger_phrases": ("x",)})
    again = ModelRecordServiceFile.from_db_file(path)
    assert again.get_model(key) == store.get_model(key) == expected
    assert again.metadata_store.tags("third").hand == {"a", "b"}
    assert "# Do not touch." in path.read_text(encoding="utf-8")


def test_deleting_takes_the_comment_directly_above(
    store: ModelRecordServiceFile, path: Path
) -> None:
    store.del_model("second")
    gone, came = changed_lines(BY_HAND, path.read_text(encoding="utf-8"))
    assert gone == {
        "    # Second one.",
        "    'second': {name: 1984, path: b.safetensors, type: lora, base: sd-1, format: lycoris}",
    }
    assert came == set()
    for key in ("first", "third"):
        store.del_model(key)
    text = path.read_text(encoding="utf-8")
    for line in ("# My models.", "# Another paragraph.", "# The end.", "# all of them"):
        assert line in text
    assert ModelRecordServiceFile.from_db_file(path).all_models() == []
    store.add_model("new", config("new"))
    assert ModelRecordServiceFile.from_db_file(path).exists("new")


def test_an_edit_is_seen_by_the_next_call(store: ModelRecordServiceFile, path: Path) -> None:
    store.add_model("k", config("old"))
    text = path.read_text(encoding="utf-8")
    before = path.stat()
    # In place, with the same length and the same time: as fast as a machine can edit.
    with path.open("r+b") as file:
        file.write(text.replace("name: old", "name: new").encode())
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert store.get_model("k").name == "new"
    # Replaced, as editors do.
    draft = path.with_name("draft")
    draft.write_text(text.replace("name: old", "name: newer"), encoding="utf-8")
    draft.rename(path)
    assert store.get_model("k").name == "newer"
    store.rename_model("first", "both")
    assert [model.name for model in store.all_models()] == ["1984", "both", "newer", "Third"]


def test_an_edit_of_one_time_stamp_is_seen(path: Path, store: ModelRecordServiceFile) -> None:
    old = path.stat().st_mtime - 1000
    os.utime(path, (old, old))
    assert store.get_model("first").name == "First"
    path.write_text(BY_HAND.replace('"First"', '"Other"'), encoding="utf-8")
    os.utime(path, (old, old))
    assert store.get_model("first").name == "Other"


def test_a_link_stays_a_link_and_the_mode_stays(tmp_path: Path, path: Path) -> None:
    link = tmp_path / "link.yaml"
    link.symlink_to(path.name)
    path.chmod(0o600)
    with ModelRecordServiceBase.from_db_file(link) as store:
        store.add_model("k", config("k"))
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "models.yaml.bak").stat().st_mode & 0o777 == 0o600
    assert ModelRecordServiceFile.from_db_file(path).exists("k")


def test_the_last_good_copy_has_the_last_change(store: ModelRecordServiceFile, path: Path) -> None:
    store.add_model("k", config("k"))
    copy = path.with_name("models.yaml.bak")
    assert copy.read_bytes() == path.read_bytes()
    assert not copy.samefile(path)


def test_nothing_is_written_when_nothing_changed(store: ModelRecordServiceFile, path: Path) -> None:
    before = path.stat()
    store.set_states(
        {"first": store.get_model("first").state, "nokey": store.get_model("first").state}
    )
    store.metadata_store.set_tags("third", ["b", "a", " a "])
    with pytest.raises(DuplicateModelException):
        store.add_models(
            [
                NewRecord("x", store.get_model("first").model_copy(update={"path": "x"})),
                NewRecord("first", store.get_model("first")),
            ]
        )
    assert path.stat().st_ino == before.st_ino
    assert path.read_text(encoding="utf-8") == BY_HAND


def test_hand_tags_stay_when_metadata_changes(store: ModelRecordServiceFile, path: Path) -> None:
    store.metadata_store.add_metadata("first", BaseMetadata(name="n", author="a", tags={"site"}))
    store.metadata_store.set_tags("first", ["mine"])
    store.metadata_store.update_metadata("first", BaseMetadata(name="n", author="a", tags={"new"}))
    again = ModelRecordServiceFile.from_db_file(path).metadata_store
    assert again.tags("first").site == {"new"}
    assert again.tags("first").hand == {"mine"}
    assert again.search_by_tag(["new", "mine"]) == {"first"}


def test_an_absolute_path_is_stored_below_its_root(tmp_path: Path) -> None:
    path = tmp_path / "models.yaml"
    store = ModelRecordServiceFile.from_db_file(path)
    store.roots = Roots({"comfy": Root("comfy", Path("/old"))})
    store.add_model("k", config("k", path="/old/x"), [ModelFile("/old/x", 1, 2, 3)])
    moved = ModelRecordServiceFile.from_db_file(path)
    moved.roots = Roots({"comfy": Root("comfy", Path("/new"))})
    assert (moved.get_model("k").path, moved.get_model("k").root) == ("/new/x", "comfy")
    assert moved.files("k") == [ModelFile("/new/x", 1, 2, 3, "comfy")]
    assert moved.search_by_path("/new/x") == [moved.get_model("k")]
    assert moved.search_by_path("/old/x") == []
    assert moved.count(RecordFilter(roots=("comfy",))) == 1
    moved.roots = Roots()
    assert moved.get_model("k").path == "comfy:/x"
    moved.rename_model("k", "renamed")
    moved.roots = store.roots
    assert moved.get_model("k").path == "/old/x"
