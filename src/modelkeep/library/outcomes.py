"""``IdentifyOutcome``: the result of identifying a candidate, as a value that can be stored."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Self

import msgspec

from modelkeep import __version__, errors, identification
from modelkeep.core.identity import Identification
from modelkeep.core.plugins import installed
from modelkeep.errors import (
    AmbiguousModelError,
    InvalidModelException,
    ModelKeepError,
    UnknownModelError,
    hint_of,
)
from modelkeep.identification.known_families import FAMILIES


@dataclass(frozen=True, slots=True)
class IdentifyOutcome:
    """What a candidate is, or why it cannot be identified.

    Attributes:
        found: What it is; None when there is an error.
        looks_like: The likely type of what no rule fits; empty where nothing shows it.
        base_like: The likely base of that.
        was_read: It holds weights, whatever they are of.
    """

    found: Identification | None = None
    kind: str = ""
    message: str = ""
    hint: str = ""
    looks_like: str = ""
    base_like: str = ""
    was_read: bool = False

    @classmethod
    def of(cls, error: Exception) -> Self:
        """Return the verdict that an error is."""
        outcome = cls(
            kind=type(error).__name__,
            message=str(error),
            hint=hint_of(error),
            was_read=isinstance(error, AmbiguousModelError),
        )
        if not isinstance(error, UnknownModelError):
            return outcome
        return replace(
            outcome,
            looks_like=error.looks_like,
            base_like=error.base_like,
            was_read=bool(error.nearest),
        )

    @property
    def is_unknown(self) -> bool:
        """It could be read, but no rule or several rules matched."""
        return self.kind in {UnknownModelError.__name__, AmbiguousModelError.__name__}

    @property
    def is_lasting(self) -> bool:
        """It depends on the file alone, not on the state of the system."""
        kind = getattr(errors, self.kind, None) if self.kind else InvalidModelException
        return isinstance(kind, type) and issubclass(kind, InvalidModelException)

    @property
    def error(self) -> ModelKeepError:
        """The error that it is."""
        kind: type[ModelKeepError] = getattr(errors, self.kind, ModelKeepError)
        return kind(self.message, hint=self.hint)

    def to_text(self) -> str:
        """Return it as text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> IdentifyOutcome | None:
        """Return what ``to_text`` wrote; None where another version wrote something else."""
        try:
            # Names of files may not be text, which only Python's own decoder lets pass.
            return msgspec.convert(json.loads(text), IdentifyOutcome)
        except (msgspec.ValidationError, ValueError):
            return None


@cache
def _judges() -> str:
    """Return a fingerprint of the readers, the rules and the installed families."""
    whole = hashlib.blake2b(__version__.encode(), digest_size=12)
    for folder in identification.__path__:
        for path in sorted(Path(folder).rglob("*.py")):
            whole.update(path.read_bytes())
    for point in installed(FAMILIES.group):
        version = point.dist.version if point.dist else ""
        whole.update(f"{point.name} {point.value} {version}".encode())
    return whole.hexdigest()


def rules_fingerprint(*, strict: bool) -> str:
    """Return a fingerprint that changes whenever a file may be identified differently.

    Args:
        strict: Empty weight files and missing shards are refused.
    """
    return f"{_judges()}-{'strict' if strict else 'lenient'}"
