"""The made-up tree is what its truth says, and modelkeep's parts see the same in it."""

from __future__ import annotations

import json
import os
import stat
import sys
import unicodedata
from pathlib import Path

import pytest

import tree as tree_script
from modelkeep import identify
from modelkeep.core.hashing import hash_file, sample_hash
from modelkeep.errors import (
    CorruptModelError,
    ModelKeepError,
    UnknownModelError,
    UnsafeModelError,
)
from modelkeep.sources.sidecars.reading import read_sidecars
from tree import CANARY, Tree, make_tree, move_some

ENDINGS = {".safetensors", ".sft", ".ckpt", ".pt", ".pth", ".bin"}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    return make_tree(tmp_path_factory.mktemp("tree") / "t", files=700)


def regular_files(tree: Tree) -> dict[str, os.stat_result]:
    found = {}
    for root, _, names in os.walk(tree.folder):
        for name in names:
            path = Path(root, name)
            status = path.lstat()
            if stat.S_ISREG(status.st_mode):
                found[str(path.relative_to(tree.folder))] = status
    return found


def beside(path: Path) -> set[str]:
    return {entry.name for entry in path.parent.iterdir()}


def test_every_model_is_identified_as_what_it_is(tree: Tree) -> None:
    for model in tree.truth.models:
        found = identify(tree.path(model.path))
        told = (found.type.value, found.base.value, found.format.value, found.size)
        assert told == (model.type, model.base, model.format, model.size), model.path
    assert {m.place for m in tree.truth.models} == {"comfyui", "extra", "outside"}


@pytest.mark.parametrize(
    ("kind", "error"),
    [("unknown", UnknownModelError), ("unsafe", UnsafeModelError), ("corrupt", CorruptModelError)],
)
def test_what_is_no_model_is_refused_for_the_right_reason(
    tree: Tree, kind: str, error: type[ModelKeepError]
) -> None:
    paths = getattr(tree.truth, kind)
    assert paths
    for path in paths:
        with pytest.raises(error):
            identify(tree.path(path))
    assert not (tree.folder / CANARY).exists()


def test_every_weight_file_is_noted_once(tree: Tree) -> None:
    truth = tree.truth
    noted = [m.path for m in truth.models if m.format != "diffusers"]
    noted += [*truth.unknown, *truth.unsafe, *truth.corrupt, *truth.hidden]
    noted += [name for name, _ in truth.hard_links]
    assert len(noted) == len(set(noted))
    inside = [m.path + "/" for m in truth.models if m.format == "diffusers"]
    inside += [path + "/" for path in truth.skipped.get("no permission", [])]
    files = regular_files(tree)
    weights = {
        path
        for path in files
        if Path(path).suffix in ENDINGS and not path.startswith(tuple(inside))
    }
    assert weights == set(noted) | {p for p in truth.unfinished if Path(p).suffix in ENDINGS}
    rest = {p for p in files if not p.startswith(tuple(inside))} - weights
    unfinished = {p for p in truth.unfinished if Path(p).suffix not in ENDINGS}
    assert rest == set(truth.other) | unfinished


def test_files_and_bytes_count_each_inode_once(tree: Tree) -> None:
    inodes = {status.st_ino: status.st_size for status in regular_files(tree).values()}
    # Each locked folder has one file that cannot be seen from outside.
    locked = len(tree.truth.skipped.get("no permission", ()))
    assert tree.truth.files == len(inodes) + locked
    assert (tree.truth.bytes == sum(inodes.values())) is not bool(locked)
    assert 700 <= tree.truth.files + len(tree.truth.hard_links) <= 706


def test_sidecars_say_what_the_truth_says(tree: Tree) -> None:
    with_hash = 0
    for model in tree.truth.models:
        path = tree.path(model.path)
        report = read_sidecars(path, beside(path))
        if model.path in {other for _, other in tree.truth.sidecars_of_two}:
            assert report.info.sidecars == ()
            continue
        expected = model.sidecars
        if expected is None:
            assert report.info == type(report.info)()
            assert report.problems == ()
            continue
        assert sorted(p.name for p in report.info.sidecars) == sorted(expected.files), expected.kind
        assert len(report.problems) == expected.problems, expected.kind
        assert report.info.sha256 == expected.sha256, expected.kind
        if expected.sha256:
            assert hash_file(path, ["sha256"]).sha256 == expected.sha256
            with_hash += 1
        for field, value in expected.says.items():
            told = getattr(report.info, field)
            assert (told.name if field == "preview" else told) == value, (expected.kind, field)
    assert with_hash == tree.truth.counts()["stated_hashes"] > 10


def test_copies_are_the_same_and_lookalikes_are_not(tree: Tree) -> None:
    small = [g for g in tree.truth.copies if tree.path(g[0]).stat().st_size < 1_000_000]
    assert small
    for group in small:
        assert len({tree.path(path).read_bytes() for path in group}) == 1
        assert len({tree.path(path).stat().st_ino for path in group}) == len(group) > 1
    for group in tree.truth.lookalikes:
        paths = [tree.path(path) for path in group]
        assert len({sample_hash(path) for path in paths}) == 1
        assert len({hash_file(path).blake3 for path in paths}) == 2
    unique = {tree.path(m.path) for m in tree.truth.models if m.size < 1_000_000}
    copied = {tree.path(path) for group in tree.truth.copies for path in group}
    contents = [path.read_bytes() for path in unique - copied]
    assert len(set(contents)) == len(contents), "no other two are the same"


def test_links_lead_where_the_truth_says(tree: Tree) -> None:
    truth = tree.truth
    for link, target in (*truth.file_links, *truth.folder_links, *truth.outside_links):
        assert tree.path(link).is_symlink()
        assert tree.path(link).samefile(tree.path(target))
    for name, first in truth.hard_links:
        assert not tree.path(name).is_symlink()
        assert tree.path(name).samefile(tree.path(first))
    for path in truth.skipped["dangling link"]:
        assert not tree.path(path).exists()
    for path in truth.skipped["pipe"]:
        assert stat.S_ISFIFO(tree.path(path).lstat().st_mode)
    assert len(truth.skipped["link loop"]) == 2


def test_names_are_as_odd_as_people_have_them(tree: Tree) -> None:
    names = [Path(m.path).name for m in tree.truth.models]
    assert any("\udce9" in name for name in names), "bytes that are no UTF-8"
    assert any(len(os.fsencode(name)) == 255 for name in names)
    forms = [name for name in names if unicodedata.normalize("NFC", name).startswith("pôrtrait")]
    assert len(forms) == 2
    assert {"Ink Fox.safetensors", "ink fox.safetensors"} <= set(names)


def test_the_same_numbers_give_the_same_tree(tmp_path: Path) -> None:
    trees = [make_tree(tmp_path / name, files=260, seed=3) for name in ("a", "b")]
    assert trees[0].truth.to_json() == trees[1].truth.to_json()
    looks = [
        {path: (s.st_size, s.st_mtime_ns) for path, s in regular_files(tree).items()}
        for tree in trees
    ]
    assert looks[0] == looks[1]
    assert make_tree(tmp_path / "c", files=260, seed=4).truth.models != trees[0].truth.models
    with pytest.raises(FileExistsError):
        make_tree(tmp_path / "a")


def test_the_whole_tree_takes_little_of_the_disk(tmp_path: Path) -> None:
    tree = make_tree(tmp_path / "t")
    files = regular_files(tree)
    assert 1990 <= len(files) <= 2010
    assert sum(s.st_blocks * 512 for s in files.values()) < 100_000_000
    assert tree.truth.bytes > 50 * 10**9


def test_models_are_moved_as_people_move_them(tmp_path: Path) -> None:
    tree = make_tree(tmp_path / "t", files=400)
    before = {m.path: tree.path(m.path).stat() for m in tree.truth.models}
    moves = move_some(tree, 40)
    assert len({m.before for m in moves}) == len({m.after for m in moves}) == 40
    assert {m.how for m in moves} == {
        "renamed", "moved", "moved and renamed", "moved with sidecars",
    }  # fmt: skip
    for move in moves:
        assert not tree.path(move.before).exists()
        now, old = tree.path(move.after).stat(), before[move.before]
        assert (now.st_ino, now.st_mtime_ns) == (old.st_ino, old.st_mtime_ns)
    models = {m.path: m for m in tree.truth.models}
    together = [m for m in moves if m.how == "moved with sidecars" and models[m.before].sidecars]
    assert together
    for move in together:
        expected = models[move.before].sidecars
        path = tree.path(move.after)
        info = read_sidecars(path, beside(path)).info
        assert expected is not None
        assert sorted(p.name for p in info.sidecars) == sorted(expected.files)


def test_the_program_prints_the_truth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["tree.py", str(tmp_path / "t"), "--files", "250", "--seed", "5", "--json"]
    monkeypatch.setattr(sys, "argv", arguments)
    assert tree_script.main() == 0
    told = json.loads(capsys.readouterr().out)
    assert told["counts"]["all"]["models"] == len(told["models"]) > 100
    assert sum(told["counts"]["comfyui"]["types"].values()) == told["counts"]["comfyui"]["models"]
    with pytest.raises(SystemExit):
        tree_script.main()
