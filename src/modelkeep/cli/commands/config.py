"""``config``: the settings, where they come from, and how to change them."""

from __future__ import annotations

from typing import Annotated

import typer

from modelkeep.app import config
from modelkeep.cli.completion import one_of
from modelkeep.cli.session import Session
from modelkeep.core.names import path_to_text, shown
from modelkeep.settings import Settings


def show(ctx: typer.Context) -> None:
    """Show every setting with its value and origin."""
    session = ctx.ensure_object(Session)
    given = {"root": session.root, **session.options}
    found = config.settings_of(session.settings, given)
    session.show_all(found, lambda: config.table(found))


def path(ctx: typer.Context) -> None:
    """Print the path of the settings file."""
    session = ctx.ensure_object(Session)
    text = path_to_text(config.settings_file(session.root))
    if session.json:
        session.print_json({"path": text})
    else:
        session.print(text)


def set_value(
    ctx: typer.Context,
    setting: Annotated[
        str,
        typer.Argument(
            metavar="SETTING",
            autocompletion=one_of(Settings.model_fields),
            help="Name of the setting.",
        ),
    ],
    value: Annotated[
        str, typer.Argument(metavar="VALUE", help="Its value, as YAML; empty removes it.")
    ],
) -> None:
    """Change a setting in the settings file; comments are kept."""
    session = ctx.ensure_object(Session)
    file = config.settings_file(session.root)
    variable = config.set_value(file, setting, value)
    session.say(f"{setting} was {'set in' if value else 'removed from'} {shown(file)}.")
    if variable:
        session.say(f"{variable} is set in this environment and has precedence.")
