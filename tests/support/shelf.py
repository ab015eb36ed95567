"""A library whose records are made up: what pages show needs no files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import AnyHttpUrl

from modelkeep import CivitaiMetadata, ModelManager
from modelkeep.core.configs import AnyModelConfig, ModelConfigFactory
from modelkeep.records.listing import NewRecord

_FORMATS = {"lora": "lycoris", "main": "checkpoint", "vae": "checkpoint"}


def put(manager: ModelManager, models: Iterable[Mapping[str, Any]]) -> list[AnyModelConfig]:
    """Record models; what is not given is that of a LoRA for SDXL."""
    return manager.records.add_models([record(**model) for model in models])


def many(count: int, **fields: Any) -> list[dict[str, Any]]:
    """Return the fields of so many LoRAs, in the order of their names."""
    return [{"name": f"model {number:04}", **fields} for number in range(count)]


def record(
    *, name: str, key: str = "", tags: Iterable[str] = (), nsfw: bool = False, **fields: Any
) -> NewRecord:
    """Return a record; the fields that are not given are those of a LoRA for SDXL."""
    key = key or name.replace(" ", "-")
    kind = fields.pop("type", "lora")
    config = {
        "name": name,
        "path": f"{key}.safetensors",
        "type": kind,
        "base": "sdxl",
        "format": _FORMATS[kind],
        **fields,
    }
    made: AnyModelConfig = ModelConfigFactory.make_config(config, key=key)
    return NewRecord(key, made, metadata=civitai(name) if nsfw else None, tags=tuple(tags))


def civitai(name: str) -> CivitaiMetadata:
    """Return what Civitai says of a model that is not for everybody."""
    moment = datetime(2024, 1, 2, tzinfo=UTC)
    return CivitaiMetadata(
        name=name, author="somebody", tags=set(), id=1, version_name="1", version_id=2,
        created=moment, updated=moment, published=moment, description="", version_description="",
        nsfw=True, download_url=AnyHttpUrl("https://civitai.com/x"), base_model_trained_on="SDXL",
    )  # fmt: skip
