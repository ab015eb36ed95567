"""Installs from a site: a local nginx that answers as Hugging Face does, from call to record.

The repository has the files of a pipeline of SDXL in half precision, in its proportions, 20 files
of 500 MiB together; each connection gets 20 MB/s. The references are a loop of ``requests`` with
five threads, one connection a file, which neither verifies nor records anything, and
``huggingface_hub.snapshot_download`` with its own transfer for plain HTTP.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import statistics
import struct
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests

from bench.bench_download import MEMORY, MIB, nginx
from bench.bench_install import workplace
from bench.measure import Ratio, in_turn, timed
from modelkeep import HFModelSource, ModelManager, Settings

ROUNDS = int(os.environ.get("MODELKEEP_BENCH_SOURCE_ROUNDS", "3"))
_REPO = "bench/pipeline"
_COMMIT = "0123456789abcdef0123456789abcdef01234567"
_LOCATIONS = """
    location = /hub/api/models/{repo} {{
      default_type application/json; alias {folder}/files/api.json; }}
    location = /hub/api/models/{repo}/revision/main {{
      default_type application/json; alias {folder}/files/api.json; }}
    location = /hub/api/models/{repo}/tree/{commit} {{
      default_type application/json; alias {folder}/files/tree.json; }}
    location ~ ^/hub/{repo}/resolve/[^/]+/(.*)$ {{
      alias {folder}/files/pipeline/$1; add_header X-Repo-Commit {commit};
      limit_rate 20000000; limit_rate_after 0; }}
"""
#: Weights in MiB; with the configs 500 MiB.
_WEIGHTS = {
    "unet/diffusion_pytorch_model": 371,
    "text_encoder_2/model": 101,
    "text_encoder/model": 17,
    "vae/diffusion_pytorch_model": 11,
}
_CONFIGS: Mapping[str, Any] = {
    "model_index.json": {
        "_class_name": "StableDiffusionXLPipeline",
        "scheduler": ["diffusers", "EulerDiscreteScheduler"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "tokenizer_2": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    },
    "scheduler/scheduler_config.json": {"_class_name": "EulerDiscreteScheduler"},
    "text_encoder/config.json": {"architectures": ["CLIPTextModel"], "hidden_size": 768},
    "text_encoder_2/config.json": {"architectures": ["CLIPTextModelWithProjection"]},
    "unet/config.json": {
        "_class_name": "UNet2DConditionModel",
        "cross_attention_dim": 2048,
        "in_channels": 4,
        "projection_class_embeddings_input_dim": 2816,
    },
    "vae/config.json": {"_class_name": "AutoencoderKL", "latent_channels": 4},
}
_WORDS = ("vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json")


def main() -> list[Ratio]:
    """Run all and print the table; what is missing on this machine is said in place of it."""
    if shutil.which("nginx") is None or not MEMORY.is_dir():
        print(f"installs from sites are not measured: nginx or {MEMORY} is missing")
        return []
    rows = []
    with workplace(MEMORY) as folder:
        files = folder / "files"
        (files / "pipeline").mkdir(parents=True)
        folder.chmod(0o755)  # the workers of nginx are another user
        names = _repository(files)
        locations = _LOCATIONS.format(repo=_REPO, folder=folder, commit=_COMMIT)
        with nginx(folder, locations) as address:
            for row in (
                *_pipeline(folder, f"{address}/hub", names),
                *_last_byte(folder, files, address),
            ):
                print(row.line(), flush=True)
                rows.append(row)
    return rows


def _pipeline(folder: Path, hub: str, names: list[str]) -> Iterator[Ratio]:
    target = folder / "target"
    urls = [f"{hub}/{_REPO}/resolve/main/{name}" for name in names]

    def ours() -> float:
        return _installed(folder / "root", hub)

    def plain() -> float:
        target.mkdir()
        seconds = timed(lambda: _loop(urls, target))
        shutil.rmtree(target)
        return seconds

    def snapshot() -> float:
        seconds = timed(lambda: _snapshot(hub, target))
        shutil.rmtree(target)
        return seconds

    mine, reference = in_turn(ours, plain, ROUNDS)
    yield Ratio("20 files, 500 MiB, 20 MB/s a connection", mine, reference, 1 / 4, "to the loop")
    mine, reference = in_turn(ours, snapshot, ROUNDS)
    note = "to snapshot_download (plain HTTP, 8 workers)"
    yield Ratio("20 files, 500 MiB, 20 MB/s a connection", mine, reference, 1 / 1.5, note)


def _installed(root: Path, hub: str) -> float:
    """Return the seconds from the call to the record, in a fresh library."""
    settings = Settings(root=root, hf_endpoint=hub, allow_private_hosts=["127.0.0.1"])
    with ModelManager(settings) as manager:
        installer = manager.installer
        began = time.perf_counter()
        job = installer.import_model(HFModelSource(repo_id=_REPO, variant="fp16"))
        installer.wait_for_installs()
        seconds = time.perf_counter() - began
        if job.config_out is None:
            raise RuntimeError(job.error)
    shutil.rmtree(root)
    return seconds


def _loop(urls: list[str], target: Path) -> None:
    """Fetch all files as ``bench_download.loop`` does, with names that do not meet."""
    session = requests.Session()

    def fetch(numbered: tuple[int, str]) -> None:
        number, url = numbered
        response = session.get(url, stream=True)
        with (target / str(number)).open("wb") as file:
            for piece in response.iter_content(100_000):
                file.write(piece)

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(fetch, enumerate(urls)))


def _snapshot(hub: str, target: Path) -> None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()
    snapshot_download(_REPO, endpoint=hub, local_dir=target, token=False)


def _last_byte(folder: Path, files: Path, address: str) -> Iterator[Ratio]:
    """Measure from the moment when a file has come and is verified to its record."""
    path = files / "large.safetensors"
    _weights(path, 2048)
    spans = []
    for _ in range(ROUNDS + 1):
        settings = Settings(root=folder / "root", allow_private_hosts=["127.0.0.1"])
        moments: dict[str, float] = {}
        with ModelManager(settings) as manager:
            manager.events.subscribe(  # type: ignore[attr-defined]  # the local bus
                lambda _, payload, seen=moments: seen.setdefault(
                    payload["event"], time.perf_counter()
                )
            )
            job = manager.installer.import_model(
                f"{address}/large.safetensors", {"type": "lora", "base": "sdxl"}
            )
            manager.installer.wait_for_installs()
            if job.config_out is None:
                raise RuntimeError(job.error)
        spans.append(moments["model_install_completed"] - moments["download_complete"])
        shutil.rmtree(folder / "root")
    reading = statistics.median(timed(lambda: _read(path)) for _ in range(ROUNDS))
    path.unlink()
    mine = statistics.median(spans[1:])
    yield Ratio("2 GiB, last byte to record", mine, reading, 0.2, "to reading the file once")


def _read(path: Path) -> None:
    piece = bytearray(MIB)
    with path.open("rb", buffering=0) as file:
        while file.readinto(piece):
            pass


def _repository(files: Path) -> list[str]:
    """Make the repository; return the names of its files, the largest first."""
    top = files / "pipeline"
    siblings = []
    for name, size in _WEIGHTS.items():
        path = top / f"{name}.fp16.safetensors"
        path.parent.mkdir()
        sha256 = _weights(path, size)
        siblings.append(_sibling(path, top, sha256))
    configs = {name: json.dumps(value).encode() for name, value in _CONFIGS.items()}
    for tokenizer in ("tokenizer", "tokenizer_2"):
        configs |= {f"{tokenizer}/{word}": os.urandom(50_000) for word in _WORDS}
    configs |= dict.fromkeys(("README.md", "LICENSE.md"), b"{}")
    for name, content in configs.items():
        path = top / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        siblings.append(_sibling(path, top))
    answer = {
        "id": _REPO,
        "sha": _COMMIT,
        "tags": [],
        "lastModified": "2026-01-01T00:00:00.000Z",
        "private": False,
        "gated": False,
        "siblings": siblings,
    }
    (files / "api.json").write_text(json.dumps(answer))
    (files / "tree.json").write_text(json.dumps([_in_tree(each) for each in siblings]))
    return [str(each["rfilename"]) for each in siblings]


def _sibling(path: Path, top: Path, sha256: str | None = None) -> dict[str, Any]:
    size = path.stat().st_size
    lfs = {"lfs": {"sha256": sha256, "size": size, "pointerSize": 134}} if sha256 else {}
    return {"rfilename": path.relative_to(top).as_posix(), "size": size, "blobId": "0" * 40, **lfs}


def _in_tree(sibling: Mapping[str, Any]) -> dict[str, Any]:
    """Return what another listing of the hub says of a file."""
    lfs = sibling.get("lfs")
    return {
        "type": "file",
        "path": sibling["rfilename"],
        "size": sibling["size"],
        "oid": sibling["blobId"],
        **({"lfs": {**lfs, "oid": lfs["sha256"]}} if lfs else {}),
    }


def _weights(path: Path, size: int) -> str:
    """Write a safetensors file of one tensor of ``size`` MiB; return its sha256."""
    entry = {"dtype": "F16", "shape": [size, MIB // 2], "data_offsets": [0, size * MIB]}
    header = json.dumps({"layer.weight": entry}).encode()
    head = struct.pack("<Q", len(header)) + header
    block = os.urandom(MIB)
    digest = hashlib.sha256(head)
    with path.open("wb") as file:
        file.write(head)
        for _ in range(size):
            file.write(block)
            digest.update(block)
    return digest.hexdigest()


if __name__ == "__main__":
    sys.exit(int(any(row.ratio > row.goal for row in main())))
