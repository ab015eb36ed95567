"""``SITE``: Civitai."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from modelkeep.errors import HttpStatusError, ProtocolError, UnsupportedSourceError
from modelkeep.http.client import ApiResponse
from modelkeep.http.request import HttpRequest
from modelkeep.http.urls import Origin, Token, origin_of
from modelkeep.sources.civitai import responses
from modelkeep.sources.civitai.refusals import refusal_error
from modelkeep.sources.civitai.selection import is_pickle, select_file
from modelkeep.sources.civitai.source import HOSTS, CivitaiModelSource, parse
from modelkeep.sources.civitai.type_names import TYPES
from modelkeep.sources.listing import usable_names
from modelkeep.sources.sidecars.civitai import Json, objects, part
from modelkeep.sources.sidecars.clean_text import known_word, one_line
from modelkeep.sources.site import RemoteFile, RemoteModel, SearchResult, Site, SiteContext
from modelkeep.sources.string_like import StringLikeSource

_OWN = frozenset(Origin("https", host, 443) for host in HOSTS)
#: The site for all ages; what it does not have its other address may have.
_OTHER = "https://civitai.red"
_REFUSED, _NOT_FOUND, _NO_METHOD = 400, 404, 405
_FOUND = 20
#: Hashes, and models, that one request may ask for.
_AT_ONCE = 100
_TAME = frozenset({"pg", "pg13"})
_SORTS = {"downloads": "Most Downloaded", "likes": "Most Liked", "newest": "Newest"}


@dataclass(frozen=True)
class Asking:
    """One conversation with the site."""

    context: SiteContext
    endpoint: str
    token: Token | None

    @property
    def aliases(self) -> frozenset[Origin]:
        """The site's own addresses may see its token; others may not."""
        is_own = self.token is not None and self.token.origin in _OWN
        return _OWN if is_own else frozenset()

    def asked(self, path: str, endpoint: str = "") -> HttpRequest:
        """Return how a path of the API is asked for."""
        url = f"{endpoint or self.endpoint}/api/v1/{path}"
        return HttpRequest(url, token=self.token, aliases=self.aliases)

    def get(self, path: str, what: str) -> Json:
        """Return the object that a path answers with.

        Raises:
            HttpStatusError: it is refused; says why and what to do.
            ProtocolError: it is no object.
        """
        reply = self.context.client.get(self.asked(path))
        is_first = self.context.client.transport.is_ours and self.endpoint == responses.ENDPOINT
        if reply.status == _NOT_FOUND and is_first:
            other = self.context.client.get(self.asked(path, _OTHER))
            reply = other if other.status < _REFUSED else reply
        return self.good(reply, what)

    def good(self, reply: ApiResponse, what: str) -> Json:
        """Return the object of an answer; see ``get``."""
        if reply.status >= _REFUSED:
            raise refusal_error(reply, what, has_token=self.token is not None)
        found = reply.json()
        if not isinstance(found, dict):
            raise ProtocolError(
                f"Civitai answered for {what} with something that is no object",
                hint="Try again later.",
            )
        return found


class Civitai(Site):
    """civitai.com and its other addresses."""

    name = "civitai"
    label = "Civitai"
    order = 20
    hosts = HOSTS
    source_class = CivitaiModelSource
    key_page = "https://civitai.com/user/account"
    hashes_at_once = _AT_ONCE

    def parse(self, text: str, endpoints: Mapping[str, str]) -> CivitaiModelSource | None:
        """Return the model or version that a text means."""
        mirror = urlsplit(endpoints.get(self.name, "")).netloc.rpartition("@")[2].lower()
        return parse(text, HOSTS | {mirror} if mirror else HOSTS)

    def owns(self, source: StringLikeSource) -> bool:
        """Tell whether a source is of Civitai."""
        return isinstance(source, CivitaiModelSource)

    def asking(self, context: SiteContext, secret: str | None = None) -> Asking:
        """Return a conversation with the site.

        Args:
            context: How sites are asked.
            secret: The token of a source; that of the context when None.
        """
        endpoint = context.endpoints.get(self.name, responses.ENDPOINT).rstrip("/")
        secret = secret or context.tokens.get(self.name)
        return Asking(context, endpoint, Token(secret, origin_of(endpoint)) if secret else None)

    def look_up(self, source: StringLikeSource, context: SiteContext) -> RemoteModel:
        """Ask for a version and its model, and choose the file.

        Raises:
            UnsupportedSourceError: there is no file to download, or none that is wanted.
            UnsafePathError: it lists a file that would lie outside of the model.
            HttpStatusError: the site refuses; says why and what to do.
        """
        if not isinstance(source, CivitaiModelSource):
            raise UnsupportedSourceError(f"{source} is no source of {self.label}")
        asking = self.asking(context, source.access_token)
        whole = whole_version(asking, source)
        files, name = objects(whole, "files"), responses.name_of(whole)
        if not files:
            mode = one_line(part(whole, "model").get("mode"))
            raise UnsupportedSourceError(
                f"{name} has no files on Civitai" + (f": it is {mode.lower()}" if mode else ""),
                hint="Look at the page of the model; another version may have some.",
            )
        pinned = source.model_copy(
            update={"version_id": whole.get("id"), "model_id": whole.get("modelId")}
        )
        return _remote(asking, whole, select_file(files, source.variant, name), pinned)

    def search(
        self, words: str, filters: Mapping[str, str], context: SiteContext
    ) -> Sequence[SearchResult]:
        """Return models whose names fit, as the site ranks them."""
        types = TYPES.get(filters.get("type", ""), ())
        base = filters.get("base", "")
        bases = context.names.of_site(self.name, base) if base else ()
        if (filters.get("type") and not types) or (base and not bases):
            return []  # the site has no such models, or no word for them
        params: list[tuple[str, Any]] = [
            ("query", words),
            ("limit", filters.get("limit", str(_FOUND))),
            *(("types", word) for word in types),
            *(("baseModels", word) for word in bases),
        ]
        if author := filters.get("author"):
            params.append(("username", author))
        if sort := _SORTS.get(filters.get("sort", "")):
            params.append(("sort", sort))
        if context.content_level not in _TAME:
            params.append(("nsfw", "true"))
        asking = self.asking(context)
        reply = context.client.get(asking.asked("models"), params)
        found = asking.good(reply, f"a search for {words!r}")
        if not isinstance(found.get("items"), list):
            raise ProtocolError(
                "Civitai answered a search with something that is no list", hint="Try again later."
            )
        return [_search_result(each) for each in objects(found, "items") if each.get("id")]

    def by_hashes(self, hashes: Sequence[str], context: SiteContext) -> Mapping[str, RemoteModel]:
        """Return the versions that have files with these sha256, in two requests.

        Raises:
            HttpStatusError: the site refuses; says why and what to do.
            ProtocolError: it answers with something else than a list.
        """
        asking = self.asking(context)
        wanted = {text.lower() for text in hashes}
        told = [text.upper() for text in sorted(wanted)]
        reply = context.client.post(asking.asked("model-versions/by-hash"), told)
        if reply.status in {_NOT_FOUND, _NO_METHOD}:  # as before it took lists
            found: Any = [_by_hash(asking, each) for each in told]
        elif reply.status >= _REFUSED:
            raise refusal_error(reply, "models by hash", has_token=asking.token is not None)
        else:
            found = reply.json()
        if not isinstance(found, list):
            raise ProtocolError("Civitai answered a list of hashes with something that is no list")
        versions = [version for version in found if isinstance(version, dict)]
        models = _models_of(asking, versions)
        known: dict[str, RemoteModel] = {}
        for version in versions:
            known |= _with_hashes(asking, version, models, wanted)
        return known


def whole_version(asking: Asking, source: CivitaiModelSource) -> Json:
    """Return the version that a source means, with what is said of its model.

    Raises:
        UnsupportedSourceError: the model has no version.
        HttpStatusError: the site refuses; says why and what to do.
    """
    number, model_id = source.version_id, source.model_id
    version: Json | None = None
    if model_id is None:
        version = asking.get(f"model-versions/{number}", f"version {number}")
        found = version.get("modelId")
        if not isinstance(found, int):
            return responses.together(version, None)
        model_id = found
    try:
        model = asking.get(f"models/{model_id}", f"model {model_id}")
    except HttpStatusError:
        if number is None:
            raise
        # Some are found by their version only, and without licence and creator.
        version = version or asking.get(f"model-versions/{number}", f"version {number}")
        return responses.together(version, None)
    listed = responses.versions_of(model)
    if number is None:
        chosen = next(filter(responses.can_be_had, listed), None) or (listed[0] if listed else None)
        if chosen is None:
            raise UnsupportedSourceError(
                f"Model {model_id} of Civitai has no version that can be downloaded",
                hint="Look at its page: it may be archived, or only be used on the site.",
            )
        return responses.together(chosen, model)
    chosen = next((each for each in listed if each.get("id") == number), version)
    chosen = chosen or asking.get(f"model-versions/{number}", f"version {number}")
    return responses.together(chosen, model)


def _remote(asking: Asking, whole: Json, file: Json, source: CivitaiModelSource) -> RemoteModel:
    name, base = responses.name_of(whole), known_word(whole.get("baseModel"))
    listed = one_line(file.get("name")) or f"{name}.safetensors"
    usable_names([listed], name, "Civitai")
    metadata = responses.metadata_of(whole, asking.endpoint, asking.context.content_level)
    terms = responses.terms_of(whole)
    pickles = ("It is a pickle: it is read without running it.",) if is_pickle(file) else ()
    return RemoteModel(
        source=source,
        name=name,
        files=(
            RemoteFile(
                url=_file_url(asking, whole, file),
                path=listed,
                size=responses.size_of(file),
                hashes=responses.hashes_of(file),
            ),
        ),
        is_folder=False,
        metadata=metadata,
        fields=responses.fields_of(whole, asking.context.names),
        base_hint=base,
        type_hint=known_word(part(whole, "model").get("type")),
        terms=terms,
        preview=str(metadata.thumbnail_url) if metadata.thumbnail_url is not None else None,
        token=asking.token,
        aliases=asking.aliases,
        needs_token=terms.gated,
        remarks=(*responses.remarks_of(whole, file), *pickles),
    )


def _file_url(asking: Asking, whole: Json, file: Json) -> str:
    """Return where exactly this file is: other parameters leave the choice to the site."""
    url = f"{asking.endpoint}/api/download/models/{whole.get('id')}"
    number = file.get("id")
    if asking.context.client.transport.is_ours and isinstance(number, int):
        return f"{url}?{urlencode({'fileId': number})}"
    return url


def _models_of(asking: Asking, versions: Sequence[Json]) -> Mapping[Any, Json]:
    """Return the models of versions by their numbers, all asked for at once.

    What is found by a hash says neither who made it nor whom it shows.
    """
    numbers = sorted({n for v in versions if isinstance(n := v.get("modelId"), int)})
    if not numbers:
        return {}
    params = [*(("ids", n) for n in numbers[:_AT_ONCE]), ("limit", _AT_ONCE), ("nsfw", "true")]
    reply = asking.context.client.get(asking.asked("models"), params)
    if reply.status >= _REFUSED:
        return {}
    found = reply.json()
    items = objects(found, "items") if isinstance(found, dict) else []
    return {model.get("id"): model for model in items}


def _with_hashes(
    asking: Asking, version: Json, models: Mapping[Any, Json], wanted: set[str]
) -> dict[str, RemoteModel]:
    model = models.get(version.get("modelId"))
    whole = responses.together(version, model)
    numbers = {"version_id": whole.get("id"), "model_id": whole.get("modelId")}
    if not all(isinstance(number, int) and number > 0 for number in numbers.values()):
        return {}
    source = CivitaiModelSource.model_validate(numbers)
    return {
        sha256: _remote(asking, whole, file, source)
        for file in objects(whole, "files")
        if (sha256 := responses.hashes_of(file).get("sha256")) in wanted and sha256 is not None
    }


def _by_hash(asking: Asking, sha256: str) -> Json | None:
    reply = asking.context.client.get(asking.asked(f"model-versions/by-hash/{sha256}"))
    return None if reply.status == _NOT_FOUND else asking.good(reply, "a model by its hash")


def _search_result(each: Json) -> SearchResult:
    newest = next(iter(responses.versions_of(each)), {})
    file = next(iter(objects(newest, "files")), {})
    downloads = part(each, "stats").get("downloadCount")
    return SearchResult(
        source=f"civitai:{each['id']}",
        name=one_line(each.get("name")) or f"model {each['id']}",
        author=one_line(part(each, "creator").get("username")) or "",
        site=Civitai.name,
        base_hint=known_word(newest.get("baseModel")),
        type_hint=known_word(each.get("type")),
        downloads=downloads if isinstance(downloads, int) else None,
        size=responses.size_of(file),
        page=f"{responses.ENDPOINT}/models/{each['id']}",
    )


SITE = Civitai()
