"""The sites as a value made by discovery."""

from __future__ import annotations

from pathlib import Path

from modelkeep.core.plugins import PluginKind
from modelkeep.sources.site import Site

#: A site is a module below ``modelkeep.sources`` with a ``Site`` named ``SITE``, or a package
#: there with such a module ``site``. Installed packages name such a module, or the instance, as
#: an entry point of the group.
SITES: PluginKind[Site] = PluginKind(
    "site", Site, "SITE", package="modelkeep.sources", group="modelkeep.sites", inner="site"
)


def sites(*folders: Path) -> tuple[Site, ...]:
    """Return all sites, in the order in which they are asked whether a text is theirs.

    Args:
        folders: Folders whose ``*.py`` files are sites too.
    """
    return tuple(sorted(SITES.load(*folders), key=lambda site: (site.order, site.name)))
