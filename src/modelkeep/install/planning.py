"""From a source to its plan: what lies beside the source is heard, and what may not be refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from modelkeep.core.aliases import without_aliases
from modelkeep.core.identity import Identification
from modelkeep.core.names import full_path, is_inside, real_path, shown, unique_name
from modelkeep.errors import (
    AmbiguousModelError,
    DuplicateModelException,
    ModelKeepError,
    UnknownModelError,
)
from modelkeep.install.plan import InstallPlan, make_plan
from modelkeep.library.duplicates import is_recorded_already, refuse_key, refuse_place
from modelkeep.library.home import home_of
from modelkeep.library.library import Library, with_fields
from modelkeep.library.link import LinkMode
from modelkeep.library.new_records import Identify, recorded_path
from modelkeep.library.sidecar_fields import fields_of
from modelkeep.sources.local import LocalModelSource
from modelkeep.sources.sidecars.info import SidecarInfo
from modelkeep.sources.sidecars.reading import read_beside


def plan_install(
    library: Library,
    source: LocalModelSource,
    config: Mapping[str, Any],
    *,
    link: LinkMode | None,
    is_heard: bool,
    to: str | None = None,
) -> InstallPlan:
    """Say what installing a source would do; changes nothing.

    Args:
        library: Where to.
        source: The local model.
        config: Fields of the record that win over everything else.
        link: How files get into ``models_dir``; ``copy`` when None.
        is_heard: What lies beside the source is in ``config`` already.
        to: Name of the root that it goes into; ``models_dir`` when None.

    Raises:
        ModelKeepError: the source cannot be installed, or not into that root; says why.
    """
    path = full_path(source.path)
    refuse_place(library, path, inplace=bool(source.inplace))
    home = home_of(library, to)
    if not source.inplace and not home.is_ours and is_inside(path, home.top):
        raise DuplicateModelException(
            f"{shown(path)} lies in the root {home.root} already",
            hint=f"Record it where it is: modelkeep install --inplace {shown(path)}",
        )
    sidecar_info = SidecarInfo() if is_heard else read_beside(path)
    fields, identify = _spoken(library, path, sidecar_info, config)
    plan = make_plan(
        source,
        fields,
        settings=library.settings,
        identify=identify,
        known_bases=library.known_bases,
        link=link,
        home=home,
    )
    plan = replace(plan, sidecar_info=sidecar_info)
    refuse_plan(library, plan)
    if plan.inplace:
        return plan
    name = unique_name(plan.target.name, library.taken_in(plan.target.parent))
    target = plan.target.with_name(name)
    where = recorded_path(target, library.settings.models_dir)
    return replace(plan, target=target, config=with_fields(plan.config, path=where))


def _spoken(
    library: Library, path: Path, sidecar_info: SidecarInfo, config: Mapping[str, Any]
) -> tuple[Mapping[str, Any], Identify]:
    """Return the fields of the record that are known, and what says what the model is."""
    if sidecar_info == SidecarInfo():
        return config, library.identify
    strict = library.settings.verify != "off"
    try:
        found = library.identify(path, strict)
    except (UnknownModelError, AmbiguousModelError):
        given = {name: getattr(sidecar_info, name) for name in ("name", "description")}
        given = {name: value for name, value in given.items() if value}
        return {**given, **without_aliases(config)}, library.identify
    except ModelKeepError:  # it is met again, and told, when the plan is made
        return config, library.identify

    def known(_path: Path, _strict: bool) -> Identification:
        return found

    return {**fields_of(sidecar_info, found), **without_aliases(config)}, known


def refuse_plan(library: Library, plan: InstallPlan) -> None:
    """Refuse a plan whose key is taken, whose source a record leads to, or may not be moved away.

    Raises:
        DuplicateModelException: the key is taken, or a record leads to the source through links.
        NotWritableError: it is to be moved out of a read-only root.
    """
    if plan.link is LinkMode.Move:
        library.require_writable(plan.path)
    refuse_key(library, plan.config.key)
    real = real_path(plan.path)
    sizes = {file.size for file in plan.files[:1]}
    for key in dict.fromkeys(k for s in sizes for k, _ in library.records.find_files(size=s)):
        config = library.records.get_model(key)
        place = library.find(config)
        if place is not None and real_path(place) == real:
            raise is_recorded_already(plan.path, config)
