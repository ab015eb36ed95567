"""``.json`` that A1111 and Forge write when the user edits a model's card."""

from __future__ import annotations

from modelkeep.sources.sidecars.clean_text import known_word, phrases, plain_text
from modelkeep.sources.sidecars.info import SidecarInfo
from modelkeep.sources.sidecars.reader import Sidecar, SidecarReader, Subject

#: Only its own fields have these names; ``description`` and ``notes`` stand in many files.
_OWN = frozenset(
    {"sd version", "activation text", "preferred weight", "negative text", "sd_version_str",
     "vae_te"}
)  # fmt: skip
_SHARED = frozenset({"description", "notes", "vae"})


class A1111Json(SidecarReader):
    """``stem.json`` with A1111's fields; configs, workflows and the like are ignored."""

    name = "a1111_json"
    label = "A1111"
    order = 10

    def find(self, model: Subject) -> tuple[str, ...]:
        """Return the file's name if it is there."""
        return model.beside(".json")

    def read(self, model: Subject, sidecar: Sidecar) -> SidecarInfo | None:  # noqa: ARG002 - protocol
        """Return what the user typed in; it is about all models of the stem."""
        data = sidecar.json()
        if not _OWN & data.keys() and not (data and data.keys() <= _SHARED):
            return None
        version = known_word(data.get("sd version"))
        return SidecarInfo(
            description=plain_text(data.get("description")) or plain_text(data.get("notes")),
            trigger_phrases=phrases(data.get("activation text")),
            base_hint=version or known_word(data.get("sd_version_str")),
        )


READER = A1111Json()
