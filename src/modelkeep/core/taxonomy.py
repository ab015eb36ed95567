"""The terms of the taxonomy: base, type, format, variant and related ones.

Importing this module is light: it needs the standard library alone. ``BaseModelType`` and
``ModelVariantType`` are open sets: a family may bring a word that is not listed here.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Self

_WORD = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class OpenStrEnum(StrEnum):
    """A string enum that also takes well-formed words it does not list."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str) or not _WORD.fullmatch(value):
            return None
        member = str.__new__(cls, value)
        member._name_ = value
        member._value_ = value
        return member

    # Python 3.11.0 to 3.11.3 look copies up by name, among the listed ones.
    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce_ex__(self, protocol: object) -> tuple[type[Self], tuple[str]]:
        return type(self), (self.value,)


class BaseModelType(OpenStrEnum):
    """The architecture that a model belongs to. Kin of a base are its variants or lineage."""

    Any = "any"
    StableDiffusion1 = "sd-1"
    StableDiffusion2 = "sd-2"
    StableDiffusionXL = "sdxl"
    StableDiffusionXLRefiner = "sdxl-refiner"
    StableDiffusion3 = "sd-3"
    StableCascade = "sd-cascade"
    StableVideoDiffusion = "svd"
    Flux = "flux"
    Flux2 = "flux2"
    Chroma = "chroma"
    ZImage = "z-image"
    QwenImage = "qwen-image"
    Wan = "wan"
    HunyuanVideo = "hunyuan-video"
    HunyuanDiT = "hunyuan-dit"
    LTXVideo = "ltx-video"
    PixArt = "pixart"
    Sana = "sana"
    AuraFlow = "auraflow"
    HiDream = "hidream"
    Lumina2 = "lumina2"
    CogView4 = "cogview4"
    Kolors = "kolors"
    Krea2 = "krea-2"
    Anima = "anima"
    Cosmos = "cosmos"
    Mochi = "mochi"
    OmniGen2 = "omnigen2"
    Kandinsky5 = "kandinsky5"
    ErnieImage = "ernie-image"
    HunyuanImage = "hunyuan-image"
    LongCat = "longcat"
    OvisImage = "ovis-image"
    Ideogram4 = "ideogram-4"
    SeedVR2 = "seedvr2"
    Flux3 = "flux3"
    QwenImage2 = "qwen-image-2"
    MageFlow = "mage-flow"
    Lens = "lens"
    Boogu = "boogu"
    NucleusImage = "nucleus-image"
    JoyImage = "joyimage"
    MingImage = "ming-image"
    LLaDAImage = "llada-image"
    MiniMaxH3 = "minimax-h3"
    Kandinsky6 = "kandinsky6"
    HiDreamO1 = "hidream-o1"
    PixelDiT = "pixeldit"
    PiD = "pid"
    SenseNovaU1 = "sensenova-u1"
    Iris = "iris"
    MiniT2I = "minit2i"
    SeFiImage = "sefi-image"
    Bria = "bria"
    BriaFibo = "bria-fibo"
    PRX = "prx"
    GlmImage = "glm-image"
    DreamLite = "dreamlite"
    CogVideoX = "cogvideox"
    CogView3 = "cogview3"
    LingBotVideo = "lingbot-video"
    MotifVideo = "motif-video"
    Allegro = "allegro"
    EasyAnimate = "easyanimate"
    Latte = "latte"
    OmniGen = "omnigen"
    Lumina = "lumina"
    Unknown = "unknown"


class ModelType(StrEnum):
    """What a model is used as."""

    ONNX = "onnx"
    Main = "main"
    Vae = "vae"
    Lora = "lora"
    ControlLora = "control_lora"
    ControlNet = "controlnet"
    TextualInversion = "embedding"
    IPAdapter = "ip_adapter"
    CLIPVision = "clip_vision"
    T2IAdapter = "t2i_adapter"
    CLIPEmbed = "clip_embed"
    T5Encoder = "t5_encoder"
    TextEncoder = "text_encoder"
    Upscaler = "upscaler"
    StyleModel = "style_model"
    MotionModule = "motion_module"
    Hypernetwork = "hypernetwork"
    Unknown = "unknown"


class ModelFormat(StrEnum):
    """How a model is stored on disk."""

    Diffusers = "diffusers"
    Checkpoint = "checkpoint"
    Lycoris = "lycoris"
    Onnx = "onnx"
    Olive = "olive"
    EmbeddingFile = "embedding_file"
    EmbeddingFolder = "embedding_folder"
    InvokeAI = "invokeai"
    GGUFQuantized = "gguf_quantized"
    BnbNf4 = "bnb_quantized_nf4b"
    BnbInt8 = "bnb_quantized_int8b"
    Unknown = "unknown"


class ModelVariantType(OpenStrEnum):
    """What a main model was made for within its base."""

    Normal = "normal"
    Inpaint = "inpaint"
    Depth = "depth"
    Pix2Pix = "pix2pix"


class SubModelType(OpenStrEnum):
    """A part of a main model; every name of a ``model_index.json`` is one."""

    UNet = "unet"
    TextEncoder = "text_encoder"
    TextEncoder2 = "text_encoder_2"
    Tokenizer = "tokenizer"
    Tokenizer2 = "tokenizer_2"
    Vae = "vae"
    VaeDecoder = "vae_decoder"
    VaeEncoder = "vae_encoder"
    Scheduler = "scheduler"
    SafetyChecker = "safety_checker"


class SchedulerPredictionType(StrEnum):
    """What the denoiser was trained to predict."""

    Epsilon = "epsilon"
    VPrediction = "v_prediction"
    Sample = "sample"


class ModelRepoVariant(StrEnum):
    """One of the forms in which a repository holds the same weights."""

    DEFAULT = "default"
    FP16 = "fp16"
    FP32 = "fp32"
    ONNX = "onnx"
    OPENVINO = "openvino"
    FLAX = "flax"


class ModelRecordOrderBy(StrEnum):
    """How lists of records are sorted; ``Default`` is type, base, format, name."""

    Default = "default"
    Type = "type"
    Base = "base"
    Name = "name"
    Format = "format"


class RecordState(StrEnum):
    """What was last seen of a record's files.

    ``missing``: one of them was gone. ``changed``: they were there with other contents. Whether a
    whole root is offline is not a state of a record: nothing is marked then.
    """

    PRESENT = "present"
    MISSING = "missing"
    CHANGED = "changed"


class CommercialUsage(StrEnum):
    """What a Civitai licence lets one sell."""

    No = "None"
    Image = "Image"
    Rent = "Rent"
    RentCivit = "RentCivit"
    Sell = "Sell"


#: What people are shown instead of the stored words.
TYPE_LABELS: dict[ModelType, str] = {
    ModelType.ONNX: "ONNX",
    ModelType.Main: "Checkpoint",
    ModelType.Vae: "VAE",
    ModelType.Lora: "LoRA",
    ModelType.ControlLora: "Control LoRA",
    ModelType.ControlNet: "ControlNet",
    ModelType.TextualInversion: "Embedding",
    ModelType.IPAdapter: "IP-Adapter",
    ModelType.CLIPVision: "CLIP vision",
    ModelType.T2IAdapter: "T2I-Adapter",
    ModelType.CLIPEmbed: "CLIP text encoder",
    ModelType.T5Encoder: "T5 encoder",
    ModelType.TextEncoder: "Text encoder",
    ModelType.Upscaler: "Upscaler",
    ModelType.StyleModel: "Style model",
    ModelType.MotionModule: "Motion module",
    ModelType.Hypernetwork: "Hypernetwork",
    ModelType.Unknown: "Unknown",
}

FORMAT_LABELS: dict[ModelFormat, str] = {
    ModelFormat.Diffusers: "folder",
    ModelFormat.Checkpoint: "file",
    ModelFormat.Lycoris: "file",
    ModelFormat.EmbeddingFile: "file",
    ModelFormat.EmbeddingFolder: "folder",
    ModelFormat.InvokeAI: "folder",
}

#: Words of the sites and of everyday speech, folded as ``folded`` does.
_TYPE_WORDS: dict[str, ModelType] = {
    "checkpoint": ModelType.Main,
    "model": ModelType.Main,
    "locon": ModelType.Lora,
    "lycoris": ModelType.Lora,
    "dora": ModelType.Lora,
    "textualinversion": ModelType.TextualInversion,
    "ti": ModelType.TextualInversion,
    "controlnet": ModelType.ControlNet,
    "ipadapter": ModelType.IPAdapter,
    "t2iadapter": ModelType.T2IAdapter,
    "clip": ModelType.CLIPEmbed,
    "t5": ModelType.T5Encoder,
}


def folded(text: str) -> str:
    """Return the letters and digits of ``text`` alone, in lower case."""
    return re.sub(r"[^a-z0-9]", "", text.casefold())


def type_from_words(text: str) -> ModelType | None:
    """Return the type that a person or a site means by ``text``, or None."""
    word = folded(text)
    for member in ModelType:
        if word in {folded(member.value), folded(type_label(member))}:
            return member
    return _TYPE_WORDS.get(word)


def format_label(value: ModelFormat) -> str:
    """Return what people call models of this format."""
    return FORMAT_LABELS.get(value, str(value))


def type_label(value: ModelType) -> str:
    """Return what people call models of this type."""
    return TYPE_LABELS.get(value, str(value))
