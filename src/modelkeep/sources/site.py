"""``Site``: one place on the network that models come from, and what every such place can do.

A site is one module (or package) below ``modelkeep.sources`` with a value ``SITE``, or an entry
point of the group ``modelkeep.sites``; see ``registry``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from modelkeep.core.base_names import BaseNames
from modelkeep.core.metadata import BaseMetadata, CivitaiMetadata, HuggingFaceMetadata
from modelkeep.core.names import size_text
from modelkeep.errors import (
    DownloadError,
    HttpStatusError,
    NotAModelAnswerError,
    UnsupportedSourceError,
)
from modelkeep.http.client import ApiResponse, Client
from modelkeep.http.error_responses import error_message
from modelkeep.http.request import HttpRequest
from modelkeep.http.retry import is_transient
from modelkeep.http.urls import Origin, Token, origin_of, redacted
from modelkeep.sources.string_like import StringLikeSource


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file that is to be fetched.

    Attributes:
        url: Where it is; may redirect.
        path: Where it belongs inside the model, relative and with ``/``; of a model that is one
            file its name.
        size: Bytes, where the site says so.
        hashes: What the site says of its bytes: hex by name (``sha256``, ``blake3``, ``sha1``,
            ``md5``, ``crc32``, ``autov2``).
        cached: The same file on this disk, put there by another program whose cache names it by
            its sha256; read and never changed.
    """

    url: str = field(repr=False)  # it may hold a token
    path: str
    size: int | None = None
    hashes: Mapping[str, str] = field(default_factory=dict)
    cached: Path | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several files that fit what was asked for alike.

    Attributes:
        source: What ``install`` takes for exactly this one.
        name: As the site calls it.
        what: Its format, size, precision and the like, in words.
        size: Bytes, where the site says so.
    """

    source: str
    name: str
    what: str
    size: int | None = None

    def __str__(self) -> str:
        return f"{self.source}  {self.name} ({self.what}, {size_text(self.size)})"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a site says about the use of a model, for people; never legal advice.

    Attributes:
        licence: Name of the licence, as the site has it.
        licence_url: Where its text is.
        commercial: Some commercial use is allowed; None where the site does not say.
        gated: Terms have to be accepted on the site first.
        credit: The creator has to be named; None where the site does not say.
    """

    licence: str | None = None
    licence_url: str | None = None
    commercial: bool | None = None
    gated: bool = False
    credit: bool | None = None

    def __str__(self) -> str:
        words = [self.licence or ""]
        if self.commercial is not None:
            words.append(f"commercial use {'allowed' if self.commercial else 'not allowed'}")
        if self.gated:
            words.append("terms must be accepted on the site")
        if self.licence_url:
            words.append(self.licence_url)
        return ", ".join(word for word in words if word)


@dataclass(frozen=True, slots=True)
class RemoteModel:
    """A source looked up on its site: what would be fetched, and what the site says about it.

    Attributes:
        source: What was asked for, pinned: the same source gives the same bytes later.
        name: What the model is called, for its folder and its record.
        files: What is to be fetched, the largest first.
        is_folder: The model is a folder, also when it has one file.
        metadata: The site's answer, as it is stored.
        fields: Fields for the record where its header leaves them open: ``description``,
            ``trigger_phrases``, ``lineage`` ... .
        base_hint, type_hint: What it is in the words of the site, such as ``SDXL 1.0`` and
            ``Checkpoint``; a hint only, the header decides.
        terms: Licence and the like.
        preview: Address of a picture that may be shown.
        token: Sent with every file to its own origin; None where there is none.
        aliases: Further origins that may see the token.
        needs_token: The site gives nothing without one.
        notes: What the user should know before, such as a fallback to full precision.
        choices: Files that fit alike, where there are several; the one that is fetched comes
            first.
        instead: What can be had where this is refused, as a sentence.
        site, site_label: The site that says all this: its name, and as people know it.
    """

    source: StringLikeSource
    name: str
    files: tuple[RemoteFile, ...]
    is_folder: bool
    metadata: BaseMetadata | HuggingFaceMetadata | CivitaiMetadata | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    base_hint: str | None = None
    type_hint: str | None = None
    terms: Terms = field(default_factory=Terms)
    preview: str | None = None
    token: Token | None = None
    aliases: frozenset[Origin] = frozenset()
    needs_token: bool = False
    notes: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    instead: str = ""
    site: str = ""
    site_label: str = "its site"

    @property
    def total_bytes(self) -> int | None:
        """Bytes of all files; None where the site does not say it of each."""
        sizes = [file.size for file in self.files]
        known = [size for size in sizes if size is not None]
        return sum(known) if len(known) == len(sizes) else None

    def request_for(self, file: RemoteFile) -> HttpRequest:
        """Return the request for one of the files, with the token and what its bytes must be."""
        return HttpRequest(
            file.url,
            token=self.token,
            size=file.size,
            hashes=file.hashes,
            aliases=self.aliases,
            public_only=self.source.public_only,
        )


@dataclass(frozen=True, slots=True)
class SearchResult:
    """One model in the answer to a search.

    Attributes:
        source: What ``install`` takes.
        name: What the site calls it.
        author: Who made it.
        site: Name of the site.
        base_hint, type_hint: What it is in the words of the site.
        downloads: How often it was fetched, where the site says so.
        size: Bytes, where the site says so.
        page: Address for people.
        picture: Address of a picture of what it makes, that may be shown.
    """

    source: str
    name: str
    author: str
    site: str
    base_hint: str | None = None
    type_hint: str | None = None
    downloads: int | None = None
    size: int | None = None
    page: str | None = None
    picture: str | None = None


@dataclass(frozen=True)
class SiteContext:
    """How sites are asked this time.

    Attributes:
        client: Asks them.
        tokens: Secrets by the name of the site, from arguments, settings and the caches of the
            sites' own programs.
        endpoints: Other addresses by the name of the site, such as mirrors.
        content_level: Of pictures at most: ``pg``, ``pg13``, ``r``, ``x`` or ``xxx``.
        caches: Look into the caches of other programs on this machine.
        names: What the sites call the bases.
    """

    client: Client
    tokens: Mapping[str, str] = field(default_factory=dict, repr=False)
    endpoints: Mapping[str, str] = field(default_factory=dict)
    content_level: str = "pg13"
    caches: bool = True
    names: BaseNames = field(default_factory=BaseNames, repr=False)


@dataclass(frozen=True)
class SiteConnection:
    """One site at its address, with the token that it may see.

    Attributes:
        context: How sites are asked.
        endpoint: The address, without a slash at its end.
        token: Sent to the origin of ``endpoint``.
        aliases: Further origins that may see the token: those of the site, for a token of its own.
    """

    context: SiteContext
    endpoint: str
    token: Token | None = None
    aliases: frozenset[Origin] = frozenset()

    @property
    def is_ours(self) -> bool:
        """Requests go over a session of this program, not over one that a caller has given."""
        return self.context.client.transport.is_ours

    def request(self, url: str) -> HttpRequest:
        """Return the request for an address of the site."""
        return HttpRequest(url, token=self.token, aliases=self.aliases)


def answer_in(error: HttpStatusError) -> ApiResponse:
    """Return the answer that an error was made of."""
    return ApiResponse(error.status, error.headers, error.body, error.url, error)


def refusal(reply: ApiResponse, message: str, hint: str) -> HttpStatusError:
    """Return the error for an answer that refuses, in words that say why and what to do."""
    error = HttpStatusError(
        message,
        status=reply.status,
        reason=reply.error.reason if reply.error is not None else "",
        hint=hint,
        headers=reply.headers,
        body=reply.body,
        url=reply.error.url if reply.error is not None else "",
    )
    error.__cause__ = reply.error.__cause__ if reply.error is not None else None
    return error


class Site(ABC):
    """A place on the network that models come from.

    Attributes:
        name: As in settings, in ``token set`` and in ``search --site``.
        label: As people know it.
        also: Shorter names that are understood.
        order: Sites are asked in this order whether a text is theirs; the plain link comes last.
        endpoint: Its address, where the settings name no other.
        hosts: Its own names, reached by https; they may see its token.
        takes_tokens: A token can be kept for it.
        key_page: Where people make one.
        source_class: Its own kind of source, with a ``type`` that no other site has.
        hashes_at_once: How many hashes one request may ask for; 0: it does not know files by hash.
    """

    name: str
    label: str
    also: tuple[str, ...] = ()
    order: int = 50
    endpoint: str = ""
    hosts: frozenset[str] = frozenset()
    takes_tokens: bool = True
    key_page: str = ""
    source_class: type[StringLikeSource] | None = None
    hashes_at_once: int = 0

    def token_variables(self, environment: Mapping[str, str]) -> Sequence[str]:
        """Return the variables of the environment that hold a token, the first one set counts.

        Args:
            environment: May forbid it.
        """
        del environment
        return (f"{self.name.upper()}_API_TOKEN",)

    def kept_token(self, environment: Mapping[str, str]) -> str | None:
        """Return the token that the site's own programs keep on this machine.

        Args:
            environment: Says where.
        """
        del environment
        return None

    @abstractmethod
    def parse(self, text: str, endpoints: Mapping[str, str]) -> StringLikeSource | None:
        """Return the source that a text means, or None when it is not of this site.

        Args:
            text: What somebody typed or pasted.
            endpoints: Other addresses by the name of the site.

        Raises:
            UnsupportedSourceError: it is of this site and is not a model; says what it is.
        """

    def owns(self, source: StringLikeSource) -> bool:
        """Tell whether a source is of this site."""
        return self.source_class is not None and isinstance(source, self.source_class)

    def hosts_with(self, endpoints: Mapping[str, str]) -> frozenset[str]:
        """Return the names under which the site is reached, that of a mirror among them."""
        mirror = urlsplit(endpoints.get(self.name, "")).netloc.rpartition("@")[2].lower()
        return self.hosts | {mirror} if mirror else self.hosts

    def connect(self, context: SiteContext, secret: str | None = None) -> SiteConnection:
        """Return the site at the address that the settings name, with its token.

        Args:
            context: How sites are asked.
            secret: The token of a source; that of the context when None.
        """
        endpoint = context.endpoints.get(self.name, self.endpoint).rstrip("/")
        secret = secret or context.tokens.get(self.name)
        if not secret:
            return SiteConnection(context, endpoint)
        token = Token(secret, origin_of(endpoint))
        own = frozenset(Origin("https", host, 443) for host in self.hosts)
        return SiteConnection(context, endpoint, token, own if token.origin in own else frozenset())

    @abstractmethod
    def look_up(self, source: StringLikeSource, context: SiteContext) -> RemoteModel:
        """Ask the site for everything but the bytes.

        Raises:
            SourceError: the site does not give it; says why and what to do.
        """

    def explain(
        self, error: DownloadError, remote: RemoteModel, context: SiteContext
    ) -> DownloadError:
        """Return why a file is not given in the words of the site, or the error as it is.

        Args:
            error: What became of a request for a file.
            remote: The model of the file.
            context: How the site was asked.
        """
        endpoint = context.endpoints.get(self.name, self.endpoint).rstrip("/")
        if not endpoint:  # a plain link is of no site
            return error
        site = SiteConnection(context, endpoint, remote.token)
        if isinstance(error, NotAModelAnswerError) and error.is_login and self.takes_tokens:
            why = "it needs a token" if site.token is None else "the token is not accepted"
            page = f" ({error.url})" if error.url else ""
            return NotAModelAnswerError(
                f"{self.label} answered with a login page in place of {remote.name}{page}: {why}",
                hint=f"Store one with modelkeep token set {self.name}, or pass it with --token.",
                is_login=True,
                url=error.url,
            )
        if not isinstance(error, HttpStatusError) or is_transient(error) or not error.url:
            return error
        own = {Origin("https", host, 443) for host in self.hosts} | {origin_of(endpoint)}
        if origin_of(error.url) not in own:  # as a store of files, which knows no models
            return error
        name = next((f.path for f in remote.files if redacted(f.url) == error.url), "")
        return self.refusal_of(answer_in(error), remote, name, site)

    def refusal_of(
        self, reply: ApiResponse, remote: RemoteModel, file: str, site: SiteConnection
    ) -> HttpStatusError:
        """Return the error for a file that the site refuses.

        Args:
            reply: What the site answered.
            remote: The model of the file.
            file: The place of the file in it; empty where that is not known.
            site: With the token that was sent.
        """
        del site
        what = f"{file} of {remote.name}" if file else remote.name
        why = error_message(reply.body, reply.header("Content-Type"))
        message = f"{self.label} refuses {what} (status {reply.status})"
        hint = reply.error.hint if reply.error is not None else ""
        return refusal(reply, f"{message}: {why}" if why else message, hint)

    @property
    def can_search(self) -> bool:
        """It can be searched."""
        return type(self).search is not Site.search

    def search(
        self, words: str, filters: Mapping[str, str], context: SiteContext
    ) -> Sequence[SearchResult]:
        """Return what the site has, best first.

        Args:
            words: What is looked for.
            filters: ``type`` and ``base`` as our values, ``limit``, ``author``, ``sort``.
            context: How to ask.

        Raises:
            UnsupportedSourceError: this site cannot be searched.
        """
        del words, filters, context
        raise UnsupportedSourceError(
            f"{self.label} does not support search", hint="Search it in a browser and use the link."
        )

    def by_hashes(self, hashes: Sequence[str], context: SiteContext) -> Mapping[str, RemoteModel]:
        """Return the models that have files with these hashes; what is not there is left out.

        Args:
            hashes: sha256 in hex, at most ``hashes_at_once``.
            context: How to ask.

        Returns:
            By sha256 in lower case; each as ``look_up`` would give it, with that file first.

        Raises:
            UnsupportedSourceError: this site does not know files by hash.
            SourceError: the site does not answer; says why and what to do.
        """
        del hashes, context
        raise UnsupportedSourceError(
            f"{self.label} cannot look up models by file hash",
            hint="Search it in a browser and use the link.",
        )
