"""Reads every malicious file under an audit hook that ends the process when anything would run."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from modelkeep.core.reading import LocalFile
from modelkeep.errors import InvalidModelException, UnsafeModelError
from modelkeep.identification.readers.detect import read_header
from modelkeep.identification.readers.pickle_file import read_pickle
from support.pickles import BROKEN, EMPTY_DICT, lying_archives, malicious, torch_zip

#: Events after which something has run that a header reader has no use for.
FORBIDDEN = (
    "import",
    "exec",
    "compile",
    "pickle.find_class",
    "marshal.",
    "os.",
    "subprocess.",
    "shutil.",
    "socket.",
    "ctypes.",
    "code.__new__",
    "function.__new__",
    "object.__setattr__",
    "urllib.",
    "webbrowser.",
    "builtins.input",
    "builtins.breakpoint",
    "sys._getframe",
)
RAN = 77
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

armed = False


def hook(event: str, arguments: tuple[object, ...]) -> None:
    if not armed:
        return
    flags = arguments[2] if event == "open" else 0
    writing = isinstance(flags, int) and bool(flags & WRITING)
    if event.startswith(FORBIDDEN) or writing:
        os.write(2, f"{event} {arguments!r}\n".encode())
        os._exit(RAN)


def read_all(paths: list[Path]) -> tuple[int, list[str]]:
    """Return how many files were refused as unsafe, and the names of those that were accepted."""
    refused, accepted = 0, []
    for path in paths:
        for reader in (read_pickle, read_header):
            with LocalFile(path) as file:
                try:
                    reader(file)
                except UnsafeModelError:
                    refused += 1
                except InvalidModelException:
                    continue
                else:
                    accepted.append(path.name)
    return refused, accepted


def main(folder: str) -> None:
    global armed  # noqa: PLW0603 - a hook can never be removed, only disarmed
    files = list(malicious()) + [(label, *rest) for label, rest in BROKEN.items()]
    paths = []
    for index, (_, content, _) in enumerate(files + list(lying_archives())):
        path = Path(folder) / str(index)
        path.write_bytes(content)
        paths.append(path)
    good = Path(folder) / "good"
    good.write_bytes(torch_zip(EMPTY_DICT))
    # Warm up, so that no codec or message is imported for the first time under the hook.
    read_all([*paths[:40], *paths[-5:], good])
    sys.addaudithook(hook)
    armed = True
    if len(sys.argv) > 2:
        __import__("this")
    refused, accepted = read_all([*paths, good])
    armed = False
    print(refused, *accepted)  # noqa: T201 - its answer


if __name__ == "__main__":
    main(sys.argv[1])
