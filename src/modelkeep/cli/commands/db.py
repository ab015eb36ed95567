"""``db``: the version of the catalogue's tables, and bringing it up to this program's."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

import typer

from modelkeep.cli.output import pairs
from modelkeep.cli.session import Session
from modelkeep.core.names import shown
from modelkeep.errors import UsageError


def version(ctx: typer.Context) -> None:
    """Say which version the catalogue has and which this program needs; nothing is changed."""
    from modelkeep.records.dialects.sqlite_files import stored_version
    from modelkeep.records.sql import migrations, schema

    session = ctx.ensure_object(Session)
    path = _file(session)
    found, needed = stored_version(path, shown(path)), migrations.newest()
    if session.json:
        session.print_json(
            {
                "path": str(path),
                "version": found or None,
                "needed": needed,
                "needs_upgrade": 0 < found < needed,
            }
        )
        return
    if session.quiet:
        session.print(str(found))
        return
    facts = [
        ("File", shown(path)),
        ("Version", str(found or "-")),
        ("Needed", str(needed)),
    ]
    pairs(session, facts)
    if not found:
        session.say("There is no catalogue yet; the first command that needs one makes it.")
    elif found > needed:
        raise schema.newer(shown(path), found)
    elif found < needed:
        session.say(
            "The next command that uses the catalogue upgrades it, after a backup; or now, with:"
            " modelkeep db upgrade"
        )
    else:
        session.say("The catalogue is up to date.")


def upgrade(ctx: typer.Context) -> None:
    """Bring the catalogue up to the version of this program, and say where the backup is."""
    from contextlib import closing

    from modelkeep.records.dialects.sqlite import SqliteDatabase
    from modelkeep.records.dialects.sqlite_files import stored_version
    from modelkeep.records.sql import migrations, schema

    session = ctx.ensure_object(Session)
    path = _file(session)
    found, needed = stored_version(path, shown(path)), migrations.newest()
    if found > needed:
        raise schema.newer(shown(path), found)
    backup: Path | None = None
    if found:
        with closing(SqliteDatabase(path)) as database:
            backup = database.backup
    if session.json:
        session.print_json(
            {
                "path": str(path),
                "from": found or None,
                "to": needed,
                "backup": str(backup) if backup else None,
            }
        )
    elif not found:
        session.say("There is no catalogue yet; the first command that needs one makes it.")
    elif backup is None:
        session.say(f"The catalogue has version {needed} already; nothing was changed.")
    else:
        session.print(str(backup) if session.quiet else f"Upgraded to version {needed}.")
        # The message of the upgrade itself has said where the backup is.
        file, log, index, copy = (
            quote(str(name)) for name in (path, f"{path}-wal", f"{path}-shm", backup)
        )
        session.say(
            "To go back, stop all programs that use the catalogue, install the modelkeep of"
            f" before, and run: rm -f {log} {index} && mv {copy} {file}"
        )


def _file(session: Session) -> Path:
    from modelkeep.records.locations import catalogue_file

    path = catalogue_file(session.settings).absolute()
    if path.suffix.lower() in {".yaml", ".yml"}:
        raise UsageError(
            f"The catalogue {shown(path)} is a YAML file and has no tables",
            hint="It is read as it is; nothing has to be upgraded.",
        )
    return path
