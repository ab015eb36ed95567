"""The settings: their values and origins, and changing one in the settings file."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from modelkeep.app.text import Table
from modelkeep.core.names import is_inside, real_path, shown
from modelkeep.disk.paths import write_file
from modelkeep.errors import UsageError, complaint_of
from modelkeep.library.roots import changing_settings
from modelkeep.settings import (
    PREFIX,
    SETTINGS_FILE,
    Settings,
    default_root,
    edited_settings,
    read_settings_file,
)


@dataclass(frozen=True, slots=True)
class SettingView:
    """One setting.

    Attributes:
        key: Its name.
        value: Its value as plain values; passwords in addresses are hidden.
        origin: Where the value comes from.
    """

    key: str
    value: Any
    origin: str

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {"setting": self.key, "value": self.value, "origin": self.origin}


def settings_of(settings: Settings, options: Mapping[str, Any]) -> list[SettingView]:
    """Return every setting.

    Args:
        settings: All of them.
        options: What was given on the command line.
    """
    origins = settings.origins(dict(options))
    values = settings.model_dump(mode="json")
    return [SettingView(n, _without_password(v), origins[n]) for n, v in values.items()]


def settings_in_use(settings: Settings) -> list[SettingView]:
    """Return every setting of a program that runs, those first that somebody chose; no roots.

    Raises:
        SettingsError: the settings file cannot be read any more.
    """
    stored = Settings(root=settings.root)
    given = {name: value for name, value in settings if value != getattr(stored, name)}
    if settings.root != default_root():
        given["root"] = settings.root
    found = [one for one in settings_of(settings, given) if one.key != "roots"]
    return sorted(found, key=lambda one: one.origin == "default")


def table(found: list[SettingView]) -> Table:
    """Return settings as a table."""
    rows = [(one.key, "-" if one.value is None else str(one.value), one.origin) for one in found]
    return Table.of(("SETTING", "VALUE", "FROM"), rows)


def settings_file(root: Path | None) -> Path:
    """Return the settings file of a root, also where what it says cannot be used."""
    return (root.expanduser().absolute() if root else default_root()) / SETTINGS_FILE


def set_value(file: Path, setting: str, value: str) -> str:
    """Write a setting to the settings file; comments in it are kept.

    Args:
        file: The settings file.
        setting: Name of the setting.
        value: Its value as YAML; empty takes it out.

    Returns:
        The environment variable that has precedence over the file; empty when none is set.

    Raises:
        UsageError: there is no such setting, or it cannot have this value.
    """
    if setting == "root":
        raise UsageError(
            "root determines where the settings file is, so it cannot be set in it",
            hint="Use --root or set MODELKEEP_ROOT.",
        )
    if setting not in Settings.model_fields:
        names = ", ".join(name for name in Settings.model_fields if name != "root")
        raise UsageError(f"There is no setting {setting!r}", hint=f"Settings are: {names}")
    if setting == "models_dir" and value:
        _refuse_library_in_models(file.parent, value)
    with changing_settings(file.parent):
        text = file.read_text(encoding="utf-8") if read_settings_file(file) or file.exists() else ""
        write_file(file, changed_text(text, setting, value).encode())
    variable = f"{PREFIX}{setting.upper()}"
    return variable if variable in os.environ else ""


def changed_text(text: str, setting: str, value: str) -> str:
    """Return the text of a settings file with one setting changed.

    Raises:
        UsageError: the setting cannot have this value.
    """

    def change(document: Any) -> None:
        if value:
            document[setting] = _checked(setting, value)
        else:
            document.pop(setting, None)

    return edited_settings(text, change)


def _refuse_library_in_models(root: Path, value: str) -> None:
    """Refuse a ``models_dir`` in which the catalogue and the settings would lie too."""
    home = real_path(root / Path(value).expanduser())
    if real_path(root) == home or is_inside(real_path(root), home):
        raise UsageError(
            f"models_dir cannot be {shown(home)}: that folder contains the whole library",
            hint="Choose a separate folder, such as models. The settings were not changed.",
        )


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
        raise UsageError(f"The value of {setting} is not YAML: {text!r}", hint=hint) from error
    except ValidationError as error:
        complaints = ", or ".join(map(complaint_of, error.errors()))
        raise UsageError(f"{setting} cannot be {text!r}: {complaints}", hint=hint) from error
    return value


def _without_password(value: Any) -> Any:
    """Hide what stands between ``://`` and ``@`` of an address."""
    return re.sub(r"(?<=://)[^/@]*@", "***@", value) if isinstance(value, str) else value
