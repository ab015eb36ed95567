from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.core.names import path_to_text
from modelkeep.core.roots import MODELS_ROOT, NO_ROOT, Root, Roots, is_root_name

MODELS = Path("/lib/models")
ROOTS = Roots(
    {
        "comfy": Root("comfy", Path("/data/comfy"), real=Path("/disk/comfy")),
        "inner": Root("inner", Path("/data/comfy/loras")),
    }
)

part = st.text(
    st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=8
).filter(lambda text: text not in {".", ".."})
relative = st.lists(part, min_size=1, max_size=4).map("/".join)


@pytest.mark.parametrize(
    ("path", "root", "below"),
    [
        ("sd-1/lora/a", MODELS_ROOT, "sd-1/lora/a"),
        ("/data/comfy/vae/a", "comfy", "vae/a"),
        ("/disk/comfy/vae/a", "comfy", "vae/a"),
        ("/data/comfy/loras/a", "inner", "a"),
        ("/data/comfy/x/../vae/a", "comfy", "vae/a"),
        ("/data/comfy", NO_ROOT, "/data/comfy"),
        ("/data/comfyui/a", NO_ROOT, "/data/comfyui/a"),
        ("comfy:/vae/a", "comfy", "vae/a"),
        ("gone:/vae/a", "gone", "vae/a"),
        ("C:/vae/a", MODELS_ROOT, "C:/vae/a"),
        ("http://host/a", MODELS_ROOT, "http://host/a"),
        ("./a", MODELS_ROOT, "./a"),
    ],
)
def test_split(path: str, root: str, below: str) -> None:
    assert ROOTS.split(path) == (root, below)


@given(relative, st.sampled_from([MODELS_ROOT, "comfy", "inner", "gone"]))
def test_what_is_joined_is_split_as_it_was(path: str, root: str) -> None:
    if root == "comfy" and path.startswith("loras/"):
        root = "inner"
    if root == MODELS_ROOT and path.startswith("./"):
        return
    joined = ROOTS.join(root, path)
    assert ROOTS.split(joined) == (root, path)
    place = ROOTS.locate(root, joined, MODELS)
    assert place == ROOTS.locate(root, path, MODELS)
    if root == "gone":
        assert place is None
        return
    assert place is not None
    assert place.is_absolute()


def test_a_folder_of_models_may_look_like_a_root() -> None:
    joined = ROOTS.join(MODELS_ROOT, "comfy:/a")
    assert ROOTS.split(joined) == (MODELS_ROOT, "comfy:/a")
    assert ROOTS.locate(MODELS_ROOT, joined, MODELS) == MODELS / "comfy:" / "a"


def test_names_that_are_no_text_come_back() -> None:
    text = path_to_text(Path("/data/comfy/vae/\udcff.pt"))
    root, below = ROOTS.split(text)
    assert root == "comfy"
    assert ROOTS.join(root, below) == text
    assert ROOTS.split(Roots().join(root, below)) == (root, below)


def test_normal_is_the_spelling_of_the_root(tmp_path: Path) -> None:
    (tmp_path / "disk" / "loras").mkdir(parents=True)
    (tmp_path / "link").symlink_to("disk")
    (tmp_path / "other").symlink_to("disk/loras")
    (tmp_path / "disk" / "out").symlink_to(tmp_path)
    root = Root("comfy", tmp_path / "link", real=tmp_path / "disk")
    roots = Roots({"comfy": root})
    for spelling in ("link/loras/a", "disk/loras/a", "other/a"):
        assert roots.normal(tmp_path / spelling) == tmp_path / "link/loras/a"
    assert roots.normal(tmp_path / "link/out/a") == tmp_path / "link/out/a"
    assert roots.normal(tmp_path / "else/a") == tmp_path / "else/a"


@pytest.mark.parametrize("name", ["comfy", "A1111", "hf-cache", "my_disk2"])
def test_names(name: str) -> None:
    assert is_root_name(name)


@pytest.mark.parametrize("name", ["", "a", "models", "Models", "a b", "-x", "a/b", "a:b", "x" * 33])
def test_names_that_cannot_be(name: str) -> None:
    assert not is_root_name(name)
