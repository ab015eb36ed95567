"""``SITE``: Civitai."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from modelkeep.errors import HttpStatusError, ProtocolError, UnsupportedSourceError
from modelkeep.http.client import ApiResponse
from modelkeep.sources.civitai import responses
from modelkeep.sources.civitai.api import AT_ONCE, CivitaiApi
from modelkeep.sources.civitai.pictures import picture_of
from modelkeep.sources.civitai.selection import (
    choose_file,
    described,
    exactly,
    is_pickle,
    named,
)
from modelkeep.sources.civitai.source import HOSTS, CivitaiModelSource, parse
from modelkeep.sources.civitai.type_names import NO_MODELS, TYPES
from modelkeep.sources.listing import usable_names
from modelkeep.sources.sidecars.civitai import Json, objects, part
from modelkeep.sources.sidecars.clean_text import known_word, one_line
from modelkeep.sources.site import (
    Choice,
    RemoteFile,
    RemoteModel,
    SearchResult,
    Site,
    SiteConnection,
    SiteContext,
)
from modelkeep.sources.string_like import StringLikeSource

_FOUND = 20
_TAME = frozenset({"pg", "pg13"})
_SORTS = {"downloads": "Most Downloaded", "likes": "Most Liked", "newest": "Newest"}


class Civitai(Site):
    """civitai.com and its other addresses."""

    name = "civitai"
    label = "Civitai"
    order = 20
    endpoint = responses.ENDPOINT
    hosts = HOSTS
    source_class = CivitaiModelSource
    key_page = "https://civitai.com/user/account"
    hashes_at_once = AT_ONCE

    def parse(self, text: str, endpoints: Mapping[str, str]) -> CivitaiModelSource | None:
        """Return the model or version that a text means."""
        return parse(text, self.hosts_with(endpoints))

    def api(self, context: SiteContext, secret: str | None = None) -> CivitaiApi:
        """Return the API of the site; see ``connect``."""
        return CivitaiApi(self.connect(context, secret))

    def look_up(self, source: StringLikeSource, context: SiteContext) -> RemoteModel:
        """Ask for a version and its model, and choose the file.

        Raises:
            UnsupportedSourceError: there is no file to download, or none that is wanted.
            UnsafePathError: it lists a file that would lie outside of the model.
            HttpStatusError: the site refuses; says why and what to do.
        """
        if not isinstance(source, CivitaiModelSource):
            raise UnsupportedSourceError(f"{source} is not a source of {self.label}")
        api = self.api(context, source.access_token)
        found = api.fetch_version(source)
        version = found.version
        files, name = objects(version, "files"), responses.name_of(version)
        _require_model(part(version, "model"), files, name)
        numbers = {"version_id": version.get("id"), "model_id": version.get("modelId")}
        pinned = source.model_copy(update=numbers)
        chosen = choose_file(files, pinned, name)
        if len(chosen.alike) > 1:  # the number of the version alone leaves the choice open
            pinned = exactly(chosen.file, pinned)
        remote = _remote(api, version, chosen.file, pinned, is_exact=source.file_id is not None)
        instead = _instead_of(version, found.free)
        further = [named(file, pinned) for file in chosen.further]
        notes = (
            *remote.notes,
            *filter(None, [instead]),
            *([f"Further files of this version: {', '.join(further)}"] if further else []),
        )
        choices = tuple(_choice(file, pinned) for file in chosen.alike)
        choices = choices if len(choices) > 1 else ()
        return replace(remote, notes=notes, choices=choices, instead=instead)

    def refusal_of(
        self, reply: ApiResponse, remote: RemoteModel, file: str, site: SiteConnection
    ) -> HttpStatusError:
        """Return the error for a file that the site refuses."""
        what = f"{file} of {remote.name}" if file else remote.name
        error = CivitaiApi(site).refusal_of(reply, what)
        error.hint = " ".join(filter(None, (error.hint, remote.instead)))
        return error

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
        found = self.api(context).get("models", f"a search for {words!r}", params)
        if not isinstance(found.get("items"), list):
            raise ProtocolError(
                "Civitai did not answer a search with a list", hint="Try again later."
            )
        level = context.content_level
        return [_search_result(each, level) for each in objects(found, "items") if each.get("id")]

    def by_hashes(self, hashes: Sequence[str], context: SiteContext) -> Mapping[str, RemoteModel]:
        """Return the versions that have files with these sha256, in two requests.

        Raises:
            HttpStatusError: the site refuses; says why and what to do.
            ProtocolError: it answers with something else than a list.
        """
        api = self.api(context)
        wanted = {text.lower() for text in hashes}
        found: dict[str, RemoteModel] = {}
        for version in api.versions_by_hash(sorted(wanted)):
            numbers = {"version_id": version.get("id"), "model_id": version.get("modelId")}
            if not all(isinstance(number, int) and number > 0 for number in numbers.values()):
                continue
            source = CivitaiModelSource.model_validate(numbers)
            for file in objects(version, "files"):
                sha256 = responses.hashes_of(file).get("sha256")
                if sha256 in wanted and sha256 is not None:
                    found[sha256] = _remote(api, version, file, source)
        return found


def _require_model(about: Json, files: Sequence[Json], name: str) -> None:
    """Refuse what is no model, and a version without files."""
    if what := NO_MODELS.get(one_line(about.get("type")) or ""):
        raise UnsupportedSourceError(
            f"{name} is not a model: Civitai lists it among its {what}",
            hint="Download it in a browser.",
        )
    if not files:
        mode = one_line(about.get("mode"))
        raise UnsupportedSourceError(
            f"{name} has no files on Civitai" + (f": it is {mode.lower()}" if mode else ""),
            hint="Check the page of the model. Another version may have files.",
        )


def _choice(file: Json, source: CivitaiModelSource) -> Choice:
    name = one_line(file.get("name")) or "a file"
    size = responses.size_of(file)
    return Choice(str(exactly(file, source)), name, described(file), size)


def _instead_of(version: Json, free: Json | None) -> str:
    """Say which older version can be had where this one is in early access."""
    if free is None:
        return ""
    name = one_line(free.get("name")) or f"version {free.get('id')}"
    return f"Its version {name} is free: civitai:{version.get('modelId')}@{free.get('id')}"


def _remote(
    api: CivitaiApi,
    version: Json,
    file: Json,
    source: CivitaiModelSource,
    *,
    is_exact: bool = False,
) -> RemoteModel:
    name, base = responses.name_of(version), known_word(version.get("baseModel"))
    listed = one_line(file.get("name")) or f"{name}.safetensors"
    usable_names([listed], name, "Civitai")
    site = api.site
    metadata = responses.metadata_of(version, site.endpoint, site.context.content_level)
    pickles = ("It is a pickle file. It is read without being run.",) if is_pickle(file) else ()
    url = f"{site.endpoint}/api/download/models/{version.get('id')}"
    if isinstance(file.get("id"), int) and (site.is_ours or is_exact):
        # Exactly this file: other parameters leave the choice to the site.
        url = f"{url}?{urlencode({'fileId': file['id']})}"
    size, hashes = responses.size_of(file), responses.hashes_of(file)
    return RemoteModel(
        source=source,
        name=name,
        files=(RemoteFile(url=url, path=listed, size=size, hashes=hashes),),
        is_folder=False,
        metadata=metadata,
        fields=responses.fields_of(version, site.context.names),
        base_hint=base,
        type_hint=known_word(part(version, "model").get("type")),
        terms=responses.terms_in(part(version, "model")),
        preview=str(metadata.thumbnail_url) if metadata.thumbnail_url is not None else None,
        token=site.token,
        aliases=site.aliases,
        needs_token=responses.is_early(version),
        notes=(*responses.notes_of(version, file), *pickles),
    )


def _search_result(each: Json, level: str) -> SearchResult:
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
        picture=picture_of({**newest, "model": each}, level),
    )


SITE = Civitai()
