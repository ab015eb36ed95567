"""``/models/{key}``: one model."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from fastapi import Request, Response

from modelkeep.app import equivalent, files, load, tasks
from modelkeep.app import model as models
from modelkeep.app.description import describe
from modelkeep.app.neighbours import Neighbours, neighbours
from modelkeep.app.origin import origin_of
from modelkeep.app.preview import preview_kind
from modelkeep.app.text import not_stated
from modelkeep.core.names import path_to_text
from modelkeep.core.taxonomy import ModelType, format_label, type_label
from modelkeep.errors import ModelKeepError
from modelkeep.identification.known_families import base_label
from modelkeep.library.defaults import default_values
from modelkeep.library.identified import set_by_hand
from modelkeep.records.versions import record_version
from modelkeep.web.context import Context, WebContext
from modelkeep.web.errors import AnswerError
from modelkeep.web.frame import page
from modelkeep.web.keys import InPath
from modelkeep.web.model_pages import ModelAddress
from modelkeep.web.router import Router
from modelkeep.web.routes import Routes

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.core.configs import ModelConfigBase

router = Router(include_in_schema=False)
ROUTES = Routes("model", router)

#: Files that are listed at once; the others are behind a click.
_SHOWN_FILES = 12
#: Hex digits of a sha256 by which people name files to each other.
_SHORT_HASH = 10


@router.get("/models/{key:path}")
def model_page(request: Request, context: Context, key: InPath) -> Response:
    """Show a model."""
    record = context.manager.records.get_model(key)
    return shown(request, context, record)


def model_below(request: Request, context: WebContext, key: str, below: str) -> ModelConfigBase:
    """Return the record whose page is asked for below its own.

    Keys may hold slashes: where the whole address is that of a model, that model is shown.

    Args:
        request: It asks for the page.
        context: Of the server.
        key: What stands before ``below`` in the address.
        below: Such as ``/edit``.

    Raises:
        UnknownModelException: there is no such model.
    """
    records = context.manager.records
    if not records.exists(key) and records.exists(key + below):
        raise AnswerError(shown(request, context, records.get_model(key + below)))
    return records.get_model(key)


def shown(request: Request, context: WebContext, record: ModelConfigBase) -> Response:
    """Return the page of a model."""
    manager, address = context.manager, ModelAddress.asked(request, record.key)
    details = models.show(manager, record.key)
    listed = _files(manager, details)
    return page(
        request,
        "model.html",
        title=record.name,
        section="library",
        at=address,
        beside=_beside(manager, address),
        details=details,
        origin=origin_of(record, details.metadata),
        by_hand=set_by_hand(record),
        says=_description(manager, record),
        preview=preview_kind(manager, record) if details.preview is not None else "",
        files=listed[:_SHOWN_FILES],
        more_files=listed[_SHOWN_FILES:],
        parts_loaded=_loaded(manager, record.key),
        can_load=load.can_load() and not details.state,
        task=_task(manager, request),
        version=record_version(manager.records.get_json(record.key)),
        equivalent=equivalent.of_show(record.key),
        **words_of(record),
        **_copied(details),
    )


def words_of(record: ModelConfigBase) -> dict[str, Any]:
    """Return what people call what a record says of its kind."""
    variant = str(getattr(record, "variant", "") or "")
    prediction = getattr(record, "prediction_type", "")
    if prediction is None:
        prediction = not_stated(record.base, variant)
    return {
        "model": record,
        "type_name": type_label(record.type),
        "base_name": base_label(record.base),
        "format_name": format_label(record.format),
        "variant": variant if variant != "normal" else "",
        "prediction": str(prediction or ""),
    }


def _description(manager: ModelManager, record: ModelConfigBase) -> str:
    """Return how somebody described a model; the default says nothing new."""
    is_default = record.description in default_values(record, "description")
    return "" if is_default else describe(manager, record).html


def _beside(manager: ModelManager, address: ModelAddress) -> Neighbours:
    if not address.listed:
        return Neighbours()
    try:
        return neighbours(manager, address.key, address.listed)
    except ModelKeepError:  # the list is wrong, and the model is there all the same
        return Neighbours()


def _files(manager: ModelManager, details: models.ModelDetails) -> list[dict[str, Any]]:
    """Return the files of a model and how they are now; offline ones as recorded."""
    odd = {path_to_text(file.path): file.condition.value for file in details.odd}
    try:
        owned = files.files_of(manager, details.record)
    except ModelKeepError:
        return [
            {"name": row.path, "row": row, "state": details.state, "is_there": False}
            for row in details.files
        ]
    listed = [(file, odd.get(path_to_text(file.path), "")) for file in owned]
    return [
        {"name": file.name, "row": file.row, "state": state, "is_there": state != "missing"}
        for file, state in listed
    ]


def _loaded(manager: ModelManager, key: str) -> list[Any]:
    return [part for part in load.loaded(manager) if part.key == key] if load.can_load() else []


def _task(manager: ModelManager, request: Request) -> dict[str, Any] | None:
    """Return the task that this page follows; None where it follows none."""
    number = request.query_params.get("task", "")
    if not number.isascii() or not number.isdigit() or len(number) > len(str(2**53)):
        return None
    try:
        return tasks.one_task(manager, int(number)).to_json()
    except ModelKeepError:
        return None


def _copied(details: models.ModelDetails) -> dict[str, Any]:
    """Return what people paste elsewhere."""
    path = path_to_text(details.path) if details.path else details.record.path
    hashes = [file.sha256 for file in details.files if file.sha256]
    sha256 = hashes[0] if len(details.files) == 1 and hashes else ""
    is_word = details.record.type in {ModelType.Lora, ModelType.TextualInversion}
    stem = PurePath(path).stem if len(details.files) <= 1 else PurePath(path).name
    prompt = f"<lora:{stem}:1>" if details.record.type is ModelType.Lora else stem
    return {
        "path": path,
        "sha256": sha256,
        "short_hash": sha256[:_SHORT_HASH],
        "prompt": prompt if is_word else "",
    }
