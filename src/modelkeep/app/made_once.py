"""``MadeOnce``: a part of a ``ModelManager`` that is made when it is first used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class MadeOnce(Generic[T]):
    """Makes a value once, under the one lock of its owner.

    ``functools.cached_property`` has a lock for each property in Python 3.11: two threads that
    begin with different services, of which one needs the other, would wait for each other.
    """

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, owner: None, kind: type) -> MadeOnce[T]: ...
    @overload
    def __get__(self, owner: object, kind: type) -> T: ...
    def __get__(self, owner: Any, kind: type) -> MadeOnce[T] | T:
        """Return the value; it is found in the owner itself from then on."""
        if owner is None:
            return self
        made: dict[str, Any] = owner.__dict__
        with made["_making"]:
            if self._name not in made:
                made[self._name] = self._make(owner)
            value: T = made[self._name]
            return value
