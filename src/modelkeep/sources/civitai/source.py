"""``CivitaiModelSource``, and what people type or paste for one."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Literal, Self
from urllib.parse import parse_qs, urlsplit

from pydantic import Field, model_validator

from modelkeep.errors import UnsupportedSourceError
from modelkeep.http.urls import redacted
from modelkeep.sources.string_like import SiteSource

HOSTS = frozenset(
    f"{begin}civitai.{end}" for begin in ("", "www.") for end in ("com", "red", "green")
)
#: ``civitai:MODEL@VERSION+FILE.FORMAT:VARIANT``, of which an AIR has the same parts behind
#: ``urn:air:ECOSYSTEM:TYPE:``, see https://developer.civitai.com/docs/air.
_TYPED = re.compile(
    r"(?:urn:)?(?:air:)?(?:[\w.-]+:){0,2}?civitai:(?P<model>\d{1,15})?(?:@(?P<version>\d{1,15}))?"
    r"(?:\+(?P<file>\d{1,15}))?(?:\.(?P<format>[a-z]\w*))?(?::(?P<variant>.+))?",
    re.ASCII | re.IGNORECASE,
)
_OTHER_AIR = re.compile(r"urn:air:(?:[\w.-]+:){2}(?P<source>[\w.-]+):.*", re.ASCII | re.IGNORECASE)
#: What an AIR may name beside models of this site.
_OTHERS = frozenset({"huggingface"})
_NUMBER = re.compile(r"\d{1,15}", re.ASCII)
_NO_QUERY: Mapping[str, list[str]] = MappingProxyType({})
#: What a download link may say of the file that is wanted, in the order of our variant.
_CHOICES = ("type", "format", "size", "fp", "quantType")
#: What the page of a model may say of the version that it shows.
_VERSIONS = ("modelVersionId", "version", "versionId")
#: First words of pages that are no models, and what they are.
_NO_MODELS = {
    "images": "a picture",
    "posts": "a post",
    "articles": "an article",
    "collections": "a collection",
    "user": "a user page",
    "bounties": "a bounty",
    "login": "a login page",
    "search": "a search",
    "tag": "a list of models",
    "models": "a list of models",
    "reviews": "a review",
    "comments": "a discussion",
}


class CivitaiModelSource(SiteSource):
    """A model of Civitai in one version, or in its newest one.

    Attributes:
        version_id: Number of the version; the newest one when None.
        variant: Which of its files: words such as ``pruned fp16`` or ``Model SafeTensor``; the
            primary one when None.
        model_id: Number of the model; found by the version when None.
        file_id: Number of the file; chosen by ``variant`` when None.

    Raises:
        pydantic.ValidationError: neither a version nor a model is named.
    """

    version_id: int | None = Field(default=None, ge=1)
    variant: str | None = None
    model_id: int | None = Field(default=None, ge=1)
    file_id: int | None = Field(default=None, ge=1)
    type: Literal["civitai"] = Field(default="civitai")

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.version_id is None and self.model_id is None:
            raise ValueError("a version_id or a model_id is needed")
        return self

    def __str__(self) -> str:
        version = f"@{self.version_id}" if self.version_id else ""
        file = f"+{self.file_id}" if self.file_id else ""
        variant = f":{self.variant}" if self.variant else ""
        return f"civitai:{self.model_id or ''}{version}{file}{variant}"


def parse(text: str, hosts: Collection[str] = HOSTS) -> CivitaiModelSource | None:
    """Return the source that a text means, or None when it means none of Civitai.

    Args:
        text: A page of a model or version, a download link, ``urn:air:...``, or
            ``civitai:MODEL@VERSION+FILE:VARIANT``.
        hosts: Names under which the site is reached.

    Raises:
        UnsupportedSourceError: it is of the site and is not a model.
    """
    text = text.strip()
    if found := _TYPED.fullmatch(text):
        words = " ".join(filter(None, (found["format"], *(found["variant"] or "").split())))
        return _source(found["model"], found["version"], found["file"], words)
    if (other := _OTHER_AIR.fullmatch(text)) and other["source"].lower() not in _OTHERS:
        raise UnsupportedSourceError(
            f"{text} names something of {other['source']}, not of a known site",
            hint="Models of civitai and huggingface can be named so.",
        )
    if not re.match(r"(?i)https?://", text):
        if text.partition("/")[0].lower() not in hosts:
            return None
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        host = parts.netloc.rpartition("@")[2].lower()
        name = (parts.hostname or "").lower()
    except ValueError:
        return None
    if host not in hosts and name not in hosts:
        return None
    return _page([part for part in parts.path.split("/") if part], parse_qs(parts.query), text)


def _page(parts: list[str], query: Mapping[str, list[str]], text: str) -> CivitaiModelSource | None:
    if parts[:2] == ["api", "v1"]:
        parts = parts[2:]
    match parts:
        case ["api", "download", "models", number, *_] if _NUMBER.fullmatch(number):
            words = " ".join(query[name][0] for name in _CHOICES if query.get(name))
            return _source(None, number, _number(query, ("fileId",), text), words, query)
        case ["models", number, *_] if _NUMBER.fullmatch(number):
            version, file = _number(query, _VERSIONS, text), _number(query, ("fileId",), text)
            return _source(number, version, file, "", query)
        case ["model-versions", number, *_] if _NUMBER.fullmatch(number):
            return _source(None, number, _number(query, ("fileId",), text), "", query)
    what = _NO_MODELS.get(parts[0].lower() if parts else "", "not a page of a model")
    raise UnsupportedSourceError(
        f"{redacted(text)} is {what}",
        hint="Open the model on Civitai and use the address of its page.",
    )


def _number(query: Mapping[str, list[str]], names: Sequence[str], text: str) -> str | None:
    """Return the number that the query of an address has under one of these names.

    Raises:
        UnsupportedSourceError: what stands there is no number.
    """
    name = next((name for name in names if query.get(name)), None)
    if name is None:
        return None
    value = query[name][0]
    if not _NUMBER.fullmatch(value):
        raise UnsupportedSourceError(
            f"{redacted(text)} has no number behind {name}=",
            hint="Open the model on Civitai, choose the version, and copy the address again.",
        )
    return value


def _source(
    model: str | None,
    version: str | None,
    file: str | None,
    words: str,
    query: Mapping[str, list[str]] = _NO_QUERY,
) -> CivitaiModelSource | None:
    numbers = [int(number) if number else None for number in (model, version, file)]
    if any(number == 0 for number in numbers) or not (model or version):
        return None
    return CivitaiModelSource(
        model_id=numbers[0],
        version_id=numbers[1],
        file_id=numbers[2],
        variant=words or None,
        access_token=next(iter(query.get("token", [])), None),
    )
