"""A made-up model folder as people have it: some 2,000 files, and the truth about them.

Run it to have something large to scan, and to compare what modelkeep says with what is there::

    python demo/tree.py DIR [--files 2000] [--seed 0] [--json]

The tree is sparse: terabytes to every reader, tens of megabytes on the disk. The same numbers give
the same tree. Below DIR:

- ``ComfyUI``: the program's folder, with ``extra_model_paths.yaml``;
- ``shared-models``: the folder that the yaml names, with models of its own;
- ``elsewhere``: models that only links in the ComfyUI folder lead to.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from dataclasses import dataclass
from pathlib import Path

from tree_maker import Maker
from tree_oddities import CANARY, add_oddities
from tree_truth import ModelTruth, SidecarTruth, Tree, Truth

__all__ = [
    "CANARY",
    "ModelTruth",
    "Move",
    "SidecarTruth",
    "Tree",
    "Truth",
    "main",
    "make_tree",
    "move_some",
]

_YAML = """\
# Where else models are.
shared:
    base_path: ../shared-models
    loras: |
        loras
        lycoris
    checkpoints: checkpoints
    embeddings: embeddings
    vae: not-there
"""
#: Folder below models, template, how many.
_LARGE = (
    ("checkpoints/sd15", "sd1", 5),
    ("checkpoints/sd15", "sd1-inpaint", 1),
    ("checkpoints/sdxl", "sdxl", 4),
    ("checkpoints/sdxl", "refiner", 1),
    ("diffusion_models", "flux", 1),
    ("diffusion_models", "flux-fp8", 1),
    ("loras/full", "sd1-lora-full", 2),
    ("vae", "vae", 3),
    ("vae", "flux-vae", 1),
    ("controlnet", "controlnet", 3),
    ("controlnet/xl", "sdxl-controlnet", 2),
    ("text_encoders", "clip-l", 1),
    ("clip", "clip-g", 1),
    ("clip_vision", "clip-vision", 1),
)
#: What most files are: folder below models, template. Taken in turn until there are enough files.
_MANY = (
    ("loras/sdxl/style", "sdxl-lora"),
    ("loras/sdxl/character", "sdxl-lora"),
    ("loras/sd15", "sd1-lora"),
    ("loras/sdxl/concept", "sdxl-lora"),
    ("loras/flux", "flux-lora"),
    ("loras/sd15/old", "sd1-lora"),
    ("loras/sdxl/style", "sdxl-lora"),
    ("embeddings", "sd1-embedding"),
    ("loras/flux", "flux-lora"),
    ("embeddings/xl", "sdxl-embedding"),
)
_EXTRA = (
    ("loras", "sdxl-lora"),
    ("lycoris", "sd1-lora"),
    ("checkpoints", "sd1"),
    ("embeddings", "sd1-embedding"),
    ("loras", "flux-lora"),
)
_EXTRA_MODELS = 15


def make_tree(folder: Path, files: int = 2000, seed: int = 0) -> Tree:
    """Write a tree and return it with the truth about it.

    Args:
        folder: Where to; it must not exist, or be empty.
        files: About how many regular files; there are never fewer than some 200.
        seed: Another seed gives other names.

    Raises:
        FileExistsError: something is in the folder.
    """
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty: name another folder")
    tree = Tree(folder.absolute(), Truth())
    maker = Maker(tree.folder, seed)
    tree.truth = maker.truth
    models = tree.comfyui / "models"
    for category, kind, count in _LARGE:
        for _ in range(count):
            maker.model(models / category / f"{maker.title()}_v1.safetensors", kind)
    maker.model_folder(models / "diffusers/harbour-lights")
    maker.model_folder(models / "diffusers/harbour-lights-inpainting", inputs=9)
    for _ in range(3):
        maker.torch_embedding(models / f"embeddings/{maker.title()}.pt")
    for number in range(_EXTRA_MODELS):
        category, kind = _EXTRA[number % len(_EXTRA)]
        path = tree.extra / category / f"{maker.title()}.safetensors"
        maker.model(path, kind, place="extra", beside=kind.endswith("lora"))
    maker.file(tree.comfyui / "extra_model_paths.yaml", _YAML)
    add_oddities(maker, tree.comfyui, tree.extra, tree.folder / "elsewhere")
    missing = files - _files_so_far(tree)
    turn = 0
    while missing > 0:
        category, kind = _MANY[turn % len(_MANY)]
        title = maker.title()
        before = len(tree.truth.other)
        path = models / category / f"{title}.safetensors"
        maker.model(path, kind, title=title, beside=True)
        missing -= 1 + len(tree.truth.other) - before
        turn += 1
    maker.count()
    for locked in tree.truth.skipped.get("no permission", ()):
        tree.path(locked).chmod(0)
    return tree


def _files_so_far(tree: Tree) -> int:
    return sum(p.is_file() and not p.is_symlink() for p in tree.folder.rglob("*"))


@dataclass(frozen=True)
class Move:
    """A model that somebody moved by hand.

    Attributes:
        before, after: Its paths, relative to the tree.
        how: ``renamed``, ``moved``, ``moved and renamed``, or ``moved with sidecars``.
    """

    before: str
    after: str
    how: str


_WAYS = ("renamed", "moved", "moved and renamed", "moved with sidecars")


def move_some(tree: Tree, count: int, seed: int = 0) -> tuple[Move, ...]:
    """Move models of the ComfyUI folder as a user does, with a file manager, in four ways in turn.

    Contents, times and inodes stay. Only models with one name and no copies are moved; sidecars
    stay behind but for ``moved with sidecars``. ``tree.truth`` keeps saying how it was.

    Args:
        tree: A tree as it was made.
        count: How many; there may be fewer to choose from.
        seed: Another seed chooses others.
    """
    truth = tree.truth
    busy = {path for pair in (*truth.hard_links, *truth.file_links) for path in pair}
    busy |= {path for group in (*truth.copies, *truth.lookalikes) for path in group}
    busy |= {path for pair in truth.sidecars_of_two for path in pair}
    free = [m for m in truth.at("comfyui") if m.path not in busy and m.format != "diffusers"]
    # Odd names stay where they are: they are there to be found, not to be lost.
    plain = [m for m in free if "/names/" not in m.path]
    chooser = random.Random(seed)  # noqa: S311 - which models are moved is no secret
    chosen = chooser.sample(plain, min(count, len(plain)))
    return tuple(_move(tree, m, _WAYS[n % len(_WAYS)]) for n, m in enumerate(chosen))


def _move(tree: Tree, model: ModelTruth, how: str) -> Move:
    path = tree.path(model.path)
    folder = path.parent if how == "renamed" else path.parent / "sorted"
    name = f"my {path.name}" if "renamed" in how else path.name
    folder.mkdir(exist_ok=True)
    path.rename(folder / name)
    if how == "moved with sidecars" and model.sidecars:
        for sidecar in model.sidecars.files:
            path.with_name(sidecar).rename(folder / sidecar)
    after = (folder / name).relative_to(tree.folder)
    return Move(model.path, str(after), how)


def main() -> int:
    """Make the tree that the command line asks for and say what is in it."""
    parser = argparse.ArgumentParser(description="Make a large, made-up model folder.")
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--files", type=int, default=2000, help="about how many (2000)")
    parser.add_argument("--seed", type=int, default=0, help="another one gives other names")
    parser.add_argument("--json", action="store_true", help="print the whole truth as JSON")
    asked = parser.parse_args()
    try:
        tree = make_tree(asked.folder, asked.files, asked.seed)
    except FileExistsError as error:
        sys.exit(f"Error: {error}")
    if asked.json:
        json.dump(tree.truth.to_json(), sys.stdout, indent=2)
        sys.stdout.write("\n")
        return 0
    truth = tree.truth
    sys.stdout.write(f"{tree.comfyui}: {truth.files} files in all\n")
    for name, value in truth.counts("comfyui").items():
        sys.stdout.write(f"  {name}: {value}\n")
    for name in ("unknown", "unsafe", "corrupt", "unfinished", "hard_links", "file_links"):
        sys.stdout.write(f"  {name}: {len(getattr(truth, name))}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
