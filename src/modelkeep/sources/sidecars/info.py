"""``SidecarInfo``: what other programs and sites have noted about a model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelkeep.core.metadata import BaseMetadata, CivitaiMetadata, HuggingFaceMetadata


@dataclass(frozen=True, slots=True)
class SidecarInfo:
    """What the files beside a model, or another program's catalogue, state about it.

    It never decides what a model is where its header does.

    Attributes:
        name: What people call it.
        key: The key another program gave it.
        description: For people; plain text.
        trigger_phrases: Words that call up what an adapter learned.
        source: Where it came from: a URL, ``org/repo`` or the like.
        base_hint: The base as its author calls it, such as ``SDXL 1.0``.
        type_hint: The type, the same way.
        preview: A picture of what it makes; absolute path.
        sha256, blake3: Full hashes of the model's one file as others state them. They are never
            taken for computed ones: nothing is skipped, reused or verified because of them.
        metadata: The site's answer about it, where it was kept whole enough.
        sidecars: The files that this was read from; absolute paths.
        written_by: The programs that wrote it, for evidence, such as ``ComfyUI-Lora-Manager``.
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
    written_by: tuple[str, ...] = ()

    def over(self, other: SidecarInfo) -> SidecarInfo:
        """Return both merged: values of this one win, lists are joined."""
        joined = ("tags", "trigger_phrases", "sidecars", "written_by")
        values: dict[str, Any] = {}
        for name in SidecarInfo.__slots__:
            mine, theirs = getattr(self, name), getattr(other, name)
            if name in joined:
                values[name] = tuple(dict.fromkeys((*mine, *theirs)))
            else:
                values[name] = theirs if mine is None else mine
        return SidecarInfo(**values)
