"""``Planner``: finds the loader of a model, and plans the part that is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from modelkeep.core.commands import command
from modelkeep.core.configs import ModelConfigBase, ModelConfigFactory
from modelkeep.core.taxonomy import ModelFormat, ModelType, SubModelType
from modelkeep.errors import (
    InvalidModelException,
    MissingPartError,
    ModelNotFoundException,
    OfflineRootError,
)
from modelkeep.library.library import Library
from modelkeep.load.loader import ModelLoader
from modelkeep.load.model_files import ModelFiles
from modelkeep.load.plan import LoadPlan
from modelkeep.records.listing import RecordFilter

#: Types of models that can stand in for a part, by the start of its name.
_STAND_INS: Mapping[str, tuple[ModelType, ...]] = {
    "vae": (ModelType.Vae,),
    "text_encoder": (ModelType.CLIPEmbed, ModelType.T5Encoder, ModelType.TextEncoder),
    "image_encoder": (ModelType.CLIPVision,),
    "controlnet": (ModelType.ControlNet,),
}
#: Stand-ins that an error lists.
_LISTED = 5


@dataclass(frozen=True, slots=True)
class PlannedPart:
    """A part, and where it comes from.

    Attributes:
        record: Of the model that has the part; another one where it was replaced.
        files: Of that model.
    """

    record: ModelConfigBase
    files: ModelFiles
    loader: ModelLoader
    plan: LoadPlan


class Planner:
    """Plans parts of the models of one library. Reads headers and configs, and imports no torch.

    Args:
        library: Where the models are recorded.
        loaders: The kinds of models that can be loaded.
        assets: Folder of tokenizers and the like.
    """

    def __init__(self, library: Library, loaders: Sequence[ModelLoader], assets: Path) -> None:
        self._library = library
        self._loaders = loaders
        self._assets = assets

    def plan(self, record: ModelConfigBase, part: str, replaced: Mapping[str, str]) -> PlannedPart:
        """Plan a part of a model.

        Args:
            record: The model.
            part: Name of the part; empty for a model that is one thing.
            replaced: Keys of models that stand in for parts, by the names of the parts.

        Raises:
            MissingPartError: the model has no such part, or needs one to be named.
            ModelNotFoundException: its files are not there; also when its root is offline.
            InvalidModelException: it cannot be loaded.
            UnknownModelException: a model that should stand in does not exist.
        """
        self._check_names(record, replaced)
        stand_in = self._stand_in(record, part, replaced)
        if stand_in is not None:
            files = self.files_of(stand_in)
            loader = self.loader_for(stand_in)
            names = loader.parts(files)
            wanted = part if part in names else (names[0] if len(names) == 1 else "")
            return self._planned(stand_in, files, loader, wanted)
        return self._planned(record, self.files_of(record), self.loader_for(record), part)

    def parts(self, record: ModelConfigBase) -> tuple[str, ...]:
        """Return the names of the parts of a model; none where it is one thing."""
        return self.loader_for(record).parts(self.files_of(record))

    def loader_for(self, record: ModelConfigBase) -> ModelLoader:
        """Return the loader of a model.

        Raises:
            InvalidModelException: none loads models of its type, format and base.
        """
        for loader in self._loaders:
            if loader.takes(record):
                return loader
        raise InvalidModelException(
            f"{record.name} cannot be loaded: no loader takes models of type {record.type.value},"
            f" format {record.format.value} and base {record.base.value}",
            hint="If it is something else, say so with: "
            f"{command('edit', record.key, 'type=TYPE')}",
        )

    def files_of(self, record: ModelConfigBase) -> ModelFiles:
        """Return a model with its files.

        Raises:
            ModelNotFoundException: they are not there.
        """
        try:
            path = self._library.reach(record)
        except OfflineRootError as error:
            raise ModelNotFoundException(
                f"{record.name} cannot be loaded: {error}", hint=error.hint
            ) from error
        if not path.exists():
            raise ModelNotFoundException(
                f"{record.name} cannot be loaded: {path} does not exist",
                hint="Put the files back, or install the model again. "
                f"See: {command('show', record.key)}",
            )
        config = getattr(record, "config", None)
        settings = self._library.settings
        return ModelFiles(record, path, settings.root / config if config else None, self._assets)

    def _planned(
        self, record: ModelConfigBase, files: ModelFiles, loader: ModelLoader, part: str
    ) -> PlannedPart:
        names = loader.parts(files)
        if (names and part not in names) or (part and not names):
            raise self._no_part(record, part, names)
        return PlannedPart(record, files, loader, loader.plan(files, part))

    def _check_names(self, record: ModelConfigBase, replaced: Mapping[str, str]) -> None:
        """Refuse stand-ins for parts that no model has: a slip would give the model's own part."""
        names = [name for name in replaced if not _is_part(name)]
        if not names:
            return
        parts = self.parts(record)
        if unknown := [name for name in names if name not in parts]:
            raise self._no_part(record, unknown[0], parts)

    def _stand_in(
        self, record: ModelConfigBase, part: str, replaced: Mapping[str, str]
    ) -> ModelConfigBase | None:
        if part in replaced:
            other = self._library.records.get_model(replaced[part])
            return self._fitting(other, part)
        path = getattr(record, "vae", None)
        if part != "vae" or not path:
            return None
        full = self._library.settings.models_dir / path
        known = self._library.records.search_by_path(full)
        if known:
            return self._fitting(known[0], part)
        if not full.exists():
            raise ModelNotFoundException(
                f"The VAE of {record.name} does not exist: {full}",
                hint=f"Take it off with: {command('edit', record.key, 'vae=')}",
            )
        form = ModelFormat.Diffusers if full.is_dir() else ModelFormat.Checkpoint
        fields = {
            "key": record.key, "name": full.stem, "path": str(full), "root": "",
            "base": record.base, "type": ModelType.Vae, "format": form,
        }  # fmt: skip
        made: ModelConfigBase = ModelConfigFactory.make_config(fields)
        return made

    def _fitting(self, other: ModelConfigBase, part: str) -> ModelConfigBase:
        """Return a model that stands in for a part.

        Raises:
            MissingPartError: it has no such part, and is none.
        """
        if other.type in _types_for(part) or part in self.parts(other):
            return other
        raise MissingPartError(
            f"{other.name} cannot stand in for the part {part!r}: it is a model of type"
            f" {other.type.value}",
            hint=f"Name a model that has this part. See: {command('list')}",
        )

    def _no_part(
        self, record: ModelConfigBase, part: str, names: Sequence[str]
    ) -> MissingPartError:
        if not names:
            return MissingPartError(
                f"{record.name} has no parts, so it has no {part}", hint="Load it without one."
            )
        listed = ", ".join(names)
        if not part:
            return MissingPartError(
                f"{record.name} is a main model, of which one part is loaded at a time",
                hint=f"Name one of its parts: {listed}.",
            )
        others = self._would_do(record, part)
        also = f" These installed models can stand in: {', '.join(others)}." if others else ""
        return MissingPartError(
            f"{record.name} has no part {part!r}. It has: {listed}",
            hint=f"Name one of its parts.{also}",
        )

    def _would_do(self, record: ModelConfigBase, part: str) -> list[str]:
        """Return names and keys of installed models that can stand in for a part."""
        types = _types_for(part)
        records = self._library.records
        if not types:
            return []
        page = records.page(RecordFilter(types=types, bases=(record.base, "any")), limit=_LISTED)
        return [f"{one.name} ({one.key})" for one in page.items]


def _types_for(part: str) -> tuple[ModelType, ...]:
    """Return the types of models that can stand in for a part."""
    return next((types for start, types in _STAND_INS.items() if part.startswith(start)), ())


def _is_part(name: str) -> bool:
    """Tell whether models may have a part of this name, with or without a number behind it."""
    return name.rstrip("_0123456789") in {*SubModelType, *_STAND_INS, "transformer"}
