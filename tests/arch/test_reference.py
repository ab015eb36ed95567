"""``docs/reference.md`` has everything that users meet, as it is."""

from __future__ import annotations

import inspect
import re

import pytest

from modelkeep import Settings, errors
from modelkeep.app import outcomes
from support import reference

PAGE = reference.PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("part", reference.PARTS)
def test_what_follows_from_the_code_is_up_to_date(part: str) -> None:
    made = reference.PARTS[part]()
    assert reference.written(part) == made, "run: python tests/support/reference.py"


def test_every_command_option_and_setting_is_there() -> None:
    for name, command in reference.commands():
        assert f"### `{name}" in PAGE
        for parameter in command.params:
            for word in parameter.opts if parameter.param_type_name == "option" else ():
                assert word in PAGE, f"{name} {word}"
    for setting in Settings.model_fields:
        assert f"| `{setting}` |" in PAGE


def test_every_error_is_there_with_when_and_what_to_do() -> None:
    rows = dict(re.findall(r"(?m)^\| `(\w+)` \| ([^`|][^\n]*) \|$", PAGE.partition("## Errors")[2]))
    ours = inspect.getmembers(errors, inspect.isclass)
    names = {name for name, kind in ours if kind.__module__ == errors.__name__}
    assert set(rows) == names
    for name, text in rows.items():
        assert len(text.split(" | ")) == 2, name


def test_every_exit_status_is_there() -> None:
    for status in outcomes.EXIT_STATUSES:
        assert f"\n| {status} | " in PAGE
