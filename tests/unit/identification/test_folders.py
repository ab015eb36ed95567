"""Folders: links, limits, weights, configs."""

from __future__ import annotations

import json
import os
import pickle
import zipfile
from pathlib import Path

import pytest

from modelkeep.core import limits
from modelkeep.errors import (
    CorruptModelError,
    UnknownModelError,
    UnreadableSourceError,
    UnsafeModelError,
)
from modelkeep.identification.engine import identify
from modelkeep.identification.probe import VaeFolderProbe
from modelkeep.identification.readers.folder import FolderHeader
from sample_models import SD1, Shapes, typed, write_json, write_safetensors, write_sd1_folder
from unit.identification.cases import folder, ip_adapter, peft, plain


@pytest.fixture
def sd1(tmp_path: Path) -> Path:
    return write_sd1_folder(tmp_path / "harbour")


def test_a_whole_folder(sd1: Path) -> None:
    found = identify(sd1)

    assert (found.type, found.base, found.variant, found.name) == (
        "main",
        "sd-1",
        "normal",
        "harbour",
    )
    assert found.repo_variant == "default"
    assert found.prediction_type == "epsilon"


def test_inpainting_is_told_by_the_config(tmp_path: Path) -> None:
    assert identify(write_sd1_folder(tmp_path / "m", inputs=9)).variant == "inpaint"


def test_the_form_of_the_weights(tmp_path: Path) -> None:
    root = write_sd1_folder(tmp_path / "m", form="fp16")
    assert identify(root).repo_variant == "fp16"

    write_safetensors(root / "unet/diffusion_pytorch_model.safetensors", typed(plain()))
    assert identify(root).repo_variant == "default"


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("model.fp16.safetensors", "fp16"),
        ("model.fp32.safetensors", "fp32"),
        ("model.non_ema.safetensors", "default"),
        ("model.fp16-00001-of-00002.safetensors", "fp16"),
        ("model.onnx", "onnx"),
        ("openvino_model.bin", "openvino"),
        ("flax_model.msgpack", "flax"),
    ],
)
def test_forms_by_name(name: str, form: str, tmp_path: Path) -> None:
    write_safetensors(tmp_path / name, typed(plain()))

    assert FolderHeader(tmp_path).repo_variant == form


def test_an_empty_weight_file_is_refused_and_said_how_to_take(sd1: Path) -> None:
    weights = sd1 / "unet/diffusion_pytorch_model.safetensors"
    weights.write_bytes(b"")

    with pytest.raises(CorruptModelError, match="0 bytes") as caught:
        identify(sd1)

    assert str(weights) in str(caught.value)
    assert "--verify off" in caught.value.hint
    assert identify(sd1, strict=False).base == "sd-1"


@pytest.mark.parametrize(
    "content", [b"\xff" * 100, b"\x00" * 100, b"<!DOCTYPE html><html></html>", b"version 1"]
)
def test_a_broken_weight_file_is_named(content: bytes, sd1: Path) -> None:
    weights = sd1 / "vae/diffusion_pytorch_model.safetensors"
    weights.write_bytes(content)

    with pytest.raises(CorruptModelError, match="vae/diffusion_pytorch_model"):
        identify(sd1)


class _Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("true",)


def _write_pickle(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(_Evil()))
        archive.writestr("archive/version", "3\n")


@pytest.mark.parametrize(
    "name", ["unet/extra.bin", "pytorch_model.bin", "a/b/x.ckpt", "x.pth", "x.pt"]
)
@pytest.mark.parametrize("strict", [True, False])
def test_a_weight_file_that_would_run_code_is_refused(name: str, strict: bool, sd1: Path) -> None:
    (sd1 / name).parent.mkdir(parents=True, exist_ok=True)
    _write_pickle(sd1 / name)

    with pytest.raises(UnsafeModelError, match="system") as caught:
        identify(sd1, strict=strict)
    assert name in str(caught.value)


@pytest.mark.parametrize(
    "name",
    ["training_args.bin", "optimizer.bin", "scheduler.bin", "random_states_0.pkl", "optimizer.pt"],
)
def test_left_overs_of_training_are_not_looked_at(name: str, sd1: Path) -> None:
    _write_pickle(sd1 / name)

    assert identify(sd1).base == "sd-1"


def _index(root: Path, shards: dict[str, str]) -> None:
    write_json(root / "unet/diffusion_pytorch_model.safetensors.index.json", {"weight_map": shards})


def test_shards_that_are_there(sd1: Path) -> None:
    write_safetensors(sd1 / "unet/part-1.safetensors", typed(plain()))
    _index(sd1, {"weight": "part-1.safetensors"})

    assert identify(sd1).base == "sd-1"


def test_a_missing_shard_is_named(sd1: Path) -> None:
    write_safetensors(sd1 / "unet/part-1.safetensors", typed(plain()))
    _index(sd1, {"a": "part-1.safetensors", "b": "part-2.safetensors"})

    with pytest.raises(CorruptModelError, match=r"part-2\.safetensors"):
        identify(sd1)


def test_an_index_of_another_form_is_no_fault(sd1: Path) -> None:
    _index(sd1, {"a": "other-1.safetensors", "b": "other-2.safetensors"})

    assert identify(sd1).base == "sd-1"


@pytest.mark.parametrize("name", ["../vae/x.safetensors", "/etc/passwd", "..\\x", "a/../../b"])
@pytest.mark.parametrize("strict", [True, False])
def test_shards_outside_of_the_folder_are_refused(name: str, strict: bool, sd1: Path) -> None:
    _index(sd1, {"a": name})

    with pytest.raises(CorruptModelError, match="outside its folder"):
        identify(sd1, strict=strict)


def test_an_index_without_a_map(sd1: Path) -> None:
    write_json(sd1 / "unet/x.safetensors.index.json", {"weights": {}})

    with pytest.raises(CorruptModelError, match="weight_map"):
        identify(sd1)


@pytest.mark.parametrize("text", ["{", "[1]", "", "[" * 100_000, "nonsense"])
def test_a_broken_config_is_named(text: str, sd1: Path) -> None:
    (sd1 / "unet/config.json").write_text(text)

    with pytest.raises(CorruptModelError, match=r"unet/config\.json"):
        identify(sd1)


def test_a_config_over_the_limit(sd1: Path) -> None:
    with (sd1 / "unet/config.json").open("ab") as file:
        file.truncate(limits.FOLDER_JSON_BYTES + 1)

    with pytest.raises(CorruptModelError, match="a config may have"):
        identify(sd1)


def test_too_many_configs(tmp_path: Path) -> None:
    for number in range(limits.FOLDER_JSON_FILES + 1):
        write_json(tmp_path / f"m{number}/config.json", {})

    with pytest.raises(CorruptModelError, match="JSON configs"):
        identify(tmp_path)


def test_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FOLDER_FILES", 5)
    for number in range(6):
        (tmp_path / f"{number}.txt").touch()

    with pytest.raises(CorruptModelError, match="more than 5 files"):
        identify(tmp_path)


def test_too_deep(tmp_path: Path) -> None:
    (tmp_path / "/".join("d" * (limits.FOLDER_DEPTH + 2))).mkdir(parents=True)

    with pytest.raises(CorruptModelError, match="folders deep"):
        identify(tmp_path)


def test_weights_may_be_links_to_elsewhere(sd1: Path, tmp_path: Path) -> None:
    weights = sd1 / "unet/diffusion_pytorch_model.safetensors"
    weights.rename(tmp_path / "blob")
    weights.symlink_to(tmp_path / "blob")

    found = identify(sd1)

    assert found.base == "sd-1"
    assert found.size > 2_000_000_000


@pytest.mark.parametrize("target", ["/", "..", "../other"])
def test_folders_outside_are_not_followed(target: str, sd1: Path) -> None:
    (sd1.parent / "other").mkdir()
    (sd1 / "more").symlink_to(target)

    with pytest.raises(UnreadableSourceError, match="outside of the model"):
        identify(sd1)


def test_a_circle_of_links(sd1: Path) -> None:
    (sd1 / "unet/back").symlink_to("..")

    with pytest.raises(UnreadableSourceError, match="a link back to a parent folder"):
        identify(sd1)


def test_a_folder_that_is_linked_twice_counts_once(sd1: Path) -> None:
    before = identify(sd1).size
    (sd1 / "zzz").symlink_to("unet")

    assert identify(sd1).size == before


def test_a_link_to_nothing(sd1: Path) -> None:
    (sd1 / "unet/x.safetensors").symlink_to("gone")

    with pytest.raises(UnreadableSourceError, match="a broken link"):
        identify(sd1)


def test_a_pipe_in_a_folder(sd1: Path) -> None:
    os.mkfifo(sd1 / "unet/x.safetensors")

    with pytest.raises(UnreadableSourceError, match="neither a file nor a folder"):
        identify(sd1)


def test_tools_keep_their_folders(sd1: Path) -> None:
    (sd1 / ".git").mkdir()
    _write_pickle(sd1 / ".git/x.bin")

    assert identify(sd1).base == "sd-1"


def test_peft_folders(tmp_path: Path) -> None:
    made = folder(
        {"adapter_config.json": {"peft_type": "LORA"}},
        {"adapter_model.safetensors": lambda: peft(SD1)},
    )(tmp_path)

    found = identify(made)

    assert (found.type, found.base, found.format) == ("lora", "sd-1", "diffusers")


def test_empty_ip_adapter_weights_are_known_by_name(tmp_path: Path) -> None:
    root = folder({"image_encoder.txt": "x"}, name="ip_adapter_sd15")(tmp_path)
    (root / "ip_adapter.bin").touch()

    assert identify(root, strict=False).base == "sd-1"
    with pytest.raises(CorruptModelError):
        identify(root)


def test_an_ip_adapter_of_an_unknown_width_is_not_known_by_name(tmp_path: Path) -> None:
    def odd() -> Shapes:
        return ip_adapter(640)

    root = folder({"image_encoder.txt": "x"}, {"ip_adapter.safetensors": odd}, "ip_adapter_sd15")

    with pytest.raises(UnknownModelError):
        identify(root(tmp_path))


@pytest.mark.parametrize(
    ("name", "config", "base"),
    [
        ("sd-vae-ft-mse", {"_class_name": "AutoencoderKL", "latent_channels": 4}, "sd-1"),
        ("sdxl-vae", {"_class_name": "AutoencoderKL", "scaling_factor": 0.13025}, "sdxl"),
        ("plain", {"_class_name": "AutoencoderKL", "scaling_factor": 0.13025}, "sdxl"),
        ("named-xl", {"_class_name": "AutoencoderKL", "scaling_factor": 0.18215}, "sd-1"),
        ("taesd", {"_class_name": "AutoencoderTiny", "scaling_factor": 1.0}, "sd-1"),
        ("taesdxl", {"_class_name": "AutoencoderTiny", "scaling_factor": 1.0}, "sdxl"),
        (
            "taesd",
            {
                "_class_name": "AutoencoderTiny",
                "scaling_factor": 1.0,
                "block_out_channels": [64, 64, 64, 64],
            },
            "sd-1",
        ),
        (
            "taef1",
            {"_class_name": "AutoencoderTiny", "latent_channels": 16, "scaling_factor": 1.0},
            "flux",
        ),
    ],
)
def test_vae_folders_that_hold_only_a_config(
    name: str, config: dict[str, object], base: str, tmp_path: Path
) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "config.json").write_text(json.dumps(config))

    probe = VaeFolderProbe(tmp_path / name)

    assert probe.get_base_type() == base
    assert probe.get_repo_variant() == "default"


def test_a_vae_folder_named_vae_asks_the_folder_around_it(tmp_path: Path) -> None:
    made = tmp_path / "taesdxl" / "vae"
    write_json(made / "config.json", {"_class_name": "AutoencoderTiny", "scaling_factor": 1.0})

    assert VaeFolderProbe(made).get_base_type() == "sdxl"
