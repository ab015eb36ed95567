"""Default signals for the programs that tests start.

A shell starts a background job with SIGINT and SIGQUIT ignored, ``nohup`` with SIGHUP; ignored
signals are inherited through ``exec``, handled ones are set to their default. So a handler that
does nothing keeps this process as it was and gives every child, however it is started, what a
program has in a terminal.
"""

from __future__ import annotations

import signal
from types import FrameType

#: What makes a program end when its user wants it to.
ENDING = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP)


def give_children_defaults() -> None:
    """Let programs that are started from now on end by signals that this process ignores."""
    for number in ENDING:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, _ignore)


def _ignore(number: int, frame: FrameType | None) -> None:
    """Do what ``SIG_IGN`` does."""
