"""The settings that say where the catalogue is; any object with these attributes will do."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol


class DatabaseSettings(Protocol):
    """Says where the SQLite file is."""

    @property
    def db_path(self) -> Path:
        """The SQLite file."""
        ...


class RecordSettings(DatabaseSettings, Protocol):
    """Says which catalogue is used, and where it is."""

    @property
    def model_config_db(self) -> Path | str | None:
        """``auto`` for ``db_path`` or a lent connection, a file, or None for ``conf_path``."""
        ...

    @property
    def conf_path(self) -> Path:
        """The file that is opened when ``model_config_db`` is None."""
        ...


def catalogue_file(config: RecordSettings) -> Path:
    """Return the file that is opened when no connection is lent."""
    chosen = config.model_config_db
    if chosen is None:
        return config.conf_path
    return config.db_path if str(chosen) == "auto" else Path(chosen)
