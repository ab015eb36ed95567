"""Arguments and options that several commands share."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, TypeVar

import typer

from modelkeep.app.query import read_base, read_type
from modelkeep.cli.completion import complete_job, complete_model, complete_root, one_of
from modelkeep.core.spans import read_span
from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType
from modelkeep.errors import UsageError
from modelkeep.settings import Verify

T = TypeVar("T")

_RATE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?(?:/s)?", re.IGNORECASE)
_RATE_STEPS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


def parse_rate(text: str) -> float:
    """Return the bytes a second that ``text`` means, such as ``100M``: steps of 1000.

    Raises:
        typer.BadParameter: it means none.
    """
    found = _RATE.fullmatch(text.strip())
    if found is None or not float(found[1]):
        raise typer.BadParameter(f"{text!r} is not a rate; example: 100M")
    return float(found[1]) * _RATE_STEPS[found[2].lower()]


def parse_span(text: str) -> float:
    """Return the seconds that ``text`` means, such as ``30d``, ``12h`` or ``2w``.

    Raises:
        typer.BadParameter: it means none.
    """
    found = read_span(text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is not a time span; examples: 30d, 12h")
    return found


def _parser(read: Callable[[str], T]) -> Callable[[str], T]:
    def parse(text: str) -> T:
        try:
            return read(text)
        except UsageError as error:
            raise typer.BadParameter(f"{error}. {error.hint}") from error

    return parse


_TYPE = typer.Option(
    "--type",
    parser=_parser(read_type),
    metavar="TYPE",
    autocompletion=one_of(ModelType),
    help="Model type: main, lora, vae, controlnet, embedding ...",
)
_BASE = typer.Option(
    "--base",
    parser=_parser(read_base),
    metavar="BASE",
    autocompletion=one_of(BaseModelType),
    help="Model base: sd-1, sd-2, sdxl, flux ...",
)
TypeOption = Annotated[ModelType | None, _TYPE]
TypesOption = Annotated[list[ModelType] | None, _TYPE]
BaseOption = Annotated[BaseModelType | None, _BASE]
BasesOption = Annotated[list[BaseModelType] | None, _BASE]
FormatsOption = Annotated[
    list[ModelFormat] | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        autocompletion=one_of(ModelFormat),
        help="Model format: checkpoint, diffusers, lycoris ...",
    ),
]
VerifyOption = Annotated[
    Verify | None,
    typer.Option(
        metavar="HOW", help="Byte checks: strict, warn or off (accepts empty weight files)."
    ),
]
_MODEL = typer.Argument(
    metavar="MODEL",
    autocompletion=complete_model,
    help="Key, unique key prefix, unique name or path.",
    show_default=False,
)
Model = Annotated[str, _MODEL]
Models = Annotated[list[str], _MODEL]
OptionalModels = Annotated[list[str] | None, _MODEL]
AllModels = Annotated[bool, typer.Option("--all", help="All models of the library.")]
Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE",
        help="Model file or folder, URL, model page, or ORG/REPO.",
        show_default=False,
    ),
]
_JOB_ID = typer.Argument(
    metavar="ID", autocompletion=complete_job, help="Number of a job; see modelkeep jobs."
)
JobIds = Annotated[list[int], _JOB_ID]
OptionalJobIds = Annotated[list[int] | None, _JOB_ID]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
ToOption = Annotated[
    str | None,
    typer.Option(
        metavar="ROOT",
        help="Install into this root, where its program looks for such models.",
        autocompletion=complete_root,
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would happen; change nothing.")]
