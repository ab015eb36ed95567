"""The parts of a model in one file: which there are, and what each is made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelkeep.core.names import shown
from modelkeep.errors import LoadError
from modelkeep.load.facts.family_facts import PartFacts
from modelkeep.load.facts.spelling import Spelling
from modelkeep.load.plan import FLOATS, LoadPlan, TensorPlace
from modelkeep.load.weights import WeightFile

#: Types of numbers that weights may have; others are those of quantised models.
_PLAIN = FLOATS | {"I64", "I32"}


@dataclass(frozen=True, slots=True)
class FilePart:
    """A part as one file has it.

    Attributes:
        facts: What is known of such parts.
        spelling: How the file names its tensors.
        prefix: What stands before their names.
        tensors: Where they are, under their names in the file, without those that the class has
            no use for.
    """

    facts: PartFacts
    spelling: Spelling
    prefix: str
    tensors: Mapping[str, TensorPlace]

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of the tensors by their names without the prefix."""
        start = len(self.prefix)
        return {name[start:]: place.shape for name, place in self.tensors.items()}

    def config(self, stated: Mapping[str, Any], fixed: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings of the class.

        Args:
            stated: Settings that win over what is known of such parts; what the tensors show wins
                over them.
            fixed: Settings that win over everything.
        """
        config: dict[str, Any] = {
            **self.facts.config,
            **stated,
            **self.spelling.config(self.shapes),
        }
        if self.facts.head_width is not None:
            config["num_attention_heads"] = max(config["hidden_size"] // self.facts.head_width, 1)
        return {**config, **fixed}

    def plan(
        self, loader: str, part: str, config: Mapping[str, Any], files: tuple[Path, ...]
    ) -> LoadPlan:
        """Return the plan to load it.

        Args:
            loader: Name of the loader.
            part: Name of the part; empty where the model is one thing.
            config: Settings of the class.
            files: What it is made of, the file with its weights first.

        Raises:
            LoadError: its weights are quantised.
        """
        quantised = {place.dtype for place in self.tensors.values()} - _PLAIN
        if quantised:
            raise LoadError(
                f"{shown(files[0])} holds quantised weights ({', '.join(sorted(quantised))}), which"
                " cannot be loaded yet",
                hint="Use a form of the model with plain weights.",
            )
        return LoadPlan(
            loader=loader,
            part=part,
            library=self.facts.library,
            class_name=self.facts.class_name,
            config=config,
            tensors=self.tensors,
            strip=self.prefix,
            conversion=self.spelling.conversion,
            files=files,
        )


def find_part(
    weights: WeightFile, facts: PartFacts, first: str | None = None, others: Iterable[str] = ()
) -> FilePart | None:
    """Return a part of a file, or None where the file has none.

    Args:
        weights: The header of the file.
        facts: What is known of such parts.
        first: A prefix to try before the known ones.
        others: Beginnings of names that belong to other parts, for a part without prefix.
    """
    for prefix, spelling in _ways(facts, first):
        if prefix + spelling.sign in weights.tensors:
            drops = tuple(prefix + name for name in spelling.drops) + (() if prefix else (*others,))
            kept = {
                name: place
                for name, place in weights.tensors.items()
                if name.startswith(prefix) and not (drops and name.startswith(drops))
            }
            return FilePart(facts, spelling, prefix, kept)
    return None


def _ways(facts: PartFacts, first: str | None) -> Iterator[tuple[str, Spelling]]:
    known = (prefix for prefix in facts.prefixes if prefix != first)
    for prefix in (*(() if first is None else (first,)), *known):
        for spelling in facts.spellings:
            yield prefix, spelling
