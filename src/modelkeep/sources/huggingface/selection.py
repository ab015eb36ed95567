"""Which files of a repository are fetched for a source, and what the user should know of that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Protocol

from modelkeep.core.choice import filter_files
from modelkeep.core.taxonomy import ModelRepoVariant
from modelkeep.core.weight_names import is_generic, weight_of
from modelkeep.errors import UnsupportedSourceError

_NAMED = 12
_ARCHIVES = (".zip", ".rar", ".7z", ".tar", ".tar.gz", ".tgz")
#: Labels of weights that are what a variant asks for. The first is wanted where nobody says so.
_USUAL = ModelRepoVariant.FP16
_LABELS = {
    _USUAL: frozenset({"fp16", "bf16"}),
    ModelRepoVariant.FP32: frozenset({"", "fp32"}),
    ModelRepoVariant.DEFAULT: frozenset({""}),
}


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


class RepositorySource(Protocol):
    """What is asked for of a repository, on any site that has them."""

    @property
    def repo_id(self) -> str:
        """``organisation/name``."""
        ...

    @property
    def variant(self) -> ModelRepoVariant | None:
        """Which form of the weights is wanted."""
        ...

    @property
    def subfolder(self) -> str | None:
        """Only this folder, or this one file."""
        ...

    @property
    def model_fields_set(self) -> set[str]:
        """What was asked for, and is not the default."""
        ...


def select_files(
    files: Sequence[str],
    source: RepositorySource,
    pipeline: Mapping[str, Any] | None = None,
    *,
    before: str,
    page: str,
) -> Selection:
    """Choose the files of one model.

    Args:
        files: All files of the repository.
        source: What was asked for.
        pipeline: What ``model_index.json`` holds.
        before: What people write before the name of a file of the repository.
        page: Address of the page that lists the files.

    Raises:
        UnsupportedSourceError: there are none of this form, or it holds several models.
    """
    chosen = [
        PurePosixPath(path)
        for path in filter_files(files, source.variant, source.subfolder, pipeline=pipeline)
    ]
    # The header decides what a file is that was named: it needs no suffix.
    is_named = [str(path) for path in chosen] == [source.subfolder]
    is_packed = is_named and bool(_archives([str(chosen[0])]))
    if is_packed or not (is_named or any(weight_of(path) for path in chosen)):
        raise _nothing(files, source, page)
    _refuse_many(chosen, source.repo_id, before)
    name = source.repo_id.rpartition("/")[2]
    if len(chosen) == 1:
        name = _file_title(name, chosen[0])
        notes = (*_notes_of_file(chosen[0], source), *_further(files, chosen[0], source, before))
        return Selection({str(chosen[0]): chosen[0].name}, name, is_folder=False, notes=notes)
    base = PurePosixPath(source.subfolder or "")
    if str(base) in map(str, chosen):
        base = base.parent
    inside = {str(path): path.relative_to(base).as_posix() for path in chosen}
    if source.subfolder:
        name = f"{name}-{base.name}" if base.name else name
    return Selection(inside, name, is_folder=True, notes=_notes(chosen, source))


def _file_title(repo: str, path: PurePosixPath) -> str:
    """Name a model of one file: one whose name says nothing has that of its repository."""
    if not is_generic(path.stem):
        return path.stem
    return f"{repo}-{path.parent.name}" if path.parent.name else repo


def _refuse_many(chosen: Sequence[PurePosixPath], repo: str, before: str) -> None:
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
        hint="Choose one: " + ", ".join(f"{before}{name}" for name in names[:_NAMED]),
    )


def _nothing(files: Sequence[str], source: RepositorySource, page: str) -> UnsupportedSourceError:
    where = f"{source.repo_id}/{source.subfolder}" if source.subfolder else source.repo_id
    look = f"Look for its files on {page}"
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
            f"{source.repo_id} has no folder or file {source.subfolder}", hint=look
        )
    if archives := _archives(files):
        return UnsupportedSourceError(
            f"{where} has no weights, only archives: {', '.join(archives)}",
            hint="Fetch one with: modelkeep download URL FOLDER. Unpack it and install the files"
            f" in it. {look}",
        )
    return UnsupportedSourceError(f"{where} has no weights in a known format", hint=look)


def _archives(files: Sequence[str]) -> list[str]:
    found = [path for path in files if path.lower().endswith(_ARCHIVES)]
    return found[:_NAMED]


def _notes(chosen: Sequence[PurePosixPath], source: RepositorySource) -> tuple[str, ...]:
    """Say where the wanted precision is not there."""
    wish = source.variant
    if wish not in _LABELS or (wish is not _USUAL and not _is_explicit(source)):
        return ()
    weights = [weight for path in chosen if (weight := weight_of(path)) and weight.is_component]
    others = [each for each in weights if not each.is_index and each.label not in _LABELS[wish]]
    if not others:
        return ()
    names = sorted({each.path.parent.name or source.repo_id for each in others})
    return (_lacking(wish, names, {each.label for each in others}),)


def _notes_of_file(path: PurePosixPath, source: RepositorySource) -> tuple[str, ...]:
    """Say that a file is not of the variant that was asked for in so many words."""
    wish, weight = source.variant, weight_of(path)
    if not _is_explicit(source) or wish not in _LABELS or weight is None:
        return ()
    has_it = weight.label in _LABELS[wish]
    return () if has_it else (_lacking(wish, [path.name], {weight.label}),)


def _lacking(wish: ModelRepoVariant, names: Sequence[str], labels: set[str]) -> str:
    what = "full precision" if labels <= {"", "fp32"} else ", ".join(sorted(labels - {""}))
    return f"No {wish.value} variant of {', '.join(names)}: using {what}."


def _is_explicit(source: RepositorySource) -> bool:
    return "variant" in source.model_fields_set


def _further(
    files: Sequence[str], chosen: PurePosixPath, source: RepositorySource, before: str
) -> Iterator[str]:
    """Name the weights and archives beside a file that was chosen of a whole repository."""
    mine = weight_of(chosen)
    if source.subfolder or mine is None:
        return
    found = [
        f"{before}{path}"
        for path in sorted(files)
        if (weight := weight_of(PurePosixPath(path)))
        and weight.kind is mine.kind
        and weight.stem != mine.stem
        and not weight.is_index
        and weight.shard <= 1
    ]
    found = [*found, *_archives(files)][:_NAMED]
    if found:
        yield f"Further files of this repository: {', '.join(found)}"
