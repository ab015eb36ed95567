"""IP-Adapters: InvokeAI's folders, and one file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.names import shown
from modelkeep.core.reading import LocalFile
from modelkeep.core.taxonomy import ModelType
from modelkeep.errors import InvalidModelException
from modelkeep.load.ip_adapter_weights import IPAdapterWeights
from modelkeep.load.loader import ModelLoader, TensorSource
from modelkeep.load.model_files import ModelFiles
from modelkeep.load.plan import LoadPlan, TensorPlace
from modelkeep.load.precision import Precision
from modelkeep.load.weight_choice import weight_file
from modelkeep.load.weights import weights_of

_ENCODER = "image_encoder.txt"
#: Names of models are short; the rest of a longer file is of no use.
_ENCODER_BYTES = 1000
#: The halves of an adapter, by the starts of names; those of XLabs last.
_HALVES = (
    ("image_proj.", "image_proj"),
    ("ip_adapter.", "ip_adapter"),
    ("ip_adapter_proj_model.", "image_proj"),
)
_XLABS = re.compile(r"double_blocks\.(\d+)\.processor\.ip_adapter_double_stream_([kv])_proj\.(.+)")
#: What turns pictures into tokens, by a tensor of ``image_proj``; the first that is there counts.
_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "proj.weight": "plain",
        "proj.3.weight": "full",
        "perceiver_resampler.proj_in.weight": "faceid_plus",
        "latents": "plus",
        "proj.0.weight": "faceid",
    }
)
#: Of the vector of a face.
_FACE_WIDTH = 512
_KEY = ".to_k_ip.weight"
_VALUE = ".to_v_ip.weight"
_AGAIN = "Get the adapter from another source."


class IPAdapterLoader(ModelLoader):
    """Gives ``IPAdapterWeights``."""

    name = "ip_adapter"

    def takes(self, record: ModelConfigBase) -> bool:
        """Take IP-Adapters."""
        return record.type is ModelType.IPAdapter

    def plan(self, files: ModelFiles, part: str) -> LoadPlan:
        """Sort the tensors into halves, and find out what kind it is."""
        path = weight_file(files, "ip_adapter")
        places = _sorted(path, weights_of(path).tensors)
        encoder, used = "", [path]
        if files.path.is_dir() and (files.path / _ENCODER).is_file():
            used.append(files.path / _ENCODER)
            encoder = _first_line(used[1])
        return LoadPlan(
            loader=self.name,
            part=part,
            library="modelkeep",
            class_name=IPAdapterWeights.__name__,
            config={
                "kind": _kind_of(path, places),
                "width": _width_of(path, places),
                "image_encoder": encoder,
            },
            tensors=places,
            files=tuple(used),
        )

    def make(self, plan: LoadPlan, source: TensorSource, precision: Precision) -> IPAdapterWeights:
        """Read the tensors of both halves."""
        tensors = source.read(plan.tensors, lambda _: precision)

        def half(name: str) -> dict[str, Any]:
            start = f"{name}."
            return {key[len(start) :]: t for key, t in tensors.items() if key.startswith(start)}

        return IPAdapterWeights(
            **plan.config, image_proj=half("image_proj"), ip_adapter=half("ip_adapter")
        )


def _sorted(path: Path, places: Mapping[str, TensorPlace]) -> dict[str, TensorPlace]:
    """Return the tensors with the half that they belong to before their names."""
    found: dict[str, TensorPlace] = {}
    for name, place in places.items():
        ours = _our_name(name)
        if not ours or ours in found:
            raise InvalidModelException(
                f"{shown(path)} is no IP-Adapter that is known: it holds {name}", hint=_AGAIN
            )
        found[ours] = place
    return found


def _our_name(name: str) -> str:
    for start, half in _HALVES:
        if name.startswith(start):
            return f"{half}.{name.removeprefix(start)}"
    found = _XLABS.fullmatch(name)
    return f"ip_adapter.{found[1]}.to_{found[2]}_ip.{found[3]}" if found else ""


def _kind_of(path: Path, places: Mapping[str, TensorPlace]) -> str:
    for name, kind in _KINDS.items():
        place = places.get(f"image_proj.{name}")
        if place is not None:
            is_face = place.shape[-1:] == (_FACE_WIDTH,)
            return "full" if kind == "faceid" and not is_face else kind
    raise InvalidModelException(
        f"{shown(path)} has nothing that turns pictures into tokens (image_proj)", hint=_AGAIN
    )


def _width_of(path: Path, places: Mapping[str, TensorPlace]) -> int:
    """Return the width of the tokens, the same at every layer."""
    widths: dict[int, str] = {}
    for name, place in places.items():
        if not name.endswith((_KEY, _VALUE)):
            continue
        is_key = name.endswith(_KEY)
        other = name.removesuffix(_KEY) + _VALUE if is_key else name.removesuffix(_VALUE) + _KEY
        if other not in places or places[other].shape != place.shape:
            raise InvalidModelException(
                f"{shown(path)} has {name} without {other} of the same shape", hint=_AGAIN
            )
        widths.setdefault(place.shape[-1] if place.shape else 0, name)
    if len(widths) == 1:
        return next(iter(widths))
    told = " and ".join(f"{width} at {name}" for width, name in list(widths.items())[:2])
    raise InvalidModelException(
        f"{shown(path)} has {'no attention layers' if not widths else f'layers of width {told}'}",
        hint=_AGAIN,
    )


def _first_line(path: Path) -> str:
    with LocalFile(path) as file:
        text = file.read_at(0, min(file.size, _ENCODER_BYTES)).decode("utf-8", "replace")
    return text.strip().partition("\n")[0].strip()


LOADER = IPAdapterLoader()
