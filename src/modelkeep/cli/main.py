"""The program ``modelkeep``: runs a command and turns its errors into messages and statuses."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: Words after the program's name; those of the process when None.

    Returns:
        The exit status; see ``modelkeep.app.outcomes``.
    """
    _replace_closed_streams()
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words in (["--version"], ["-V"]):
        from modelkeep import __version__

        sys.stdout.write(f"modelkeep {__version__}\n")
        return 0
    # Imports make many objects and no garbage; collecting on the way is a tenth of the start-up.
    gc.set_threshold(100_000, 20, 20)
    try:
        from modelkeep.cli.run import run

        return run(words)
    except KeyboardInterrupt:  # before the command began, or while it ended
        return 130


def _replace_closed_streams() -> None:
    """Open the null device for standard streams that were closed by whoever started the program.

    Python has None for those, and a database would be opened under their number.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))


if __name__ == "__main__":
    sys.exit(main())
