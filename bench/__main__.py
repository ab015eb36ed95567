"""``python -m bench``: every benchmark, one table."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import bench


def main() -> int:
    """Run every ``bench_*.py`` and return 1 when a goal was missed."""
    names = [m.name for m in pkgutil.iter_modules(bench.__path__) if m.name.startswith("bench_")]
    rows = [
        row for name in sorted(names) for row in importlib.import_module(f"bench.{name}").main()
    ]
    return int(any(row.ratio > row.goal for row in rows))


if __name__ == "__main__":
    sys.exit(main())
