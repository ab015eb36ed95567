"""``show``, ``edit``, ``reidentify``: one model of the library."""

from __future__ import annotations

from typing import Annotated

import typer

from modelkeep.app import model as models_of_app
from modelkeep.app.library import ModelPage
from modelkeep.app.outcomes import exit_status_of
from modelkeep.cli.commands.listing import print_page
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
        typer.Argument(metavar="FIELD=VALUE", help="Fields to set; an empty value clears one."),
    ],
) -> None:
    """Change fields of a model's record; tags=a,b sets your own tags."""
    session = ctx.ensure_object(Session)
    wanted = models_of_app.read_changes(changes)
    record = models_of_app.edit(session.manager, model, wanted)
    print_page(session, ModelPage((record,)))


def reidentify(ctx: typer.Context, models: Models) -> int:
    """Identify recorded models again and update their records."""
    session = ctx.ensure_object(Session)

    def one(name: str) -> None:
        session.show(models_of_app.reidentify(session.manager, name))

    return exit_status_of(session.each(models, one), len(models))
