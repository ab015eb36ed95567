"""``.cm-info.json`` of StabilityMatrix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelkeep.sources.sidecars.civitai import page_of, part
from modelkeep.sources.sidecars.clean_text import (
    known_word,
    one_line,
    phrases,
    plain_text,
    tags,
    web_address,
)
from modelkeep.sources.sidecars.info import SidecarInfo
from modelkeep.sources.sidecars.reader import Sidecar, SidecarReader, Subject
from modelkeep.sources.sidecars.trust import Claim, concerns, full_hash, stated_hashes

_FIELDS = frozenset({"ModelId", "ModelName", "VersionId", "VersionName", "Hashes", "Source"})


class CmInfo(SidecarReader):
    """``stem.cm-info.json``. It states no size."""

    name = "cm_info"
    label = "StabilityMatrix"
    order = 30

    def find(self, model: Subject) -> tuple[str, ...]:
        """Return the file's name if it is there."""
        return model.beside(".cm-info.json")

    def read(self, model: Subject, sidecar: Sidecar) -> SidecarInfo | None:
        """Return its information; the user's own title goes before the site's."""
        data = sidecar.json()
        if not _FIELDS & data.keys():
            return None
        claim = _claim(data)
        if not concerns((claim,), model):
            return None
        sha256, blake3 = stated_hashes((claim,), model)
        name, version = one_line(data.get("ModelName")), one_line(data.get("VersionName"))
        together = f"{name} {version}" if name and version and version not in name else name
        description = plain_text(data.get("ModelDescription"))
        return SidecarInfo(
            name=one_line(data.get("UserTitle")) or together,
            description=description or plain_text(data.get("VersionDescription")),
            author=one_line(data.get("AuthorUsername")),
            tags=tags(data.get("Tags")),
            trigger_phrases=phrases(data.get("TrainedWords")),
            source=_source(data),
            base_hint=known_word(data.get("BaseModel")),
            type_hint=known_word(data.get("ModelType")),
            sha256=sha256,
            blake3=blake3,
        )


def _claim(data: Mapping[str, Any]) -> Claim:
    hashes = part(data, "Hashes")
    return Claim(
        one_line(data.get("RemoteFileName")) or "",
        sha256=full_hash(hashes.get("SHA256")),
        blake3=full_hash(hashes.get("BLAKE3")),
    )


def _source(data: Mapping[str, Any]) -> str | None:
    """Return where it is from; the numbers are Civitai's unless another site is named."""
    address = web_address(data.get("SourceUrl"))
    if address or data.get("Source") not in (None, 0, "Civitai"):
        return address
    return page_of(data.get("ModelId"), data.get("VersionId"))


READER = CmInfo()
