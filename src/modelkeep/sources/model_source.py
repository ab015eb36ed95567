"""``ModelSource``: the four kinds of sources of the specification, by their ``type``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from modelkeep.sources.civitai.source import CivitaiModelSource
from modelkeep.sources.huggingface.source import HFModelSource
from modelkeep.sources.link import URLModelSource
from modelkeep.sources.local import LocalModelSource

ModelSource = Annotated[
    LocalModelSource | HFModelSource | CivitaiModelSource | URLModelSource,
    Field(discriminator="type"),
]
