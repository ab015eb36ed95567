"""``.rgthree-info.json`` of rgthree-comfy, which keeps the model's ending in its name."""

from __future__ import annotations

from modelkeep.sources.sidecars.civitai import objects
from modelkeep.sources.sidecars.clean_text import known_word, one_line, phrases, web_address
from modelkeep.sources.sidecars.info import SidecarInfo
from modelkeep.sources.sidecars.reader import Sidecar, SidecarReader, Subject
from modelkeep.sources.sidecars.trust import Claim, byte_count, concerns, full_hash, stated_hashes

_FIELDS = frozenset({"file", "path", "sha256", "trainedWords", "name", "baseModel", "links"})


class Rgthree(SidecarReader):
    """``name.ext.rgthree-info.json``: of exactly one file. It seldom states a size."""

    name = "rgthree"
    label = "rgthree-comfy"
    order = 60

    def find(self, model: Subject) -> tuple[str, ...]:
        """Return the file's name if it is there."""
        name = f"{model.path.name}.rgthree-info.json"
        return (name,) if name in model.siblings else ()

    def read(self, model: Subject, sidecar: Sidecar) -> SidecarInfo | None:
        """Return its information."""
        data = sidecar.json()
        if not _FIELDS & data.keys():
            return None
        claim = Claim(
            size=byte_count(data.get("size")),
            sha256=full_hash(data.get("sha256")),
        )
        if not concerns((claim,), model):
            return None
        links = data.get("links")
        addresses = [web_address(link) for link in links[:10]] if isinstance(links, list) else []
        named = [web_address(link.get("url")) for link in objects(data, "links")]
        return SidecarInfo(
            name=one_line(data.get("name")),
            trigger_phrases=phrases(data.get("trainedWords")),
            source=next(filter(None, (*addresses, *named)), None),
            base_hint=known_word(data.get("baseModel")),
            type_hint=known_word(data.get("type")),
            sha256=stated_hashes((claim,), model)[0],
        )


READER = Rgthree()
