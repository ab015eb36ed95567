"""The tree of commands: a table of names and short help; a command is imported when it runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Annotated, Any, cast

import typer
import typer.core
import typer.main

from modelkeep.cli.common import take_common_options, with_common_options

_COMMANDS = "modelkeep.cli.commands"
_HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}


@dataclasses.dataclass(frozen=True)
class Command:
    """One command.

    Attributes:
        name: What is typed.
        about: Short help, for the list of commands.
        function: ``module:function``; a module without dots is one of ``cli/commands``.
        aliases: Other names, not listed.
    """

    name: str
    about: str
    function: str
    aliases: tuple[str, ...] = ()

    def load(self, name: str) -> Any:
        """Import the command and return it as typer's command under ``name``."""
        module, _, function = self.function.partition(":")
        home = import_module(module if "." in module else f"{_COMMANDS}.{module}")
        app = _typer(add_completion=False)
        app.command(name)(with_common_options(getattr(home, function)))
        return typer.main.get_command(app)


@dataclasses.dataclass(frozen=True)
class Group:
    """Commands behind one word.

    Attributes:
        name: What is typed.
        about: Help.
        commands: Those behind it.
    """

    name: str
    about: str
    commands: tuple[Command, ...]
    aliases: tuple[str, ...] = ()

    def load(self, name: str) -> Any:  # noqa: ARG002 - as a command is loaded
        """Return the group as typer's group; no command in it is imported."""
        app = _typer(add_completion=False, no_args_is_help=True)
        app.callback(help=self.about)(with_common_options(take_common_options))
        return _group(app, self.commands)


Entry = Command | Group

ENTRIES: tuple[Entry, ...] = (
    Command("install", "Put models into the library.", "install:install", ("pull",)),
    Command("identify", "Identify models; change nothing.", "identify:identify"),
    Command("list", "List the models of the library.", "listing:list_models", ("ls",)),
    Command("show", "Show everything known about a model.", "model:show"),
    Command("edit", "Change fields of a model's record.", "model:edit"),
    Command("reidentify", "Identify recorded models again.", "model:reidentify"),
    Command("remove", "Remove models from the library.", "remove:remove", ("rm",)),
    Command("scan", "Find models in folders; change nothing by default.", "scan:scan"),
    Command("sync", "Update the library after changes on disk.", "scan:sync"),
    Command("verify", "Check models against their hashes.", "verify:verify"),
    Command("enrich", "Look up models on sites by their hashes.", "enrich:enrich"),
    Command("doctor", "Check and repair the library.", "doctor:doctor"),
    Command("download", "Download files without installing them.", "download:download"),
    Command("search", "Search the sites for models.", "search:search"),
    Command("jobs", "List install and download jobs.", "jobs:jobs"),
    Command("pause", "Pause jobs.", "jobs:pause"),
    Command("resume", "Resume paused and interrupted jobs.", "jobs:resume"),
    Command("retry", "Restart failed or cancelled jobs.", "jobs:retry"),
    Command("cancel", "Cancel jobs.", "jobs:cancel"),
    Command("prune", "Forget finished jobs.", "jobs:prune"),
    Group(
        "trash",
        "List, restore or delete removed models.",
        (
            Command("list", "List the contents of the trash.", "trash:list_trash"),
            Command("restore", "Restore models from the trash.", "trash:restore"),
            Command("empty", "Delete the contents of the trash.", "trash:empty"),
        ),
    ),
    Group(
        "config",
        "Show and change settings.",
        (
            Command("show", "Show all settings and their origins.", "config:show"),
            Command("path", "Print the path of the settings file.", "config:path"),
            Command("set", "Change a setting in the settings file.", "config:set_value"),
        ),
    ),
    Group(
        "root",
        "Manage more folders that hold models.",
        (
            Command("add", "Register a folder and the models in it.", "root:add"),
            Command("list", "List the roots.", "root:list_roots"),
            Command("remove", "Unregister a root; its files stay.", "root:remove"),
            Command("move", "Change the folder of a root.", "root:move"),
        ),
    ),
    Group(
        "db",
        "Show and upgrade the schema of the catalogue.",
        (
            Command("version", "Show the schema version of the catalogue.", "db:version"),
            Command("upgrade", "Upgrade the catalogue.", "db:upgrade"),
        ),
    ),
    Group(
        "token",
        "Manage tokens for the sites.",
        (
            Command("set", "Store a token for a site.", "site_tokens:set_token"),
            Command("list", "List the available tokens.", "site_tokens:list_tokens"),
            Command("remove", "Delete the stored token of a site.", "site_tokens:remove"),
        ),
    ),
)


class LazyGroup(typer.core.TyperGroup):
    """A group that lists its commands from a table and imports one when it is run or asked for.

    Attributes:
        entries: The commands by every name they have.
    """

    entries: Mapping[str, Entry] = {}

    def fill(self, entries: Sequence[Entry]) -> None:
        """Take the commands of a table."""
        self.entries = {name: e for e in entries for name in (e.name, *e.aliases)}
        self.commands = {
            name: typer.core.TyperCommand(
                name=name, short_help=entry.about, hidden=name in entry.aliases
            )
            for name, entry in self.entries.items()
        }

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the command that the words name, imported."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command and self.entries[name or ""].load(name or ""), rest


def make_program(entries: Sequence[Entry] = ENTRIES) -> LazyGroup:
    """Return the whole program."""
    app = _typer()
    app.callback(invoke_without_command=True)(with_common_options(_program))
    return _group(app, entries)


def _program(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", "-V", help="Print the version.")] = False,
) -> None:
    """Manage models for image and video generation: install, identify, find, remove."""
    if version:
        from modelkeep.cli.commands.overview import print_version

        print_version(ctx)
    elif ctx.invoked_subcommand is None:
        from modelkeep.cli.commands.overview import overview

        overview(ctx)


def _typer(**options: Any) -> typer.Typer:
    return typer.Typer(
        cls=LazyGroup,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings=_HELP_OPTIONS,
        **options,
    )


def _group(app: typer.Typer, entries: Sequence[Entry]) -> LazyGroup:
    group = cast("LazyGroup", typer.main.get_command(app))
    group.fill(entries)
    return group
