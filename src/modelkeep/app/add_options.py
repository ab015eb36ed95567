"""``AddOptions``: how somebody wants to have what they add; ``begin_all`` begins the installs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelkeep.app.plan import InstallRequest
from modelkeep.app.query import read_base, read_type
from modelkeep.app.requested import requested_source
from modelkeep.core import limits
from modelkeep.errors import ModelKeepError, UnsupportedSourceError
from modelkeep.library.destination import LinkMode

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.install.job import ModelInstallJob

#: Files that are added stay where they are.
INPLACE = "inplace"


@dataclass(frozen=True, slots=True)
class AddOptions:
    """How somebody wants to have what they add.

    Attributes:
        name, type, base, variant: Fields of the record; empty for what is identified.
        how: ``copy``, ``move``, ``hardlink``, ``reflink`` or ``inplace``, of files of this disk.
        to: Name of the root that it goes into; the folder of installed models when empty.
        site: Only this one is searched; all when empty.
    """

    name: str = ""
    type: str = ""
    base: str = ""
    variant: str = ""
    how: str = ""
    to: str = ""
    site: str = ""

    @property
    def changes_plan(self) -> bool:
        """Something is wanted otherwise than a plan would have it by itself."""
        return self != AddOptions(site=self.site)

    def request(self, *, is_local: bool, is_one: bool) -> InstallRequest:
        """Return it as an install takes it.

        Args:
            is_local: It is of this disk.
            is_one: It is the only source; a name is for one.

        Raises:
            UsageError: a word of it means nothing.
        """
        given = {
            "name": self.name.strip() if is_one else "",
            "type": read_type(self.type) if self.type else "",
            "base": read_base(self.base) if self.base else "",
            "variant": self.variant,
        }
        overrides = {name: value for name, value in given.items() if value}
        if is_local and self.how == INPLACE:
            return InstallRequest(overrides, inplace=True)
        link = LinkMode(self.how) if is_local and self.how in set(LinkMode) else None
        return InstallRequest(overrides, link=link, to=self.to or None)


def begin_all(
    manager: ModelManager, sources: Iterable[str], options: AddOptions
) -> tuple[list[ModelInstallJob], list[ModelKeepError]]:
    """Begin the installs of sources; return their jobs, and why others did not begin.

    Args:
        manager: Of the library.
        sources: As ``Answer.source`` has them.
        options: How they are wanted.
    """
    begun: list[ModelInstallJob] = []
    failed: list[ModelKeepError] = []
    given = list(sources)
    for each in given:
        try:
            begun.append(_begin(manager, each, options, is_one=len(given) == 1))
        except ModelKeepError as error:
            failed.append(error)
    return begun, failed


def _begin(
    manager: ModelManager, text: str, options: AddOptions, *, is_one: bool
) -> ModelInstallJob:
    try:
        values = json.loads(text)
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise UnsupportedSourceError("The form names no source", hint="Load the page again.")
    is_local = values.get("type") == "local"
    request = options.request(is_local=is_local, is_one=is_one)
    source = requested_source(manager, values, inplace=request.inplace)
    return manager.installer.import_model(
        source,
        dict(request.overrides),
        link=request.link,
        to=request.to,
        at_most=limits.QUEUED_INSTALLS,
    )
