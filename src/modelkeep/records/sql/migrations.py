"""Migrations: numbered steps of SQL that bring the tables of an older version up to this one.

Version 1 is what ``schema`` says of a new database without steps. Each file ``NNNN_title.sql`` of
the folder leads to version NNNN; ``NNNN_title.sqlite.sql`` does so in SQLite only. A step is
written once and never changed. It runs inside a transaction, perhaps on a connection that
somebody lent: no pragmas, no ``COMMIT``, and nothing but tables of ours. What it adds is added to
``schema`` too, for new databases.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

#: Where the steps are.
FOLDER = Path(__file__).parent.parent / "migrations"

_FIRST = 1
_NAME = re.compile(r"(\d{4})_\w+(?:\.(\w+))?\.sql")


@dataclass(frozen=True, slots=True)
class Step:
    """What leads from one version to the next.

    Attributes:
        version: The version that it leads to.
        dialect: The database that it is for; any when None.
    """

    version: int
    dialect: str | None
    path: Path


def newest() -> int:
    """Return the version that this program knows; a database of a later one is refused."""
    return max((step.version for step in _steps()), default=_FIRST)


def steps(after: int, dialect: str) -> list[Step]:
    """Return the steps that follow a version, in their order."""
    found = [s for s in _steps() if s.version > after and s.dialect in {None, dialect}]
    return sorted(found, key=lambda step: (step.version, step.path.name))


def _steps() -> list[Step]:
    found = [(_NAME.fullmatch(path.name), path) for path in FOLDER.glob("*.sql")]
    return [Step(int(name[1]), name[2], path) for name, path in found if name]
