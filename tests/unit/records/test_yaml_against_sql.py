"""Random sequences of calls, made on a YAML catalogue and on one in SQLite alike."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from modelkeep.core.files import ModelFile
from modelkeep.core.metadata import BaseMetadata
from modelkeep.core.roots import Root, Roots
from modelkeep.core.taxonomy import ModelRecordOrderBy, RecordState
from modelkeep.errors import ModelKeepError
from modelkeep.records.dialects.sqlite import SqliteDatabase
from modelkeep.records.listing import RecordFilter, SearchOrder
from modelkeep.records.service import ModelRecordServiceBase
from modelkeep.records.sql.service import ModelRecordServiceSQL
from modelkeep.records.yaml.service import ModelRecordServiceFile
from support.rounds import rounds

KEYS = st.sampled_from(["a", "b", "c", "", "d'", "%", "1e3", "null"])
PATHS = st.sampled_from(["p", "q", "r/s", "T", "t", "/x/p", "/y/q", "/z/r"])
TEXTS = st.text(max_size=12) | st.sampled_from(
    ["Ärger", "big-Cat", "big cat", "1984", "no", "x: y"]
)
TAGS = st.sets(st.sampled_from(["x", "y", "Cat food", "%", " z "]))
FILES = st.lists(st.sampled_from(["1", "2", "/x/3", "caf\udce9"]), unique=True, max_size=3)
KINDS = st.sampled_from(
    [
        {"type": "main", "format": "checkpoint", "base": "sdxl"},
        {"type": "lora", "format": "lycoris", "base": "sd-1"},
        {"type": "vae", "format": "diffusers", "base": "sdxl"},
        {"type": "onnx", "format": "onnx", "base": "sd-2"},
    ]
)
ORDERS: st.SearchStrategy[SearchOrder] = st.sampled_from(["name", "size", "type", "base"])
ROOTS = Roots({"x": Root("x", Path("/x")), "y": Root("y", Path("/y"))})
FILTERS = st.builds(
    RecordFilter,
    text=st.just("") | TEXTS,
    types=st.sets(st.sampled_from(["main", "lora", "other"]), max_size=2).map(tuple),
    bases=st.sets(st.sampled_from(["sdxl", "sd-1"]), max_size=2).map(tuple),
    tags=TAGS.filter(lambda tags: len(tags) < 2).map(tuple),
    roots=st.sets(st.sampled_from(["models", "x", "y", ""]), max_size=2).map(tuple),
    states=st.sets(st.sampled_from(["present", "missing"]), max_size=1).map(tuple),
)

Call = Callable[[ModelRecordServiceBase], Any]


class Both(RuleBasedStateMachine):
    """Two catalogues that have to answer alike."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.db = SqliteDatabase()
        self.sql = ModelRecordServiceSQL(self.db)
        self.yaml = ModelRecordServiceFile.from_db_file(self.folder / "m.yaml")

    @initialize()
    def give_roots(self) -> None:
        self.sql.roots = self.yaml.roots = ROOTS

    def teardown(self) -> None:
        self.db.close()
        shutil.rmtree(self.folder)

    def alike(self, call: Call) -> None:
        answers = [self.answer(store, call) for store in (self.sql, self.yaml)]
        assert answers[0] == answers[1]

    @staticmethod
    def answer(store: ModelRecordServiceBase, call: Call) -> Any:
        try:
            return call(store)
        except ModelKeepError as error:
            return type(error)

    @rule(
        key=KEYS,
        path=PATHS,
        name=TEXTS,
        kind=KINDS,
        files=FILES,
        phrases=st.lists(TEXTS, max_size=2),
        size=st.none() | st.integers(0, 2),
    )
    def add(self, key: str, files: list[str], **fields: Any) -> None:
        kind, phrases = fields.pop("kind"), fields.pop("phrases")
        values = {**fields, **kind, "trigger_phrases": phrases}
        owned = [ModelFile(file, 1, 2, 3) for file in files]
        self.alike(lambda store: store.add_model(key, values, owned))

    @rule(key=KEYS, field=st.sampled_from(["name", "description", "source"]), text=TEXTS)
    def change(self, key: str, field: str, text: str) -> None:
        self.alike(lambda store: store.update_model(key, {field: text}))

    @rule(key=KEYS, path=PATHS)
    def move(self, key: str, path: str) -> None:
        self.alike(lambda store: store.update_model(key, {"path": path}))

    @rule(key=KEYS, kind=KINDS)
    def retype(self, key: str, kind: dict[str, str]) -> None:
        self.alike(lambda store: store.update_model(key, kind))

    @rule(key=KEYS)
    def delete(self, key: str) -> None:
        self.alike(lambda store: store.del_model(key))

    @rule(key=KEYS, files=FILES)
    def own(self, key: str, files: list[str]) -> None:
        owned = [ModelFile(file, 5, 6, 7) for file in files]
        self.alike(lambda store: store.set_files(key, owned))

    @rule(key=KEYS, file=st.sampled_from(["1", "/x/3", "caf\udce9"]))
    def note_hash(self, key: str, file: str) -> None:
        self.alike(lambda store: store.set_file_hashes(key, file, sha256="ab", hashed_at=1.5))

    @rule(key=KEYS, tags=TAGS, author=TEXTS, is_new=st.booleans())
    def say(self, key: str, tags: set[str], author: str, *, is_new: bool) -> None:
        metadata = BaseMetadata(name="n", author=author, tags=tags)
        name = "add_metadata" if is_new else "update_metadata"
        self.alike(lambda store: getattr(store.metadata_store, name)(key, metadata))

    @rule(key=KEYS, tags=TAGS)
    def tag(self, key: str, tags: set[str]) -> None:
        self.alike(lambda store: store.metadata_store.set_tags(key, tags))

    @rule(states=st.dictionaries(KEYS, st.sampled_from(RecordState), max_size=3))
    def note_states(self, states: dict[str, RecordState]) -> None:
        self.alike(lambda store: store.set_states(states))

    @rule(where=FILTERS, order=ORDERS, limit=st.integers(1, 3))
    def page_through(self, where: RecordFilter, order: SearchOrder, limit: int) -> None:
        def pages(store: ModelRecordServiceBase) -> list[Any]:
            found, after = [], None
            while True:
                page = store.page(where, order=order, limit=limit, after=after)
                found.append(page.items)
                if (after := page.next) is None:
                    return found

        self.alike(pages)
        self.alike(lambda store: (store.facets(where), store.count(where)))
        self.alike(lambda store: {c.key for c in store.page(where, order="relevance").items})

    @rule(order=st.sampled_from(ModelRecordOrderBy))
    def list(self, order: ModelRecordOrderBy) -> None:
        self.alike(lambda store: store.list_models(0, 4, order))

    @invariant()
    def they_hold_the_same(self) -> None:
        self.alike(lambda store: store.all_models())
        self.alike(lambda store: list(store.each_file()))
        self.alike(lambda store: store.list_all_metadata())
        self.alike(lambda store: store.list_tags())
        again = ModelRecordServiceFile.from_db_file(self.folder / "m.yaml")
        again.roots = ROOTS
        assert again.all_models() == self.yaml.all_models()


TestBoth = Both.TestCase
TestBoth.settings = settings(max_examples=rounds(12), stateful_step_count=25, deadline=None)
