"""No model is taken for one of another base, whatever part of it is there and how it is spelled."""

from __future__ import annotations

import dataclasses
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelkeep.errors import AmbiguousModelError, UnknownModelError
from modelkeep.identification.conditions import FitsPartly
from modelkeep.identification.engine import decide, open_view
from modelkeep.identification.family import Family
from modelkeep.identification.header import TensorHeader, TensorInfo
from modelkeep.identification.known_families import load_rules
from modelkeep.identification.module_tables import ModuleTable
from modelkeep.identification.rule_set import RuleSet
from modelkeep.identification.rules import tables_of
from modelkeep.identification.view import ModelView
from sample_models import Shapes
from support.rounds import rounds
from unit.identification.cases import Case, all_cases

RULES = load_rules()
SEED = 20_261
#: How trainers spell the path of a module.
_SPELLINGS = ("lora_unet_", "transformer.", "diffusion_model.", "base_model.model.", "")
_COUNT = re.compile(r"\{(\d+)\}")
#: Fewer tensors are an excerpt: of each mark there is one.
_WHOLE = 100
#: Cases of one rule that are tried.
_OF_ONE_RULE = 3


def _view(shapes: Shapes, metadata: Mapping[str, str] = MappingProxyType({})) -> ModelView:
    tensors = {name: TensorInfo("F16", shape) for name, shape in shapes.items()}
    header = TensorHeader("some", "safetensors", 1, tensors, dict(metadata))
    return ModelView("some-model", header=header, names=RULES.names)


def _base(view: ModelView, rules: RuleSet = RULES) -> tuple[str, ...]:
    """Return the base that a model is said to be of, the candidates, or nothing."""
    try:
        return (str(decide(view, rules, "some-model").rule.base),)
    except AmbiguousModelError as error:
        return error.candidates
    except UnknownModelError:
        return ()


def _tables() -> list[tuple[str, ModuleTable]]:
    found = {
        id(table): (str(rule.base), table)
        for rule in RULES
        for fits in tables_of(rule)
        for table in fits.tables
    }
    return list(found.values())


TABLES = _tables()
#: Tables all of whose modules another family has too.
_SHARED = {
    id(table)
    for rule in RULES
    for fits in tables_of(rule)
    if isinstance(fits, FitsPartly)
    for table in fits.tables
}


@pytest.mark.parametrize(("base", "table"), TABLES, ids=[base for base, _ in TABLES])
def test_a_lora_of_any_modules_is_right_or_open(base: str, table: ModuleTable) -> None:
    chance = random.Random(f"{SEED} {base}")
    for _ in range(rounds(12)):
        modules = _some_modules(table, chance)
        spelling, kind = chance.choice(_SPELLINGS), chance.choice(tuple(_KINDS))
        shapes: Shapes = {}
        for name, widths in modules.items():
            shapes |= _KINDS[kind](_spelled(spelling, name), *widths)

        view = _view(shapes)
        found = _base(view)

        # An adapter of every block is for the family that trainers know.
        if id(table) in _SHARED and table.is_whole(view.tensors.adapter):
            continue
        assert not found or base in found, (found, spelling, kind, sorted(modules)[:8])


@pytest.mark.parametrize(("base", "table"), TABLES, ids=[base for base, _ in TABLES])
def test_a_lora_that_declares_its_base_is_right(base: str, table: ModuleTable) -> None:
    family = next((f for f in RULES.families if str(f.base) == base and f.declared), None)
    if family is None:
        return
    shapes: Shapes = {}
    for name, widths in _some_modules(table, random.Random(SEED), every=True).items():
        shapes |= _lora(_spelled("lora_unet_", name), *widths)

    found = _base(_view(shapes, {"ss_base_model_version": family.declared[0]}))

    assert found == (base,)


def _cases() -> list[Case]:
    """The cases in one file; of those of one rule a few."""
    seen: Counter[str] = Counter()
    kept = []
    for case in all_cases():
        seen[case.rule] += 1
        if "folder" not in case.rule and seen[case.rule] <= _OF_ONE_RULE:
            kept.append(case)
    return kept


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Case, ModelView]]:
    """What the rules see of the cases."""
    found = []
    for case in _cases():
        path = case.make(tmp_path_factory.mktemp("case"))
        if path.is_file():
            view, _ = open_view(path, names=RULES.names)
            found.append((case, view))
    return found


@pytest.mark.slow
def test_a_model_that_lacks_a_tenth_of_its_tensors_is_of_no_other_base(
    models: list[tuple[Case, ModelView]],
) -> None:
    chance = random.Random(SEED)
    for case, view in models:
        names = sorted(view.tensors.tensors)
        if len(names) < _WHOLE:
            continue
        for _ in range(rounds(2)):
            lost = set(chance.sample(names, len(names) // 10))
            kept = {name: info for name, info in view.tensors.tensors.items() if name not in lost}

            found = _base(_of(view, kept))

            assert not found or case.answer[1] in found, (case, found, sorted(lost)[:20])


@pytest.mark.slow
def test_a_model_under_another_prefix_is_of_no_other_base(
    models: list[tuple[Case, ModelView]],
) -> None:
    chance = random.Random(SEED)
    for case, view in models:
        prefix = chance.choice(("model.diffusion_model.", "net.", "harbour.", "model.", "vae."))
        renamed = {prefix + name: info for name, info in view.tensors.tensors.items()}

        found = _base(_of(view, renamed))

        assert not found or case.answer[1] in found, (case, found, prefix)


@settings(max_examples=rounds(8), deadline=None)
@given(families=st.permutations(RULES.families), seed=st.integers(0, 2**32))
def test_the_order_of_families_and_rules_decides_nothing(
    families: list[Family], seed: int, models: list[tuple[Case, ModelView]]
) -> None:
    chance = random.Random(seed)
    turned = [
        msgspec.structs.replace(each, rules=tuple(chance.sample(each.rules, len(each.rules))))
        for each in families
    ]
    shuffled = RuleSet.of(turned)
    for case, view in chance.sample(models, min(len(models), 80)):
        assert _base(_of(view, view.tensors.tensors), shuffled) == (case.answer[1],), case


def _of(view: ModelView, tensors: Mapping[str, TensorInfo]) -> ModelView:
    changed = dataclasses.replace(view.tensors.header, tensors=dict(tensors))
    return ModelView(view.name, [view.name], header=changed, names=RULES.names)


def _some_modules(
    table: ModuleTable, chance: random.Random, *, every: bool = False
) -> dict[str, tuple[int, int]]:
    """Choose some modules of a table, in one block, in some or in all."""
    names = sorted(table.modules)
    chosen = names if every else chance.sample(names, chance.randint(1, min(6, len(names))))
    share = 1.0 if every else chance.choice((0.0, 0.2, 1.0))
    start = chance.random()
    found: dict[str, tuple[int, int]] = {}
    for name in chosen:
        taken, given = table.modules[name]
        for path in _numbered(name, share, start):
            found[path] = (taken or 96, given or 96)
    return found


def _numbered(name: str, share: float, start: float) -> Iterator[str]:
    """Put numbers in place of ``{19}``: one, a share of them, or all."""
    found = _COUNT.search(name)
    if found is None:
        yield name
        return
    count = int(found[1])
    first = int(start * count)
    for number in range(count):
        if number == first or (number - first) % count < share * count:
            yield from _numbered(name.replace(found[0], str(number), 1), 0.0, start)


def _spelled(spelling: str, name: str) -> str:
    return spelling + (name.replace(".", "_") if spelling.endswith("_") else name)


def _lora(name: str, taken: int, given: int) -> Shapes:
    return {f"{name}.lora_down.weight": (4, taken), f"{name}.lora_up.weight": (given, 4)}


def _peft(name: str, taken: int, given: int) -> Shapes:
    return {f"{name}.lora_A.weight": (4, taken), f"{name}.lora_B.weight": (given, 4)}


def _loha(name: str, taken: int, given: int) -> Shapes:
    ends = {"a": (given, 4), "b": (4, taken)}
    return {f"{name}.hada_w{n}_{end}": shape for n in (1, 2) for end, shape in ends.items()}


def _lokr(name: str, taken: int, given: int) -> Shapes:
    small = 4 if not taken % 4 and not given % 4 else 1
    factors = {"1": (small, small), "2": (given // small, taken // small)}
    return {f"{name}.lokr_w{n}": shape for n, shape in factors.items()}


def _dora(name: str, taken: int, given: int) -> Shapes:
    return _peft(name, taken, given) | {f"{name}.dora_scale": (given, 1)}


def _oft(name: str, taken: int, given: int) -> Shapes:
    del taken
    return {f"{name}.oft_blocks": (4, given // 4, given // 4), f"{name}.alpha": ()}


_KINDS: Mapping[str, Callable[[str, int, int], Shapes]] = {
    "lora": _lora, "peft": _peft, "loha": _loha, "lokr": _lokr, "dora": _dora, "oft": _oft,
}  # fmt: skip
