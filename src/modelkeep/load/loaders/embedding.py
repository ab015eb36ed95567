"""Textual inversions, in files and in folders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from modelkeep.core.commands import command
from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.names import shown
from modelkeep.core.taxonomy import BaseModelType, ModelType
from modelkeep.errors import InvalidModelException
from modelkeep.identification.embeddings import are_of_tokens, encoder_of, is_token
from modelkeep.identification.readers.pickle_names import LONE_TENSOR
from modelkeep.load.learned_embedding import LearnedEmbedding
from modelkeep.load.loader import ModelLoader, TensorSource
from modelkeep.load.model_files import ModelFiles
from modelkeep.load.plan import LoadPlan, TensorPlace
from modelkeep.load.precision import Precision
from modelkeep.load.weight_choice import weight_file
from modelkeep.load.weights import weights_of

_STEM = "learned_embeds"
_SECOND = f"{_STEM}_2"
_LEGACY = "string_to_param."
_TOKENS = "string_to_token."
#: What programs of the first days wrote for every token.
_ANY = "*"
#: One vector, or several in rows.
_DIMENSIONS = (1, 2)
_CLIP_L, _CLIP_G, _T5 = 768, 1280, 4096
#: The text encoder of a pipeline by its width. Names tell less: trainers for FLUX use SDXL's.
_ENCODERS: Mapping[BaseModelType, Mapping[int, str]] = MappingProxyType(
    {
        BaseModelType.StableDiffusion1: {_CLIP_L: "text_encoder"},
        BaseModelType.StableDiffusion2: {1024: "text_encoder"},
        BaseModelType.StableDiffusionXL: {_CLIP_L: "text_encoder", _CLIP_G: "text_encoder_2"},
        BaseModelType.StableDiffusionXLRefiner: {_CLIP_G: "text_encoder_2"},
        BaseModelType.StableDiffusion3: {
            _CLIP_L: "text_encoder",
            _CLIP_G: "text_encoder_2",
            _T5: "text_encoder_3",
        },
        BaseModelType.Flux: {_CLIP_L: "text_encoder", _T5: "text_encoder_2"},
    }
)
_AGAIN = "Get the embedding from another source."


class EmbeddingLoader(ModelLoader):
    """Gives ``LearnedEmbedding``."""

    name = "embedding"

    def takes(self, record: ModelConfigBase) -> bool:
        """Take textual inversions."""
        return record.type is ModelType.TextualInversion

    def plan(self, files: ModelFiles, part: str) -> LoadPlan:
        """Find out from names and widths which vectors are for which token and text encoder."""
        paths = _paths(files)
        found: dict[str, TensorPlace] = {}
        for path in paths:
            places = weights_of(path).tensors
            for name in _names(path, places):
                encoder = _encoder(name, places[name], files.record, path)
                key = f"{_token(name, files.path)}/{encoder}"
                if key in found:
                    raise InvalidModelException(
                        f"{shown(path)} cannot be loaded: {name} is not the only vectors for"
                        f" {key.replace('/', ' and the ')}",
                        hint=_AGAIN,
                    )
                found[key] = places[name]
        return LoadPlan(
            loader=self.name,
            part=part,
            library="modelkeep",
            class_name=LearnedEmbedding.__name__,
            tensors=found,
            files=paths,
        )

    def make(self, plan: LoadPlan, source: TensorSource, precision: Precision) -> LearnedEmbedding:
        """Read the vectors."""
        vectors: defaultdict[str, dict[str, Any]] = defaultdict(dict)
        for key, tensor in source.read(plan.tensors, lambda _: precision).items():
            token, _, encoder = key.rpartition("/")
            vectors[token][encoder] = tensor.reshape(-1, tensor.shape[-1])
        return LearnedEmbedding(dict(vectors))


def _paths(files: ModelFiles) -> tuple[Path, ...]:
    """Return the files with the vectors; for two text encoders there may be two."""
    first = weight_file(files, _STEM)
    second = first.with_name(_SECOND + first.suffix)
    return (first, second) if first.stem == _STEM and second.is_file() else (first,)


def _names(path: Path, places: Mapping[str, TensorPlace]) -> list[str]:
    """Return the names of all vectors of a file."""
    shapes = {
        name: place.shape
        for name, place in places.items()
        if not name.startswith(_TOKENS)  # the number that a token had in somebody's vocabulary
    }
    others = [name for name in shapes if encoder_of(name) is None]
    if not shapes or (others and (len(others) < len(shapes) or not are_of_tokens(shapes))):
        raise InvalidModelException(
            f"{shown(path)} is no embedding: it holds {', '.join(others[:3]) or 'nothing'}",
            hint=_AGAIN,
        )
    return list(shapes)


def _token(name: str, path: Path) -> str:
    """Return what to write for an embedding: its own token, else the name of the file."""
    if name.startswith(_LEGACY) and name != _LEGACY + _ANY:
        return name.removeprefix(_LEGACY)
    if is_token(name) or (encoder_of(name) is None and name != LONE_TENSOR):
        return name
    return path.name if path.is_dir() else path.stem


def _encoder(name: str, place: TensorPlace, record: ModelConfigBase, path: Path) -> str:
    """Return the text encoder that vectors are for."""
    if len(place.shape) not in _DIMENSIONS or not place.count:
        raise InvalidModelException(
            f"{shown(path)} is no embedding: {name} has the shape {list(place.shape)}", hint=_AGAIN
        )
    width = place.shape[-1]
    encoders = _ENCODERS.get(record.base, {width: "text_encoder"})
    if width not in encoders:
        widths = " or ".join(map(str, encoders))
        raise InvalidModelException(
            f"{shown(path)} does not fit {record.base.value}: {name} is {width} wide, its text"
            f" encoder {widths}",
            hint=f"Set the base that it was made for: {command('edit', record.key, 'base=BASE')}",
        )
    output = ".output" if encoder_of(name) and name.endswith("_out") else ""
    return encoders[width] + output


LOADER = EmbeddingLoader()
