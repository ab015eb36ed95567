"""Stored hashes of other programs: trusted only while size and time still fit.

A stored full hash saves reading gigabytes, and a wrong one would find again, reuse or
deduplicate the wrong model. So it counts only where

- it is a whole SHA-256 or BLAKE3: 64 hex digits (AutoV1, V2 and V3 are none), and not the hash of
  nothing, which programs write when reading failed;
- its writer also stated how long the file was, and it still is that long;
- the model was not changed after the sidecar was written.
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
from modelkeep.sources.sidecars.reader import Sidecar, Subject

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
        sha256, blake3: Full hashes, not yet trusted.
    """

    name: str = ""
    size: float | None = None
    within: float = 0
    sha256: str | None = None
    blake3: str | None = None

    def fits(self, model: Subject) -> bool:
        """Return whether the stated size is the model's."""
        if self.size is None or model.size is None:
            return False
        return abs(model.size - self.size) <= self.within


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
    """Return whether a sidecar is about this model, for models that share their stem.

    A stated size decides, else the ending of a stated name; where neither is stated, the
    sidecar is about all of them. A model alone with its stem always matches.
    """
    if model.is_alone:
        return True
    stated = tuple(claims)
    if any(claim.size is not None for claim in stated):
        return any(claim.fits(model) for claim in stated)
    endings = {PurePosixPath(claim.name.lower()).suffix for claim in stated}
    known = endings & ANY_MODEL_SUFFIXES
    return not known or model.path.suffix.lower() in known


def trusted_hashes(
    claims: Iterable[Claim], model: Subject, sidecar: Sidecar
) -> tuple[str | None, str | None]:
    """Return the SHA-256 and BLAKE3 of the model that can be trusted, if any.

    Of several files that fit, the one with the model's name counts; else they must agree.

    Raises:
        SourceNotFoundError, UnreadableSourceError: the sidecar is not there any more.
    """
    fitting = [claim for claim in claims if claim.fits(model)]
    if not fitting or not model.size or model.mtime_ns > sidecar.mtime_ns:
        return None, None
    named = [claim for claim in fitting if claim.name == model.path.name]
    chosen = named or fitting
    return _agreed(claim.sha256 for claim in chosen), _agreed(claim.blake3 for claim in chosen)


def _agreed(hashes: Iterable[str | None]) -> str | None:
    found = set(hashes)
    return found.pop() if len(found) == 1 else None
