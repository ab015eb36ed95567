"""Which files of a repository are fetched for a source, and what the user should know of that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from modelkeep.core.choice import filter_files
from modelkeep.core.taxonomy import ModelRepoVariant
from modelkeep.core.weight_names import is_generic, weight_of
from modelkeep.errors import UnsupportedSourceError
from modelkeep.sources.huggingface.source import HFModelSource

_NAMED = 12


@dataclass(frozen=True)
class Selection:
    """What is fetched.

    Attributes:
        files: Where each file lies in the repository, and where it belongs inside the model.
        name: What the model is called.
    """

    files: Mapping[str, str]
    name: str
    is_folder: bool
    notes: tuple[str, ...] = ()


def select_files(
    files: Sequence[str], source: HFModelSource, pipeline: Mapping[str, Any] | None = None
) -> Selection:
    """Choose the files of one model.

    Args:
        files: All files of the repository.
        source: What was asked for.
        pipeline: What ``model_index.json`` holds.

    Raises:
        UnsupportedSourceError: there are none of this form, or it holds several models.
    """
    chosen = [
        PurePosixPath(path)
        for path in filter_files(files, source.variant, source.subfolder, pipeline=pipeline)
    ]
    if not any(weight_of(path) for path in chosen):
        raise _nothing(files, source)
    refuse_many(chosen, source.repo_id, f"{source.repo_id}/")
    name = source.repo_id.rpartition("/")[2]
    if len(chosen) == 1:
        name = file_title(name, chosen[0])
        return Selection({str(chosen[0]): chosen[0].name}, name, is_folder=False)
    base = PurePosixPath(source.subfolder or "")
    if str(base) in map(str, chosen):
        base = base.parent
    inside = {str(path): path.relative_to(base).as_posix() for path in chosen}
    if source.subfolder:
        name = f"{name}-{base.name}" if base.name else name
    return Selection(inside, name, is_folder=True, notes=_notes(chosen, source))


def file_title(repo: str, path: PurePosixPath) -> str:
    """Name a model of one file: one whose name says nothing has that of its repository."""
    if not is_generic(path.stem):
        return path.stem
    return f"{repo}-{path.parent.name}" if path.parent.name else repo


def refuse_many(chosen: Sequence[PurePosixPath], repo: str, before: str) -> None:
    """Refuse models that are beside each other: nobody can tell which of them is meant.

    Args:
        chosen: The files that were chosen.
        repo: Name of the repository.
        before: What people write before the name of a file of it.

    Raises:
        UnsupportedSourceError: there are several; names them.
    """
    alone: set[str] = set()
    for path in chosen:
        weight = weight_of(path)
        if weight is None or weight.is_component or weight.is_result or weight.is_index:
            continue
        # Shards of one weight count once.
        alone.add(f"{path.parent}/{weight.stem}")
    if len(alone) < 2:  # noqa: PLR2004 - several
        return
    names = [
        str(path)
        for path in chosen
        if (weight := weight_of(path)) and not weight.is_index and weight.shard <= 1
    ]
    shown = ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
    raise UnsupportedSourceError(
        f"{repo} holds {len(names)} models: {shown}",
        hint=f"Choose one, such as {before}{names[0]}",
    )


def _nothing(files: Sequence[str], source: HFModelSource) -> UnsupportedSourceError:
    where = f"{source.repo_id}/{source.subfolder}" if source.subfolder else source.repo_id
    variants = [
        each.value
        for each in ModelRepoVariant
        if any(
            weight_of(PurePosixPath(path)) for path in filter_files(files, each, source.subfolder)
        )
    ]
    if variants and source.variant:
        return UnsupportedSourceError(
            f"{where} has no weights of the variant {source.variant.value}",
            hint=f"It has: {', '.join(variants)}.",
        )
    if source.subfolder and not filter_files(files, None, source.subfolder):
        return UnsupportedSourceError(
            f"{source.repo_id} has no folder or file {source.subfolder}",
            hint=f"Look for it on https://huggingface.co/{source.repo_id}/tree/main",
        )
    return UnsupportedSourceError(
        f"{where} has no weights in a known format",
        hint=f"Look for its files on https://huggingface.co/{source.repo_id}/tree/main",
    )


def _notes(chosen: Sequence[PurePosixPath], source: HFModelSource) -> tuple[str, ...]:
    """Say where the wanted precision is not there."""
    if source.variant is not ModelRepoVariant.FP16:
        return ()
    weights = [weight for path in chosen if (weight := weight_of(path)) and weight.is_component]
    plain = sorted(
        {
            weight.path.parent.name or source.repo_id
            for weight in weights
            if not weight.is_index and weight.label not in {"fp16", "bf16"}
        }
    )
    if not plain:
        return ()
    return (f"No fp16 variant of {', '.join(plain)}: using full precision.",)
