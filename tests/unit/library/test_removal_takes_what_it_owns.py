"""Removing a model takes exactly the files that it owns, whatever lies around them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelkeep.core.configs import ModelConfigFactory
from modelkeep.core.names import path_to_text
from modelkeep.jobs.state import StateDatabase
from modelkeep.library import removal
from modelkeep.library.library import Library
from modelkeep.library.ownership import describe_files
from modelkeep.records.service import ModelRecordServiceBase
from modelkeep.settings import Settings
from support.rounds import rounds

_NAMES = st.sampled_from(["a", "b", "A", "a.safetensors", "model", os.fsdecode(b"\xff"), "é"])
_PLACES = st.lists(_NAMES, min_size=1, max_size=4).map(tuple)


@st.composite
def trees(draw: st.DrawFn) -> tuple[dict[tuple[str, ...], bytes], tuple[str, ...], set[int]]:
    """Return files by place, the top of a model among them, and which below it are its own."""
    places = draw(st.lists(_PLACES, min_size=1, max_size=12, unique=True))
    files: dict[tuple[str, ...], bytes] = {}
    for number, place in enumerate(places):
        is_below_a_file = any(place[:n] in files for n in range(1, len(place)))
        is_a_folder = any(other[: len(place)] == place for other in files)
        if not is_below_a_file and not is_a_folder:
            files[place] = bytes([number]) * (number + 1)
    chosen = draw(st.sampled_from(sorted(files)))
    top = chosen[: draw(st.integers(1, len(chosen)))]
    below = sorted(place for place in files if place[: len(top)] == top)
    own = draw(st.sets(st.integers(0, len(below) - 1), min_size=1))
    return files, top, own


def bytes_below(folder: Path) -> dict[Path, bytes]:
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@settings(
    max_examples=rounds(50),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    database=None,
)
@given(tree=trees(), is_inside=st.booleans(), has_rows=st.booleans(), through=st.booleans())
def test_a_removal_takes_exactly_the_owned_files(
    tree: tuple[dict[tuple[str, ...], bytes], tuple[str, ...], set[int]],
    is_inside: bool,
    has_rows: bool,
    through: bool,
) -> None:
    files, top, chosen = tree
    with tempfile.TemporaryDirectory() as folder:
        chosen_settings = Settings(root=Path(folder) / "root")
        models = chosen_settings.models_dir
        outside = Path(folder) / "outside"
        outside.mkdir()
        (outside / "precious").write_bytes(b"kept")
        base = models if is_inside else Path(folder) / "elsewhere"
        for place, data in files.items():
            path = base.joinpath(*place)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        below = [base.joinpath(*p) for p in sorted(files) if p[: len(top)] == top]
        owned = {below[n] for n in chosen} if has_rows else set(below)
        model = base.joinpath(*top)
        if through and model.is_dir():
            (model / "way").symlink_to(outside)
        before = bytes_below(Path(folder) / "root" / "models") | bytes_below(base)
        _remove_and_restore(chosen_settings, model, owned if has_rows else None, before, owned)
        assert bytes_below(outside) == {outside / "precious": b"kept"}


def _remove_and_restore(
    chosen: Settings,
    model: Path,
    rows: set[Path] | None,
    before: dict[Path, bytes],
    owned: set[Path],
) -> None:
    records = ModelRecordServiceBase.open(chosen)
    state = StateDatabase(chosen.state_path)
    library = Library.open(chosen, records, state, "me")
    inside = library.is_ours(model)
    path = path_to_text(model.relative_to(chosen.models_dir) if inside else model)
    config = ModelConfigFactory.make_config(
        {"name": "m", "path": path, "type": "main", "base": "sd-1", "format": "diffusers"}
    )
    names = ["" if p == model else os.fspath(p.relative_to(model)) for p in sorted(rows or ())]
    files = describe_files(model, names, chosen.models_dir, {}, 0.0)
    records.add_model("k", config, files=files)
    entry = removal.remove(library, "k", everywhere=True)
    assert entry is not None
    left = {p for p in before if p.exists()}
    assert left == before.keys() - owned
    assert all(p.read_bytes() == before[p] for p in left)
    removal.restore(library, entry)
    assert {p: p.read_bytes() for p in before} == before
    state.close()
    records.close()
