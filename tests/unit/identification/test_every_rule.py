"""Every rule has a model that it alone is right about."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelkeep.identification.engine import decide, identify, open_view
from modelkeep.identification.known_families import load_rules
from unit.identification.cases import Case, all_cases

CASES = all_cases()


def _label(case: Case) -> str:
    return case.rule.replace(" ", "_")


@pytest.mark.parametrize("case", CASES, ids=_label)
def test_the_rule_of_a_case_wins(case: Case, tmp_path: Path) -> None:
    path = case.make(tmp_path)

    view, _ = open_view(path, names=load_rules().names)

    assert decide(view, load_rules(), str(path)).rule.name == case.rule


@pytest.mark.parametrize("case", CASES, ids=_label)
@pytest.mark.slow
def test_the_answer_of_a_case_is_right_and_has_reasons(case: Case, tmp_path: Path) -> None:
    path = case.make(tmp_path)

    found = identify(path)

    variant = found.variant.value if found.variant else None
    assert (found.type.value, found.base.value, found.format.value, variant) == case.answer
    assert found.evidence
    assert found.name == path.stem
    assert found.description == f"{found.base} {found.type} model {found.name}"
    assert found.size == sum(f.stat().st_size for f in [path, *path.rglob("*")] if f.is_file())


def test_every_rule_has_a_case() -> None:
    assert {rule.name for rule in load_rules()} == {case.rule for case in CASES}
