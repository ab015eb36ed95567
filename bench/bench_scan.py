"""Scanning against a bare walk, overlapping slow headers, and registering against raw inserts."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.measure import Ratio, in_turn, timed
from modelkeep.app.manager import ModelManager
from modelkeep.core.reading import LocalFile
from modelkeep.identification.engine import identify_path
from modelkeep.identification.known_families import load_rules
from modelkeep.scan.report import ScanStatus
from modelkeep.scan.scanner import ScanAction
from modelkeep.settings import Settings

_DEMO = Path(__file__).resolve().parents[1] / "demo"
#: Of twenty models, as people have them: mostly adapters, now and then a checkpoint.
_KINDS = [
    *["sd1-lora-full"] * 7,
    *["sdxl-lora"] * 6,
    *["sd1-embedding"] * 4,
    "vae",
    "sdxl",
    "clip-l",
]
_FOLDERS = 500
_BATCH = 200


@contextlib.contextmanager
def workplace() -> Iterator[Path]:
    """Yield an empty folder on the disk of this checkout and remove it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="modelkeep-bench-", dir=Path(__file__).parents[1]))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_tree(top: Path, files: int, models: int, folders: int = _FOLDERS) -> Path:
    """Write ``files`` files of which ``models`` are models, in ``folders`` folders."""
    sys.path.insert(0, str(_DEMO))
    try:
        from tree_models import template, write_model
    finally:
        sys.path.pop(0)
    for number in range(folders):
        (top / f"{number % 20:02}" / f"{number:04}").mkdir(parents=True)
    for number in range(files):
        at = number % folders
        folder = top / f"{at % 20:02}" / f"{at:04}"
        if number < models:
            kind = template(_KINDS[number % len(_KINDS)])
            write_model(folder / f"model-{number}.safetensors", kind, f"model {number}")
        else:
            (folder / f"image-{number}.png").write_bytes(b"")
    return top


def bare_walk(top: Path) -> int:
    """List every folder and ask the system about every file; nothing else."""
    count, waiting = 0, [os.fspath(top)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    count += entry.stat(follow_symlinks=False).st_size >= 0
    return count


def scan_seconds(manager: ModelManager, top: Path, expected: int) -> float:
    """Return the seconds of one scan that reports."""
    scan = manager.installer.scanner.scan(top, layout="plain")
    seconds = timed(lambda: [None for _ in scan])
    if scan.summary.statuses[ScanStatus.FOUND] != expected:
        raise RuntimeError(f"found {scan.summary.statuses}")
    return seconds


def scan_vs_walk(files: int, models: int, rounds: int) -> list[Ratio]:
    """Scan a tree for the first time, and again when nothing changed, against a bare walk."""
    with workplace() as place:
        top = write_tree(place / "tree", files, models)

        def first() -> float:
            root = Path(tempfile.mkdtemp(dir=place))
            with ModelManager(Settings(root=root)) as manager:
                return scan_seconds(manager, top, models)

        fresh = in_turn(first, lambda: timed(lambda: bare_walk(top)), rounds)
        with ModelManager(Settings(root=place / "root")) as manager:
            again = in_turn(
                lambda: scan_seconds(manager, top, models),
                lambda: timed(lambda: bare_walk(top)),
                rounds,
            )
    note = f"{files:,} files, {models:,} models"
    return [
        Ratio("scan / bare walk and stat", *fresh, goal=15, note=note),
        Ratio("scan again, unchanged / bare walk and stat", *again, goal=4, note=note),
    ]


@contextlib.contextmanager
def slow_reads(seconds: float) -> Iterator[None]:
    """Let every read of a file take ``seconds`` longer, as on a disk far away."""
    original = LocalFile.read_at

    def slow(self: LocalFile, offset: int, count: int) -> bytes:
        time.sleep(seconds)
        return original(self, offset, count)

    LocalFile.read_at = slow  # type: ignore[method-assign]
    try:
        yield
    finally:
        LocalFile.read_at = original  # type: ignore[method-assign]


def overlapping(models: int, rounds: int = 1) -> Ratio:
    """Scan models whose every read takes 10 ms, against identifying one after the other."""
    with workplace() as place:
        top = write_tree(place / "tree", models, models)
        paths = sorted(top.rglob("*.safetensors"))
        rules = load_rules()

        def ours() -> float:
            root = Path(tempfile.mkdtemp(dir=place))
            with ModelManager(Settings(root=root)) as manager, slow_reads(0.010):
                return scan_seconds(manager, top, models)

        def one_by_one() -> float:
            with slow_reads(0.010):
                return timed(lambda: [identify_path(path, rules=rules) for path in paths])

        pairs = [(ours(), one_by_one()) for _ in range(rounds)]
    mine, theirs = pairs[len(pairs) // 2]
    note = f"{models:,} headers, 10 ms a read"
    return Ratio("scan of slow headers / one after the other", mine, theirs, 0.4, note)


def register_all(root: Path, top: Path, store: str | None = None) -> float:
    """Return the seconds of registering a whole tree in a fresh root."""
    settings = Settings(root=root, model_config_db=Path(store)) if store else Settings(root=root)
    with ModelManager(settings) as manager:
        scan = manager.installer.scanner.scan(top, layout="plain", action=ScanAction.REGISTER)
        return timed(lambda: [None for _ in scan])


def raw_inserts(filled: Path, empty: Path) -> float:
    """Return the seconds of inserting the rows of one database in another, in batches."""
    with contextlib.closing(sqlite3.connect(filled)) as source:
        rows = {
            table: source.execute(f"SELECT * FROM {table} ORDER BY rowid").fetchall()  # noqa: S608 - ours
            for table in ("mk_model", "mk_file")
        }
    target = sqlite3.connect(empty, isolation_level=None)
    target.execute("PRAGMA journal_mode = WAL")
    target.execute("PRAGMA synchronous = FULL")

    def work() -> None:
        for start in range(0, len(rows["mk_model"]), _BATCH):
            target.execute("BEGIN IMMEDIATE")
            for table, of_table in rows.items():
                batch = of_table[start : start + _BATCH]
                marks = ", ".join("?" * len(batch[0]))
                target.executemany(f"INSERT INTO {table} VALUES ({marks})", batch)  # noqa: S608 - ours
            target.execute("COMMIT")

    with contextlib.closing(target):
        return timed(work)


def register_vs_inserts(models: int, rounds: int) -> list[Ratio]:
    """Register models, against identifying them and inserting their rows; YAML against SQL."""
    rules = load_rules()
    with workplace() as place:
        top = write_tree(place / "tree", models, models)
        paths = sorted(top.rglob("*.safetensors"))
        filled = place / "filled"
        register_all(filled, top)

        def reference() -> float:
            root = Path(tempfile.mkdtemp(dir=place))
            with ModelManager(Settings(root=root)) as manager:
                _ = manager.records
            database = Path("databases") / "modelkeep.db"
            inserts = raw_inserts(filled / database, root / database)
            return inserts + timed(lambda: [identify_path(path, rules=rules) for path in paths])

        def ours() -> float:
            return register_all(Path(tempfile.mkdtemp(dir=place)), top)

        def in_yaml() -> float:
            return register_all(Path(tempfile.mkdtemp(dir=place)), top, "configs/models.yaml")

        against_raw = in_turn(ours, reference, rounds)
        of_yaml = in_turn(in_yaml, ours, rounds)
    note = f"{models:,} models, identification included in both"
    return [
        Ratio("register / raw inserts + identification", *against_raw, goal=3, note=note),
        Ratio("register in YAML / in SQL", *of_yaml, goal=4, note=f"{models:,} models"),
    ]


def scan_memory(files: int, models: int) -> int:
    """Return by how many bytes a scan raises the peak memory of a process that scanned before."""
    program = """
import json, resource, sys
from pathlib import Path
from modelkeep.app.manager import ModelManager
from modelkeep.settings import Settings
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
with ModelManager(Settings(root=Path(sys.argv[1]))) as manager:
    scanner = manager.installer.scanner
    for _ in scanner.scan(Path(sys.argv[2]), layout="plain"): pass
    before = peak()
    for _ in scanner.scan(Path(sys.argv[3]), layout="plain"): pass
    print(json.dumps(peak() - before))
"""
    with workplace() as place:
        small = write_tree(place / "small", 2_000, 100, 50)
        large = write_tree(place / "large", files, models)
        command = [sys.executable, "-c", program, str(place / "root"), str(small), str(large)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(json.loads(done.stdout))


def main(
    rounds: int = 3, files: int = 100_000, models: int = 1_000, many: int = 5_000
) -> list[Ratio]:
    """Run all and print the table."""
    rows = [
        *scan_vs_walk(files, models, rounds),
        overlapping(many),
        *register_vs_inserts(many, rounds),
    ]
    for row in rows:
        print(row.line())
    print(
        f"peak memory of a scan of {files:,} files: +{scan_memory(files, models) / 2**20:.1f} MiB"
    )
    return rows


if __name__ == "__main__":
    main()
