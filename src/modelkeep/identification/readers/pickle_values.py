"""What stands for a value while a pickle is walked; nothing of it can run."""

from __future__ import annotations

from typing import Any, Final

from modelkeep.identification.header import TensorInfo

#: The place of a storage that has not been looked for.
UNPLACED: Final = -1
#: A value of a pickle: a scalar, a tuple or list of values, or one of the classes below.
Value = Any


class PickleFlaw(Exception):
    """The pickle is malformed or over a limit."""


class PickleDanger(Exception):
    """The pickle asks for something that could run code.

    Args:
        what: What it asks for.
        is_listed: It is known to run code; else it is only on no list, and what it would do is
            not known.
    """

    def __init__(self, what: str, *, is_listed: bool = True) -> None:
        super().__init__(what)
        self.is_listed = is_listed


class PickledDict:
    """A dict of any kind, as the flat run of its keys and values.

    Nothing is hashed: hash values of what a hostile file chooses can be made to collide.
    """

    __slots__ = ("flat", "settable")

    def __init__(self, flat: list[Value], *, settable: bool = False) -> None:
        self.flat = flat
        #: Whether the pickle may set attributes: an OrderedDict has some, a dict has none.
        self.settable = settable


class PickledModule(PickledDict):
    """A ParameterDict: a module of torch whose parameters are read from its state."""

    __slots__ = ()


class PickledStorage:
    """The bytes of one or more tensors, somewhere in the file.

    Attributes:
        start: Byte of the file at which they begin, once that is known.
        flaw: Why they cannot be used as they lie in the file, as a clause; empty when they can.
    """

    __slots__ = ("count", "dtype", "flaw", "key", "start")

    def __init__(self, key: str, dtype: str, count: int, flaw: str = "") -> None:
        self.key = key
        self.dtype = dtype
        self.count = count
        self.flaw = flaw
        self.start = UNPLACED


class PickledTensor(TensorInfo, frozen=True, gc=False):
    """One tensor of a pickle.

    ``storage`` has its elements: the first is number ``offset``, counted in elements of this
    tensor, and ``strides`` lead from one to the next. It is None for a tensor whose elements do
    not simply stand there: sparse, quantised, or without contents.
    """

    storage: PickledStorage | None = None
    offset: int = 0
    strides: tuple[int, ...] = ()


class Opaque:
    """A harmless value that is not used: a device, an array of numpy, a long text."""

    __slots__ = ("settable",)

    def __init__(self, *, settable: bool = False) -> None:
        self.settable = settable


UNTOLD: Final = Opaque()


def plain(text: str, *, longest: int = 200) -> str:
    """Write text out of a file for a message: printable, short, without quotes."""
    escaped = text[:longest].encode("unicode_escape").decode("ascii")
    return escaped if len(text) <= longest else escaped + "…"
