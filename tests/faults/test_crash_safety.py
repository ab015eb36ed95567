"""A library is cut off, or its disk fails, at every operation; the next start puts it in order.

See ``crash_loop`` for the law that holds then, and ``crash_stories`` for what is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest

from faults.crash_loop import become_lean, failures, kills
from faults.crash_stories import STORIES

#: Does one loop; given by its test's parameters.
Loops = Callable[[str, bool, str], int]
_WORK = {"kill": kills, "failing disk": failures}


@pytest.fixture(scope="module")
def loops(request: pytest.FixtureRequest) -> Iterator[Loops]:
    """All loops that were asked for, begun at once in two processes of their own.

    Those are small, so that forking them is quick.
    """
    context: Any = get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context, initializer=become_lean) as pool:
        begun: dict[tuple[str, bool, str], Future[int]] = {}
        for item in request.session.items:
            if isinstance(item, pytest.Function) and item.path == request.path:
                asked: dict[str, Any] = dict(item.callspec.params)
                name, is_yaml, how = asked["story"], asked["is_yaml"], asked["how"]
                begun[name, is_yaml, how] = pool.submit(_WORK[how], name, is_yaml=is_yaml)
        try:
            yield lambda *loop: begun[loop].result()
        finally:
            pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("how", list(_WORK))
@pytest.mark.parametrize("is_yaml", [False, True], ids=["SQL", "YAML"])
@pytest.mark.parametrize("story", [story.name for story in STORIES])
def test_nothing_is_lost(
    story: str,
    is_yaml: bool,
    how: str,
    loops: Loops,
    record_property: Callable[[str, object], None],
) -> None:
    points = loops(story, is_yaml, how)
    record_property("points", points)
    assert points
