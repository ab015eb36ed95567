"""``remove``: take models out of the library."""

from __future__ import annotations

from typing import Annotated

import typer

from modelkeep.app import remove as removals
from modelkeep.app.outcomes import EXIT_FAILED, exit_status_of
from modelkeep.cli.options import DryRun, Models, Yes
from modelkeep.cli.session import Session
from modelkeep.core.names import counted
from modelkeep.errors import UsageError


def remove(
    ctx: typer.Context,
    models: Models,
    keep_files: Annotated[
        bool, typer.Option("--keep-files", help="Remove only the record; keep the files.")
    ] = False,
    files: Annotated[
        bool, typer.Option("--files", help="Also delete files outside the models folder.")
    ] = False,
    now: Annotated[
        bool, typer.Option("--now", help="Delete permanently instead of moving to the trash.")
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> int:
    """Remove models from the library; their files go to the trash for seven days."""
    session = ctx.ensure_object(Session)
    mode = removals.RemovalMode(keep_files=keep_files, everywhere=files, now=now)
    if now and not (yes or dry_run or session.can_ask):
        raise UsageError("--now cannot be undone", hint="Add --yes to confirm.")
    chosen: dict[str, removals.Removable] = {}

    def find(name: str) -> None:
        found = removals.find(session.manager, name, mode)
        chosen[found.key] = found

    def act(model: removals.Removable) -> None:
        session.show(
            (removals.preview if dry_run else removals.remove)(session.manager, model, mode)
        )

    failed = session.each(models, find)
    if chosen and not (yes or dry_run) and session.can_ask:
        only = next(iter(chosen.values())).name
        what = only if len(chosen) == 1 else counted(len(chosen), "model")
        if not session.confirm(f"Remove {what}, {mode.destination}?"):
            session.say("Nothing was removed.")
            return EXIT_FAILED
    failed += session.each(chosen.values(), act, "{0.name}")
    return exit_status_of(failed, len(models))
