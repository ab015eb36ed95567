"""``config``: the settings, where they come from, and how to change them."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from modelkeep.cli.output import table
from modelkeep.cli.session import Session
from modelkeep.core.names import is_inside, path_to_text, real_path, shown
from modelkeep.disk.paths import write_file
from modelkeep.errors import UsageError
from modelkeep.library.settings_file import changing_settings
from modelkeep.settings import (
    PREFIX,
    SETTINGS_FILE,
    Settings,
    default_root,
    edited_settings,
    read_settings_file,
)


def show(ctx: typer.Context) -> None:
    """Show every setting, its value and where that comes from."""
    session = ctx.ensure_object(Session)
    settings = session.settings
    origins = settings.origins({"root": session.root, **session.options})
    values = {n: _without_password(v) for n, v in settings.model_dump(mode="json").items()}
    if session.json:
        for name, value in values.items():
            session.print_json({"setting": name, "value": value, "origin": origins[name]})
    elif session.quiet:
        for name in values:
            session.print(name)
    else:
        rows = [(name, _text(value), origins[name]) for name, value in values.items()]
        table(session, ("SETTING", "VALUE", "FROM"), rows)


def path(ctx: typer.Context) -> None:
    """Print where the settings file is."""
    session = ctx.ensure_object(Session)
    text = path_to_text(_file(session))
    if session.json:
        session.print_json({"path": text})
    else:
        session.print(text)


def set_value(
    ctx: typer.Context,
    setting: Annotated[str, typer.Argument(metavar="SETTING", help="Name of the setting.")],
    value: Annotated[
        str, typer.Argument(metavar="VALUE", help="Its value, as YAML; empty takes it out.")
    ],
) -> None:
    """Write a setting to the settings file; comments in it are kept."""
    session = ctx.ensure_object(Session)
    if setting == "root":
        raise UsageError(
            "The root says where the settings file is, so it is not in it",
            hint="Use --root, or set MODELKEEP_ROOT.",
        )
    if setting not in Settings.model_fields:
        names = ", ".join(name for name in Settings.model_fields if name != "root")
        raise UsageError(f"No setting is called {setting!r}", hint=f"Settings are: {names}")
    file = _file(session)
    _refuse_library_in_models(file.parent, setting, value)
    with changing_settings(file.parent):
        text = file.read_text(encoding="utf-8") if read_settings_file(file) or file.exists() else ""
        write_file(file, _changed(text, setting, value).encode())
    session.say(f"{setting} is {'set in' if value else 'taken out of'} {shown(file)}.")
    variable = f"{PREFIX}{setting.upper()}"
    if variable in os.environ:
        session.say(f"In this environment {variable} has the last word.")


def _refuse_library_in_models(root: Path, setting: str, value: str) -> None:
    """Refuse a ``models_dir`` in which the catalogue and the settings would lie too."""
    if setting != "models_dir" or not value:
        return
    home = real_path(root / Path(value).expanduser())
    if real_path(root) == home or is_inside(real_path(root), home):
        raise UsageError(
            f"models_dir cannot be {shown(home)}: that folder holds the whole library",
            hint="Name a folder of its own, such as models; the settings were not changed.",
        )


def _file(session: Session) -> Path:
    """Return the settings file, also where what it says cannot be used."""
    root = session.root.expanduser().absolute() if session.root else default_root()
    return root / SETTINGS_FILE


def _changed(text: str, setting: str, value: str) -> str:
    """Return the text of the settings file with one setting changed."""

    def change(document: Any) -> None:
        if value:
            document[setting] = _checked(setting, value)
        else:
            document.pop(setting, None)

    return edited_settings(text, change)


def _checked(setting: str, text: str) -> Any:
    """Return the value that ``text`` means, if the setting can have it."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    hint = "The settings file was not changed."
    field = Settings.model_fields[setting]
    try:
        value = YAML(typ="safe", pure=True).load(text)
        kind: Any = Annotated[field.annotation, field.description, *field.metadata]
        TypeAdapter(kind).validate_python(value)
    except YAMLError as error:
        raise UsageError(f"The value of {setting} is no YAML: {text!r}", hint=hint) from error
    except ValidationError as error:
        complaints = "; ".join(line["msg"] for line in error.errors())
        raise UsageError(f"{setting} cannot be {text!r}: {complaints}", hint=hint) from error
    return value


def _without_password(value: Any) -> Any:
    """Hide what stands between ``://`` and ``@`` of an address."""
    return re.sub(r"(?<=://)[^/@]*@", "***@", value) if isinstance(value, str) else value


def _text(value: Any) -> str:
    return "-" if value is None else str(value)
