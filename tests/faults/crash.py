"""Cutting a program off, or failing the disk under it, at its Nth operation."""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from modelkeep.disk import paths
from support.rounds import LENGTH

#: Calls of ``core/paths`` that change the disk or force it.
_CHANGES = frozenset(
    {"ftruncate", "fsync", "link", "mkdir", "pwrite", "rename", "rmdir", "unlink", "ioctl"}
)
KILLED = 99


@dataclass
class Fault:
    """What happens at the Nth operation.

    Attributes:
        at: Which operation; 0 is none.
        error: Error number to raise, or None to end the process on the spot.
        lasting: All later operations fail too.
        count: Operations until now.
    """

    at: int = 0
    error: int | None = None
    lasting: bool = False
    count: int = 0
    _moments: list[int] = field(default_factory=lambda: [1])

    @property
    def kill_points(self) -> list[int]:
        """Operations before which a kill leaves something else than before all earlier ones.

        Forcing to the disk leaves nothing new, nor does what a transaction writes before its end.
        Long rounds take every operation.
        """
        every = range(1, self.count + 1)
        return [point for point in every if LENGTH > 1 or point in self._moments]

    def is_next(self) -> bool:
        """Tell whether the next operation has to fail."""
        return self.count + 1 == self.at or (self.lasting and 0 < self.at <= self.count)

    def step(self) -> bool:
        """Count one operation; tell whether it has to fail."""
        is_now = self.is_next()
        self.count += 1
        if is_now and self.error is None:
            os._exit(KILLED)
        return is_now

    def changed(self) -> None:
        """Note that the operation left something that stays when the process is killed."""
        self._moments.append(self.count + 1)

    def began(self) -> None:
        """Note that a kill leaves half of the next operation."""
        if self._moments[-1] != self.count + 1:
            self._moments.append(self.count + 1)


class _Calls:
    """Stands in for a module and counts the calls that change the disk.

    Of what is written when it fails, half comes to the disk.
    """

    def __init__(self, module: Any, fault: Fault) -> None:
        self._module = module
        self._fault = fault

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._module, name)
        if name not in _CHANGES | {"open"}:
            return real

        def call(*values: Any, **named: Any) -> Any:
            if name == "open" and not values[1] & os.O_CREAT:
                return real(*values, **named)
            if name == "pwrite":
                self._fault.began()
                if self._fault.is_next():
                    real(values[0], values[1][: len(values[1]) // 2], *values[2:])
            if self._fault.step():
                number = self._fault.error or 0
                raise OSError(number, os.strerror(number))
            result = real(*values, **named)
            if name != "fsync":
                self._fault.changed()
            return result

        return call


class _Statements:
    """Stands in for a sqlite3 connection or cursor and counts its statements."""

    def __init__(self, connection: Any, fault: Fault) -> None:
        self.__dict__["_connection"] = connection
        self.__dict__["_fault"] = fault

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._connection, name)
        if name == "cursor":
            return lambda *kind: _Statements(real(*kind), self._fault)
        if name not in {"execute", "executemany", "commit"}:
            return real

        def call(*values: Any) -> Any:
            is_change = name != "execute" or not str(values[0]).lstrip().upper().startswith(
                ("SELECT", "PRAGMA", "ROLLBACK")
            )
            if is_change and self._fault.step():
                full = self._fault.error == errno.ENOSPC
                text = "database or disk is full" if full else "disk I/O error"
                raise sqlite3.OperationalError(text)
            result = real(*values)
            owner = getattr(self._connection, "connection", self._connection)
            if is_change and not owner.in_transaction:
                self._fault.changed()
            return result

        return call

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._connection, name, value)


@contextmanager
def planted(fault: Fault, *holders: tuple[Any, str], others: Sequence[Any] = ()) -> Iterator[Fault]:
    """Count operations of ``core/paths`` and statements of the connections in ``holders``.

    Args:
        fault: What happens at which operation.
        holders: Objects and the names of their attributes that hold sqlite3 connections.
        others: Further modules whose operations count.
    """
    modules: list[tuple[Any, str, Any]] = [(paths, "os", os), (paths, "fcntl", fcntl)]
    modules += [(other, "os", os) for other in others]
    for holder, name, module in modules:
        setattr(holder, name, _Calls(module, fault))
    connections = [(holder, name, getattr(holder, name)) for holder, name in holders]
    for holder, name, connection in connections:
        setattr(holder, name, _Statements(connection, fault))
    try:
        yield fault
    finally:
        for holder, name, real in [*modules, *connections]:
            setattr(holder, name, real)


def in_child(work: Callable[[], object]) -> int:
    """Run ``work`` in a forked child and return its exit status."""
    child = os.fork()
    if not child:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
