"""Lists, searches and counts of the catalogue at 100,000 models, against plain JSON in SQLite."""

from __future__ import annotations

import random
import shutil
import sqlite3
import statistics
import sys
import tempfile
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from threading import Thread

from bench.measure import Ratio, in_turn, timed
from bench.records_library import Reference, batches, fill, new_records
from modelkeep.core.roots import Roots
from modelkeep.records.dialects.sqlite import SqliteDatabase
from modelkeep.records.listing import NewRecord, RecordFilter
from modelkeep.records.places import place_of, place_of_file
from modelkeep.records.sql import rows
from modelkeep.records.sql.service import ModelRecordServiceSQL

MODELS = 100_000
ROUNDS = 9
REGISTERED = 5_000
WRITTEN = 2_000
_FILTER = RecordFilter(types=("lora",), bases=("sd-2",))
#: Ranked too: what matches in its name comes first.
_LIKE = (
    "name LIKE :word OR json_extract(config, '$.description') LIKE :word"
    " ORDER BY name LIKE :word DESC, name LIMIT 50"
)


def compared(
    name: str,
    ours: Callable[[], object],
    reference: Callable[[], object],
    goal: float,
    note: str = "",
    *,
    repeat: int = 1,
) -> Ratio:
    """Return the line of one comparison; each measurement repeats what is short."""

    def run(work: Callable[[], object]) -> float:
        return timed(lambda: [work() for _ in range(repeat)]) / repeat

    medians = in_turn(partial(run, ours), partial(run, reference), ROUNDS)
    return Ratio(name, *medians, goal, note)


def lists(store: ModelRecordServiceSQL, reference: Reference) -> list[Ratio]:
    """Compare filtered lists and counts; the filter is one type and one base."""
    there = "type = :type AND base = :base ORDER BY name"
    everything = partial(reference.configs, there, {"type": "lora", "base": "sd-2"})
    count = store.count(_FILTER)
    if len(everything()) != count:
        raise RuntimeError("The catalogues find different records")
    first = store.page(_FILTER)
    page = partial(store.page, _FILTER, after=first.next)
    note = f"type=lora base=sd-2, {count} of {MODELS}"
    found = [
        compared("page of 50, filtered, to its full list", page, everything, 0.05, note),
        compared(
            "full filtered list",
            partial(store.search, types=["lora"], bases=["sd-2"]),
            everything,
            0.5,
            note,
        ),
    ]

    def grouped() -> object:
        return [
            reference.conn.execute(
                f"SELECT {facet}, count(*) FROM models WHERE {rest} GROUP BY {facet}",  # noqa: S608
                values,
            ).fetchall()
            for facet, rest, values in (
                ("type", "base = ? AND format = ?", ("sdxl", "lycoris")),
                ("base", "type = ? AND format = ?", ("lora", "lycoris")),
            )
        ]

    where = RecordFilter(types=("lora",), bases=("sdxl",), formats=("lycoris",))
    facets = partial(store.facets, where, ("type", "base"))
    note = f"type=lora base=sdxl format=lycoris, {store.count(where)} of {MODELS}"
    found.append(compared("facets by type and base", facets, grouped, 0.3, note))
    return found


def texts(store: ModelRecordServiceSQL, reference: Reference) -> list[Ratio]:
    """Compare text searches that find less than one record in a hundred."""
    words = sorted({word for r in new_records(2_000, seed=1) for word in r.config.name.split("_")})
    random.Random(2).shuffle(words)
    chosen = []
    for word in words:
        hits = store.count(RecordFilter(text=word))
        if 0.001 < hits / MODELS < 0.01:
            chosen.append((word, hits))
        if len(chosen) == 3:
            break
    found = []
    for word, hits in chosen:
        where = RecordFilter(text=word)
        like = partial(reference.configs, _LIKE, {"word": f"%{word}%"})
        ours = partial(store.page, where, order="relevance")
        note = f"{word!r}: {hits} hits, {hits / MODELS:.2%}"
        found.append(compared("text search, first 50, to LIKE", ours, like, 0.05, note))
    return found


def single(store: ModelRecordServiceSQL, db: SqliteDatabase) -> Ratio:
    """Compare one record by its key with a bare select by the primary key."""
    key = store.page(RecordFilter()).items[7].key
    raw = partial(_raw_get, db.conn, key)
    return compared("get by key", partial(store.get_model, key), raw, 10, repeat=200)


def _raw_get(conn: sqlite3.Connection, key: str) -> object:
    return conn.execute("SELECT config FROM mk_model WHERE key = ?", (key,)).fetchone()


def registered(folder: Path) -> Ratio:
    """Compare registering many models with executing the same inserts and nothing else."""
    records = next(batches(new_records(REGISTERED, seed=5)))
    raw_rows = [_rows_of(record) for record in records]

    def fresh(work: Callable[[SqliteDatabase], object]) -> float:
        path = folder / "registered.db"
        db = SqliteDatabase(path)
        ModelRecordServiceSQL(db)
        seconds = timed(lambda: work(db))
        if db.conn.execute("SELECT count(*) FROM mk_file").fetchone()[0] != REGISTERED:
            raise RuntimeError("Not all was stored")
        db.close()
        for file in folder.glob("registered.db*"):
            file.unlink()
        return seconds

    def raw(db: SqliteDatabase) -> None:
        db.conn.execute("BEGIN IMMEDIATE")
        for table, number in (("mk_model", 0), ("mk_file", 1)):
            names = list(raw_rows[0][number])
            marks = ", ".join(f":{name}" for name in names)
            statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608
            db.conn.executemany(statement, [both[number] for both in raw_rows])
        db.conn.execute("COMMIT")

    ours = partial(fresh, lambda db: ModelRecordServiceSQL(db).add_models(records))
    medians = in_turn(ours, partial(fresh, raw), 5)
    return Ratio(f"register {REGISTERED}, to bare inserts", *medians, 3, "same tables and triggers")


def _rows_of(record: NewRecord) -> tuple[dict[str, object], dict[str, object]]:
    config = record.config
    model = rows.model_row(config, place_of(Roots(), config))
    texts = {name: str(model[name]) for name in ("type", "base", "format", "state")}
    return (
        {**model, **texts, "created_at": model["updated_at"]},
        rows.file_row(record.key, record.files[0], place_of_file(Roots(), record.files[0])),
    )


def during_a_write(store: ModelRecordServiceSQL) -> Ratio:
    """Compare pages that are read while records are added with pages read when nobody writes.

    They are asked for one after the other, so the time of each is that of all by their number.
    """
    page = partial(store.page, RecordFilter(types=("lora",)))
    page()
    times, count = [], 0
    for seed in range(5):
        records = list(islice(new_records(WRITTEN, seed=seed + 10), WRITTEN))
        added = [
            replace(r, files=(), config=r.config.model_copy(update={"path": f"{seed}/{number}"}))
            for number, r in enumerate(records)
        ]
        idle = timed(lambda: [page() for _ in range(100)]) / 100
        writing = Thread(target=store.add_models, args=(added,))
        count = 0

        def read_on(writing: Thread = writing) -> None:
            nonlocal count
            while writing.is_alive():
                page()
                count += 1

        writing.start()
        times.append((timed(read_on) / max(count, 1), idle))
        writing.join()
    busy, idle = (statistics.median(both) for both in zip(*times, strict=True))
    return Ratio(f"page while {WRITTEN} are added, to idle", busy, idle, 5, f"{count} pages")


def memory(store: ModelRecordServiceSQL) -> str:
    """Say what the pages of the whole library need at most, and what their number is."""
    tracemalloc.start()
    after, pages = None, 0
    while pages == 0 or after is not None:
        page = store.page(RecordFilter(), after=after, limit=500)
        after, pages = page.next, pages + 1
        if pages == 2:
            tracemalloc.reset_peak()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return f"paging through all: {pages} pages of 500, at most {peak / 1e6:.1f} MB at a time"


def main() -> list[Ratio]:
    """Measure, print and return the lines."""
    folder = Path(tempfile.mkdtemp(prefix="modelkeep-bench-"))
    try:
        db = SqliteDatabase(folder / "ours.db")
        store, reference = ModelRecordServiceSQL(db), Reference(folder / "reference.db")
        fill(store, reference, MODELS)
        found = [*lists(store, reference), *texts(store, reference), single(store, db)]
        found.append(registered(folder))
        found.append(during_a_write(store))
        print("reference: one JSON text a record, virtual columns and indexes; LIKE is:", _LIKE)
        for line in found:
            print(line.line())
        print(memory(store))
        db.close()
        reference.conn.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return found


if __name__ == "__main__":
    sys.exit(int(any(row.ratio > row.goal for row in main())))
