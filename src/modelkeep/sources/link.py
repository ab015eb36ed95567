"""``URLModelSource`` and ``SITE``: a plain link to a file, which is asked last."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from pydantic import ConfigDict, Field, field_serializer, field_validator

from modelkeep.core.weight_names import MODEL_SUFFIXES, is_generic
from modelkeep.errors import NotAModelAnswerError, UnsupportedSourceError
from modelkeep.http.client import Peek
from modelkeep.http.error_responses import check_content
from modelkeep.http.request import HttpRequest
from modelkeep.http.urls import Token, file_name, is_storable, origin_of, redacted, without_secrets
from modelkeep.sources.site import RemoteFile, RemoteModel, Site, SiteContext
from modelkeep.sources.string_like import SiteSource, StringLikeSource

#: As much of a body tells a page from a file.
_FIRST_BYTES = 512
#: Parts of links that stand between a repository and its files.
_NO_TITLE = re.compile(
    r"(?i)resolve|raw|blob|tree|main|master|refs|releases?|download|downloads|files?|latest|-"
    r"|models?|api|v?\d[\d.]*|[0-9a-f]{40,64}"
)
_ENDINGS = MODEL_SUFFIXES | {".zip", ".7z"}


class URLModelSource(SiteSource):
    """One file behind a link.

    As text, in ``repr`` and in JSON it has no secrets: no login, and ``...`` for what its query
    says beside a few words that are known to be harmless. Two sources are equal when all of their
    links are.

    Raises:
        pydantic.ValidationError: it is not a link of the web.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: str
    type: Literal["url"] = Field(default="url")

    __hash__ = StringLikeSource.__hash__

    def __init__(self, url: Any = None, access_token: Any = None, **more: Any) -> None:
        given = {"url": url, "access_token": access_token}
        super().__init__(**{k: v for k, v in given.items() if v is not None}, **more)

    @field_validator("url", mode="before")
    @classmethod
    def _checked(cls, value: object) -> str:
        text = str(value).strip()
        try:
            origin_of(text)
        except UnsupportedSourceError as error:
            raise ValueError(str(error)) from None
        return text

    @field_serializer("url")
    def _serialized(self, url: str) -> str:
        return without_secrets(url)

    @property
    def has_secrets(self) -> bool:
        """The link holds more than may be written down, so its text does not lead there again."""
        return not is_storable(self.url)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        yield "url", str(self)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, URLModelSource):
            return self.url == other.url
        return super().__eq__(other)

    def __str__(self) -> str:
        return without_secrets(self.url)


class Link(Site):
    """Any server that gives a file for a link."""

    name = "link"
    label = "A plain link"
    order = 100
    takes_tokens = False
    source_class = URLModelSource

    def parse(self, text: str, endpoints: Mapping[str, str]) -> URLModelSource | None:
        """Return the link that a text is."""
        del endpoints
        text = text.strip()
        if not re.match(r"(?i)https?://", text):
            return None
        origin_of(text)
        return URLModelSource(url=text)

    def look_up(self, source: StringLikeSource, context: SiteContext) -> RemoteModel:
        """Ask for the first bytes of the file, for its name and its size.

        Raises:
            NotAModelAnswerError: a web page or a message is there; says what it is.
            HttpStatusError: the server refuses.
            DownloadError: it cannot be had.
        """
        if not isinstance(source, URLModelSource):
            raise UnsupportedSourceError(f"{source} is not a link")
        secret = source.access_token
        token = Token(secret, origin_of(source.url)) if secret else None
        found = context.client.peek(HttpRequest(source.url, token=token), _FIRST_BYTES)
        name = _name(found, source.url)
        _refuse_page(found, name)
        return RemoteModel(
            source=source,
            name=_title(name, source.url if is_generic(PurePosixPath(name).stem) else ""),
            files=(RemoteFile(url=source.url, path=name, size=found.head.total),),
            is_folder=False,
            token=token,
        )


def _name(found: Peek, url: str) -> str:
    """Name the file: as the server does, else by the link, else by where the link ended."""
    names = [file_name(found.head.file_name, url), file_name(None, found.url)]
    return next((name for name in names if _is_model_name(name)), names[0])


def _title(name: str, url: str) -> str:
    """Return what a model is called: its file, or the repository that a link leads through."""
    parts = [unquote(part) for part in urlsplit(url).path.split("/")[:-1]]
    names = (part for part in reversed(parts) if part and not _NO_TITLE.fullmatch(part))
    return next(names, PurePosixPath(name).stem)


def _is_model_name(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in _ENDINGS


def _refuse_page(found: Peek, name: str) -> None:
    answer = found.head
    try:
        check_content(found.start, answer.content_type, name, url=found.url, total=answer.total)
    except NotAModelAnswerError as error:
        if "login" in str(error) or _is_model_name(name):
            raise
        host = urlsplit(redacted(found.url)).hostname
        raise NotAModelAnswerError(
            str(error),
            hint=f"This is a page of {host}, not a file. Open it in a browser and copy the"
            " address of its download button. Use --token for files that need a login.",
        ) from None


SITE = Link()
