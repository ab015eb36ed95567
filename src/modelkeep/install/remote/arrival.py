"""From files that have come to the plan that puts them in their place."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modelkeep.core.aliases import without_aliases
from modelkeep.core.identity import Identification
from modelkeep.core.reading import printable
from modelkeep.disk.paths import free_space
from modelkeep.errors import AmbiguousModelError, UnknownModelError
from modelkeep.install.plan import InstallPlan
from modelkeep.install.remote.folder import FetchFolder
from modelkeep.install.remote.planning import record_of
from modelkeep.library.duplicates import refuse_key
from modelkeep.library.home import Home
from modelkeep.library.inventory import list_files
from modelkeep.library.library import Library
from modelkeep.library.link import LinkMode
from modelkeep.library.new_records import as_the_caller_says
from modelkeep.sources.sidecars.info import SidecarInfo


def plan_arrived(
    library: Library,
    folder: FetchFolder,
    config: Mapping[str, Any],
    *,
    home: Home,
    sha256: Mapping[str, str],
    preview: Path | None,
) -> InstallPlan:
    """Identify a model whose files have all come, and say how it gets to its place: by moving it.

    Args:
        library: Where to.
        folder: Where the files are.
        config: Fields of the record that win over everything else.
        home: The place that it goes to.
        sha256: Hashes that were computed while the files came, by their place in the model.
        preview: A picture of it, which is copied.

    Raises:
        InvalidModelException: it is no model, or nobody knows what it is.
        InvalidModelConfigException: a field in ``config`` does not fit.
        DuplicateModelException: its key is taken.
    """
    given = without_aliases(config)
    remote, top = folder.remote, folder.top
    folder.tidy()
    files = list_files(top)
    identified = _identified(library, top, given)
    size = sum(file.size for file in files)
    found = identified or as_the_caller_says(top, given, size, is_folder=remote.is_folder)
    record, target = record_of(library, remote, found, given, home)
    refuse_key(library, record.key)
    sidecar_info = (
        SidecarInfo(metadata=remote.metadata) if remote.metadata is not None else SidecarInfo()
    )
    return InstallPlan(
        source=printable(str(remote.source)),
        path=top,
        identified=identified,
        files=files,
        config=record,
        inplace=False,
        link=LinkMode.Move,
        target=target,
        needed_bytes=0,
        free_bytes=free_space(home.top),
        preview=preview if home.is_ours else None,
        sidecar_info=sidecar_info,
        home=home,
        sha256=dict(sha256),
        fetched=folder.path,
    )


def _identified(library: Library, top: Path, given: Mapping[str, Any]) -> Identification | None:
    try:
        return library.identify(top, library.settings.verify != "off")
    except (UnknownModelError, AmbiguousModelError):
        if given.get("type") is None:
            raise
        return None
