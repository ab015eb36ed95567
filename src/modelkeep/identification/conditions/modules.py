"""Conditions on the modules that a LoRA or LyCORIS changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

import msgspec

from modelkeep.core.identity import Evidence
from modelkeep.identification.conditions.condition import either
from modelkeep.identification.module_tables import ModuleTable
from modelkeep.identification.prefixes import Where

if TYPE_CHECKING:
    from modelkeep.identification.adapters import AdapterModule
    from modelkeep.identification.view import PartView


class AdapterOnly(msgspec.Struct, frozen=True):
    """Most tensors are those of a LoRA or LyCORIS."""

    positive: ClassVar[bool] = True

    def check(self, view: PartView) -> Evidence | None:
        """Hold when adapters are there and little else."""
        adapter = view.tensors.adapter
        if not adapter.modules or adapter.others > adapter.tensors:
            return None
        return Evidence("keys", f"changes {len(adapter.modules)} modules of another model")

    def missing(self, view: PartView) -> str:
        """Say that it is not an adapter."""
        if not view.tensors.adapter.modules:
            return "no tensor has a name of a LoRA"
        return "most tensors are not those of a LoRA"


class Factored(msgspec.Struct, frozen=True):
    """An adapter is a LoKr: a product of factors, which some write the other way round."""

    positive: ClassVar[bool] = True

    def check(self, view: PartView) -> Evidence | None:
        """Hold when every module is one."""
        modules = view.tensors.adapter.modules
        if not modules or not all(any(r.startswith("k1") for r in m.shapes) for m in modules):
            return None
        return Evidence("keys", f"changes {modules[0].path} by factors (LoKr)")

    def missing(self, view: PartView) -> str:
        """Say that it is none."""
        del view
        return "it is not a LoKr"


class Module(msgspec.Struct, frozen=True):
    """An adapter changes a module of this name, and all of them have one of these widths.

    Attributes:
        glob: Path of the module with ``_`` between its parts; ``#`` is any number, ``*`` any text.
        widths: Widths that fit; empty when the name alone tells.
        side: Which width: what the module takes or what it gives.
    """

    positive: ClassVar[bool] = True

    glob: str
    widths: tuple[int, ...] = ()
    side: Literal["in", "out"] = "in"
    where: Where = "denoiser"

    def _widths(self, modules: Sequence[AdapterModule]) -> set[int]:
        sides = (m.width_in if self.side == "in" else m.width_out for m in modules)
        return {width for width in sides if width is not None}

    def check(self, view: PartView) -> Evidence | None:
        """Hold when such modules are there and none has another width."""
        modules = view.tensors.adapter.find(self.glob, self.where)
        if not modules:
            return None
        if not self.widths:
            return Evidence("keys", f"changes the module {modules[0].path}")
        widths = self._widths(modules)
        if not widths or not widths.issubset(self.widths):
            return None
        verb = "takes" if self.side == "in" else "gives"
        return Evidence(
            "shapes", f"changes {modules[0].path}, which {verb} {either(sorted(widths))} features"
        )

    def missing(self, view: PartView) -> str:
        """Say which module is missing or how wide it is instead."""
        modules = view.tensors.adapter.find(self.glob, self.where)
        if not modules:
            return f"it changes no module {self.glob}"
        found = either(sorted(self._widths(modules))[:4]) or "of no known width"
        return f"the modules {self.glob} are {found}, not {either(self.widths)}"


class Unmeasured(msgspec.Struct, frozen=True):
    """An adapter changes modules of this name, and its tensors show of none what it takes.

    Attributes:
        glob: As for ``Module``.
    """

    positive: ClassVar[bool] = True

    glob: str

    def check(self, view: PartView) -> Evidence | None:
        """Hold when such modules are there and none has a width."""
        modules = view.tensors.adapter.find(self.glob, "denoiser")
        if not modules or any(module.width_in is not None for module in modules):
            return None
        return Evidence("keys", f"changes the module {modules[0].path}")

    def missing(self, view: PartView) -> str:
        """Say that there are none, or that they have widths."""
        is_there = view.tensors.adapter.find(self.glob, "denoiser")
        return f"the modules {self.glob} have widths" if is_there else f"no module {self.glob}"


class Projected(msgspec.Struct, frozen=True):
    """An adapter changes what leads into or out of the attention of a U-Net, and shows its kind.

    Attributes:
        dimensions: Of the weight: 4 of a convolution (SD 1), 2 of a plain matrix (the others).
    """

    positive: ClassVar[bool] = True

    dimensions: Literal[2, 4]

    def check(self, view: PartView) -> Evidence | None:
        """Hold when the first factor of one is of this kind; of LoHa and LoKr it does not tell."""
        for glob in ("*proj_in", "*proj_out"):
            for module in view.tensors.adapter.find(glob, "denoiser"):
                if len(module.shapes.get("down", ())) == self.dimensions:
                    return Evidence("shapes", f"the weight of {module.path} is {self._kind()}")
        return None

    def missing(self, view: PartView) -> str:
        """Say that none of its modules shows it."""
        count = len(view.tensors.adapter.modules)
        return f"none of its {count} modules is a projection that is {self._kind()}"

    def _kind(self) -> str:
        return {2: "a matrix", 4: "a convolution"}[self.dimensions]


class NoModule:
    """An adapter changes no module of these names, in the denoiser."""

    positive: ClassVar[bool] = False

    def __init__(self, *globs: str) -> None:
        self.globs = globs

    def _found(self, view: PartView) -> str | None:
        adapter = view.tensors.adapter
        hits = (adapter.find(glob, "denoiser") for glob in self.globs)
        return next((modules[0].path for modules in hits if modules), None)

    def check(self, view: PartView) -> Evidence | None:
        """Hold when none is there."""
        if self._found(view) is not None:
            return None
        return Evidence("keys", f"changes no module {self.globs[0]}")

    def missing(self, view: PartView) -> str:
        """Name the one that is there."""
        return f"it changes {self._found(view)}, a module of another family"


class Gives(msgspec.Struct, frozen=True):
    """An adapter changes no module of these names that gives another number of features.

    Attributes:
        globs: As for ``Module``.
        widths: The numbers that fit.
    """

    positive: ClassVar[bool] = False

    globs: tuple[str, ...]
    widths: frozenset[int]

    def check(self, view: PartView) -> Evidence | None:
        """Hold when no such module is of another width; most are of an unknown one or missing."""
        if self._other(view) is not None:
            return None
        return Evidence("shapes", f"changes no attention wider or narrower than {self._named()}")

    def missing(self, view: PartView) -> str:
        """Name the module of another width."""
        return f"it changes {self._other(view)} features, not {self._named()}"

    def _named(self) -> str:
        return either(sorted(self.widths))

    def _other(self, view: PartView) -> str | None:
        for glob in self.globs:
            for module in view.tensors.adapter.find(glob, "denoiser"):
                width = module.width_out
                if width is not None and width not in self.widths:
                    return f"{module.path}, which gives {width}"
        return None


class BlocksBelow(msgspec.Struct, frozen=True):
    """An adapter changes no block numbered ``limit`` or higher.

    Attributes:
        block: Name of the list of blocks.
        limit: How many blocks the family has.
    """

    positive: ClassVar[bool] = False

    block: str
    limit: int

    def check(self, view: PartView) -> Evidence | None:
        """Hold when all numbers are below the limit."""
        if self._highest(view) >= self.limit:
            return None
        return Evidence("keys", f"changes no more than {self.limit} {self.block}")

    def missing(self, view: PartView) -> str:
        """Name the highest number."""
        return f"it changes {self.block}.{self._highest(view)}"

    def _highest(self, view: PartView) -> int:
        return max(view.tensors.adapter.numbers(self.block), default=-1)


class AllBlocks(msgspec.Struct, frozen=True):
    """An adapter changes every block of a list, and the list has this many.

    Attributes:
        block: Name of the list of blocks.
        count: How many blocks the family has.
    """

    positive: ClassVar[bool] = True

    block: str
    count: int

    def check(self, view: PartView) -> Evidence | None:
        """Hold when all of them are changed and no further one."""
        if view.tensors.adapter.numbers(self.block) != frozenset(range(self.count)):
            return None
        return Evidence("keys", f"changes all of {self.count} {self.block}")

    def missing(self, view: PartView) -> str:
        """Say how many are changed."""
        found = view.tensors.adapter.numbers(self.block)
        return f"it changes {len(found)} {self.block}, not all of {self.count}"


class TextContext(msgspec.Struct, frozen=True):
    """An adapter changes cross-attention in blocks of a U-Net that takes text this wide.

    Attributes:
        width: The width; None: nothing that it changes shows the width.
    """

    positive: ClassVar[bool] = True

    width: int | None

    def check(self, view: PartView) -> Evidence | None:
        """Hold when all such modules have this width."""
        found = view.tensors.adapter.unet_contexts
        if self.width is None and not found:
            return Evidence("keys", "changes no cross-attention that shows the text context")
        if self.width is None or found.keys() != {self.width}:
            return None
        module = found[self.width]
        return Evidence("shapes", f"changes {module}, which takes {self.width} features")

    def missing(self, view: PartView) -> str:
        """Say how wide the text is instead."""
        found = sorted(view.tensors.adapter.unet_contexts)
        if not found:
            return "it changes no cross-attention in the blocks of a U-Net"
        wanted = f", not {self.width}" if self.width else ""
        return f"the text context of the U-Net that it changes is {either(found)}{wanted}"


class DeepAttention(msgspec.Struct, frozen=True):
    """An adapter changes a U-Net with several transformers in one attention block."""

    positive: ClassVar[bool] = True

    def check(self, view: PartView) -> Evidence | None:
        """Hold when a second transformer is changed."""
        depth = view.tensors.adapter.unet_depth
        if depth < 2:  # noqa: PLR2004 - the first is number 0
            return None
        return Evidence("keys", f"changes {depth} transformers in one block of a U-Net")

    def missing(self, view: PartView) -> str:
        """Say how many there are."""
        depth = view.tensors.adapter.unet_depth
        return f"it changes at most {depth} transformers in one block of a U-Net"


class Fits:
    """Every module of the denoiser that an adapter changes is one of these tables'.

    Args:
        tables: The sizes and spellings of one base.
    """

    positive: ClassVar[bool] = True

    def __init__(self, *tables: ModuleTable) -> None:
        self.tables = tables

    def fitting(self, view: PartView) -> tuple[ModuleTable, ...]:
        """Return the tables that hold everything that the adapter changes."""
        adapter = view.tensors.adapter
        return tuple(table for table in self.tables if table.holds(adapter))

    def is_whole(self, view: PartView) -> bool:
        """Return whether the adapter changes every block of one of the tables."""
        adapter = view.tensors.adapter
        return any(table.is_whole(adapter) for table in self.fitting(view))

    def variants(self, view: PartView) -> tuple[str, ...] | None:
        """Return the variants that the adapter works with; None when it works with all."""
        named = [table.fits for table in self.fitting(view)]
        every = {name for table in self.tables for name in table.fits}
        found = dict.fromkeys(name for names in named for name in names)
        return None if not all(named) or found.keys() == every else tuple(found)

    def check(self, view: PartView) -> Evidence | None:
        """Hold when one of the tables does."""
        if not self.fitting(view):
            return None
        modules = [m for m in view.tensors.adapter.modules if m.where == "denoiser"]
        first = modules[0].path
        detail = f"changes {first}" if len(modules) == 1 else f"changes {first} and others"
        return Evidence("shapes", f"{detail}, all of names and widths of this architecture")

    def missing(self, view: PartView) -> str:
        """Name a module that is none of the nearest table's."""
        adapter = view.tensors.adapter
        strangers = [table.stranger(adapter) for table in self.tables]
        named = next((name for name in strangers if name is not None), None)
        return f"{named} has another name or width" if named else "it changes no module of it"


class FitsPartly(Fits):
    """An adapter fits a table and changes only some of its blocks.

    It is for a family whose modules are all those of another one: an adapter of every block is
    taken for one of the family that trainers know, of some blocks for one of either.
    """

    def check(self, view: PartView) -> Evidence | None:
        """Hold when a table does and no list of its blocks is changed wholly."""
        return None if self.is_whole(view) else super().check(view)
