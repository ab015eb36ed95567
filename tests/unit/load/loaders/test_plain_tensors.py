"""Models without a class: their tensors by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelkeep.errors import InvalidModelException
from modelkeep.load.precision import Precision
from modelkeep.load.tensor_bundle import NamedTensors
from support.loading import files_of, load, plan_of, random_tensors, write_tensors

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("style_model", ("redux_down.weight", "redux_up.weight")),
        ("hypernetwork", ("768.0.linear.0.weight", "768.1.linear.0.weight")),
    ],
)
def test_the_tensors_are_there_by_name(kind: str, names: tuple[str, ...], tmp_path: Path) -> None:
    written = random_tensors(dict.fromkeys(names, (4, 2)))
    files = files_of(
        write_tensors(tmp_path / "m.safetensors", written),
        type=kind, format="checkpoint", base="flux",
    )  # fmt: skip

    found = load(files)

    assert isinstance(found, NamedTensors)
    assert found.tensors.keys() == written.keys()
    assert all(torch.equal(found.tensors[name], written[name]) for name in names)
    half = load(files, precision=Precision.FLOAT16)
    assert (half.bytes, found.to("meta").bytes) == (found.bytes // 2, found.bytes)


def test_a_file_without_tensors_is_refused(tmp_path: Path) -> None:
    path = write_tensors(tmp_path / "m.safetensors", {})

    with pytest.raises(InvalidModelException, match=r"m\.safetensors holds no tensors"):
        plan_of(files_of(path, type="style_model", format="checkpoint"))
