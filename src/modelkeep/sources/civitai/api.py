"""``CivitaiApi``: requests to the API of Civitai, and why it refuses some."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modelkeep.errors import HttpStatusError, ProtocolError, UnsupportedSourceError
from modelkeep.http.client import ApiResponse
from modelkeep.http.error_responses import error_message
from modelkeep.sources.civitai import responses
from modelkeep.sources.civitai.source import CivitaiModelSource
from modelkeep.sources.sidecars.civitai import Json, objects, part
from modelkeep.sources.sidecars.clean_text import one_line
from modelkeep.sources.site import SiteConnection, refusal

#: The site for all ages; what it does not have its other address may have.
_OTHER = "https://civitai.red"
_REFUSED, _NO_METHOD = 400, 405
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _GONE, _BUSY, _UNAVAILABLE = 401, 403, 404, 410, 429, 503
_TOKEN = "Store one with modelkeep token set civitai, or pass it with --token or CIVITAI_API_TOKEN."  # noqa: S105 - a hint
#: Hashes, and models, that one request may ask for.
AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class FoundVersion:
    """A version of a model.

    Attributes:
        version: What the site says of it, joined with its model.
        free: Where it is in early access, the newest older version that is not.
    """

    version: Json
    free: Json | None = None


@dataclass(frozen=True)
class CivitaiApi:
    """The API of the site."""

    site: SiteConnection

    def get(self, path: str, what: str, params: Sequence[tuple[str, Any]] = ()) -> Json:
        """Return the object that a path answers with.

        Raises:
            HttpStatusError: it is refused; says why and what to do.
            ProtocolError: it is not an object.
        """
        return self._object(self._get(path, params), what)

    def fetch_version(self, source: CivitaiModelSource) -> FoundVersion:
        """Return the version that a source means, joined with its model.

        Raises:
            UnsupportedSourceError: the model has no version, or not this one.
            HttpStatusError: the site refuses; says why and what to do.
        """
        number, model_id = source.version_id, source.model_id
        version: Json | None = None
        if model_id is None:
            version = self._version(number)
            found = version.get("modelId")
            if not isinstance(found, int):
                return FoundVersion(responses.joined(version, None))
            model_id = found
        try:
            model = self._model(model_id)
        except HttpStatusError:
            if number is None:
                raise
            # Some are found by their version only, and without licence and creator.
            version = version or self._version(number)
            _require_of(version, model_id)
            return FoundVersion(responses.joined(version, None))
        listed = responses.versions_of(model)
        if number is None:
            chosen = _newest(listed, source)
        else:
            known = next((each for each in listed if each.get("id") == number), version)
            chosen = known or self._version(number)
            _require_of(chosen, model_id)
        free = _free_beside(chosen, listed) if responses.is_early(chosen) else None
        return FoundVersion(responses.joined(chosen, model), free)

    def versions_by_hash(self, sha256: Sequence[str]) -> list[Json]:
        """Return the versions that have files with these hashes, joined with their models.

        Raises:
            HttpStatusError: the site refuses; says why and what to do.
            ProtocolError: it answers with something else than a list.
        """
        hashes = [text.upper() for text in sorted(sha256)]
        client = self.site.context.client
        reply = client.post(self.site.request(self._url("model-versions/by-hash")), hashes)
        if reply.status in {_NOT_FOUND, _NO_METHOD}:  # as before it took lists
            found: Any = [self._version_by_hash(each) for each in hashes]
        elif reply.status >= _REFUSED:
            raise self.refusal_of(reply, "models by hash")
        else:
            found = reply.json()
        if not isinstance(found, list):
            raise ProtocolError("Civitai did not answer a list of hashes with a list")
        versions = [version for version in found if isinstance(version, dict)]
        models = self._models_of(versions)
        return [responses.joined(each, models.get(each.get("modelId"))) for each in versions]

    def _url(self, path: str, endpoint: str = "") -> str:
        return f"{endpoint or self.site.endpoint}/api/v1/{path}"

    def _get(self, path: str, params: Sequence[tuple[str, Any]] = ()) -> ApiResponse:
        client = self.site.context.client
        reply = client.get(self.site.request(self._url(path)), params)
        is_first = self.site.is_ours and self.site.endpoint == responses.ENDPOINT
        if reply.status == _NOT_FOUND and is_first:
            other = client.get(self.site.request(self._url(path, _OTHER)), params)
            reply = other if other.status < _REFUSED else reply
        return reply

    def _version(self, number: int | None) -> Json:
        return self.get(f"model-versions/{number}", f"version {number}")

    def _model(self, number: int) -> Json:
        return self.get(f"models/{number}", f"model {number}")

    def _version_by_hash(self, sha256: str) -> Json | None:
        path = self._url(f"model-versions/by-hash/{sha256}")
        reply = self.site.context.client.get(self.site.request(path))
        return None if reply.status == _NOT_FOUND else self._object(reply, "a model by its hash")

    def _models_of(self, versions: Sequence[Json]) -> Mapping[Any, Json]:
        """Return the models of versions by their numbers, all asked for at once.

        What is found by a hash says neither who made it nor whom it shows.
        """
        numbers = sorted({n for v in versions if isinstance(n := v.get("modelId"), int)})
        if not numbers:
            return {}
        params = [*(("ids", n) for n in numbers[:AT_ONCE]), ("limit", AT_ONCE), ("nsfw", "true")]
        reply = self.site.context.client.get(self.site.request(self._url("models")), params)
        if reply.status >= _REFUSED:
            return {}
        found = reply.json()
        items = objects(found, "items") if isinstance(found, dict) else []
        return {model.get("id"): model for model in items}

    def _object(self, reply: ApiResponse, what: str) -> Json:
        if reply.status >= _REFUSED:
            raise self.refusal_of(reply, what)
        found = reply.json()
        if not isinstance(found, dict):
            raise ProtocolError(
                f"Civitai did not answer with a JSON object to {what}",
                hint="Try again later.",
            )
        return found

    def refusal_of(self, reply: ApiResponse, what: str) -> HttpStatusError:
        """Return the error that says why something is refused, and what to do."""
        why, hint = _reason(reply, has_token=self.site.token is not None)
        message = f"Civitai refuses {what} (status {reply.status}): {why}"
        return refusal(reply, message, hint)


def _newest(listed: Sequence[Json], source: CivitaiModelSource) -> Json:
    """Return the newest version that can be downloaded, or the one with the file that is meant."""
    if source.file_id is not None:
        for version in listed:
            if any(file.get("id") == source.file_id for file in objects(version, "files")):
                return version
        raise UnsupportedSourceError(
            f"Model {source.model_id} of Civitai has no file {source.file_id}",
            hint=f"Check its page: {responses.ENDPOINT}/models/{source.model_id}",
        )
    available = next(filter(responses.is_available, listed), None)
    chosen = available or (listed[0] if listed else None)
    if chosen is None:
        raise UnsupportedSourceError(
            f"Model {source.model_id} of Civitai has no version that can be downloaded",
            hint="Check its page: it may be archived or usable on the site only.",
        )
    return chosen


def _require_of(version: Json, model_id: int | None) -> None:
    """Refuse a version of another model than the one that was asked for."""
    other = version.get("modelId")
    if isinstance(other, int) and other != model_id:
        number, name = version.get("id"), one_line(part(version, "model").get("name"))
        called = f" ({name})" if name else ""
        raise UnsupportedSourceError(
            f"Version {number} of Civitai belongs to model {other}{called}, not to model"
            f" {model_id}",
            hint=f"Pass civitai:{other}@{number}, or choose a version on"
            f" {responses.ENDPOINT}/models/{model_id}",
        )


def _free_beside(version: Json, listed: Sequence[Json]) -> Json | None:
    """Return the newest version after this one that can be had now; versions come newest first."""
    at = next((i for i, each in enumerate(listed) if each.get("id") == version.get("id")), -1)
    later = (each for each in listed[at + 1 :] if responses.is_available(each))
    return next((each for each in later if not responses.is_early(each)), None)


def _reason(reply: ApiResponse, *, has_token: bool) -> tuple[str, str]:
    """Return why the site refuses, and what to do."""
    body = _body(reply)
    message = error_message(reply.body, reply.header("Content-Type"))
    quoted = f"; it says: {message}" if message else ""
    if "disabled downloads" in message.lower():
        return (
            f"its creator does not allow downloads{quoted}",
            "It can be used on the site only.",
        )
    if reply.status == _UNAUTHORIZED and has_token:
        return (
            f"the token is invalid{quoted}",
            f"Make a new one on civitai.com/user/account. {_TOKEN}",
        )
    if reply.status == _UNAUTHORIZED:
        return f"it needs a token{quoted}", _TOKEN
    if reply.status == _FORBIDDEN and body.get("error") == "Early Access":
        until = one_line(body.get("deadline")) or ""
        end = f" until {until[:10]}" if until else ""
        return f"it is in early access{end}{quoted}", "Buy it on the site or wait."
    cases = {
        _FORBIDDEN: ("this account has no access to it", "Look at its page on the site."),
        _NOT_FOUND: (
            "it does not exist, or is not published",
            "Check its address.",
        ),
        _GONE: ("the site archived it", "Look for another source of the same file."),
        _BUSY: ("too many requests", "Wait a few minutes, then try again."),
        _UNAVAILABLE: ("it is overloaded", "Wait a few minutes, then try again."),
    }
    why, hint = cases.get(reply.status, ("the request was refused", "Try again later."))
    return why + quoted, hint


def _body(reply: ApiResponse) -> dict[str, Any]:
    try:
        value = json.loads(reply.body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
