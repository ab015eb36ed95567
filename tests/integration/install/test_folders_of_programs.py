"""``--to ROOT``: each type goes to the folder in which the program of the root looks for it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelkeep import ModelManager
from modelkeep.errors import UsageError
from modelkeep.library.destination import LinkMode
from modelkeep.settings import RootSettings, Settings
from sample_models import (
    SDXL,
    Shapes,
    checkpoint,
    clip_text,
    flux_transformer,
    typed,
    write_safetensors,
)
from support import tiny
from unit.identification.cases import pipeline
from unit.sources import layout_trees as trees

#: What nobody knows, with the type that somebody gives.
NOBODY: Shapes = {"nobody.knows.weight": (2, 2)}
ROOTS = {
    "comfyui": trees.comfyui, "a1111": trees.forge, "swarmui": trees.swarmui,
    "stabilitymatrix": trees.stability_matrix, "fooocus": trees.fooocus,
}  # fmt: skip
#: By type and base: the folder in ComfyUI, Forge, SwarmUI, Stability Matrix and Fooocus.
FOLDERS: dict[tuple[str, str], tuple[str | None, ...]] = {
    ("lora", "any"): ("loras", "Lora", "Lora", "Lora", "loras"),
    ("control_lora", "sdxl"): (
        "controlnet", "ControlNet", "controlnet", "ControlNet", "controlnet",
    ),
    ("vae", "any"): ("vae", "VAE", "VAE", "VAE", "vae"),
    ("clip_embed", "any"): ("text_encoders", "text_encoder", "text_encoders", "TextEncoders", None),
    ("t5_encoder", "any"): ("text_encoders", "text_encoder", "text_encoders", "TextEncoders", None),
    ("text_encoder", "any"): (
        "text_encoders", "text_encoder", "text_encoders", "TextEncoders", None,
    ),
    ("clip_vision", "any"): ("clip_vision", None, "clip_vision", "ClipVision", "clip_vision"),
    ("controlnet", "sdxl"): ("controlnet", "ControlNet", "controlnet", "ControlNet", "controlnet"),
    ("t2i_adapter", "sdxl"): ("controlnet", "ControlNet", "controlnet", "ControlNet", "controlnet"),
    ("ip_adapter", "sdxl"): ("ipadapter", "ControlNet", None, "IpAdaptersXl", "controlnet"),
    ("ip_adapter", "sd-1"): ("ipadapter", "ControlNet", None, "IpAdapters15", "controlnet"),
    ("embedding", "sd-1"): ("embeddings", "/embeddings", "Embeddings", "Embeddings", "embeddings"),
    ("upscaler", "any"): ("upscale_models", "ESRGAN", "upscale_models", "ESRGAN", "upscale_models"),
    ("upscaler", "ltx-video"): (
        "upscale_models", "ESRGAN", "upscale_models", "ESRGAN", "upscale_models",
    ),
    ("hypernetwork", "sd-1"): ("hypernetworks", "hypernetworks", None, "Hypernetwork", None),
    ("style_model", "flux"): ("style_models", None, None, "StyleModels", None),
    ("motion_module", "sd-1"): ("animatediff_models", None, None, None, None),
    ("main", "wan"): (
        "diffusion_models", "Stable-diffusion", "diffusion_models", "DiffusionModels", None,
    ),
}  # fmt: skip
MODELS = {"swarmui": "Models", "stabilitymatrix": "Data/Models"}


def manager_of(tmp_path: Path, layout: str) -> tuple[ModelManager, Path]:
    """Return a library with a root of a program, named as the program, and one of nobody."""
    top = ROOTS[layout](tmp_path / "program")
    (tmp_path / "free").mkdir()
    roots = {
        layout: RootSettings(path=top, layout=layout),
        "free": RootSettings(path=tmp_path / "free"),
    }
    return ModelManager(Settings(root=tmp_path / "library", roots=roots)), top


def put(manager: ModelManager, model: Path, to: str, **given: Any) -> Path:
    """Install a model into a root and return where it is."""
    # As a second name: the sparse ones have gigabytes of nothing to copy.
    key = manager.installer.install_path(model, given, to=to, link=LinkMode.Hardlink)
    return manager.path_of(manager.records.get_model(key))


@pytest.mark.parametrize("layout", ROOTS)
def test_each_type_has_its_folder(layout: str, tmp_path: Path) -> None:
    manager, top = manager_of(tmp_path, layout)
    at, models = list(ROOTS).index(layout), MODELS.get(layout, "models")
    with manager:
        for number, ((kind, base), folders) in enumerate(FOLDERS.items()):
            shapes = {**NOBODY, f"number.{number}": (1,)}
            model = write_safetensors(tmp_path / f"{number}.safetensors", typed(shapes, "F16"))
            folder = folders[at]
            if folder is None:
                with pytest.raises(UsageError, match=f"{layout} .* has no folder for") as caught:
                    put(manager, model, layout, type=kind, base=base)
                assert "models, free" in caught.value.hint
                continue
            below = folder[1:] if folder[0] == "/" else f"{models}/{folder}"
            path = put(manager, model, layout, type=kind, base=base)
            assert path == top / below / model.name, (kind, base)


@pytest.mark.parametrize(
    ("layout", "models", "below"),
    [
        ("comfyui", "models", "models/loras"),
        ("a1111", "models", "models/Lora"),
        ("swarmui", "Models", "Models/Lora"),
        ("fooocus", "models", "models/loras"),
        ("stabilitymatrix", "Models", "Models/Lora"),
        ("stabilitymatrix", "Data/Models", "Data/Models/Lora"),
        ("comfyui", "vae", "loras"),
        ("fooocus", "vae", "loras"),
        ("stabilitymatrix", "StableDiffusion", "Lora"),
        ("a1111", "Stable-diffusion", "Lora"),
        ("swarmui", "Stable-Diffusion", "Lora"),
    ],
)
def test_a_program_that_was_just_unpacked(
    layout: str, models: str, below: str, tmp_path: Path
) -> None:
    """The layout that is set counts: a folder has ``models`` in it, or is the folder of models."""
    top = tmp_path / "program"
    (top / models).mkdir(parents=True)
    roots = {"theirs": RootSettings(path=top, layout=layout)}
    lora = tiny.lora(tmp_path / "style.safetensors", 1)
    with ModelManager(Settings(root=tmp_path / "library", roots=roots)) as manager:
        assert put(manager, lora, "theirs") == top / below / lora.name
        [found] = [entry.path for entry in manager.installer.scanner.scan(top, layout=layout)]
    assert found == top / below / lora.name


def flux(tmp_path: Path) -> Path:
    return write_safetensors(tmp_path / "flux1.safetensors", typed(flux_transformer(), "F16"))


def whole(tmp_path: Path) -> Path:
    return write_safetensors(tmp_path / "xl.safetensors", typed(checkpoint(SDXL), "F16"))


def clip(tmp_path: Path) -> Path:
    shapes = {f"text_model.{name}": shape for name, shape in clip_text().items()}
    return write_safetensors(tmp_path / "clip_l.safetensors", typed(shapes, "F16"))


@pytest.mark.parametrize(
    ("layout", "denoiser", "checkpoint", "text_encoder"),
    [
        ("comfyui", "models/diffusion_models", "models/checkpoints", "models/text_encoders"),
        ("a1111", "models/Stable-diffusion", "models/Stable-diffusion", "models/text_encoder"),
        ("swarmui", "Models/diffusion_models", "Models/Stable-Diffusion", "Models/text_encoders"),
        (
            "stabilitymatrix",
            "Data/Models/DiffusionModels",
            "Data/Models/StableDiffusion",
            "Data/Models/TextEncoders",
        ),
    ],
)
def test_what_a_file_holds_decides(
    layout: str, denoiser: str, checkpoint: str, text_encoder: str, tmp_path: Path
) -> None:
    manager, top = manager_of(tmp_path, layout)
    with manager:
        places = [put(manager, make(tmp_path), layout) for make in (flux, whole, clip)]
    assert [path.parent for path in places] == [
        top / denoiser, top / checkpoint, top / text_encoder,
    ]  # fmt: skip


def test_a_folder_with_a_denoiser_alone_is_no_pipeline(tmp_path: Path) -> None:
    manager, top = manager_of(tmp_path, "comfyui")
    whole = pipeline(SDXL, "StableDiffusionXLPipeline")(tmp_path)
    bare = shutil.copytree(whole / "unet", tmp_path / "bare")
    with manager:
        places = [put(manager, model, "comfyui") for model in (whole, bare)]
    assert places == [top / "models/diffusers" / whole.name, top / "models/diffusion_models/bare"]


@pytest.mark.parametrize(("there", "taken"), [("unet", "unet"), ("loras", "diffusion_models")])
def test_an_old_folder_is_taken_where_the_new_one_is_not_there(
    there: str, taken: str, tmp_path: Path
) -> None:
    top = trees.grow(tmp_path / "models", "checkpoints/", f"{there}/", "vae/")
    roots = {"comfy": RootSettings(path=top, layout="comfyui")}
    with ModelManager(Settings(root=tmp_path / "library", roots=roots)) as manager:
        path = put(manager, flux(tmp_path), "comfy")
    assert path == top / taken / "flux1.safetensors"


def test_a_folder_of_models_has_no_embeddings_of_the_web_ui(tmp_path: Path) -> None:
    top = trees.a1111(tmp_path / "webui") / "models"
    roots = {"webui": RootSettings(path=top, layout="a1111")}
    with (
        ModelManager(Settings(root=tmp_path / "library", roots=roots)) as manager,
        pytest.raises(UsageError, match="no folder for"),
    ):
        manager.installer.install_path(tiny.embedding(tmp_path / "bad.pt"), to="webui")


def test_settings_of_the_program_name_the_folder(tmp_path: Path) -> None:
    top = trees.swarmui(tmp_path / "swarm")
    (top / "Data" / "Settings.fds").write_text(
        "Paths:\n\tModelRoot: Models\n\tSDLoraFolder: mine\n"
    )
    roots = {"swarm": RootSettings(path=top, layout="swarmui")}
    with ModelManager(Settings(root=tmp_path / "library", roots=roots)) as manager:
        path = put(manager, tiny.lora(tmp_path / "ink.safetensors"), "swarm")
    assert path == top / "Models" / "mine" / "ink.safetensors"


@pytest.mark.parametrize(
    ("layout", "make", "settings", "text"),
    [
        ("swarmui", trees.swarmui, "Data/Settings.fds", "Paths:\n\tSDLoraFolder: /elsewhere\n"),
        ("fooocus", trees.fooocus, "config.txt", '{"path_loras": ["/elsewhere"]}'),
    ],
)
def test_a_folder_that_a_program_would_not_look_into_is_not_made(
    layout: str, make: Callable[[Path], Path], settings: str, text: str, tmp_path: Path
) -> None:
    top = make(tmp_path / "program")
    (top / settings).write_text(text)
    roots = {"program": RootSettings(path=top, layout=layout)}
    with (
        ModelManager(Settings(root=tmp_path / "library", roots=roots)) as manager,
        pytest.raises(UsageError, match="no folder for LoRA models"),
    ):
        put(manager, tiny.lora(tmp_path / "ink.safetensors"), "program")


@pytest.mark.parametrize(("name", "folder"), [("SwinIR_4x", "SwinIR"), ("4x-Sharp", "ESRGAN")])
def test_upscalers_go_by_their_names_where_there_are_several_folders(
    name: str, folder: str, tmp_path: Path
) -> None:
    top = trees.grow(trees.a1111(tmp_path / "webui"), "models/SwinIR/", "models/DAT/")
    roots = {"webui": RootSettings(path=top, layout="a1111")}
    model = write_safetensors(tmp_path / f"{name}.safetensors", typed(NOBODY, "F16"))
    with ModelManager(Settings(root=tmp_path / "library", roots=roots)) as manager:
        path = put(manager, model, "webui", type="upscaler", base="any")
    assert path == top / "models" / folder / model.name
