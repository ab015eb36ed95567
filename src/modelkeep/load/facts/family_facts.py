"""``FamilyFacts``: the parts that models of one base have in one file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from modelkeep.core.plugins import PluginKind
from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.prefixes import Part
from modelkeep.load.facts.spelling import Spelling


@dataclass(frozen=True, slots=True)
class PartFacts:
    """A part that has weights.

    Attributes:
        name: What pipelines call it.
        library: Package that has the class.
        class_name: What is made of it.
        config: Settings of the class, where neither the file nor anybody else tells.
        prefixes: What may stand before the names of its tensors.
        spellings: How its tensors may be named.
        head_width: Channels of one head, for an encoder whose heads follow from its width.
        predicting: Settings that differ in models of a prediction type.
    """

    name: str
    library: str
    class_name: str
    config: Mapping[str, Any]
    prefixes: Part
    spellings: tuple[Spelling, ...]
    head_width: int | None = None
    predicting: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SchedulerFacts:
    """A scheduler: its class in diffusers, and the settings of it."""

    class_name: str
    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TokenizerFacts:
    """A tokenizer.

    Attributes:
        name: What pipelines call it.
        asset: What it is made of; see ``modelkeep.load.assets``.
        class_name: Its class in transformers.
        config: Settings of the class.
    """

    name: str
    asset: str
    class_name: str
    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FamilyFacts:
    """What models of one base have.

    Attributes:
        base: The base.
        denoiser: The part that a model always has.
        others: The parts that pruned files lack.
        tokenizers: Its tokenizers.
        schedulers: Its schedulers, by what calls for them: a tensor of the file, training that
            started from pure noise (``ztsnr``), a prediction type, a variant. The usual one has
            the name ``""``.
        refused: Variants that are made of other parts, which nothing is known of.
    """

    base: BaseModelType
    denoiser: PartFacts
    others: tuple[PartFacts, ...]
    tokenizers: tuple[TokenizerFacts, ...]
    schedulers: Mapping[str, SchedulerFacts]
    refused: frozenset[str] = field(default_factory=frozenset)

    @property
    def name(self) -> str:
        """The base as a word, which tells facts apart."""
        return self.base.value

    @property
    def parts(self) -> tuple[PartFacts, ...]:
        """All parts that have weights."""
        return (self.denoiser, *self.others)

    def scheduler(self, *keys: str | None) -> SchedulerFacts:
        """Return the scheduler of the first key that has one of its own, or the usual one."""
        found = (self.schedulers[key] for key in keys if key and key in self.schedulers)
        return next(found, self.schedulers[""])


FACTS: PluginKind[FamilyFacts] = PluginKind(
    "facts of models in one file",
    FamilyFacts,
    "FAMILY",
    package="modelkeep.load.facts",
    group="modelkeep.facts",
)
