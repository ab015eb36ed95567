"""Random sequences of calls, compared with a plain dictionary."""

from __future__ import annotations

import sqlite3
import threading
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from modelkeep.core.configs import AnyModelConfig
from modelkeep.core.files import ModelFile
from modelkeep.core.metadata import BaseMetadata
from modelkeep.errors import (
    DuplicateModelException,
    UnknownMetadataException,
    UnknownModelException,
)
from modelkeep.records.dialects.sqlite import SqliteDatabase
from modelkeep.records.sql.service import ModelRecordServiceSQL
from modelkeep.records.text import fold_words, indexed_words
from support.rounds import rounds

KEYS = st.sampled_from(["a", "b", "c", "", "d'", "%"])
PATHS = st.sampled_from(["p", "q", "r/s", "T", "t"])
TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
TAGS = st.sets(st.sampled_from(["x", "y", "z", "%"]))
FILES = st.lists(st.sampled_from(["1", "2", "3", "4"]), unique=True, max_size=3)
KINDS = st.sampled_from(
    [
        {"type": "main", "format": "checkpoint"},
        {"type": "main", "format": "diffusers"},
        {"type": "lora", "format": "lycoris"},
        {"type": "vae", "format": "diffusers"},
        {"type": "unknown"},
    ]
)


class Catalogue(RuleBasedStateMachine):
    """The store beside dictionaries that say what it should hold."""

    def __init__(self) -> None:
        super().__init__()
        self.configs: dict[str, AnyModelConfig] = {}
        self.owned: dict[str, list[str]] = {}
        self.said: dict[str, BaseMetadata] = {}

    @initialize(is_lent=st.booleans())
    def begin(self, is_lent: bool) -> None:
        if is_lent:
            self.connection = sqlite3.connect(":memory:")
            lock = threading.Lock()
            self.store = ModelRecordServiceSQL.from_connection(self.connection, lock)
        else:
            db = SqliteDatabase()
            self.connection = db.conn
            self.store = ModelRecordServiceSQL(db)

    def teardown(self) -> None:
        if hasattr(self, "connection"):
            self.connection.close()

    def owner(self, path: str) -> str | None:
        return next((key for key, config in self.configs.items() if config.path == path), None)

    @rule(key=KEYS, path=PATHS, name=TEXTS, kind=KINDS, files=FILES)
    def add(self, key: str, path: str, name: str, kind: dict[str, str], files: list[str]) -> None:
        fields: dict[str, Any] = {"name": name, "path": path, "base": "sdxl", **kind}
        rows = [ModelFile(file, 1, 2, 3) for file in files]
        taken = {file for owned in self.owned.values() for file in owned}
        if key in self.configs or self.owner(path) is not None or taken & set(files):
            with pytest.raises(DuplicateModelException):
                self.store.add_model(key, fields, rows)
            return
        self.configs[key] = self.store.add_model(key, fields, rows)
        self.owned[key] = sorted(files)

    @rule(key=KEYS, path=PATHS)
    def move(self, key: str, path: str) -> None:
        self.change(key, {"path": path}, self.owner(path) not in {None, key})

    @rule(key=KEYS, name=TEXTS)
    def rename(self, key: str, name: str) -> None:
        self.change(key, {"name": name}, is_taken=False)

    @rule(key=KEYS, kind=KINDS)
    def retype(self, key: str, kind: dict[str, str]) -> None:
        self.change(key, {"format": "unknown", **kind}, is_taken=False)

    def change(self, key: str, changes: dict[str, str], is_taken: bool) -> None:
        if key not in self.configs:
            with pytest.raises(UnknownModelException):
                self.store.update_model(key, changes)
        elif is_taken:
            with pytest.raises(DuplicateModelException):
                self.store.update_model(key, changes)
        else:
            self.configs[key] = self.store.update_model(key, changes)
            for field, value in changes.items():
                assert getattr(self.configs[key], field) == value

    @rule(key=KEYS)
    def delete(self, key: str) -> None:
        if key not in self.configs:
            with pytest.raises(UnknownModelException):
                self.store.del_model(key)
            return
        self.store.del_model(key)
        del self.configs[key], self.owned[key]
        self.said.pop(key, None)

    @rule(key=KEYS, description=TEXTS, phrases=st.lists(TEXTS, max_size=2))
    def describe(self, key: str, description: str, phrases: list[str]) -> None:
        changes = {"description": description, "trigger_phrases": tuple(phrases)}
        if key not in self.configs:
            with pytest.raises(UnknownModelException):
                self.store.update_model(key, changes)
            return
        self.configs[key] = self.store.update_model(key, changes)

    @rule(key=KEYS, tags=TAGS, author=TEXTS)
    def say(self, key: str, tags: set[str], author: str) -> None:
        metadata = BaseMetadata(name="n", author=author, tags=tags)
        if key not in self.configs:
            with pytest.raises(UnknownMetadataException):
                self.store.metadata_store.add_metadata(key, metadata)
            return
        if key in self.said:
            self.store.metadata_store.update_metadata(key, metadata)
        else:
            self.store.metadata_store.add_metadata(key, metadata)
        self.said[key] = metadata

    @invariant()
    def holds_what_it_should(self) -> None:
        if not hasattr(self, "store"):
            return
        assert {config.key: config for config in self.store.all_models()} == self.configs
        files = [(key, file.path) for key, file in self.store.find_files()]
        assert sorted(files) == sorted((k, f) for k, fs in self.owned.items() for f in fs)
        assert dict(self.store.list_all_metadata()) == self.said
        used = {tag for metadata in self.said.values() for tag in metadata.tags}
        assert self.store.list_tags() == used
        assert not self.connection.in_transaction

    @rule(tags=TAGS)
    def search_tags(self, tags: set[str]) -> None:
        expected = {key for key, said in self.said.items() if tags and tags <= said.tags}
        assert self.store.metadata_store.search_by_tag(tags) == expected
        assert {config.key for config in self.store.search_by_tag(tags)} == expected

    @rule(text=TEXTS)
    def search_text(self, text: str) -> None:
        wanted = fold_words(text)
        found = {config.key for config in self.store.search(text=text)}
        assert found == {
            key
            for key in self.configs
            if all(any(has.startswith(word) for has in self.words(key)) for word in wanted)
        }

    @rule(key=KEYS, length=st.integers(1, 3), number=st.integers(0, 9))
    def search_a_word_that_is_there(self, key: str, length: int, number: int) -> None:
        if key in self.configs and (words := self.words(key)):
            word = words[number % len(words)][:length]
            assert key in {config.key for config in self.store.search(text=word)}

    def words(self, key: str) -> list[str]:
        """Return the words that a model is found by."""
        config, said = self.configs[key], self.said.get(key)
        texts = [config.name, config.description or "", *config.trigger_phrases]
        texts += [said.author, *said.tags] if said else []
        return [word for text in texts for word in indexed_words(text)]

    @rule(per_page=st.integers(1, 4))
    def page_through(self, per_page: int) -> None:
        first = self.store.list_models(0, per_page)
        pages = [first, *(self.store.list_models(n, per_page) for n in range(1, first.pages))]
        items = [item for page in pages for item in page.items]
        assert [item.key for item in items] == [config.key for config in self.store.all_models()]
        for item in items:
            assert item.tags == (self.said[item.key].tags if item.key in self.said else set())


TestCatalogue = Catalogue.TestCase
TestCatalogue.settings = settings(max_examples=rounds(60), stateful_step_count=25, deadline=None)
