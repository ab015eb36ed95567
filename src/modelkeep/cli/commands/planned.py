"""``install --dry-run``: print what an install would do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelkeep.cli.session import Session, message_of
from modelkeep.errors import ModelKeepError
from modelkeep.library.link import LinkMode

if TYPE_CHECKING:
    from modelkeep.install.remote.plan import RemotePlan
    from modelkeep.sources.string_like import StringLikeSource


class PlanToldError(Exception):
    """Raised after a plan was printed that cannot be carried out.

    Attributes:
        error: Why not.
    """

    def __init__(self, error: ModelKeepError) -> None:
        super().__init__(str(error))
        self.error = error


def plan_one(
    session: Session,
    source: StringLikeSource,
    overrides: dict[str, Any],
    *,
    link: LinkMode | None,
    to: str | None,
) -> None:
    """Print what installing a source would do.

    Raises:
        PlanToldError: the plan was printed, and says why it cannot be carried out.
        ModelKeepError: there can be no plan.
    """
    from modelkeep.sources.local import LocalModelSource

    installer = session.manager.installer
    if not isinstance(source, LocalModelSource):
        _tell_remote(session, _planned(session, source, overrides, to))
        return
    plan = installer.plan(source, overrides, link=link, to=to)
    same = installer.find_same(plan)
    if session.json:
        told = {"status": "planned", "key": same, "already_there": same is not None, "error": None}
        session.print_json({**plan.to_json(), **told})
    else:
        session.print(str(plan))
        if same is not None:
            session.print(f"  note    already in the library as {same}: nothing would be copied")


def _planned(
    session: Session, source: StringLikeSource, overrides: dict[str, Any], to: str | None
) -> RemotePlan:
    from modelkeep.install.remote.planning import plan_remote

    manager = session.manager
    return plan_remote(manager.installer.library, manager.sites, source, overrides, to=to)


def _tell_remote(session: Session, plan: RemotePlan) -> None:
    is_refused = plan.error is not None and not plan.is_told_later
    if session.json:
        same = plan.same_as
        told = {
            "status": "error" if is_refused else "planned",
            "key": same,
            "already_there": same is not None,
            "error": message_of(plan.error) if plan.error is not None else None,
        }
        session.print_json({**plan.to_json(), **told})
    else:
        session.print(str(plan))
    if plan.error is not None and is_refused:
        raise PlanToldError(plan.error)
