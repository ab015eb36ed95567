"""What a model that no rule fits looks like, in words for people."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from modelkeep.core.identity import Evidence
from modelkeep.core.names import counted
from modelkeep.core.taxonomy import BaseModelType, ModelType, folded
from modelkeep.identification.foreign import foreign_kind
from modelkeep.identification.other_programs import FOR_TORCH, other_program
from modelkeep.identification.prefixes import DENOISER, PLAIN
from modelkeep.identification.readers.folder import FolderHeader
from modelkeep.identification.rule_set import RuleSet
from modelkeep.identification.rules import Assessment
from modelkeep.identification.view import ModelView

#: What people call something of a type.
_WORDS = {
    ModelType.Main: "a checkpoint",
    ModelType.Vae: "a VAE",
    ModelType.Lora: "a LoRA",
    ModelType.ControlLora: "a control LoRA",
    ModelType.ControlNet: "a ControlNet",
    ModelType.TextualInversion: "an embedding",
    ModelType.IPAdapter: "an IP-Adapter",
    ModelType.T2IAdapter: "a T2I-Adapter",
    ModelType.CLIPVision: "a vision encoder",
    ModelType.CLIPEmbed: "a CLIP text encoder",
    ModelType.T5Encoder: "a T5 encoder",
    ModelType.TextEncoder: "a text encoder",
    ModelType.Upscaler: "an upscaler",
    ModelType.MotionModule: "a motion module",
}
_BLOCKS = (
    r"double_blocks|single_blocks|(?:\w+_)?transformer_blocks|joint_blocks|input_blocks|down_blocks"
    r"|double_layers|double_stream_blocks|blocks"
)
#: Parts of tensor names that show a type, the surest first; sought in all names, one a line.
_SIGNS: tuple[tuple[ModelType, str], ...] = (
    (ModelType.ControlLora, r"^lora_controlnet$"),
    (ModelType.ControlNet, r"controlnet_|(?:^|\.)(?:zero_convs|input_hint_block)\.0\."),
    (ModelType.IPAdapter, r"to_k_ip|ip_adapter|^image_proj\."),
    (ModelType.MotionModule, r"^(?:(?:down|up)_blocks\.\d+|mid_block)\.motion_modules\."),
    (ModelType.Vae, r"^(?:vae\.)?decoder\.(?:conv_in|conv1|up|up_blocks|upsamples|middle|mid)\."),
    (ModelType.Upscaler, r"RDB\d|\.rdb\d|residual_group|^(?:conv_first|upconv1|upsample)\."),
    (ModelType.T5Encoder, r"(?:^|\.)encoder\.block\.\d+\.layer\.\d\.SelfAttention"),
    (ModelType.Main, rf"(?:^|\.)(?:{_BLOCKS})\.\d+\.|^(?:x_embedder|cap_embedder|img_in)\."),
    (ModelType.CLIPVision, r"(?:^|\.)(?:vision_model|visual)\."),
    (ModelType.TextEncoder, r"embed_tokens\.|token_embedding\.|word_embeddings\."),
)
#: Parts of class names that show a type.
_CLASSES: tuple[tuple[ModelType, str], ...] = (
    (ModelType.ControlNet, r"ControlNet"),
    (ModelType.Vae, r"^Autoencoder|VAE"),
    (ModelType.MotionModule, r"Motion"),
    (ModelType.T2IAdapter, r"T2IAdapter"),
    (ModelType.Main, r"Transformer\w*DModel|UNet|Transformer$|Pipeline$"),
    (ModelType.CLIPVision, r"Vision"),
    (
        ModelType.TextEncoder,
        r"ForCausalLM|ForConditionalGeneration|TextModel|EncoderModel|^\w+Model$",
    ),
)
#: Types that go with one base.
_OF_A_BASE = frozenset(
    {ModelType.Main, ModelType.Lora, ModelType.ControlNet, ModelType.IPAdapter, ModelType.Vae}
)
_SHARD = re.compile(r"-(\d{5})-of-(\d{5})(?:\.\w+)?$")
_LONGEST_NAME = 80
_OTHER_INPUTS = (
    "So have InstructPix2Pix without its text encoder, IC-Light, which is added to a checkpoint,"
    " and models with a pipeline of their own."
)
#: What is to be done with the parts of a GGUF model.
_JOIN = "Download all its parts, join them with `llama-gguf-split --merge`, and pass the result."
#: No text encoder is narrower.
_NARROWEST_TEXT = 256
_FOREIGN = "Leave it where the program that uses it looks for it."


@dataclass(frozen=True, slots=True)
class Appearance:
    """What a model looks like.

    Attributes:
        type: Its likely type; None where nothing shows it.
        base: Its likely base; None where nothing shows it.
        words: What it looks like and why, as a sentence.
        is_part: It is one file of several.
        hint: What is to be done, where that is not what it usually is.
    """

    type: ModelType | None
    base: BaseModelType | None
    words: str
    is_part: bool = False
    hint: str = ""


def appearance(view: ModelView, rules: RuleSet, assessed: Sequence[Assessment]) -> Appearance:
    """Return what a model looks like.

    Args:
        view: The model.
        rules: None of them fits; the marks of their families tell kin.
        assessed: How near each came, the nearest first.
    """
    if words := _parts(view):
        hint = _JOIN if view.tensors.header.container == "gguf" else ""
        return Appearance(None, None, words, is_part=True, hint=hint)
    if words := other_program(view):
        return Appearance(None, None, words, hint=FOR_TORCH)
    if what := foreign_kind(view):
        words = f"This is {what}. modelkeep manages image and video models."
        return Appearance(None, None, words, hint=_FOREIGN)
    kind = _type_of(view)
    known = _base_of(view, rules, kind)
    base, why = known or (None, "")
    nearest = next(iter(assessed), None)
    if nearest is not None and nearest.lacks_variant:
        label = rules.names.label(nearest.rule.base)
        words = f"It has the blocks of {label} and other inputs: {nearest.missing[0]}."
        return Appearance(None, nearest.rule.base, f"{words} {_OTHER_INPUTS}")
    if known is None and not view.is_folder and nearest is not None and _is_close(nearest):
        kind, base, why = nearest.rule.type, nearest.rule.base, f"but {nearest.missing[0]}"
    if kind is None and base is None:
        return Appearance(None, None, _contents(view))
    label = rules.names.label(base) if base and base is not BaseModelType.Any else ""
    what = _WORDS.get(kind, "a model") if kind else "a model"
    words = f"It looks like {what}{f' for {label}' if label else ''}{f', {why}' if why else ''}."
    if base is None and kind in _OF_A_BASE:
        whose = f" of the class {_class_of(view.folder)}" if view.folder else ""
        words = f"It looks like {what}{whose}, but nothing shows which base it is for."
    return Appearance(kind, base, words)


def _parts(view: ModelView) -> str:
    """Say which shards of a model these are, where they are not all; else nothing."""
    if view.folder is None:
        header = view.tensors.header
        if header.parts > 1:
            which = f"part {header.part}" if header.part else "one"
            return f"It is {which} of {header.parts} of a model."
        shard = _SHARD.search(view.name)
        return f"It is part {int(shard[1])} of {int(shard[2])} of a model." if shard else ""
    found = [_SHARD.search(PurePosixPath(f.path).stem) for f in view.folder.files]
    shards = {(int(shard[1]), int(shard[2])) for shard in found if shard}
    there, parts = len(shards), max((of for _, of in shards), default=0)
    return f"It holds {there} of {parts} parts of a model." if there < parts else ""


def _type_of(view: ModelView) -> ModelType | None:
    tensors = view.tensors
    if tensors.adapter.modules and tensors.adapter.others <= tensors.adapter.tensors:
        return ModelType.Lora
    if tensors.embeddings and min(tensors.embeddings.values()) >= _NARROWEST_TEXT:
        return ModelType.TextualInversion
    if view.folder is not None:
        return _first(_CLASSES, _class_of(view.folder))
    return _first(_SIGNS, tensors.text)


def _first(signs: tuple[tuple[ModelType, str], ...], text: str) -> ModelType | None:
    return next((kind for kind, sign in signs if re.search(sign, text, re.MULTILINE)), None)


def _base_of(
    view: ModelView, rules: RuleSet, kind: ModelType | None
) -> tuple[BaseModelType, str] | None:
    """Return the one base whose marks are there, or that the header or a config names, and why."""
    if view.folder is not None and (of_class := _class_of(view.folder)):
        base_of_class = _base_of_class(of_class, rules)
        return (base_of_class, f"as its class is {of_class}") if base_of_class else None
    found: dict[BaseModelType, Evidence] = {}
    for family in rules.families:
        if kind is ModelType.Lora:
            marks, part = family.marks.modules, PLAIN
        else:
            marks, part = family.marks.tensors, DENOISER
        scope = view.under(part)
        evidence = next((e for mark in marks if (e := mark.check(scope)) is not None), None)
        if evidence is not None and family.base is not BaseModelType.Any:
            found.setdefault(family.base, evidence)
    if len(found) == 1:
        [(base, evidence)] = found.items()
        detail = evidence.detail
        return base, f"as it {detail}" if evidence.kind in {"keys", "shapes"} else f"as {detail}"
    named = next(iter(view.declared), None)
    if named is None:
        return None
    return named.base, f"as its header says {named.value!r} ({named.field})"


def _class_of(folder: FolderHeader) -> str:
    lone = folder.component_class
    return folder.pipeline_class or (lone[1] if lone else "")


def _base_of_class(name: str, rules: RuleSet) -> BaseModelType | None:
    """Return the base that a class of diffusers is named after, such as WanPipeline."""
    starts = ((folded(start), base) for start, base in rules.names.declared)
    found = ((start, base) for start, base in starts if name.casefold().startswith(start))
    # The next word begins with a capital: AnimateDiff is not Anima.
    return next((base for start, base in found if not name[len(start) :][:1].islower()), None)


def _is_close(nearest: Assessment) -> bool:
    """Return whether only one thing speaks against a rule, and two for it.

    Of an adapter the modules alone say what it is for.
    """
    if nearest.rule.type is ModelType.Lora:
        return False
    return len(nearest.missing) == 1 and len(nearest.held) > 1


def _contents(view: ModelView) -> str:
    """Return what a model holds that looks like nothing."""
    if view.folder is not None and (name := _class_of(view.folder)):
        return f"Its class is {name}."
    names = view.tensors.tensors
    if names:
        first = next(iter(names))
        shown = ascii(first[:_LONGEST_NAME])
        return f"It holds {counted(len(names), 'tensor')}, the first called {shown}."
    if view.folder is None:
        return "It holds no tensors."
    return "Nothing in the folder says what it is: " + ", ".join(_lacking(view)) + "."


def _lacking(view: ModelView) -> Iterator[str]:
    if view.folder is None or view.folder.pipeline_class is None:
        yield "there is no model_index.json that names a pipeline"
    yield "no config.json that names a class"
    yield "no weights of a LoRA or an embedding under their usual names"
