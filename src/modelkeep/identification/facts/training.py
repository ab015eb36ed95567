"""How a model was made: what trainers and mergers wrote into its header, and its ranks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from modelkeep.core.training import MOST_CHARACTERS, MOST_MERGED, TrainingFacts
from modelkeep.identification.facts.captions import Captions, top_tags
from modelkeep.identification.facts.networks import algorithm_of, ranks_of
from modelkeep.identification.facts.stated import (
    entries,
    stated_count,
    stated_json,
    stated_number,
    stated_sha256,
    stated_text,
)
from modelkeep.identification.view import ModelView

_NOTHING = TrainingFacts()
_SIDES = re.compile(r"(\d{1,6})\D+(\d{1,6})")
_SIDE = re.compile(r"\d{2,6}")
_LONGEST = 200


def training_of(view: ModelView, captions: Captions) -> TrainingFacts | None:
    """Return how a model was made; None where nothing tells.

    Args:
        view: The model.
        captions: The table of tags in its header.
    """
    metadata = view.metadata
    peft = _peft_config(view)
    adapter = view.tensors.adapter
    lowest, rank = ranks_of(adapter) or (None, None)
    if rank is None:
        rank = stated_count(metadata.get("ss_network_dim")) or stated_count(peft.get("r"))
    progress = dict(entries(stated_json(metadata.get("training_info", ""))))
    names, method = _merge(metadata)
    found = TrainingFacts(
        algorithm=algorithm_of(adapter),
        rank=rank,
        lowest_rank=lowest if lowest != rank else None,
        alpha=_first_number(metadata.get("ss_network_alpha"), peft.get("lora_alpha")),
        module=stated_text(metadata.get("ss_network_module"), MOST_CHARACTERS),
        resolution=_resolution(metadata),
        epochs=_first_count(metadata.get("ss_epoch"), progress.get("epoch")),
        steps=_first_count(metadata.get("ss_steps"), progress.get("step")),
        images=stated_count(metadata.get("ss_num_train_images")),
        base=stated_text(metadata.get("ss_sd_model_name"), _LONGEST),
        architecture=_architecture(metadata),
        base_sha256=stated_sha256(metadata.get("ss_new_sd_model_hash")),
        tags=top_tags(captions),
        merged_from=names,
        merge_method=method,
    )
    return found if found != _NOTHING else None


def _peft_config(view: ModelView) -> Mapping[str, Any]:
    """Return the config of an adapter: of its folder, or of diffusers in the header."""
    if view.folder is not None:
        return view.folder.config("adapter_config.json") or {}
    stated = dict(entries(stated_json(view.metadata.get("lora_adapter_metadata", ""))))
    # Fields of several parts stand under ``transformer.r``, ``text_encoder.r`` ...
    fields = (
        (name.rpartition(".")[2], value)
        for name, value in stated.items()
        if not name.startswith("text_encoder")
    )
    return dict(fields)


def _architecture(metadata: Mapping[str, str]) -> str | None:
    for name in ("ss_base_model_version", "modelspec.architecture"):
        if (stated := stated_text(metadata.get(name), MOST_CHARACTERS)) is not None:
            return stated
    return None


def _resolution(metadata: Mapping[str, str]) -> str | None:
    for name in ("ss_resolution", "modelspec.resolution"):
        text = metadata.get(name, "")[:MOST_CHARACTERS]
        if sides := _SIDES.search(text):
            return f"{int(sides[1])}x{int(sides[2])}"
        if side := _SIDE.search(text):
            return f"{int(side[0])}x{int(side[0])}"
    return None


def _merge(metadata: Mapping[str, str]) -> tuple[tuple[str, ...], str | None]:
    """Return the names of the models that were merged, and how that was done."""
    recipe = dict(entries(stated_json(metadata.get("sd_merge_recipe", ""))))
    kind = recipe.get("interp_method") or recipe.get("type")
    names = dict.fromkeys(islice(_merged_names(metadata, recipe), MOST_MERGED))
    return tuple(names), stated_text(kind, MOST_CHARACTERS)


def _merged_names(metadata: Mapping[str, str], recipe: Mapping[str, Any]) -> Iterator[str]:
    models = stated_json(metadata.get("sd_merge_models", ""))
    named = (about.get("name") for _, about in entries(models) if isinstance(about, Mapping))
    in_recipe = (value for name, value in recipe.items() if name.endswith("_model_name"))
    listed = metadata.get("modelspec.merged_from", "")[: _LONGEST * MOST_MERGED].split(",")
    for each in (*islice(named, MOST_MERGED), *islice(in_recipe, MOST_MERGED), *listed):
        if (name := stated_text(each, MOST_CHARACTERS)) is not None:
            yield name


def _first_number(*values: Any) -> float | None:
    return next((n for value in values if (n := stated_number(value)) is not None), None)


def _first_count(*values: Any) -> int | None:
    return next((n for value in values if (n := stated_count(value)) is not None), None)
