"""Where the tests lie."""

from __future__ import annotations

import re
from pathlib import Path

import modelkeep

SOURCE = Path(modelkeep.__file__).parent
TESTS = Path(__file__).parents[1]


def test_unit_tests_lie_as_the_code_does() -> None:
    unit = TESTS / "unit"
    folders = {path.parent.relative_to(unit) for path in unit.rglob("test_*.py")}
    strays = sorted(str(folder) for folder in folders if not (SOURCE / folder).is_dir())
    assert not strays, f"no such package in src/modelkeep: {strays}"


def test_integration_tests_lie_by_the_package_that_they_go_through() -> None:
    integration = TESTS / "integration"
    folders = {path.parent.relative_to(integration) for path in integration.rglob("test_*.py")}
    assert [str(folder) for folder in folders if not (SOURCE / folder).is_dir()] == []


def test_no_test_asserts_how_long_something_took() -> None:
    clock = r"(monotonic|perf_counter|process_time|time\.time)\(\)"
    elapsed = re.compile(rf"assert .*({clock} - \w+|elapsed|took|seconds) [<>]")
    found = [
        f"{path.relative_to(TESTS)}: {line.strip()}"
        for path in TESTS.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if elapsed.search(line)
    ]
    assert found == []
