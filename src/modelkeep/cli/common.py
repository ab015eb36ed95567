"""The options that may stand before or after every command."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from modelkeep.cli.session import Session

Command = Callable[..., int | None]

_OPTIONS: dict[str, Any] = {
    "root": Annotated[
        Path | None, typer.Option("--root", metavar="DIR", help="Folder of the library.")
    ],
    "json_lines": Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")],
    "quiet": Annotated[bool, typer.Option("--quiet", "-q", help="Print keys only.")],
    "verbose": Annotated[bool, typer.Option("--verbose", "-v", help="Tell more.")],
}


def with_common_options(command: Command) -> Command:
    """Return ``command`` with the common options added; they go to the session.

    Ctrl-C gets a name of its own here, since typer would swallow it.
    """
    hints = get_type_hints(command, include_extras=True)
    own = [
        parameter.replace(annotation=hints[name])
        for name, parameter in inspect.signature(command).parameters.items()
    ]
    common = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None if name == "root" else False,
            annotation=annotation,
        )
        for name, annotation in _OPTIONS.items()
    ]

    @functools.wraps(command)
    def run(**values: Any) -> int | None:
        session = values["ctx"].ensure_object(Session)
        session.take(
            values.pop("root"),
            json=values.pop("json_lines"),
            quiet=values.pop("quiet"),
            verbose=values.pop("verbose"),
        )
        try:
            return command(**values)
        except KeyboardInterrupt as error:
            raise typer.Abort from error

    signature = inspect.Signature([*own, *common])
    run.__signature__ = signature  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()}
    return run


def take_common_options(ctx: typer.Context) -> None:
    """Take the common options that stand between a group and its command."""
    del ctx
