"""Config classes: what a record says about a model, and the factory that picks the class.

``base`` is a field of every class; the class follows from type and format alone (and, for the two
ONNX classes of the specification, from base).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from modelkeep.core.aliases import without_aliases
from modelkeep.core.identity import Evidence
from modelkeep.core.roots import MODELS_ROOT
from modelkeep.core.taxonomy import (
    BaseModelType,
    ModelFormat,
    ModelRepoVariant,
    ModelType,
    ModelVariantType,
    RecordState,
    SchedulerPredictionType,
)
from modelkeep.core.training import TrainingFacts
from modelkeep.errors import InvalidModelConfigException

NO_KEY = "<NOKEY>"


def new_key() -> str:
    """Return a fresh key: 32 random hex characters."""
    return secrets.token_hex(16)


class ModelConfigBase(BaseModel):
    """Fields that every model has.

    Attributes:
        key: Ours, 32 hex characters.
        name: What people call it; need not be unique.
        path: Relative to ``models_dir``, or absolute.
        original_hash: imohash sample of the contents at install; never changes.
        current_hash: imohash sample of the contents as they are now.
        source: Where it came from, as text.
        size: Bytes of all its files.
        repo_variant: The form of the weights (fp16 ...), for folders.
        fits: Variants of its base that an adapter works with; None when any.
        quantization: How the weights are quantised; None when they are not.
        tensor_prefix: What stands before the names of its tensors in the file, which loading
            strips; None for folders and where no rule matched.
        trigger_phrases: Words that call up what an adapter learned.
        training: How it was trained or merged, as far as its header tells.
        evidence: Why it was identified as this.
        identified: What it was identified as: those fields of the record that this filled. Fields
            that differ from it were set by somebody. None where nobody looked.
        preview: A picture of what it makes, relative to the folder that the model lies in.
        root: Name of the root that the path is in, empty when in none; set by the catalogue.
        state: What was last seen of its files; set by scans and checks.
    """

    model_config = ConfigDict(
        validate_assignment=True,
        extra="forbid",
        use_enum_values=False,
        protected_namespaces=(),
        # A command needs few of the classes, so each is built when it is first used.
        defer_build=True,
    )

    key: str = NO_KEY
    name: str
    path: str
    type: ModelType
    base: BaseModelType
    format: ModelFormat
    original_hash: str | None = None
    current_hash: str | None = None
    description: str | None = None
    source: str | None = None
    size: int | None = Field(default=None, ge=0)
    repo_variant: ModelRepoVariant | None = None
    lineage: str | None = None
    fits: tuple[ModelVariantType, ...] | None = None
    quantization: str | None = None
    tensor_prefix: str | None = None
    trigger_phrases: tuple[str, ...] = ()
    training: TrainingFacts | None = None
    evidence: tuple[Evidence, ...] = ()
    identified: dict[str, Any] | None = None
    preview: str | None = None
    root: str = MODELS_ROOT
    state: RecordState = RecordState.PRESENT

    @model_validator(mode="before")
    @classmethod
    def _accept_document_names(cls, data: Any) -> Any:
        return without_aliases(data) if isinstance(data, Mapping) else data

    def __repr_args__(self) -> Iterator[tuple[str, str]]:
        for name in ("key", "name", "type", "base", "format"):
            yield name, str(getattr(self, name))

    @property
    def model_type(self) -> ModelType:
        """The specification's name for ``type``."""
        return self.type

    @property
    def model_format(self) -> ModelFormat:
        """The specification's name for ``format``."""
        return self.format

    @property
    def base_model(self) -> BaseModelType:
        """The specification's name for ``base``."""
        return self.base

    def update(self, attributes: Mapping[str, Any]) -> None:
        """Set the given fields in place; a value that does not fit changes nothing.

        Raises:
            InvalidModelConfigException: a field is unknown or a value does not fit.
        """
        changed = ModelConfigFactory.make_config(
            {**self.model_dump(), **without_aliases(attributes)}, dest_class=type(self)
        )
        for name in type(self).model_fields:
            self.__dict__[name] = getattr(changed, name)

    def to_json(self) -> dict[str, Any]:
        """Return the fields as plain JSON values."""
        return self.model_dump(mode="json")


class _CheckpointConfig(ModelConfigBase):
    """Adds ``config``: the configuration file of a checkpoint, relative to the root."""

    config: str | None = None


class _MainConfig(ModelConfigBase):
    """Adds what main models have.

    Attributes:
        vae: Path of a VAE to use instead of the built-in one.
        prediction_type: What it predicts, where that is known.
        upcast_attention: The attention has to run in 32 bits.
    """

    type: Literal[ModelType.Main] = ModelType.Main
    vae: str | None = None
    variant: ModelVariantType = ModelVariantType.Normal
    prediction_type: SchedulerPredictionType | None = None
    upcast_attention: bool = False
    ztsnr_training: bool = False


class MainCheckpointConfig(_MainConfig, _CheckpointConfig):
    """A main model in one file."""

    format: Literal[
        ModelFormat.Checkpoint,
        ModelFormat.GGUFQuantized,
        ModelFormat.BnbNf4,
        ModelFormat.BnbInt8,
    ] = ModelFormat.Checkpoint


class MainDiffusersConfig(_MainConfig):
    """A main model in a folder."""

    format: Literal[ModelFormat.Diffusers] = ModelFormat.Diffusers


class ONNXConfig(_MainConfig):
    """A main model in ONNX form."""

    type: Literal[ModelType.ONNX] = ModelType.ONNX  # type: ignore[assignment]
    format: Literal[ModelFormat.Onnx, ModelFormat.Olive]


class ONNXSD1Config(ONNXConfig):
    """An SD 1 model in ONNX form."""

    base: Literal[BaseModelType.StableDiffusion1] = BaseModelType.StableDiffusion1
    prediction_type: SchedulerPredictionType | None = SchedulerPredictionType.Epsilon
    upcast_attention: bool = False


class ONNXSD2Config(ONNXConfig):
    """An SD 2 model in ONNX form."""

    base: Literal[BaseModelType.StableDiffusion2] = BaseModelType.StableDiffusion2
    prediction_type: SchedulerPredictionType | None = SchedulerPredictionType.VPrediction
    upcast_attention: bool = True


class VaeCheckpointConfig(_CheckpointConfig):
    """A VAE in one file."""

    type: Literal[ModelType.Vae] = ModelType.Vae
    format: Literal[ModelFormat.Checkpoint, ModelFormat.GGUFQuantized] = ModelFormat.Checkpoint


class VaeDiffusersConfig(ModelConfigBase):
    """A VAE in a folder."""

    type: Literal[ModelType.Vae] = ModelType.Vae
    format: Literal[ModelFormat.Diffusers] = ModelFormat.Diffusers


class ControlNetCheckpointConfig(_CheckpointConfig):
    """A ControlNet in one file."""

    type: Literal[ModelType.ControlNet] = ModelType.ControlNet
    format: Literal[ModelFormat.Checkpoint, ModelFormat.GGUFQuantized] = ModelFormat.Checkpoint


class ControlNetDiffusersConfig(ModelConfigBase):
    """A ControlNet in a folder."""

    type: Literal[ModelType.ControlNet] = ModelType.ControlNet
    format: Literal[ModelFormat.Diffusers] = ModelFormat.Diffusers


class LoRAConfig(ModelConfigBase):
    """A LoRA, LyCORIS or control LoRA."""

    type: Literal[ModelType.Lora, ModelType.ControlLora] = ModelType.Lora
    format: Literal[ModelFormat.Lycoris, ModelFormat.Diffusers]


class TextualInversionConfig(ModelConfigBase):
    """An embedding (textual inversion)."""

    type: Literal[ModelType.TextualInversion] = ModelType.TextualInversion
    format: Literal[ModelFormat.EmbeddingFile, ModelFormat.EmbeddingFolder]


class IPAdapterConfig(ModelConfigBase):
    """An IP-Adapter, in InvokeAI's folder form or in one file."""

    type: Literal[ModelType.IPAdapter] = ModelType.IPAdapter
    format: Literal[ModelFormat.InvokeAI, ModelFormat.Checkpoint] = ModelFormat.InvokeAI


class CLIPVisionDiffusersConfig(ModelConfigBase):
    """A CLIP vision encoder, in a folder or in one file."""

    type: Literal[ModelType.CLIPVision] = ModelType.CLIPVision
    format: Literal[ModelFormat.Diffusers, ModelFormat.Checkpoint, ModelFormat.GGUFQuantized] = (
        ModelFormat.Diffusers
    )


class T2IConfig(ModelConfigBase):
    """A T2I-Adapter, in a folder or in one file."""

    type: Literal[ModelType.T2IAdapter] = ModelType.T2IAdapter
    format: Literal[ModelFormat.Diffusers, ModelFormat.Checkpoint] = ModelFormat.Diffusers


class PartConfig(ModelConfigBase):
    """Text encoders, upscalers and the other parts that pipelines are made of."""

    type: Literal[
        ModelType.CLIPEmbed,
        ModelType.T5Encoder,
        ModelType.TextEncoder,
        ModelType.Upscaler,
        ModelType.StyleModel,
        ModelType.MotionModule,
        ModelType.Hypernetwork,
    ]
    format: Literal[
        ModelFormat.Diffusers,
        ModelFormat.Checkpoint,
        ModelFormat.GGUFQuantized,
        ModelFormat.BnbNf4,
        ModelFormat.BnbInt8,
    ]


class UnknownConfig(ModelConfigBase):
    """A model that no rule knows, recorded because it was asked for."""

    type: Literal[ModelType.Unknown] = ModelType.Unknown
    base: BaseModelType = BaseModelType.Unknown
    format: ModelFormat = ModelFormat.Unknown


AnyModelConfig = (
    MainCheckpointConfig
    | MainDiffusersConfig
    | ONNXSD1Config
    | ONNXSD2Config
    | ONNXConfig
    | VaeCheckpointConfig
    | VaeDiffusersConfig
    | ControlNetCheckpointConfig
    | ControlNetDiffusersConfig
    | LoRAConfig
    | TextualInversionConfig
    | IPAdapterConfig
    | CLIPVisionDiffusersConfig
    | T2IConfig
    | PartConfig
    | UnknownConfig
)

C = TypeVar("C", bound=ModelConfigBase)


def _choices(config_class: type[ModelConfigBase], field: str) -> tuple[Any, ...]:
    return get_args(config_class.model_fields[field].annotation)


def _classes() -> Iterator[type[ModelConfigBase]]:
    yield from get_args(AnyModelConfig)


class ModelConfigFactory:
    """Makes config objects of the right class."""

    CLASSES: ClassVar[tuple[type[ModelConfigBase], ...]] = tuple(_classes())

    @classmethod
    def make_config(
        cls,
        model_data: Mapping[str, Any] | ModelConfigBase,
        key: str | None = None,
        dest_class: type[C] | None = None,
    ) -> Any:
        """Return the config that ``model_data`` describes.

        Args:
            model_data: A dict of fields, or a config (returned as it is, with ``key``).
            key: Key to set; the one in ``model_data`` when None.
            dest_class: Class to make; picked by type, format and base when None.

        Raises:
            InvalidModelConfigException: no class has this combination, a field is unknown or
                a value does not fit.
        """
        if isinstance(model_data, ModelConfigBase):
            if dest_class is None or isinstance(model_data, dest_class):
                return model_data.model_copy(update={"key": key}) if key else model_data
            model_data = model_data.model_dump()
        data = without_aliases(model_data)
        if key is not None:
            data["key"] = key
        chosen = dest_class or cls.class_for(data)
        try:
            return chosen.model_validate(data)
        except ValidationError as error:
            raise InvalidModelConfigException.from_validation(
                error, hint="Correct the fields named above. Nothing was changed."
            ) from error

    @classmethod
    def storable(cls, config: ModelConfigBase) -> Any:
        """Return a config that will be read as it is stored: checked, in the class of its kind.

        Programs may bring classes with further fields, and copies that were never checked.

        Raises:
            InvalidModelConfigException: it has a field that models of its kind do not have, or a
                value does not fit.
        """
        kind = cls.class_for({name: getattr(config, name) for name in ("type", "base", "format")})
        known = kind.model_fields
        more = {*type(config).model_fields, *(config.model_extra or ())} - set(known)
        if further := sorted(more):
            raise InvalidModelConfigException.of(
                type(config).__name__,
                further[0],
                f"is not a field of {kind.__name__}, so it cannot be stored",
                hint="Keep it in the description, in tags or in a file of your own.",
            )
        given = config.__dict__
        return cls.make_config({name: given[name] for name in known if name in given}, None, kind)

    @classmethod
    def class_for(cls, data: Mapping[str, Any]) -> type[ModelConfigBase]:
        """Return the class for the type, format and base in ``data``.

        Raises:
            InvalidModelConfigException: there is none.
        """
        kind = cls._enum(ModelType, data, "type")
        if kind is ModelType.Unknown:
            return UnknownConfig
        with_type = [c for c in cls.CLASSES if kind in _choices(c, "type")]
        if "format" not in data and len(with_type) == 1:
            return with_type[0]
        form = cls._enum(ModelFormat, data, "format")
        base = data.get("base")
        for candidate in with_type:
            bases = _choices(candidate, "base")
            if form in _choices(candidate, "format") and (not bases or base in bases):
                return candidate
        raise InvalidModelConfigException.of(
            "ModelConfig",
            "format",
            f"no model of type {kind.value!r} has the format {form.value!r}",
            form.value,
            hint="Set type and format together. See what fits with: modelkeep identify FILE",
        )

    @staticmethod
    def _enum(kind: type[Any], data: Mapping[str, Any], field: str) -> Any:
        try:
            return kind(data[field])
        except KeyError:
            raise InvalidModelConfigException.of(
                "ModelConfig", field, "this field is required", hint=f"Give {field} too."
            ) from None
        except ValueError:
            words = ", ".join(member.value for member in kind)
            raise InvalidModelConfigException.of(
                "ModelConfig",
                field,
                f"should be one of {words}",
                data[field],
                hint="Choose one of them. Nothing was changed.",
            ) from None
