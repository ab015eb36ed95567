"""A messy ComfyUI folder from the first scan to the last check: every number is the true one."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from modelkeep.core.names import text_to_path
from support.program import Program
from tree import CANARY, Tree, make_tree, move_some

#: Set it to 2000 for the tree as it is meant; the cases are the same.
FILES = int(os.environ.get("MODELKEEP_TEST_TREE_FILES", "300"))
#: Larger files are not read whole for the snapshot: they are holes but for their heads.
_HEAD = 64 * 1024
#: Models up to so many bytes are verified.
_SMALL = 1 << 30


def state_of(folder: Path) -> dict[str, object]:
    """Return all that is in a folder: kinds, sizes, times, links, contents."""
    found: dict[str, object] = {}
    for root, folders, names in os.walk(folder):
        for name in (*folders, *names):
            path = Path(root, name)
            there = path.lstat()
            content = None
            if path.is_symlink():
                content = str(path.readlink())
            elif path.is_file():
                with path.open("rb") as file:
                    content = hashlib.sha256(file.read(_HEAD)).hexdigest()
            found[str(path)] = (there.st_mode, there.st_size, there.st_mtime_ns, content)
    return found


def inode(path: Path) -> int:
    return path.stat().st_ino


def counted(lines: list[dict[str, Any]], field: str) -> dict[str, int]:
    return dict(Counter(line[field] for line in lines))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    return make_tree(tmp_path_factory.mktemp("messy") / "t", files=FILES)


def test_every_number_is_the_true_one(program: Program, tree: Tree) -> None:
    before = state_of(tree.folder)
    scan_tells_what_is_there(program, tree)
    program.call("root", "add", "comfy", tree.comfyui, "--layout", "comfyui", status=3)
    models = program.call("list", "--json").json
    keys = {inode(text_to_path(model["path"])): model["key"] for model in models}
    assert keys.keys() == {inode(tree.path(model.path)) for model in tree.truth.models}
    catalogue_agrees(program, tree, models)
    small = [model["key"] for model in models if model["size"] <= _SMALL]
    verified = program.call("verify", "--json", *small).json
    assert counted(verified, "status") == {"new": len(small)}, "whatever sidecars state"
    doctor_tells_what_scan_told(program, tree)
    assert state_of(tree.folder) == before, "nothing is written in a registered folder"
    assert not (tree.folder / CANARY).exists(), "nothing of it is run"
    moves_are_followed(program, tree, keys)


def doctor_tells_what_scan_told(program: Program, tree: Tree) -> None:
    told = program.call("scan", tree.comfyui, "--json", status=3).json
    wrong = {line["path"] for line in told if line["status"] in {"error", "unsafe", "unknown"}}
    found = program.call("doctor", "--json", status=1).json
    told_again = " ".join(line["message"] for line in found)
    assert wrong
    assert all(path in told_again for path in wrong)
    assert not [line for line in found if line["fixed"]]


def scan_tells_what_is_there(program: Program, tree: Tree) -> None:
    truth, everything = tree.truth, tree.truth.counts()
    lines = program.call("scan", tree.comfyui, "--json", status=3).json
    found = [line for line in lines if line["status"] == "found"]
    assert len(found) == everything["models"]
    assert counted(found, "type") == everything["types"]
    assert counted(found, "base") == everything["bases"]
    assert sum(line["size"] for line in found) == everything["model_bytes"]
    statuses = counted(lines, "status")
    assert statuses["unknown"] == len(truth.unknown)
    assert statuses["error"] == len(truth.unsafe) + len(truth.corrupt)
    skipped = counted([line for line in lines if line["status"] == "skipped"], "reason")
    assert skipped["unfinished download"] == len(truth.unfinished)
    told = program.call("scan", tree.comfyui, status=3)
    counts = f" files: {len(found):,} not in the library, {len(truth.unknown)} unknown, "
    assert counts in told.out, told.out
    assert program.call("list", "--json").json == []


def catalogue_agrees(program: Program, tree: Tree, models: list[dict[str, Any]]) -> None:
    """Every way to ask the catalogue gives the true number."""
    everything = tree.truth.counts()
    total = everything["models"]
    again = program.call("scan", "comfy", "--register", "--json", status=3).json
    assert counted(again, "status")["known"] == total
    assert "registered" not in counted(again, "status")
    facets = program.call("list", "--facets", "--json").json
    for field, facet in (("types", "type"), ("bases", "base")):
        told = {one["value"]: one["count"] for one in facets if one["facet"] == facet}
        assert told == everything[field]
    for kind, count in everything["types"].items():
        assert len(program.call("list", "--json", "--type", kind).json) == count
    inside = program.call("list", "--json", "--in", "comfy").json
    assert len(inside) == total - tree.truth.counts("extra")["models"]
    pages = [line for page in paged(program) for line in page]
    assert [line["key"] for line in pages] == [model["key"] for model in models]
    for word in ("made", "style"):
        hits = {hit["key"] for hit in program.call("list", "--json", "--search", word).json}
        named = {m["key"] for m in models if word in m["name"].lower().split()}
        assert named <= hits
        assert hits


def moves_are_followed(program: Program, tree: Tree, keys: dict[int, str]) -> None:
    """Models that somebody moved keep their records; one that is gone is marked."""
    moves = move_some(tree, 12)
    after = {keys[inode(tree.path(m.after))]: tree.path(m.after) for m in moves}
    lines = program.call("sync", "--json", status=3).json
    assert places(lines, "moved") == after
    models = program.call("list", "--json").json
    assert {model["key"] for model in models} == set(keys.values())
    assert counted(models, "state") == {"present": len(keys)}
    assert {m["key"]: Path(m["path"]) for m in models if m["key"] in after} == after
    key, lost = next(iter(after.items()))
    lost.unlink()
    lines = program.call("sync", "--json", status=3).json
    assert [line["key"] for line in lines if line["status"] == "missing"] == [key]
    [missing] = program.call("list", "--json", "--state", "missing").json
    assert missing["key"] == key
    found = program.call("doctor", "--json", status=1).json
    [finding] = [line for line in found if line["kind"] == "model_missing"]
    assert not finding["fixed"]


def places(lines: list[dict[str, Any]], status: str) -> dict[str, Path]:
    return {line["key"]: Path(line["path"]) for line in lines if line["status"] == status}


def paged(program: Program) -> list[list[dict[str, Any]]]:
    """Page through the list as a person does, with the command that each page tells."""
    pages, words = [], ["list", "--json", "--limit", "50"]
    while True:
        told = program.call(*words)
        pages.append(told.json)
        if "--after " not in told.err:
            return pages
        words = [
            "list",
            "--json",
            "--limit",
            "50",
            "--after",
            told.err.split("--after ")[1].strip(),
        ]
