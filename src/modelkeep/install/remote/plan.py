"""``RemotePlan``: what an install from the network would do, as a value that can be printed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from modelkeep.core.configs import ModelConfigBase
from modelkeep.core.identity import Identification
from modelkeep.core.metadata import BaseMetadata, CivitaiMetadata, HuggingFaceMetadata
from modelkeep.core.names import path_to_text, shown, size_text
from modelkeep.core.reading import printable
from modelkeep.core.taxonomy import base_label, type_label
from modelkeep.errors import ModelKeepError, UnsupportedSourceError, hint_of
from modelkeep.library.home import Home
from modelkeep.sources.site import RemoteFile, RemoteModel, Terms
from modelkeep.sources.string_like import StringLikeSource


@dataclass(frozen=True, slots=True)
class RemotePlan:
    """What an install from the network would do.

    Attributes:
        source: What was asked for, pinned: the same source gives the same bytes later.
        remote: What its site said.
        identified: What it was found to be; None when that cannot be told yet.
        error: Why it cannot be told, or why the site does not give it; None when nothing is wrong,
            or when the caller said what an unknown model is.
        config: The record as it will be, complete but for its hashes; None while nobody knows
            what the model is.
        target: Where the model will be; None with ``config``.
        home: The folder that it goes into.
        free_bytes: Room that there is on its disk.
        same_as: Key of a model in the library that has the same bytes: nothing is fetched.
        remarks: What the user should know before.
    """

    source: StringLikeSource
    remote: RemoteModel
    identified: Identification | None
    error: ModelKeepError | None
    config: ModelConfigBase | None
    target: Path | None
    home: Home
    free_bytes: int
    same_as: str | None = None
    remarks: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[RemoteFile, ...]:
        """What is to be fetched, the largest first."""
        return self.remote.files

    @property
    def total_bytes(self) -> int | None:
        """Bytes of all files; None where the site does not say it of each."""
        return self.remote.total_bytes

    @property
    def needed_bytes(self) -> int:
        """Room that the install takes, as far as the site tells the sizes."""
        if self.same_as is not None:
            return 0
        return sum(file.size or 0 for file in self.files)

    @property
    def terms(self) -> Terms:
        """Licence and the like."""
        return self.remote.terms

    @property
    def has_token(self) -> bool:
        """There is a token for the site."""
        return self.remote.token is not None

    @property
    def metadata(self) -> BaseMetadata | HuggingFaceMetadata | CivitaiMetadata | None:
        """What the site says, as it is stored beside the record."""
        return self.remote.metadata

    @property
    def is_told_later(self) -> bool:
        """Only the downloaded files can tell what it is: the server gives no parts of them."""
        return isinstance(self.error, UnsupportedSourceError)

    def require_known(self) -> ModelConfigBase:
        """Return the record as it will be.

        Raises:
            ModelKeepError: ``error``: the model cannot be installed as it is.
        """
        if self.error is not None:
            raise self.error
        if self.config is None:  # cannot be: whoever makes a plan gives one of the two
            raise ModelKeepError(f"{self.source} is not known")
        return self.config

    def __str__(self) -> str:
        lines = [
            printable(str(self.source)),
            f"  what    {self._what()}",
            f"  name    {self.config.name if self.config else self.remote.name}",
            f"  files   {len(self.files)}, {_size_text(self.total_bytes)}",
            f"  where   {self._where()}",
            f"  disk    {size_text(self.needed_bytes)} needed, {size_text(self.free_bytes)} free",
            *(f"  licence {text}" for text in [str(self.terms)] if text),
            *(f"  words   {text}" for text in [self._triggers()] if text),
            *(f"  token   {text}" for text in [self._token()] if text),
            *(f"  note    {remark}" for remark in self.remarks),
        ]
        if self.same_as is not None:
            lines.append(
                f"  note    already in the library as {self.same_as}: nothing would be fetched"
            )
        evidence = self.config.evidence if self.config is not None else ()
        return "\n".join([*lines, *(f"  because {reason.detail}" for reason in evidence[:3])])

    def to_json(self) -> dict[str, Any]:
        """Return the plan as plain values; the keys of a local plan, and those of the site."""
        config, terms = self.config, self.terms
        return {
            "source": str(self.source),
            "type": config.type.value if config else "unknown",
            "base": config.base.value if config else None,
            "format": config.format.value if config else None,
            "name": config.name if config else self.remote.name,
            "files": [
                {"path": file.path, "size": file.size, "sha256": file.hashes.get("sha256")}
                for file in self.files
            ],
            "bytes": self.total_bytes,
            "inplace": False,
            "link": None,
            "target": path_to_text(self.target) if self.target is not None else None,
            "needed_bytes": self.needed_bytes,
            "free_bytes": self.free_bytes,
            "needs_token": self.remote.needs_token,
            "has_token": self.has_token,
            "gated": terms.gated,
            "licence": terms.licence,
            "licence_url": terms.licence_url,
            "commercial_use": terms.commercial,
            "credit": terms.credit,
            "trigger_phrases": list(config.trigger_phrases) if config else [],
            "preview": self.remote.preview,
            "remarks": list(self.remarks),
            "evidence": [asdict(reason) for reason in (config.evidence if config else ())],
            "error": _error_json(self.error),
        }

    def _what(self) -> str:
        if self.config is None:
            when = "told once it is here" if self.is_told_later else "not known"
            return f"{when}: {self.error}"
        what = f"{type_label(self.config.type)} for {base_label(self.config.base)}"
        return f"{what}, {self.config.format}"

    def _where(self) -> str:
        if self.target is None:
            return f"below {shown(self.home.top)}, once it is known what it is"
        return f"download to {shown(self.target)}"

    def _triggers(self) -> str:
        return ", ".join(self.config.trigger_phrases) if self.config is not None else ""

    def _token(self) -> str:
        if not self.remote.needs_token:
            return ""
        return "needed, and there is one" if self.has_token else "needed, and none was given"


def _size_text(size: int | None) -> str:
    return "of unknown size" if size is None else size_text(size)


def _error_json(error: ModelKeepError | None) -> dict[str, str] | None:
    if error is None:
        return None
    return {"kind": type(error).__name__, "message": str(error), "hint": hint_of(error)}
