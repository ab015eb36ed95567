"""Whatever is done to a library in whatever order, killed or not, it is in order afterwards."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from faults.crash import KILLED, Fault, in_child, planted
from modelkeep.errors import DuplicateModelException, ModelKeepError
from modelkeep.install.link import LinkMode
from modelkeep.install.ownership import file_path
from modelkeep.manager import ModelManager
from modelkeep.settings import Settings
from support import tiny

Act = Callable[[ModelManager], object]

#: Sources by number: two of them are folders, and two pairs have a name in common.
_SOURCES = ["a/x.safetensors", "b/X.safetensors", "a/style", "b/style"]
_numbers = st.sampled_from(range(len(_SOURCES)))
_places = st.integers(0, 20)
_points = st.integers(0, 40)


class Library(RuleBasedStateMachine):
    """A library, its sources, and what has been done to it."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = Path(tempfile.mkdtemp(prefix="modelkeep-order-"))
        self._settings = Settings(root=self._folder / "root")
        self._manager: ModelManager | None = None
        self._contents: dict[int, dict[str, bytes]] = {}
        self._number_of: dict[str, int] = {}
        self._purged: set[int] = set()
        for number in range(len(_SOURCES)):
            self._write(number)

    def teardown(self) -> None:
        self._close()
        shutil.rmtree(self._folder)

    # -- what is done

    @rule(
        number=_numbers,
        link=st.sampled_from([LinkMode.Copy, LinkMode.Hardlink, LinkMode.Move]),
        point=_points,
    )
    def install(self, number: int, link: LinkMode, point: int) -> None:
        source = self._write(number)
        name = {"name": str(number)}
        self._do(lambda m: m.installer.install_path(source, name, link=link), point)

    @rule(number=_numbers, point=_points)
    def register(self, number: int, point: int) -> None:
        source = self._write(number)
        name = {"name": str(number)}
        self._do(lambda m: m.installer.register_path(source, name), point)

    @precondition(lambda self: self.manager.records.all_models())
    @rule(which=_places, everywhere=st.booleans(), point=_points)
    def remove(self, which: int, everywhere: bool, point: int) -> None:
        models = self.manager.records.all_models()
        key = models[which % len(models)].key
        self._do(lambda m: m.installer.remove(key, everywhere=everywhere), point)

    @precondition(lambda self: self.manager.installer.trash())
    @rule(which=_places, point=_points)
    def restore(self, which: int, point: int) -> None:
        entries = self.manager.installer.trash()
        key = entries[which % len(entries)].key
        self._do(lambda m: m.installer.restore(key), point)

    @precondition(lambda self: self.manager.installer.trash())
    @rule(which=_places, point=_points)
    def purge(self, which: int, point: int) -> None:
        entries = self.manager.installer.trash()
        entry = entries[which % len(entries)]
        self._purged.add(int(entry.name))
        self._do(lambda m: m.installer.purge(entry), point)

    @precondition(lambda self: self.manager.records.all_models())
    @rule(which=_places, text=st.text(max_size=5), point=_points)
    def edit(self, which: int, text: str, point: int) -> None:
        models = self.manager.records.all_models()
        key = models[which % len(models)].key
        self._do(lambda m: m.installer.edit(key, {"description": text}), point)

    @rule()
    def restart(self) -> None:
        self._close()

    # -- what holds

    @invariant()
    def the_law_holds(self) -> None:
        manager = self.manager
        models_dir = self._settings.models_dir
        assert manager.installer.library.state.entries() == []
        assert not list(self._settings.staging_dir.glob("*"))
        owned: set[Path] = set()
        held: set[int] = set()
        for model in manager.records.all_models():
            paths = [file_path(row, models_dir) for row in manager.records.files(model.key)]
            assert not owned & set(paths)
            owned |= set(paths)
            number = int(model.name)
            held.add(number)
            assert {p.read_bytes() for p in paths} == set(self._contents[number].values())
        for entry in manager.installer.trash():
            number = int(entry.name)
            held.add(number)
            found = {path.read_bytes() for path in entry.waiting}
            assert found == set(self._contents[number].values())
            owned |= set(entry.waiting) | {entry.folder / "manifest.json"}
        inside = {p for p in models_dir.rglob("*") if p.is_file()}
        assert inside == {p for p in owned if p.is_relative_to(models_dir)}
        self._sources_are_whole(held)

    def _sources_are_whole(self, held: set[int]) -> None:
        for number, contents in self._contents.items():
            now = self._read(number)
            assert now.items() <= contents.items()
            if number not in held | self._purged:
                assert now == contents, f"{_SOURCES[number]} is nowhere any more"

    # -- plumbing

    @property
    def manager(self) -> ModelManager:
        """The manager, made again after a restart."""
        if self._manager is None:
            self._manager = ModelManager(self._settings)
            self._manager.installer.trash()
        return self._manager

    def _close(self) -> None:
        if self._manager is not None:
            self._manager.close()
            self._manager = None

    def _path(self, number: int) -> Path:
        return self._folder / _SOURCES[number]

    def _read(self, number: int) -> dict[str, bytes]:
        top = self._path(number)
        found = [top] if top.is_file() else [p for p in top.rglob("*") if p.is_file()]
        return {str(p.relative_to(top)): p.read_bytes() for p in found}

    def _write(self, number: int) -> Path:
        """Put a source where it belongs, unless all of it is there."""
        path = self._path(number)
        contents = self._contents.get(number)
        if contents is None or self._read(number) != contents:
            make = tiny.embedding if path.suffix else tiny.embedding_folder
            make(path, number + 1)
            if not path.suffix:
                (path / "notes" / "README.md").write_text(f"number {number}\n")
            self._contents[number] = self._read(number)
        return path

    def _do(self, act: Act, point: int) -> None:
        """Do something, or begin it in a child that is killed at its Nth operation (0: not)."""
        if not point:
            try:
                act(self.manager)
            except DuplicateModelException as error:
                assert error.hint  # noqa: PT017 - it may raise nothing too
            return
        self._close()
        assert in_child(lambda: self._begin(act, point)) in {0, KILLED}

    def _begin(self, act: Act, point: int) -> None:
        with ModelManager(self._settings) as manager:
            store: Any = manager.records
            state: Any = manager.installer.library.state
            with planted(Fault(at=point), (store.db, "conn"), (state, "_connection")):
                try:
                    act(manager)
                except ModelKeepError as error:
                    assert isinstance(error, DuplicateModelException)  # noqa: PT017 - as above


TestAnyOrder = Library.TestCase
TestAnyOrder.settings = settings(
    max_examples=40,
    stateful_step_count=20,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
