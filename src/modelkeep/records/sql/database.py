"""``RecordDatabase``: what the SQL of the catalogue needs of the database that it runs on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from sqlalchemy import ColumnElement, Connection, Executable, Select

from modelkeep.errors import CorruptDatabaseError

#: Values of a list that goes into a statement as parameters; more go as one value.
MANY = 500

T = TypeVar("T")
Row = tuple[Any, ...]


class Dialect(Protocol):
    """SQL that differs from database to database."""

    def text_query(self, words: Sequence[str]) -> str:
        """Return what ``text_`` is bound to, to find records with words that begin so."""
        ...

    def matching(self) -> Select[tuple[int]]:
        """Find the ids of the records that match ``text_``."""
        ...

    def scored(self) -> Select[tuple[int, float]]:
        """Find id and score of the records that match ``text_``; the best score is lowest."""
        ...

    def holds(self, text: ColumnElement[str], part: ColumnElement[Any]) -> ColumnElement[bool]:
        """Ask whether a text has another one in it, in which no character is a wildcard."""
        ...

    def each_of(self, values: Collection[str]) -> Select[tuple[str]]:
        """Return a list of any length as rows."""
        ...

    def lines_of(self, column: ColumnElement[Any]) -> ColumnElement[bytes]:
        """Join the values of a column as bytes with a line break between them, in their order."""
        ...


class Transaction:
    """Statements inside one transaction; lives no longer than its ``with`` block.

    Statements are compiled once: make them with ``bindparam`` and keep them.
    """

    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        self._connection = connection
        self.dialect = dialect

    def rows(self, statement: Executable, values: Mapping[str, Any] | None = None) -> list[Row]:
        """Run a statement and return all its rows."""
        result: Any = self._connection.execute(statement, values)
        # Plain tuples: objects that know their columns cost as much as the statement.
        rows: list[Row] = result.cursor.fetchall()
        result.close()
        return rows

    def change(self, statement: Executable, values: Mapping[str, Any] | None = None) -> int:
        """Run a statement that returns no rows; return how many it changed."""
        return self._connection.execute(statement, values).rowcount

    def change_many(self, statement: Executable, values: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement that returns no rows once for each of ``values``."""
        if values:
            self._connection.execute(statement, values)


class RecordDatabase(ABC):
    """A database with the tables of the catalogue.

    Attributes:
        name: For messages.
        dialect: The SQL that only this database understands.
    """

    name: str
    dialect: Dialect

    @property
    def never_waits(self) -> bool:
        """Whether those who read, or ask for the change counter, never wait for a change."""
        return False

    @abstractmethod
    def reading(self) -> AbstractContextManager[Transaction]:
        """Begin a transaction whose statements all see the same state.

        Raises:
            DatabaseError: the database cannot be read.
        """

    def lookup(self, statement: Select[Any], values: Mapping[str, Any]) -> list[Row]:
        """Return the rows of one statement that needs no other to be true.

        Raises:
            DatabaseError: the database cannot be read.
        """
        with self.reading() as transaction:
            return transaction.rows(statement, values)

    def only_row(self, statement: Select[Any], values: Mapping[str, Any]) -> Row:
        """Return the row of a statement that has one in any case; bytes are left as they are.

        Args:
            statement: One that is kept, as it is compiled once.
            values: Its parameters.

        Raises:
            DatabaseError: the database cannot be read.
        """
        return self.lookup(statement, values)[0]

    @abstractmethod
    def writing(self) -> AbstractContextManager[Transaction]:
        """Begin a transaction that is done completely, or rolled back on an error.

        Raises:
            CorruptDatabaseError: damage was found before; nothing is written any more.
            DatabaseError: the database cannot be written.
        """

    @abstractmethod
    def change_counter(self) -> int:
        """Return a number that is another one after every change, by any process."""


class ChangeCounter:
    """Counts how often the observed state of a database changed."""

    def __init__(self) -> None:
        self._seen: object = None
        self._count = 0

    def note(self, observed: object) -> int:
        """Return the count after what is observed now."""
        if observed != self._seen:
            self._seen = observed
            self._count += 1
        return self._count


def damaged(name: str, reason: str) -> CorruptDatabaseError:
    """Return the error for contents that we cannot have written."""
    return CorruptDatabaseError(
        f"The catalogue {name} is damaged: {reason}",
        hint="Stop other programs, keep a copy of the file, then run: modelkeep doctor",
    )


def chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Give values in lists that are short enough for one statement."""
    for start in range(0, len(values), MANY):
        yield values[start : start + MANY]
