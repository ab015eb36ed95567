"""Install plans: what installing a local or remote source would do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from modelkeep.app.text import source_text
from modelkeep.errors import UsageError
from modelkeep.library.destination import LinkMode
from modelkeep.sources.local import LocalModelSource
from modelkeep.sources.parse import not_for

if TYPE_CHECKING:
    from modelkeep.app.manager import ModelManager
    from modelkeep.install.plan import Plan
    from modelkeep.sources.string_like import StringLikeSource


@dataclass(frozen=True, slots=True)
class InstallRequest:
    """How sources are installed.

    Attributes:
        overrides: Fields of the record that win over what is identified.
        inplace: Record the model where it is.
        link: How files of this disk get into the library; copies when None.
        to: Name of the root that it goes into; the folder of installed models when None.
        subfolder: Of a repository: only this folder, or this file.
    """

    overrides: Mapping[str, Any] = field(default_factory=dict)
    inplace: bool = False
    link: LinkMode | None = None
    to: str | None = None
    subfolder: str | None = None
    token: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for option, value in {"--link": self.link, "--to": self.to}.items():
            if self.inplace and value is not None:
                raise UsageError(
                    f"--inplace and {option} cannot be used together", hint="Choose one of them."
                )


@dataclass(frozen=True, slots=True)
class PlannedInstall:
    """What an install would do."""

    plan: Plan

    @property
    def key(self) -> str | None:
        """Of the model in the library that has the same bytes."""
        return self.plan.same_as

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        plain = self.plan.to_json()
        return {
            **plain,
            "path": plain["target"],
            "status": "error" if self.plan.refusal else "planned",
            "key": self.key,
            "already_there": self.key is not None,
        }

    def __str__(self) -> str:
        return str(self.plan)


def parse(manager: ModelManager, source: str, request: InstallRequest) -> StringLikeSource:
    """Return the source that a text means.

    Raises:
        SourceError: it is nothing that is known.
        UsageError: ``request`` asks for what is for models on this disk.
    """
    parsed = manager.parse(
        source, inplace=request.inplace, subfolder=request.subfolder, token=request.token
    )
    is_local = isinstance(parsed, LocalModelSource)
    if is_local and request.subfolder is not None:
        raise not_for(parsed, "subfolder")
    if not is_local and (request.inplace or request.link is not None):
        option = "--inplace" if request.inplace else "--link"
        raise UsageError(
            f"{option} works with local models only; {source_text(source)} is remote",
            hint="Drop it: downloads go into the library.",
        )
    return parsed


def plan(
    manager: ModelManager, source: StringLikeSource, request: InstallRequest
) -> PlannedInstall:
    """Return what installing a source would do; nothing is changed.

    Raises:
        ModelKeepError: there can be no plan.
    """
    installer = manager.installer
    made = installer.plan(source, request.overrides, link=request.link, to=request.to)
    if made.remote is None:
        same = installer.find_same(made)
        broken = installer.find_broken(made) if same is None else None
        made = replace(made, same_as=same, repairs=broken)
    if made.repairs is not None:
        record = manager.records.get_model(made.repairs)
        made = replace(made, config=record)
        if made.home is not None and record.root == made.home.root:
            made = replace(made, target=manager.path_of(record))
    return PlannedInstall(made)
