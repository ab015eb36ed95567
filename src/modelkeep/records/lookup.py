"""Finding a record by key, prefix, name or path."""

from __future__ import annotations

from pathlib import Path

from modelkeep.core.configs import AnyModelConfig
from modelkeep.core.names import is_inside, path_to_text
from modelkeep.errors import DuplicateModelException, UnknownModelException
from modelkeep.records.service import ModelRecordServiceBase

#: Shorter prefixes of a key are taken for names.
_PREFIX_LENGTH = 4


def find_model(store: ModelRecordServiceBase, name: str, models_dir: Path) -> AnyModelConfig:
    """Return the record called ``name``: a key, a unique prefix of one, a name, or a path.

    Raises:
        UnknownModelException: nothing is called that.
        DuplicateModelException: several models are; the message lists their keys.
    """
    if store.exists(name):
        return store.get_model(name)
    found = store.search_by_attr(model_name=name) or _by_path(store, name, models_dir)
    if not found and len(name) >= _PREFIX_LENGTH:
        found = [store.get_model(key) for key in store.keys_with_prefix(name)]
    if len(found) == 1:
        return found[0]
    if found:
        keys = ", ".join(f"{config.key[:8]} ({config.path})" for config in found)
        raise DuplicateModelException(
            f"{name!r} matches more than one model: {keys}", hint="Use its key."
        )
    raise UnknownModelException(
        f"No model is called {name!r}", hint="List the models with: modelkeep list"
    )


def _by_path(store: ModelRecordServiceBase, name: str, models_dir: Path) -> list[AnyModelConfig]:
    path = Path(name).expanduser().absolute()
    if is_inside(path, models_dir):
        return store.search_by_path(path_to_text(path.relative_to(models_dir)))
    return store.search_by_path(path_to_text(path)) or store.search_by_path(name)
