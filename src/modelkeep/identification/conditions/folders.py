"""Conditions on the files and configs of a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from modelkeep.core.identity import Evidence
from modelkeep.identification.conditions.condition import either
from modelkeep.identification.globs import glob_matches

if TYPE_CHECKING:
    from modelkeep.identification.view import PartView

_LONGEST_QUOTE = 160


class HasFile:
    """A folder holds a file that one of these globs names (``*`` also crosses folders)."""

    positive: ClassVar[bool] = True

    def __init__(self, *globs: str) -> None:
        self.globs = globs

    def check(self, view: PartView) -> Evidence | None:
        """Hold when there is one; it is named."""
        for file in view.folder.files if view.folder else ():
            if any(glob_matches(glob, file.path) for glob in self.globs):
                return Evidence("config", f"the folder holds {file.path}")
        return None

    def missing(self, view: PartView) -> str:
        """Say which file is not there."""
        del view
        return f"there is no file {either(self.globs)}"


class PipelineClass:
    """``model_index.json`` names a pipeline class that one of these globs matches."""

    positive: ClassVar[bool] = True

    def __init__(self, *globs: str) -> None:
        self.globs = globs

    def check(self, view: PartView) -> Evidence | None:
        """Hold when the class matches."""
        name = view.folder.pipeline_class if view.folder else None
        if name is None or not any(glob_matches(glob, name) for glob in self.globs):
            return None
        return Evidence("config", f"model_index.json names the pipeline {name}")

    def missing(self, view: PartView) -> str:
        """Say which class it is instead."""
        name = view.folder.pipeline_class if view.folder else None
        return f"the pipeline is {name}" if name else "there is no model_index.json"


class ComponentClass:
    """The folder is a component alone, of one of these classes (globs)."""

    positive: ClassVar[bool] = True

    def __init__(self, *globs: str) -> None:
        self.globs = globs

    def check(self, view: PartView) -> Evidence | None:
        """Hold when the class matches."""
        found = view.folder.component_class if view.folder else None
        if found is None or not any(glob_matches(glob, found[1]) for glob in self.globs):
            return None
        return Evidence("config", f"{found[0]} names the class {found[1]}")

    def missing(self, view: PartView) -> str:
        """Say which class it is instead."""
        found = view.folder.component_class if view.folder else None
        return f"its class is {found[1]}" if found else "no config.json names its class"


class ConfigValue(msgspec.Struct, frozen=True):
    """A component's config has one of these values.

    Attributes:
        components: Where to look, first found first; "" is the folder's own config.json.
        key: Name of the value.
        values: What it may be.
        absent: Also holds when the config is there but has no such value.
    """

    positive: ClassVar[bool] = True

    components: tuple[str, ...]
    key: str
    values: tuple[Any, ...]
    absent: bool = False

    def _config(self, view: PartView) -> tuple[str, dict[str, Any]] | None:
        for component in self.components if view.folder else ():
            found = view.folder.component(component) if view.folder else None
            if found is not None:
                return found
        return None

    def check(self, view: PartView) -> Evidence | None:
        """Hold when the value fits."""
        found = self._config(view)
        if found is None:
            return None
        file, config = found
        value = config.get(self.key)
        if value is None and self.absent:
            return Evidence("config", f"{file} does not set {self.key}")
        # True == 1 in Python, but not in a config.
        if not any(
            value == v and isinstance(value, bool) == isinstance(v, bool) for v in self.values
        ):
            return None
        return Evidence("config", f"{file} has {self.key} {value}")

    def missing(self, view: PartView) -> str:
        """Say what the value is instead."""
        found = self._config(view)
        if found is None:
            return f"there is no config of {self.components[0] or 'the model'}"
        value = str(found[1].get(self.key))[:_LONGEST_QUOTE]
        return f"{found[0]} has {self.key} {value}, not {either(self.values)}"
