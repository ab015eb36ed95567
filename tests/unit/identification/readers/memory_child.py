"""Reads one file in a process of its own and prints what it cost."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from modelkeep.core.reading import LocalFile
from modelkeep.errors import InvalidModelException
from modelkeep.identification.readers.detect import read_header


def peak() -> int:
    """Return the most memory that this process has had, in bytes.

    Not ``ru_maxrss``: a child inherits that from the process that forked it.
    """
    line = next(
        line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line
    )
    return int(line.split()[1]) * 1024


def main(warm: str, path: str) -> None:
    with LocalFile(Path(warm)) as file:
        read_header(file)
    before, begun = peak(), time.process_time()
    try:
        with LocalFile(Path(path)) as file:
            answer = str(len(read_header(file).tensors))
    except InvalidModelException as error:
        answer = str(error)
    seconds = time.process_time() - begun
    print(json.dumps({"memory": peak() - before, "seconds": seconds, "answer": answer}))  # noqa: T201 - its answer


if __name__ == "__main__":
    main(*sys.argv[1:])
