"""How long tests look that could look for ever.

``MODELKEEP_TEST_LENGTH`` is a factor to all of them: 1 in ``make test``, less in ``make quick``,
much more in ``make torture``. Kills have numbers of their own: ``MODELKEEP_KILL_STEP`` and
``MODELKEEP_KILLS``.
"""

from __future__ import annotations

import os

from hypothesis import settings

LENGTH = float(os.environ.get("MODELKEEP_TEST_LENGTH", "1"))


def rounds(usual: int) -> int:
    """Return how many rounds, examples or files to take where ``make test`` takes ``usual``."""
    return max(2, round(usual * LENGTH))


def use_profile() -> None:
    """Let tests that name no number of examples take the usual hundred times the factor."""
    settings.register_profile("modelkeep", max_examples=rounds(100), deadline=None)
    settings.load_profile("modelkeep")
