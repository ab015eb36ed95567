"""``plan_remote``: from a source of a site to its plan, before any weight is fetched."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from modelkeep.core.aliases import without_aliases
from modelkeep.core.configs import ModelConfigBase, ModelConfigFactory
from modelkeep.core.identity import Evidence, Identification
from modelkeep.core.names import safe_name, unique_name
from modelkeep.disk.paths import free_space
from modelkeep.errors import (
    AmbiguousModelError,
    HttpStatusError,
    InvalidModelException,
    ModelKeepError,
    UnknownModelError,
    UnsupportedSourceError,
)
from modelkeep.install.remote.identify import file_name, identify_remote_model
from modelkeep.install.remote.plan import RemotePlan
from modelkeep.install.remote.same import find_same_remote
from modelkeep.library.duplicates import refuse_key
from modelkeep.library.home import Home, home_of
from modelkeep.library.library import Library
from modelkeep.library.new_records import (
    as_the_caller_says,
    config_fields,
    identified_fields,
    recorded_path,
)
from modelkeep.sources.site import RemoteModel, Visit
from modelkeep.sources.string_like import StringLikeSource

#: Errors that a type given by the caller makes up for.
_OPEN = (UnknownModelError, AmbiguousModelError, UnsupportedSourceError)


class SitesLike(Protocol):
    """What a plan needs of ``Sites``."""

    @property
    def visit(self) -> Visit:
        """How sites are asked."""
        ...

    def look_up(self, source: StringLikeSource) -> RemoteModel:
        """Ask the site of a source for everything but the bytes."""
        ...


def plan_remote(
    library: Library,
    sites: SitesLike,
    source: StringLikeSource,
    config: Mapping[str, Any],
    *,
    to: str | None = None,
) -> RemotePlan:
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
    home = home_of(library, to)
    return plan_model(library, sites.look_up(source), sites.visit, config, home=home)


def plan_model(
    library: Library,
    remote: RemoteModel,
    visit: Visit,
    config: Mapping[str, Any],
    *,
    home: Home,
) -> RemotePlan:
    """Say what installing a model would do that was looked up; see ``plan_remote``.

    Raises:
        ModelKeepError: as ``plan_remote``.
    """
    given = without_aliases(config)
    identified, error = _identified(library, remote, visit)
    found = identified
    if found is None and given.get("type") is not None and isinstance(error, _OPEN):
        found, error = _as_told(remote, given), None
    record = target = None
    if found is not None:
        record, target = record_of(library, remote, found, given, home)
        refuse_key(library, record.key)
    return RemotePlan(
        source=remote.source,
        remote=remote,
        identified=identified,
        error=error,
        config=record,
        target=target,
        home=home,
        free_bytes=free_space(home.top),
        same_as=find_same_remote(library, remote),
        remarks=remote.remarks,
    )


def _identified(
    library: Library, remote: RemoteModel, visit: Visit
) -> tuple[Identification | None, ModelKeepError | None]:
    """Return what a model is, or why that cannot be told; a broken connection tells nothing."""
    strict = library.settings.verify != "off"
    try:
        return identify_remote_model(remote, visit.client, strict=strict), None
    except (InvalidModelException, UnsupportedSourceError, HttpStatusError) as error:
        return None, error


def _as_told(remote: RemoteModel, given: Mapping[str, Any]) -> Identification:
    name = safe_name(remote.name) if remote.is_folder else file_name(remote)
    size = remote.total_bytes or 0
    return as_the_caller_says(Path(name), given, size, is_folder=remote.is_folder)


def record_of(
    library: Library,
    remote: RemoteModel,
    found: Identification,
    given: Mapping[str, Any],
    home: Home,
) -> tuple[ModelConfigBase, Path]:
    """Return the record as it will be, and where the model will be.

    Args:
        library: Where to.
        remote: What its site said.
        found: What it is.
        given: Fields that win over everything else.
        home: The place that it goes to.

    Raises:
        InvalidModelConfigException: a field in ``given`` does not fit.
    """
    fields = config_fields(
        found, {**_said(remote, found, given), **given}, library.settings, library.known_bases
    )
    folder = home.folder_for(fields["base"], fields["type"])
    wanted = safe_name(remote.name) if remote.is_folder else file_name(remote)
    target = folder / unique_name(wanted, library.taken_in(folder))
    fields["path"] = recorded_path(target, library.settings.models_dir)
    return ModelConfigFactory.make_config(fields), target


def _said(remote: RemoteModel, found: Identification, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields in which the site is believed.

    What a model is, its own header says; where that leaves something open the site is heard.
    """
    chosen = ModelConfigFactory.class_for({**identified_fields(found), **given})
    said = {
        name: value
        for name, value in remote.fields.items()
        if value and name in chosen.model_fields and _is_open(name, found)
    }
    phrases = (*said.pop("trigger_phrases", ()), *found.trigger_phrases)
    if phrases:
        said["trigger_phrases"] = tuple(dict.fromkeys(phrases))
    hints = ", ".join(hint for hint in (remote.base_hint, remote.type_hint) if hint)
    if hints:
        claim = Evidence("metadata", f"its site says it is: {hints}")
        said["evidence"] = (*found.evidence, claim)
    return {"name": remote.name, **said, "source": str(remote.source)}


def _is_open(name: str, found: Identification) -> bool:
    spoken = {"description", "trigger_phrases"}
    return name in spoken or not getattr(found, name, None)
