"""LTX-Video: known by name."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.family import Family

FAMILY = Family(
    name="ltx-video",
    base=BaseModelType.LTXVideo,
    label="LTX-Video",
    sites={"civitai": ("LTXV", "LTXV2")},
    declared=("ltx", "ltxv", "ltxvideo"),
)
