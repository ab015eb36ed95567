"""``CivitaiModelSource``, and what people type or paste for one."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Literal, Self
from urllib.parse import parse_qs, urlsplit

from pydantic import Field, model_validator

from modelkeep.errors import UnsupportedSourceError
from modelkeep.http.urls import redacted
from modelkeep.sources.string_like import SiteSource

HOSTS = frozenset(
    f"{begin}civitai.{end}" for begin in ("", "www.") for end in ("com", "red", "green")
)
_TYPED = re.compile(
    r"civitai:(?P<model>\d{1,15})?(?:@(?P<version>\d{1,15}))?(?::(?P<variant>[^:]+))?",
    re.ASCII | re.IGNORECASE,
)
#: ``urn:air:{base}:{type}:civitai:{model}@{version}``, https://developer.civitai.com/docs/air.
_AIR = re.compile(
    r"(?:urn:)?(?:air:)?(?:[\w.-]+:){2}civitai:(?P<model>\d{1,15})(?:@(?P<version>\d{1,15}))?"
    r"(?:[:.].*)?",
    re.ASCII | re.IGNORECASE,
)
_NUMBER = re.compile(r"\d{1,15}", re.ASCII)
#: What a download link may say of the file that is wanted, in the order of our variant.
_CHOICES = ("type", "format", "size", "fp")
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
}


class CivitaiModelSource(SiteSource):
    """A model of Civitai in one version, or in its newest one.

    Attributes:
        version_id: Number of the version; the newest one when None.
        variant: Which of its files: words such as ``pruned fp16`` or ``Model SafeTensor``; the
            primary one when None.
        model_id: Number of the model; found by the version when None.

    Raises:
        pydantic.ValidationError: neither a version nor a model is named.
    """

    version_id: int | None = Field(default=None, ge=1)
    variant: str | None = None
    model_id: int | None = Field(default=None, ge=1)
    type: Literal["civitai"] = Field(default="civitai")

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.version_id is None and self.model_id is None:
            raise ValueError("a version_id or a model_id is needed")
        return self

    def __str__(self) -> str:
        version = f"@{self.version_id}" if self.version_id else ""
        variant = f":{self.variant}" if self.variant else ""
        return f"civitai:{self.model_id or ''}{version}{variant}"


def parse(text: str, hosts: Collection[str] = HOSTS) -> CivitaiModelSource | None:
    """Return the source that a text means, or None when it means none of Civitai.

    Args:
        text: A page of a model or version, a download link, ``urn:air:...``, or
            ``civitai:MODEL@VERSION``.
        hosts: Names under which the site is reached.

    Raises:
        UnsupportedSourceError: it is of the site and is not a model.
    """
    text = text.strip()
    found = _TYPED.fullmatch(text) or _AIR.fullmatch(text)
    if found is not None:
        groups = found.groupdict()
        if not (groups["model"] or groups["version"]):
            return None
        return _source(groups["model"], groups["version"], groups.get("variant"))
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
            choices = " ".join(query[name][0] for name in _CHOICES if query.get(name))
            return _source(None, number, choices or None)
        case ["models", number, *_] if _NUMBER.fullmatch(number):
            version = (query.get("modelVersionId") or [""])[0]
            return _source(number, version if _NUMBER.fullmatch(version) else None, None)
        case ["model-versions", number, *_] if _NUMBER.fullmatch(number):
            return _source(None, number, None)
    what = _NO_MODELS.get(parts[0].lower() if parts else "", "no page of a model")
    raise UnsupportedSourceError(
        f"{redacted(text)} is {what}",
        hint="Open the model on Civitai and use the address of its page.",
    )


def _source(
    model: str | None, version: str | None, variant: str | None
) -> CivitaiModelSource | None:
    numbers = [int(number) if number else None for number in (model, version)]
    if any(number == 0 for number in numbers):
        return None
    return CivitaiModelSource(model_id=numbers[0], version_id=numbers[1], variant=variant)
