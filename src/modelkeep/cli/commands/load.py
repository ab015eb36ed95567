"""``load``: load a model, to see that it can be and what that takes."""

from __future__ import annotations

from typing import Annotated

import typer

from modelkeep.cli.completion import one_of
from modelkeep.cli.options import Model
from modelkeep.cli.progress import Bar
from modelkeep.cli.session import Session
from modelkeep.core.taxonomy import SubModelType
from modelkeep.errors import UsageError
from modelkeep.load.precision import AUTO, Precision


def _precisions(incomplete: str) -> list[str]:
    return [name for name in (AUTO, *Precision) if name.startswith(incomplete)]


def load(
    ctx: typer.Context,
    model: Model,
    submodel: Annotated[
        str,
        typer.Option(
            "--submodel",
            metavar="NAME",
            autocompletion=one_of(SubModelType),
            help="Part of a main model: unet, vae, text_encoder ...",
            show_default=False,
        ),
    ] = "",
    repeat: Annotated[
        int,
        typer.Option("--repeat", min=1, metavar="N", help="Ask for it N times: cache hits show."),
    ] = 1,
    precision: Annotated[
        str | None,
        typer.Option(
            "--precision",
            metavar="NAME",
            autocompletion=_precisions,
            help="auto, float32, float16 or bfloat16.",
        ),
    ] = None,
    device: Annotated[
        str | None, typer.Option("--device", metavar="NAME", help="auto, cpu, cuda, cuda:1 ...")
    ] = None,
    accept_changed: Annotated[
        bool, typer.Option("--accept-changed", help="Load files that changed, and accept them.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what loading would take; load nothing.")
    ] = False,
) -> None:
    """Load a model, and print its class, device, precision, size and time.

    The model is in memory only while this command runs. It shows that the files are good and that
    everything is installed to use them.
    """
    from modelkeep.app import load as loading

    session = ctx.ensure_object(Session)
    if dry_run and repeat > 1:
        raise UsageError("--dry-run loads nothing, so it cannot be repeated")
    options = loading.LoadOptions(submodel, device, precision, accept_changed)
    if dry_run:
        session.show(loading.preview(session.manager, model, options))
        return
    with Bar(model, is_shown=not session.quiet) as bar:
        found = loading.load(session.manager, model, options, repeat=repeat, on_progress=bar.show)
        for result in found:
            bar.hide()
            session.show(result)
