"""The command line's tree: which command is where, and the options that all share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from modelkeep.cli.commands import config, home, identify, install, jobs, library, remove, trash
from modelkeep.cli.session import Session

_COMMON = ("root", "json", "quiet", "verbose")


def common_options() -> list[click.Parameter]:
    """Return the options that may stand before or after any command."""
    return [
        click.Option(["--root"], type=click.Path(path_type=Path), help="Folder of the library."),
        click.Option(["--json"], is_flag=True, help="Print one JSON object a line."),
        click.Option(["-q", "--quiet"], is_flag=True, help="Print keys only."),
        click.Option(["-v", "--verbose"], is_flag=True, help="Tell more, with tracebacks."),
    ]


def _take_common(context: click.Context) -> None:
    given: dict[str, Any] = {name: context.params.pop(name, None) for name in _COMMON}
    session = context.ensure_object(Session)
    session.take(
        given["root"],
        json=bool(given["json"]),
        quiet=bool(given["quiet"]),
        verbose=bool(given["verbose"]),
    )


class Command(TyperCommand):
    """A command that also takes the common options."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(common_options())

    def invoke(self, ctx: click.Context) -> Any:
        """Hand the common options to the session, then run."""
        _take_common(ctx)
        return super().invoke(ctx)


class Group(TyperGroup):
    """A group that takes the common options before its commands."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(common_options())

    def invoke(self, ctx: click.Context) -> Any:
        """Hand the common options to the session, then run."""
        _take_common(ctx)
        return super().invoke(ctx)


def app_command() -> click.Command:
    """Return the whole tree of commands."""
    app = typer.Typer(
        name="modelkeep",
        cls=Group,
        help="Keep the models for image and video generation: install, identify, find, remove.",
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(home.home)
    for name, function, aliases in (
        ("install", install.install, ("pull",)),
        ("identify", identify.identify, ()),
        ("list", library.list_models, ("ls",)),
        ("show", library.show, ()),
        ("edit", library.edit, ()),
        ("reidentify", library.reidentify, ()),
        ("remove", remove.remove, ("rm",)),
        ("jobs", jobs.jobs, ()),
        ("prune", jobs.prune, ()),
    ):
        app.command(name, cls=Command)(function)
        for alias in aliases:
            app.command(alias, cls=Command, hidden=True)(function)
    app.add_typer(_trash_app())
    app.add_typer(_config_app())
    return get_command(app)


def _trash_app() -> typer.Typer:
    app = typer.Typer(name="trash", cls=Group, help="Removed models.", no_args_is_help=True)
    app.command("list", cls=Command)(trash.list_trash)
    app.command("restore", cls=Command)(trash.restore)
    app.command("empty", cls=Command)(trash.empty)
    return app


def _config_app() -> typer.Typer:
    app = typer.Typer(name="config", cls=Group, help="Settings.", no_args_is_help=True)
    app.command("show", cls=Command)(config.show)
    app.command("path", cls=Command)(config.path)
    app.command("set", cls=Command)(config.set_value)
    return app
