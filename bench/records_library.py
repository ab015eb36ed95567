"""A library of many made-up models, as our catalogue and as the reference that it is held to.

The reference is what a catalogue is without a design for it: one JSON text for each record, with
virtual columns that are read out of it, and an index on each of these.
"""

from __future__ import annotations

import random
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from modelkeep.core.configs import AnyModelConfig, ModelConfigFactory
from modelkeep.core.files import ModelFile
from modelkeep.records.listing import NewRecord
from modelkeep.records.sql.service import ModelRecordServiceSQL

_SYLLABLES = re.findall("..", "karinotamivelosugolfexuryanzortalquebrimohalpradenka")
_KINDS = (
    ("lora", "lycoris", 62),
    ("lora", "diffusers", 3),
    ("main", "checkpoint", 15),
    ("main", "diffusers", 3),
    ("embedding", "embedding_file", 9),
    ("vae", "checkpoint", 4),
    ("controlnet", "diffusers", 4),
)
_BASES = (("sdxl", 40), ("sd-1", 30), ("flux", 20), ("sd-3", 8), ("sd-2", 2))
_BATCH = 5_000

_REFERENCE = """
    CREATE TABLE models (
        id TEXT PRIMARY KEY,
        config TEXT NOT NULL,
        type TEXT GENERATED ALWAYS AS (json_extract(config, '$.type')) VIRTUAL NOT NULL,
        base TEXT GENERATED ALWAYS AS (json_extract(config, '$.base')) VIRTUAL NOT NULL,
        name TEXT GENERATED ALWAYS AS (json_extract(config, '$.name')) VIRTUAL NOT NULL,
        path TEXT GENERATED ALWAYS AS (json_extract(config, '$.path')) VIRTUAL NOT NULL,
        format TEXT GENERATED ALWAYS AS (json_extract(config, '$.format')) VIRTUAL NOT NULL
    );
    CREATE INDEX by_type ON models (type);
    CREATE INDEX by_base ON models (base);
    CREATE INDEX by_name ON models (name);
    CREATE UNIQUE INDEX by_path ON models (path);
    CREATE INDEX by_format ON models (format);
"""


def vocabulary(dice: random.Random, count: int = 6_000) -> list[str]:
    """Return made-up words, the frequent ones first."""
    words = {"".join(dice.choices(_SYLLABLES, k=dice.randint(2, 4))) for _ in range(count)}
    return sorted(words, key=lambda word: (len(word), word))


def new_records(count: int, seed: int = 1) -> Iterator[NewRecord]:
    """Give ``count`` records, the same for the same seed; each owns one file."""
    dice = random.Random(seed)
    words = vocabulary(dice)
    weights = [1 / (10 + rank) for rank in range(len(words))]
    kinds = dice.choices(_KINDS, [kind[2] for kind in _KINDS], k=count)
    bases = dice.choices(_BASES, [base[1] for base in _BASES], k=count)
    for number, (kind, base) in enumerate(zip(kinds, bases, strict=True)):
        said = dice.choices(words, weights, k=22)
        key, name = f"{dice.getrandbits(128):032x}", "_".join(said[:3])
        path = f"{base[0]}/{kind[0]}/{name}-{number}.safetensors"
        fields = {
            "name": name,
            "path": path,
            "type": kind[0],
            "format": kind[1],
            "base": base[0],
            "size": dice.randint(10_000, 7_000_000_000),
            "description": " ".join(said[3:18]).capitalize() + ".",
            "source": f"{said[18]}/{said[19]}",
            "original_hash": f"{dice.getrandbits(128):032x}",
            "trigger_phrases": said[20:22],
        }
        file = ModelFile(path, fields["size"], 10**18 + number, number, root="models")  # type: ignore[arg-type]
        yield NewRecord(key, ModelConfigFactory.make_config(fields, key=key), (file,))


def batches(records: Iterable[NewRecord]) -> Iterator[list[NewRecord]]:
    """Give the records in lists."""
    rest = iter(records)
    while batch := list(islice(rest, _BATCH)):
        yield batch


class Reference:
    """The catalogue that ours is compared with.

    Args:
        path: Its file, which is made.
    """

    def __init__(self, path: Path) -> None:
        self.conn = sqlite3.connect(path, isolation_level=None)
        self.conn.executescript(f"PRAGMA journal_mode = WAL; {_REFERENCE}")

    def add(self, records: list[NewRecord]) -> None:
        """Store records in one transaction."""
        self.conn.execute("BEGIN")
        self.conn.executemany(
            "INSERT INTO models (id, config) VALUES (?, ?)",
            [(record.key, record.config.model_dump_json()) for record in records],
        )
        self.conn.execute("COMMIT")

    def configs(self, where: str, values: Mapping[str, object]) -> list[AnyModelConfig]:
        """Return validated records."""
        import json

        found = self.conn.execute(f"SELECT config FROM models WHERE {where}", values)  # noqa: S608 - ours
        return [ModelConfigFactory.make_config(json.loads(text)) for (text,) in found]


def fill(store: ModelRecordServiceSQL, reference: Reference, count: int) -> None:
    """Put the same records in both."""
    for batch in batches(new_records(count)):
        store.add_models(batch)
        reference.add(batch)
