"""The program ``modelkeep``: runs a command and turns its errors into messages and statuses."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence

from modelkeep.cli.streams import (
    OutputError,
    die_of_closed_pipe,
    guarded_streams,
    open_closed_streams,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: Words after the program's name; those of the process when None. Such a process
            ends by SIGPIPE where the reader of its results has gone.

    Returns:
        The exit status; see ``modelkeep.app.outcomes``.
    """
    open_closed_streams()
    with guarded_streams():
        try:
            status = _run(list(sys.argv[1:] if arguments is None else arguments))
            # Data left in the buffer would fail later, where it cannot be reported.
            sys.stdout.flush()
        except KeyboardInterrupt:  # before the command began, or while it ended
            return 130
        except OutputError as error:
            if not error.is_reader_gone:
                sys.stderr.write(f"Error: {error}\n")
            elif arguments is None:
                die_of_closed_pipe()
            return error.exit_status
    return status


def _run(words: list[str]) -> int:
    if words in (["--version"], ["-V"]):
        from modelkeep import __version__

        sys.stdout.write(f"modelkeep {__version__}\n")
        return 0
    # Imports make many objects and no garbage; collecting on the way is a tenth of the start-up.
    gc.set_threshold(100_000, 20, 20)
    from modelkeep.cli.run import run

    return run(words)


if __name__ == "__main__":
    sys.exit(main())
