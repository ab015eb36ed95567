"""What others say of models comes along with a scan, and never stops it."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

import pytest

from integration.world import World
from modelkeep.scan.report import ScanFinding, ScanStatus, ScanSummary
from modelkeep.scan.scanner import ScanAction
from modelkeep.sources.sidecars.info import SidecarInfo
from modelkeep.sources.sidecars.reader import Sidecar, SidecarReader, Subject
from modelkeep.sources.sidecars.reading import READERS
from support import tiny

HASH, OTHER = "ab" * 32, "cd" * 32
TIME = 1_700_000_000.25

Install = Callable[..., None]


def scanned(
    world: World, what: Path | None = None, layout: str | None = None
) -> tuple[list[ScanFinding], ScanSummary]:
    scan = world.service.scanner.scan(
        what or world.downloads, layout=layout, action=ScanAction.REGISTER
    )
    return list(scan), scan.summary


class _Buggy(SidecarReader):
    """A reader of another package, with a bug in one of its methods."""

    order = 5

    def __init__(self, where: str) -> None:
        self.where = where
        type(self).name = f"buggy-{where}"

    def find(self, model: Subject) -> tuple[str, ...]:
        if self.where == "find":
            raise ZeroDivisionError("in find")
        return model.beside(".json")

    def read(self, model: Subject, sidecar: Sidecar) -> SidecarInfo | None:
        del model, sidecar
        if self.where == "read":
            raise AttributeError("in read")
        return "no SidecarInfo"  # type: ignore[return-value]


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Return what makes modules known as installed sidecar readers."""

    def install(**readers: object) -> None:
        points = []
        for name, reader in readers.items():
            module = ModuleType(f"of_others_{name}")
            if reader is not None:
                module.READER = reader  # type: ignore[attr-defined]
                monkeypatch.setitem(sys.modules, module.__name__, module)
            points.append(EntryPoint(name, module.__name__, "modelkeep.sidecars"))

        def found(group: str) -> list[EntryPoint]:
            return [point for point in points if point.group == group]

        monkeypatch.setattr("modelkeep.core.plugins.entry_points", found)
        READERS.forget()

    yield install
    READERS.forget()


@pytest.mark.parametrize("where", ["find", "read", "answer"])
def test_a_reader_with_a_bug_is_told_and_the_others_still_read(
    world: World, installed: Install, where: str
) -> None:
    tiny.lora(world.downloads / "paper.safetensors")
    (world.downloads / "paper.json").write_text('{"description": "cut paper"}')
    installed(odd=_Buggy(where))
    [finding], summary = scanned(world)
    assert finding.status is ScanStatus.REGISTERED
    assert world.records.get_model(finding.key or "").description == "cut paper"
    assert [f"buggy-{where}" in warning for warning in summary.warnings] == [True]


def webui(world: World) -> Path:
    root = world.downloads / "webui"
    for name in ("Stable-diffusion", "Lora", "VAE"):
        (root / "models" / name).mkdir(parents=True)
    (root / "embeddings").mkdir()
    return root


def timed(path: Path, seconds: float = TIME) -> Path:
    os.utime(path, (seconds, seconds))
    return path


def note(root: Path, **hashes: str) -> None:
    entries = {title: {"mtime": TIME, "sha256": sha256} for title, sha256 in hashes.items()}
    (root / "cache.json").write_text(json.dumps({"hashes": entries}))


def test_hashes_that_the_web_ui_has_noted_stay_what_it_states(world: World) -> None:
    root = webui(world)
    models = root / "models"
    fits = timed(tiny.lora(models / "Lora" / "sub" / "ink.safetensors", 1))
    changed = timed(tiny.lora(models / "Lora" / "wet.safetensors", 2), TIME + 60)
    wrong = timed(tiny.embedding(root / "embeddings" / "blue.safetensors", 3))
    right = hashlib.sha256(fits.read_bytes()).hexdigest()
    note(root, **{"lora/ink": right, "lora/wet": HASH, "textual_inversion/blue": OTHER})
    findings, _ = scanned(world, root)
    stated = {
        finding.path: [
            reason.detail
            for reason in world.records.get_model(finding.key or "").evidence
            if reason.kind == "hash"
        ]
        for finding in findings
    }
    assert stated == {
        fits: [f"the cache of A1111 states the sha256 {right}"],
        changed: [],
        wrong: [],
    }
    rows = [world.records.files(finding.key or "")[0] for finding in findings]
    assert {row.sha256 for row in rows} == {None}


def test_the_cache_is_found_from_the_folder_of_models_too(world: World) -> None:
    root = webui(world)
    model = timed(tiny.lora(root / "models" / "Lora" / "ink.safetensors"))
    right = hashlib.sha256(model.read_bytes()).hexdigest()
    note(root, **{"lora/ink": right})
    [finding], _ = scanned(world, root / "models")
    record = world.records.get_model(finding.key or "")
    assert [right in reason.detail for reason in record.evidence if reason.kind == "hash"] == [True]


def test_a_broken_cache_is_remarked(world: World) -> None:
    root = webui(world)
    tiny.lora(root / "models" / "Lora" / "ink.safetensors")
    (root / "cache.json").write_text("{")
    [finding], summary = scanned(world, root)
    assert finding.status is ScanStatus.REGISTERED
    assert any("cache.json" in warning for warning in summary.warnings)


def test_the_folder_of_draw_things_says_why_nothing_is_found(world: World) -> None:
    (world.downloads / "custom.json").write_text("[]")
    (world.downloads / "ink_q8p.ckpt").write_bytes(b"SQLite format 3\0")
    findings, summary = scanned(world)
    assert findings == []
    assert ["Draw Things" in warning for warning in summary.warnings] == [True]
