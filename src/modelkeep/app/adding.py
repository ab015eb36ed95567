"""What somebody wants to add: each line of text is a path, something of a site, or words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from modelkeep.app import plan as plans
from modelkeep.app import search
from modelkeep.app.add_options import INPLACE, AddOptions
from modelkeep.app.found_places import scannable
from modelkeep.app.outcomes import error_json, takes_a_type, wants_a_token
from modelkeep.app.requested import is_path, requested_source
from modelkeep.core.commands import command
from modelkeep.core.names import is_inside, path_to_text, real_path
from modelkeep.core.weight_names import MODEL_SUFFIXES
from modelkeep.errors import (
    DuplicateModelException,
    ModelKeepError,
    SourceNotFoundError,
    UnknownModelError,
    UnsupportedSourceError,
    hint_of,
)
from modelkeep.scan.signs import is_model_folder
from modelkeep.sources.layouts.folders import names_in
from modelkeep.sources.layouts.layout import load_layouts, recognise
from modelkeep.sources.layouts.unfinished import weight_suffix
from modelkeep.sources.local import LocalModelSource

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.app.plan import PlannedInstall
    from modelkeep.app.search import Hit
    from modelkeep.sources.string_like import StringLikeSource

#: Lines that are taken at once.
MOST_LINES = 20
_AT_ONCE = 4
#: Of a source that is written down: no secrets.
_SECRET = {"access_token"}


@dataclass(frozen=True, slots=True)
class TokenPlace:
    """A site that a token can be kept for.

    Attributes:
        name: Of the site.
        label: As people know it.
        page: Where people make one.
    """

    name: str
    label: str
    page: str
    has_token: bool


@dataclass(frozen=True, slots=True)
class FolderFacts:
    """A folder that may hold models.

    Attributes:
        label: Name of the program whose folder it is; empty where it is of none.
        root: Name of the root that it is; empty where it is none.
    """

    path: str
    label: str
    root: str


@dataclass(frozen=True, slots=True)
class ClosedFolder:
    """A path that requests may not read, and how that is changed.

    Attributes:
        folder: What would have to be opened.
        root: The command that registers it as a folder of models.
        setting: The command that only lets requests read it.
    """

    folder: str
    root: str
    setting: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What one line means. One of ``planned``, ``folder``, ``hits`` and ``error`` is given.

    Attributes:
        text: The line.
        source: What was understood, as a form carries it; empty for words and errors.
        planned: What an install would do.
        folder: It is a folder to look through.
        hits: What the sites have for words, each with the key of the model that is here already.
        error: Why there is nothing of it, as ``error_json`` gives it.
        closed: How its folder is opened, where it is a path that requests may not read.
        here: Key of the model that is in the library already.
        token: Where a token for its site is kept, where one may be needed.
        is_unknown: No rule knows the model: it takes a type that somebody says.
        is_no_model: It is none, whatever somebody says.
        is_local: It is of this disk.
    """

    text: str
    source: str = ""
    planned: PlannedInstall | None = None
    folder: FolderFacts | None = None
    hits: tuple[tuple[Hit, str], ...] | None = None
    error: Mapping[str, str] = field(default_factory=dict)
    closed: ClosedFolder | None = None
    here: str = ""
    token: TokenPlace | None = None
    is_unknown: bool = False
    is_no_model: bool = False
    is_local: bool = False

    @property
    def can_install(self) -> bool:
        """Its install can begin as it is."""
        return self.planned is not None and self.planned.plan.refusal is None


def lines_of(text: str) -> list[str]:
    """Return the lines that say something, each once and so many as are taken."""
    lines = (line.strip().strip('"') for line in text.splitlines())
    return list(dict.fromkeys(filter(None, lines)))[:MOST_LINES]


def answers(manager: ModelManager, text: str, options: AddOptions) -> list[Answer]:
    """Return what each line of a text means; sites are asked at the same time.

    Args:
        manager: Of the library.
        text: One or several lines.
        options: How it is wanted.
    """
    lines = lines_of(text)
    if not lines:
        return []
    with ThreadPoolExecutor(min(_AT_ONCE, len(lines)), thread_name_prefix="modelkeep-add") as pool:
        return list(pool.map(lambda line: _answer(manager, line, options, len(lines) == 1), lines))


def _answer(manager: ModelManager, line: str, options: AddOptions, is_one: bool) -> Answer:
    try:
        if is_path(line):
            return _of_path(manager, line, options, is_one=is_one)
        source = requested_source(manager, line)
    except (SourceNotFoundError, UnsupportedSourceError) as error:
        if _is_words(line):
            return _of_words(manager, line, options)
        return Answer(line, error=error_json(error))
    except ModelKeepError as error:
        return Answer(line, error=error_json(error))
    return _of_source(manager, line, source, options, is_one=is_one)


def _is_words(line: str) -> bool:
    has_marks = any(mark in line for mark in ":/\\")
    return "://" not in line and not is_path(line) and (" " in line or not has_marks)


def _of_path(manager: ModelManager, line: str, options: AddOptions, *, is_one: bool) -> Answer:
    try:
        path = scannable(manager, line)
    except SourceNotFoundError as error:
        closed = closed_folder(manager, line)
        return Answer(line, error=error_json(error), closed=closed, is_local=True)
    if path.is_dir():
        names = names_in(path)
        inside = {*names.files, *names.folders}
        if not is_model_folder(path, inside, {name for name in inside if weight_suffix(name)}):
            return Answer(line, folder=folder_facts(manager, path), is_local=True)
    if not options.how and is_inside(path, real_path(manager.settings.models_dir)):
        options = replace(options, how=INPLACE)  # a copy would come to lie beside it
    source = LocalModelSource(path=path, inplace=options.how == INPLACE)
    return _of_source(manager, line, source, options, is_one=is_one)


def folder_facts(manager: ModelManager, path: Path) -> FolderFacts:
    """Return what a folder is, from names alone."""
    layout = recognise(path, load_layouts())
    label = "" if layout.name == "plain" else layout.label
    named = manager.records.roots.named.items()
    root = next((name for name, root in named if real_path(root.path) == path), "")
    return FolderFacts(path_to_text(path), label, root)


def closed_folder(manager: ModelManager, text: str) -> ClosedFolder | None:
    """Return how the folder of a path is opened to requests; the disk is not looked at.

    A path that names no place on the server, as one of Windows on Linux, has no such folder.
    """
    path = Path(text.strip().removeprefix("file://"))
    if not (path.is_absolute() or path.parts[:1] == ("~",)):
        return None
    folder = path.parent if path.suffix.lower() in MODEL_SUFFIXES else path
    named = "".join(letter for letter in folder.name if letter.isascii() and letter.isalnum())
    name = named[:32].lower() if len(named) > 1 else "more"
    open_now = [path_to_text(each) for each in manager.settings.readable_dirs]
    value = json.dumps([*open_now, path_to_text(folder)], ensure_ascii=False)
    return ClosedFolder(
        path_to_text(folder),
        command("root", "add", name, folder),
        command("config", "set", "readable_dirs", value),
    )


def _of_source(
    manager: ModelManager, line: str, source: StringLikeSource, options: AddOptions, *, is_one: bool
) -> Answer:
    is_local = isinstance(source, LocalModelSource)
    token = None if is_local else _token_place(manager, source)
    try:
        request = options.request(is_local=is_local, is_one=is_one)
        planned = plans.plan(manager, source, request)
    except ModelKeepError as error:
        return Answer(
            line,
            _written(source),
            error=error_json(error),
            token=token if wants_a_token(type(error).__name__, hint_of(error)) else None,
            here=_recorded(manager, source) if isinstance(error, DuplicateModelException) else "",
            is_unknown=_takes_a_type(error),
            is_local=is_local,
        )
    refusal = planned.plan.refusal
    return Answer(
        line,
        _written(planned.plan.source),
        planned=planned,
        error=error_json(refusal) if refusal is not None else {},
        token=token,
        is_unknown=refusal is not None and _takes_a_type(refusal),
        is_no_model=isinstance(refusal, UnknownModelError) and not _takes_a_type(refusal),
        is_local=is_local,
    )


def _takes_a_type(error: ModelKeepError) -> bool:
    return takes_a_type(type(error).__name__, hint_of(error))


def _recorded(manager: ModelManager, source: StringLikeSource) -> str:
    """Return the key of the model whose path a source is; empty where there is none."""
    if not isinstance(source, LocalModelSource):
        return ""
    try:
        return manager.find(str(source.path)).key
    except ModelKeepError:
        return ""


def _written(source: StringLikeSource) -> str:
    """Return a source as a form carries it, without its secrets."""
    return json.dumps(source.model_dump(mode="json", exclude=_SECRET, exclude_none=True))


def _token_place(manager: ModelManager, source: StringLikeSource) -> TokenPlace | None:
    site = manager.sites.site_of(manager.sites.resolve_link(source))
    if not (site.takes_tokens and site.key_page):
        return None
    has_token = manager.tokens.find(site.name) is not None
    return TokenPlace(site.name, site.label, site.key_page, has_token)


def _of_words(manager: ModelManager, line: str, options: AddOptions) -> Answer:
    try:
        request = options.request(is_local=False, is_one=True)
        hits = search.search(
            manager,
            line,
            options.site or None,
            type=request.overrides.get("type"),
            base=request.overrides.get("base"),
        )
    except ModelKeepError as error:
        return Answer(line, error=error_json(error))
    return Answer(line, hits=tuple((hit, _here(manager, hit.key)) for hit in hits))


def _here(manager: ModelManager, source: str) -> str:
    """Return the key of a model in the library that came from a source, or an empty string."""
    for record in manager.records.search_by_source(source):
        rest = (record.source or "")[len(source) :]
        if not rest or rest[0] in "@:/+":
            return record.key
    return ""
