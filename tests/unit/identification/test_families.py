"""Families: one file each, checked against each other, and what they say of their bases."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType
from modelkeep.errors import SettingsError
from modelkeep.identification.conditions import Has, NotKin
from modelkeep.identification.engine import assess, identify, open_view
from modelkeep.identification.family import Family, Marks
from modelkeep.identification.known_families import (
    base_from_words,
    base_label,
    base_names,
    load_rules,
)
from modelkeep.identification.rule_set import RuleSet
from modelkeep.identification.rules import Rule
from sample_models import typed, write_safetensors
from support.harbour import family_text, harbour_model


def _rule(name: str, *before: str, requires: tuple[Has | NotKin, ...] = (Has("x"),)) -> Rule:
    return Rule(
        name=name,
        type=ModelType.Main,
        base=BaseModelType.Any,
        format=ModelFormat.Checkpoint,
        requires=requires,
        before=before,
    )


def _family(*rules: Rule, name: str = "test", label: str = "") -> Family:
    return Family(name=name, base=BaseModelType("made-up"), label=label, rules=rules)


def test_a_file_in_a_folder_is_a_family(tmp_path: Path) -> None:
    (tmp_path / "harbour.py").write_text(family_text())

    rules = load_rules(tmp_path)
    found = identify(harbour_model(tmp_path / "m.safetensors"), rules=rules)

    assert (found.type, found.base, found.variant) == ("main", "harbour-1", "spring")
    assert found.lineage == "jetty"
    assert rules.names.label(found.base) == "Harbour One"
    assert rules.names.base_of("harbour.1 d") == rules.names.base_of("port") == found.base
    assert rules.names.of_site("civitai", "harbour-1") == ("Harbour.1 D",)
    assert len(rules) == len(load_rules()) + 1
    assert "harbour main" not in {rule.name for rule in load_rules()}


@pytest.mark.parametrize(
    ("families", "message"),
    [
        ([_family(_rule("a"), _rule("a"))], "a rule named 'a'"),
        ([_family(_rule("a")), _family(_rule("a"), name="other")], "rule named 'a' in .* test"),
        ([_family(_rule("a", "b"))], "'b', which is not a rule"),
        ([_family(_rule("a", "a"))], "'a' comes before itself"),
        ([_family(_rule("a", "b"), _rule("b", "c"), _rule("c", "a"))], "comes before itself"),
        ([_family(label="One"), _family(label="Two", name="other")], "label of the family test"),
    ],
)
def test_contradictions_are_refused(families: list[Family], message: str) -> None:
    with pytest.raises(SettingsError, match=message) as caught:
        RuleSet.of(families)
    assert caught.value.hint


@pytest.mark.parametrize(
    "text",
    [family_text(name="sd-1 lora"), family_text(before="('no such rule',)"), "FAMILY = 3", "1 / 0"],
)
def test_a_family_that_cannot_be_used_is_named_and_changes_nothing(
    text: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "broken.py").write_text(text)

    rules = load_rules(tmp_path)

    assert {rule.name for rule in rules} == {rule.name for rule in load_rules()}
    [warning] = [record.getMessage() for record in caplog.records]
    assert "Skipping the" in warning
    assert "harbour" in warning if "Family(" in text else "broken.py" in warning


def test_marks_of_kin_refuse_aharbour_model(tmp_path: Path) -> None:
    """A family says what tells it from its kin; the rules of the others need not name it."""
    rule = _rule("old main", requires=(Has("hull"), NotKin()))
    old = Family(name="old", base=BaseModelType("old"), kin="ships", rules=(rule,))
    new = Family(
        name="new", base=BaseModelType("new"), kin="ships", marks=Marks(tensors=(Has("engine"),))
    )
    path = write_safetensors(tmp_path / "m.safetensors", typed({"hull": (1,), "engine": (1,)}))

    assert identify(path, rules=RuleSet.of([old])).base == "any"
    rules = RuleSet.of([old, new])
    view, _ = open_view(path, names=rules.names)
    [assessed] = [one.missing for one in assess(view, rules) if one.missing]
    assert "engine" in assessed[0]


def test_rules_share_no_name_and_all_ask_for_something() -> None:
    for rule in load_rules():
        assert any(condition.positive for condition in rule.requires), rule.name


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("sd-1", BaseModelType.StableDiffusion1), ("SD 1.5", BaseModelType.StableDiffusion1),
        ("SD 1.4", BaseModelType.StableDiffusion1), ("SD 2.1 768", BaseModelType.StableDiffusion2),
        ("SDXL 1.0", BaseModelType.StableDiffusionXL), ("sdxl", BaseModelType.StableDiffusionXL),
        ("Pony", BaseModelType.StableDiffusionXL), ("Illustrious", BaseModelType.StableDiffusionXL),
        ("Pony V7", BaseModelType.AuraFlow), ("SD 3.5 Large", BaseModelType.StableDiffusion3),
        ("Flux.1 D", BaseModelType.Flux), ("Flux.1 S", BaseModelType.Flux),
        ("FLUX.1", BaseModelType.Flux), ("PixArt", BaseModelType.PixArt),
        ("any", BaseModelType.Any), ("Other", BaseModelType.Unknown), ("sofa", None), ("", None),
    ],
)  # fmt: skip
def test_words_for_bases(text: str, meant: BaseModelType | None) -> None:
    assert base_from_words(text) == meant


def test_every_base_and_label_leads_back() -> None:
    for base in BaseModelType:
        assert base_from_words(base.value) is base
        assert base_from_words(base_label(base)) is base


def test_names_of_sites_mean_one_base() -> None:
    names = base_names()
    for (site, base), words in names.sites.items():
        assert {names.base_on_site(site, word) for word in words} == {base}


def test_a_base_without_a_label_is_shown_as_it_is() -> None:
    assert base_label(BaseModelType("brand-new")) == "brand-new"


def test_names_need_no_reader_of_files() -> None:
    script = (
        "import sys; from modelkeep.identification.known_families import base_label; "
        "base_label('sdxl'); print([m for m in sys.modules if 'readers' in m])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, text=True
    )
    assert done.stdout.strip() == "[]"
