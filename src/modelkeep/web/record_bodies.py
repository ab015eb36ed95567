"""What answers about records look like; the answers themselves are made of stored JSON."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class RecordBody(BaseModel):
    """A record; which other fields it has depends on its type and format."""

    model_config = ConfigDict(extra="allow")

    key: str
    name: str
    path: str
    type: str
    base: str
    format: str
    root: str
    state: str


class RecordList(BaseModel):
    """Records."""

    models: list[RecordBody]


class SummaryBody(BaseModel):
    """What a page of summaries shows of a record."""

    key: str
    type: str
    base: str
    format: str
    name: str
    description: str
    tags: list[str]


class SummaryPage(BaseModel):
    """A page of summaries; ``page`` counts from 0."""

    page: int
    pages: int
    per_page: int
    total: int
    items: list[SummaryBody]


class MetadataBody(BaseModel):
    """What a site says about a model."""

    model_config = ConfigDict(extra="allow")

    type: str
    name: str
    author: str
    tags: list[str]


#: Fields of a record, any of them.
Fields = dict[str, Any]
