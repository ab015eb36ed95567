"""``show``, ``edit``, ``reidentify``: one model of the library."""

from __future__ import annotations

from typing import Annotated

import typer

from modelkeep.app import edit as editing
from modelkeep.app import model as models_of_app
from modelkeep.app.bulk import BulkRequest, entries, keys_of
from modelkeep.app.outcomes import exit_status_of
from modelkeep.app.reidentified import ReidentifiedCount, entry_text
from modelkeep.cli.options import AllModels, DryRun, Model, OptionalModels
from modelkeep.cli.progress import StatusLine
from modelkeep.cli.session import Session
from modelkeep.errors import UsageError


def show(ctx: typer.Context, model: Model) -> None:
    """Show everything known about a model."""
    session = ctx.ensure_object(Session)
    details = models_of_app.show(session.manager, model)
    session.show(details)
    if not session.json:
        for note in details.notes:
            session.say(note)


def edit(
    ctx: typer.Context,
    model: Model,
    changes: Annotated[
        list[str],
        typer.Argument(
            metavar="FIELD=VALUE",
            help="Sets a field, FIELD= clears it; += and -= change a list.",
            show_default=False,
        ),
    ],
) -> None:
    """Change what a model's record says, and print what changed.

    Fields: name, type, base, format, variant, prediction_type, lineage, fits, vae, config,
    description, source, triggers, tags.

    A trigger phrase keeps its commas. Set several with several words or as a JSON array; add or
    remove one with triggers+=PHRASE or triggers-=PHRASE. The format follows the type.
    """
    session = ctx.ensure_object(Session)
    session.show(editing.edit(session.manager, model, editing.read_changes(changes)))


def reidentify(
    ctx: typer.Context,
    models: OptionalModels = None,
    all_: AllModels = False,
    dry_run: DryRun = False,
    reset: Annotated[
        bool, typer.Option("--reset", help="Also reset the type, base ... that you set yourself.")
    ] = False,
) -> int:
    """Identify recorded models again and update their records; what you set yourself stays.

    After an update, --all --dry-run shows what the new rules would change, and why.
    """
    session = ctx.ensure_object(Session)
    if bool(models) == all_:
        raise UsageError("Name models, or pass --all")
    if all_ and reset:
        raise UsageError("--reset needs model names", hint="Name those to reset.")
    if models and not dry_run:

        def one(name: str) -> None:
            session.show(models_of_app.reidentify(session.manager, name, reset=reset))

        return exit_status_of(session.each(models, one), len(models))
    keys: list[str] = []
    failed = session.each(models or (), lambda name: keys.append(session.manager.find(name).key))
    if all_:
        keys = keys_of(session.manager, "")
    count = _reidentify(session, BulkRequest(keys, "reidentify", reset=reset), is_dry=dry_run)
    session.say(str(count))
    return exit_status_of(failed + count.statuses["failed"], failed + count.statuses.total())


def _reidentify(session: Session, asked: BulkRequest, *, is_dry: bool) -> ReidentifiedCount:
    """Print what becomes of each model, or would; to people only where there is something."""
    count = ReidentifiedCount()
    with StatusLine(is_shown=not session.quiet) as status:
        for entry in entries(session.manager, asked, is_dry=is_dry):
            count.add(entry)
            status.hide()
            if session.json:
                session.print_json(entry.to_json())
            if entry.error is not None:
                session.report(entry.error, entry.name or entry.key, in_json=False)
            elif session.quiet and entry.facts["changes"]:
                session.print(entry.key)
            elif not (session.json or session.quiet) and (
                entry.facts["changes"] or entry.facts["kept"] or session.verbose
            ):
                session.print(entry_text(entry))
            _draw(status, count.statuses.total(), len(asked.keys))
    return count


def _draw(status: StatusLine, done: int, total: int) -> None:
    status.draw(lambda _: f"{done:,} of {total:,} identified")
