"""The models of a made-up tree: templates of real names and shapes, each written many times."""

from __future__ import annotations

import functools
import io
import json
import math
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from modelkeep.app.sample.files import Tensors, typed, write_sd1_folder
from modelkeep.app.sample.parts import (
    checkpoint,
    clip_text,
    clip_vision,
    flux_lora,
    flux_transformer,
    ldm_vae,
    open_clip_text,
    sd1_lora_text,
    sd1_lora_unet,
    sdxl_lora,
)
from modelkeep.app.sample.unets import (
    REFINER,
    SD1,
    SDXL,
    Shapes,
    diffusers_controlnet,
    ldm_controlnet,
)

_BYTES = {"F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1}


@dataclass(frozen=True)
class Template:
    """A kind of model file: what it is, and its header but for the free-form metadata.

    Attributes:
        type, base, format: What ``identify`` has to say of it.
        entries: The tensors' part of the header, as JSON without its braces.
        data: Bytes of the tensors.
    """

    type: str
    base: str
    format: str
    entries: str
    data: int

    def head(self, title: str) -> bytes:
        """Return the front of a file; files of different titles differ."""
        metadata = json.dumps({"ss_output_name": title}, separators=(",", ":"))
        text = f'{{"__metadata__":{metadata},{self.entries}}}'.encode()
        text += b" " * (-len(text) % 8)
        return struct.pack("<Q", len(text)) + text


def write_model(path: Path, template: Template, title: str) -> int:
    """Write a model whose tensors are a hole; return its length in bytes."""
    head = template.head(title)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(head)
        file.truncate(len(head) + template.data)
    return len(head) + template.data


def _template(kind: str, base: str, form: str, tensors: Tensors) -> Template:
    entries, position = [], 0
    for name, (dtype, shape) in tensors.items():
        end = position + math.prod(shape) * _BYTES[dtype]
        value = {"dtype": dtype, "shape": list(shape), "data_offsets": [position, end]}
        entries.append(f"{json.dumps(name)}:{json.dumps(value, separators=(',', ':'))}")
        position = end
    return Template(kind, base, form, ",".join(entries), position)


def _only(shapes: Shapes, *parts: str) -> Shapes:
    return {n: shape for n, shape in shapes.items() if any(part in n for part in parts)}


_SD1_LORA = ("down_blocks_0_attentions_0_transformer_blocks_0_attn2", "layers_0_self_attn")
_SDXL_LORA = (
    "input_blocks_4_1_transformer_blocks_0_attn2",
    "te1_text_model_encoder_layers_0_self",
    "te2_text_model_encoder_layers_0_self",
)

_Made = tuple[str, str, str, Tensors]
_TEMPLATES: dict[str, Callable[[], _Made]] = {
    "sd1": lambda: ("main", "sd-1", "checkpoint", typed(checkpoint(SD1))),
    "sd1-inpaint": lambda: (
        "main", "sd-1", "checkpoint", typed(checkpoint(SD1.with_inputs(9)))
    ),
    "sdxl": lambda: ("main", "sdxl", "checkpoint", typed(checkpoint(SDXL))),
    "refiner": lambda: ("main", "sdxl-refiner", "checkpoint", typed(checkpoint(REFINER))),
    "flux": lambda: ("main", "flux", "checkpoint", typed(flux_transformer(), "BF16")),
    "flux-fp8": lambda: (
        "main", "flux", "checkpoint", typed(flux_transformer(guidance=False), "F8_E4M3")
    ),
    "sd1-lora": lambda: (
        "lora", "sd-1", "lycoris", typed(_only(sd1_lora_unet() | sd1_lora_text(), *_SD1_LORA))
    ),
    "sdxl-lora": lambda: ("lora", "sdxl", "lycoris", typed(_only(sdxl_lora(), *_SDXL_LORA))),
    "flux-lora": lambda: ("lora", "flux", "lycoris", typed(flux_lora(), "BF16")),
    "sd1-lora-full": lambda: (
        "lora", "sd-1", "lycoris", typed(sd1_lora_unet() | sd1_lora_text())
    ),
    "sd1-embedding": lambda: (
        "embedding", "sd-1", "embedding_file", {"emb_params": ("F32", (4, 768))}
    ),
    "sdxl-embedding": lambda: (
        "embedding", "sdxl", "embedding_file", typed({"clip_l": (4, 768), "clip_g": (4, 1280)})
    ),
    "vae": lambda: ("vae", "sd-1", "checkpoint", typed(ldm_vae())),
    "flux-vae": lambda: ("vae", "flux", "checkpoint", typed(ldm_vae(16))),
    "controlnet": lambda: (
        "controlnet", "sd-1", "checkpoint", typed(ldm_controlnet(SD1), prefix="control_model.")
    ),
    "sdxl-controlnet": lambda: (
        "controlnet", "sdxl", "checkpoint", typed(diffusers_controlnet(SDXL))
    ),
    "clip-l": lambda: (
        "clip_embed", "any", "checkpoint", typed(clip_text(), prefix="text_model.")
    ),
    "clip-g": lambda: ("clip_embed", "any", "checkpoint", typed(open_clip_text(1280, 32))),
    "clip-vision": lambda: ("clip_vision", "any", "checkpoint", typed(clip_vision())),
    # Weights of a program that nobody knows here.
    "nobody": lambda: (
        "unknown", "unknown", "unknown",
        {"head.0.conv.weight": ("F32", (48, 3, 5, 5)), "tail.px.gain": ("F32", (48,))},
    ),
}  # fmt: skip


@functools.cache
def template(name: str) -> Template:
    """Return a template by its name."""
    return _template(*_TEMPLATES[name]())


def write_folder(path: Path, *, inputs: int = 4) -> int:
    """Write a diffusers folder of SD 1; return the bytes of all its files."""
    write_sd1_folder(path, inputs=inputs, form="fp16")
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def torch_embedding(title: str, vectors: int = 3, width: int = 768) -> bytes:
    """Return a textual inversion as torch saves it: a zip with a harmless pickle."""
    numbers = vectors * width

    def text(value: str) -> bytes:
        return b"X" + struct.pack("<I", len(value.encode())) + value.encode()

    def number(value: int) -> bytes:
        return b"J" + struct.pack("<i", value)

    storage = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("0") + text("cpu")
    storage += number(numbers) + b"tQ"
    shape = b"(" + number(vectors) + number(width) + b"t"
    stride = b"(" + number(width) + number(1) + b"t"
    hooks = b"\x89ccollections\nOrderedDict\n)R"
    tensor = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + number(0) + shape + stride
    tensor += hooks + b"tR"
    body = b"\x80\x02}(" + text("string_to_param") + b"}(" + text("*") + tensor + b"u"
    body += text("name") + text(title) + b"u."
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        contents = {"data.pkl": body, "version": b"3\n", "data/0": bytes(numbers * 4)}
        for name, content in contents.items():
            archive.writestr(zipfile.ZipInfo(f"archive/{name}", (1980, 1, 1, 0, 0, 0)), content)
    return made.getvalue()
