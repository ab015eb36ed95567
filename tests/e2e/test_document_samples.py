"""The samples of the specification as they stand there, their imports led to modelkeep."""

from __future__ import annotations

import logging
import sys
import threading
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import modelkeep
from sites.civitai import CivitaiServer
from sites.civitai_models import File, Model, Version
from sites.fixtures import Environment
from sites.models import sdxl_lora
from support import tiny

STARTUP = """
import sqlite3
from invokeai.app.services.thread import lock
from invokeai.app.services.model_record_service import ModelRecordServiceBase
from invokeai.app.services.config import InvokeAIAppConfig

config = InvokeAIAppConfig.get_config()
db_conn = sqlite3.connect(config.db_path.as_posix(), check_same_thread=False)
store = ModelRecordServiceBase.open(config, db_conn, lock)
"""
INSTALLER = """
from invokeai.app.services.config import InvokeAIAppConfig
from invokeai.app.services.model_records import ModelRecordServiceSQL
from invokeai.app.services.model_install import ModelInstallService
from invokeai.app.services.download import DownloadQueueService
from invokeai.app.services.shared.sqlite import SqliteDatabase
from invokeai.backend.util.logging import InvokeAILogger

config = InvokeAIAppConfig.get_config()
config.parse_args()

logger = InvokeAILogger.get_logger(config=config)
db = SqliteDatabase(config, logger)
record_store = ModelRecordServiceSQL(db)
queue = DownloadQueueService()
queue.start()

installer = ModelInstallService(app_config=config,
                                record_store=record_store,
                                download_queue=queue
                                )
installer.start()
"""
IMPORT = """
from invokeai.app.services.model_install import (
    LocalModelSource,
    HFModelSource,
    URLModelSource,
)

source1 = LocalModelSource(path='sushi.safetensors')   # a local safetensors file
source2 = LocalModelSource(path='sushi_diffusers')     # a local folder
sources = [source1, source2]

for source in sources:
   install_job = installer.install_model(source)

source2job = installer.wait_for_installs(timeout=120)
for source in sources:
    job = source2job[source]
    if job.complete:
        model_config = job.config_out
        model_key = model_config.key
        print(f"{source} installed as {model_key}")
    elif job.errored:
        print(f"{source}: {job.error_type}.\\nStack trace:\\n{job.error}")
"""
METADATA = """
from invokeai.backend.model_manager.metadata import (
   AnyModelRepoMetadata,
   CivitaiMetadataFetch,
   CivitaiMetadata,
   ModelMetadataStore,
)
# to access the initialized sql database
from invokeai.app.api.dependencies import ApiDependencies

civitai = CivitaiMetadataFetch()

# fetch the metadata
model_metadata = civitai.from_url("https://civitai.com/models/215796")

# get some common metadata fields
author = model_metadata.author
tags = model_metadata.tags

# get some Civitai-specific fields
assert isinstance(model_metadata, CivitaiMetadata)

trained_words = model_metadata.trained_words
base_model = model_metadata.base_model_trained_on
thumbnail = model_metadata.thumbnail_url

# cache the metadata to the database using the key corresponding to
# an existing model config record in the `model_config` table
sql_cache = ModelMetadataStore(ApiDependencies.invoker.services.db)
sql_cache.add_metadata(model_key, model_metadata)

# now we can search the database by tag, author or model name
# matches will contain a list of model keys that match the search
matches = sql_cache.search_by_tag({"tool", "turbo"})
"""
LOADED = ("model_record_service", "model_records", "model_install", "download", "shared.sqlite")


@pytest.fixture
def names(
    environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    """What the samples share; ``invokeai`` leads to modelkeep."""
    services = SimpleNamespace(db=None)
    more: dict[str, dict[str, Any]] = {
        "app.services.thread": {"lock": threading.Lock()},
        "app.services.config": {"InvokeAIAppConfig": modelkeep.Settings},
        "backend.util.logging": {
            "InvokeAILogger": SimpleNamespace(get_logger=lambda **_: logging.getLogger("sample"))
        },
        "app.api.dependencies": {
            "ApiDependencies": SimpleNamespace(invoker=SimpleNamespace(services=services))
        },
    }
    for name in (*(f"app.services.{one}" for one in LOADED), "backend.model_manager.metadata"):
        more[name] = {public: getattr(modelkeep, public) for public in modelkeep.__all__}
    for name, attributes in more.items():
        parts = f"invokeai.{name}".split(".")
        for end in range(1, len(parts) + 1):
            package = ".".join(parts[:end])
            if package not in sys.modules:
                monkeypatch.setitem(sys.modules, package, ModuleType(package))
        vars(sys.modules[f"invokeai.{name}"]).update(attributes)
    assert not environment.root.exists(), "the root is a fresh one"
    monkeypatch.chdir(tmp_path)
    return {"services": services}


def run(sample: str, names: dict[str, Any]) -> None:
    exec(compile(sample, "sample", "exec"), names)  # noqa: S102 - the samples above


def test_a_typical_startup(names: dict[str, Any]) -> None:
    run(STARTUP, names)
    assert names["store"].all_models() == []
    names["store"].close()
    names["db_conn"].close()


def test_an_installer_imports_and_metadata_is_stored(
    names: dict[str, Any],
    tmp_path: Path,
    civitai: CivitaiServer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tiny.embedding(tmp_path / "sushi.safetensors", 1)
    tiny.embedding_folder(tmp_path / "sushi_diffusers", 2)
    file = File(31, "turbo.safetensors", sdxl_lora(), primary=True)
    version = Version(242807, [file], words=["turbo"], base="SDXL Turbo")
    civitai.add(Model(215796, [version], creator="somebody", tags=["tool", "turbo"]))
    run(INSTALLER, names)
    try:
        run(IMPORT, names)
        assert capsys.readouterr().out.count(" installed as ") == 2
        names["services"].db = names["db"]
        run(METADATA, names)
        assert names["matches"] == {names["model_key"]}
        assert (names["author"], names["trained_words"]) == ("somebody", {"turbo"})
    finally:
        names["installer"].stop()
        names["queue"].stop()
        names["record_store"].close()
