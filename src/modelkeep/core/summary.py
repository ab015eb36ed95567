"""``ModelSummary``: what a page of records shows of each."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, Field

from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType


class ModelSummary(BaseModel):
    """What a page of records shows of each."""

    key: str
    type: ModelType
    base: BaseModelType
    format: ModelFormat
    name: str
    description: str = ""
    tags: set[str] = Field(default_factory=set)

    @classmethod
    def of(cls, config: ModelConfigBase, tags: set[str]) -> Self:
        """Summarise one record."""
        return cls(
            key=config.key,
            type=config.type,
            base=config.base,
            format=config.format,
            name=config.name,
            description=config.description or "",
            tags=tags,
        )
