"""``modelkeep`` alone: what is in the library and what to type next."""

from __future__ import annotations

from collections import Counter

import typer

from modelkeep import __version__
from modelkeep.cli.output import table
from modelkeep.cli.session import Session
from modelkeep.core.names import path_to_text, shown, size_text
from modelkeep.core.taxonomy import type_label
from modelkeep.identification.known_families import base_label


def print_version(ctx: typer.Context) -> None:
    """Print the version and end."""
    ctx.ensure_object(Session).print(f"modelkeep {__version__}")
    raise typer.Exit


def home(ctx: typer.Context) -> None:
    """Show what is in the library and what to type next."""
    _show_library(ctx.ensure_object(Session))


def _show_library(session: Session) -> None:
    models = session.manager.records.all_models()
    total = sum(model.size or 0 for model in models)
    if session.json:
        root = path_to_text(session.settings.root)
        session.print_json({"root": root, "models": len(models), "size": total})
        return
    session.print(f"modelkeep {__version__}, library in {shown(session.settings.root)}")
    session.print(f"{len(models)} model(s), {size_text(total)}")
    if models:
        counts = Counter((type_label(m.type), base_label(m.base)) for m in models)
        rows = [(kind, base, str(count)) for (kind, base), count in sorted(counts.items())]
        table(session, ("TYPE", "BASE", "MODELS"), rows)
    session.print("")
    session.print("Next:")
    for command, meaning in (
        ("modelkeep identify FILE", "say what a model is, changing nothing"),
        ("modelkeep install FILE", "copy it into the library and remember it"),
        ("modelkeep install --inplace FILE", "remember it where it is"),
        ("modelkeep list", "what is in the library"),
        ("modelkeep --help", "everything else"),
    ):
        session.print(f"  {command:<34}{meaning}")
