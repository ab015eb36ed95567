"""What each kind of sidecar says, and of which file."""

from __future__ import annotations

import hashlib
import json
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest

from modelkeep.core import limits
from modelkeep.core.metadata import CivitaiMetadata
from modelkeep.errors import SourceNotFoundError
from modelkeep.sources.sidecars.reading import SidecarReport, read_sidecars
from support import tiny
from support.published import published

PNG = b"\x89PNG\r\n\x1a\n"
NOTHING = hashlib.sha256(b"").hexdigest()


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return tiny.lora(tmp_path / "ink.safetensors")


def write(model: Path, ending: str, content: bytes | str | dict[str, Any]) -> Path:
    path = model.with_name(model.stem + ending)
    if isinstance(content, dict):
        content = json.dumps(content)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(model: Path) -> SidecarReport:
    return read_sidecars(model, {p.name for p in model.parent.iterdir()})


def sha256(model: Path) -> str:
    return hashlib.sha256(model.read_bytes()).hexdigest()


def version(model: Path, **changes: Any) -> dict[str, Any]:
    file = {
        "name": "inkStyle_v2.safetensors",
        "sizeKB": model.stat().st_size / 1024,
        "hashes": {"SHA256": sha256(model).upper(), "AutoV2": sha256(model)[:10]},
        "downloadUrl": "https://civitai.com/api/download/models/22",
    }
    return {
        "id": 22,
        "modelId": 11,
        "name": "v2",
        "createdAt": "2024-01-02T03:04:05.678Z",
        "baseModel": "SDXL 1.0",
        "trainedWords": ["ink wash", "sumi-e, ", "ink wash"],
        "description": "<p>second</p>",
        "model": {"name": "Ink style", "type": "LORA", "tags": ["style", "ink"]},
        "files": [file],
        "downloadUrl": "https://civitai.com/api/download/models/22",
        **changes,
    }


def lora_manager(model: Path, **changes: Any) -> dict[str, Any]:
    return {
        "file_name": model.stem,
        "model_name": "My ink",
        "file_path": f"/models/loras/{model.name}",
        "size": model.stat().st_size,
        "modified": 1.0,
        "sha256": sha256(model),
        "base_model": "Pony",
        "notes": "mine",
        "tags": ["favourite"],
        "civitai": {},
        **changes,
    }


def test_a_model_alone_has_nothing_said_about_it(model: Path) -> None:
    report = read(model)
    assert report.problems == ()
    assert report.info == type(report.info)()


def test_no_file_that_was_not_listed_is_looked_for(model: Path) -> None:
    write(model, ".civitai.info", version(model))
    assert read_sidecars(model, [model.name]).info.sidecars == ()
    with pytest.raises(SourceNotFoundError):
        read_sidecars(model.with_name("gone.safetensors"), ())


def test_civitai_info_gives_all_that_the_site_answered(model: Path) -> None:
    path = write(model, ".civitai.info", version(model))
    info = read(model).info
    assert (info.name, info.base_hint, info.type_hint) == ("Ink style v2", "SDXL 1.0", "LORA")
    assert info.trigger_phrases == ("ink wash", "sumi-e")
    assert info.tags == ("style", "ink")
    assert info.source == "https://civitai.com/models/11?modelVersionId=22"
    assert info.description == "second"
    assert info.sha256 == sha256(model)
    assert info.sidecars == (path,)
    assert info.written_by == ("Civitai",)
    assert isinstance(info.metadata, CivitaiMetadata)
    assert (info.metadata.name, info.metadata.version_name) == ("Ink style", "v2")
    assert info.metadata.files[0].size == model.stat().st_size
    assert info.metadata.credit_required


def test_the_recorded_answer_of_the_site_is_whole_enough(model: Path) -> None:
    recorded = json.loads(published("api", "RepoCivitaiVersionMetadata1.json").read_bytes())
    write(model, ".civitai.info", recorded)
    assert read(model).info.metadata is None, "its size is that of another file"
    for file in recorded["files"]:
        file |= {"sizeKB": None, "hashes": {}}
    write(model, ".civitai.info", recorded)
    info = read(model).info
    assert isinstance(info.metadata, CivitaiMetadata)
    assert info.metadata.version_id == 242807


@pytest.mark.parametrize("missing", ["id", "modelId", "createdAt", "model", "name"])
def test_an_answer_with_gaps_is_no_metadata_but_says_the_rest(model: Path, missing: str) -> None:
    answer = version(model)
    del answer[missing]
    write(model, ".civitai.info", answer)
    info = read(model).info
    assert info.metadata is None
    assert info.trigger_phrases == ("ink wash", "sumi-e")


def test_unknown_to_the_site_is_no_problem(model: Path) -> None:
    path = write(model, ".civitai.info", {})
    report = read(model)
    assert report.problems == ()
    assert report.info.sidecars == (path,)
    assert (report.info.name, report.info.metadata, report.info.sha256) == (None, None, None)


def test_the_size_in_kib_may_be_rounded_as_far_as_its_digits_say(model: Path) -> None:
    size = model.stat().st_size / 1024
    for digits, off in ((0, 0), (1, 0), (2, 0)):
        answer = version(model)
        answer["files"][0]["sizeKB"] = round(size, digits) + off
        write(model, ".civitai.info", answer)
        assert read(model).info.sha256 == sha256(model), digits
    for wrong in (size + 3, round(size, 2) + 0.05):
        answer = version(model)
        answer["files"][0]["sizeKB"] = wrong
        write(model, ".civitai.info", answer)
        assert (read(model).info.name, read(model).info.sha256) == (None, None), wrong
    for none in (-size, None, "9", True, float("nan")):
        answer = version(model)
        answer["files"][0]["sizeKB"] = none
        write(model, ".civitai.info", answer)
        assert read(model).info.sha256 == sha256(model), none


def test_of_two_large_files_of_one_size_the_one_with_the_name_is_meant(model: Path) -> None:
    os.truncate(model, limits.STATED_HASH_BYTES + 1)  # too large to be hashed for a sidecar
    answer = version(model)
    file = {**answer["files"][0], "hashes": {"SHA256": "cd" * 32}}
    answer["files"] = [{**file, "name": "other.pt", "hashes": {"SHA256": "ab" * 32}}, file]
    write(model, ".civitai.info", answer)
    assert read(model).info.sha256 is None
    file["name"] = model.name
    write(model, ".civitai.info", answer)
    assert (read(model).info.name, read(model).info.sha256) == ("Ink style v2", "cd" * 32)


@pytest.mark.parametrize("worthless", [NOTHING, "ab" * 5, "ab" * 6, "xy" * 32, "", None, 7, []])
def test_worthless_hashes_are_no_hashes(model: Path, worthless: object) -> None:
    write(model, ".metadata.json", lora_manager(model, sha256=worthless))
    report = read(model)
    assert (report.info.sha256, report.problems) == (None, ())
    assert report.info.name == "My ink"


@pytest.mark.parametrize("size", [0, None, -5, True, 1.5, "12"])
def test_a_size_that_is_none_says_nothing(model: Path, size: object) -> None:
    write(model, ".metadata.json", lora_manager(model, size=size))
    assert (read(model).info.name, read(model).info.sha256) == ("My ink", sha256(model))


@pytest.mark.parametrize("status", ["pending", "calculating", "failed", 3])
def test_a_hash_that_is_not_ready_is_none(model: Path, status: object) -> None:
    write(model, ".metadata.json", lora_manager(model, hash_status=status))
    assert read(model).info.sha256 is None


def test_hashes_that_contradict_each_other_are_none(model: Path) -> None:
    os.truncate(model, limits.STATED_HASH_BYTES + 1)
    write(model, ".civitai.info", version(model))
    write(model, ".metadata.json", lora_manager(model, sha256="ab" * 32))
    report = read(model)
    assert report.info.sha256 is None
    assert len(report.problems) == 1
    assert "ink.safetensors" in report.problems[0]


def test_what_the_user_changed_goes_before_the_site(model: Path) -> None:
    answer = version(model)
    write(model, ".civitai.info", answer)
    write(model, ".metadata.json", lora_manager(model, civitai=answer))
    write(model, ".json", {"activation text": "ink, brush", "sd version": "SDXL"})
    info = read(model).info
    assert info.name == "My ink"
    assert info.description == "mine"
    assert info.base_hint == "SDXL"
    assert info.trigger_phrases == ("ink, brush", "ink wash", "sumi-e")
    assert info.tags == ("favourite", "style", "ink")
    assert info.written_by == ("A1111", "ComfyUI-Lora-Manager", "Civitai")
    assert len(info.sidecars) == 3
    assert isinstance(info.metadata, CivitaiMetadata)


@pytest.mark.parametrize(
    ("ending", "content"),
    [
        (".metadata.json", {"ink.png": {"caption": "a fox"}}),
        (".metadata.json", {"size": 5, "sha256": "ab" * 32, "notes": "no file name", "civitai": 1}),
        (".metadata.json", {"mtime": 5}),
        (".json", {"_class_name": "UNet2DConditionModel", "sample_size": 64}),
        (".json", {"4": {"class_type": "LoraLoader", "inputs": {}}}),
        (".json", {"description": "a package", "version": "1.0"}),
        (".json", {}),
        (".cm-info.json", {"name": "else"}),
        (".swarm.json", {"name": "else"}),
    ],
)
def test_other_files_of_the_name_say_nothing(
    model: Path, ending: str, content: dict[str, Any]
) -> None:
    write(model, ending, content)
    report = read(model)
    assert report.problems == ()
    assert report.info == type(report.info)()


def test_cm_info_says_what_it_knows(model: Path) -> None:
    content = {
        "ModelId": 5, "VersionId": 6, "ModelName": "Ink", "VersionName": "v1",
        "ModelDescription": "<b>wash</b>", "Tags": ["t"], "ModelType": "LORA",
        "BaseModel": "SD 1.5", "AuthorUsername": "brush", "TrainedWords": ["inky"],
        "Hashes": {"SHA256": sha256(model)}, "Source": "Civitai",
    }  # fmt: skip
    write(model, ".cm-info.json", content)
    info = read(model).info
    assert (info.name, info.author, info.description) == ("Ink v1", "brush", "wash")
    assert info.source == "https://civitai.com/models/5?modelVersionId=6"
    assert (info.base_hint, info.type_hint, info.sha256) == ("SD 1.5", "LORA", sha256(model))
    write(model, ".cm-info.json", {**content, "UserTitle": "Mine", "Source": "OpenModelDb"})
    assert (read(model).info.name, read(model).info.source) == ("Mine", None)


def test_swarm_and_rgthree(model: Path) -> None:
    whole = model.read_bytes()
    tensors = whole[8 + int.from_bytes(whole[:8], "little") :]
    write(
        model,
        ".swarm.json",
        {
            "modelspec.title": "Ink",
            "modelspec.architecture": "stable-diffusion-xl-v1-base/lora",
            "modelspec.trigger_phrase": "ink; wash",
            "modelspec.tags": "a, b",
            "modelspec.hash_sha256": "0x" + hashlib.sha256(tensors).hexdigest(),
        },
    )
    content = {"sha256": sha256(model), "trainedWords": [{"word": "sumi", "count": 3}, {"x": 1}]}
    model.with_name(model.name + ".rgthree-info.json").write_text(json.dumps(content))
    info = read(model).info
    assert (info.base_hint, info.type_hint) == ("stable-diffusion-xl-v1-base", "lora")
    assert info.trigger_phrases == ("ink; wash", "sumi")
    assert (info.tags, info.sha256) == (("a", "b"), sha256(model))


def test_a_swarm_json_with_the_hash_of_other_tensors_is_about_another_file(model: Path) -> None:
    said = {"modelspec.title": "Ink", "modelspec.hash_sha256": "0x" + "ab" * 32}
    write(model, ".swarm.json", said)
    assert (read(model).info.name, read(model).problems) == (None, ())
    pickled = model.rename(model.with_suffix(".ckpt"))
    pickled.write_bytes(b"\x80\x02}.")
    assert read(pickled).info.name == "Ink", "nothing tells that it is another file"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ink wash", {"trigger_phrases": ("ink wash",)}),
        ("ink wash, sumi-e,brush \n", {"trigger_phrases": ("ink wash, sumi-e,brush",)}),
        ("Made from old prints. Use at 0.8", {"description": "Made from old prints. Use at 0.8"}),
        ("one\ntwo", {"description": "one\ntwo"}),
        ("a style made of old prints", {"description": "a style made of old prints"}),
        (", ".join(["word"] * 30), {"description": ", ".join(["word"] * 30)}),
        ("https://example.com/ink", {"source": "https://example.com/ink"}),
        ("javascript:alert(1)", {"trigger_phrases": ("javascript:alert(1)",), "source": None}),
        ("", {"description": None, "trigger_phrases": ()}),
    ],
)
def test_a_text_is_trigger_phrases_a_description_or_an_address(
    model: Path, text: str, expected: dict[str, object]
) -> None:
    write(model, ".txt", text)
    info = read(model).info
    assert {name: getattr(info, name) for name in expected} == expected
    assert info.sidecars


def test_texts_of_windows_are_read(model: Path) -> None:
    write(model, ".txt", "café, ink".encode("utf-16"))
    assert read(model).info.trigger_phrases == ("café, ink",)
    write(model, ".txt", "café, ink".encode("cp1252"))
    assert read(model).info.trigger_phrases == ("café, ink",)
    write(model, ".description.txt", "ink")
    assert read(model).info.description == "ink"


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    return PNG + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def test_the_best_preview_is_shown_and_all_belong_to_the_model(model: Path) -> None:
    thumb = write(model, ".thumb.jpg", b"\xff\xd8\xff rest of it")
    assert read(model).info.preview == thumb
    plain = write(model, ".PNG", png((b"IHDR", bytes(13)), (b"IDAT", b"")))
    assert read(model).info.preview == plain
    best = write(model, ".preview.webp", b"RIFF\0\0\0\0WEBPVP8 ")
    info = read(model).info
    assert info.preview == best
    assert set(info.sidecars) == {best, plain, thumb}
    assert info.written_by == ()


def test_a_picture_that_is_an_embedding_is_no_preview(model: Path) -> None:
    embedding = png((b"IHDR", bytes(13)), (b"tEXt", b"sd-ti-embedding\0e30="), (b"IDAT", b""))
    write(model, ".png", embedding)
    report = read(model)
    assert (report.info.preview, report.problems) == (None, ())
    card = model.with_suffix(".png")
    write(card, ".preview.png", embedding)
    assert read(card).info.preview == card.with_name("ink.preview.png")


def test_models_of_one_stem_are_told_apart_by_size_or_name(model: Path) -> None:
    other = tiny.lora(model.with_suffix(".ckpt"), metadata={"more": "text"})
    write(model, ".civitai.info", version(model))
    write(model, ".txt", "ink wash")
    assert read(model).info.name == "Ink style v2"
    assert read(other).info.name is None
    assert read(other).info.trigger_phrases == ("ink wash",)
    answer = version(model)
    del answer["files"][0]["sizeKB"]
    write(model, ".civitai.info", answer)
    assert (read(model).info.name, read(other).info.name) == ("Ink style v2", None)
    del answer["files"][0]["hashes"]
    write(model, ".civitai.info", answer)
    assert (read(model).info.name, read(other).info.name) == ("Ink style v2", None)
    write(model, ".civitai.info", version(model, files=[]))
    assert (read(model).info.name, read(other).info.name) == ("Ink style v2", "Ink style v2")
    assert read(other).info.sha256 is None


def test_sidecars_of_a_folder_lie_beside_it_under_its_whole_name(tmp_path: Path) -> None:
    folder = tiny.embedding_folder(tmp_path / "ink.v2")
    (tmp_path / "ink.v2.preview.png").write_bytes(png((b"IHDR", bytes(13))))
    (tmp_path / "ink.png").write_bytes(png((b"IHDR", bytes(13))))
    assert read(folder).info.sidecars == (tmp_path / "ink.v2.preview.png",)


@pytest.mark.parametrize(
    ("ending", "content"),
    [
        (".civitai.info", b"{"),
        (".civitai.info", b"[]"),
        (".metadata.json", b"\xff\xfe"),
        (".json", b"[" * 100_000),
        (".json", b'{"a": ' + b"9" * 10_000 + b"}"),
        (".cm-info.json", b""),
        (".txt", b"a\0b"),
        (".png", b"\0\0\0 ftypisom a film"),
        (".preview.jpg", b""),
    ],
)
def test_a_broken_sidecar_is_reported_and_the_others_count(
    model: Path, ending: str, content: bytes
) -> None:
    broken = write(model, ending, content)
    write(model, ".swarm.json", {"title": "Ink"})
    report = read(model)
    assert len(report.problems) == 1
    assert broken.name in report.problems[0]
    assert report.info.name == "Ink"
    assert broken not in report.info.sidecars


def test_what_is_no_file_or_too_large_is_never_read(model: Path) -> None:
    os.mkfifo(model.with_suffix(".civitai.info"))
    model.with_suffix(".json").symlink_to(model.with_name("nowhere"))
    huge = model.with_suffix(".txt")
    huge.touch()
    os.truncate(huge, limits.SIDECAR_BYTES + 1)
    picture = write(model, ".png", PNG)
    os.truncate(picture, limits.PREVIEW_BYTES + 1)
    assert len(read(model).problems) == 4
