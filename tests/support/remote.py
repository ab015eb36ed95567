"""Models of a site on a server of this machine: what ``look_up`` would give for local files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from faults.pages import Page
from faults.server import FaultServer
from modelkeep.http.client import Client
from modelkeep.http.options import TransferOptions
from modelkeep.sources.huggingface.source import HFModelSource
from modelkeep.sources.site import RemoteFile, RemoteModel, SiteContext
from modelkeep.sources.string_like import StringLikeSource
from support import tiny

QUICK = TransferOptions(
    connect_timeout=5, first_byte_timeout=5, idle_timeout=5, tries=2, backoff_base=0.01
)
SOURCE = HFModelSource(repo_id="someone/something", variant=None, revision="0" * 40)


def served(
    server: FaultServer, path: Path, *, has_sizes: bool = True, **fields: Any
) -> RemoteModel:
    """Serve a model file or folder, and return what its site would say of it.

    Args:
        server: Gives the bytes.
        path: The model.
        has_sizes: The site knows them.
        fields: Fields of the remote model in place of the usual ones.
    """
    is_folder = path.is_dir()
    found = sorted(p for p in path.rglob("*") if p.is_file()) if is_folder else [path]
    files = []
    for each in found:
        name = each.relative_to(path).as_posix() if is_folder else each.name
        content = each.read_bytes()
        url = server.serve(f"/{path.name}/{name}", Page(content, etag='"v1"'))
        sha256 = hashlib.sha256(content).hexdigest()
        is_large = not name.endswith((".json", ".txt", ".md"))  # as on Hugging Face
        size = len(content) if has_sizes else None
        files.append(RemoteFile(url, name, size, {"sha256": sha256} if is_large else {}))
    name = path.name if is_folder else path.stem
    files.sort(key=lambda file: -(file.size or 0))
    return RemoteModel(
        **{
            "source": SOURCE,
            "name": name,
            "files": tuple(files),
            "is_folder": is_folder,
            **fields,
        }
    )


class OneModel:
    """Sites that know one model, whatever they are asked."""

    def __init__(self, remote: RemoteModel, client: Client | None = None) -> None:
        self._remote = remote
        self.context = SiteContext(
            client if client is not None else Client(options=QUICK), caches=False
        )

    def look_up(self, source: StringLikeSource) -> RemoteModel:
        """Return the model."""
        del source
        return self._remote

    def explaining(self, remote: RemoteModel) -> AbstractContextManager[None]:
        """Have no words of a site."""
        del remote
        return nullcontext()


def pipeline_folder(path: Path, kind: str = "StableDiffusionPipeline", fill: int = 0) -> Path:
    """Write the folder of a tiny SD 1 pipeline: configs as diffusers has them, small weights."""
    configs: dict[str, dict[str, Any]] = {
        "model_index.json": {
            "_class_name": kind,
            "unet": ["diffusers", "UNet2DConditionModel"],
            "vae": ["diffusers", "AutoencoderKL"],
            "scheduler": ["diffusers", "PNDMScheduler"],
        },
        "unet/config.json": {
            "_class_name": "UNet2DConditionModel",
            "cross_attention_dim": 768,
            "in_channels": 4,
        },
        "vae/config.json": {"_class_name": "AutoencoderKL", "latent_channels": 4},
        "scheduler/scheduler_config.json": {
            "_class_name": "PNDMScheduler",
            "prediction_type": "epsilon",
        },
    }
    for name, content in configs.items():
        write(path / name, json.dumps(content).encode())

    for part in ("unet", "vae"):
        weights = tiny.safetensors_bytes({"conv_in.weight": ("F16", (4, 4))}, fill=fill)
        write(path / part / "diffusion_pytorch_model.fp16.safetensors", weights)
    return path


def write(path: Path, content: bytes) -> Path:
    """Write a file, with the folders around it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def paths(server: FaultServer) -> Iterable[str]:
    """Return what was asked for, in order."""
    return [request.path for request in server.requests]
