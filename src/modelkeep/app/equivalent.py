"""One request as a command and as a Python call, for pages that show both."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelkeep.app.query import ModelQuery
    from modelkeep.app.remove import RemovalMode


@dataclass(frozen=True, slots=True)
class Equivalent:
    """One request in two forms.

    Attributes:
        command: As it is typed in a shell.
        call: As an expression of Python, with ``manager`` as the ``ModelManager``.
    """

    command: str
    call: str

    def to_json(self) -> dict[str, str]:
        """Return it as plain values."""
        return {"command": self.command, "call": self.call}


def of_query(query: ModelQuery) -> Equivalent:
    """Return how the models of a query are listed."""
    given = [(f.name, getattr(query.where, f.name)) for f in fields(query.where)]
    chosen = ", ".join(f"{name}={value!r}" for name, value in given if value)
    where, order = f"RecordFilter({chosen})", f"order={query.order!r}"
    if query.limit is None:
        call = f"list(manager.records.each({where}, {order}))"
    else:
        page = f"limit={query.limit}" + (f", after={query.after!r}" if query.after else "")
        call = f"manager.records.page({where}, {order}, {page}).items"
    return Equivalent(_command("list", *query.options()), call)


def of_show(key: str) -> Equivalent:
    """Return how a model is shown."""
    return Equivalent(_command("show", key), f"manager.find({key!r})")


def of_edit(key: str, words: Sequence[str]) -> Equivalent:
    """Return how a model is edited; the words are such as ``name=My model``."""
    fields = ", ".join(
        f"{name!r}: {value!r}" for name, _, value in (w.partition("=") for w in words)
    )
    call = f"manager.installer.edit({key!r}, {{{fields}}})"
    return Equivalent(_command("edit", key, *words), call)


def of_reidentify(key: str, *, reset: bool = False) -> Equivalent:
    """Return how a model is identified again."""
    options = ["--reset"] if reset else []
    how = ", reset=True" if reset else ""
    call = f"manager.installer.reidentify({key!r}{how})"
    return Equivalent(_command("reidentify", *options, key), call)


def of_identify(source: str) -> Equivalent:
    """Return how a source is identified."""
    return Equivalent(_command("identify", source), f"identify({source!r})")


def of_install(source: str) -> Equivalent:
    """Return how a source is installed."""
    call = f"manager.installer.import_model(manager.parse({source!r}))"
    return Equivalent(_command("install", source), call)


def of_remove(key: str, mode: RemovalMode) -> Equivalent:
    """Return how a model is removed."""
    options = {"--keep-files": mode.keep_files, "--files": mode.everywhere, "--now": mode.now}
    chosen = [option for option, is_given in options.items() if is_given]
    how = "keep_files=True" if mode.keep_files else f"everywhere={mode.everywhere}"
    call = f"manager.installer.remove({key!r}, {how})"
    if mode.now:
        call = f"manager.installer.purge({call})"
    return Equivalent(_command("remove", "--yes", *chosen, key), call)


def _command(*words: str) -> str:
    return shlex.join(("modelkeep", *words))
