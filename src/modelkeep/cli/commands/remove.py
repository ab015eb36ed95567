"""``remove``: take models out of the library."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from modelkeep.cli.session import Session
from modelkeep.cli.words import DryRun, Models, Yes, status_of
from modelkeep.core import limits
from modelkeep.core.names import path_to_text, shown, size_text
from modelkeep.errors import EXIT_FAILED, ModelKeepError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from modelkeep.core.configs import ModelConfigBase


def remove(
    ctx: typer.Context,
    models: Models,
    keep_files: Annotated[
        bool, typer.Option("--keep-files", help="Forget the record; the files stay.")
    ] = False,
    files: Annotated[
        bool, typer.Option("--files", help="Also files outside the folder of installed models.")
    ] = False,
    now: Annotated[bool, typer.Option("--now", help="For good, past the trash.")] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> int:
    """Take models out of the library; their files go to the trash for seven days."""
    session = ctx.ensure_object(Session)
    if keep_files and (files or now):
        raise UsageError("--keep-files excludes --files and --now", hint="Choose one of them.")
    if now and not (yes or dry_run or session.can_ask):
        raise UsageError("--now cannot be undone", hint="Add --yes to do it without being asked.")
    failed = 0
    chosen: dict[str, ModelConfigBase] = {}
    for name in models:
        try:
            model = session.manager.find(name)
            chosen[model.key] = model
        except ModelKeepError as error:
            failed += 1
            session.report(error, name)
    found = list(chosen.values())
    if found and not (yes or dry_run) and session.can_ask:
        what = f"{len(found)} models" if len(found) > 1 else found[0].name
        where = "for good" if now else "the record only" if keep_files else "to the trash"
        if not session.confirm(f"Remove {what}, {where}?"):
            session.say("Nothing was removed.")
            return EXIT_FAILED
    for model in found:
        if dry_run:
            _tell(
                session,
                model,
                _files_that_go(session, model, keep_files, everywhere=files),
                "would go",
            )
            continue
        try:
            _remove_one(session, model, keep_files=keep_files, everywhere=files, now=now)
        except ModelKeepError as error:
            failed += 1
            session.report(error, model.name)
    return status_of(failed, len(models))


def _remove_one(
    session: Session, model: ModelConfigBase, *, keep_files: bool, everywhere: bool, now: bool
) -> None:
    installer = session.manager.installer
    if keep_files:
        installer.unregister(model.key)
        _tell(session, model, [], "forgotten; its files stay")
        return
    owned = dict(_files_that_go(session, model, keep_files, everywhere=everywhere))
    entry = installer.remove(model.key, everywhere=everywhere)
    if entry is None:
        _tell(session, model, [], "forgotten; its files lie outside the library and stay")
        return
    gone = [(path, owned.get(path, 0)) for path in entry.origins]
    if not gone:
        installer.purge(entry)
        _tell(session, model, [], "forgotten; its files were gone already")
    elif now:
        installer.purge(entry)
        _tell(session, model, gone, "removed for good")
    else:
        _tell(session, model, gone, f"in the trash for {limits.TRASH_DAYS} days")


def _files_that_go(
    session: Session,
    model: ModelConfigBase,
    keep_files: bool,
    *,
    everywhere: bool,
) -> list[tuple[Path, int]]:
    """Return the files that removing a model would remove, with their sizes in bytes."""
    from modelkeep.library.ownership import owned_files

    library = session.manager.installer.library
    place = library.find(model)
    if place is None or keep_files or not (everywhere or library.is_ours(place)):
        return []
    owned = owned_files(library.records, model, library.settings.models_dir)
    located = [(library.path_of(file), file.size) for file in owned]
    return [(path, size) for path, size in located if os.path.lexists(path)]


def _tell(
    session: Session, model: ModelConfigBase, files: list[tuple[Path, int]], how: str
) -> None:
    if session.json:
        names = [path_to_text(path) for path, _ in files]
        session.print_json({"key": model.key, "files": names})
    elif session.quiet:
        session.print(model.key)
    else:
        session.print(f"{model.name}: {how}")
        for path, size in files:
            session.print(f"  {shown(path)}  {size_text(size)}")
