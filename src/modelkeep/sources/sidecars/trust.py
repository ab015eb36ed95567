"""Which model a sidecar is about, by the size and the hashes that it states.

What others say is not what was computed. A file of another size or with another hash is another
file, and nothing that the sidecar says is taken for this one. A hash that does not contradict the
model stays a statement: it is kept as evidence and never where computed hashes are.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

from modelkeep.core.weight_names import ANY_MODEL_SUFFIXES
from modelkeep.sources.sidecars.reader import Subject

_FULL = re.compile(r"[0-9a-f]{64}")
#: How SHA-256 and BLAKE3 of nothing begin.
_OF_NOTHING = ("e3b0c44298fc", "af1349b9f5f9")
_KIB = 1024


def full_hash(value: Any) -> str | None:
    """Return a whole hash in lower case; None for short ones, hashes of nothing, anything else."""
    if not isinstance(value, str):
        return None
    text = value.strip().lower()
    return text if _FULL.fullmatch(text) and not text.startswith(_OF_NOTHING) else None


@dataclass(frozen=True, slots=True)
class Claim:
    """One file as a sidecar describes it.

    Attributes:
        name: What it was called, maybe elsewhere; empty when not stated.
        size: Bytes; None when not stated.
        within: How far ``size`` may be off, because it was rounded; bytes.
        sha256, blake3: Full hashes, as they are stated.
        tensors: SHA-256 of the tensors of a safetensors file.
    """

    name: str = ""
    size: float | None = None
    within: float = 0
    sha256: str | None = None
    blake3: str | None = None
    tensors: str | None = None

    def may_be(self, model: Subject) -> bool:
        """Return whether nothing that is stated contradicts the model."""
        if self.size is not None and abs((model.size or 0) - self.size) > self.within:
            return False
        return not model.digests.contradict(self.sha256, self.blake3, self.tensors)


def byte_count(value: Any) -> int | None:
    """Return a stated number of bytes, or None when it is no such number."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and 0 < value < 2**63 else None


def kib_count(value: Any) -> tuple[float | None, float]:
    """Return a number of KiB, maybe rounded, as bytes and how far they may be off."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None, 0
    if not math.isfinite(value) or not 0 < value < 2**53:
        return None, 0
    exponent = Decimal(repr(value)).normalize().as_tuple().exponent
    digits = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    return value * _KIB, max(_KIB * 10.0**-digits, 1.0)


def concerns(claims: Iterable[Claim], model: Subject) -> bool:
    """Return whether a sidecar is about this model.

    It is not where every file that it describes has another size or another hash. Of models that
    share their stem it is about the one with the stated size, else about those with the ending of
    a stated name, and about all of them where neither is stated.

    Raises:
        SourceNotFoundError, UnreadableSourceError: the model cannot be read.
    """
    stated = tuple(claims)
    if model.size is None:  # a folder, which no sidecar states the size of
        return True
    possible = [claim for claim in stated if claim.may_be(model)]
    if stated and not possible:
        return False
    if model.is_alone or any(claim.size is not None for claim in possible):
        return True
    endings = {PurePosixPath(claim.name.lower()).suffix for claim in possible}
    known = endings & ANY_MODEL_SUFFIXES
    return not known or model.path.suffix.lower() in known


def stated_hashes(claims: Iterable[Claim], model: Subject) -> tuple[str | None, str | None]:
    """Return the SHA-256 and BLAKE3 that are stated of the model, if any.

    Of several files that it may be, the one with the model's name counts; else they must agree.

    Raises:
        SourceNotFoundError, UnreadableSourceError: the model cannot be read.
    """
    if model.size is None:
        return None, None
    possible = [claim for claim in claims if claim.may_be(model)]
    named = [claim for claim in possible if claim.name == model.path.name]
    chosen = named or possible
    return _agreed(claim.sha256 for claim in chosen), _agreed(claim.blake3 for claim in chosen)


def _agreed(hashes: Iterable[str | None]) -> str | None:
    found = set(hashes)
    return found.pop() if len(found) == 1 else None
