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
_EXAMPLE = "install ~/Downloads/style.safetensors"
_HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}


@dataclasses.dataclass(frozen=True)
class Command:
    """One command.

    Attributes:
        name: What is typed.
        about: Short help, for the list of commands.
        function: ``module:function``; a module without dots is one of ``cli/commands``.
        aliases: Other names, not listed.
        example: What may be typed after the program's name; its help ends with it.
    """

    name: str
    about: str
    function: str
    aliases: tuple[str, ...] = ()
    example: str = ""

    def load(self, name: str) -> Any:
        """Import the command and return it as typer's command under ``name``."""
        module, _, function = self.function.partition(":")
        home = import_module(module if "." in module else f"{_COMMANDS}.{module}")
        app = _typer(add_completion=False)
        app.command(name, epilog=_example_text(self.example))(
            with_common_options(getattr(home, function))
        )
        return typer.main.get_command(app)


@dataclasses.dataclass(frozen=True)
class Group:
    """Commands behind one word.

    Attributes:
        name: What is typed.
        about: Help.
        commands: Those behind it; the help ends with the example of the first.
    """

    name: str
    about: str
    commands: tuple[Command, ...]
    aliases: tuple[str, ...] = ()

    def load(self, name: str) -> Any:  # noqa: ARG002 - as a command is loaded
        """Return the group as typer's group; no command in it is imported."""
        app = _typer(add_completion=False, no_args_is_help=True)
        epilog = _example_text(self.commands[0].example)
        app.callback(help=self.about, epilog=epilog)(with_common_options(take_common_options))
        return _group(app, self.commands)


Entry = Command | Group

ENTRIES: tuple[Entry, ...] = (
    Command(
        "install",
        "Put models into the library.",
        "install:install",
        ("pull",),
        example="install ~/Downloads/style.safetensors",
    ),
    Command(
        "identify",
        "Identify models; change nothing.",
        "identify:identify",
        example="identify ~/Downloads/style.safetensors --explain",
    ),
    Command(
        "list",
        "List the models of the library.",
        "listing:list_models",
        ("ls",),
        example="list --type lora --base sdxl --sort size",
    ),
    Command("show", "Show everything known about a model.", "model:show", example="show style"),
    Command(
        "edit",
        "Change fields of a model's record.",
        "model:edit",
        example='edit style name="My style" triggers+="ink, wash"',
    ),
    Command(
        "reidentify",
        "Identify recorded models again.",
        "model:reidentify",
        example="reidentify style",
    ),
    Command(
        "remove",
        "Remove models from the library.",
        "remove:remove",
        ("rm",),
        example="remove style --dry-run",
    ),
    Command(
        "duplicates",
        "Find models with the same bytes.",
        "duplicates:duplicates",
        example="duplicates",
    ),
    Command(
        "scan",
        "Find models in folders; change nothing by default.",
        "scan:scan",
        example="scan ~/ComfyUI --register",
    ),
    Command("sync", "Update the library after changes on disk.", "scan:sync", example="sync"),
    Command(
        "verify",
        "Check models against their hashes.",
        "verify:verify",
        example="verify --all --max-age 30d",
    ),
    Command(
        "enrich",
        "Look up models on sites by their hashes.",
        "enrich:enrich",
        example="enrich style --dry-run",
    ),
    Command("doctor", "Check and repair the library.", "doctor:doctor", example="doctor --fix"),
    Command(
        "download",
        "Download files without installing them.",
        "download:download",
        example="download https://example.com/ink.safetensors ~/models/",
    ),
    Command(
        "search",
        "Search the sites for models.",
        "search:search",
        example="search ink style --type lora",
    ),
    Command(
        "load",
        "Load a model, and show what that takes.",
        "load:load",
        example="load dreamshaper --submodel vae",
    ),
    Command(
        "serve",
        "Serve the library over HTTP.",
        "serve:serve",
        example="serve --port 9494",
    ),
    Command("jobs", "List install and download jobs.", "jobs:jobs", example="jobs"),
    Command("pause", "Pause jobs.", "jobs:pause", example="pause 3"),
    Command("resume", "Resume paused and interrupted jobs.", "jobs:resume", example="resume --all"),
    Command("retry", "Restart failed or cancelled jobs.", "jobs:retry", example="retry 3"),
    Command("cancel", "Cancel jobs.", "jobs:cancel", example="cancel 3"),
    Command("prune", "Forget finished jobs.", "jobs:prune", example="prune"),
    Group(
        "trash",
        "List, restore or delete removed models.",
        (
            Command(
                "list", "List the contents of the trash.", "trash:list_trash", example="trash list"
            ),
            Command(
                "restore",
                "Restore models from the trash.",
                "trash:restore",
                example="trash restore style",
            ),
            Command(
                "empty", "Delete the contents of the trash.", "trash:empty", example="trash empty"
            ),
        ),
    ),
    Group(
        "config",
        "Show and change settings.",
        (
            Command(
                "show", "Show all settings and their origins.", "config:show", example="config show"
            ),
            Command(
                "path", "Print the path of the settings file.", "config:path", example="config path"
            ),
            Command(
                "set",
                "Change a setting in the settings file.",
                "config:set_value",
                example="config set bandwidth_limit 10M",
            ),
        ),
    ),
    Group(
        "root",
        "Manage more folders that hold models.",
        (
            Command(
                "add",
                "Register a folder and the models in it.",
                "root:add",
                example="root add comfy ~/ComfyUI",
            ),
            Command("list", "List the roots.", "root:list_roots", example="root list"),
            Command(
                "remove",
                "Unregister a root; its files stay.",
                "root:remove",
                example="root remove comfy --keep",
            ),
            Command(
                "move",
                "Change the folder of a root.",
                "root:move",
                example="root move comfy /mnt/disk/ComfyUI",
            ),
        ),
    ),
    Group(
        "db",
        "Back up and upgrade the catalogue.",
        (
            Command(
                "version",
                "Show the schema version of the catalogue.",
                "db:version",
                example="db version",
            ),
            Command("upgrade", "Upgrade the catalogue.", "db:upgrade", example="db upgrade"),
            Command("backup", "Back up the catalogue.", "db:backup", example="db backup /backup"),
        ),
    ),
    Group(
        "access",
        "Manage who may use the server.",
        (
            Command(
                "add",
                "Make a token for the server.",
                "access:add",
                example="access add laptop --scope read --expires 90d",
            ),
            Command("list", "List the named tokens.", "access:list_access", example="access list"),
            Command(
                "remove",
                "Remove a token; it is no longer accepted.",
                "access:remove",
                example="access remove laptop",
            ),
            Command(
                "link",
                "Print a link that logs a browser in, once.",
                "access:link",
                example="access link laptop",
            ),
        ),
    ),
    Group(
        "token",
        "Manage tokens for the sites.",
        (
            Command(
                "set",
                "Store a token for a site.",
                "site_tokens:set_token",
                example="token set huggingface",
            ),
            Command(
                "list",
                "List the available tokens.",
                "site_tokens:list_tokens",
                example="token list",
            ),
            Command(
                "remove",
                "Delete the stored token of a site.",
                "site_tokens:remove",
                example="token remove civitai",
            ),
        ),
    ),
)
#: All that can be typed behind the program's name.
COMMAND_NAMES = frozenset(name for entry in ENTRIES for name in (entry.name, *entry.aliases))


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
        if args[0] not in self.commands and not args[0].startswith("-"):
            from modelkeep.cli.suggestions import no_such_command

            ctx.fail(no_such_command(args[0], self.commands, is_top=ctx.parent is None))
        name, command, rest = super().resolve_command(ctx, args)
        return name, command and self.entries[name or ""].load(name or ""), rest


def make_program(entries: Sequence[Entry] = ENTRIES) -> LazyGroup:
    """Return the whole program."""
    app = _typer()
    app.callback(invoke_without_command=True, epilog=_example_text(_EXAMPLE))(
        with_common_options(_program)
    )
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


def _example_text(example: str) -> str | None:
    return f"Example: modelkeep {example}" if example else None


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
