"""How long tests look that could look for ever.

``MODELKEEP_TEST_LENGTH`` is a factor to all of them: 1 in ``make test``, less in ``make quick``,
much more in ``make torture``. Kills have numbers of their own: ``MODELKEEP_KILL_STEP`` and
``MODELKEEP_KILLS``. Of a test with many parameters ``make quick`` takes some, spread over all.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from itertools import groupby

import pytest
from hypothesis import settings

LENGTH = float(os.environ.get("MODELKEEP_TEST_LENGTH", "1"))


def rounds(usual: int) -> int:
    """Return how many rounds, examples or files to take where ``make test`` takes ``usual``."""
    return max(2, round(usual * LENGTH))


def spread(items: Sequence[pytest.Item], factor: float = LENGTH) -> Iterator[pytest.Item]:
    """Yield of each test as many cases as the factor says, the first of them in any case.

    Args:
        items: Tests in their order, those with other parameters one after another.
        factor: Below 1 cases are left out, evenly.
    """
    for _, cases in groupby(items, lambda item: item.nodeid.partition("[")[0]):
        some = list(cases)
        yield from some[:: math.ceil(len(some) / max(1, round(len(some) * min(factor, 1))))]


def use_profile() -> None:
    """Let tests that name no number of examples take the usual hundred times the factor."""
    settings.register_profile("modelkeep", max_examples=rounds(100), deadline=None)
    settings.load_profile("modelkeep")
