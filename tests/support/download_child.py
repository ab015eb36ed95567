"""A download in a process of its own, to be killed: ``download_child URL FILE SHA256 SEGMENTS``."""

from __future__ import annotations

import sys
from pathlib import Path

from support.downloads import transfer


def main() -> None:
    """Fetch to the end, or end with the error on standard error."""
    url, file, sha256, segments = sys.argv[1:]
    outcome = transfer(url, Path(file), sha256=sha256 or None, segments=int(segments))
    if outcome.error is not None:
        sys.exit(outcome.text)


if __name__ == "__main__":
    main()
