"""Conversions: tensors of the original code under the names of diffusers and transformers.

What the libraries rename by themselves, as they do for files of their own former versions, keeps
its old name. No tensor is copied that can be a view of the one in the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from modelkeep.core.names import shown
from modelkeep.errors import InvalidModelException
from modelkeep.load import bridge_single
from modelkeep.load.bridge_single import Tensors
from modelkeep.load.build import make_helper, make_module
from modelkeep.load.loader import TensorSource
from modelkeep.load.plan import LoadPlan
from modelkeep.load.precision import Precision

#: Gets the tensors and the plan.
Conversion = Callable[[Tensors, LoadPlan], Tensors]

#: What a conversion raises that meets other names or shapes than it was written for.
_FOREIGN = (KeyError, IndexError, ValueError, AttributeError, TypeError, RuntimeError)
_HINT = "The file is not what its record says, or it is damaged: identify it again."
#: Names in a message; the rest is counted.
_MOST_NAMES = 5

_SIZES = {
    "label_emb.0.0.": "add_embedding.linear_1.",
    "label_emb.0.2.": "add_embedding.linear_2.",
}
_TINY_LAYER = re.compile(r"taesd_(encoder|decoder)\.(\d+)\.")


def make_from_file(plan: LoadPlan, source: TensorSource, precision: Precision) -> object:
    """Return a part of a model in one file: a module, or a scheduler or tokenizer.

    Args:
        plan: What to make.
        source: Reads the weights.
        precision: Of its floating numbers.

    Raises:
        InvalidModelException: the weights are not those of the class.
        MissingExtraError: a library is missing.
        LoadCancelledError: nobody waits any more.
    """
    if plan.is_own_copy:
        return make_helper(plan)
    return make_module(plan, source, precision, convert if plan.conversion else None)


def convert(plan: LoadPlan, tensors: Tensors) -> Tensors:
    """Return the tensors of a part under the names of its class.

    Args:
        plan: Says which conversion is needed.
        tensors: Under the names in the file, without ``plan.strip``.

    Raises:
        InvalidModelException: the names or shapes are others than this conversion knows.
    """
    try:
        found = CONVERSIONS[plan.conversion](tensors, plan)
    except _FOREIGN as error:
        if isinstance(error, RuntimeError) and not all(it.is_meta for it in tensors.values()):
            raise  # names and shapes were tried without contents before: there is no memory
        raise InvalidModelException(
            f"{_what(plan)} cannot be brought into the form of {plan.class_name}: {error}",
            hint=_HINT,
        ) from error
    if _elements(found) != _elements(tensors):
        raise InvalidModelException(
            f"{_what(plan)} has tensors that {plan.class_name} has not: {_lost(tensors, found)}",
            hint=_HINT,
        )
    return found


def _what(plan: LoadPlan) -> str:
    file = shown(plan.files[0]) if plan.files else "A file"
    return f"{file}: {plan.part}" if plan.part else file


def _elements(tensors: Tensors) -> int:
    return sum(tensor.numel() for tensor in tensors.values())


def _lost(before: Tensors, after: Tensors) -> str:
    """Return the names of the tensors that a conversion left out."""
    used = {id(root) for tensor in after.values() for root in bridge_single.roots_of(tensor)}
    names = [name for name, tensor in before.items() if id(tensor) not in used]
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _renamed(tensors: Tensors, parts: Mapping[str, str]) -> Tensors:
    """Return tensors with parts of their names replaced."""
    found = {}
    for name, tensor in tensors.items():
        new = name
        for old, replacement in parts.items():
            new = new.replace(old, replacement)
        found[new] = tensor
    return found


def _unet(tensors: Tensors, plan: LoadPlan) -> Tensors:
    return bridge_single.unet(tensors, plan.config)


def _vae(tensors: Tensors, plan: LoadPlan) -> Tensors:
    return bridge_single.vae(tensors, plan.config)


def _controlnet(tensors: Tensors, plan: LoadPlan) -> Tensors:
    """Convert a ControlNet; diffusers' function does not know those of SDXL."""
    sizes = {name: it for name, it in tensors.items() if name.startswith("label_emb.")}
    rest = {name: it for name, it in tensors.items() if name not in sizes}
    return bridge_single.controlnet(rest, plan.config) | _renamed(sizes, _SIZES)


def _clip(tensors: Tensors, _plan: LoadPlan) -> Tensors:
    """Give all names of a CLIP text encoder the beginning that some files leave out."""
    outside = ("text_model.", "text_projection.")
    return {
        name if name.startswith(outside) else f"text_model.{name}": it
        for name, it in tensors.items()
    }


def _open_clip(tensors: Tensors, plan: LoadPlan) -> Tensors:
    rest = dict(tensors)
    projection = rest.pop("text_projection", None)
    found = bridge_single.open_clip(rest, plan.config["hidden_size"])
    if projection is not None:
        found["text_projection.weight"] = projection.T.contiguous()
    return found


def _flux(tensors: Tensors, _plan: LoadPlan) -> Tensors:
    norms = {"_norm.weight": "_norm.scale"}  # some tools write it so
    return bridge_single.flux(_renamed(tensors, norms))


def _taesd(tensors: Tensors, _plan: LoadPlan) -> Tensors:
    """Number the layers of a tiny VAE; the first of the decoder, a clamp, is no layer here."""

    def layer(match: re.Match[str]) -> str:
        number = int(match[2]) - (match[1] == "decoder")
        return f"{match[1]}.layers.{number}."

    return {_TINY_LAYER.sub(layer, name): tensor for name, tensor in tensors.items()}


#: By the names that plans have for them.
CONVERSIONS: Mapping[str, Conversion] = MappingProxyType(
    {
        "ldm_unet": _unet,
        "ldm_vae": _vae,
        "ldm_controlnet": _controlnet,
        "clip": _clip,
        "open_clip": _open_clip,
        "flux": _flux,
        "taesd": _taesd,
    }
)
