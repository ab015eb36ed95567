"""``read_content``: a part of a file, read into memory of this process."""

from __future__ import annotations

from modelkeep.core.reading import LocalFile
from modelkeep.load.content import PIECE_BYTES, Content, new_memory
from modelkeep.load.watch import LoadWatch

#: Tensors stand as they would in a mapping, to so many bytes: processors add numbers up in another
#: order where they stand otherwise, and the last bit of a picture may differ.
_ALIGNED = 64


def read_content(file: LocalFile, start: int, end: int, watch: LoadWatch) -> Content:
    """Read bytes of a file, piece by piece.

    Args:
        file: Where they are.
        start: The first byte.
        end: Behind the last byte.
        watch: Gets the progress, and stops it.

    Raises:
        LoadCancelledError: nobody waits any more.
        CorruptModelError: the file ends before.
        UnreadableSourceError: the disk refuses.
        MemoryError: there is not enough memory.
    """
    watch.check()
    begin = start - start % _ALIGNED
    memory = new_memory(end - begin)
    with memoryview(memory) as view:
        for offset in range(start, end, PIECE_BYTES):
            count = min(PIECE_BYTES, end - offset)
            with view[offset - begin : offset - begin + count] as piece:
                file.read_into(piece, offset)
            watch.advance(count)
    return Content(memory, begin)
