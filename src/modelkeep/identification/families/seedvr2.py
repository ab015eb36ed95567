"""SeedVR2, which restores and enlarges videos."""

from __future__ import annotations

from modelkeep.core.taxonomy import BaseModelType
from modelkeep.identification.conditions import Dim, Has
from modelkeep.identification.families._transformers import main_file
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.rules import Variant

_BASE = BaseModelType.SeedVR2
_SIZES = {"3b": 2560, "7b": 3072}

FAMILY = Family(
    name="seedvr2",
    base=_BASE,
    label="SeedVR2",
    words=("SeedVR",),
    declared=("seedvr2", "seedvr"),
    marks=Marks(tensors=(Has("vid_in.proj.bias", "emb_in.proj_hid.bias"),)),
    rules=(
        main_file(
            _BASE,
            "original names",
            Has("vid_in.proj.bias", "emb_in.proj_hid.bias", "vid_out.proj.bias", "txt_in.bias"),
            Dim("vid_in.proj.bias", 0, tuple(_SIZES.values()), "hidden width"),
            variants=tuple(
                Variant(word, (Dim("vid_in.proj.bias", 0, (width,), "hidden width"),))
                for word, width in _SIZES.items()
            ),
        ),
    ),
)
