"""What is really in a made-up tree, each number with what it counts."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

#: ``comfyui``: below the ComfyUI folder; ``extra``: in the folder that its yaml names;
#: ``outside``: elsewhere, reached only through links.
Place = Literal["comfyui", "extra", "outside"]


@dataclass
class SidecarTruth:
    """What lies beside one model and what a reader has to make of it.

    Attributes:
        kind: Which case it is.
        files: Names that have to be attached to the model.
        problems: Sidecars beside it that are broken: each is reported, none is attached.
        says: Fields of ``Said`` and the values they must have; the others are not tested.
        sha256: The full hash that is stated of it; None where there is none, or that of another.
    """

    kind: str
    files: list[str]
    problems: int = 0
    says: dict[str, Any] = field(default_factory=dict)
    sha256: str | None = None


@dataclass
class ModelTruth:
    """One model: a file by its inode, or a folder.

    Attributes:
        path: Its first name, relative to the tree.
        type, base, format: What ``identify`` has to say.
        size: Bytes of its file, or of all files of its folder.
        place: Where it lies.
        sidecars: What lies beside it; None where nothing does.
    """

    path: str
    type: str
    base: str
    format: str
    size: int
    place: Place
    sidecars: SidecarTruth | None = None


@dataclass
class Truth:
    """What is in a tree. All paths are relative to it; lists are in the order of making.

    A *name* is an entry of a folder. Every regular file that bears the ending of a model
    (.safetensors .sft .ckpt .pt .pth .bin) has its first name in exactly one of ``models`` (or
    below the folder of one), ``unknown``, ``unsafe``, ``corrupt``, ``unfinished`` and
    ``hidden``, or below one of ``skipped["no permission"]``; its further names are in
    ``hard_links``.

    Attributes:
        models: Every model once, however many names its file has: not its links, not its hard
            links. Byte copies are models of their own.
        copies: Groups of models with the same bytes in different files; two or three each.
        lookalikes: Groups of models of the same size and equal bytes at both ends and in the
            middle (so of one imohash) that are different all the same: never duplicates.
        hard_links: (further name, first name) of models with several names; both are real names.
        file_links: (symbolic link, model that it leads to) with both in the ComfyUI folder.
        folder_links: (symbolic link, folder) likewise; the models below are reached twice.
        outside_links: (symbolic link, what it leads to) for links that leave the ComfyUI folder;
            the models there have the place ``outside``.
        unknown: Weights that no rule knows: ``UnknownModelError``.
        unsafe: Pickles that would run code: ``UnsafeModelError``.
        corrupt: Files that are damaged, empty, or web pages in place of models:
            ``CorruptModelError``.
        unfinished: Downloads that never ended: bytes with the ending of an unfinished file, or
            with an ``.aria2`` file beside. The ``.aria2`` file itself is one of ``other``.
        hidden: Names with a leading dot that bear the ending of a model (macOS leaves them).
        skipped: What must not be opened, by reason: ``pipe``, ``dangling link``, ``link loop``,
            ``no permission`` (a folder with one model in it; absent when the maker is root).
        other: Regular files that are none of the above: sidecars, previews, texts, junk.
        sidecars_of_two: Stems whose sidecars are about one of two models only; (the model they
            are about, the other one).
        files: Regular files in the tree, each inode once, those of ``no permission`` too.
        bytes: Their lengths together; what they take on the disk is far less.
    """

    models: list[ModelTruth] = field(default_factory=list)
    copies: list[list[str]] = field(default_factory=list)
    lookalikes: list[list[str]] = field(default_factory=list)
    hard_links: list[tuple[str, str]] = field(default_factory=list)
    file_links: list[tuple[str, str]] = field(default_factory=list)
    folder_links: list[tuple[str, str]] = field(default_factory=list)
    outside_links: list[tuple[str, str]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    unsafe: list[str] = field(default_factory=list)
    corrupt: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    skipped: dict[str, list[str]] = field(default_factory=dict)
    other: list[str] = field(default_factory=list)
    sidecars_of_two: list[tuple[str, str]] = field(default_factory=list)
    files: int = 0
    bytes: int = 0

    def at(self, *places: Place) -> list[ModelTruth]:
        """Return the models of some places, or of all when none is named."""
        return [model for model in self.models if not places or model.place in places]

    def counts(self, *places: Place) -> dict[str, Any]:
        """Return the numbers of some places, or of all when none is named.

        ``types``, ``bases``: models by type and base. ``model_bytes``: lengths of all files of
        models, each inode once. ``reclaimable``: bytes that go when each group of copies shrinks
        to one. ``stated_hashes``: models with their own hash stated beside them.
        ``with_sidecars``, ``attached``: models with something attached, and how many files.
        ``previews``: models with a picture.
        """
        models = self.at(*places)
        here = {model.path: model for model in models}
        beside = [model.sidecars for model in models if model.sidecars]
        copies = [[path for path in group if path in here] for group in self.copies]
        return {
            "models": len(models),
            "types": dict(sorted(Counter(model.type for model in models).items())),
            "bases": dict(sorted(Counter(model.base for model in models).items())),
            "model_bytes": sum(model.size for model in models),
            "copies": sum(len(group) > 1 for group in copies),
            "reclaimable": sum(here[path].size for group in copies for path in group[1:]),
            "with_sidecars": sum(bool(found.files) for found in beside),
            "attached": sum(len(found.files) for found in beside),
            "broken_sidecars": sum(found.problems for found in beside),
            "previews": sum("preview" in found.says for found in beside),
            "stated_hashes": sum(found.sha256 is not None for found in beside),
        }

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON values, with the counts of each place and of all."""
        return {
            "counts": {
                "all": self.counts(),
                "comfyui": self.counts("comfyui"),
                "extra": self.counts("extra"),
                "outside": self.counts("outside"),
            },
            **asdict(self),
        }


@dataclass
class Tree:
    """A made tree.

    Attributes:
        folder: Where it is.
        truth: What is in it.
    """

    folder: Path
    truth: Truth

    @property
    def comfyui(self) -> Path:
        """The ComfyUI folder: what a user would register."""
        return self.folder / "ComfyUI"

    @property
    def extra(self) -> Path:
        """The folder that ``extra_model_paths.yaml`` names."""
        return self.folder / "shared-models"

    def path(self, relative: str) -> Path:
        """Return the place of a path of ``truth``."""
        return self.folder / relative


def text_of(path: Path, folder: Path) -> str:
    """Return a path relative to a folder; bytes that are no UTF-8 become lone surrogates."""
    return os.fspath(path.relative_to(folder))
