"""``Maker``: puts models and other files into a tree and notes the truth about each."""

from __future__ import annotations

import os
import random
from pathlib import Path

from tree_models import template, torch_embedding, write_folder, write_model
from tree_sidecars import write_beside
from tree_truth import ModelTruth, Place, Truth, text_of

_FIRST_DAY = 1_700_000_000
_WORDS = (
    ("paper", "ink", "harbour", "amber", "velvet", "winter", "copper", "misty", "quiet", "neon"),
    ("Cut", "Wash", "Lights", "Forest", "Portrait", "Garden", "City", "Fox", "Robot", "Tea"),
    ("Style", "Mood", "Concept", "Character", "Detail", "Look", "Poster", "World", "Tone", "Mix"),
)


class Maker:
    """Makes files of a tree, with times and names that depend on nothing but the seed.

    Args:
        folder: The tree; it must not exist or be empty.
        seed: Another seed gives other names.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.truth = Truth()
        self.serial = 0
        self._turn = 0
        self._random = random.Random(seed)  # noqa: S311 - made-up names are no secrets

    def title(self) -> str:
        """Return a name that no other model has."""
        self.serial += 1
        words = [self._random.choice(words) for words in _WORDS]
        return "".join(words) + f"{self.serial:04}"

    def model(
        self,
        path: Path,
        kind: str,
        *,
        title: str = "",
        place: Place = "comfyui",
        beside: bool = False,
    ) -> ModelTruth:
        """Write a model file and note it.

        Args:
            path: Where to.
            kind: Name of its template.
            title: What its header calls it: files of one kind and title are copies.
            place: Where that is.
            beside: Write the next kind of sidecars beside it.
        """
        title = title or self.title()
        made = template(kind)
        size = write_model(path, made, title)
        self.date(path)
        truth = ModelTruth(
            text_of(path, self.folder), made.type, made.base, made.format, size, place
        )
        self.truth.models.append(truth)
        if beside:
            truth.sidecars = write_beside(path, title, self.serial, self._turn)
            self._turn += 1
            self.truth.other += self._new_names_of(path)
        return truth

    def torch_embedding(self, path: Path) -> None:
        """Write an embedding as torch saves it, and note it."""
        data = torch_embedding(self.title())
        self._write(path, data)
        truth = ModelTruth(
            text_of(path, self.folder), "embedding", "sd-1", "embedding_file", len(data), "comfyui"
        )
        self.truth.models.append(truth)

    def model_folder(self, path: Path, *, inputs: int = 4) -> None:
        """Write a diffusers folder and note it."""
        size = write_folder(path, inputs=inputs)
        for file in path.rglob("*"):
            self.date(file)
        truth = ModelTruth(text_of(path, self.folder), "main", "sd-1", "diffusers", size, "comfyui")
        self.truth.models.append(truth)

    def unknown(self, path: Path) -> None:
        """Write weights that no rule knows."""
        write_model(path, template("nobody"), self.title())
        self.date(path)
        self.truth.unknown.append(text_of(path, self.folder))

    def file(self, path: Path, content: bytes | str, noted: list[str] | None = None) -> None:
        """Write any other file and note it in a list of the truth, ``other`` when not given."""
        self._write(path, content.encode() if isinstance(content, str) else content)
        (self.truth.other if noted is None else noted).append(text_of(path, self.folder))

    def link(self, path: Path, target: str, noted: list[tuple[str, str]]) -> None:
        """Make a symbolic link and note it with what it leads to."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)
        where = Path(os.path.normpath(path.parent / target))
        noted.append((text_of(path, self.folder), text_of(where, self.folder)))

    def skip(self, reason: str, path: Path) -> None:
        """Note something that must not be opened."""
        self.truth.skipped.setdefault(reason, []).append(text_of(path, self.folder))

    def count(self) -> None:
        """Count all files and bytes, each inode once."""
        seen: set[int] = set()
        for status in self._statuses():
            if status.st_ino not in seen:
                seen.add(status.st_ino)
                self.truth.files += 1
                self.truth.bytes += status.st_size

    def date(self, path: Path) -> None:
        """Give a file the time of the model that was made last."""
        time = _FIRST_DAY + self.serial * 97
        os.utime(path, (time, time))

    def _statuses(self) -> list[os.stat_result]:
        return [
            (Path(root) / name).lstat()
            for root, _, names in os.walk(self.folder)
            for name in names
            if (Path(root) / name).is_file() and not (Path(root) / name).is_symlink()
        ]

    def _write(self, path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(content)
        self.date(path)

    def _new_names_of(self, model: Path) -> list[str]:
        """Return the files beside a model that were made with it: they bear its stem alone."""
        sidecars = (p for p in model.parent.iterdir() if p.name.startswith(f"{model.stem}."))
        return sorted(text_of(path, self.folder) for path in sidecars if path != model)
