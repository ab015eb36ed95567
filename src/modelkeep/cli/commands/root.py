"""``root``: the folders of other programs and disks that hold models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modelkeep.app import roots
from modelkeep.app.outcomes import EXIT_FAILED, EXIT_INTERRUPTED
from modelkeep.cli.commands import scan
from modelkeep.cli.completion import complete_root
from modelkeep.cli.options import Yes
from modelkeep.cli.session import Session
from modelkeep.core.commands import command
from modelkeep.core.names import counted
from modelkeep.errors import UsageError

NewName = Annotated[str, typer.Argument(metavar="NAME", help="Name of the root.")]
Name = Annotated[
    str, typer.Argument(metavar="NAME", autocompletion=complete_root, help="Name of the root.")
]


def add(
    ctx: typer.Context,
    name: NewName,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder that holds models.")],
    layout: Annotated[
        str | None,
        typer.Option(
            metavar="LAYOUT",
            help="Layout of the folder: comfyui, a1111, invokeai, hf-cache, plain ...;"
            " detected by default.",
        ),
    ] = None,
    readonly: Annotated[bool, typer.Option("--readonly", help="Never write to it.")] = False,
    no_scan: Annotated[
        bool, typer.Option("--no-scan", help="Do not register its models now.")
    ] = False,
) -> int | None:
    """Register a folder and its models in place; nothing in it is changed."""
    session = ctx.ensure_object(Session)
    added = roots.add(session.manager, name, folder, layout=layout, readonly=readonly)
    session.show(added)
    if not no_scan:
        try:
            return scan.scan(ctx, name, register=True)
        except KeyboardInterrupt:  # before the scan began: the root is there
            session.say(f"\nInterrupted. Continue with: {command('scan', name, '--register')}")
            return EXIT_INTERRUPTED
    for note in added.notes:
        session.say(note)
    return None


def list_roots(ctx: typer.Context) -> None:
    """List the roots with their folders, states and contents."""
    session = ctx.ensure_object(Session)
    found = roots.roots(session.manager)
    session.show_all(found, lambda: roots.table(found))
    if not session.json:
        for root in found:
            for note in root.notes:
                session.say(f"{root.key}: {note}")


def remove(
    ctx: typer.Context,
    name: Name,
    forget: Annotated[bool, typer.Option("--forget", help="Remove its records.")] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep its records, with absolute paths.")
    ] = False,
) -> int | None:
    """Unregister a root; its files are not touched."""
    session = ctx.ensure_object(Session)
    if forget and keep:
        raise UsageError("--forget and --keep cannot be used together", hint="Choose one of them.")
    if not (forget or keep) and session.can_ask and (n := roots.models_in(session.manager, name)):
        if not session.confirm(f"Remove {counted(n, 'record')} in {name}? No files are removed."):
            session.say(
                f"Nothing was changed. Use --keep to unregister {name} and keep the records."
            )
            return EXIT_FAILED
        forget = True
    session.show(roots.remove(session.manager, name, forget=forget, keep=keep))
    return None


def move(
    ctx: typer.Context,
    name: Name,
    folder: Annotated[
        Path, typer.Argument(metavar="NEWDIR", help="Where the files of the root are now.")
    ],
    yes: Yes = False,
) -> None:
    """Change the folder of a root; no file is touched."""
    session = ctx.ensure_object(Session)
    session.show(roots.move(session.manager, name, folder, sure=yes))
