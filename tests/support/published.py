"""Headers and folders of published models, which lie beside a checkout and not in it."""

from __future__ import annotations

from pathlib import Path

import pytest

_SHARED = Path(__file__).resolve().parents[3] / "shared"
DATA = _SHARED / "data"

#: Skips tests of them only where nothing of the kind is there: a part that is missing fails them.
needed = pytest.mark.skipif(not _SHARED.is_dir(), reason="no published models beside this checkout")


def published(*parts: str) -> Path:
    """Return one of them; a test that asks is skipped where nothing of the kind is there."""
    if not _SHARED.is_dir():
        pytest.skip("no published models beside this checkout")
    path = DATA.joinpath(*parts)
    assert path.exists(), f"{_SHARED} is there and {path} is not"
    return path
