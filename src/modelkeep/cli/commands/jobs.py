"""``jobs`` and ``prune``: what every process on this root does and did."""

from __future__ import annotations

from dataclasses import asdict

import typer

from modelkeep.cli.output import table, time_text
from modelkeep.cli.session import Session
from modelkeep.core.names import size_text


def jobs(ctx: typer.Context) -> None:
    """List the install jobs of every process on this root, also of earlier runs."""
    session = ctx.ensure_object(Session)
    rows = session.manager.installer.list_all_jobs()
    if session.json:
        for row in rows:
            fields = asdict(row)
            del fields["owner"]
            session.print_json(fields)
    elif session.quiet:
        for row in rows:
            session.print(str(row.id))
    elif rows:
        cells = [
            (str(r.id), r.status, r.source, size_text(r.total_bytes), time_text(r.created_at))
            for r in rows
        ]
        table(session, ("ID", "STATUS", "SOURCE", "SIZE", "SINCE"), cells)
        for row in rows:
            if row.error:
                session.print(f"{row.id}: {row.error}")
                if row.hint:
                    session.print(f"   {row.hint}")
    else:
        session.say("There are no jobs.")


def prune(ctx: typer.Context) -> None:
    """Forget the jobs that have ended."""
    session = ctx.ensure_object(Session)
    count = session.manager.installer.prune_all_jobs()
    if session.json:
        session.print_json({"pruned": count})
    else:
        session.say(f"Forgot {count} job(s).")
