"""What the suite says of its size."""

from __future__ import annotations

import pytest

from support.counting import told

pytest_plugins = ["pytester"]


def test_written_and_generated_tests_are_counted_apart() -> None:
    names = {"a.py::test_x[1]", "a.py::test_x[2]", "a.py::test_x[a[b]]", "b.py::T::test_x"}
    assert told(names) == "2 tests written, 2 generated from their parameters"


def test_a_run_ends_with_the_numbers(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("""
        from support.counting import Counting
        def pytest_configure(config):
            config.pluginmanager.register(Counting())
    """)
    pytester.makepyfile("""
        import pytest
        @pytest.mark.parametrize("n", range(2000))
        def test_x(n): pass
        def test_y(): pass
    """)
    result = pytester.runpytest_inprocess("-q")
    result.stdout.fnmatch_lines(["2 tests written, 1,999 generated from their parameters"])
