"""``read_pickle``: names and shapes of a torch checkpoint, of which nothing is ever run.

Three containers are read: the zip archive of today, the run of pickles before it, and a pickle
alone. Which one it is, its first bytes say, as they do to torch: a file that merely ends like a
zip archive is a pickle.
"""

from __future__ import annotations

import struct
import zlib
from typing import Final

from modelkeep.core import limits
from modelkeep.core.reading import ReadAt
from modelkeep.errors import (
    CorruptModelError,
    UnknownModelError,
    UnlistedClassError,
    UnsafeModelError,
)
from modelkeep.identification.header import TensorHeader
from modelkeep.identification.readers.dtypes import number
from modelkeep.identification.readers.pickle_calls import width
from modelkeep.identification.readers.pickle_literals import PickleEnd
from modelkeep.identification.readers.pickle_machine import Budget, Machine
from modelkeep.identification.readers.pickle_names import name_tensors
from modelkeep.identification.readers.pickle_values import (
    UNPLACED,
    PickleDanger,
    PickledStorage,
    PickleFlaw,
    Value,
    plain,
)
from modelkeep.identification.readers.pickle_zip import (
    LOCAL_SIGNATURE,
    STORED,
    Archive,
    Member,
    ZipFlaw,
)

SAFER: Final = "Use a safetensors version of the model, or convert this one in a sandbox."
DAMAGED: Final = "Download the file again from its source. It is damaged or malformed."

#: What the first pickle of a file says that torch wrote before its zip archives.
LEGACY_MAGIC: Final = 0x1950A86A20F9469CFC6C
#: Pickles of a legacy file: magic number, protocol, system, object, keys of its storages.
LEGACY_PICKLES: Final = 5
#: Bytes before the elements of a legacy storage.
COUNT_BYTES: Final = 8
#: The checksum of what torch notes as the order of the bytes in a number.
LITTLE_ENDIAN: Final = zlib.crc32(b"little")
#: Pickles that may follow each other in one file.
PICKLES: Final = 64
#: A pickle of unknown length is read in a window that grows until it fits.
WINDOWS: Final = (limits.MIB, 8 * limits.MIB, limits.PICKLE_BYTES)
_TAR_MAGIC: Final = (257, 262)

Walked = tuple[Value, list[PickledStorage]]


def read_pickle(file: ReadAt, *, thorough: bool = True) -> TensorHeader:
    """Read a torch checkpoint by walking its opcodes; nothing is imported and nothing called.

    Args:
        file: The file, or whatever gives its bytes.
        thorough: Hold every member of a zip archive against its local header, at one small read
            each. Where reads are dear, False leaves out the members that hold only weights.

    Returns:
        Every tensor, keys of nested dicts joined with dots; scalars at the top as metadata.
        ``wrapped_in`` in the metadata names a dict at the top that was taken off the names.

    Raises:
        UnsafeModelError: loading it would run code; the message names the global.
        UnlistedClassError: loading it needs a class that is not on the list.
        CorruptModelError: it is malformed, contradicts itself, or is over a limit.
        UnknownModelError: it is an archive, but not of torch.
    """
    head = file.read_at(0, min(file.size, 512))
    try:
        if head.startswith(LOCAL_SIGNATURE):
            root = _read_zip(file, thorough=thorough)
        elif head[slice(*_TAR_MAGIC)] == b"ustar":
            raise UnknownModelError(
                f"{file.name} is a tar archive, written by torch before 0.1.10, which is not "
                "supported",
                hint=SAFER,
            )
        else:
            root = _read_run(file)
        tensors, metadata = name_tensors(root)
    except ZipFlaw as flaw:
        raise CorruptModelError(
            f"{file.name} is not a valid zip archive: {flaw}", hint=DAMAGED
        ) from flaw
    except PickleFlaw as flaw:
        raise CorruptModelError(
            f"{file.name} is not a valid torch file: {flaw}", hint=DAMAGED
        ) from flaw
    return TensorHeader(
        name=file.name, container="pickle", size=file.size, tensors=tensors, metadata=metadata
    )


def _read_zip(file: ReadAt, *, thorough: bool) -> Value:
    archive = Archive(file, thorough=thorough)
    main = _main_member(file, archive)
    folder = main.name.partition("/")[0]
    pickles = [member for member in archive.members.values() if _is_pickle(member)]
    if sum(member.size for member in pickles) > limits.PICKLE_BYTES:
        raise ZipFlaw(f"its pickles are over the limit of {limits.PICKLE_BYTES:,} bytes")
    budget = Budget()
    root: Value = None
    for member in pickles:
        data = archive.extract(member)
        walked = _walk_all(f"{file.name} ({plain(member.name)})", data, budget)
        if member is main:
            root = walked[0][0]
        for _, storages in walked:
            _place_members(archive, folder, storages)
    return root


def _main_member(file: ReadAt, archive: Archive) -> Member:
    """Return the one ``*/data.pkl``, in an archive that is no compiled program."""
    main: list[Member] = []
    for name, member in archive.members.items():
        folder, _, inner = name.partition("/")
        if inner.startswith("code/") or inner == "constants.pkl":
            raise UnsafeModelError(
                f"{file.name} is a TorchScript archive: a program with its weights"
                f" ({plain(name)}), which loading would run",
                hint=SAFER,
            )
        if inner == "data.pkl" and folder:
            main.append(member)
    if not main:
        raise UnknownModelError(
            f"{file.name} is a zip archive without a data.pkl, so torch did not write it",
            hint="If it contains models, unpack it and pass one of them.",
        )
    if len(main) > 1:
        raise ZipFlaw(f"it has {len(main)} members called data.pkl, and torch would read one")
    return main[0]


def _is_pickle(member: Member) -> bool:
    return member.name.lower().endswith((".pkl", ".pickle"))


def _place_members(archive: Archive, folder: str, storages: list[PickledStorage]) -> None:
    """Find the storages that a pickle names among the members that are there."""
    order = archive.members.get(f"{folder}/byteorder")
    is_swapped = order is not None and order.crc != LITTLE_ENDIAN
    for storage in storages:
        member = archive.members.get(f"{folder}/data/{storage.key}")
        if member is None:
            raise ZipFlaw(f"the storage {plain(storage.key)} is missing from it")
        if member.size != _bytes_of(storage):
            raise ZipFlaw(
                f"the storage {plain(storage.key)} has {member.size:,} bytes where"
                f" {number(_bytes_of(storage))} are named"
            )
        storage.start = archive.starts.get(member.name, UNPLACED)
        if member.method != STORED:
            storage.flaw = "it is compressed"
        elif is_swapped:
            storage.flaw = "its numbers have the byte order of another kind of computer"


def _bytes_of(storage: PickledStorage) -> int:
    return storage.count * width(storage.dtype) // 8


def _walk_all(name: str, data: bytes | bytearray, budget: Budget) -> list[Walked]:
    """Walk a pickle and all that follow it in ``data``."""
    walked: list[Walked] = []
    start = 0
    while start < len(data):
        if len(walked) == PICKLES:
            raise PickleFlaw(f"over the limit of {PICKLES} pickles in a row")
        try:
            machine, value = _walk(name, data, start, 0, budget)
        except PickleEnd as end:
            raise _malformed(name, str(end), len(data)) from end
        walked.append((value, machine.storages))
        start = machine.end
    if not walked:
        raise _malformed(name, "it is empty", 0)
    return walked


def _read_run(file: ReadAt) -> Value:
    """Read pickles that follow each other, and the storages behind those of a legacy file."""
    run = _Run(file)
    walked = [run.next()]
    if walked[0][0] == LEGACY_MAGIC:
        walked += [run.next() for _ in range(LEGACY_PICKLES - 1)]
        _place_storages(walked[3][1], walked[4][0], run.at, file.size)
        return walked[3][0]
    while run.at < file.size:
        if len(walked) == PICKLES:
            raise PickleFlaw(f"over the limit of {PICKLES} pickles in a row")
        walked.append(run.next())
    return walked[0][0]


def _place_storages(storages: list[PickledStorage], keys: Value, start: int, end: int) -> None:
    """Find the storages of a legacy file, which stand in the order of the list of their keys."""
    left = end - start
    sizes = {storage.key: COUNT_BYTES + _bytes_of(storage) for storage in storages}
    if type(keys) is not list or not all(type(key) is str for key in keys):
        raise PickleFlaw("the keys of its storages are not a list of strings")
    if len(keys) != len(sizes) or set(keys) != sizes.keys():
        raise PickleFlaw("the list of its storages is not of those that its tensors need")
    if sum(sizes.values()) != left:
        raise PickleFlaw(
            f"its storages need {number(sum(sizes.values()))} bytes and {left:,} are there:"
            " the file is truncated or wrong"
        )
    starts: dict[str, int] = {}
    for key in keys:
        starts[key] = start + COUNT_BYTES
        start += sizes[key]
    for storage in storages:
        if COUNT_BYTES + _bytes_of(storage) != sizes[storage.key]:
            raise PickleFlaw(f"the storage {plain(storage.key)} has two lengths")
        storage.start = starts[storage.key]


class _Run:
    """Pickles in a row at the front of a file, each of unknown length."""

    def __init__(self, file: ReadAt) -> None:
        self.file = file
        self.at = 0
        self.budget = Budget()
        self._base = 0
        self._data = b""

    def next(self) -> Walked:
        """Walk the next pickle."""
        budget = self.budget
        for window in (0, *WINDOWS):
            if window:
                self._base = self.at
                self._data = b""
                self._data = self.file.read_at(self.at, min(window, self.file.size - self.at))
            elif self.at >= self._base + len(self._data):
                continue
            # A walk that is cut short by the window is begun anew, with what it had to spend.
            self.budget = Budget(budget.opcodes, budget.memory)
            start = self.at - self._base
            try:
                machine, value = _walk(self.file.name, self._data, start, self._base, self.budget)
            except PickleEnd as end:
                if window and self._base + len(self._data) == self.file.size:
                    raise _malformed(self.file.name, str(end), self.file.size) from end
                continue
            self.at = self._base + machine.end
            return value, machine.storages
        raise CorruptModelError(
            f"{self.file.name} has a pickle of over {limits.PICKLE_BYTES:,} bytes, the limit",
            hint=SAFER,
        )


def _walk(
    name: str, data: bytes | bytearray, start: int, base: int, budget: Budget
) -> tuple[Machine, Value]:
    """Walk the pickle at ``start`` of ``data``, which begins at ``base`` of the file."""
    machine = Machine(data, start, budget)
    try:
        value = machine.walk()
    except PickleDanger as danger:
        at = f"at byte {base + machine.at:,}"
        if danger.is_listed:
            raise UnsafeModelError(
                f"{name} would run code when loaded: it asks to {danger}, {at}", hint=SAFER
            ) from danger
        raise UnlistedClassError(
            f"{name} asks to {danger}, which is not on the list of what is safe to read, {at}",
            hint=SAFER,
        ) from danger
    except PickleEnd:
        raise
    except (PickleFlaw, ValueError, LookupError, struct.error) as flaw:
        # The opcode, or the one byte behind it, is missing; an IndexError before is the stack's.
        cut = isinstance(flaw, IndexError) and machine.at + 1 >= len(data)
        if cut or isinstance(flaw, struct.error):
            raise PickleEnd("the pickle ends inside an opcode") from flaw
        raise _malformed(name, _reason(flaw), base + machine.at) from flaw
    return machine, value


def _reason(flaw: Exception) -> str:
    if isinstance(flaw, KeyError):
        return "it takes from the memo what it never put there"
    if isinstance(flaw, IndexError):
        return "it takes a value from an empty stack"
    return plain(str(flaw))


def _malformed(name: str, reason: str, at: int) -> CorruptModelError:
    return CorruptModelError(f"{name} is not a valid pickle: {reason} at byte {at:,}", hint=DAMAGED)
