"""Scanning a folder: what is found, what is passed by, and what is put into the catalogue."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from integration.world import World, open_world, slow_identify, snapshot
from modelkeep.core.identity import Identification
from modelkeep.core.taxonomy import BaseModelType, ModelType
from modelkeep.errors import JobCancelledError, SettingsError, SourceNotFoundError
from modelkeep.identification.engine import identify
from modelkeep.scan.report import ScanFinding, ScanStatus, ScanSummary
from modelkeep.scan.scanner import ScanAction
from modelkeep.scan.walk import FolderWalk
from modelkeep.sources.layouts.layout import Place
from support import tiny
from support.waiting import FOREVER


def scanned(
    world: World, what: Path | str | None = None, action: ScanAction = ScanAction.REPORT
) -> tuple[list[ScanFinding], ScanSummary]:
    scan = world.service.scanner.scan(what or world.downloads, action=action)
    return list(scan), scan.summary


def statuses(findings: list[ScanFinding], top: Path) -> dict[str, str]:
    return {finding.path.relative_to(top).as_posix(): finding.status for finding in findings}


def registered(world: World, folder: Path | None = None) -> list[str]:
    return world.service.scan_directory(folder or world.downloads)


@pytest.fixture
def mixed(world: World) -> Path:
    """A folder with models, a model folder, an unknown, a broken and an unfinished file."""
    top = world.downloads
    tiny.embedding(top / "a" / "blue.safetensors", 1)
    tiny.lora(top / "b" / "paper.safetensors", 2)
    tiny.embedding_folder(top / "green", 3)
    (top / "b" / "other.safetensors").write_bytes(
        tiny.safetensors_bytes({"nobody.knows": ("F32", (2, 3))})
    )
    (top / "b" / "cut.safetensors").write_bytes(tiny.safetensors_bytes({"x": ("F32", (9,))})[:-5])
    (top / "b" / "on-its-way.safetensors.part").write_bytes(b"half")
    (top / "b" / "notes.txt").write_text("nothing\n")
    return top


# -- reporting


def test_a_report_changes_nothing(world: World, mixed: Path) -> None:
    before = snapshot(mixed, world.settings.root)
    findings, summary = scanned(world)
    assert statuses(findings, mixed) == {
        "a/blue.safetensors": "found",
        "b/cut.safetensors": "error",
        "b/on-its-way.safetensors.part": "skipped",
        "b/other.safetensors": "unknown",
        "b/paper.safetensors": "found",
        "green": "found",
    }
    assert snapshot(mixed, world.settings.root) == before
    assert world.records.all_models() == []
    assert summary.statuses[ScanStatus.FOUND] == 3
    assert summary.kinds[ModelType.Lora, BaseModelType.StableDiffusion1] == 1
    assert summary.skipped["unfinished download"] == 1
    assert summary.skipped["not a weight file"] == 1
    assert summary.files == 7  # the folder that is a model is looked at, not gone through


def test_findings_say_what_is_wrong_and_what_to_do(world: World, mixed: Path) -> None:
    found = {finding.path.name: finding for finding in scanned(world)[0]}
    assert "is not recognised" in found["other.safetensors"].error
    assert "--type" in found["other.safetensors"].hint
    assert str(mixed / "b" / "cut.safetensors") in found["cut.safetensors"].error
    assert found["cut.safetensors"].hint
    assert "unfinished download" in found["on-its-way.safetensors.part"].error
    line = found["blue.safetensors"].to_json()
    assert (line["type"], line["base"], line["key"], line["error"]) == (
        "embedding", "sd-1", None, None,
    )  # fmt: skip


def test_the_order_is_always_the_same(tmp_path: Path) -> None:
    def jitter() -> None:
        time.sleep(0.002 * (threading.get_ident() % 5))

    world = open_world(tmp_path, slow_identify(jitter))
    for number in range(60):
        tiny.embedding(world.downloads / str(number % 7) / f"{number:02}.safetensors", number)
    first, _ = scanned(world)
    world.close()
    shutil.rmtree(world.settings.root)
    world = open_world(tmp_path, slow_identify(jitter))
    second, _ = scanned(world)
    world.close()
    assert [f.path for f in first] == [f.path for f in second]
    assert [f.path for f in first] == sorted(f.path for f in first)


def test_one_file_can_be_scanned(world: World) -> None:
    path = tiny.lora(world.downloads / "one.safetensors")
    [finding], _ = scanned(world, path)
    assert (finding.path, finding.status) == (path, ScanStatus.FOUND)


def test_a_folder_that_is_a_model_is_one_candidate(world: World) -> None:
    tiny.embedding_folder(world.downloads)
    [finding], _ = scanned(world)
    assert (finding.path, finding.type) == (world.downloads, ModelType.TextualInversion)


def test_a_stray_config_does_not_turn_loose_files_into_one_model(world: World) -> None:
    tiny.lora(world.downloads / "one.safetensors", 1)
    tiny.lora(world.downloads / "two.safetensors", 2)
    (world.downloads / "config.json").write_text("{}")
    assert set(statuses(scanned(world)[0], world.downloads)) == {
        "one.safetensors", "two.safetensors",
    }  # fmt: skip


def test_a_folder_of_another_program_called_unet_is_gone_through(world: World) -> None:
    tiny.lora(world.downloads / "unet" / "one.safetensors")
    (world.downloads / "unet" / "config.json").write_text("{}")
    tiny.lora(world.downloads / "unet" / "two.safetensors")
    tiny.embedding(world.downloads / "vae" / "three.safetensors")
    assert len(scanned(world)[0]) == 3


@pytest.mark.parametrize(
    "name", ["more.safetensors.incomplete", ".cache/huggingface/download/x4Yz.incomplete"]
)
def test_an_unfinished_file_in_a_model_folder_skips_the_folder(world: World, name: str) -> None:
    folder = tiny.embedding_folder(world.downloads / "green")
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"half")
    [finding], _ = scanned(world)
    assert (finding.path, finding.status) == (folder, ScanStatus.SKIPPED)
    assert f"{Path(name).name} is in it" in finding.error


@pytest.mark.parametrize("mark", ["aria2", "part", "crdownload", "ytdl", "part.json"])
def test_a_file_with_a_mark_of_a_download_beside_it_is_skipped(world: World, mark: str) -> None:
    path = tiny.lora(world.downloads / "paper.safetensors")
    (world.downloads / f"paper.safetensors.{mark}").write_bytes(b"half")
    found = statuses(scanned(world)[0], world.downloads)
    assert found[path.name] == "skipped"
    assert world.service.scan_directory(world.downloads) == []


def test_a_recorded_file_stays_known_whatever_is_beside_it(world: World) -> None:
    path = tiny.lora(world.downloads / "paper.safetensors")
    world.service.register_path(path)
    (world.downloads / "paper.safetensors.part").write_bytes(b"half")
    found = statuses(scanned(world)[0], world.downloads)
    assert found == {"paper.safetensors": "known", "paper.safetensors.part": "skipped"}


def test_a_file_that_changes_while_it_is_read_is_skipped(tmp_path: Path) -> None:
    def write() -> None:
        with path.open("ab") as file:
            file.write(b"more")

    world = open_world(tmp_path, slow_identify(write))
    path = tiny.lora(world.downloads / "paper.safetensors")
    assert world.service.scan_directory(world.downloads) == []
    assert world.records.all_models() == []


def test_what_is_not_there_is_refused(world: World) -> None:
    with pytest.raises(SourceNotFoundError, match="nowhere"):
        world.service.scanner.scan(world.downloads / "nowhere")
    with pytest.raises(SettingsError, match="sofa"):
        world.service.scanner.scan(world.downloads, layout="sofa")


def test_folders_of_programs_are_not_entered(world: World) -> None:
    for name in (".git", ".cache", "__pycache__", "node_modules", "venv", ".staging"):
        tiny.lora(world.downloads / name / "x.safetensors")
    tiny.lora(world.downloads / "kept" / "y.safetensors")
    findings, summary = scanned(world)
    assert set(statuses(findings, world.downloads)) == {"kept/y.safetensors"}
    assert summary.skipped["program folder"] == 6


# -- links and odd files


def test_no_link_or_odd_file_stops_a_scan(world: World) -> None:
    top = world.downloads
    tiny.lora(top / "kept.safetensors")
    (top / "round").symlink_to(top)
    (top / "itself").symlink_to("itself")
    (top / "dangling.safetensors").symlink_to("nothing")
    (top / "everything").symlink_to("/proc/self/cwd/..")
    (top / "zero.ckpt").symlink_to("/dev/zero")
    os.mkfifo(top / "pipe.safetensors")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(top / "s.safetensors"))
    findings, _ = scanned(world)
    by_name = {finding.path.name: finding for finding in findings}
    assert by_name["kept.safetensors"].status is ScanStatus.FOUND
    reasons = {
        name: finding.reason
        for name, finding in by_name.items()
        if finding.status is ScanStatus.SKIPPED
    }
    assert reasons["round"] == reasons["itself"] == "circular link"
    assert reasons["dangling.safetensors"] == "link to nothing"
    assert reasons["zero.ckpt"] == "a device"
    assert reasons["pipe.safetensors"] == "a pipe"
    assert reasons["s.safetensors"] == "a socket"


def test_a_file_counts_once_whatever_it_is_called(world: World, tmp_path: Path) -> None:
    top = world.downloads
    real = tiny.lora(top / "a" / "real.safetensors")
    os.link(real, top / "a" / "second.safetensors")
    (top / "link.safetensors").symlink_to(real)
    (top / "folder").symlink_to(top / "a")
    outside = tiny.embedding(tmp_path / "elsewhere" / "far.safetensors")
    (top / "one").symlink_to(outside.parent)
    (top / "two").symlink_to(outside.parent)
    findings, summary = scanned(world)
    found = [f.path for f in findings if f.status is ScanStatus.FOUND]
    assert found == [real, top / "one" / "far.safetensors"]
    others = {f.path.name: f.same_as for f in findings if f.reason == "another name of a file"}
    assert others == {"second.safetensors": real, "link.safetensors": real}
    assert summary.headers == 2


def test_links_into_a_cache_are_models(world: World) -> None:
    blob = tiny.lora(world.downloads / "models--a--b" / "blobs" / "0123abcd")
    snapshot_folder = world.downloads / "models--a--b" / "snapshots" / ("5" * 40)
    snapshot_folder.mkdir(parents=True)
    (snapshot_folder / "style.safetensors").symlink_to(blob)
    findings = [f for f in scanned(world)[0] if f.status is ScanStatus.FOUND]
    assert [finding.path.name for finding in findings] == ["style.safetensors"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_told_and_the_rest_goes_on(world: World) -> None:
    locked = world.downloads / "locked"
    tiny.lora(locked / "x.safetensors")
    secret = tiny.lora(world.downloads / "secret.safetensors")
    tiny.lora(world.downloads / "z.safetensors")
    locked.chmod(0)
    secret.chmod(0)
    try:
        findings, summary = scanned(world)
    finally:
        locked.chmod(0o755)
    assert statuses(findings, world.downloads) == {
        "locked": "error", "secret.safetensors": "error", "z.safetensors": "found",
    }  # fmt: skip
    assert summary.failed == 2
    secret.chmod(0o644)
    findings, _ = scanned(world)  # what was said of a moment is not remembered
    assert {f.status for f in findings} == {ScanStatus.FOUND}


def test_names_that_are_no_text_are_found_and_recorded(world: World) -> None:
    path = Path(os.fsdecode(os.fsencode(world.downloads) + b"/caf\xe9.safetensors"))
    tiny.lora(path)
    [key] = registered(world)
    assert world.place(key) == path
    [finding], _ = scanned(world)
    assert (finding.status, finding.key) == (ScanStatus.KNOWN, key)


def test_places_in_each_other_are_looked_through_once(world: World) -> None:
    top = world.downloads
    tiny.lora(top / "loose.safetensors", 1)
    tiny.lora(top / "loras" / "deep" / "style.safetensors", 2)
    places = (Place(top / "loras", "loras"), Place(top, recursive=False), Place(top, "all"))
    for order in (places, places[::-1]):
        summary = ScanSummary()
        found = [one.path.name for one in FolderWalk(order, summary)]
        assert sorted(found) == ["loose.safetensors", "style.safetensors"]
        assert (summary.files, summary.folders) == (2, 3)


def test_a_place_that_is_not_recursive_ends_there(world: World) -> None:
    tiny.lora(world.downloads / "loose.safetensors", 1)
    tiny.lora(world.downloads / "deep" / "style.safetensors", 2)
    tiny.lora(world.downloads / "skipped" / "x.safetensors", 3)
    flat = FolderWalk((Place(world.downloads, recursive=False),), ScanSummary())
    assert [one.path.name for one in flat] == ["loose.safetensors"]
    skipping = FolderWalk((Place(world.downloads, skip=frozenset({"skipped"})),), ScanSummary())
    assert len(list(skipping)) == 2


def test_a_pipeline_without_its_index_is_one_candidate(world: World) -> None:
    top = world.downloads / "pipeline"
    for name in ("unet", "vae", "text_encoder"):
        tiny.lora(top / name / "diffusion_pytorch_model.safetensors")
        (top / name / "config.json").write_text("{}")
    (top / "scheduler").mkdir()
    assert set(statuses(scanned(world)[0], world.downloads)) == {"pipeline"}


# -- not reading twice


def counting() -> tuple[list[Path], Callable[[Path, bool], Identification]]:
    read: list[Path] = []

    def counted(path: Path, strict: bool) -> Identification:
        read.append(path)
        return identify(path, strict=strict)

    return read, counted


def test_an_unchanged_file_is_not_read_twice(tmp_path: Path) -> None:
    read, counted = counting()
    world = open_world(tmp_path, counted)
    paper = tiny.lora(world.downloads / "paper.safetensors")
    tiny.embedding_folder(world.downloads / "green")
    (world.downloads / "bad.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{}      x")
    first, summary = scanned(world)
    assert (len(read), summary.headers, summary.remembered) == (3, 3, 0)
    second, summary = scanned(world)
    assert (len(read), summary.headers, summary.remembered) == (3, 0, 3)
    assert first == second
    world.close()
    world = open_world(tmp_path, counted)  # another run remembers too
    assert scanned(world)[0] == first
    assert len(read) == 3
    os.utime(paper, (1, 1))
    tiny.embedding(world.downloads / "green" / "notes" / "x.safetensors")
    scanned(world)
    assert sorted(path.name for path in read[3:]) == ["green", "paper.safetensors"]
    world.close()


def test_other_rules_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read, counted = counting()
    world = open_world(tmp_path, counted)
    tiny.lora(world.downloads / "paper.safetensors")
    scanned(world)
    monkeypatch.setattr("modelkeep.scan.finder.rules_fingerprint", lambda **_: "others")
    scanned(world)
    world.close()
    assert len(read) == 2


def test_verdicts_on_vanished_files_are_forgotten(world: World) -> None:
    gone = tiny.lora(world.downloads / "gone.safetensors", 1)
    tiny.lora(world.downloads / "kept.safetensors", 2)
    scanned(world)
    gone.unlink()
    _, summary = scanned(world)
    assert (summary.vanished, summary.remembered) == (1, 1)


# -- registering and installing


def test_registering_leaves_files_where_they_are(world: World, mixed: Path) -> None:
    before = snapshot(mixed)
    findings, summary = scanned(world, action=ScanAction.REGISTER)
    assert snapshot(mixed) == before
    keys = [f.key for f in findings if f.status is ScanStatus.REGISTERED]
    assert sorted(c.key for c in world.records.all_models()) == sorted(filter(None, keys))
    assert summary.statuses[ScanStatus.REGISTERED] == 3
    for finding in findings:
        if finding.key:
            assert world.place(finding.key) == finding.path
            assert world.records.files(finding.key)
            config = world.records.get_model(finding.key)
            assert config.original_hash == config.current_hash
    alone = world.service.register_path(tiny.lora(mixed / "alone.safetensors", 9))
    assert world.records.get_model(alone).original_hash


def test_a_batch_gives_the_records_that_one_by_one_gives(world: World, tmp_path: Path) -> None:
    path = tiny.lora(world.downloads / "paper.safetensors", 2)
    key = world.service.register_path(path)
    one = world.records.get_model(key).to_json()
    one_files = world.records.files(key)
    world.service.unregister(key)
    [key] = registered(world)
    batch = world.records.get_model(key).to_json()
    assert {**batch, "key": ""} == {**one, "key": ""}
    assert world.records.files(key) == one_files
    del tmp_path


def test_what_is_known_stays_as_it_is(world: World, mixed: Path) -> None:
    key = world.service.register_path(mixed / "a" / "blue.safetensors", {"name": "Mine"})
    new = registered(world)
    assert key not in new
    assert len(new) == 2
    assert registered(world) == []
    assert world.records.get_model(key).name == "Mine"
    found = {f.path.name: f for f in scanned(world)[0]}
    assert found["blue.safetensors"].key == key
    assert found["green"].status is ScanStatus.KNOWN


def test_more_than_a_batch_is_registered_whole(world: World) -> None:
    for number in range(450):
        tiny.embedding(world.downloads / f"{number:03}.safetensors", number % 250)
    assert len(registered(world)) == 450
    assert len(world.records.all_models()) == 450


def test_one_refused_record_does_not_take_its_batch_along(world: World) -> None:
    paths = [tiny.embedding(world.downloads / f"{n}.safetensors", n) for n in range(5)]
    scan = iter(world.service.scanner.scan(world.downloads, action=ScanAction.REGISTER))
    # A program that knows no locks records one of them while the scan is under way.
    original = world.records.add_models

    def late(records: object) -> object:
        world.records.add_models = original  # type: ignore[method-assign]
        fields = {"type": "embedding", "base": "sd-1", "format": "embedding_file"}
        world.records.add_model("k", {"name": "2", "path": str(paths[2]), **fields})
        return original(records)  # type: ignore[arg-type]

    world.records.add_models = late  # type: ignore[method-assign,assignment]
    ended = [finding.status for finding in scan]
    assert ended.count(ScanStatus.REGISTERED) == 4
    assert ended.count(ScanStatus.KNOWN) == 1
    assert len(world.records.all_models()) == 5


def test_a_folder_is_known_by_all_its_weights_and_not_by_a_part(tmp_path: Path) -> None:
    whole = identify(tiny.embedding_folder(tmp_path / "such"), strict=True)

    def told(path: Path, strict: bool) -> Identification:
        return whole if path.is_dir() else identify(path, strict=strict)

    world = open_world(tmp_path / "world", told)
    top = world.downloads / "whole"
    part = tiny.embedding(top / "model-1.safetensors", 1)
    tiny.embedding(top / "model-2.safetensors", 2)
    (top / "config.json").write_text("{}")
    key = world.service.register_path(part)
    assert statuses(scanned(world)[0], world.downloads) == {"whole": "found"}
    [refused], _ = scanned(world, action=ScanAction.REGISTER)
    assert refused.status is ScanStatus.ERROR
    assert "model-1.safetensors" in refused.error
    world.service.unregister(key)
    [new], _ = scanned(world, action=ScanAction.REGISTER)
    assert new.status is ScanStatus.REGISTERED
    other = world.downloads / "revision"
    other.mkdir()
    for file in top.iterdir():
        os.link(file, other / file.name)
    [same, again] = scanned(world)[0]
    assert (same.key, again.key) == (new.key, new.key)
    (other / "model-2.safetensors").unlink()
    tiny.embedding(other / "model-2.safetensors", 3)
    assert statuses(scanned(world)[0], world.downloads) == {"revision": "found", "whole": "known"}
    world.close()


def test_installing_copies_and_knows_the_same_bytes(world: World, mixed: Path) -> None:
    shutil.copy(mixed / "b" / "paper.safetensors", mixed / "z.safetensors")
    findings, summary = scanned(world, action=ScanAction.INSTALL)
    assert summary.statuses[ScanStatus.INSTALLED] == 3
    by_name = {f.path.name: f for f in findings}
    assert by_name["paper.safetensors"].status is ScanStatus.KNOWN  # z comes first
    assert by_name["z.safetensors"].key == by_name["paper.safetensors"].key
    for config in world.records.all_models():
        assert world.models in world.place(config.key).parents
    assert world.service.scan_directory(mixed, install=True) == []


def test_sidecars_give_names_words_tags_and_where_it_is_from(world: World) -> None:
    path = tiny.lora(world.downloads / "paper.safetensors", 2)
    (world.downloads / "paper.json").write_text(
        '{"description": "Looks like cut paper", "activation text": "paper cut"}'
    )
    [finding], _ = scanned(world, action=ScanAction.REGISTER)
    assert finding.written_by
    config = world.records.get_model(finding.key or "")
    assert config.description == "Looks like cut paper"
    assert config.trigger_phrases == ("paper cut",)
    assert config.type is ModelType.Lora
    assert any(finding.written_by[0] in reason.detail for reason in config.evidence)
    del path


def test_a_broken_sidecar_is_remarked_and_the_model_registered(world: World) -> None:
    tiny.lora(world.downloads / "paper.safetensors", 2)
    (world.downloads / "paper.civitai.info").write_text("{not json")
    _, summary = scanned(world, action=ScanAction.REGISTER)
    assert summary.statuses[ScanStatus.REGISTERED] == 1
    assert any("paper.civitai.info" in warning for warning in summary.warnings)


def test_the_folders_of_a_program_are_told_but_decide_nothing(world: World) -> None:
    models = world.downloads / "ComfyUI" / "models"
    for name in ("checkpoints", "loras", "vae", "embeddings", "controlnet"):
        (models / name).mkdir(parents=True)
    (world.downloads / "ComfyUI" / "custom_nodes").mkdir()
    tiny.embedding(models / "loras" / "blue.safetensors")
    odd = models / "loras" / "odd.safetensors"
    odd.write_bytes(tiny.safetensors_bytes({"nobody.knows": ("F32", (2, 3))}))
    scan = world.service.scanner.scan(world.downloads / "ComfyUI", layout="comfyui")
    found = {finding.path.name: finding for finding in scan}
    assert found["blue.safetensors"].type is ModelType.TextualInversion
    assert found["blue.safetensors"].category == "loras"
    assert found["odd.safetensors"].status is ScanStatus.UNKNOWN
    assert "--type lora" in found["odd.safetensors"].hint


# -- stopping


def test_a_scan_stops_when_it_is_told_to(world: World) -> None:
    for number in range(100):
        (world.downloads / str(number)).mkdir()
        tiny.embedding(world.downloads / str(number) / "x.safetensors", number)
    seen: list[int] = []

    def watch(summary: ScanSummary) -> None:
        seen.append(summary.folders)
        if summary.folders > 10:
            raise JobCancelledError("enough")

    scan = world.service.scanner.scan(world.downloads, watch=watch, action=ScanAction.REGISTER)
    with pytest.raises(JobCancelledError):
        list(scan)
    assert scan.summary.folders < 15
    assert len(registered(world)) == 100  # the next one does the rest


def test_a_scan_stops_while_a_slow_disk_is_waited_for(tmp_path: Path) -> None:
    gate = threading.Event()
    world = open_world(tmp_path, slow_identify(lambda: gate.wait(FOREVER)))  # type: ignore[arg-type]
    tiny.lora(world.downloads / "far.safetensors")
    looks: list[int] = []

    def watch(_summary: ScanSummary) -> None:
        looks.append(len(looks))
        if len(looks) > 5:
            raise JobCancelledError("enough")

    try:
        with pytest.raises(JobCancelledError):
            list(world.service.scanner.scan(world.downloads, watch=watch))
        assert not gate.is_set()
    finally:
        gate.set()
        world.close()


def test_what_was_registered_stays_when_a_scan_is_left(world: World) -> None:
    for number in range(500):
        tiny.embedding(world.downloads / f"{number:03}.safetensors", number % 250)
    scan = iter(world.service.scanner.scan(world.downloads, action=ScanAction.REGISTER))
    first = next(scan)
    del scan
    assert first.status is ScanStatus.REGISTERED
    assert world.records.exists(first.key or "")
    kept = len(world.records.all_models())
    assert 200 <= kept < 500
    assert len(registered(world)) == 500 - kept
