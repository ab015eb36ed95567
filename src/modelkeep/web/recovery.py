"""``recover``: what a server does in the background when it starts."""

from __future__ import annotations

import logging

from modelkeep.app.outcomes import message_of
from modelkeep.app.uploads import finish_all
from modelkeep.errors import ModelKeepError, hint_of
from modelkeep.web.context import WebContext

_log = logging.getLogger(__name__)


def recover(context: WebContext) -> None:
    """Settle what earlier runs left, continue their jobs, and sync all roots; then be ready.

    A read-only server does none of it. What fails is logged, and the server answers on.
    """
    manager = context.manager
    try:
        _log.debug("The catalogue is open: %r", manager.records)
        if not context.settings.read_only:
            manager.installer.settle()
            _log.debug("Jobs are worked on: %r", manager.jobs)
            finish_all(manager)
            manager.installer.sync_to_config()
    except (ModelKeepError, OSError) as error:
        _log.error(
            "Recovery failed: %s %s The server answers on.", message_of(error), hint_of(error)
        )
    finally:
        context.is_ready.set()
