"""From a source to its ``Plan``: which files, what they are, the record, and where it goes.

There are three beginnings: a model on this disk, a model of a site before any weight is fetched,
and a model of a site whose files have come. All go the same way once it is known which files
there are and what they are.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from modelkeep.core import limits
from modelkeep.core.aliases import without_aliases
from modelkeep.core.commands import command
from modelkeep.core.configs import ModelConfigBase, ModelConfigFactory
from modelkeep.core.hashing import Progress, no_progress
from modelkeep.core.hearsay import Hearsay
from modelkeep.core.identity import Identification
from modelkeep.core.names import full_path, is_inside, path_to_text, real_path, safe_name, shown
from modelkeep.core.weight_names import MODEL_SUFFIXES, is_generic
from modelkeep.disk.paths import free_space
from modelkeep.errors import (
    AmbiguousModelError,
    CorruptModelError,
    DuplicateModelException,
    HttpStatusError,
    InvalidModelException,
    ModelKeepError,
    NotWritableError,
    UnknownModelError,
    UnsupportedSourceError,
    UsageError,
)
from modelkeep.identification.engine import form_of
from modelkeep.install.fetch_folder import FetchFolder
from modelkeep.install.identify_remote import file_name, identify_remote_model
from modelkeep.install.plan import Plan
from modelkeep.library.condition import is_broken
from modelkeep.library.destination import Destination, LinkMode, destination_of
from modelkeep.library.duplicates import (
    find_same_remote,
    is_recorded_already,
    refuse_key,
    refuse_place,
)
from modelkeep.library.inventory import SourceFile, list_files
from modelkeep.library.library import Library
from modelkeep.library.new_records import (
    as_the_caller_says,
    fields_of,
    identified_fields,
    picture_of,
    record_in_home,
    record_in_place,
    refuse_incomplete,
)
from modelkeep.sources.layouts.hf_cache import repository_in
from modelkeep.sources.layouts.unfinished import mark_beside, mark_in
from modelkeep.sources.local import LocalModelSource
from modelkeep.sources.sidecars.info import SidecarInfo
from modelkeep.sources.sidecars.reading import read_beside
from modelkeep.sources.site import RemoteModel, SiteContext
from modelkeep.sources.string_like import StringLikeSource
from modelkeep.sources.told import told_by_sidecars, told_by_site

#: Errors that a type given by the caller makes up for; of a site also that it gives no parts.
_NOT_KNOWN = (UnknownModelError, AmbiguousModelError)
_NOT_KNOWN_YET = (*_NOT_KNOWN, UnsupportedSourceError)


class SitesLike(Protocol):
    """What a plan needs of ``Sites``."""

    @property
    def context(self) -> SiteContext:
        """How sites are asked."""
        ...

    def look_up(self, source: StringLikeSource) -> RemoteModel:
        """Ask the site of a source for everything but the bytes."""
        ...

    def explaining(self, remote: RemoteModel) -> AbstractContextManager[None]:
        """Have refusals of the files of a model be in the words of its site."""
        ...


def plan_local(
    library: Library,
    source: LocalModelSource,
    config: Mapping[str, Any],
    *,
    link: LinkMode | None = None,
    to: str | None = None,
    sidecar_info: SidecarInfo | None = None,
    progress: Progress = no_progress,
) -> Plan:
    """Say what installing a model of this disk would do; changes nothing.

    Args:
        library: Where to.
        source: The model.
        config: Fields of the record that win over everything else.
        link: How files get to their place; ``copy`` when None.
        to: Name of the root that it goes into; ``models_dir`` when None.
        sidecar_info: What others say of it, where ``config`` has their fields already; the files
            beside the model are read when None.
        progress: Told of every piece that is read because a sidecar states its hash; may raise to
            stop. A model that stays where it is is not read whole if it is large.

    Raises:
        ModelKeepError: the source cannot be installed, or not into that root; says why.
    """
    path, inplace = full_path(source.path), bool(source.inplace)
    refuse_place(library, path, inplace=inplace)
    home = destination_of(library, to)
    if not inplace:
        _check_places(library, path, home, link)
    files = list_files(path)
    _refuse_unfinished(path, files)
    most = limits.STATED_HASH_BYTES if inplace else None
    sidecars = sidecar_info or read_beside(path, most=most, progress=progress)
    given, told = without_aliases(config), told_by_sidecars(sidecars)
    identified, error = _identify(library, path, given, path, told)
    if sidecar_info is None:
        given = {**_sidecar_fields(sidecars, identified), **given}
    found = identified or _as_given(path, given, files, error)
    place = None if inplace else home
    record, target = _local_record(library, path, place, found, given)
    link = None if inplace else link or LinkMode.Copy
    _refuse_recorded(library, path, files)
    return Plan(
        source=source,
        path=path,
        files=files,
        identified=identified,
        given=config if sidecar_info is None else {},
        config=record,
        target=target,
        home=place,
        link=link,
        needed_bytes=sum(file.allocated for file in files) if link is LinkMode.Copy else 0,
        free_bytes=free_space(home.top),
        preview=picture_of(path, given) if not inplace and home.is_ours else None,
        metadata=sidecars.metadata,
        tags=sidecars.tags,
    )


def plan_remote(
    library: Library,
    sites: SitesLike,
    source: StringLikeSource,
    config: Mapping[str, Any],
    *,
    to: str | None = None,
) -> Plan:
    """Say what installing a source of a site would do; fetches headers and changes nothing.

    A model that no rule knows, or that its site does not give, is a plan that says why.

    Args:
        library: Where to.
        sites: Ask the site of the source.
        source: What is wanted.
        config: Fields of the record that win over everything else.
        to: Name of the root that it goes into; ``models_dir`` when None.

    Raises:
        SourceError: the site does not know it, or cannot be asked.
        InvalidModelConfigException: a field in ``config`` does not fit.
        DuplicateModelException: its key is taken.
        StorageError, UsageError: nothing can be installed into that root.
    """
    home = destination_of(library, to)
    remote = sites.look_up(source)
    same = find_same_remote(library, remote)
    if same is not None:  # also where the site would not give it again
        return _plan_known(library, remote, home, same)
    given = without_aliases(config)
    identified, error = _identify_remote(library, remote, sites, given)
    found = identified if error is None else None
    if found is None and given.get("type") is not None and isinstance(error, _NOT_KNOWN_YET):
        size, is_folder = remote.total_bytes or 0, remote.is_folder
        found = as_the_caller_says(Path(name_of(remote)), given, size, is_folder=is_folder)
        error = None
    record = target = None
    if found is not None:
        record, target = _remote_record(library, remote, home, found, given)
    return Plan(
        source=remote.source,
        remote=remote,
        identified=identified,
        error=error,
        config=record,
        target=target,
        home=home,
        needed_bytes=sum(file.size or 0 for file in remote.files),
        free_bytes=free_space(home.top),
        metadata=remote.metadata,
        repairs=find_same_remote(library, remote, broken=True),
    )


def _plan_known(library: Library, remote: RemoteModel, home: Destination, key: str) -> Plan:
    """Return the plan of a remote model that the library has: nothing is asked or fetched."""
    config = library.records.get_model(key)
    return Plan(
        source=remote.source,
        remote=remote,
        config=config,
        target=library.find(config),
        home=home,
        free_bytes=free_space(home.top),
        metadata=remote.metadata,
        same_as=key,
    )


def plan_fetched(
    library: Library,
    folder: FetchFolder,
    config: Mapping[str, Any],
    *,
    sha256: Mapping[str, str],
    preview: Path | None,
) -> Plan:
    """Identify a model whose files have all come, and say how it gets to its place: by moving it.

    Args:
        library: Where to.
        folder: Where the files came to.
        config: Fields of the record that win over everything else.
        sha256: Hashes that were computed while the files came, by their place in the model.
        preview: A picture of it, which is copied.

    Raises:
        InvalidModelException: it is not a model, or it cannot be identified.
        InvalidModelConfigException: a field in ``config`` does not fit.
        DuplicateModelException: its key is taken.
    """
    given, remote, home, path = without_aliases(config), folder.remote, folder.home, folder.top
    files = list_files(path)
    told = told_by_site(remote)
    if len(sha256) == len(files) == 1:
        told = replace(told, sha256=next(iter(sha256.values())), sha256_by="")
    identified, error = _identify(library, path, given, str(remote.source), told)
    found = identified or _as_given(path, given, files, error)
    record, target = _remote_record(library, remote, home, found, given)
    return Plan(
        source=remote.source,
        remote=remote,
        path=path,
        files=files,
        identified=identified,
        given=config,
        config=record,
        target=target,
        home=home,
        link=LinkMode.Move,
        free_bytes=free_space(home.top),
        preview=preview if home.is_ours else None,
        metadata=remote.metadata,
        sha256=dict(sha256),
        fetched=folder.path,
    )


def name_of(remote: RemoteModel) -> str:
    """Return the name that the file or folder of a remote model gets on this disk."""
    return safe_name(remote.name) if remote.is_folder else file_name(remote)


def _local_record(
    library: Library,
    path: Path,
    home: Destination | None,
    found: Identification,
    given: Mapping[str, Any],
) -> tuple[ModelConfigBase, Path]:
    """Return the record of a model of this disk as it will be, and where the model will be."""
    if is_generic(path.stem) and (repo := repository_in(path)) is not None:
        given = {"name": repo, **given}
    if home is None:
        record, target = record_in_place(library, path, found, given)
    else:
        fields = {"source": path_to_text(path), **given}
        name, is_folder = path.name, path.is_dir()
        record, target = record_in_home(library, home, name, found, fields, is_folder=is_folder)
    refuse_key(library, record.key)
    return record, target


def _remote_record(
    library: Library,
    remote: RemoteModel,
    home: Destination,
    found: Identification,
    given: Mapping[str, Any],
) -> tuple[ModelConfigBase, Path]:
    """Return the record of a remote model as it will be, and where the model will be."""
    fields = {**_site_fields(remote, found, given), **given}
    is_folder, name = remote.is_folder, remote.name
    name = name if is_folder else PurePosixPath(remote.files[0].path).name
    record, target = record_in_home(library, home, name, found, fields, is_folder=is_folder)
    refuse_key(library, record.key)
    return record, target


# -- what it is


def _identify(
    library: Library, path: Path, given: Mapping[str, Any], source: Path | str, told: Hearsay
) -> tuple[Identification | None, UnknownModelError | AmbiguousModelError | None]:
    """Return what a model on this disk is, or why no rule can tell.

    Raises:
        IncompleteModelError: it lacks parts, and the caller neither says what it is nor that
            nothing is to be checked.
    """
    try:
        found = library.identify(path, library.settings.verify != "off", told)
    except _NOT_KNOWN as error:
        _refuse_many(path)
        return None, error
    if _wants_whole(library, given):
        refuse_incomplete(found, source)
    return found, None


def _wants_whole(library: Library, given: Mapping[str, Any]) -> bool:
    return given.get("type") is None and library.settings.verify != "off"


def _identify_remote(
    library: Library, remote: RemoteModel, sites: SitesLike, given: Mapping[str, Any]
) -> tuple[Identification | None, ModelKeepError | None]:
    """Return what a model is, and why it cannot be installed; a broken connection is raised."""
    strict, found = library.settings.verify != "off", None
    try:
        with sites.explaining(remote):
            client, told = sites.context.client, told_by_site(remote)
            found = identify_remote_model(remote, client, strict=strict, told=told)
        if _wants_whole(library, given):
            refuse_incomplete(found, str(remote.source))
    except (InvalidModelException, UnsupportedSourceError, HttpStatusError) as error:
        return found, error
    return found, None


def _as_given(
    path: Path,
    given: Mapping[str, Any],
    files: tuple[SourceFile, ...],
    error: ModelKeepError | None,
) -> Identification:
    """Return what the caller says a model is that no rule knows."""
    if error is not None and given.get("type") is None:
        raise error
    size = sum(file.size for file in files)
    return as_the_caller_says(path, given, size, is_folder=path.is_dir(), form=form_of(path))


# -- what sidecars and sites state


def _sidecar_fields(info: SidecarInfo, found: Identification | None) -> dict[str, Any]:
    """Return the fields of the record that the files beside a model give."""
    if found is not None:
        return fields_of(info, found)
    fields = {"name": info.name, "description": info.description}
    return {name: value for name, value in fields.items() if value}


def _site_fields(
    remote: RemoteModel, found: Identification, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the fields that are taken from the site.

    What a model is, its own header says; the site fills in what that leaves open.
    """
    chosen = ModelConfigFactory.class_for({**identified_fields(found), **given})
    fields = {
        name: value
        for name, value in remote.fields.items()
        if value and name in chosen.model_fields and _is_open(name, found)
    }
    phrases = (*fields.pop("trigger_phrases", ()), *found.trigger_phrases)
    if phrases:
        fields["trigger_phrases"] = tuple(dict.fromkeys(phrases))
    return {"name": remote.name, **fields, "source": str(remote.source)}


def _is_open(name: str, found: Identification) -> bool:
    return name in {"description", "trigger_phrases"} or not getattr(found, name, None)


# -- what cannot be installed


def _check_places(library: Library, path: Path, home: Destination, link: LinkMode | None) -> None:
    if not home.is_ours and is_inside(path, home.top):
        raise DuplicateModelException(
            f"{shown(path)} is already in the root {home.root}",
            hint=f"Register it where it is: {command('install', '--inplace', path)}",
        )
    if home.top.exists() and not home.top.is_dir():
        raise NotWritableError(
            f"{shown(home.top)} should be the models folder but is a file",
            hint="Move that file away or set models_dir to a folder.",
        )
    if link is not LinkMode.Move:
        return
    if path.is_symlink():
        raise UsageError(
            f"{shown(path)} is a link; moving it would leave its target behind",
            hint=f"Pass the file itself: {shown(real_path(path))}",
        )
    library.require_writable(path)


def _refuse_unfinished(path: Path, files: tuple[SourceFile, ...]) -> None:
    """Refuse a download that is still on its way, or was given up, or never began."""
    if not files:
        raise UnknownModelError(f"{shown(path)} is an empty folder", hint="Check the path.")
    if [file.name for file in files] == [""]:
        mark, where = mark_beside(path), "beside it"
    else:
        names = (os.fspath(file.path.relative_to(path)) for file in files)
        mark, where = mark_in(path, names), "in it"
    if mark is None:
        return
    is_other = mark != path
    raise CorruptModelError(
        f"{shown(path)} is an unfinished download"
        + (f": {shown(Path(mark.name))} is {where}" if is_other else ""),
        hint="Wait until the download is done"
        + (f". If it is done already, remove {shown(mark)}, then try again." if is_other else "."),
    )


def _refuse_many(path: Path) -> None:
    """Say of a folder of models what it is, instead of taking it for one."""
    if not path.is_dir():
        return
    models = [p for p in path.iterdir() if p.suffix in MODEL_SUFFIXES and p.is_file()]
    if len(models) > 1 and not (path / "config.json").exists():
        raise UnknownModelError(
            f"{shown(path)} contains {len(models)} model files and is not a model itself",
            hint=f"Install them one at a time: {command('install', path)}/*",
        )


def _refuse_recorded(library: Library, path: Path, files: tuple[SourceFile, ...]) -> None:
    """Refuse a source that a record leads to through links."""
    real = real_path(path)
    sizes = {file.size for file in files[:1]}
    for key in dict.fromkeys(k for s in sizes for k, _ in library.records.find_files(size=s)):
        config = library.records.get_model(key)
        place = library.find(config)
        is_it = place is not None and real_path(place) == real
        if is_it and not is_broken(library.presence, config):
            raise is_recorded_already(path, config)
