"""Textual inversions: which of the tensors of a file are learned embeddings, and for what."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from modelkeep.identification.header import TensorInfo

_EMBEDDING_TENSORS = 10
#: More vectors than a prompt takes are no embedding of a text.
_EMBEDDING_ROWS = 256
_UNNAMED = "text"
#: Text encoders by the names that trainers give the embeddings for them.
_ENCODERS = {
    "clip_l": "clip_l",
    "clip_g": "clip_g",
    "t5": "t5",
    "t5xxl": "t5",
    "text_encoders_0": "clip_l",
    "text_encoders_1": "clip_g",
}
#: What modules call their parameters; no token is called that.
_PARAMETERS = frozenset(
    {"weight", "bias", "alpha", "scale", "mean", "std", "gamma", "beta", "diff", "diff_b"}
)


def embeddings_of(tensors: Mapping[str, TensorInfo]) -> Mapping[str, int]:
    """Return encoder and width of the learned embeddings of a textual inversion."""
    shaped = ((name, info.shape) for name, info in tensors.items() if info.shape)
    vectors = dict(islice(shaped, _EMBEDDING_TENSORS + 1))
    if not 0 < len(vectors) <= _EMBEDDING_TENSORS:
        return {}
    named = [(encoder, shape) for name, shape in vectors.items() if (encoder := encoder_of(name))]
    if not named and are_of_tokens(vectors):
        named = [(_UNNAMED, shape) for shape in vectors.values()]
    # One vector or a stack of them.
    found = {(encoder, shape[-1]) for encoder, shape in named if len(shape) <= 2}  # noqa: PLR2004
    widths = dict(found)
    return {} if len(widths) < len(found) else widths


def encoder_of(name: str) -> str | None:
    """Return the encoder that an embedding is for by its name; None where it may be no embedding.

    OneTrainer keeps a second vector of each encoder under ``..._out``.
    """
    stem = name.removesuffix("_out")
    if stem == "emb_params" or name.startswith("string_to_param.") or is_token(name):
        return _UNNAMED
    return _ENCODERS.get(stem)


def is_token(name: str) -> bool:
    """Tell whether a tensor is called by its token."""
    return len(name) > 2 and name[0] == "<" and name[-1] == ">"  # noqa: PLR2004 - more than <>


def are_of_tokens(vectors: Mapping[str, tuple[int, ...]]) -> bool:
    """Tell whether these are the vectors of tokens, which may be called anything."""
    if any(name.rpartition(".")[2] in _PARAMETERS for name in vectors):
        return False
    if len(vectors) > 1 and any("." in name for name in vectors):
        return False
    return all(len(shape) <= 1 or shape[0] <= _EMBEDDING_ROWS for shape in vectors.values())
