"""``Sites``: all sites, and which of them a text or a source belongs to."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from modelkeep.core.base_names import BaseNames
from modelkeep.core.reading import printable
from modelkeep.errors import DownloadError, SourceError, UnsupportedSourceError, UsageError
from modelkeep.http.client import Client
from modelkeep.http.options import TransferOptions
from modelkeep.http.session import make_session
from modelkeep.settings import Settings
from modelkeep.sources.last_search import from_last_search
from modelkeep.sources.link import URLModelSource
from modelkeep.sources.parse import (
    WHAT_CAN_BE_TYPED,
    local_source,
    unknown_source,
    with_fields,
)
from modelkeep.sources.registry import sites as all_sites
from modelkeep.sources.site import RemoteModel, SearchResult, Site, SiteContext
from modelkeep.sources.string_like import StringLikeSource
from modelkeep.sources.tokens import SiteTokens, TokensBySite, endpoints_of

_NUMBER = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)

_log = logging.getLogger(__name__)


class Sites:
    """Finds out which site a text or a source is of, and asks that one.

    Args:
        sites: All sites, in the order in which they are asked whether a text is theirs.
        numbered: Knows what has a number in the last search.
    """

    def __init__(
        self,
        sites: Iterable[Site],
        context: SiteContext,
        numbered: Callable[[int], str] | None = None,
    ) -> None:
        self.sites = tuple(sites)
        self.context = context
        self._numbered = numbered

    def until(self, cancelled: Callable[[], bool]) -> Sites:
        """Return the same sites, asked through the same session, until ``cancelled`` says so."""
        context = replace(self.context, client=self.context.client.until(cancelled))
        return Sites(self.sites, context, self._numbered)

    def parse(
        self,
        text: str | Path,
        *,
        inplace: bool = False,
        variant: str | None = None,
        subfolder: str | None = None,
        token: str | None = None,
    ) -> StringLikeSource:
        """Return the source that a text means: on this disk, else of the first site that knows it.

        Args:
            text: A path, the name of a repository, a page, a link, ``urn:air:...``, or a number of
                the last search.
            inplace: Of a path: record it where it is.
            variant: Goes into the source in place of what the text says.
            subfolder: The same.
            token: The same.

        Raises:
            SourceNotFoundError: it can only be a path, and nothing is there.
            UnsupportedSourceError: no site knows it, or it is of a site and is not a model.
        """
        local = local_source(text, inplace=inplace)
        if local is not None:
            return local
        text = str(text).strip()
        if self._numbered is not None and _NUMBER.fullmatch(text):
            text = self._numbered(int(text))
        return self.parse_remote(text, variant=variant, subfolder=subfolder, access_token=token)

    def parse_remote(self, text: str, **fields: str | None) -> StringLikeSource:
        """Return the source of the first site that knows a text; this disk is not looked at.

        Args:
            text: The name of a repository, a page, a link, ``urn:air:...``.
            fields: Go into the source in place of what the text says; None for what is not given.

        Raises:
            UnsupportedSourceError: no site knows it, or it is of a site and is not a model.
            SourceNotFoundError: no site knows it, and it looks like a path.
        """
        text = text.strip()
        for site in self.sites:
            found = site.parse(text, self.context.endpoints)
            if found is not None:
                return with_fields(found, **fields)
        raise unknown_source(text)

    def restore(self, stored: Mapping[str, Any]) -> StringLikeSource:
        """Return the source that was stored as plain values, without the secrets it had.

        Raises:
            UnsupportedSourceError: its site is not known any more.
        """
        for site in self.sites:
            kind = site.source_class
            if kind is not None and kind.model_fields["type"].default == stored.get("type"):
                return kind.model_validate(dict(stored))
        raise UnsupportedSourceError(
            f"No known site handles sources of the kind {stored.get('type')!r}",
            hint="Reinstall the plug-in for the site, or enter the source again.",
        )

    def site_of(self, source: StringLikeSource) -> Site:
        """Return the site that a source is of.

        Raises:
            UnsupportedSourceError: it is of none, as a path is.
        """
        for site in self.sites:
            if site.owns(source):
                return site
        raise UnsupportedSourceError(
            f"{printable(str(source))} belongs to no known site", hint=WHAT_CAN_BE_TYPED
        )

    def look_up(self, source: StringLikeSource) -> RemoteModel:
        """Ask the site of a source for everything but the bytes.

        A link that leads to a site of its own is looked up there.

        Raises:
            UnsupportedSourceError: it is of no site.
            SourceError: the site does not give it; says why and what to do.
        """
        source = self.resolve_link(source)
        context, site = self.context, self.site_of(source)
        if source.public_only:
            context = replace(context, client=context.client.public())
        found = replace(site.look_up(source, context), site=site.name, site_label=site.label)
        if not source.public_only:
            return found
        return replace(found, source=found.source.model_copy(update={"public_only": True}))

    @contextmanager
    def explaining(self, remote: RemoteModel) -> Iterator[None]:
        """Have refusals of the files of a model be in the words of its site."""
        try:
            yield
        except DownloadError as error:
            told = self.site_of(remote.source).explain(error, remote, self.context)
            if told is error:
                raise
            raise told from told.__cause__

    def resolve_link(self, source: StringLikeSource) -> StringLikeSource:
        """Return the source of a site that a plain link means, or the source itself."""
        if not isinstance(source, URLModelSource):
            return source
        for site in self.sites:
            if site.owns(source):
                continue
            try:
                found = site.parse(source.url, self.context.endpoints)
            except UnsupportedSourceError:
                # It is not a model of that site, but somebody says that it is a file.
                return source
            if found is not None:
                kept: dict[str, Any] = {"public_only": source.public_only}
                if source.access_token and "access_token" in type(found).model_fields:
                    kept["access_token"] = source.access_token
                return found.model_copy(update=kept)
        return source

    def search(
        self, words: str, site: str | None = None, filters: Mapping[str, str] | None = None
    ) -> list[SearchResult]:
        """Return what the sites have, site by site, the best of each first.

        A site that cannot be asked now is left out with a warning where others answer.

        Args:
            words: What is looked for.
            site: Name of the one that is asked; all that can be searched when None.
            filters: ``type`` and ``base`` as our values, ``limit``, ``author``, ``sort``.

        Raises:
            UsageError: no site is named so.
            UnsupportedSourceError: that site cannot be searched.
            SourceError: none of the sites answers.
        """
        chosen = [self._named(site)] if site is not None else self._searchable()
        found: list[SearchResult] = []
        failed: list[SourceError] = []
        for each in chosen:
            try:
                found += each.search(words, filters or {}, self.context)
            except SourceError as error:
                if len(chosen) == 1:
                    raise
                _log.warning("%s was not searched: %s", each.label, error)
                failed.append(error)
        if failed and len(failed) == len(chosen):
            raise failed[0]
        return found

    def close(self) -> None:
        """Close the connections, where the session is ours."""
        transport = self.context.client.transport
        if transport.is_ours:
            transport.session.close()

    def _searchable(self) -> list[Site]:
        return [site for site in self.sites if site.can_search]

    def _named(self, name: str) -> Site:
        for site in self.sites:
            if name == site.name or name in site.also:
                return site
        names = ", ".join(site.name for site in self._searchable())
        raise UsageError(f"Unknown site: {name!r}", hint=f"Choose one of {names}.")


def open_sites(
    settings: Settings, names: BaseNames, *, session: Any = None, tokens: SiteTokens | None = None
) -> Sites:
    """Return all sites, asked through a session.

    Args:
        settings: Of the root.
        names: What the sites call the bases.
        session: Asks, as it is; one of our own when None.
        tokens: Those of the root; made when None.
    """
    options = TransferOptions.of_settings(settings)
    if session is None:
        session = make_session(options, proxy=settings.proxy)
    client = Client(session, options, is_offline=settings.offline)
    context = make_context(settings, client, names=names, tokens=tokens)
    return Sites(all_sites(), context, lambda number: from_last_search(number, settings))


def make_context(
    settings: Settings,
    client: Client,
    *,
    names: BaseNames,
    tokens: SiteTokens | None = None,
    environment: Mapping[str, str] = os.environ,
) -> SiteContext:
    """Return how sites are asked with these settings.

    Args:
        settings: Of the root: endpoints, content level, offline.
        client: Asks; with a session that was given, no cache of other programs is looked into.
        names: What the sites call the bases.
        tokens: Those of the root; made when None.
        environment: For the tokens.
    """
    if settings.offline and not client.is_offline:
        client = Client(client.transport, client.options, is_offline=True)
    held = tokens if tokens is not None else SiteTokens(settings, environment)
    return SiteContext(
        client,
        tokens=TokensBySite(held),
        endpoints=endpoints_of(settings),
        content_level=settings.max_content_level,
        caches=client.transport.is_ours,
        names=names,
    )
