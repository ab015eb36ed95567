"""Which files of a repository make up its model."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.core.choice import filter_files
from modelkeep.core.taxonomy import ModelRepoVariant

PIPELINE = [
    ".gitattributes", "README.md", "LICENSE.txt", "sample.png", "model_index.json",
    "everything.safetensors", "everything_fp16.safetensors", "scheduler/scheduler_config.json",
    "text_encoder/config.json", "text_encoder/model.safetensors",
    "text_encoder/model.fp16.safetensors", "text_encoder/pytorch_model.bin",
    "text_encoder/model.onnx", "text_encoder/flax_model.msgpack", "tokenizer/merges.txt",
    "tokenizer/vocab.json", "unet/config.json", "unet/model.onnx", "unet/model.onnx_data",
    "unet/diffusion_pytorch_model.safetensors", "unet/diffusion_pytorch_model.fp16.safetensors",
    "unet/diffusion_pytorch_model.non_ema.safetensors", "unet/diffusion_pytorch_model.bin",
    "vae/config.json", "vae/diffusion_pytorch_model.safetensors", "vae_decoder/config.json",
    "vae_decoder/model.onnx",
]  # fmt: skip
PLAIN = [
    "model_index.json", "scheduler/scheduler_config.json", "text_encoder/config.json",
    "text_encoder/model.safetensors", "tokenizer/merges.txt", "tokenizer/vocab.json",
    "unet/config.json", "unet/diffusion_pytorch_model.safetensors", "vae/config.json",
    "vae/diffusion_pytorch_model.safetensors",
]  # fmt: skip
SHARDS = [
    "config.json",
    "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
    "model.safetensors.index.json",
    "model.fp16-00001-of-00002.safetensors", "model.fp16-00002-of-00002.safetensors",
    "model.safetensors.index.fp16.json",
    "pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin",
    "pytorch_model.bin.index.json",
]  # fmt: skip


def chosen(files: list[str], *how: str | None) -> list[str]:
    return [path.as_posix() for path in filter_files(files, *how)]


@pytest.mark.parametrize("prefix", ["", "repo/"])
def test_a_pipeline_is_its_components_in_full_precision(prefix: str) -> None:
    files = [prefix + file for file in PIPELINE]
    assert chosen(files) == [prefix + file for file in PLAIN]
    assert filter_files([Path(file) for file in files]) == filter_files(files)


def test_a_variant_is_chosen_by_component_and_falls_back() -> None:
    found = chosen(PIPELINE, "fp16")
    assert [name for name in found if name.endswith(".safetensors")] == [
        "text_encoder/model.fp16.safetensors",
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "vae/diffusion_pytorch_model.safetensors",
    ]


def test_onnx_comes_with_its_data_and_its_own_folders() -> None:
    found = chosen(PIPELINE, "onnx")
    assert "unet/model.onnx_data" in found
    assert "vae_decoder/config.json" in found
    assert not any(name.startswith("vae/") or name.endswith(".safetensors") for name in found)


def test_flax_is_chosen_by_its_folders() -> None:
    assert "text_encoder/flax_model.msgpack" in chosen(PIPELINE, "flax")
    assert not any(name.endswith(".safetensors") for name in chosen(PIPELINE, "flax"))


def test_a_variant_without_weights_gives_nothing() -> None:
    assert chosen(PIPELINE, "openvino") == []
    assert chosen(["config.json"], "onnx") == []
    assert chosen(["config.json", "model.onnx"], "fp16") == []


@pytest.mark.parametrize("prefix", ["", "repo/"])
@pytest.mark.parametrize("sub", ["vae", "vae/", "repo/vae"])
def test_a_subfolder_is_a_model_of_its_own(prefix: str, sub: str) -> None:
    if not prefix and sub.startswith("repo"):
        sub = "vae"
    assert chosen([prefix + file for file in PIPELINE], "fp16", sub) == [
        f"{prefix}vae/config.json",
        f"{prefix}vae/diffusion_pytorch_model.safetensors",
    ]


def test_a_file_may_be_named() -> None:
    assert chosen(PIPELINE, None, "everything_fp16.safetensors") == ["everything_fp16.safetensors"]
    assert chosen(PIPELINE, None, "not/there") == []


def test_folders_that_the_index_does_not_name_are_left() -> None:
    files = [*PIPELINE, "extra/config.json", "extra/model.safetensors"]
    pipeline = {
        "_class_name": "X", "_ignore_files": ["tokenizer/merges.txt"], "text_encoder": ["a", "B"],
        "tokenizer": ["a", "B"], "unet": ["a", "B"], "scheduler": ["a", "B"],
        "vae": [None, None],
    }  # fmt: skip
    found = [path.as_posix() for path in filter_files(files, pipeline=pipeline)]
    without = {"vae/config.json", "vae/diffusion_pytorch_model.safetensors", "tokenizer/merges.txt"}
    assert found == [name for name in PLAIN if name not in without]


def test_shards_come_with_their_index() -> None:
    assert chosen(SHARDS) == sorted(SHARDS[:4])
    assert chosen(SHARDS, "fp16") == sorted([SHARDS[0], *SHARDS[4:7]])
    assert chosen(SHARDS, None, SHARDS[2]) == sorted(SHARDS[1:4])


def test_old_names_of_shards_are_known() -> None:
    old = [
        "model-00001-of-00002.fp16.safetensors", "model-00002-of-00002.fp16.safetensors",
        "model.safetensors.fp16.index.json",
    ]  # fmt: skip
    assert chosen(["config.json", "model.safetensors", *old], "fp16") == sorted(
        ["config.json", *old]
    )
    assert chosen([*SHARDS, *old], "fp16") == sorted([SHARDS[0], *SHARDS[4:7]])


def test_a_set_with_a_hole_is_no_model() -> None:
    files = [name for name in SHARDS if name != "model-00002-of-00002.safetensors"]
    assert chosen(files) == sorted([SHARDS[0], *SHARDS[4:7]])


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["README.md", "style.safetensors"], ["style.safetensors"]),
        (["a.ckpt", "a.safetensors", "workflow.json"], ["a.safetensors"]),
        (["v1.5.safetensors", "v1.6.safetensors"], ["v1.5.safetensors", "v1.6.safetensors"]),
        (
            ["pytorch_lora_weights.safetensors", "checkpoint-500/optimizer.bin",
             "checkpoint-500/pytorch_lora_weights.safetensors", "logs/x/events.json"],
            ["pytorch_lora_weights.safetensors"],
        ),
        (
            ["learned_embeds.bin", "learned_embeds-steps-500.bin", "token_identifier.txt",
             "concept_images/1.jpeg"],
            ["learned_embeds.bin", "token_identifier.txt"],
        ),
        (
            ["config.json", "diffusion_pytorch_model.bin", "diffusion_pytorch_model.safetensors",
             "diffusion_pytorch_model_promax.safetensors"],
            ["config.json", "diffusion_pytorch_model.safetensors"],
        ),
        (
            ["ip_adapter.bin", "image_encoder.txt", "image_encoder/config.json",
             "image_encoder/model.safetensors"],
            ["image_encoder.txt", "ip_adapter.bin"],
        ),
        (
            ["config.json", "model.safetensors", "tf_model.h5", "onnx/model.onnx", "merges.txt"],
            ["config.json", "merges.txt", "model.safetensors"],
        ),
    ],
)  # fmt: skip
def test_repositories_of_other_kinds(files: list[str], expected: list[str]) -> None:
    assert chosen(files, "default") == expected


STEMS = ["model", "pytorch_model", "diffusion_pytorch_model", "style", "learned_embeds"]
NAMES = st.builds(
    "{}{}{}{}.{}".format,
    st.sampled_from(["", "unet/", "vae/", "tokenizer/", "a/b/"]),
    st.sampled_from(STEMS),
    st.sampled_from(["", ".fp16", ".fp32", ".ema"]),
    st.sampled_from(["", "-00001-of-00002", "-00002-of-00002"]),
    st.sampled_from(["safetensors", "bin", "msgpack", "onnx", "json", "ckpt"]),
)
INDEXES = st.sampled_from(
    ["model_index.json", "model.safetensors.index.json", "unet/model.safetensors.index.fp16.json",
     "unet/pytorch_model.bin.index.json"]
)  # fmt: skip


@given(
    st.sets(NAMES | INDEXES, max_size=25),
    st.sampled_from([None, *ModelRepoVariant]),
    st.sampled_from([None, "unet"]),
)
def test_what_is_chosen_is_there_once_and_whole(
    files: set[str], variant: ModelRepoVariant | None, subfolder: str | None
) -> None:
    found = {path.as_posix() for path in filter_files(files, variant, subfolder)}
    assert found <= files
    formats: dict[tuple[str, str], set[str]] = {}
    for name in found:
        match = re.fullmatch(
            r"(.*/)?(\w+?)(\.\w+)?(?:-0000\d-of-00002)?\.(safetensors|bin|ckpt|msgpack|onnx)", name
        )
        if match:
            stem = "model" if match[2].endswith("model") else match[2]
            formats.setdefault((match[1] or "", stem), set()).add(f"{match[3]}.{match[4]}")
        if shard := re.search(r"-0000(\d)-of", name):
            other = "2" if shard[1] == "1" else "1"
            if not name.endswith((".onnx", ".json")):
                assert name.replace(shard[0], f"-0000{other}-of") in found
        if ".index." in name:
            folder = name.rpartition("/")[0]
            assert any("-of-00002" in each and each.startswith(folder) for each in found)
    if variant is not ModelRepoVariant.ONNX:
        assert all(len(each) == 1 for each in formats.values())
