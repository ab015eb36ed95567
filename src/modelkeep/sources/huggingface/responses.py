"""What the Hugging Face API says of a repository, read leniently, and why it refuses."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from pydantic import ValidationError

from modelkeep.core.metadata import HuggingFaceMetadata, RemoteModelFile
from modelkeep.errors import HttpStatusError, ProtocolError
from modelkeep.http.client import ApiResponse
from modelkeep.http.error_responses import error_message
from modelkeep.sources.listing import usable_names
from modelkeep.sources.site import Terms

ENDPOINT = "https://huggingface.co"
#: Fields of the answer that are long and say nothing about the model.
_DROPPED = frozenset(
    {"siblings", "spaces", "model-index", "config", "widgetData", "transformersInfo"}
)
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 401, 403, 404
_TOKENS = "https://huggingface.co/settings/tokens"
#: Why a repository is not given, and what to do.
_NO_REVISION = ("it has no such branch, tag or commit", "Look for its branches on {page}/tree/main")
_NO_FILE = ("it has no such file", "Look for its files on {page}/tree/main")
_DISABLED = ("it was disabled by the site", "Look for another source; {page} may say why.")
_INVALID = ("the token is not valid", f"Make a new token: {_TOKENS}")
_SCOPE = (
    "the token may not read it",
    f"Make a token of the kind read, or give this one the right: {_TOKENS}",
)
_HIDDEN = (
    "it does not exist, or it is private",
    "Check how it is written; for a private one give a token with --token or HF_TOKEN.",
)
_MISSING = (
    "it does not exist, or the token's account may not see it",
    "Check how it is written, and open {page} in a browser.",
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


def sha256_of(sibling: dict[str, Any]) -> str | None:
    """Return the sha256 of a listed file; small files have none."""
    lfs = sibling.get("lfs")
    found = lfs.get("sha256") or lfs.get("oid") if isinstance(lfs, dict) else None
    text = str(found or "").removeprefix("sha256:").lower()
    return text if len(text) == 64 and not set(text) - set("0123456789abcdef") else None  # noqa: PLR2004 - hex digits of sha256


def size_of(sibling: dict[str, Any]) -> int | None:
    """Return the bytes of a listed file, where they are told."""
    size = sibling.get("size")
    if size is None and isinstance(sibling.get("lfs"), dict):
        size = sibling["lfs"].get("size")
    return size if isinstance(size, int) and not isinstance(size, bool) and size >= 0 else None


def metadata_of(
    answer: Any, endpoint: str = ENDPOINT, revision: str = "main"
) -> HuggingFaceMetadata:
    """Return what is stored of an answer; paths begin with the repository's name.

    Raises:
        ProtocolError: the answer describes no repository.
        UnsafePathError: it lists a file that would lie outside of the model.
    """
    repo = answer.get("id") or answer.get("modelId") if isinstance(answer, dict) else None
    if not isinstance(repo, str) or not repo:
        raise ProtocolError(
            "Hugging Face answered with something that describes no repository",
            hint="Try again later.",
        )
    name = repo.rpartition("/")[2]
    author = answer.get("author") or repo.rpartition("/")[0]
    tags = answer.get("tags")
    try:
        return HuggingFaceMetadata(
            id=repo,
            name=name,
            author=str(author),
            tags={tag for tag in tags if isinstance(tag, str)} if isinstance(tags, list) else set(),
            tag_dict={key: value for key, value in answer.items() if key not in _DROPPED},
            last_modified=answer.get("lastModified") or datetime.fromtimestamp(0, UTC),
            files=[
                RemoteModelFile.model_validate(
                    {
                        "url": file_url(endpoint, repo, revision, each["rfilename"]),
                        "path": f"{name}/{each['rfilename']}",
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
            f"What Hugging Face says of {repo} cannot be read: {first['loc']}: {first['msg']}",
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


def refusal_error(
    reply: ApiResponse, repo: str, revision: str | None, *, has_token: bool
) -> HttpStatusError:
    """Return the error that says why a repository or file is not given, and what to do.

    Args:
        reply: A refusal.
        repo: Which repository was asked for.
        revision: Of it.
        has_token: A token went along.
    """
    code, said = reply.header("X-Error-Code"), reply.header("X-Error-Message")
    body = reply.body.decode("utf-8", "replace")
    page = f"https://huggingface.co/{repo}"
    why, hint = _reason(reply.status, code, f"{said} {body}", has_token=has_token)
    refusal = reply.error
    if not why:
        if refusal is not None:
            return refusal
        why, hint = "the answer was a refusal", "Try again later."
    at = f"@{revision}" if revision else ""
    # Its codes say all there is to say; without one its own words may say more.
    words = "" if code else error_message(reply.body, reply.header("Content-Type"))
    error = HttpStatusError(
        f"Hugging Face does not give {repo}{at} (status {reply.status}): {why}"
        + (f"; it says: {words}" if words else ""),
        status=reply.status,
        reason=refusal.reason if refusal is not None else "",
        hint=hint.format(page=page),
        headers=reply.headers,
        body=reply.body,
    )
    error.__cause__ = refusal.__cause__ if refusal is not None else None
    return error


def _reason(status: int, code: str, said: str, *, has_token: bool) -> tuple[str, str]:
    lowered = said.lower()
    is_refused = status in {_UNAUTHORIZED, _FORBIDDEN}
    if code == "GatedRepo" or (is_refused and "gated" in lowered):
        return _gated(lowered, has_token=has_token)
    cases = [
        (code == "RevisionNotFound", _NO_REVISION),
        (code == "EntryNotFound", _NO_FILE),
        (status == _FORBIDDEN and "disabled" in lowered, _DISABLED),
        (status == _UNAUTHORIZED and "invalid credentials" in lowered, _INVALID),
        (status == _FORBIDDEN and has_token, _SCOPE),
        (status == _UNAUTHORIZED and not has_token, _HIDDEN),
        (status == _NOT_FOUND or code == "RepoNotFound", _MISSING),
    ]
    return next((reason for holds, reason in cases if holds), ("", ""))


def _gated(said: str, *, has_token: bool) -> tuple[str, str]:
    if not has_token:
        return (
            "its terms have to be accepted first, and no token was given",
            "Accept them on {page}, then give a token with --token or HF_TOKEN.",
        )
    if "fine-grained" in said or "public gated" in said:
        return (
            "the token has not the right to read gated repositories",
            f"Let it read all public gated repositories that you can access: {_TOKENS}",
        )
    return (
        "its terms have to be accepted first by the account of the token",
        "Ask for access on {page}; where people decide about it, wait for their answer.",
    )
