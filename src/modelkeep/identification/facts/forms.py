"""What a model is on the disk: its container, its parts, and what stands before its names."""

from __future__ import annotations

from modelkeep.core.identity import Evidence, FileForm
from modelkeep.identification.conditions import tensor_names
from modelkeep.identification.rules import Match
from modelkeep.identification.view import ModelView, TensorView

#: First parts of the names of text encoders and VAEs in the file of a whole checkpoint.
_BESIDE_THE_DENOISER = frozenset(
    {"first_stage_model", "cond_stage_model", "conditioner", "vae", "autoencoder", "text_encoders",
     "text_encoder", "text_encoder_2", "text_encoder_3", "clip_l", "clip_g", "t5xxl"}
)  # fmt: skip
#: A tensor that every tiny VAE has, alone or with its encoder, and how many it has at most.
_TINY_VAE = ("3.conv.0.weight", "decoder.layers.2.conv.0.weight")
_TINY_VAE_TENSORS = 300


def find_prefix(view: ModelView, match: Match) -> str | None:
    """Return what stands before the names of the rule's tensors in the file; None for folders."""
    if view.is_folder:
        return None
    scope = view.under(match.rule.part)
    for condition in match.rule.requires:
        for name in tensor_names(condition):
            if (full := scope.find(name)) is not None:
                return full.removesuffix(name)
    return ""


def form_of(view: ModelView) -> FileForm:
    """Return what a model is on the disk; a folder that is no pipeline is a denoiser alone."""
    if view.folder is None:
        return file_form(view.tensors)
    return FileForm(part="" if view.folder.pipeline_class is not None else "denoiser")


def file_form(tensors: TensorView) -> FileForm:
    """Return what a file is on the disk, where programs keep forms of a type apart."""
    names = tensors.tensors
    if len(names) <= _TINY_VAE_TENSORS and any(name.endswith(_TINY_VAE) for name in names):
        return FileForm(tensors.header.container, "tiny vae")
    is_whole = tensors.heads & _BESIDE_THE_DENOISER
    return FileForm(tensors.header.container, "" if is_whole else "denoiser")


def missing_evidence(view: ModelView) -> Evidence | None:
    """Return what a folder lacks of what its index lists; None when it is whole."""
    if view.folder is None or not view.folder.missing:
        return None
    parts = ", ".join(view.folder.missing)
    return Evidence("config", f"model_index.json lists parts that are not there: {parts}")
