"""``Plan``: what an install would do, as a value that can be printed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.identity import Identification
from modelkeep.core.metadata import BaseMetadata, CivitaiMetadata, HuggingFaceMetadata
from modelkeep.core.names import path_to_text, shown, size_text
from modelkeep.core.reading import printable
from modelkeep.errors import ModelKeepError, UnknownModelError, UnsupportedSourceError, hint_of
from modelkeep.identification.known_families import kind_label
from modelkeep.library.destination import Destination, LinkMode
from modelkeep.library.inventory import SourceFile
from modelkeep.sources.site import RemoteModel, Terms
from modelkeep.sources.string_like import StringLikeSource


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Plan:
    """What an install would do, with a model of this disk as with one of a site.

    Attributes:
        source: What was asked for; of a site pinned, so that it gives the same bytes later.
        remote: What the site said; None for a model of this disk.
        path: The file or folder on this disk; None while it is not here.
        files: All files at ``path``; empty while they are not here.
        identified: What the model was found to be; None when no rule knows it.
        given: Fields of the record that the caller gave.
        error: Why a model of a site cannot be identified, or is not given; None when nothing is
            wrong, or when the caller said what an unknown model is.
        config: The record, complete but for its hashes; None with ``error``.
        target: Where the model will be; None with ``error``.
        home: The root that it goes into; None when it stays where it is.
        link: How files of this disk get to ``target``; None when they stay, or are fetched.
        needed_bytes: Room that the install takes, as far as the sizes are known.
        free_bytes: Room that there is on the disk of ``target``.
        preview: A picture on this disk that is copied with the model.
        metadata: What a site says of the model, stored beside the record.
        tags: Tags that are stored where there is no metadata.
        sha256: Hashes that were computed while the files came here, by name.
        fetched: The folder that they came to; removed once the model is installed.
        same_as: Key of a model in the library that has the same bytes.
        repairs: Key of a record that gets its missing or damaged files back.
    """

    source: StringLikeSource
    remote: RemoteModel | None = None
    path: Path | None = None
    files: tuple[SourceFile, ...] = ()
    identified: Identification | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    error: ModelKeepError | None = None
    config: ModelConfigBase | None
    target: Path | None
    home: Destination | None = None
    link: LinkMode | None = None
    needed_bytes: int = 0
    free_bytes: int
    preview: Path | None = None
    metadata: BaseMetadata | HuggingFaceMetadata | CivitaiMetadata | None = None
    tags: tuple[str, ...] = ()
    sha256: Mapping[str, str] = field(default_factory=dict)
    fetched: Path | None = None
    same_as: str | None = None
    repairs: str | None = None

    @property
    def inplace(self) -> bool:
        """The model is registered where it is."""
        return self.home is None

    @property
    def is_folder(self) -> bool:
        """The model is a folder."""
        if self.path is None and self.remote is not None:
            return self.remote.is_folder
        return self.files[:1] != () and self.files[0].name != ""

    @property
    def total_bytes(self) -> int | None:
        """Bytes of all files; None where the site does not say it of each."""
        if self.path is None and self.remote is not None:
            return self.remote.total_bytes
        return sum(file.size for file in self.files)

    @property
    def terms(self) -> Terms:
        """Licence and the like."""
        return self.remote.terms if self.remote is not None else Terms()

    @property
    def needs_token(self) -> bool:
        """The site gives nothing without a token."""
        return self.remote is not None and self.remote.needs_token

    @property
    def has_token(self) -> bool:
        """There is a token for the site."""
        return self.remote is not None and self.remote.token is not None

    @property
    def notes(self) -> tuple[str, ...]:
        """What the site says that the user should know before."""
        return self.remote.notes if self.remote is not None else ()

    @property
    def refusal(self) -> ModelKeepError | None:
        """Why it cannot be installed.

        None where only the downloaded files can tell what it is, as the server gives no parts.
        """
        return None if isinstance(self.error, UnsupportedSourceError) else self.error

    def require_known(self) -> tuple[ModelConfigBase, Path]:
        """Return the record as it will be, and where the model will be.

        Raises:
            ModelKeepError: ``error``: the model cannot be installed as it is.
        """
        if self.config is None or self.target is None:
            raise self.error or UnknownModelError(f"{self.source} is not identified")
        return self.config, self.target

    def __repr__(self) -> str:
        return f"Plan({str(self.source)!r}, name={self._name()!r}, bytes={self.total_bytes})"

    def __str__(self) -> str:
        return "\n".join([printable(str(self.source)), *(f"  {line}" for line in self._lines())])

    def _lines(self) -> Iterator[str]:
        config, total = self.config, self.total_bytes
        size = "of unknown size" if total is None else size_text(total)
        yield f"what    {self._what()}"
        yield f"name    {self._name()}"
        yield f"files   {len(self._files())}, {size}"
        for number, choice in enumerate(self.remote.choices if self.remote is not None else ()):
            yield f"choice  {choice}{'' if number else ', chosen'}"
        yield f"where   {self._where()}"
        yield f"disk    {size_text(self.needed_bytes)} needed, {size_text(self.free_bytes)} free"
        if text := str(self.terms):
            yield f"licence {text}"
        if self.remote is not None and config is not None and config.trigger_phrases:
            yield f"words   {', '.join(config.trigger_phrases)}"
        if self.needs_token:
            yield f"token   needed, {'available' if self.has_token else 'not set'}"
        for note in self.notes:
            yield f"note    {note}"
        if self.same_as is not None:
            what = "copied" if self.remote is None else "fetched"
            yield f"note    already in the library as {self.same_as}: nothing would be {what}"
        if self.repairs is not None:
            yield f"note    puts the missing or damaged files of {self.repairs} back"
        evidence = config.evidence if config is not None else ()
        doubts = (reason for reason in evidence[3:] if reason.is_contradicted)
        for reason in (*evidence[:3], *doubts):
            yield f"because {reason.detail}"

    def to_json(self) -> dict[str, Any]:
        """Return the plan as plain values."""
        config, terms = self.config, self.terms
        preview = self.remote.preview if self.remote is not None else None
        return {
            "source": printable(str(self.source)),
            "type": config.type.value if config else "unknown",
            "base": config.base.value if config else None,
            "format": config.format.value if config else None,
            "name": self._name(),
            "files": self._files(),
            "bytes": self.total_bytes,
            "inplace": self.inplace,
            "link": self.link.value if self.link else None,
            "target": path_to_text(self.target) if self.target is not None else None,
            "needed_bytes": self.needed_bytes,
            "free_bytes": self.free_bytes,
            "needs_token": self.needs_token,
            "has_token": self.has_token,
            "gated": terms.gated,
            "licence": terms.licence,
            "licence_url": terms.licence_url,
            "commercial_use": terms.commercial,
            "credit": terms.credit,
            "trigger_phrases": list(config.trigger_phrases) if config else [],
            "preview": path_to_text(self.preview) if self.preview else preview,
            "remarks": list(self.notes),
            "choices": [asdict(one) for one in self.remote.choices] if self.remote else [],
            "evidence": [asdict(reason) for reason in (config.evidence if config else ())],
            "repairs": self.repairs,
            "error": _error_json(self.error),
        }

    def _files(self) -> list[dict[str, Any]]:
        if self.path is None and self.remote is not None:
            return [
                {"path": file.path, "size": file.size, "sha256": file.hashes.get("sha256")}
                for file in self.remote.files
            ]
        return [
            {
                "path": file.name or path_to_text(file.path),
                "size": file.size,
                "sha256": self.sha256.get(file.name),
            }
            for file in self.files
        ]

    def _name(self) -> str:
        if self.config is not None:
            return self.config.name
        return self.remote.name if self.remote is not None else ""

    def _what(self) -> str:
        if self.config is None:
            when = "not known" if self.refusal else "known after the download"
            return f"{when}: {self.error}"
        return f"{kind_label(self.config.type, self.config.base)}, {self.config.format}"

    def _where(self) -> str:
        if self.home is None:
            return "registered where it is"
        if self.target is None:
            return f"below {shown(self.home.top)}, once the model is identified"
        return f"{self.link or 'download'} to {shown(self.target)}"


def _error_json(error: ModelKeepError | None) -> dict[str, str] | None:
    if error is None:
        return None
    return {"kind": type(error).__name__, "message": str(error), "hint": hint_of(error)}
