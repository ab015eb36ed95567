"""``show``, ``edit``, ``reidentify``: one model of the library."""

from __future__ import annotations

from typing import Annotated

import typer

from modelkeep.app import edit as editing
from modelkeep.app import model as models_of_app
from modelkeep.app.outcomes import exit_status_of
from modelkeep.cli.options import Model, Models
from modelkeep.cli.session import Session


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
    models: Models,
    reset: Annotated[
        bool, typer.Option("--reset", help="Also reset the type, base ... that you set yourself.")
    ] = False,
) -> int:
    """Identify recorded models again and update their records; what you set yourself stays."""
    session = ctx.ensure_object(Session)

    def one(name: str) -> None:
        session.show(models_of_app.reidentify(session.manager, name, reset=reset))

    return exit_status_of(session.each(models, one), len(models))
