"""Arguments and options that several commands share, with their completion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar

import typer

from modelkeep.core.reading import printable
from modelkeep.core.taxonomy import BaseModelType, ModelFormat, ModelType, type_from_words
from modelkeep.errors import EXIT_DONE, EXIT_FAILED, EXIT_SOME_FAILED, ModelKeepError
from modelkeep.identification.known_families import base_from_words
from modelkeep.settings import Verify

T = TypeVar("T")


def parse_type(text: str) -> ModelType:
    """Return the type that ``text`` means.

    Raises:
        typer.BadParameter: it means none.
    """
    found = type_from_words(text)
    if found is None:
        raise typer.BadParameter(f"no type is called {text!r}; types are {', '.join(ModelType)}")
    return found


def parse_base(text: str) -> BaseModelType:
    """Return the base that ``text`` means.

    A well-formed word that is not listed is taken as it is: a family may have brought it.

    Raises:
        typer.BadParameter: it is no word for a base.
    """
    try:
        return base_from_words(text) or BaseModelType(text.lower())
    except ValueError:
        raise typer.BadParameter(
            f"no base is called {text!r}; bases are {', '.join(BaseModelType)}"
        ) from None


def named(source: str) -> str:
    """Return a source for messages: printable, and without the query of an address.

    What follows the question mark may be a token.
    """
    return printable(source.partition("?")[0] if "://" in source else source)


def complete_model(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return names and keys that begin with what was typed; none where there is no library."""
    from modelkeep.app.manager import ModelManager
    from modelkeep.settings import Settings

    root = ctx.find_root().params.get("root") or ctx.params.get("root")
    try:
        settings = Settings.load(root=root)
        if not settings.root.is_dir():
            return []
        with ModelManager(settings) as manager:
            models = manager.records.all_models()
    except (ModelKeepError, OSError):
        return []  # the command itself tells what is wrong; a shell that completes cannot
    names = sorted({model.name for model in models if model.name.startswith(incomplete)})
    return names or [model.key for model in models if model.key.startswith(incomplete)]


def complete_job(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the numbers of jobs that begin with what was typed."""
    from modelkeep.jobs.state import StateDatabase
    from modelkeep.settings import Settings

    root = ctx.find_root().params.get("root") or ctx.params.get("root")
    try:
        path = Settings.load(root=root).state_path
        if not path.exists():
            return []
        state = StateDatabase(path)
        numbers = [str(row.id) for row in state.jobs.all()]
        state.close()
    except (ModelKeepError, OSError):
        return []
    return [number for number in numbers if number.startswith(incomplete)]


def complete_root(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the names of roots that begin with what was typed."""
    from modelkeep.core.roots import MODELS_ROOT
    from modelkeep.settings import Settings

    root = ctx.find_root().params.get("root") or ctx.params.get("root")
    try:
        names = [MODELS_ROOT, *Settings.load(root=root).roots]
    except (ModelKeepError, OSError):
        return []
    return [name for name in names if name.startswith(incomplete)]


def _starting(words: list[str]) -> Callable[[str], list[str]]:
    def complete(incomplete: str) -> list[str]:
        return [word for word in words if word.startswith(incomplete)]

    return complete


TypeOption = Annotated[
    ModelType | None,
    typer.Option(
        "--type",
        parser=parse_type,
        metavar="TYPE",
        autocompletion=_starting([str(t) for t in ModelType]),
        help="What it is used as: main, lora, vae, controlnet, embedding ...",
    ),
]
BaseOption = Annotated[
    BaseModelType | None,
    typer.Option(
        "--base",
        parser=parse_base,
        metavar="BASE",
        autocompletion=_starting([str(b) for b in BaseModelType]),
        help="Its architecture: sd-1, sd-2, sdxl, flux ...",
    ),
]
FormatOption = Annotated[
    ModelFormat | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        autocompletion=_starting([str(f) for f in ModelFormat]),
        help="How it lies on disk: checkpoint, diffusers, lycoris ...",
    ),
]
VerifyOption = Annotated[
    Verify | None,
    typer.Option(metavar="HOW", help="strict, warn or off; off takes empty weight files."),
]
Models = Annotated[
    list[str],
    typer.Argument(
        metavar="MODEL",
        autocompletion=complete_model,
        help="Key, unique key prefix, unique name or path.",
    ),
]
Model = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        autocompletion=complete_model,
        help="Key, unique key prefix, unique name or path.",
    ),
]
Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE",
        help="Path of a model file or folder; or a link, a page, or organisation/name of a site.",
        show_default=False,
    ),
]
_JOB_ID = typer.Argument(
    metavar="ID", autocompletion=complete_job, help="Number of a job, as modelkeep jobs shows it."
)
JobIds = Annotated[list[int], _JOB_ID]
OptionalJobIds = Annotated[list[int] | None, _JOB_ID]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
ToOption = Annotated[
    str | None,
    typer.Option(
        metavar="ROOT",
        help="Into this root, where the program that arranged it looks for such models.",
        autocompletion=complete_root,
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done; change nothing.")]


def status_of(failed: int, total: int) -> int:
    """Return the exit status of a command of which ``failed`` of ``total`` parts failed."""
    if not failed:
        return EXIT_DONE
    return EXIT_SOME_FAILED if failed < total else EXIT_FAILED
