"""``.metadata.json`` of ComfyUI-Lora-Manager."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelkeep.sources.sidecars.civitai import info_of_version, part
from modelkeep.sources.sidecars.clean_text import known_word, one_line, phrases, plain_text, tags
from modelkeep.sources.sidecars.info import SidecarInfo
from modelkeep.sources.sidecars.reader import Sidecar, SidecarReader, Subject
from modelkeep.sources.sidecars.trust import Claim, byte_count, concerns, full_hash, stated_hashes

#: Fields that distinguish its files from others of the same ending.
_FIELDS = frozenset(
    {"file_name", "model_name", "file_path", "size", "modified", "sha256", "base_model",
     "preview_url", "preview_nsfw_level", "notes", "from_civitai", "civitai", "hash_status"}
)  # fmt: skip
_ENOUGH_FIELDS = 4


class LoraManager(SidecarReader):
    """``stem.metadata.json`` with that program's fields; any other shape is ignored."""

    name = "lora_manager"
    label = "ComfyUI-Lora-Manager"
    order = 20

    def find(self, model: Subject) -> tuple[str, ...]:
        """Return the file's name if it is there."""
        return model.beside(".metadata.json")

    def read(self, model: Subject, sidecar: Sidecar) -> SidecarInfo | None:
        """Return its information; what the user changed goes before what Civitai answered."""
        data = sidecar.json()
        if len(_FIELDS & data.keys()) < _ENOUGH_FIELDS or not isinstance(
            data.get("file_name"), str
        ):
            return None
        claim = _claim(data)
        if not concerns((claim,), model):
            return None
        sha256, _ = stated_hashes((claim,), model)
        mine = SidecarInfo(
            name=one_line(data.get("model_name")),
            description=plain_text(data.get("modelDescription")) or plain_text(data.get("notes")),
            tags=tags(data.get("tags")),
            trigger_phrases=phrases(data.get("trainedWords")),
            base_hint=known_word(data.get("base_model")),
            type_hint=known_word(data.get("sub_type")) or known_word(data.get("model_type")),
            sha256=sha256,
        )
        return mine.over(info_of_version(part(data, "civitai")))


def _claim(data: Mapping[str, Any]) -> Claim:
    path = one_line(data.get("file_path"), 4096) or ""
    is_done = data.get("hash_status") in (None, "completed")
    return Claim(
        path.replace("\\", "/").rpartition("/")[2],
        byte_count(data.get("size")),
        sha256=full_hash(data.get("sha256")) if is_done else None,
    )


READER = LoraManager()
