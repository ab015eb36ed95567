"""``InstallDetails``: what is stored of an install job, so that another process can begin it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from pydantic import JsonValue

from modelkeep.core.names import path_to_text, text_to_path
from modelkeep.install.job import ModelInstallJob
from modelkeep.library.destination import LinkMode
from modelkeep.sources.local import LocalModelSource
from modelkeep.sources.string_like import StringLikeSource

#: Fields of a source or of a record, as plain values.
Fields = Mapping[str, JsonValue]
#: Among the fields of a stored source: its link held a secret, and those are not stored.
LACKS_LINK = "lacks_link"
#: Among the same: it came over HTTP; the name of the field of sources.
PUBLIC_ONLY = "public_only"


@dataclass(frozen=True, slots=True)
class InstallDetails:
    """Everything about an install that is not in the columns of the table of jobs.

    Attributes:
        to: Name of the root that the model goes into; ``models_dir`` when None.
        path: Where a local model is; None for one from the network.
        inplace: A local model is registered where it is.
        link: How the files of a local model get to their place.
        remote: Source of a model from the network, without secrets.
        pinned: The same with the revision or version that was found.
    """

    config: Fields = field(default_factory=dict)
    to: str | None = None
    path: Path | None = None
    inplace: bool = False
    link: LinkMode | None = None
    remote: Fields | None = None
    pinned: Fields | None = None
    fetch: Path | None = None

    @classmethod
    def of(cls, job: ModelInstallJob) -> Self:
        """Return what has to be stored of a job."""
        config = json.loads(json.dumps(job.config_in, default=str))
        if isinstance(job.source, LocalModelSource):
            path, inplace = Path(job.source.path), bool(job.source.inplace)
            return cls(config, job.to, path=path, inplace=inplace, link=job.link)
        return cls(
            config,
            job.to,
            remote=_stored(job.source),
            pinned=_stored(job.pinned) if job.pinned is not None else None,
            fetch=job.fetch_folder,
        )

    @classmethod
    def decode(cls, text: str) -> Self:
        """Return the details that were stored."""
        stored = json.loads(text)
        return cls(
            config=stored.get("config", {}),
            to=stored.get("to"),
            path=text_to_path(stored["path"]) if "path" in stored else None,
            inplace=bool(stored.get("inplace")),
            link=LinkMode(stored["link"]) if stored.get("link") else None,
            remote=stored.get("remote"),
            pinned=stored.get("pinned"),
            fetch=text_to_path(stored["fetch"]) if "fetch" in stored else None,
        )

    def encode(self) -> str:
        """Return the details as JSON; of a kind of source only what belongs to it."""
        stored: dict[str, JsonValue] = {"to": self.to, "config": dict(self.config)}
        if self.path is not None:
            link = self.link.value if self.link else None
            stored |= {"path": path_to_text(self.path), "inplace": self.inplace, "link": link}
        if self.remote is not None:
            stored["remote"] = dict(self.remote)
        if self.pinned is not None:
            stored["pinned"] = dict(self.pinned)
        if self.fetch is not None:
            stored["fetch"] = path_to_text(self.fetch)
        return json.dumps(stored)


def _stored(source: StringLikeSource) -> Fields:
    """Return a source from the network as it may be stored: without secrets."""
    more: dict[str, JsonValue] = {}
    if getattr(source, "has_secrets", False):
        more[LACKS_LINK] = True
    if source.public_only:
        more[PUBLIC_ONLY] = True
    return {**source.model_dump(mode="json", exclude={"access_token"}), **more}
