"""Which catalogue the settings open."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from modelkeep.records.service import ModelRecordServiceBase
from modelkeep.records.sql.service import ModelRecordServiceSQL
from modelkeep.records.yaml.service import ModelRecordServiceFile


@dataclass
class Chosen:
    """Settings as the catalogue wants them."""

    model_config_db: Path | str | None
    db_path: Path
    conf_path: Path


def chosen(root: Path, model_config_db: Path | str | None) -> Chosen:
    return Chosen(model_config_db, root / "databases" / "a.db", root / "configs" / "models.yaml")


def test_auto_takes_the_connection_that_is_lent(tmp_path: Path) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        settings = chosen(tmp_path, "auto")
        store = ModelRecordServiceBase.open(settings, connection, threading.Lock())
        assert isinstance(store, ModelRecordServiceSQL)
        assert not settings.db_path.exists()


def test_auto_without_a_connection_or_its_lock_opens_the_database(tmp_path: Path) -> None:
    settings = chosen(tmp_path, "auto")
    with closing(sqlite3.connect(":memory:")) as connection:
        for lent in (None, connection):
            with ModelRecordServiceBase.open(settings, lent) as store:
                assert isinstance(store, ModelRecordServiceSQL)
    assert settings.db_path.exists()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("m.db", ModelRecordServiceSQL),
        ("m.yaml", ModelRecordServiceFile),
        ("M.YML", ModelRecordServiceFile),
    ],
)
@pytest.mark.parametrize("as_kind", [str, Path])
def test_a_path_is_opened_by_its_suffix(
    tmp_path: Path, name: str, kind: type[ModelRecordServiceBase], as_kind: type[str | Path]
) -> None:
    path = tmp_path / "new folder" / name
    with ModelRecordServiceBase.open(chosen(tmp_path, as_kind(path))) as store:
        assert type(store) is kind
    assert path.exists()
    with ModelRecordServiceBase.from_db_file(as_kind(path)) as again:
        assert type(again) is kind
        assert again.version() == "3.2"


def test_none_opens_the_conf_path(tmp_path: Path) -> None:
    settings = chosen(tmp_path, None)
    with ModelRecordServiceBase.open(settings) as store:
        assert isinstance(store, ModelRecordServiceFile)
    assert settings.conf_path.read_text(encoding="utf-8").startswith("#")
