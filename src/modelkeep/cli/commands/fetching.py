"""``install`` of a model from the network: shown first, then fetched beside others."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from modelkeep.cli.session import Session
from modelkeep.core.names import size_text
from modelkeep.core.reading import printable
from modelkeep.errors import JobCancelledError, UsageError

if TYPE_CHECKING:
    from modelkeep.install.job import ModelInstallJob
    from modelkeep.library.destination import LinkMode
    from modelkeep.sources.string_like import StringLikeSource


def begin_remote(
    session: Session,
    source: StringLikeSource,
    overrides: dict[str, Any],
    *,
    to: str | None,
    yes: bool,
) -> ModelInstallJob:
    """Show what an install would do, ask whether it shall, and begin it.

    Raises:
        JobCancelledError: the answer was no.
        ModelKeepError: it cannot be installed; said before anything is fetched.
    """
    installer = session.manager.installer
    plan = installer.plan(source, overrides, to=to)
    if not session.json:
        session.say(str(plan))
    if plan.refusal is not None:
        raise plan.refusal
    is_known = plan.same_as is not None
    if session.can_ask and not (yes or is_known or session.json or session.quiet):
        size = size_text(plan.total_bytes) if plan.total_bytes is not None else "a file"
        if not session.confirm(f"Download {size}?"):
            raise JobCancelledError("Nothing was fetched", hint="--yes installs without asking.")
    return installer.import_model(source, overrides, to=to, plan=plan)


def leave_to_another(
    session: Session,
    source: StringLikeSource,
    overrides: dict[str, Any],
    *,
    link: LinkMode | None,
    to: str | None,
) -> int:
    """Store an install and start a process of its own for it; return the number of the job.

    Raises:
        UsageError: it needs a secret, and those are not stored.
    """
    if getattr(source, "access_token", None) or getattr(source, "has_secrets", False):
        raise UsageError(
            f"{printable(str(source))} needs a secret, which is not stored for another process",
            hint="Keep the token with: modelkeep token set SITE. Or leave --no-wait out.",
        )
    number = session.manager.installer.leave_job(source, overrides, link=link, to=to)
    root = os.fspath(session.settings.root)
    command = [sys.executable, "-m", "modelkeep", "--root", root, "resume", str(number)]
    subprocess.Popen(  # noqa: S603 - it is this very program
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    return number
