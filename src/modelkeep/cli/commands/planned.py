"""``install --dry-run``: print what an install would do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from modelkeep.app.outcomes import message_of
from modelkeep.cli.session import Session
from modelkeep.errors import ModelKeepError
from modelkeep.library.destination import LinkMode

if TYPE_CHECKING:
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
    installer = session.manager.installer
    plan = installer.plan(source, overrides, link=link, to=to)
    if plan.remote is None:
        plan = replace(plan, same_as=installer.find_same(plan))
    if session.json:
        told = {
            "status": "error" if plan.refusal else "planned",
            "key": plan.same_as,
            "already_there": plan.same_as is not None,
            "error": message_of(plan.error) if plan.error is not None else None,
        }
        session.print_json({**plan.to_json(), **told})
    else:
        session.print(str(plan))
    if plan.refusal is not None:
        raise PlanToldError(plan.refusal)
