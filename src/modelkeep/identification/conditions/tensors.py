"""Conditions on the names and shapes of tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

import msgspec

from modelkeep.core.identity import Evidence
from modelkeep.identification.conditions.condition import either

if TYPE_CHECKING:
    from modelkeep.identification.view import PartView

#: As many first parts of names are gone through one by one.
_FEW = 100


class Has:
    """Every one of these tensors is there (see ``PartView.find`` for patterns)."""

    positive: ClassVar[bool] = True

    def __init__(self, *names: str) -> None:
        self.names = names

    def check(self, view: PartView) -> Evidence | None:
        """Hold when all are found; the first is named as evidence."""
        first: str | None = None
        for name in self.names:
            found = view.find(name)
            if found is None:
                return None
            first = first or found
        return Evidence("keys", f"has the tensor {first}")

    def missing(self, view: PartView) -> str:
        """Name the first that is not there."""
        absent = [name for name in self.names if view.find(name) is None]
        return f"there is no tensor {absent[0]}" if absent else ""


class Holds:
    """A part of a model is there, which has one of these tensors.

    Args:
        what: The part, for people.
        names: Tensors of it, in its spellings.
    """

    positive: ClassVar[bool] = True

    def __init__(self, what: str, *names: str) -> None:
        self.what = what
        self.names = names

    def check(self, view: PartView) -> Evidence | None:
        """Hold when one of the tensors is found."""
        found = next((found for name in self.names if (found := view.find(name))), None)
        return Evidence("keys", f"holds {self.what} ({found})") if found else None

    def missing(self, view: PartView) -> str:
        """Say that the part is not there."""
        del view
        return f"it holds no {self.what.partition(' ')[2]}"


class Lacks:
    """None of these tensors is there."""

    positive: ClassVar[bool] = False

    def __init__(self, *names: str) -> None:
        self.names = names

    def check(self, view: PartView) -> Evidence | None:
        """Hold when none is found."""
        if any(view.find(name) is not None for name in self.names):
            return None
        return Evidence("keys", f"has no tensor {self.names[0]}")

    def missing(self, view: PartView) -> str:
        """Name the first that is there."""
        found = (view.find(name) for name in self.names)
        return f"the tensor {next(filter(None, found), '')} belongs to something else"


class WithoutParts:
    """No tensor's name begins with one of these parts: the file holds nothing more."""

    positive: ClassVar[bool] = False

    def __init__(self, *heads: str) -> None:
        self.heads = heads

    def check(self, view: PartView) -> Evidence | None:
        """Hold when none of the parts is there."""
        if view.tensors.heads.intersection(self.heads):
            return None
        return Evidence("keys", "holds no other part of a pipeline")

    def missing(self, view: PartView) -> str:
        """Name what else is there."""
        others = sorted(view.tensors.heads.intersection(self.heads))
        return f"the file also holds {others[0] if others else 'nothing'}.*"


class Begins:
    """A tensor's name begins with this text; no prefix may stand before it."""

    positive: ClassVar[bool] = True

    def __init__(self, start: str) -> None:
        self.start = start

    def check(self, view: PartView) -> Evidence | None:
        """Hold when there is one."""
        head, heads = self.start.partition(".")[0], view.tensors.heads
        # The parts of a model are few and soon asked; the modules of a LoRA are many.
        if len(heads) <= _FEW and not any(one.startswith(head) for one in heads):
            return None
        text = view.tensors.text
        if not text.startswith(self.start) and f"\n{self.start}" not in text:
            return None
        return Evidence("keys", f"has tensors called {self.start}*")

    def missing(self, view: PartView) -> str:
        """Say that there is none."""
        del view
        return f"no tensor is called {self.start}*"


class NoName:
    """No tensor's name holds one of these texts, wherever in it."""

    positive: ClassVar[bool] = False

    def __init__(self, *texts: str) -> None:
        self.texts = texts

    def check(self, view: PartView) -> Evidence | None:
        """Hold when none is there."""
        if any(text in view.tensors.text for text in self.texts):
            return None
        return Evidence("keys", f"no tensor is called *{self.texts[0]}*")

    def missing(self, view: PartView) -> str:
        """Name the text that is there."""
        found = next((text for text in self.texts if text in view.tensors.text), "")
        return f"tensors called *{found}* belong to something else"


class Dim(msgspec.Struct, frozen=True):
    """A dimension of a tensor has one of these values.

    Attributes:
        name: The tensor, without its prefix.
        axis: Which dimension; -1 is the last.
        values: What it may be.
        meaning: What the number is, for people ("text context width").
    """

    positive: ClassVar[bool] = True

    name: str
    axis: int
    values: tuple[int, ...]
    meaning: str

    def check(self, view: PartView) -> Evidence | None:
        """Hold when the tensor is there and its dimension fits."""
        found = view.find(self.name)
        if found is None:
            return None
        width = view.tensors.width(found, self.axis)
        if width not in self.values:
            return None
        return Evidence("shapes", f"{self.meaning} is {width} ({found})")

    def missing(self, view: PartView) -> str:
        """Say what the dimension is instead."""
        found = view.find(self.name)
        if found is None:
            return f"there is no tensor {self.name}"
        width = view.tensors.width(found, self.axis)
        return f"{self.meaning} is {width}, not {either(self.values)}"


class EmbeddingFor:
    """The learned embeddings of a textual inversion are for exactly these encoders.

    Args:
        widths: Width by encoder: ``clip_l``, ``clip_g``, ``t5``, or ``text`` where the file names
            none.
    """

    positive: ClassVar[bool] = True

    def __init__(self, **widths: int) -> None:
        self.widths = widths

    def check(self, view: PartView) -> Evidence | None:
        """Hold when all are there, fit, and no other is."""
        if view.tensors.embeddings != self.widths:
            return None
        return Evidence("shapes", f"a learned {_embedding(self.widths)}")

    def missing(self, view: PartView) -> str:
        """Say what the embeddings are instead."""
        found = view.tensors.embeddings
        if not found:
            return "it holds no learned text embedding"
        return f"it holds a {_embedding(found)}, not a {_embedding(self.widths)}"


def _embedding(widths: Mapping[str, int]) -> str:
    encoders = " and ".join(f"{encoder} {width} wide" for encoder, width in widths.items())
    if widths.keys() == {"text"}:
        return f"text embedding {widths['text']} wide"
    return f"text embedding for {encoders}"
