"""``ModuleTable``: the modules of one transformer, as adapters name them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from modelkeep.identification.adapters import AdapterView, Measured

#: Features that a module takes and gives; None where they vary.
Widths = tuple[int | None, int | None]

_COUNT = re.compile(r"\{(\d+)\}")
_NUMBER = re.compile(r"(?<![^_])\d+(?![^_])")


@dataclass(frozen=True, slots=True)
class _ModulePlace:
    """One module of a table, in every block that has it.

    Attributes:
        numbers: The numbers that its path may hold, in turn.
    """

    numbers: tuple[range, ...]
    widths: Widths

    def holds(self, module: Measured) -> bool:
        """Return whether a module of this form stands here and has these widths."""
        if module.numbers is None:
            return False
        numbers = zip(module.numbers, self.numbers, strict=True)
        if any(number not in each for number, each in numbers):
            return False
        pairs = zip(module.widths, self.widths, strict=True)
        return all(one == other or one is None or other is None for one, other in pairs)


@dataclass(frozen=True, eq=False)
class ModuleTable:
    """The modules of one size of a transformer under one spelling of their names.

    Attributes:
        modules: What each module takes and gives. ``{19}`` stands for a number below 19: there
            are so many blocks. Every linear layer has to be listed: an adapter that changes
            another one is not for this model.
        fits: Variants of its base that the table is that of; empty where all have it.
    """

    modules: Mapping[str, Widths]
    fits: tuple[str, ...] = ()

    @cached_property
    def _places(self) -> Mapping[str, tuple[_ModulePlace, ...]]:
        """The places by form: their path with ``#`` for every number."""
        found: defaultdict[str, list[_ModulePlace]] = defaultdict(list)
        for name, widths in self.modules.items():
            path = name.replace(".", "_")
            numbers = tuple(_numbers(path))
            form = _NUMBER.sub("#", _COUNT.sub("0", path))
            found[form].append(_ModulePlace(numbers, widths))
        return {form: tuple(places) for form, places in found.items()}

    @cached_property
    def _counts(self) -> Mapping[str, int]:
        """How many blocks each list has."""
        paths = (name.replace(".", "_") for name in self.modules)
        counts = ((path, _COUNT.search(path)) for path in paths)
        return {path[: found.start() - 1]: int(found[1]) for path, found in counts if found}

    def holds(self, adapter: AdapterView) -> bool:
        """Return whether every module of the denoiser that an adapter changes is one of these."""
        known = adapter.held.get(self)
        if known is None:
            known = adapter.held[self] = self._holds(adapter.denoiser)
        return known

    def _holds(self, found: Mapping[str, Collection[Measured]]) -> bool:
        if not found or not self._places.keys() >= found.keys():
            return False
        return all(self._has(form, module) for form, some in found.items() for module in some)

    def _has(self, form: str, module: Measured) -> bool:
        return any(place.holds(module) for place in self._places[form])

    def stranger(self, adapter: AdapterView) -> str | None:
        """Return the path of a changed module that is none of these, or None."""
        for (where, form), modules in adapter.forms.items():
            for module in modules if where == "denoiser" else ():
                if form not in self._places or not self._has(form, Measured.of(module)):
                    return module.path
        return None

    def is_whole(self, adapter: AdapterView) -> bool:
        """Return whether an adapter changes every block of each list that it changes at all."""
        changed = {
            blocks: adapter.numbers(blocks) for blocks in self._counts if adapter.numbers(blocks)
        }
        return bool(changed) and all(
            numbers == frozenset(range(self._counts[blocks])) for blocks, numbers in changed.items()
        )


def _numbers(path: str) -> Iterator[range]:
    """Yield the numbers that stand in a path, in turn: those that a count allows, or one."""
    for part in path.split("_"):
        if (count := _COUNT.fullmatch(part)) is not None:
            yield range(int(count[1]))
        elif part.isdecimal():
            yield range(int(part), int(part) + 1)
