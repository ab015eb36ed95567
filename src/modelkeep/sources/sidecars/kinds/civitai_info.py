"""``.civitai.info``: Civitai's answer about the version, as Civitai Helper and others keep it."""

from __future__ import annotations

from dataclasses import replace

from modelkeep.sources.sidecars.civitai import claims_of, info_of_version
from modelkeep.sources.sidecars.info import SidecarInfo
from modelkeep.sources.sidecars.reader import Sidecar, SidecarReader, Subject
from modelkeep.sources.sidecars.trust import concerns, stated_hashes


class CivitaiInfo(SidecarReader):
    """``stem.civitai.info``; ``{}`` means that Civitai does not know the file."""

    name = "civitai_info"
    label = "Civitai"
    order = 40

    def find(self, model: Subject) -> tuple[str, ...]:
        """Return the file's name if it is there."""
        return model.beside(".civitai.info")

    def read(self, model: Subject, sidecar: Sidecar) -> SidecarInfo | None:
        """Return the information in the answer, with the hash of its file of this size."""
        version = sidecar.json()
        claims = claims_of(version)
        if not concerns(claims, model):
            return None
        sha256, blake3 = stated_hashes(claims, model)
        return replace(info_of_version(version), sha256=sha256, blake3=blake3)


READER = CivitaiInfo()
