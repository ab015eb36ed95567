"""``InstallPlan``: what an install would do, as a value that can be printed."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from modelkeep.core.configs import ModelConfigBase, ModelConfigFactory
from modelkeep.core.identity import Identification
from modelkeep.core.names import (
    full_path,
    path_to_text,
    real_path,
    safe_name,
    shown,
    size_text,
    text_to_path,
)
from modelkeep.core.reading import printable
from modelkeep.core.taxonomy import (
    BaseModelType,
    base_label,
    type_label,
)
from modelkeep.disk.paths import free_space
from modelkeep.errors import (
    AmbiguousModelError,
    NotWritableError,
    UnknownModelError,
    UsageError,
)
from modelkeep.library.home import Home
from modelkeep.library.inventory import SourceFile, list_files
from modelkeep.library.link import LinkMode
from modelkeep.library.new_records import Identify, as_the_caller_says, config_fields, recorded_path
from modelkeep.library.previews import preview_text
from modelkeep.settings import Settings
from modelkeep.sources.local import LocalModelSource
from modelkeep.sources.sidecars.info import SidecarInfo

_MODEL_SUFFIXES = frozenset({".safetensors", ".ckpt", ".pt", ".pth", ".bin"})


@dataclass(frozen=True, slots=True)
class InstallPlan:
    """What an install would do.

    Attributes:
        source: What was asked for, as text.
        path: The file or folder.
        identified: What it was found to be; None when no rule knows it and the caller says so.
        files: All files of the model.
        config: The record, complete but for its hashes; its ``path`` is where the model will be.
        inplace: The files stay where they are.
        link: How they get into ``models_dir``; None when in place.
        target: Where the model will be.
        needed_bytes: Room that the install takes on the disk of ``models_dir``.
        free_bytes: Room that there is.
        preview: The picture that comes along as a copy; None when there is none, or when the model
            stays where it is.
        sidecar_info: What the files beside it say, as far as no field of the record has it.
        home: Where it goes; None when it stays where it is.
        sha256: Hashes that were computed while the files came here, by name.
        fetched: The folder that they came to; it goes with the move.
    """

    source: str
    path: Path
    identified: Identification | None
    files: tuple[SourceFile, ...]
    config: ModelConfigBase
    inplace: bool
    link: LinkMode | None
    target: Path
    needed_bytes: int
    free_bytes: int
    preview: Path | None = None
    sidecar_info: SidecarInfo = field(default_factory=SidecarInfo)
    home: Home | None = None
    sha256: Mapping[str, str] = field(default_factory=dict)
    fetched: Path | None = None

    @property
    def total_bytes(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    @property
    def is_folder(self) -> bool:
        """The model is a folder."""
        return self.files[:1] != () and self.files[0].name != ""

    def __str__(self) -> str:
        config = self.config
        how = "recorded where it is" if self.inplace else f"{self.link} to {shown(self.target)}"
        what = f"{type_label(config.type)} for {base_label(config.base)}, {config.format}"
        lines = [
            self.source,
            f"  what    {what}",
            f"  name    {config.name}",
            f"  files   {len(self.files)}, {size_text(self.total_bytes)}",
            f"  where   {how}",
            f"  disk    {size_text(self.needed_bytes)} needed, {size_text(self.free_bytes)} free",
        ]
        return "\n".join([*lines, *(f"  because {r.detail}" for r in config.evidence[:3])])

    def to_json(self) -> dict[str, Any]:
        """Return the plan as plain values."""
        return {
            "source": self.source,
            "type": self.config.type.value,
            "base": self.config.base.value,
            "format": self.config.format.value,
            "name": self.config.name,
            "files": [{"path": f.name or path_to_text(f.path), "size": f.size} for f in self.files],
            "bytes": self.total_bytes,
            "inplace": self.inplace,
            "link": self.link.value if self.link else None,
            "target": path_to_text(self.target),
            "needed_bytes": self.needed_bytes,
            "free_bytes": self.free_bytes,
            "needs_token": False,
            "preview": path_to_text(self.preview) if self.preview else None,
            "evidence": [asdict(reason) for reason in self.config.evidence],
        }


def make_plan(
    source: LocalModelSource,
    overrides: Mapping[str, Any],
    *,
    settings: Settings,
    identify: Identify,
    known_bases: frozenset[BaseModelType],
    link: LinkMode | None = None,
    home: Home | None = None,
) -> InstallPlan:
    """Look at a source and say what installing it would do; changes nothing.

    Args:
        source: The local model.
        overrides: Fields of the record that win over what is identified.
        settings: Of this root.
        identify: Says what a path is.
        known_bases: Bases that an override may name.
        link: How files get to their place; ``copy`` when None.
        home: Where the model goes; ``models_dir`` when None.

    Raises:
        SourceError, InvalidModelException: the source cannot be used.
        InvalidModelConfigException: an override does not fit.
    """
    path = full_path(source.path)
    inplace = bool(source.inplace)
    home = home or Home.of_settings(settings)
    if not inplace:
        _check_places(path, home.top, link)
    files = list_files(path)
    identified = _identify(path, overrides, identify, strict=settings.verify != "off")
    size = sum(file.size for file in files)
    found = identified or as_the_caller_says(path, overrides, size, is_folder=path.is_dir())
    fields = config_fields(found, overrides, settings, known_bases)
    place = settings.named_roots().normal(path)
    target = place if inplace else home.folder_for(fields["base"], fields["type"])
    if not inplace:
        target /= safe_name(path.name)
    fields["path"] = recorded_path(target, settings.models_dir)
    fields["source"] = overrides.get("source", path_to_text(path))
    picture = _picture(fields, path, None if inplace else home)
    config = ModelConfigFactory.make_config(fields)
    how = None if inplace else link or LinkMode.Copy
    is_copied = how is LinkMode.Copy
    return InstallPlan(
        source=printable(str(source)),
        path=path,
        identified=identified,
        files=files,
        config=config,
        inplace=inplace,
        link=how,
        target=target,
        needed_bytes=sum(file.allocated for file in files) if is_copied else 0,
        free_bytes=free_space(home.top),
        preview=None if inplace else picture,
        home=None if inplace else home,
    )


def _picture(fields: dict[str, Any], path: Path, home: Home | None) -> Path | None:
    """Return the picture of the model at ``path``, as an absolute path; set the field for it.

    In a root of somebody else nothing is written but the model.
    """
    given = fields.get("preview")
    is_wanted = home is None or home.is_ours
    has_one = is_wanted and isinstance(given, str) and bool(given)
    picture = path.parent / text_to_path(given) if has_one and given else None
    if "preview" in fields:
        fields["preview"] = preview_text(picture, path) if picture and home is None else None
    return picture


def _identify(
    path: Path, overrides: Mapping[str, Any], identify: Identify, *, strict: bool
) -> Identification | None:
    try:
        return identify(path, strict)
    except (UnknownModelError, AmbiguousModelError):
        _refuse_many(path)
        if "type" not in overrides and "model_type" not in overrides:
            raise
        return None


def _check_places(path: Path, models_dir: Path, link: LinkMode | None) -> None:
    if models_dir.exists() and not models_dir.is_dir():
        raise NotWritableError(
            f"{shown(models_dir)} is the folder of installed models and is no folder",
            hint="Move that file away, or set models_dir to a folder.",
        )
    if link is LinkMode.Move and path.is_symlink():
        raise UsageError(
            f"{shown(path)} is a link: moving it would leave behind what it points to",
            hint=f"Name the file itself: {shown(real_path(path))}",
        )


def _refuse_many(path: Path) -> None:
    """Say of a folder of models what it is, instead of taking it for one."""
    if not path.is_dir():
        return
    models = [p for p in path.iterdir() if p.suffix in _MODEL_SUFFIXES and p.is_file()]
    if len(models) > 1 and not (path / "config.json").exists():
        raise UnknownModelError(
            f"{shown(path)} holds {len(models)} model files and is no model itself",
            hint=f"Install them one by one: modelkeep install {shlex.quote(str(path))}/*",
        )
