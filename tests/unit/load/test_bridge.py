"""What ``bridge.py`` takes from the libraries without their documenting it is still there.

A failure here says what a new version changed, before anything stranger fails.
"""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import pytest
import torch

from modelkeep.load import bridge
from support.loading_folders import load
from support.small_models import SmallModels

pytestmark = [pytest.mark.torch, pytest.mark.slow]

#: Functions, and the parameters by which they are called.
FUNCTIONS: dict[str, tuple[str, ...]] = {
    "diffusers:ConfigMixin.from_config": ("config",),
    "diffusers:ModelMixin._fix_state_dict_keys_on_load": ("state_dict",),
    "transformers:PreTrainedConfig.from_dict": ("config_dict",),
    "transformers:PreTrainedModel._initialize_weights": ("module", "is_custom_code"),
    "transformers:PreTrainedModel.is_custom_code": (),
    "transformers:PreTrainedModel._get_dtype_plan": ("dtype",),
    "transformers:PreTrainedModel._adjust_missing_and_unexpected_keys": ("loading_info",),
    "transformers:PreTrainedModel.tie_weights": ("missing_keys", "recompute_mapping"),
    "transformers:CLIPTokenizer._wrap_decode_method_backend_tokenizer": (),
    "transformers.conversion_mapping:get_model_conversion_mapping": ("model",),
    "transformers.core_model_loading:build_glob_alternation": ("globs",),
    "transformers.core_model_loading:dot_natural_key": ("s",),
    "transformers.core_model_loading:rename_source_key": (
        *("source_key", "weight_renamings", "weight_converters", "meta_state_dict"),
    ),
    "transformers.core_model_loading:WeightConverter.add_tensor": (
        *("target_key", "source_key", "source_pattern", "future"),
    ),
    "transformers.core_model_loading:WeightConverter.convert": ("layer_name", "model", "config"),
    "transformers.core_model_loading:WeightRenaming": ("source_patterns", "target_patterns"),
}
#: Attributes of classes that rules are read from.
ATTRIBUTES = (
    *("diffusers:ModelMixin._keep_in_fp32_modules",),
    *("diffusers:ModelMixin._keys_to_ignore_on_load_unexpected",),
    *("transformers:PreTrainedConfig.base_config_key", "transformers:PreTrainedConfig.sub_configs"),
    *("transformers:PreTrainedModel.base_model_prefix",),
)


def found(place: str) -> Any:
    module, _, path = place.partition(":")
    value: Any = importlib.import_module(module)
    for name in path.split("."):
        assert hasattr(value, name), f"{place} is gone: see bridge.py"
        value = getattr(value, name)
    return value


@pytest.mark.parametrize("place", FUNCTIONS)
def test_functions_take_what_they_took(place: str) -> None:
    takes = inspect.signature(found(place)).parameters
    for name in FUNCTIONS[place]:
        assert name in takes, f"{place} takes {list(takes)}, and no {name} any more: see bridge.py"


@pytest.mark.parametrize("place", ATTRIBUTES)
def test_attributes_are_still_there(place: str) -> None:
    found(place)


def test_constructing_initialises_nothing(
    small_models: SmallModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    import transformers

    folder = small_models.part("qwen2_5_vl")

    def refuse(*_: object) -> None:
        raise AssertionError("transformers initialises what is made under Construction")

    monkeypatch.setattr(transformers.PreTrainedModel, "initialize_weights", refuse)
    load(folder)


def test_constructing_sets_no_default(
    small_models: SmallModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(dtype: torch.dtype) -> None:
        raise AssertionError(f"the type of the whole process is set to {dtype}")

    folders = [small_models.part(name) for name in ("qwen2_5_vl", "clip_whole", "t5_whole")]
    monkeypatch.setattr(torch, "set_default_dtype", refuse)
    for folder in folders:
        load(folder, precision="bfloat16")


def test_names_of_transformers_before_version_5_are_known() -> None:
    import transformers

    made = bridge.skeleton(transformers.CLIPTextModel, {"num_hidden_layers": 1}, torch.float32)
    old = "text_model.embeddings.token_embedding.weight"
    [new] = made.renamed([old]).values()
    assert new in made.module.state_dict()
    assert made.complaints(set(), {"embeddings.position_ids"}) == (set(), set())


def test_what_stays_in_32_bits() -> None:
    import diffusers
    import transformers

    config = {"num_layers": 1, "vocab_size": 8}
    made = bridge.skeleton(transformers.T5EncoderModel, config, torch.float16)
    types = made.types(torch.float16)
    kept = {name for name, dtype in types.items() if dtype is torch.float32}
    assert kept == {name for name in types if ".wo." in name}
    transformer = diffusers.WanTransformer3DModel
    assert "time_embedder" in transformer._keep_in_fp32_modules
