"""``Said``: what others say about a model, and what their word is worth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelkeep.core.metadata import BaseMetadata, CivitaiMetadata, HuggingFaceMetadata


@dataclass(frozen=True, slots=True)
class Said:
    """What files beside a model, or another program's catalogue, say about it.

    All of it is hearsay: it never decides what a model is where its header does.

    Attributes:
        name: What people call it.
        key: The key another program gave it.
        description: For people; plain text.
        author: Who made it.
        tags: As the site or the user gave them.
        trigger_phrases: Words that call up what an adapter learned.
        source: Where it came from: a URL, ``org/repo`` or the like.
        base_hint: The base in the words of who said it, such as ``SDXL 1.0``.
        type_hint: The type, the same way.
        preview: A picture of what it makes; absolute path.
        sha256, blake3: Full hashes of the model's one file that others have computed, given only
            where size and time still fit: the file was not changed after they were noted.
        metadata: The site's answer about it, where it was kept whole enough.
        sidecars: The files that said this; absolute paths.
        said_by: Who said it, for evidence, such as ``ComfyUI-Lora-Manager``.
    """

    name: str | None = None
    key: str | None = None
    description: str | None = None
    author: str | None = None
    tags: tuple[str, ...] = ()
    trigger_phrases: tuple[str, ...] = ()
    source: str | None = None
    base_hint: str | None = None
    type_hint: str | None = None
    preview: Path | None = None
    sha256: str | None = None
    blake3: str | None = None
    metadata: BaseMetadata | HuggingFaceMetadata | CivitaiMetadata | None = None
    sidecars: tuple[Path, ...] = ()
    said_by: tuple[str, ...] = ()

    def over(self, other: Said) -> Said:
        """Return both together; where both speak, this one is believed, lists are joined."""
        joined = ("tags", "trigger_phrases", "sidecars", "said_by")
        values: dict[str, Any] = {}
        for name in Said.__slots__:
            mine, theirs = getattr(self, name), getattr(other, name)
            if name in joined:
                values[name] = tuple(dict.fromkeys((*mine, *theirs)))
            else:
                values[name] = theirs if mine is None else mine
        return Said(**values)
