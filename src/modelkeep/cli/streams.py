"""The standard streams of a process: what becomes of output that nobody takes.

A command ends as ``cat`` would where its results cannot be written: by SIGPIPE once their reader
has gone, with an error where the disk is full or standard output is closed. Its messages are no
reason to end: those that cannot be written are dropped.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO


class OutputError(Exception):
    """Raised where standard output cannot be written.

    Args:
        cause: What the system said.
    """

    def __init__(self, cause: OSError) -> None:
        super().__init__(f"standard output: {cause.strerror}")
        self.is_reader_gone = isinstance(cause, BrokenPipeError)

    @property
    def exit_status(self) -> int:
        """What ``cat`` ends with then; shells show the end by SIGPIPE as 141."""
        return 128 + signal.SIGPIPE if self.is_reader_gone else 1


class _Results(io.FileIO):
    """Standard output. What comes after an error is dropped, so that the process can end."""

    _has_failed = False

    def write(self, data: Any, /) -> int:
        if self._has_failed:
            return len(data)
        try:
            return super().write(data)
        except OSError as error:
            self._has_failed = True
            raise OutputError(error) from error


class _Messages(io.FileIO):
    """Standard error."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except OSError:
            return len(data)


def open_closed_streams() -> None:
    """Open the null device for standard streams that were closed by whoever started the program.

    Python has None for those, and a database would be opened under their number. Standard output
    is opened so that writing fails: who closed it does not get the results.
    """
    for name, mode, way in (
        ("stdin", "r", os.O_RDONLY),
        ("stdout", "w", os.O_RDONLY),
        ("stderr", "w", os.O_WRONLY),
    ):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, way), mode, closefd=False))


@contextmanager
def guarded_streams() -> Iterator[None]:
    """Write results and messages as this module says; the streams are put back at the end.

    While this lasts, writing results raises ``OutputError``.
    """
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _guarded(before[0], _Results), _guarded(before[1], _Messages)
    try:
        yield
    finally:
        with suppress(OutputError):
            sys.stdout.flush()
        sys.stderr.flush()
        sys.stdout, sys.stderr = before


def _guarded(stream: TextIO, kind: type[io.FileIO]) -> TextIO:
    """Return a stream over the same file; what replaces a standard stream stays as it is."""
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    try:
        number = stream.fileno()
    except io.UnsupportedOperation:  # in memory
        return stream
    stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(kind(number, "w", closefd=False)),
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=stream.line_buffering or stream.write_through,  # below is a buffer again
        write_through=stream.write_through,
    )


def die_of_closed_pipe() -> None:
    """End this process by SIGPIPE, as programs end whose reader has gone."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGPIPE})
    os.kill(os.getpid(), signal.SIGPIPE)
