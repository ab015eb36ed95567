"""``.swarm.json`` of SwarmUI: the fields of the modelspec, outside of the header."""

from __future__ import annotations

from modelkeep.sources.sidecars.clean_text import known_word, one_line, phrases, plain_text, tags
from modelkeep.sources.sidecars.info import SidecarInfo
from modelkeep.sources.sidecars.reader import Sidecar, SidecarReader, Subject
from modelkeep.sources.sidecars.trust import Claim, concerns, full_hash

_PREFIX = "modelspec."
_FIELDS = frozenset(
    {"title", "author", "description", "architecture", "trigger_phrase", "tags", "license",
     "usage_hint", "resolution", "date"}
)  # fmt: skip


class SwarmJson(SidecarReader):
    """``stem.swarm.json``. Its hash is that of the tensors alone: it is compared and not given."""

    name = "swarm_json"
    label = "SwarmUI"
    order = 50

    def find(self, model: Subject) -> tuple[str, ...]:
        """Return the file's name if it is there."""
        return model.beside(".swarm.json")

    def read(self, model: Subject, sidecar: Sidecar) -> SidecarInfo | None:
        """Return its information; without a hash it is about all models of the stem."""
        data = {name.removeprefix(_PREFIX): value for name, value in sidecar.json().items()}
        if not _FIELDS & data.keys():
            return None
        stated = one_line(data.get("hash_sha256")) or ""
        if not concerns((Claim(tensors=full_hash(stated.removeprefix("0x"))),), model):
            return None
        architecture, _, part = (one_line(data.get("architecture")) or "").partition("/")
        return SidecarInfo(
            name=one_line(data.get("title")),
            description=plain_text(data.get("description")),
            author=known_word(data.get("author")),
            tags=tags(data.get("tags"), ","),
            trigger_phrases=phrases(data.get("trigger_phrase")),
            base_hint=known_word(architecture),
            type_hint=known_word(part),
        )


READER = SwarmJson()
