"""What the Hugging Face API answers about a repository, read leniently."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from pydantic import ValidationError

from modelkeep.core.metadata import HuggingFaceMetadata, RemoteModelFile
from modelkeep.errors import ProtocolError, complaint_of
from modelkeep.sources.listing import usable_names
from modelkeep.sources.site import Terms

ENDPOINT = "https://huggingface.co"
#: Fields of the answer that are long and say nothing about the model.
_DROPPED = frozenset(
    {"siblings", "spaces", "model-index", "config", "widgetData", "transformersInfo"}
)


def file_url(endpoint: str, repo: str, revision: str, path: str) -> str:
    """Return the address of a file's bytes."""
    return f"{endpoint}/{repo}/resolve/{quote(revision, safe='')}/{quote(path)}"


def api_url(endpoint: str, repo: str, revision: str | None) -> str:
    """Return the address of what the API says of a repository."""
    at = f"/revision/{quote(revision, safe='')}" if revision else ""
    return f"{endpoint}/api/models/{repo}{at}"


def siblings(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the files that are listed, in their order.

    Raises:
        UnsafePathError: a file would lie outside of the model; names it.
    """
    listed = answer.get("siblings")
    by_name = {
        each["rfilename"]: each
        for each in (listed if isinstance(listed, list) else [])
        if isinstance(each, dict) and isinstance(each.get("rfilename"), str) and each["rfilename"]
    }
    model = str(answer.get("id") or answer.get("modelId"))
    return [by_name[name] for name in usable_names(by_name, model, "Hugging Face")]


def sha256_of(sibling: Mapping[str, Any]) -> str | None:
    """Return the sha256 of a listed file; small files have none."""
    lfs = sibling.get("lfs")
    found = lfs.get("sha256") or lfs.get("oid") if isinstance(lfs, dict) else None
    text = str(found or "").removeprefix("sha256:").lower()
    return text if len(text) == 64 and not set(text) - set("0123456789abcdef") else None  # noqa: PLR2004 - hex digits of sha256


def size_of(sibling: Mapping[str, Any]) -> int | None:
    """Return the bytes of a listed file, where the site gives them."""
    size = sibling.get("size")
    if size is None and isinstance(sibling.get("lfs"), dict):
        size = sibling["lfs"].get("size")
    return size if isinstance(size, int) and not isinstance(size, bool) and size >= 0 else None


def metadata_of(
    answer: Any, asked: str, endpoint: str = ENDPOINT, revision: str = "main"
) -> HuggingFaceMetadata:
    """Return what is stored of an answer.

    Args:
        answer: Of the API.
        asked: The repository that was asked for, which may have another name now: the paths of
            the files begin with its last part.
        endpoint: Address of the site, or of a mirror.
        revision: Of the files.

    Raises:
        ProtocolError: the answer describes no repository.
        UnsafePathError: it lists a file that would lie outside of the model.
    """
    repo = answer.get("id") or answer.get("modelId") if isinstance(answer, dict) else None
    if not isinstance(repo, str) or not repo:
        raise ProtocolError(
            "Hugging Face did not answer with a description of a repository",
            hint="Try again later.",
        )
    folder = asked.rpartition("/")[2]
    author = answer.get("author") or repo.rpartition("/")[0]
    tags = answer.get("tags")
    try:
        return HuggingFaceMetadata(
            id=repo,
            name=repo.rpartition("/")[2],
            author=str(author),
            tags={tag for tag in tags if isinstance(tag, str)} if isinstance(tags, list) else set(),
            tag_dict={key: value for key, value in answer.items() if key not in _DROPPED},
            last_modified=answer.get("lastModified") or datetime.fromtimestamp(0, UTC),
            files=[
                RemoteModelFile.model_validate(
                    {
                        "url": file_url(endpoint, repo, revision, each["rfilename"]),
                        "path": f"{folder}/{each['rfilename']}",
                        "size": size_of(each) or 0,
                        "sha256": sha256_of(each),
                    }
                )
                for each in siblings(answer)
            ],
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise ProtocolError(
            f"The answer about {repo} cannot be read: {first['loc']}: {complaint_of(first)}",
            hint="Try again later.",
        ) from error


def terms_of(answer: dict[str, Any]) -> Terms:
    """Return the licence and whether terms have to be accepted."""
    card = answer.get("cardData")
    card = card if isinstance(card, dict) else {}
    tags = [tag for tag in answer.get("tags") or () if isinstance(tag, str)]
    tagged = next((tag[8:] for tag in tags if tag.startswith("license:")), None)
    licence = card.get("license") or tagged
    if isinstance(licence, list):
        licence = ", ".join(map(str, licence))
    if card.get("license_name") and licence in {None, "other"}:
        licence = card["license_name"]
    link = card.get("license_link")
    return Terms(
        licence=str(licence) if licence else None,
        licence_url=link if isinstance(link, str) and link.startswith("https://") else None,
        gated=bool(answer.get("gated")),
    )


def base_hint_in(tags: Iterable[str]) -> str | None:
    """Return the model that tags name as the parent."""
    return _tag(tags, "base_model:")


def type_hint_in(tags: Iterable[str]) -> str | None:
    """Return the class of diffusers that tags name."""
    return _tag(tags, "diffusers:")


def _tag(tags: Iterable[str], begin: str) -> str | None:
    """Return what the first tag says that begins so."""
    return next((tag.removeprefix(begin) for tag in sorted(tags) if tag.startswith(begin)), None)
