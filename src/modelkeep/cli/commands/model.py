"""``show``, ``edit``, ``reidentify``: one model of the library."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelkeep.cli.commands.listing import offline_roots
from modelkeep.cli.output import pairs, time_text
from modelkeep.cli.session import Session
from modelkeep.cli.words import Model, Models, status_of
from modelkeep.core.names import path_to_text, shown, size_text
from modelkeep.core.roots import MODELS_ROOT
from modelkeep.core.taxonomy import RecordState, type_from_words, type_label
from modelkeep.errors import ModelKeepError, UnknownMetadataException, UsageError
from modelkeep.identification.known_families import base_from_words, base_label

if TYPE_CHECKING:
    from modelkeep.core.configs import ModelConfigBase

#: What is edited like a field and kept beside the record: tags that the user gives.
_TAGS = "tags"
#: What of a site's answer is shown to people, and how it is called.
_TOLD = {
    "author": "author",
    "version_name": "version",
    "base_model_trained_on": "its site says",
    "published": "published",
    "last_modified": "changed",
}
#: Fields that say what is on the disk; they are not for editing.
_FIXED = frozenset(
    {"key", "path", "original_hash", "current_hash", "size", "tensor_prefix", "evidence", "preview"}
)


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
    """Change what the record of a model says; tags=a,b sets your own tags."""
    session = ctx.ensure_object(Session)
    wanted = dict(_parse_change(change) for change in changes)
    found = session.manager.find(model)
    known = {*type(found).model_fields, _TAGS}
    unknown = [name for name in wanted if name not in known]
    if unknown:
        names = ", ".join(sorted(known - _FIXED))
        raise UsageError(f"{found.name} has no field {unknown[0]!r}", hint=f"Fields are: {names}")
    tags = wanted.pop(_TAGS, None)
    if wanted:  # the only one of the two that can be refused
        found = session.manager.installer.edit(found.key, wanted)
    if tags is not None:
        session.manager.metadata.set_tags(found.key, tags)
    session.print_models([found])


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


def _path(session: Session, model: ModelConfigBase) -> Path | None:
    """Return where a model is, or None when its root is not registered."""
    roots = session.manager.records.roots
    return roots.locate(model.root, model.path, session.settings.models_dir)


def _seen(session: Session, model: ModelConfigBase) -> tuple[str, str]:
    """Return how the files of a model are now, as a word and a sentence; empty when as recorded."""
    from modelkeep.library.condition import Condition, condition_of

    seen = condition_of(session.manager.presence, model)
    if seen.condition is not Condition.PRESENT:
        return seen.condition.value, seen.detail
    if model.state is RecordState.CHANGED:
        return model.state.value, "it held other bytes when it was last read"
    return "", ""


def _parse_change(change: str) -> tuple[str, Any]:
    name, equals, value = change.partition("=")
    if not equals or not name:
        raise UsageError(f"{change!r} is not FIELD=VALUE", hint='For example: name="My model"')
    if name in _FIXED:
        raise UsageError(
            f"{name} says what is on the disk and is not for editing",
            hint="modelkeep reidentify reads the file again.",
        )
    if name in {"trigger_phrases", "fits", _TAGS}:
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
    tags = session.manager.metadata.tags(model.key)
    return {
        **model.to_json(),
        **({"state": state} if state else {}),
        "tags": sorted(tags.all),
        "tags_by_hand": sorted(tags.hand),
        "files": files,
        "hashes": hashes,
        "metadata": _metadata(session, model.key),
        "preview_path": _preview(session, model),
        "is_missing": state == "missing",
    }


def _metadata(session: Session, key: str) -> dict[str, Any] | None:
    try:
        return session.manager.records.get_metadata(key).model_dump(mode="json")
    except UnknownMetadataException:
        return None


def _preview(session: Session, model: ModelConfigBase) -> str | None:
    """Return where the picture of a model is, if it is there."""
    from modelkeep.library.previews import preview_place

    top = _path(session, model)
    picture = preview_place(model, top) if top is not None else None
    return path_to_text(picture) if picture is not None and picture.is_file() else None


def _of_the_site(session: Session, key: str) -> list[tuple[str, str]]:
    """Return what its site says of a model, as far as people want to see it at once."""
    from modelkeep.sources.terms import terms_of

    try:
        metadata = session.manager.records.get_metadata(key)
    except UnknownMetadataException:
        return []
    told = metadata.model_dump(mode="json", include=set(_TOLD))
    facts = [(label, str(told[name])) for name, label in _TOLD.items() if told.get(name)]
    return [*facts, ("licence", str(terms_of(metadata)))]


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
    tags = session.manager.metadata.tags(model.key)
    facts += [("your tags", ", ".join(sorted(tags.hand))), ("tags", ", ".join(sorted(tags.site)))]
    facts.append(("preview", _preview(session, model) or ""))
    facts.append(("sample hash", model.current_hash or ""))
    for file in session.manager.records.files(model.key):
        facts.append(("file", f"{file.path}  {size_text(file.size)}"))
        facts += [(f"  {n}", h) for n in ("blake3", "sha256") if (h := getattr(file, n))]
    facts += [(f"because ({r.kind})", r.detail) for r in model.evidence]
    facts += _of_the_site(session, model.key)
    pairs(session, [(name, value) for name, value in facts if value])
    if reason and state != "offline":
        session.say(f"It is {state}: {reason}")
    for name, why in offline_roots(session, {model.root} if state == "offline" else set()).items():
        session.say(f"{name} is offline: {why}")
