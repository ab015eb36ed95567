"""Each program's folders are recognised, and its models are where it says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.core.taxonomy import ModelType
from modelkeep.errors import SettingsError, SourceError
from modelkeep.sources.layouts.layout import Place, layout_named, load_layouts, recognise
from modelkeep.sources.layouts.swarmui import read_paths
from unit.sources import layout_trees as trees
from unit.sources.layout_trees import PROGRAMS, grow

LAYOUTS = load_layouts()


def name_of(folder: Path) -> str:
    return recognise(folder, LAYOUTS).name


def places_of(folder: Path) -> tuple[Place, ...]:
    return recognise(folder, LAYOUTS).places(folder)


def by_path(folder: Path) -> dict[str, Place]:
    """Return the places below a folder by their relative paths."""
    return {place.path.relative_to(folder).as_posix(): place for place in places_of(folder)}


def types_of(folder: Path) -> dict[str, ModelType | None]:
    return {path: place.type for path, place in by_path(folder).items()}


@pytest.mark.parametrize("program", PROGRAMS)
def test_its_root_is_recognised(program: str, tmp_path: Path) -> None:
    name, make = PROGRAMS[program]

    assert name_of(make(tmp_path / "some folder")) == name


@pytest.mark.parametrize(
    ("program", "below", "name"),
    [
        ("ComfyUI", "models", "comfyui"),
        ("A1111", "models", "a1111"),
        ("Forge", "models", "a1111"),
        ("SwarmUI", "Models", "swarmui"),
        ("Stability Matrix", "Data", "stabilitymatrix"),
        ("Stability Matrix", "Data/Models", "stabilitymatrix"),
        ("Stability Matrix", "Data/Packages/webui", "a1111"),
        ("Fooocus", "models", "comfyui"),  # arranged alike
        ("InvokeAI", "models", "invokeai"),
        ("InvokeAI 3", "models", "invokeai"),
        ("Hugging Face", "models--acme--ink", "hf-cache"),
        ("ComfyUI", "models/loras", "plain"),
        ("A1111", "models/Lora", "plain"),
        ("SwarmUI", "Models/Stable-Diffusion", "plain"),
        ("Stability Matrix", "Data/Models/Lora", "plain"),
        ("InvokeAI 3", "models/sd-1", "plain"),
    ],
)
def test_a_folder_below_its_root(program: str, below: str, name: str, tmp_path: Path) -> None:
    folder = PROGRAMS[program][1](tmp_path / "x") / below

    assert folder.is_dir()
    assert name_of(folder) == name


@pytest.mark.parametrize(
    "names",
    [
        ("loras/ink.safetensors",),
        ("models/loras/ink.safetensors",),
        ("Lora/ink.safetensors", "VAE/x.safetensors"),
        ("model_index.json", "unet/", "vae/", "controlnet/", "text_encoder/", "tokenizer/"),
        ("checkpoints/", "outputs/", "train.py"),
        ("models--not-a-repository/readme.md",),
        ("hub/readme.md",),
        ("custom.json", "model.ckpt"),
        ("config.txt", "models/x.safetensors"),
        ("sd-1/main/", "sd-1/lora/", "sdxl/main/", "flux/main/"),
        ("Data/Models/",),
        ("main.py", "models/resnet.py", "models/vae.py"),
        (),
    ],
)
def test_other_folders_are_plain(names: tuple[str, ...], tmp_path: Path) -> None:
    folder = grow(tmp_path / "models_of_mine", *names)
    folder.mkdir(exist_ok=True)

    assert name_of(folder) == "plain"
    assert [place.path for place in places_of(folder)] == [folder]


def test_what_is_no_folder_is_plain(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")

    for name in ("file", "loop", "nothing"):
        assert name_of(tmp_path / name) == "plain"


def test_comfyui(tmp_path: Path) -> None:
    root = trees.comfyui(tmp_path)
    types = types_of(root)

    assert types["models/checkpoints"] == types["models/diffusion_models"] == ModelType.Main
    assert types["models/loras"] == ModelType.Lora
    assert types["models/clip"] == types["models/text_encoders"] == ModelType.TextEncoder
    assert types["models/ipadapter"] == ModelType.IPAdapter
    assert types["models/ultralytics"] is None
    assert types["output/checkpoints"] == ModelType.Main
    assert not {"models/configs", "custom_nodes", "output", "input"} & types.keys()
    assert not by_path(root)["models"].recursive
    assert by_path(root)["models/loras"].category == "loras"
    assert ".git" in by_path(root)["models/loras"].skip


def test_comfyui_models_alone(tmp_path: Path) -> None:
    folder = trees.comfyui(tmp_path) / "models"
    (tmp_path / "extra_model_paths.yaml").write_text("x: {loras: /elsewhere}")

    assert {"loras", "checkpoints", "."} <= types_of(folder).keys()


def test_comfyui_portable_and_base_folder(tmp_path: Path) -> None:
    portable = grow(tmp_path / "portable", "python_embeded/python.exe", "run_nvidia_gpu.bat")
    trees.comfyui(portable / "ComfyUI")
    base = grow(tmp_path / "base", "models/loras/", "custom_nodes/", "user/", "input/", "output/")

    assert types_of(portable)["ComfyUI/models/loras"] == ModelType.Lora
    assert types_of(base)["models/loras"] == ModelType.Lora


def test_comfyui_with_folders_elsewhere(tmp_path: Path) -> None:
    root = trees.comfyui(tmp_path / "ComfyUI")
    elsewhere = tmp_path / "shared"
    (root / "extra_model_paths.yaml").write_text(
        f"a111:\n  base_path: {elsewhere}\n  loras: |\n    Lora\n    LyCORIS\n  sams: sams\n"
        f"mine:\n  is_default: true\n  checkpoints: {elsewhere}/first\n"
        f"also:\n  is_default: true\n  checkpoints: {elsewhere}/second\n"
        f"own:\n  loras: models/loras\n"
    )

    found = places_of(root)

    paths = [place.path for place in found]
    assert paths[:2] == [elsewhere / "second", elsewhere / "first"]
    assert paths[-3:] == [elsewhere / "Lora", elsewhere / "LyCORIS", elsewhere / "sams"]
    assert [place.type for place in found[-3:]] == [ModelType.Lora, ModelType.Lora, None]
    assert len(set(paths)) == len(paths)


def test_a1111_and_forge(tmp_path: Path) -> None:
    root = trees.forge(tmp_path)
    types = types_of(root)

    assert types["models/Stable-diffusion"] == ModelType.Main
    assert types["models/Lora"] == types["models/LyCORIS"] == ModelType.Lora
    assert types["models/ESRGAN"] == ModelType.Upscaler
    assert types["models/text_encoder"] == ModelType.TextEncoder
    assert types["models/karlo"] is None
    assert types["embeddings"] == ModelType.TextualInversion
    assert types["extensions/sd-webui-controlnet/models"] == ModelType.ControlNet
    assert "embeddings" not in types_of(root / "models")


def test_a_vae_beside_checkpoints(tmp_path: Path) -> None:
    layout = layout_named("a1111", LAYOUTS)
    place = by_path(trees.a1111(tmp_path))["models/Stable-diffusion"]

    assert layout.type_of(place, "sd15.vae.pt") == ModelType.Vae
    assert layout.type_of(place, "sd15.VAE.safetensors") == ModelType.Vae
    assert layout.type_of(place, "vae.safetensors") == ModelType.Main


def test_swarmui(tmp_path: Path) -> None:
    root = trees.swarmui(tmp_path)
    types = types_of(root)

    assert types["Models/Stable-Diffusion"] == ModelType.Main
    assert types["Models/Lora"] == ModelType.Lora
    assert types["Models/controlnet"] == ModelType.ControlNet
    assert types["Models/tensorrt"] is None


def test_swarmui_with_settings(tmp_path: Path) -> None:
    root = trees.swarmui(tmp_path / "SwarmUI")
    grow(tmp_path, "big/Lora/", "big/loras2/")
    (root / "Data" / "Settings.fds").write_text(
        "#comment\nIsInstalled: true\nPaths:\n\t#where\n"
        f"\tModelRoot: Models;{tmp_path}/big\n\tSDModelFolder: Stable-Diffusion\n"
        f"\tSDLoraFolder: Lora; loras2;{tmp_path}\\\\far\\\\loras\n\tSDVAEFolder:\n"
        "\tBool: true\n\tNested:\n\t\tx: y\nUI:\n\tSDLoraFolder: not this\n\tnonsense\n"
    )

    types = {place.path: place.type for place in places_of(root)}

    for path in ("SwarmUI/Models/Lora", "SwarmUI/Models/loras2", "big/Lora", "big/loras2"):
        assert types[tmp_path / path] == ModelType.Lora
    assert types[tmp_path / "far/loras"] == ModelType.Lora
    assert types[root / "Models/VAE"] == ModelType.Vae
    assert not any("not this" in str(path) for path in types)


@given(st.lists(st.text(alphabet="abc/\\\t\r\n:=# .é", min_size=1), min_size=1, max_size=4))
def test_swarmui_values_come_back_as_they_were_escaped(
    tmp_path_factory: pytest.TempPathFactory, values: list[str]
) -> None:
    file = tmp_path_factory.mktemp("x") / "Settings.fds"
    escapes = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
    lines = [
        f"\tk{number}: \\x{''.join(escapes.get(c, c) for c in value)}\\x\n"
        for number, value in enumerate(values)
    ]
    file.write_text("A: b\nPaths:\n" + "".join(lines) + "Other:\n\tk0: no\n", newline="")

    assert read_paths(file) == {f"k{number}": value for number, value in enumerate(values)}


def test_swarmui_settings_that_are_broken(tmp_path: Path) -> None:
    root = trees.swarmui(tmp_path)
    (root / "Data/Settings.fds").write_text("Paths:\n\tModelRoot: x\n\tnonsense\n")

    with pytest.raises(SourceError, match=r"Settings\.fds, line 3"):
        places_of(root)


def test_stability_matrix(tmp_path: Path) -> None:
    root = trees.stability_matrix(tmp_path)
    types = types_of(root)

    assert types["Data/Models/StableDiffusion"] == ModelType.Main
    assert types["Data/Models/IpAdaptersXl"] == ModelType.IPAdapter
    assert types["Data/Models/Ultralytics"] is None
    assert types["Data/Packages/webui/models/Lora"] == ModelType.Lora
    assert "Data/Packages/webui/models/DAT" not in types


def test_stability_matrix_package_whose_yaml_names_the_shared_folder(tmp_path: Path) -> None:
    root = trees.stability_matrix(tmp_path)
    package = trees.comfyui(root / "Data/Packages/ComfyUI")
    (package / "extra_model_paths.yaml").write_text(
        f"stability_matrix:\n  loras: |\n    {root}/Data/Models/Lora\n    {root}/Data/other\n"
    )

    paths = [place.path for place in places_of(root)]

    assert paths.count(root / "Data/Models/Lora") == 1
    assert root / "Data/other" in paths


def test_fooocus(tmp_path: Path) -> None:
    root = trees.fooocus(tmp_path / "Fooocus")
    assert types_of(root)["models/checkpoints"] == ModelType.Main
    assert types_of(root)["models/inpaint"] is None

    (root / "config.txt").write_text(
        '{"path_checkpoints": ["../a", "D:\\\\ai\\\\models"], "path_loras": "..\\\\b",'
        ' "path_vae": 3, "path_outputs": "/out", "default_model": "x"}'
    )
    types = {place.path: place.type for place in places_of(root)}

    assert types[tmp_path / "a"] == ModelType.Main
    assert types[tmp_path / "b"] == ModelType.Lora
    assert types[root / "models/checkpoints"] == ModelType.Main
    assert any(str(path).endswith("/ai/models") for path in types)
    assert Path("/out") not in types


def test_fooocus_config_that_is_broken(tmp_path: Path) -> None:
    root = trees.fooocus(tmp_path)
    for text in ('{\n\n "path_loras": "D:\\loras"}', '{\n\n"a": 1\n"b"'):
        (root / "config.txt").write_text(text)
        with pytest.raises(SourceError, match=r"config\.txt, line [34]") as caught:
            places_of(root)
        assert caught.value.hint
    for text in ("[" * 100_000, "[1]"):
        (root / "config.txt").write_text(text)
        with pytest.raises(SourceError, match=r"config\.txt"):
            places_of(root)


def test_draw_things_has_nothing_to_load(tmp_path: Path) -> None:
    assert places_of(trees.draw_things(tmp_path)) == ()


@pytest.mark.parametrize("program", PROGRAMS)
def test_nothing_is_written(program: str, tmp_path: Path) -> None:
    root = PROGRAMS[program][1](tmp_path / "there")
    before = trees.seen(tmp_path)

    layout = recognise(root, LAYOUTS)
    places = layout.places(root)
    list(layout.known(root))

    assert trees.seen(tmp_path) == before
    assert all(place.path.is_absolute() for place in places)
    # No file is searched twice, but for what links lead to.
    recursive = [place.path for place in places if place.recursive]
    assert not any(a in b.parents for a in recursive for b in recursive)


def test_recognising_looks_at_names_only(tmp_path: Path) -> None:
    """Neither the number of models nor the contents of any file matter."""
    root = trees.comfyui(tmp_path / "ComfyUI")
    for name in ("extra_model_paths.yaml", "invokeai.yaml.bak", "models/checkpoints/x.ckpt"):
        os.mkfifo(root / name)  # opening one would wait for ever

    assert name_of(root) == "comfyui"
    assert name_of(root / "models" / "checkpoints") == "plain"


def test_all_are_there_and_plain_comes_last() -> None:
    assert {layout.name for layout in LAYOUTS} == {
        *("comfyui", "a1111", "invokeai", "hf-cache", "plain"),
        *("swarmui", "stabilitymatrix", "fooocus", "draw-things"),
    }
    assert LAYOUTS[-1].name == "plain"
    assert all(layout.label for layout in LAYOUTS)


def test_a_name_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="'comfy' is not a layout") as caught:
        layout_named("comfy", LAYOUTS)
    assert "comfyui" in caught.value.hint

    with pytest.raises(SettingsError, match="matches no known layout"):
        recognise(tmp_path, LAYOUTS[:-1])
