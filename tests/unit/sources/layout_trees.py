"""Folders as other programs make them, with empty models, and what a folder is like."""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OLD_COMMIT = "76543210fedcba9876543210fedcba9876543210"


def grow(root: Path, *names: str) -> Path:
    """Make files and, where a name ends in a slash, folders."""
    for name in names:
        path = root / name
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")
    return root


def comfyui(root: Path) -> Path:
    return grow(
        root,
        *("main.py", "folder_paths.py", "comfy/", "comfy_extras/", "custom_nodes/x/__init__.py"),
        *("models/checkpoints/sd15.safetensors", "models/loras/style/ink.safetensors"),
        *("models/vae/", "models/vae_approx/", "models/text_encoders/", "models/clip/"),
        *("models/diffusion_models/", "models/unet/", "models/clip_vision/", "models/controlnet/"),
        *("models/embeddings/", "models/upscale_models/", "models/hypernetworks/"),
        *("models/style_models/", "models/gligen/", "models/configs/v1-inference.yaml"),
        *("models/ipadapter/", "models/ultralytics/bbox/face.pt", "models/diffusers/"),
        *("output/checkpoints/merged.safetensors", "output/picture.png", "input/", "user/"),
    )


def a1111(root: Path) -> Path:
    return grow(
        root,
        *("webui.py", "webui.sh", "webui-user.sh", "launch.py", "modules/"),
        *("models/Stable-diffusion/sd15.safetensors", "models/Stable-diffusion/sd15.vae.pt"),
        *("models/Lora/ink.safetensors", "models/LyCORIS/", "models/VAE/", "models/VAE-approx/"),
        *("models/ESRGAN/x4.pth", "models/GFPGAN/", "models/Codeformer/", "models/hypernetworks/"),
        *("models/karlo/", "models/deepbooru/", "embeddings/bad.pt"),
        *("extensions/sd-webui-controlnet/models/canny.safetensors", "outputs/"),
    )


def forge(root: Path) -> Path:
    return grow(
        a1111(root),
        *("models/text_encoder/t5.safetensors", "models/ControlNet/", "models/diffusers/"),
        "modules_forge/",
    )


def swarmui(root: Path) -> Path:
    return grow(
        root,
        *("SwarmUI.sln", "launch-linux.sh", "Data/Users.ldb", "src/", "dlbackend/ComfyUI/main.py"),
        *("Models/Stable-Diffusion/sd15.safetensors", "Models/Lora/", "Models/VAE/"),
        *("Models/Embeddings/", "Models/controlnet/", "Models/clip_vision/", "Models/tensorrt/"),
        *("Models/diffusion_models/", "Models/text_encoders/", "Models/upscale_models/"),
    )


def stability_matrix(root: Path) -> Path:
    """Make a portable one with an A1111 whose folders are links to the shared ones."""
    data = grow(
        root,
        *("StabilityMatrix.AppImage", "Data/settings.json"),
        *("Data/Models/StableDiffusion/sd15.safetensors", "Data/Models/Lora/", "Data/Models/VAE/"),
        *("Data/Models/ApproxVAE/", "Data/Models/ControlNet/", "Data/Models/Embeddings/"),
        *("Data/Models/ESRGAN/", "Data/Models/TextEncoders/", "Data/Models/Ultralytics/"),
        "Data/Models/IpAdaptersXl/",
    ).joinpath("Data")
    a1111(data / "Packages" / "webui")
    (data / "Packages/webui/models/DAT").symlink_to(data / "Models/ESRGAN")
    (data / "Packages/webui/models/Stable-diffusion/sd").symlink_to(data / "Models/StableDiffusion")
    return root


def fooocus(root: Path) -> Path:
    return grow(
        root,
        *("fooocus_version.py", "entry_with_update.py", "launch.py", "modules/"),
        *("models/checkpoints/xl.safetensors", "models/loras/", "models/vae_approx/"),
        *("models/inpaint/head.pth", "models/upscale_models/", "models/prompt_expansion/"),
        *("models/controlnet/", "models/clip_vision/", "models/embeddings/"),
    )


def invokeai(root: Path) -> Path:
    return grow(
        root,
        *("invokeai.yaml", "databases/", "outputs/images/", "configs/", "nodes/"),
        *("models/key-1/sd15.safetensors", "models/key-2/unet/config.json"),
        *("models/model_images/key-1.webp", "models/.download_cache/x.safetensors"),
        "models/tmpinstall_abc/y.safetensors",
    )


def invokeai_3(root: Path) -> Path:
    return grow(
        root,
        *("invokeai.yaml", "databases/", "models/sd-1/main/sd15/model_index.json"),
        *("models/sd-1/lora/ink.safetensors", "models/core/convert/", "models/any/clip_vision/"),
        *("autoimport/main/", "autoimport/lora/new.safetensors", "autoimport/embedding/"),
    )


def hf_cache(root: Path) -> Path:
    """Make a hub with links: one repository of a pipeline, one of a file."""
    blob, config = hashlib.sha256(b"weights").hexdigest(), "a" * 40
    hub = grow(
        root,
        *("CACHEDIR.TAG", "version.txt", ".locks/models--acme--ink/x.lock"),
        *("datasets--acme--pictures/snapshots/x/data.bin", "models--acme--ink/refs/"),
        *(f"models--acme--ink/snapshots/{COMMIT}/unet/", "models--acme--ink/blobs/"),
        *(f"models--acme--ink/snapshots/{OLD_COMMIT}/", "models--acme--ink/refs/refs/pr/"),
        f"models--acme--ink/.no_exist/{COMMIT}/missing.safetensors",
        *("models--gpt2/refs/", f"models--gpt2/snapshots/{COMMIT}/"),
    )
    ink = hub / "models--acme--ink"
    (ink / "blobs" / blob).write_bytes(b"weights")
    (ink / "blobs" / config).write_text("{}")
    (ink / "blobs" / f"{'b' * 64}.incomplete").write_bytes(b"wei")
    (ink / "refs" / "main").write_text(COMMIT)
    (ink / "refs/refs/pr/1").write_text(COMMIT)
    for commit in (COMMIT, OLD_COMMIT):
        (ink / "snapshots" / commit / "model_index.json").symlink_to(f"../../blobs/{config}")
    (ink / "snapshots" / COMMIT / "unet/x.safetensors").symlink_to(f"../../../blobs/{blob}")
    (hub / "models--gpt2/refs/main").write_text(COMMIT)
    (hub / "models--gpt2/snapshots" / COMMIT / "model.safetensors").write_bytes(b"no links")
    return hub


def tree_list(files: dict[str, dict[str, object]]) -> str:
    return json.dumps({"format_version": 1, "files": files})


def draw_things(root: Path) -> Path:
    return grow(root, "custom_lora.json", "flux_1_dev_q8p.ckpt", "sd_v1.5_f16.ckpt")


PROGRAMS: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "ComfyUI": ("comfyui", comfyui),
    "A1111": ("a1111", a1111),
    "Forge": ("a1111", forge),
    "SwarmUI": ("swarmui", swarmui),
    "Stability Matrix": ("stabilitymatrix", stability_matrix),
    "Fooocus": ("fooocus", fooocus),
    "InvokeAI": ("invokeai", invokeai),
    "InvokeAI 3": ("invokeai", invokeai_3),
    "Hugging Face": ("hf-cache", hf_cache),
    "Draw Things": ("draw-things", draw_things),
}


def seen(folder: Path) -> dict[str, tuple[object, ...]]:
    """Return all that can be seen of a tree: kinds, sizes, times and contents."""
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted([folder, *folder.rglob("*")]):
        now = path.lstat()
        content: object = None
        if path.is_symlink():
            content = path.readlink()
        elif stat.S_ISREG(now.st_mode):
            content = path.read_bytes()
        found[str(path)] = (now.st_mode, now.st_ino, now.st_size, now.st_mtime_ns, content)
    return found


def relative(paths: Iterable[Path], root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in paths]
