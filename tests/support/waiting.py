"""Tests wait for facts. How long one may take is only there to end a test that hangs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

#: Seconds that anything may take where other programs want the processors too.
PATIENCE = 120.0
#: Seconds that end no test but by its own time limit: what waits so long has to be called off.
FOREVER = 3600.0


def until(holds: Callable[[], Any], may_go_on: Callable[[], bool] = lambda: True) -> None:
    """Wait until something holds; look for no more than half of the time.

    What is waited for needs the processors, and looking may be a whole command.

    Args:
        holds: What is waited for.
        may_go_on: Whether it may still come.
    """
    began = time.monotonic()
    end = began + PATIENCE
    while not holds():
        now = time.monotonic()
        assert may_go_on(), "it can no longer come"
        assert now < end, "it never came"
        time.sleep(max(0.005, now - began))
        began = time.monotonic()
