from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from modelkeep import ModelManager, identify
from modelkeep.app import equivalent, library
from modelkeep.app.query import ModelQuery
from modelkeep.app.remove import RemovalMode
from modelkeep.app.storage import storage
from modelkeep.cli.main import main
from modelkeep.records.listing import RecordFilter
from support import tiny


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODELKEEP_ROOT", str(tmp_path / "library"))
    with ModelManager() as manager:
        manager.installer.install_path(tiny.lora(tmp_path / "it's a lora.safetensors", 1))
        for number in range(3):
            manager.installer.install_path(
                tiny.embedding(tmp_path / f"e{number}.safetensors", number)
            )
    return tmp_path / "library"


def run(command: str) -> int:
    program, *words = shlex.split(command)
    assert program == "modelkeep"
    return main(words)


@pytest.mark.parametrize(
    "text", ["", "type=lora", "q=a&type=lora", "base=sd-1&sort=size", "limit=2&type=embedding"]
)
def test_a_query_gives_the_same_in_both_forms(
    root: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    query = ModelQuery.from_parameters(text)
    both = equivalent.of_query(query)
    with ModelManager(root) as manager:
        names = {"manager": manager, "RecordFilter": RecordFilter}
        called = [model.key for model in eval(both.call, names)]  # noqa: S307 - what is shown
        assert called == [model.key for model in library.page(manager, query).models]
    assert called
    capsys.readouterr()
    assert run(f"{both.command} -q") == 0
    assert capsys.readouterr().out.split() == called


def test_a_source_with_odd_characters_is_quoted(root: Path, tmp_path: Path) -> None:
    source = str(tmp_path / "it's a lora.safetensors")
    both = equivalent.of_identify(source)
    assert run(both.command) == 0
    assert eval(both.call, {"identify": identify}).type == "lora"  # noqa: S307 - what is shown
    assert run(equivalent.of_install(source).command) == 0
    assert root.is_dir()


def test_a_removal_gives_the_same_in_both_forms(root: Path) -> None:
    with ModelManager(root) as manager:
        one, other = [
            model.key for model in manager.records.each(RecordFilter(types=("lora",)))
        ] + [next(manager.records.each(RecordFilter(types=("embedding",)))).key]
        assert run(equivalent.of_show(one).command) == 0
        assert run(equivalent.of_remove(one, RemovalMode(now=True)).command) == 0
        assert not manager.records.exists(one)
        kept = equivalent.of_remove(other, RemovalMode(keep_files=True))
        path = manager.path_of(other)
        eval(kept.call, {"manager": manager})  # noqa: S307 - what is shown
        assert not manager.records.exists(other)
        assert path.exists()


def test_storage_counts_what_is_there(root: Path) -> None:
    with ModelManager(root) as manager:
        there = storage(manager)
        total = sum(model.size or 0 for model in manager.records.all_models())
        assert sum(kind.size for kind in there.kinds) == total
        assert [kind.models for kind in there.kinds] == [1, 3]
        [home] = there.roots
        assert (home.row.models, home.row.bytes) == (4, total)
        assert there.trash_bytes == 0
        assert there.free_bytes > 0
        key = manager.find("e1").key
        manager.installer.remove(key)
        assert storage(manager).trash_bytes > 0
        assert "LoRA" in str(there)
        assert there.to_json()["kinds"][0]["models"] == 1


def test_a_manager_takes_the_path_of_its_library(root: Path) -> None:
    for manager in (ModelManager(root), ModelManager(str(root)), ModelManager(root=root)):
        with manager:
            assert manager.settings.root == root
            assert manager.path_of("e1") == manager.path_of(manager.find("e1"))
            assert manager.path_of("e1").name == "e1.safetensors"
