"""``HFModelSource``, and what people type or paste for one."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from pydantic import Field, field_validator

from modelkeep.core.taxonomy import ModelRepoVariant
from modelkeep.errors import UnsupportedSourceError
from modelkeep.http.urls import redacted
from modelkeep.sources.string_like import SiteSource

HOSTS = frozenset({"huggingface.co", "www.huggingface.co", "hf.co"})
#: The Hub has no names that begin or end with a dot or a dash.
_NAME = r"\w(?:[.\w-]*\w)?"
_REPO = f"{_NAME}/{_NAME}"
_TYPED = re.compile(
    rf"(?P<repo>{_REPO})(?:/(?P<file>[^:@]+\.\w+))?(?:@(?P<revision>[^:]+))?"
    r"(?::(?P<variant>\w*))?(?::(?P<subfolder>[^:]*))?",
    re.ASCII,
)
#: First words of pages that are no models, and what they are.
_NO_MODELS = {
    "datasets": "a dataset",
    "spaces": "a space (an application)",
    "collections": "a collection",
    "papers": "a paper",
    "blog": "an article",
    "docs": "documentation",
    "organizations": "an organization",
    "settings": "a settings page",
    "join": "a sign-up page",
    "login": "a login page",
    "models": "a list of models",
    "buckets": "a bucket",
}
#: Pages of a repository that show a revision of it, or a file in one.
_VIEWS = frozenset({"tree", "blob", "resolve", "raw", "blame", "commit", "commits", "edit"})
#: Other pages of a repository.
_TALKS = frozenset({"discussions", "community"})
#: ``urn:air:{base}:{type}:huggingface:{repository}@{revision}``.
_AIR = re.compile(
    rf"(?:urn:)?(?:air:)?(?:[\w.-]+:){{0,2}}?huggingface:(?P<rest>{_REPO}(?:@[^:]+)?)",
    re.ASCII | re.IGNORECASE,
)


class HFModelSource(SiteSource):
    """A repository of Hugging Face, one folder or one file of it.

    Attributes:
        repo_id: ``organisation/name``.
        variant: Which form of the weights is wanted; what has it not falls back.
        subfolder: Only this folder, or this one file.
        revision: A branch, a tag or a commit; the main branch when None.
    """

    repo_id: str = Field(pattern=rf"^({_REPO})$")
    variant: ModelRepoVariant | None = ModelRepoVariant.FP16
    subfolder: str | None = None
    revision: str | None = None
    type: Literal["hf"] = Field(default="hf")

    if TYPE_CHECKING:  # what validation takes, for type checkers that do not know pydantic

        def __init__(
            self,
            *,
            repo_id: str,
            variant: ModelRepoVariant | str | None = ModelRepoVariant.FP16,
            subfolder: str | Path | None = None,
            revision: str | None = None,
            access_token: str | None = None,
        ) -> None: ...

    @field_validator("subfolder", mode="before")
    @classmethod
    def _as_text(cls, value: object) -> object:
        return None if value is None else str(value).strip("/") or None

    def __str__(self) -> str:
        at = f"@{self.revision}" if self.revision else ""
        variant = f":{self.variant.value}" if self.variant else ""
        if self.subfolder:
            variant = f"{variant or ':'}:{self.subfolder}"
        return f"{self.repo_id}{at}{variant}"


def parse(text: str, hosts: Collection[str] = HOSTS) -> HFModelSource | None:
    """Return the source that a text means, or None when it means none of Hugging Face.

    Args:
        text: ``org/name``, with ``@revision``, ``:variant:subfolder`` or ``/file`` behind it; a
            page or link of the site; ``hf://`` and ``hf:``.
        hosts: Names under which the site and its mirrors are reached.

    Raises:
        UnsupportedSourceError: it is of the site and is not a model.
    """
    text = text.strip()
    if text.lower().startswith("hf://"):
        return _uri(text[5:])
    if found := _AIR.fullmatch(text):
        return _typed(found["rest"])
    if re.match(r"(?i)hf:[^/]", text):
        return _typed(text[3:])
    if not re.match(r"(?i)https?://", text):
        if text.partition("/")[0].lower() not in hosts:
            return _typed(text)
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        host = parts.netloc.rpartition("@")[2].lower()
        name = (parts.hostname or "").lower()
    except ValueError:
        return None
    return _page(parts, text) if host in hosts or name in hosts else None


def _typed(text: str) -> HFModelSource | None:
    found = _TYPED.fullmatch(text)
    if found is None or text.startswith((".", "/")):
        return None
    _refuse_others(found["repo"].split("/"), text)
    variant, subfolder = found["variant"], found["subfolder"] or found["file"]
    if variant and variant.lower() not in set(ModelRepoVariant):
        known = ", ".join(ModelRepoVariant)
        raise UnsupportedSourceError(
            f"{text}: {variant!r} is not a variant",
            hint=f"Use one of {known}, or drop it. To choose a file: {found['repo']}/FILE",
        )
    return _source(found["repo"], found["revision"], subfolder, variant or None)


def _uri(text: str) -> HFModelSource | None:
    """Read what stands behind ``hf://``: ``[models/]org/name[@revision][/path]``."""
    parts = text.removeprefix("models/").split("/")
    _refuse_others(parts, f"hf://{text}")
    if len(parts) < 2:  # noqa: PLR2004 - organisation and name
        return None
    name, _, revision = parts[1].partition("@")
    rest = parts[2:]
    if revision == "refs":
        revision, rest = "/".join(["refs", *rest[:2]]), rest[2:]
    return _source(f"{parts[0]}/{name}", unquote(revision) or None, "/".join(rest) or None)


def _page(address: SplitResult, text: str) -> HFModelSource:
    parts = [part for part in address.path.split("/") if part]
    if parts[:2] == ["api", "models"]:
        parts = parts[2:]
        if parts[2:3] == ["revision"]:
            parts[2:3] = ["tree"]
    _refuse_others(parts, text)
    if len(parts) < 2:  # noqa: PLR2004 - organisation and name
        raise UnsupportedSourceError(
            f"{redacted(text)} is a page of a user or an organization, not a model",
            hint="Open one of its models and use that address.",
        )
    if ":" in parts[1] and (typed := _typed("/".join(parts))) is not None:
        return typed
    repo, view, rest = "/".join(map(unquote, parts[:2])), parts[2:3], parts[3:]
    if view and view[0] not in _VIEWS:
        raise _other_page(repo, view[0], rest, text)
    # Its listing of files opens one of them this way.
    shown = next(iter(parse_qs(address.query).get("show_file_info", [])), None)
    if not rest:
        return _source(repo, None, shown)
    count = 3 if rest[0] == "refs" else 1
    revision = unquote("/".join(rest[:count]))
    return _source(repo, revision, shown or unquote("/".join(rest[count:])) or None)


def _other_page(repo: str, view: str, rest: list[str], text: str) -> UnsupportedSourceError:
    """Return the error for a page of a repository that shows no files."""
    if view not in _TALKS:
        return UnsupportedSourceError(
            f"{redacted(text)} is not a page of files of {repo}", hint=f"Pass {repo}."
        )
    number = rest[0] if rest and rest[0].isdecimal() else ""
    of_request = f" or {repo}@refs/pr/{number} for the files of the pull request" if number else ""
    return UnsupportedSourceError(
        f"{redacted(text)} is a discussion or pull request of {repo}, not a model",
        hint=f"Pass {repo} for its main branch{of_request}.",
    )


def _source(
    repo: str, revision: str | None, subfolder: str | None, variant: str | None = None
) -> HFModelSource:
    if not re.fullmatch(_REPO, repo, re.ASCII):
        raise UnsupportedSourceError(
            f"{repo!r} is not the name of a repository",
            hint="The form is organisation/name.",
        )
    if {"..", "."} & set((subfolder or "").split("/")):
        raise UnsupportedSourceError(
            f"{repo}: {subfolder!r} is outside the repository", hint="Name a folder inside it."
        )
    revision = None if revision == "main" else revision
    # Only what was typed is set: a wish that cannot be met is said, a default is not.
    wish = {"variant": ModelRepoVariant(variant.lower())} if variant else {}
    return HFModelSource(repo_id=repo, subfolder=subfolder, revision=revision, **wish)


def _refuse_others(parts: list[str], text: str) -> None:
    if what := _NO_MODELS.get(parts[0].lower() if parts else "models"):
        raise UnsupportedSourceError(
            f"{redacted(text)} is {what} of Hugging Face, not a model",
            hint="Open the page of a model and use its address.",
        )
