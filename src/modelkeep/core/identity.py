"""``Identification``: what a model is, and the evidence for it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from modelkeep.core.taxonomy import (
    BaseModelType,
    ModelFormat,
    ModelRepoVariant,
    ModelType,
    ModelVariantType,
    SchedulerPredictionType,
)
from modelkeep.core.training import TrainingFacts

#: Fields that ``identify --json`` does not print.
NOT_PRINTED = (
    *("description", "legacy_config", "upcast_attention", "tensor_prefix", "form", "training"),
)

EvidenceKind = Literal["keys", "shapes", "config", "metadata", "hash", "name"]

#: The end of a reason that something surer contradicts.
_CONTRADICTED = (" and decide", " and decides")


def default_description(base: str, kind: str, name: str) -> str:
    """Return the description of a model that nobody has described."""
    return f"{base} {kind} model {name}"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason for an answer.

    Attributes:
        kind: Where it was seen, from the surest (``keys``) to a mere hint (``name``).
        detail: What was seen, as one short sentence.
    """

    kind: EvidenceKind
    detail: str

    @property
    def is_contradicted(self) -> bool:
        """Whether something surer says otherwise; the detail tells what."""
        return self.detail.endswith(_CONTRADICTED)


@dataclass(frozen=True, slots=True)
class FileForm:
    """What a model is on the disk, where programs keep forms of a type apart.

    Attributes:
        container: What its bytes are: ``safetensors``, ``pickle``, ``gguf`` or ``onnx``; empty for
            a folder and for what is none of them.
        part: ``denoiser`` where there are neither text encoders nor a VAE, ``tiny vae`` for one
            that decodes previews; else empty.
    """

    container: str = ""
    part: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Identification:
    """What a file or folder is, read from headers and configs alone.

    Attributes:
        variant: What a main model was made for; None for other types.
        repo_variant: The form of the weights in a folder (fp16 ...); None for files.
        prediction_type: What a main model predicts, where that can be known.
        lineage: What it was tuned from, where that matters and something tells.
        fits: Variants of its base that an adapter works with; None when any.
        quantization: How its weights are quantised; None when they are not.
        missing: Parts that the index of a folder lists and the folder lacks.
        size: Bytes of all its files.
        name: The default name of a record.
        description: The default description of a record.
        trigger_phrases: Words that call up what an adapter learned.
        legacy_config: Name of the specification's configuration file for a checkpoint of this kind.
        upcast_attention: The attention has to run in 32 bits.
        tensor_prefix: What stands before the names of its tensors in the file, such as
            ``model.diffusion_model.``; empty where nothing does, None for folders. Loading strips
            it; records keep it.
        form: What it is on the disk.
        training: How it was trained or merged; None where nothing tells.
        evidence: Why, in the order in which it was found.
    """

    source: str
    type: ModelType
    base: BaseModelType
    format: ModelFormat
    variant: ModelVariantType | None = None
    repo_variant: ModelRepoVariant | None = None
    prediction_type: SchedulerPredictionType | None = None
    lineage: str | None = None
    fits: tuple[ModelVariantType, ...] | None = None
    quantization: str | None = None
    missing: tuple[str, ...] = ()
    size: int = 0
    name: str = ""
    description: str = ""
    trigger_phrases: tuple[str, ...] = ()
    legacy_config: str | None = None
    upcast_attention: bool | None = None
    tensor_prefix: str | None = None
    form: FileForm = FileForm()
    training: TrainingFacts | None = None
    evidence: tuple[Evidence, ...] = field(default=())

    def __repr__(self) -> str:
        return f"Identification({self.source!r}, {self.type}, {self.base}, {self.format})"

    def to_json(self) -> dict[str, Any]:
        """Return the fields that ``modelkeep identify --json`` prints, as plain values."""
        values = asdict(self)
        for hidden in NOT_PRINTED:
            del values[hidden]
        values["fits"] = list(self.fits) if self.fits is not None else None
        values["missing"] = list(self.missing)
        values["trigger_phrases"] = list(self.trigger_phrases)
        values["evidence"] = [asdict(reason) for reason in self.evidence]
        values["error"] = None
        return values
