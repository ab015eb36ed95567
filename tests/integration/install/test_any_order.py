"""Whatever is done to a library in whatever order, killed or not, it is in order afterwards."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from faults.crash import KILLED, Fault, in_child, planted
from modelkeep.app.manager import ModelManager
from modelkeep.core.taxonomy import RecordState
from modelkeep.errors import DuplicateModelException, ModelKeepError
from modelkeep.library.destination import LinkMode
from modelkeep.library.record_paths import file_path
from modelkeep.settings import Settings
from support import tiny
from support.rounds import rounds

Act = Callable[[ModelManager], object]

#: Sources by number: two of them are folders, and two pairs have a name in common.
_SOURCES = ["a/x.safetensors", "b/X.safetensors", "a/style", "b/style"]
_numbers = st.sampled_from(range(len(_SOURCES)))
_places = st.integers(0, 20)
_points = st.integers(0, 40)


class Library(RuleBasedStateMachine):
    """A library, its sources, and what has been done to it.

    A model is known by the contents of its files: names change, and what lies about is found and
    registered by scans. ``strays`` are the places to which a person moved files behind the
    library's back, until a sync records them.
    """

    catalogue: ClassVar[str] = "auto"

    def __init__(self) -> None:
        super().__init__()
        self._folder = Path(tempfile.mkdtemp(prefix="modelkeep-order-"))
        self._settings = Settings(
            root=self._folder / "root", model_config_db=self.catalogue, autoimport_dir="import"
        )
        self._strays: set[Path] = set()
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
        self._do(lambda m: m.installer.install_path(source, link=link), point)

    @rule(number=_numbers, point=_points)
    def register(self, number: int, point: int) -> None:
        source = self._write(number)
        self._do(lambda m: m.installer.register_path(source), point)

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
        self._purged |= {
            number
            for number, contents in self._contents.items()
            if {path.read_bytes() for path in entry.waiting} == set(contents.values())
        }
        self._do(lambda m: m.installer.purge(entry), point)

    @precondition(lambda self: self.manager.records.all_models())
    @rule(which=_places, text=st.text(max_size=5), point=_points)
    def edit(self, which: int, text: str, point: int) -> None:
        models = self.manager.records.all_models()
        key = models[which % len(models)].key
        self._do(lambda m: m.installer.edit(key, {"description": text}), point)

    @precondition(lambda self: self.manager.records.all_models())
    @rule(which=_places, name=st.text("xyz", min_size=1, max_size=5), point=_points)
    def rename(self, which: int, name: str, point: int) -> None:
        models = self.manager.records.all_models()
        key = models[which % len(models)].key
        self._do(lambda m: m.records.rename_model(key, name), point)

    @precondition(lambda self: self._installed_files())
    @rule(which=_places, folder=st.sampled_from(["here", "there"]))
    def move_by_hand(self, which: int, folder: str) -> None:
        """A person moves the one file of an installed model, behind the library's back."""
        files = self._installed_files()
        path = files[which % len(files)]
        target = self._settings.models_dir / folder / f"{len(self._strays)}-{path.name}"
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)
            self._strays.add(target)

    @rule(folder=st.sampled_from(["a", "b"]), install=st.booleans(), point=_points)
    def scan(self, folder: str, install: bool, point: int) -> None:
        top = self._folder / folder
        self._do(lambda m: m.installer.scan_directory(top, install=install), point)

    @rule(point=_points)
    def sync(self, point: int) -> None:
        # Not every file has a full hash yet that would prove it to be the one that was moved.
        self._do(lambda m: list(m.installer.scanner.sync(confirm=lambda _: True)), point)
        list(self.manager.installer.scanner.sync(confirm=lambda _: True))
        owned = self._owned_files()
        self._strays -= owned
        # Another name of a file that is recorded is known, not registered twice.
        known = {path.stat().st_ino for path in owned if path.exists()}
        for path in self._strays:
            assert path.stat().st_ino in known, "moved by hand: registered or found again"
        for model in self.manager.records.all_models():
            is_there = all(path.exists() for path in self._files_of(model.key))
            assert (model.state is RecordState.PRESENT) is is_there, model

    @rule()
    def restart(self) -> None:
        self._close()

    # -- what holds

    @invariant()
    def the_law_holds(self) -> None:
        manager = self.manager
        models_dir = self._settings.models_dir
        assert manager.installer.library.state.journal.entries() == []
        assert not list(self._settings.staging_dir.glob("*"))
        held: set[frozenset[bytes]] = set()
        owners: dict[Path, str] = {}
        for model in manager.records.all_models():
            for path in self._files_of(model.key):
                assert owners.setdefault(path, model.key) == model.key, "a file has one owner"
            if self._is_whole(model.key):
                contents = frozenset(path.read_bytes() for path in self._files_of(model.key))
                assert contents in self._all_contents(), f"{model.path} is none of the sources"
                held.add(contents)
        waiting: set[Path] = set()
        for entry in manager.installer.trash():
            held.add(frozenset(path.read_bytes() for path in entry.waiting))
            waiting |= set(entry.waiting) | {entry.folder / "manifest.json"}
        held |= {frozenset([path.read_bytes()]) for path in self._strays if path.exists()}
        inside = {p for p in models_dir.rglob("*") if p.is_file()}
        mine = {p for p in owners.keys() | waiting if p.is_relative_to(models_dir)}
        assert inside <= mine | self._strays, "nothing is orphaned"
        self._nothing_is_lost(held)

    def _nothing_is_lost(self, held: set[frozenset[bytes]]) -> None:
        for number, contents in self._contents.items():
            now = self._read(number)
            assert now.items() <= contents.items()
            if number not in self._purged and frozenset(contents.values()) not in held:
                assert now == contents, f"{_SOURCES[number]} is nowhere any more"

    def _all_contents(self) -> set[frozenset[bytes]]:
        return {frozenset(contents.values()) for contents in self._contents.values()}

    def _files_of(self, key: str) -> list[Path]:
        models_dir = self._settings.models_dir
        return [file_path(row, models_dir) for row in self.manager.records.files(key)]

    def _is_whole(self, key: str) -> bool:
        return all(path.exists() for path in self._files_of(key))

    def _owned_files(self) -> set[Path]:
        models = self.manager.records.all_models()
        return {path for model in models for path in self._files_of(model.key)}

    def _installed_files(self) -> list[Path]:
        """Return the files in ``models_dir`` that are a whole model each."""
        found = []
        for model in self.manager.records.all_models():
            files = self._files_of(model.key)
            inside = files[:1] and files[0].is_relative_to(self._settings.models_dir)
            if len(files) == 1 and inside and files[0].exists():
                found.append(files[0])
        return sorted(found)

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
            state: Any = manager.installer.library.state
            holders = [(state, "_connection")]
            store: Any = manager.records
            if hasattr(store, "db"):
                holders.append((store.db, "conn"))
            with planted(Fault(at=point), *holders):
                try:
                    act(manager)
                except ModelKeepError as error:
                    assert isinstance(error, DuplicateModelException)  # noqa: PT017 - as above


class LibraryInYaml(Library):
    """The same with the records in a YAML file."""

    catalogue: ClassVar[str] = "configs/models.yaml"


_SETTINGS = settings(
    max_examples=rounds(5),
    stateful_step_count=20,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
TestAnyOrder = Library.TestCase
TestAnyOrder.settings = _SETTINGS
TestAnyOrderInYaml = LibraryInYaml.TestCase
TestAnyOrderInYaml.settings = _SETTINGS
