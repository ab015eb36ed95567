"""Which models work together: the rules, as functions of what is recorded of two models."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from modelkeep.core.needs import NEEDS, Needs, clip_of_width, encoder_named
from modelkeep.core.taxonomy import BaseModelType, ModelType

_ENCODERS = frozenset({ModelType.CLIPEmbed, ModelType.T5Encoder, ModelType.TextEncoder})
#: Parts that go with main models of their own base, in the order in which they are listed.
_OF_THE_BASE = (
    ModelType.Lora,
    ModelType.ControlLora,
    ModelType.Vae,
    ModelType.ControlNet,
    ModelType.T2IAdapter,
    ModelType.IPAdapter,
    ModelType.StyleModel,
    ModelType.MotionModule,
    ModelType.TextualInversion,
    ModelType.Hypernetwork,
    ModelType.Upscaler,
)
#: All parts that a main model may be used with.
PARTS: tuple[ModelType, ...] = (
    *_OF_THE_BASE,
    ModelType.CLIPEmbed,
    ModelType.T5Encoder,
    ModelType.TextEncoder,
    ModelType.CLIPVision,
)
_NO_BASES = frozenset({BaseModelType.Any, BaseModelType.Unknown})
_NOT_TOLD = frozenset({"", "normal"})


class Reason(Protocol):
    """A piece of evidence."""

    @property
    def detail(self) -> str:
        """What was seen."""


class Joinable(Protocol):
    """What the rules ask of a record."""

    name: str
    type: ModelType
    base: BaseModelType
    lineage: str | None
    source: str | None

    @property
    def fits(self) -> Sequence[str] | None:
        """Variants of its base that it works with."""

    @property
    def evidence(self) -> Sequence[Reason]:
        """Why it was identified as this."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How a part goes with a main model.

    Attributes:
        reason: Why, in a few words.
        is_certain: False where it may be what is needed, and nothing tells.
    """

    reason: str
    is_certain: bool = True


def is_main(model: Joinable) -> bool:
    """Tell whether a model is one that others are used with."""
    return model.type is ModelType.Main


def bases_for(model: Joinable) -> frozenset[BaseModelType] | None:
    """Return the bases that what works with a model may have; None when any."""
    if not is_main(model):
        if model.base in _NO_BASES:
            return None
        sharing = (base for base, needs in NEEDS.items() if model.base in needs.vae)
        return frozenset({model.base, *map(BaseModelType, sharing)})
    lent = map(BaseModelType, _needs(model).vae)
    return frozenset({model.base, BaseModelType.Any, *lent})


def fit(model: Joinable, other: Joinable) -> Fit | None:
    """Return how two models go together, whichever of them is the main one; None if they do not."""
    if is_main(model) == is_main(other):
        return None
    main, part = (model, other) if is_main(model) else (other, model)
    if main.base in _NO_BASES:
        return None
    if part.type in _ENCODERS and part.base in {BaseModelType.Any, main.base}:
        return _encoder_fit(main, part)
    if part.type is ModelType.CLIPVision and part.base in {BaseModelType.Any, main.base}:
        return _vision_fit(main, part)
    if part.type not in _OF_THE_BASE:
        return None
    return _base_fit(main, part)


def order_of(model: Joinable, other: Joinable, found: Fit) -> tuple[int, int, int, str]:
    """Return where a companion stands in a list: the same lineage first, the uncertain last."""
    is_open = not (model.lineage and other.lineage)
    kin = 0 if other.lineage == model.lineage else 1 + (not is_open)
    place = PARTS.index(other.type) if other.type in PARTS else -1
    return int(not found.is_certain), kin, place, other.name.casefold()


def types_for(model: Joinable) -> tuple[ModelType, ...]:
    """Return the types that what works with a model may have."""
    return PARTS if is_main(model) else (ModelType.Main,)


def _base_fit(main: Joinable, part: Joinable) -> Fit | None:
    variant = _variant(main)
    if part.base == main.base:
        if not part.fits:
            return Fit(f"is for {main.base}")
        if variant in part.fits:
            return Fit(f"is for {main.base} {variant}")
        may_be = Fit(f"is for {_listed(part.fits)}", is_certain=False)
        return may_be if variant in _NOT_TOLD else None
    if part.type is ModelType.Vae and part.base in _needs(main).vae:
        return Fit(f"{main.base} uses the VAE of {part.base}")
    return None


def _encoder_fit(main: Joinable, part: Joinable) -> Fit | None:
    wanted = _needs(main).text_of(_variant(main))
    found = _encoder_of(part)
    if found is not None:
        return Fit(f"{main.base} uses {found}") if found in wanted else None
    same = [word for word in wanted if _type_of(word) is part.type]
    return _may_be(same, main)


def _vision_fit(main: Joinable, part: Joinable) -> Fit | None:
    wanted = _needs(main).vision
    found = encoder_named(part.lineage, part.name, part.source)
    if found is not None:
        return Fit(f"{main.base} uses {found}") if found in wanted else None
    return _may_be(wanted, main)


def _may_be(wanted: Sequence[str], main: Joinable) -> Fit | None:
    reason = f"may be {_listed(wanted)}, which {main.base} uses"
    return Fit(reason, is_certain=False) if wanted else None


def _encoder_of(part: Joinable) -> str | None:
    named = encoder_named(part.lineage)
    if named is None and part.type is ModelType.CLIPEmbed:
        named = clip_of_width(" / ".join(reason.detail for reason in part.evidence))
    named = named or encoder_named(part.name, part.source)
    return named if named is None or _type_of(named) is part.type else None


def _type_of(encoder: str) -> ModelType:
    if encoder.startswith("clip-"):
        return ModelType.CLIPEmbed
    return ModelType.T5Encoder if "t5" in encoder else ModelType.TextEncoder


def _needs(main: Joinable) -> Needs:
    return NEEDS.get(main.base.value, Needs())


def _variant(main: Joinable) -> str:
    return str(getattr(main, "variant", None) or "")


def _listed(words: Iterable[str]) -> str:
    return " or ".join(words)
