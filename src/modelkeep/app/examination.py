"""The examination of a library by the doctor, who has to ask what installs know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from modelkeep.care.doctor import examination
from modelkeep.care.doctor.repairs import Installs
from modelkeep.install.fetch_folder import claimed_folders
from modelkeep.install.recovery import recover_library

if TYPE_CHECKING:
    from modelkeep.care.doctor.check import Check
    from modelkeep.care.doctor.finding import Finding
    from modelkeep.settings import Settings

INSTALLS = Installs(recover_library, lambda state: claimed_folders(state.jobs.all("install")))


def examine(
    settings: Settings, *, fix: bool = False, checks: tuple[Check, ...] | None = None
) -> Iterator[Finding]:
    """Look for everything that is out of order in a library; see ``care.doctor.examination``."""
    return examination.examine(settings, INSTALLS, fix=fix, checks=checks)
