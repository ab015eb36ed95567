"""The programs of the specification, against a session that knows a few addresses and no more."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import BaseAdapter

from modelkeep import (
    CivitaiMetadata,
    CivitaiMetadataFetch,
    CivitaiModelSource,
    CommercialUsage,
    DownloadQueueService,
    HFModelSource,
    HuggingFaceMetadata,
    HuggingFaceMetadataFetch,
    InstallStatus,
    LocalModelSource,
    ModelInstallService,
    ModelMetadataStore,
    ModelRecordServiceSQL,
    ModelRepoVariant,
    ModelSource,
    Settings,
    SqliteDatabase,
    URLModelSource,
)
from sites.civitai_models import File, Model, Version
from sites.hub import Repository
from sites.models import sdxl_lora, sdxl_pipeline
from support import tiny

HUB, CIVITAI, ELSEWHERE = "https://huggingface.co", "https://civitai.com", "https://www.test.foo"
REPO = "stabilityai/sdxl-turbo"
PIPELINE = sdxl_pipeline()
LORA = sdxl_lora()


class Raw(io.BytesIO):
    """A body that wants to be told how much to read, as some stand-ins do."""

    def read(self, size: int | None = -1, /, **_: Any) -> bytes:
        return super().read(-1 if size is None else size)

    def release_conn(self) -> None:
        """Do nothing."""


class Canned(BaseAdapter):
    """Gives the same answer each time, whatever else is asked."""

    def __init__(self, body: bytes, status: int = 200, reason: str = "OK", **headers: Any) -> None:
        super().__init__()
        self.body, self.status, self.reason, self.headers = body, status, reason, headers

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
        """Answer."""
        response = requests.Response()
        response.status_code, response.reason = self.status, self.reason
        response.url, response.request = str(request.url), request
        response.headers.update({name.replace("_", "-"): v for name, v in self.headers.items()})
        response.raw = Raw(self.body)
        return response

    def close(self) -> None:
        """Do nothing."""


@pytest.fixture
def session() -> requests.Session:
    """A session that knows what these programs ask for."""
    made = requests.Session()
    repo = Repository(REPO, PIPELINE, tags=["text-to-image", "license:other"])
    told: dict[str, tuple[bytes, dict[str, Any]]] = {
        f"{HUB}/api/models/{REPO}": (json.dumps(repo.said(sizes=True)).encode(), {}),
        f"{ELSEWHERE}/download/style.safetensors": (LORA, {"Content_Length": len(LORA)}),
        f"{ELSEWHERE}/unsized/style.safetensors": (LORA, {}),
        f"{CIVITAI}/api/download/models/242807": (LORA, {"Content_Length": len(LORA)}),
    }
    for name, content in PIPELINE.items():
        url = f"{HUB}/{REPO}/resolve/main/{name}"
        told[url] = (content, {"Content_Length": len(content)})
    file = File(31, "turbo.safetensors", LORA, primary=True)
    version = Version(242807, [file], words=["turbo"], base="SDXL Turbo")
    model = Model(215796, [version], name="Turbo", creator="test_author", tags=["tool", "turbo"])
    for path, said in {
        "models/215796": model.said(CIVITAI),
        "model-versions/242807": model.version_said(version, CIVITAI),
    }.items():
        told[f"{CIVITAI}/api/v1/{path}"] = (json.dumps(said).encode(), {})
    for url, (body, headers) in told.items():
        made.mount(url, Canned(body, **{"Content_Type": "application/octet-stream", **headers}))
    made.mount(f"{ELSEWHERE}/missing.safetensors", Canned(b"Not found", 404, "NOT FOUND"))
    made.mount("http", Canned(b"This address is not known to the test", 418, "I'm a teapot"))
    made.mount("https://", Canned(b"This address is not known to the test", 418, "I'm a teapot"))
    return made


class Bus:
    """Keeps what is dispatched."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Mapping[str, Any]]] = []

    def dispatch(self, topic: str, payload: dict[str, Any]) -> None:
        """Keep an event; every payload is plain JSON."""
        assert topic in {"model_event", "download_event"}
        json.dumps(payload)
        self.events.append((payload["event"], payload["data"]))

    @property
    def installs(self) -> list[str]:
        """The install events by their last word."""
        begin = "model_install_"
        return [name.removeprefix(begin) for name, _ in self.events if name.startswith(begin)]


@pytest.fixture
def bus() -> Bus:
    return Bus()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ModelRecordServiceSQL]:
    config = Settings(root=tmp_path / "root", verify="off")
    records = ModelRecordServiceSQL(SqliteDatabase(config))
    yield records
    records.close()


@pytest.fixture
def installer(
    tmp_path: Path, store: ModelRecordServiceSQL, session: requests.Session, bus: Bus
) -> Iterator[ModelInstallService]:
    """An installer put together by hand."""
    queue = DownloadQueueService(requests_session=session)
    queue.start()
    made = ModelInstallService(
        app_config=Settings(root=tmp_path / "root", verify="off"),
        record_store=store,
        download_queue=queue,
        metadata_store=ModelMetadataStore(store.db),
        event_bus=bus,
        session=session,
    )
    made.start()
    yield made
    made.close()
    queue.stop()


def test_several_sources_in_one_program(
    installer: ModelInstallService, tmp_path: Path, bus: Bus
) -> None:
    local = tiny.embedding(tmp_path / "sushi.safetensors")
    sources: list[ModelSource] = [
        LocalModelSource(path=str(local)),
        HFModelSource(repo_id=REPO),
        HFModelSource(repo_id=REPO, subfolder=Path("vae")),
        HFModelSource(repo_id=REPO, variant="default"),
        URLModelSource(url=f"{ELSEWHERE}/download/style.safetensors"),
        URLModelSource(url=f"{ELSEWHERE}/missing.safetensors", access_token="letmein"),
    ]
    for source in sources:
        installer.install_model(source)
    source2job = installer.wait_for_installs(timeout=120)
    assert list(source2job) == installer.list_jobs()
    for source in sources[:-1]:
        job = source2job[source]
        assert job.complete, job.error
        assert job.source == source
        assert job.config_out is not None
        assert installer.record_store.get_model(job.config_out.key) == job.config_out
        assert installer.get_job_by_source(source) == [job]
        assert installer.get_job_by_id(job.id) is job
    failed = source2job[sources[-1]]
    assert failed.errored
    assert failed.status is InstallStatus.ERROR
    assert failed.in_terminal_state
    assert failed.error_type == "HTTPError"
    assert "requests.exceptions.HTTPError: NOT FOUND" in (failed.error or "")
    assert "letmein" not in (failed.error or "")
    vae = source2job[sources[2]].config_out
    assert vae is not None
    assert (vae.type, vae.base) == ("vae", "sdxl")
    assert "letmein" not in json.dumps([data for _, data in bus.events])
    installer.prune_jobs()
    assert installer.list_jobs() == []


@pytest.mark.parametrize("link", ["download", "unsized"])
def test_a_link_and_its_events(installer: ModelInstallService, bus: Bus, link: str) -> None:
    job = installer.import_model(
        source=URLModelSource(url=f"{ELSEWHERE}/{link}/style.safetensors"),
        config={"name": "my style", "description": "mine"},
    )
    assert installer.wait_for_installs() == [job]
    assert job.complete, job.error
    assert job.config_out is not None
    assert (job.config_out.name, job.config_out.description) == ("my style", "mine")
    assert bus.installs == ["downloading", "running", "completed"]
    downloading = next(data for name, data in bus.events if name.endswith("downloading"))
    assert set(downloading) >= {"source", "local_path", "bytes", "total_bytes", "parts"}
    [part] = downloading["parts"]
    assert part["url"] == part["source"] == str(job.source)
    completed = bus.events[-1][1]
    assert completed["key"] == job.config_out.key
    assert completed["total_bytes"] == len(LORA) == job.bytes == job.total_bytes
    assert installer.event_bus is bus
    # What is fetched by hand-made installers is described, too.
    assert job.inplace is False


def test_a_file_without_a_length_has_no_total(
    session: requests.Session, tmp_path: Path, bus: Bus
) -> None:
    queue = DownloadQueueService(requests_session=session, event_bus=bus)
    queue.start()
    job = queue.download(f"{ELSEWHERE}/unsized/style.safetensors", tmp_path)
    queue.join()
    queue.stop()
    assert job.complete, job.error
    assert (job.bytes, job.total_bytes) == (len(LORA), 0)
    assert [name.removeprefix("download_") for name, _ in bus.events] == [
        "started",
        "progress",
        "complete",
    ]


def test_a_file_that_is_missing_is_one_event(
    session: requests.Session, tmp_path: Path, bus: Bus
) -> None:
    queue = DownloadQueueService(requests_session=session, event_bus=bus)
    queue.start()
    job = queue.download(f"{ELSEWHERE}/missing.safetensors", tmp_path)
    queue.join()
    queue.stop()
    assert job.error_type == "HTTPError(NOT FOUND)"
    [(name, data)] = bus.events
    assert (name, data["error_type"]) == ("download_error", job.error_type)


@pytest.mark.parametrize("way", ["register_path", "install_path"])
def test_the_hash_that_a_program_gives_is_kept(
    installer: ModelInstallService, tmp_path: Path, way: str
) -> None:
    path = tiny.embedding(tmp_path / "sushi.safetensors")
    key = getattr(installer, way)(path, {"current_hash": "abcdef", "name": "mine"})
    config = installer.record_store.get_model(key)
    assert (config.current_hash, config.name) == ("abcdef", "mine")
    assert config.original_hash not in {None, "abcdef"}
    # It is nobody's full hash: another file that is given the same one is another model.
    other = tiny.embedding(tmp_path / "other.safetensors", fill=1)
    another = getattr(installer, way)(other, {"current_hash": "abcdef"})
    assert another != key


def test_the_metadata_of_a_repository_is_stored(
    installer: ModelInstallService, store: ModelRecordServiceSQL, bus: Bus
) -> None:
    job = installer.import_model(HFModelSource(repo_id=REPO, variant=ModelRepoVariant.FP16))
    installer.wait_for_installs()
    assert job.complete, job.error
    assert bus.installs[-2:] == ["running", "completed"]
    assert job.config_out is not None
    assert isinstance(job.source_metadata, HuggingFaceMetadata)
    metadata_store = ModelMetadataStore(store.db)
    assert metadata_store.get_metadata(job.config_out.key) == job.source_metadata
    matches = metadata_store.search_by_tag({"license:other"})
    assert matches == {job.config_out.key}
    assert [store.get_model(key).name for key in matches] == ["sdxl-turbo"]
    assert store.list_tags()
    assert metadata_store.search_by_author("stabilityai") == matches


def test_a_version_of_civitai(installer: ModelInstallService) -> None:
    job = installer.import_model(CivitaiModelSource(version_id=242807))
    installer.wait_for_installs()
    assert job.complete, job.error
    assert job.config_out is not None
    assert job.config_out.trigger_phrases == ("turbo",)
    assert isinstance(job.source_metadata, CivitaiMetadata)


def test_metadata_from_civitai(session: requests.Session, store: ModelRecordServiceSQL) -> None:
    civitai = CivitaiMetadataFetch(session)
    model_metadata = civitai.from_url("https://civitai.com/models/215796")
    assert isinstance(model_metadata, CivitaiMetadata)
    assert model_metadata.author == "test_author"
    assert model_metadata.tags == {"tool", "turbo"}
    assert model_metadata.trained_words == {"turbo"}
    assert model_metadata.base_model_trained_on == "SDXL Turbo"
    assert (model_metadata.weight_min, model_metadata.weight_max) == (-1.0, 2.0)
    assert civitai.from_civitai_versionid(242807) == model_metadata
    assert civitai.from_civitai_modelid(215796) == model_metadata
    assert civitai.from_id("242807") == model_metadata
    [file] = model_metadata.download_urls()
    assert str(file.url) == f"{CIVITAI}/api/download/models/242807"
    sql_cache = ModelMetadataStore(store.db)
    key = "fb237ace520b6716adc98bcb16e8462c"
    store.add_model(
        key,
        {"name": "x", "path": "/x", "type": "lora", "base": "sdxl", "format": "lycoris"},
    )
    sql_cache.add_metadata(key, model_metadata)
    assert sql_cache.search_by_tag({"tool", "turbo"}) == {key}


def test_a_licence_that_came_as_one_word_is_that_word(
    session: requests.Session,
) -> None:
    fetch = CivitaiMetadataFetch(session)
    version = Version(7, [File(8, "a.safetensors", LORA, primary=True)], base="SDXL 1.0")
    for commercial, expected in {
        "Sell": CommercialUsage.Sell,
        "None": CommercialUsage.No,
        ("Image", "Rent"): {CommercialUsage.Image, CommercialUsage.Rent},
        ("Sell",): {CommercialUsage.Sell},
        "{Image,Sell}": {CommercialUsage.Image, CommercialUsage.Sell},
    }.items():
        said = list(commercial) if isinstance(commercial, tuple) else commercial
        model = Model(6, [version], name="A", creator="me", commercial=said)
        answers = {
            "models/6": model.said(CIVITAI),
            "model-versions/7": model.version_said(version, CIVITAI),
        }
        for path, answer in answers.items():
            session.mount(f"{CIVITAI}/api/v1/{path}", Canned(json.dumps(answer).encode()))
        metadata = fetch.from_civitai_versionid(7)
        assert metadata.restrictions.AllowCommercialUse == expected
        again = CivitaiMetadataFetch.from_json(metadata.model_dump_json())
        assert isinstance(again, CivitaiMetadata)
        assert again.restrictions.AllowCommercialUse == expected


def test_paths_begin_with_the_name_that_was_asked_for(session: requests.Session) -> None:
    now = Repository("stabilityai/sdxl-turbo-2", PIPELINE)
    answer = json.dumps(now.said(sizes=True)).encode()
    session.mount(f"{HUB}/api/models/old-owner/old-name", Canned(answer))
    metadata = HuggingFaceMetadataFetch(session).from_id("old-owner/old-name")
    assert metadata.id == "stabilityai/sdxl-turbo-2"
    assert {file.path.parts[0] for file in metadata.files} == {"old-name"}
    chosen = metadata.download_urls(subfolder=Path("vae"))
    assert {file.path.parent for file in chosen} == {Path("old-name/vae")}


def test_metadata_from_hugging_face(session: requests.Session) -> None:
    fetch = HuggingFaceMetadataFetch(session)
    metadata = fetch.from_url(f"{HUB}/{REPO}")
    assert fetch.from_id(REPO) == metadata
    assert HuggingFaceMetadataFetch.from_json(metadata.model_dump_json()) == metadata
    files = metadata.download_urls(
        variant=ModelRepoVariant.FP16, subfolder=Path("vae"), session=session
    )
    assert {file.path.name for file in files} == {
        "config.json",
        "diffusion_pytorch_model.fp16.safetensors",
    }
