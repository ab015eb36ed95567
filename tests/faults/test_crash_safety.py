"""A library is cut off, or its disk fails, at every operation; the next start puts it in order.

See ``crash_loop`` for the law that holds then, and ``crash_stories`` for what is done.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest

from faults.crash_loop import become_lean, failures, kills
from faults.crash_stories import ABOUT_FILES, STORIES

_WORK = {"kill": kills, "failing disk": failures}
_CASES = [
    *((story.name, is_yaml) for story in STORIES for is_yaml in (False, True)),
    *((story.name, False) for story in ABOUT_FILES),
]
#: Where the tests share the processors among themselves, the loops take no more.
_IS_SHARED = "PYTEST_XDIST_WORKER" in os.environ
#: A story, whether the catalogue is a YAML file, and what happens.
_Loop = tuple[str, bool, str]


@pytest.fixture(scope="module")
def loops(request: pytest.FixtureRequest) -> Iterator[Callable[[_Loop], int]]:
    """What does one of the loops and returns how many operations it has.

    They are done in processes of their own, which are small, so that forking them is quick. All
    that were asked for are begun at once.
    """
    context: Any = get_context("spawn")
    workers = 1 if _IS_SHARED else 2
    begun: dict[_Loop, Future[int]] = {}
    with ProcessPoolExecutor(workers, mp_context=context, initializer=become_lean) as pool:

        def begin(loop: _Loop) -> Future[int]:
            if loop not in begun:
                story, is_yaml, how = loop
                begun[loop] = pool.submit(_WORK[how], story, is_yaml=is_yaml)
            return begun[loop]

        for item in () if _IS_SHARED else request.session.items:
            if isinstance(item, pytest.Function) and item.path == request.path:
                asked: dict[str, Any] = dict(item.callspec.params)
                begin((asked["story"], asked["is_yaml"], asked["how"]))
        try:
            yield lambda loop: begin(loop).result()
        finally:
            pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("how", list(_WORK))
@pytest.mark.parametrize(
    ("story", "is_yaml"), _CASES, ids=[f"{name}, {'YAML' if y else 'SQL'}" for name, y in _CASES]
)
def test_nothing_is_lost(
    story: str,
    is_yaml: bool,
    how: str,
    loops: Callable[[_Loop], int],
    record_property: Callable[[str, object], None],
) -> None:
    points = loops((story, is_yaml, how))
    record_property("points", points)
    assert points
