"""``.txt`` and ``.description.txt``: a description, trigger phrases or an address.

A1111 takes ``stem.txt`` for the description, other programs for the trigger words. It is decided
by the text: one line of at most ``MOST_WORDS`` words that is no sentence and has a comma, or has
at most ``FEW_WORDS`` words, is trigger phrases; one line that is an address is the source; all
else, and every ``.description.txt``, is the description.
"""

from __future__ import annotations

import codecs
import re

from modelkeep.core import limits
from modelkeep.sources.sidecars.clean_text import phrases, plain_text, web_address
from modelkeep.sources.sidecars.info import SidecarInfo
from modelkeep.sources.sidecars.reader import Sidecar, SidecarReader, Subject

MOST_WORDS = 24
FEW_WORDS = 3
_LONGEST_LINE = 300
_DESCRIPTION = ".description.txt"
#: A sentence ends with one of these, at the end or before a blank.
_SENTENCE = re.compile(r"[.!?:](?:\s|$)|https?://")


class Text(SidecarReader):
    """``stem.txt`` and ``stem.description.txt``."""

    name = "text"
    label = "a text beside it"
    order = 70

    def find(self, model: Subject) -> tuple[str, ...]:
        """Return the names of both if they are there."""
        return model.beside(_DESCRIPTION, ".txt")

    def read(self, model: Subject, sidecar: Sidecar) -> SidecarInfo | None:  # noqa: ARG002 - protocol
        """Return its information; it is about all models of the stem."""
        text = _decoded(sidecar)
        if not sidecar.path.name.endswith(_DESCRIPTION):
            address = web_address(text.strip())
            if address:
                return SidecarInfo(source=address)
            if is_phrases(text):
                return SidecarInfo(trigger_phrases=phrases(text))
        return SidecarInfo(description=plain_text(text))


def is_phrases(text: str) -> bool:
    """Return whether a text is trigger phrases rather than a description."""
    line = text.strip()
    if not line or "\n" in line or len(line) > _LONGEST_LINE or _SENTENCE.search(line):
        return False
    words = len(line.replace(",", " ").split())
    return words <= FEW_WORDS or ("," in line and words <= MOST_WORDS)


def _decoded(sidecar: Sidecar) -> str:
    """Return the text: UTF-8, UTF-16 with its mark, or else what Windows wrote in the West."""
    data = sidecar.read(limits.SIDECAR_DESCRIPTION_CHARACTERS * 4)
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    if b"\0" in data:
        raise sidecar.broken("is not text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


READER = Text()
