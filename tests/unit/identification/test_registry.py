"""Rules as a value: discovery, contradictions, families of others."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType
from modelkeep.errors import SettingsError
from modelkeep.identification import registry
from modelkeep.identification.conditions import Has
from modelkeep.identification.engine import identify
from modelkeep.identification.registry import RuleSet, load_rules
from modelkeep.identification.rules import Rule
from sample_models import typed, write_safetensors

_FAMILY = '''
"""A made-up family."""

from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType
from modelkeep.identification.conditions import Dim, Has
from modelkeep.identification.rules import Rule, Variant

RULES = (
    Rule(
        name="{name}",
        type=ModelType.Main,
        base=BaseModelType("harbour-1"),
        format=ModelFormat.Checkpoint,
        requires=(Has("tide.weight"), Dim("tide.weight", 0, (64,), "the tide's width")),
        variants=(Variant("spring", (Has("moon.weight"),)), Variant("neap")),
        before={before},
    ),
)
'''


def _family(folder: Path, name: str = "harbour main", before: str = "()") -> Path:
    (folder / "harbour.py").write_text(_FAMILY.format(name=name, before=before))
    return folder


def _rule(name: str, *before: str) -> Rule:
    return Rule(
        name=name,
        type=ModelType.Main,
        base=BaseModelType.Any,
        format=ModelFormat.Checkpoint,
        requires=(Has("x"),),
        before=before,
    )


def test_a_family_is_one_file(tmp_path: Path) -> None:
    rules = load_rules([_family(tmp_path)])
    made = write_safetensors(
        tmp_path / "m.safetensors", typed({"tide.weight": (64, 2), "moon.weight": (1,)})
    )

    found = identify(made, rules=rules)

    assert (found.type, found.base, found.variant) == ("main", "harbour-1", "spring")
    assert len(rules) == len(load_rules()) + 1
    assert "harbour main" not in {rule.name for rule in load_rules()}


def test_a_family_of_an_installed_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Family:
        RULES = (_rule("installed"),)

    class Point:
        name, value = "installed", "package:Family"

        def load(self) -> object:
            return Family

    def points(group: str) -> list[Point]:
        assert group == "modelkeep.families"
        return [Point()]

    monkeypatch.setattr(registry, "entry_points", points)

    assert "installed" in {rule.name for rule in load_rules([tmp_path])}


def test_an_installed_family_that_cannot_be_imported_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Point:
        name, value = "broken", "package:Family"

        def load(self) -> object:
            raise ImportError("no module named package")

    monkeypatch.setattr(registry, "entry_points", lambda group: [Point()] if group else [])

    with pytest.raises(SettingsError, match="broken"):
        load_rules([tmp_path])


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ([_rule("a"), _rule("a")], "two rules are named 'a'"),
        ([_rule("a", "b")], "'b', which is no rule"),
        ([_rule("a", "a")], "'a' comes before itself"),
        ([_rule("a", "b"), _rule("b", "c"), _rule("c", "a")], "comes before itself"),
    ],
)
def test_contradictions_are_refused(rules: list[Rule], message: str) -> None:
    with pytest.raises(SettingsError, match=message) as caught:
        RuleSet.of(rules)
    assert caught.value.hint


def test_a_family_whose_rules_contradict_changes_nothing(tmp_path: Path) -> None:
    before = load_rules()

    with pytest.raises(SettingsError):
        load_rules([_family(tmp_path, name="sd-1 lora")])
    with pytest.raises(SettingsError):
        load_rules([_family(tmp_path, before="('no such rule',)")])

    assert load_rules() is before


@pytest.mark.parametrize("text", ["import no_such_module", "RULES = 3", "x = ", "RULES = (1,)"])
def test_a_broken_family_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text(text)

    with pytest.raises(SettingsError, match=r"broken\.py"):
        load_rules([tmp_path])


def test_rules_share_no_name_and_all_ask_for_something() -> None:
    for rule in load_rules():
        assert any(condition.positive for condition in rule.requires), rule.name
