"""``list``, ``show``, ``edit``, ``reidentify``: what is in the library."""

from __future__ import annotations

import json
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelkeep.cli.output import pairs, time_text
from modelkeep.cli.session import Session
from modelkeep.cli.words import BaseOption, FormatOption, Model, Models, TypeOption, status_of
from modelkeep.core.names import shown, size_text
from modelkeep.core.roots import MODELS_ROOT, NO_ROOT
from modelkeep.core.taxonomy import (
    RecordState,
    base_from_words,
    base_label,
    type_from_words,
    type_label,
)
from modelkeep.errors import ModelKeepError, UnknownMetadataException, UsageError

if TYPE_CHECKING:
    from modelkeep.core.configs import ModelConfigBase

#: Fields that say what is on the disk; they are not for editing.
_FIXED = frozenset({"key", "path", "original_hash", "current_hash", "size", "evidence"})


class SortOrder(StrEnum):
    """What a list is sorted by."""

    NAME = "name"
    SIZE = "size"
    DATE = "date"
    TYPE = "type"
    BASE = "base"


def list_models(
    ctx: typer.Context,
    type_: TypeOption = None,
    base: BaseOption = None,
    format_: FormatOption = None,
    tag: Annotated[
        list[str] | None, typer.Option(metavar="TAG", help="Has this tag; may be repeated.")
    ] = None,
    search: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Words in name, description, source.")
    ] = None,
    sort: Annotated[
        SortOrder, typer.Option(metavar="ORDER", help="name, size, date, type or base.")
    ] = SortOrder.NAME,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="At most so many.")] = None,
    missing: Annotated[
        bool, typer.Option("--missing", help="Only models whose files are gone.")
    ] = False,
) -> None:
    """List the models of the library."""
    session = ctx.ensure_object(Session)
    found = session.manager.records.search(
        text=search,
        types=[type_] if type_ else (),
        bases=[base] if base else (),
        formats=[format_] if format_ else (),
        tags=tag or (),
        order=sort.value,
        limit=None if missing else limit,
    )
    if missing:
        gone = _gone(session)
        found = [model for model in found if model.key in gone][:limit]
    if found or session.json or session.quiet:
        offline = _offline(session, {model.root for model in found})
        session.print_models(found, offline)
        for name, why in offline.items():
            count = sum(model.root == name for model in found)
            session.say(f"{count} of them are offline, in {name}: {why}")
    elif missing:
        session.say("No model is missing.")
    elif any((type_, base, format_, tag, search)):
        session.say("No model is like that. All of them: modelkeep list")
    else:
        session.say("No model is here. Put one in with: modelkeep install FILE")


def show(ctx: typer.Context, model: Model) -> None:
    """Show everything that is known of a model."""
    session = ctx.ensure_object(Session)
    found = session.manager.find(model)
    if session.json:
        session.print_json(_everything(session, found))
    elif session.quiet:
        session.print(found.key)
    else:
        _print_model(session, found)


def edit(
    ctx: typer.Context,
    model: Model,
    changes: Annotated[
        list[str], typer.Argument(metavar="FIELD=VALUE", help="Fields to set; empty clears.")
    ],
) -> None:
    """Change what the record of a model says."""
    session = ctx.ensure_object(Session)
    wanted = dict(_parse_change(change) for change in changes)
    found = session.manager.find(model)
    unknown = [name for name in wanted if name not in type(found).model_fields]
    if unknown:
        names = ", ".join(sorted(set(type(found).model_fields) - _FIXED))
        raise UsageError(f"{found.name} has no field {unknown[0]!r}", hint=f"Fields are: {names}")
    changed = session.manager.installer.edit(found.key, wanted)
    session.print_models([changed])


def reidentify(ctx: typer.Context, models: Models) -> int:
    """Identify recorded models again and update what their records say they are."""
    session = ctx.ensure_object(Session)
    failed = 0
    for name in models:
        try:
            before = session.manager.find(name)
            after = session.manager.installer.reidentify(before.key)
        except ModelKeepError as error:
            failed += 1
            session.report(error, name)
            continue
        if session.json or session.quiet:
            session.print_models([after])
        else:
            session.print(f"{after.name}: {_difference(before, after)}")
    return status_of(failed, len(models))


def _offline(session: Session, names: set[str]) -> dict[str, str]:
    """Return why roots other than that of installed models are offline, and how they come back."""
    presence = session.manager.presence if names - {MODELS_ROOT, NO_ROOT} else None
    if presence is None:
        return {}
    reasons = {name: presence.why_offline(name) for name in sorted(names - {MODELS_ROOT})}
    return {name: f"{why}. {presence.hint_for(name)}" for name, why in reasons.items() if why}


def _path(session: Session, model: ModelConfigBase) -> Path | None:
    """Return where a model is, or None when its root is not registered."""
    roots = session.manager.records.roots
    return roots.locate(model.root, model.path, session.settings.models_dir)


def _seen(session: Session, model: ModelConfigBase) -> tuple[str, str]:
    """Return how the files of a model are now, as a word and a sentence; empty when as recorded."""
    from modelkeep.install.integrity.condition import Condition, condition_of

    seen = condition_of(session.manager.presence, model)
    if seen.condition is not Condition.PRESENT:
        return seen.condition.value, seen.detail
    if model.state is RecordState.CHANGED:
        return model.state.value, "it held other bytes when it was last read"
    return "", ""


def _gone(session: Session) -> set[str]:
    """Return the keys of the models of which a file is gone."""
    from modelkeep.install.integrity.condition import Condition, survey

    seen = survey(session.manager.presence)
    return {key for key, model in seen.items() if model.condition is Condition.MISSING}


def _parse_change(change: str) -> tuple[str, Any]:
    name, equals, value = change.partition("=")
    if not equals or not name:
        raise UsageError(f"{change!r} is not FIELD=VALUE", hint='For example: name="My model"')
    if name in _FIXED:
        raise UsageError(
            f"{name} says what is on the disk and is not for editing",
            hint="modelkeep reidentify reads the file again.",
        )
    if name in {"trigger_phrases", "fits"}:
        return name, tuple(word.strip() for word in value.split(",") if word.strip())
    if name == "type":
        return name, type_from_words(value) or value
    if name == "base":
        return name, base_from_words(value) or value
    if name == "name" and not value:
        raise UsageError("A name cannot be empty", hint='For example: name="My model"')
    return name, value or None


def _difference(before: ModelConfigBase, after: ModelConfigBase) -> str:
    old, new = before.to_json(), after.to_json()
    changed = [
        f"{name} {json.dumps(old.get(name))} -> {json.dumps(value)}"
        for name, value in new.items()
        if name != "evidence" and old.get(name) != value
    ]
    return "; ".join(changed) or "as it was"


def _everything(session: Session, model: ModelConfigBase) -> dict[str, Any]:
    records = session.manager.records
    files = [asdict(file) for file in records.files(model.key)]
    hashes = {
        "original_hash": model.original_hash,
        "current_hash": model.current_hash,
        "sha256": {f["path"]: f["sha256"] for f in files if f["sha256"]},
        "blake3": {f["path"]: f["blake3"] for f in files if f["blake3"]},
    }
    state, _ = _seen(session, model)
    return {
        **model.to_json(),
        **({"state": state} if state else {}),
        "files": files,
        "hashes": hashes,
        "metadata": _metadata(session, model.key),
        "is_missing": state == "missing",
    }


def _metadata(session: Session, key: str) -> dict[str, Any] | None:
    try:
        return session.manager.records.get_metadata(key).model_dump(mode="json")
    except UnknownMetadataException:
        return None


def _print_model(session: Session, model: ModelConfigBase) -> None:
    (state, reason), path = _seen(session, model), _path(session, model)
    facts = [
        ("name", model.name),
        ("key", model.key),
        ("type", type_label(model.type)),
        ("base", base_label(model.base)),
        ("format", str(model.format)),
        ("path", (shown(path) if path else model.path) + (f"  ({state})" if state else "")),
        ("root", model.root if model.root != MODELS_ROOT else ""),
        ("size", size_text(model.size)),
        ("installed", time_text(session.manager.records.created_at(model.key))),
    ]
    optional = ("variant", "prediction_type", "repo_variant", "lineage", "quantization", "vae")
    facts += [(name, str(value)) for name in optional if (value := getattr(model, name, None))]
    facts += [("description", model.description or ""), ("source", model.source or "")]
    if model.trigger_phrases:
        facts.append(("triggers", ", ".join(model.trigger_phrases)))
    facts.append(("sample hash", model.current_hash or ""))
    for file in session.manager.records.files(model.key):
        facts.append(("file", f"{file.path}  {size_text(file.size)}"))
        facts += [(f"  {n}", h) for n in ("blake3", "sha256") if (h := getattr(file, n))]
    facts += [(f"because ({r.kind})", r.detail) for r in model.evidence]
    metadata = _metadata(session, model.key)
    for name, value in (metadata or {}).items():
        facts.append((name, value if isinstance(value, str) else json.dumps(value)))
    pairs(session, [(name, value) for name, value in facts if value])
    if reason and state != "offline":
        session.say(f"It is {state}: {reason}")
    for name, why in _offline(session, {model.root} if state == "offline" else set()).items():
        session.say(f"{name} is offline: {why}")
