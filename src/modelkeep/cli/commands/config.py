"""``config``: the settings, where they come from, and how to change them."""

from __future__ import annotations

from io import StringIO
from typing import Annotated, Any

import typer

from modelkeep.cli.output import table
from modelkeep.cli.session import Session
from modelkeep.core.names import shown
from modelkeep.core.paths import write_file
from modelkeep.errors import SettingsError, UsageError
from modelkeep.settings import Settings


def show(ctx: typer.Context) -> None:
    """Show every setting, its value and where that comes from."""
    session = ctx.ensure_object(Session)
    settings = session.settings
    origins = settings.origins({"root": session.root, **session.options})
    values = settings.model_dump(mode="json")
    if session.json:
        for name, value in values.items():
            session.print_json({"setting": name, "value": value, "origin": origins[name]})
        return
    rows = [(name, _text(value), origins[name]) for name, value in values.items()]
    table(session, ("SETTING", "VALUE", "FROM"), rows)


def path(ctx: typer.Context) -> None:
    """Print where the settings file is."""
    session = ctx.ensure_object(Session)
    if session.json:
        session.print_json({"path": str(session.settings.settings_path)})
    else:
        session.print(str(session.settings.settings_path))


def set_value(
    ctx: typer.Context,
    setting: Annotated[str, typer.Argument(help="Name of the setting.")],
    value: Annotated[str, typer.Argument(help="Its value, as YAML; empty takes it out.")],
) -> None:
    """Write a setting to the settings file; comments in it are kept."""
    from ruamel.yaml import YAML

    session = ctx.ensure_object(Session)
    settings = session.settings
    if setting == "root" or setting not in Settings.model_fields:
        names = ", ".join(name for name in Settings.model_fields if name != "root")
        raise UsageError(f"No setting is called {setting!r}", hint=f"Settings are: {names}")
    yaml = YAML()
    file = settings.settings_path
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    document: Any = yaml.load(text) or {}
    if value:
        document[setting] = YAML(typ="safe").load(value)
        _check(settings, setting, document[setting])
    else:
        document.pop(setting, None)
    out = StringIO()
    yaml.dump(document, out)
    write_file(file, out.getvalue().encode())
    session.say(f"{setting} is set in {shown(file)}.")


def _check(settings: Settings, setting: str, value: Any) -> None:
    """Refuse a value before it is written."""
    try:
        Settings.load(root=settings.root, **{setting: value})
    except SettingsError as error:
        raise UsageError(str(error), hint="The settings file was not changed.") from error


def _text(value: Any) -> str:
    return "-" if value is None else str(value)
