"""What a header tells about training and merging: read within bounds, shown and found."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from modelkeep import ModelManager, Settings
from modelkeep.app.identify import answer
from modelkeep.app.model import show
from modelkeep.core.training import MOST_TAGS, TrainingFacts
from modelkeep.identification.engine import identify
from sample_models import SD1, SDXL, Shapes, ldm_unet, typed, write_safetensors

_MODULE = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k"
_CONV = "lora_unet_down_blocks_1_resnets_0_conv1"
_IN, _OUT = 768, 640
_LORA: Shapes = {
    f"{_MODULE}.lora_down.weight": (16, _IN),
    f"{_MODULE}.lora_up.weight": (_OUT, 16),
}
_LOHA: Shapes = {
    f"{_MODULE}.hada_{w}_{side}": (_OUT, 8) if side == "a" else (8, _IN)
    for w in ("w1", "w2")
    for side in "ab"
}
_LOKR: Shapes = {
    f"{_MODULE}.lokr_w1": (8, 8),
    f"{_MODULE}.lokr_w2_a": (80, 4),
    f"{_MODULE}.lokr_w2_b": (4, 96),
}
_KERNEL: Shapes = {
    f"{_CONV}.lora_down.weight": (4, 320, 3, 3),
    f"{_CONV}.lora_up.weight": (_OUT, 4, 1, 1),
}
_KOHYA = {
    "ss_network_module": "networks.lora",
    "ss_network_dim": "16",
    "ss_network_alpha": "8.0",
    "ss_resolution": "(768, 1024)",
    "ss_epoch": "4",
    "ss_num_epochs": "10",
    "ss_steps": "1600",
    "ss_num_train_images": "40",
    "ss_sd_model_name": "some-base.safetensors",
    "ss_base_model_version": "sd_v1",
    "ss_new_sd_model_hash": "AB" * 32,
    "ss_tag_frequency": json.dumps({"10_paper": {"paper cut": 40, "tree": 12}, "5_b": {"tree": 8}}),
}


def _read(shapes: Shapes, root: Path, metadata: Mapping[str, str]) -> TrainingFacts | None:
    return identify(write_safetensors(root / "m.safetensors", typed(shapes), metadata)).training


def test_what_a_trainer_wrote(tmp_path: Path) -> None:
    assert _read(_LORA, tmp_path, _KOHYA) == TrainingFacts(
        algorithm="LoRA",
        rank=16,
        alpha=8.0,
        module="networks.lora",
        resolution="768x1024",
        epochs=4,
        steps=1600,
        images=40,
        base="some-base.safetensors",
        architecture="sd_v1",
        base_sha256="ab" * 32,
        tags={"paper cut": 40, "tree": 20},
    )


@pytest.mark.parametrize(
    ("shapes", "algorithm", "ranks"),
    [
        (_LORA, "LoRA", (16, None)),
        (_LORA | {f"{_MODULE}.dora_scale": (1, _IN)}, "DoRA", (16, None)),
        (_LORA | _KERNEL, "LoCon", (16, 4)),
        (_LOHA, "LoHa", (8, None)),
        (_LOKR, "LoKr", (4, None)),
        ({f"{_MODULE}.oft_blocks": (4, 160, 160)}, "OFT", (None, None)),
        ({f"{_MODULE}.oft_blocks": (2, 4, 160, 160)}, "BOFT", (None, None)),
        ({f"{_MODULE}.diff": (_OUT, _IN)}, "full difference", (None, None)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_algorithm_and_rank_come_from_the_tensors(
    shapes: Shapes, algorithm: str, ranks: tuple[int | None, int | None], tmp_path: Path
) -> None:
    found = _read(shapes, tmp_path, {"modelspec.architecture": "stable-diffusion-v1/lora"})
    assert found is not None
    assert (found.algorithm, (found.rank, found.lowest_rank)) == (algorithm, ranks)


def test_other_trainers(tmp_path: Path) -> None:
    peft = {"unet.r": 4, "unet.lora_alpha": 12, "text_encoder.r": 2}
    told = {
        "lora_adapter_metadata": json.dumps(peft),
        "training_info": json.dumps({"step": 250, "epoch": 3}),
        "modelspec.resolution": "1024",
    }
    found = _read(_LORA, tmp_path, told)
    assert found is not None
    assert (found.rank, found.alpha, found.steps, found.epochs) == (16, 12.0, 250, 3)
    assert found.resolution == "1024x1024"


def test_merges(tmp_path: Path) -> None:
    recipe = {"type": "webui", "interp_method": "Weighted sum", "primary_model_hash": "ab"}
    models = {"ab" * 32: {"name": "one"}, "cd" * 32: {"name": "two"}, "x": "not an object"}
    told = {"sd_merge_recipe": json.dumps(recipe), "sd_merge_models": json.dumps(models)}
    found = _read(ldm_unet(SDXL), tmp_path, told)
    assert found is not None
    assert (found.merged_from, found.merge_method) == (("one", "two"), "Weighted sum")
    listed = _read(ldm_unet(SDXL), tmp_path, {"modelspec.merged_from": "one, two , , one"})
    assert listed is not None
    assert listed.merged_from == ("one", "two")


def test_a_model_of_which_nothing_is_told(tmp_path: Path) -> None:
    assert _read(ldm_unet(SD1), tmp_path, {}) is None


def _deep(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


@pytest.mark.parametrize(
    "hostile",
    [
        {"ss_network_dim": "9" * 5000, "ss_network_alpha": "nan", "ss_steps": "-inf"},
        {"ss_network_alpha": "1e999", "ss_epoch": "-4", "ss_num_train_images": "None"},
        {"ss_tag_frequency": _deep(200_000), "sd_merge_models": _deep(200_000)},
        {"ss_tag_frequency": "[1, 2]", "sd_merge_recipe": '"text"', "training_info": "[[]]"},
        {"ss_tag_frequency": '{"10_a": {"x": NaN, "y": Infinity, "z": true, "w": "5"}}'},
        {"ss_tag_frequency": '{"10_a": [1], "b": null, "c": {"d": {"e": 1}}, "f": {"g": -1}}'},
        {"ss_tag_frequency": '{"10_a": {"x": 1' + "0" * 400 + "}}"},
        {"ss_new_sd_model_hash": "short", "modelspec.resolution": "x" * 10_000},
        {"ss_sd_model_name": "\x00\x1b \n", "lora_adapter_metadata": "{"},
        {"sd_merge_models": json.dumps({"a": {"name": 5}, "b": {"name": ["x"]}})},
    ],
    ids=range(10),
)
def test_what_strangers_wrote_does_no_harm(hostile: Mapping[str, str], tmp_path: Path) -> None:
    found = _read(_LORA, tmp_path, hostile)
    assert found is not None
    plain = TrainingFacts(algorithm="LoRA", rank=found.rank, lowest_rank=found.lowest_rank)
    assert found == plain


def test_long_tables_are_cut(tmp_path: Path) -> None:
    tags = {f"tag {n}" + "x" * 500: n + 1 for n in range(5_000)}
    merged = {f"{n:064}": {"name": f"model {n}"} for n in range(5_000)}
    told = {"ss_tag_frequency": json.dumps({"1_a": tags}), "sd_merge_models": json.dumps(merged)}
    found = _read(_LORA, tmp_path, told)
    assert found is not None
    assert len(found.tags) == MOST_TAGS
    assert max(map(len, found.tags)) == 100
    assert next(iter(found.tags)).startswith("tag 4999")
    assert len(found.merged_from) == 50


@pytest.fixture
def library(tmp_path: Path) -> Path:
    with ModelManager(root=tmp_path / "root") as manager:
        lora = write_safetensors(tmp_path / "style.safetensors", typed(_LORA), _KOHYA)
        manager.installer.register_path(lora)
        manager.installer.register_path(
            write_safetensors(tmp_path / "other.safetensors", typed(ldm_unet(SD1)))
        )
    return tmp_path / "root"


def test_a_record_keeps_it_and_shows_it(library: Path) -> None:
    with ModelManager(root=library) as manager:
        details = show(manager, "style")
    assert details.to_json()["training"]["rank"] == 16
    assert details.to_json()["training"]["tags"] == {"paper cut": 40, "tree": 20}
    told = str(details)
    for line in (
        "LoRA, rank 16, alpha 8, networks.lora",
        "768x1024, 4 epochs, 1,600 steps, 40 images",
        "some-base.safetensors, sd_v1",
        "paper cut (40), tree (20)",
    ):
        assert line in told


@pytest.mark.parametrize(
    "words", ["paper cut", "rank16", "rank 16", "768x1024", "some-base", "sd_v1", "tree lora"]
)
def test_searching_finds_it(words: str, library: Path) -> None:
    with ModelManager(root=library) as manager:
        found = [model.name for model in manager.records.search(text=words)]
    assert found == ["style"]


def test_identify_says_it(tmp_path: Path) -> None:
    lora = write_safetensors(tmp_path / "style.safetensors", typed(_LORA), _KOHYA)
    with ModelManager(root=tmp_path / "root") as manager:
        assert "trained as LoRA, rank 16, alpha 8" in str(answer(manager, lora))


def test_identifying_again_fills_in_what_an_older_record_lacks(library: Path) -> None:
    with ModelManager(Settings(root=library)) as manager:
        record: Any = manager.find("style")
        manager.records.update_model(record.key, {"training": None})
        assert manager.installer.reidentify(record.key).training is not None
