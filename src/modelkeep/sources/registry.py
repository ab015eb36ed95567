"""The sites as a value made by discovery."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import pkgutil
from collections.abc import Iterable, Iterator
from importlib.metadata import entry_points
from pathlib import Path

from modelkeep import sources as package
from modelkeep.core.reading import printable
from modelkeep.sources.site import Site

ENTRY_POINTS = "modelkeep.sites"

_log = logging.getLogger(__name__)


def sites(extra_folders: Iterable[Path] = ()) -> tuple[Site, ...]:
    """Return the sites of this program, of installed packages and of ``extra_folders``.

    A site is a module below ``modelkeep.sources`` with an instance of ``Site`` named ``SITE``, or
    a package there with such a module ``site``. Installed packages name such a module, or the
    instance, as an entry point of the group ``modelkeep.sites``; one of these that cannot be used
    is left out with a warning, as the others work without it.

    Args:
        extra_folders: Folders whose ``*.py`` files are sites too.

    Returns:
        The sites, in the order in which they are asked whether a text is theirs.
    """
    found = {site.name: site for site in _own()}
    for where, site in (*_installed(), *_in_folders(extra_folders)):
        if not isinstance(site, Site):
            _log.warning("%s is left out: it has no SITE that is a Site", where)
        elif site.name in found:
            _log.warning("%s is left out: there is a site named %s already", where, site.name)
        else:
            found[site.name] = site
    return tuple(sorted(found.values(), key=lambda site: (site.order, site.name)))


def _own() -> Iterator[Site]:
    for info in pkgutil.iter_modules(package.__path__):
        name = f"{package.__name__}.{info.name}"
        if name == __name__:
            continue
        if info.ispkg:
            name = f"{name}.site"
            if importlib.util.find_spec(name) is None:
                continue
        site = getattr(importlib.import_module(name), "SITE", None)
        if isinstance(site, Site):
            yield site


def _installed() -> Iterator[tuple[str, object]]:
    for point in entry_points(group=ENTRY_POINTS):
        where = f"The installed site {point.name} ({point.value})"
        try:
            loaded = point.load()
        except Exception as error:  # noqa: BLE001 - the code of others may raise anything
            _log.warning("%s is left out: it cannot be imported: %s", where, error)
        else:
            yield where, getattr(loaded, "SITE", loaded)


def _in_folders(folders: Iterable[Path]) -> Iterator[tuple[str, object]]:
    for path in (path for folder in folders for path in sorted(folder.glob("*.py"))):
        where = f"The site {printable(path)}"
        spec = importlib.util.spec_from_file_location(f"modelkeep_site_{path.stem}", path)
        if spec is None or spec.loader is None:
            continue
        module = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except Exception as error:  # noqa: BLE001 - as above
            _log.warning("%s is left out: it cannot be imported: %s", where, error)
        else:
            yield where, getattr(module, "SITE", None)
