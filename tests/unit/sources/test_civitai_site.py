"""Civitai: answers in all their shapes, the choice of a file, pictures, hashes and refusals."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep import CivitaiMetadata, CivitaiMetadataFetch, CivitaiModelSource
from modelkeep.errors import HttpStatusError, ProtocolError, UnsafePathError, UnsupportedSourceError
from modelkeep.http.client import Client
from modelkeep.http.options import TransferOptions
from modelkeep.identification.known_families import base_names
from modelkeep.sources.civitai import responses
from modelkeep.sources.civitai.pictures import picture_of
from modelkeep.sources.civitai.selection import choose_file, exactly
from modelkeep.sources.civitai.site import SITE
from modelkeep.sources.sidecars.civitai import objects, part
from modelkeep.sources.site import RemoteModel, SiteContext
from sites.civitai import CivitaiServer
from sites.civitai_models import File, Model, Notation, Version, commercial_use, image
from sites.models import sdxl_lora
from sites.server import FILE_HOST, SITE_HOST, json_page

LORA = sdxl_lora()


def context(site: CivitaiServer, token: str | None = None, level: str = "pg13") -> SiteContext:
    options = TransferOptions(allow_private_hosts=(SITE_HOST, FILE_HOST), tries=1)
    tokens = {"civitai": token} if token else {}
    endpoints = {"civitai": site.endpoint}
    client = Client(options=options)
    return SiteContext(client, tokens, endpoints, content_level=level, names=base_names())


def look_up(site: CivitaiServer, level: str = "pg13", **source: Any) -> RemoteModel:
    return SITE.look_up(CivitaiModelSource(**source), context(site, level=level))


def model(*files: File, model_id: int = 11, **fields: Any) -> Model:
    files = files or (File(31, "paper.safetensors", LORA, primary=True),)
    version = {
        name: fields.pop(name)
        for name in ("words", "base", "images", "usage", "early_access", "status")
        if name in fields
    }
    return Model(model_id, [Version(21, files, **version)], **fields)


def test_a_version_is_looked_up_whole(civitai: CivitaiServer) -> None:
    url = civitai.picture(5)
    civitai.add(model(base="Pony", words=["paper cut, sharp"], images=[image(url)]))
    found = look_up(civitai, version_id=21)
    assert str(found.source) == "civitai:11@21"
    assert found.name == "Paper Cut v1.0"
    [file] = found.files
    assert file.path == "paper.safetensors"
    assert file.url == f"{civitai.endpoint}/api/download/models/21?fileId=31"
    assert file.size == len(LORA)
    assert file.hashes["sha256"] == hashlib.sha256(LORA).hexdigest()
    assert found.fields == {
        "description": "Made of paper.",
        "trigger_phrases": ("paper cut, sharp",),
        "lineage": "pony",
    }
    assert (found.base_hint, found.type_hint) == ("Pony", "LORA")
    assert found.preview == url
    metadata = found.metadata
    assert isinstance(metadata, CivitaiMetadata)
    assert (metadata.name, metadata.version_name, metadata.author) == (
        "Paper Cut",
        "v1.0",
        "somebody",
    )
    assert metadata.tags == {"style", "paper"}
    assert (metadata.id, metadata.version_id) == (11, 21)
    assert metadata.allow_commercial_use
    assert not metadata.credit_required


@pytest.mark.parametrize("notation", ["word", "list", "set"])
def test_commercial_use_in_every_notation(civitai: CivitaiServer, notation: Notation) -> None:
    civitai.add(model(commercial=commercial_use(notation, "Image", "RentCivit")))
    found = look_up(civitai, model_id=11)
    assert found.terms.commercial is True
    assert "RentCivit" in (found.terms.licence or "")
    assert isinstance(found.metadata, CivitaiMetadata)
    assert found.metadata.allow_commercial_use
    civitai.add(model(commercial=commercial_use(notation), credit=False))
    found = look_up(civitai, model_id=11)
    assert not found.terms.commercial
    assert found.terms.credit is True


def test_the_newest_version_that_can_be_had_is_taken(civitai: CivitaiServer) -> None:
    file = File(31, "paper.safetensors", LORA, primary=True)
    civitai.add(
        Model(
            11,
            [
                Version(24, [file], usage="InternalGeneration"),
                Version(23, [file], status="Draft"),
                Version(22, []),
                Version(21, [file]),
            ],
        )
    )
    assert look_up(civitai, model_id=11).source == "civitai:11@21"


FILES = (
    File(1, "all.yaml", b"x", type="Config"),
    File(2, "full.ckpt", LORA, format="PickleTensor", size="full", fp="fp32"),
    File(3, "full.safetensors", LORA, size="full", fp="fp32"),
    File(4, "half.safetensors", LORA, size="pruned", fp="fp16", primary=True),
    File(5, "images.zip", b"x", type="Training Data"),
)


@pytest.mark.parametrize(
    ("variant", "number"),
    [
        (None, 4),
        ("fp32", 3),
        ("full safetensors", 3),
        ("Model pruned fp16", 4),
        ("PickleTensor", 2),
        ("ckpt,fp32", 2),
    ],
)
def test_the_file_is_chosen_by_words(variant: str | None, number: int) -> None:
    files = [file.said("https://civitai.com/x") for file in FILES]
    source = CivitaiModelSource(version_id=21, variant=variant)
    assert choose_file(files, source, "a model").file["id"] == number


def test_a_file_that_is_not_there_is_told_with_those_that_are(civitai: CivitaiServer) -> None:
    civitai.add(model(*FILES))
    with pytest.raises(UnsupportedSourceError, match=r"nf4.*SafeTensor pruned fp16"):
        look_up(civitai, version_id=21, variant="nf4")
    civitai.add(model(FILES[0], FILES[4]))
    with pytest.raises(UnsupportedSourceError, match=r"no model file, only all.yaml \(Config"):
        look_up(civitai, version_id=21)


def test_a_pickle_is_remarked(civitai: CivitaiServer) -> None:
    civitai.add(model(File(2, "a.ckpt", LORA, format="PickleTensor", primary=True)))
    assert any("pickle" in remark for remark in look_up(civitai, version_id=21).notes)


@pytest.mark.parametrize(
    ("level", "number"), [("pg", 3), ("pg13", 3), ("r", 1), ("x", 1), ("xxx", 1)]
)
def test_the_picture_is_of_the_level(civitai: CivitaiServer, level: str, number: int) -> None:
    images = [
        image("https://image.civitai.com/0.mp4", 1, "video"),
        image("https://image.civitai.com/1.png", 4),
        image("https://image.civitai.com/2.png", 0),
        image("https://image.civitai.com/3.png", 1),
    ]
    civitai.add(model(images=images))
    found = look_up(civitai, level, version_id=21)
    assert found.preview == f"https://image.civitai.com/{number}.png"


@pytest.mark.parametrize("who", ["minor", "poi"])
def test_no_picture_of_minors_or_real_persons(civitai: CivitaiServer, who: str) -> None:
    picture = image("https://image.civitai.com/1.png")
    civitai.add(model(images=[picture], **{who: True}))
    found = look_up(civitai, "xxx", version_id=21)
    assert found.preview is None
    assert isinstance(found.metadata, CivitaiMetadata)
    assert found.metadata.thumbnail_url is None
    version = {"images": [{**picture, who: True}]}
    assert picture_of(version, "xxx") is None


@pytest.mark.parametrize(
    ("said", "level", "is_shown"),
    [
        ({"nsfw": "None"}, "pg", True),
        ({"nsfw": "Soft"}, "pg", False),
        ({"nsfw": "Soft"}, "pg13", True),
        ({"nsfw": "X"}, "r", False),
        ({"nsfwLevel": 32}, "xxx", False),
        ({"nsfwLevel": 0}, "xxx", False),
        ({"nsfwLevel": 5}, "pg13", False),
        ({"nsfwLevel": "strange"}, "pg", False),
        ({"nsfw": ["strange"]}, "pg", False),
        ({}, "pg", True),
    ],
)
def test_older_words_for_levels(said: dict[str, Any], level: str, *, is_shown: bool) -> None:
    version = {"images": [{"url": "https://image.civitai.com/1.png", **said}]}
    assert (picture_of(version, level) is not None) is is_shown


def test_what_the_site_closed_is_told(civitai: CivitaiServer) -> None:
    civitai.add(model(mode="Archived"))
    with pytest.raises(UnsupportedSourceError, match="archived"):
        look_up(civitai, version_id=21)
    civitai.add(model(mode="TakenDown"))
    assert any("TakenDown" in remark for remark in look_up(civitai, version_id=21).notes)
    civitai.add(model(early_access="2099-12-01T00:00:00Z"))
    found = look_up(civitai, version_id=21)
    assert found.needs_token
    assert any("2099-12-01" in remark for remark in found.notes)


def test_the_free_version_beside_one_in_early_access_is_named(civitai: CivitaiServer) -> None:
    file, until = File(31, "paper.safetensors", LORA, primary=True), "2099-12-01T00:00:00Z"
    versions = [
        Version(24, [file], "v4", early_access=until),
        Version(23, [file], "v3", early_access=until),
        Version(22, [], "v2"),
        Version(21, [file], "v1"),
        Version(20, [file], "v0"),
    ]
    civitai.add(Model(11, versions))
    for number in (None, 24):
        found = look_up(civitai, model_id=11, version_id=number)
        assert found.source == "civitai:11@24"
        assert "Its version v1 is free: civitai:11@21" in found.notes
    assert not any("free" in note for note in look_up(civitai, version_id=21).notes)


@pytest.mark.parametrize(
    ("said", "is_early"),
    [
        ({"earlyAccessEndsAt": "2020-01-01T00:00:00Z"}, False),
        ({"earlyAccessEndsAt": "2099-01-01T00:00:00Z"}, True),
        ({"earlyAccessEndsAt": "soon"}, False),
        ({"earlyAccessTimeFrame": 7, "publishedAt": "2020-01-01T00:00:00.000Z"}, False),
        ({"earlyAccessTimeFrame": 7, "publishedAt": "2098-12-30T00:00:00.000Z"}, True),
        ({"earlyAccessTimeFrame": 0, "publishedAt": "2020-01-01T00:00:00.000Z"}, False),
        ({"availability": "EarlyAccess"}, True),
        ({}, False),
    ],
)
def test_early_access_as_it_has_been_said(said: dict[str, Any], *, is_early: bool) -> None:
    assert responses.is_early(said) is is_early


def test_a_version_of_another_model_is_told(civitai: CivitaiServer) -> None:
    civitai.add(model())
    civitai.add(Model(12, [Version(22, [File(32, "b.safetensors", LORA)])], name="Ink"))
    for _ in range(2):
        with pytest.raises(UnsupportedSourceError, match=r"belongs to model 12 \(Ink\)") as caught:
            look_up(civitai, model_id=11, version_id=22)
        assert "civitai:12@22" in caught.value.hint
        civitai.serve("/api/v1/models/11", json_page({"error": "No model with id 11"}, 404))


ALIKE = (
    File(1, "a-Q4.gguf", LORA, format="GGUF", more={"metadata": {"quantType": "Q4_K_M"}}),
    File(2, "a-Q8.gguf", LORA, primary=True, more={"metadata": {"quantType": "Q8_0"}}),
    File(3, "bad-hands.pt", LORA, type="Negative", format="PickleTensor"),
    File(4, "a.yaml", b"x", type="Config", format="Other"),
    File(5, "more.zip", b"x", type="Archive", format="Other"),
)


def test_files_that_fit_alike_are_listed_with_their_names(civitai: CivitaiServer) -> None:
    civitai.add(model(*ALIKE))
    found = look_up(civitai, model_id=11)
    assert found.source == "civitai:11@21+2"
    assert [(each.source, each.name) for each in found.choices] == [
        ("civitai:11@21+2", "a-Q8.gguf"),
        ("civitai:11@21+1", "a-Q4.gguf"),
    ]
    [further] = [note for note in found.notes if note.startswith("Further files")]
    assert "bad-hands.pt (Negative PickleTensor; civitai:11@21+3)" in further
    assert "a.yaml (Config Other), more.zip (Archive Other)" in further
    one = look_up(civitai, version_id=21, variant="Q4_K_M")
    assert (one.files[0].path, one.choices) == ("a-Q4.gguf", ())


@pytest.mark.parametrize("source", ["civitai:11@21+3", "civitai:11+3", "civitai:@21+3"])
def test_the_very_file_is_taken(civitai: CivitaiServer, source: str) -> None:
    civitai.add(model(*ALIKE))
    parsed = SITE.parse(source, {})
    assert parsed is not None
    found = SITE.look_up(parsed, context(civitai))
    assert found.source == "civitai:11@21+3"
    assert found.files[0].url.endswith("/21?fileId=3")


@pytest.mark.parametrize(
    ("number", "says"),
    [(4, "a.yaml of .* is not a model: Config"), (5, "more.zip of"), (9, r"no file 9. .*21\+2")],
)
def test_a_file_that_is_no_model_is_told(civitai: CivitaiServer, number: int, says: str) -> None:
    civitai.add(model(*ALIKE))
    with pytest.raises(UnsupportedSourceError, match=says):
        look_up(civitai, version_id=21, file_id=number)


def test_the_type_in_a_link_is_meant_whole() -> None:
    files = [
        File(1, "pruned.safetensors", LORA, type="Pruned Model", primary=True).said("x"),
        File(2, "full.safetensors", LORA, type="Model").said("x"),
    ]
    for words, number in (("Model", 2), ("Pruned Model", 1), ("pruned", 1), (None, 1)):
        source = CivitaiModelSource(version_id=21, variant=words)
        assert choose_file(files, source, "a model").file["id"] == number


@pytest.mark.parametrize("kind", ["Workflows", "Poses", "Wildcards"])
def test_what_the_site_has_beside_models_is_told(civitai: CivitaiServer, kind: str) -> None:
    civitai.add(model(File(1, "all.zip", b"PK", type="Archive"), type=kind))
    with pytest.raises(UnsupportedSourceError, match=f"not a model.*{kind.lower()}"):
        look_up(civitai, version_id=21)


def test_a_model_in_an_archive_alone_has_to_be_unpacked(civitai: CivitaiServer) -> None:
    civitai.add(model(File(1, "folder.zip", b"PK", format="Diffusers", primary=True)))
    with pytest.raises(UnsupportedSourceError, match=r"only folder\.zip") as caught:
        look_up(civitai, version_id=21)
    assert "21?fileId=1' FOLDER" in caught.value.hint
    assert "unpack it" in caught.value.hint


def test_missing_models_are_told(civitai: CivitaiServer) -> None:
    with pytest.raises(HttpStatusError, match=r"model 99.*does not exist") as caught:
        look_up(civitai, model_id=99)
    assert caught.value.hint
    with pytest.raises(HttpStatusError, match="version 98"):
        look_up(civitai, version_id=98)


def test_a_version_whose_model_is_hidden_is_found(civitai: CivitaiServer) -> None:
    civitai.add(model(creator=None))
    civitai.serve("/api/v1/models/11", json_page({"error": "No model with id 11"}, 404))
    found = look_up(civitai, version_id=21)
    assert found.terms.commercial is None
    assert isinstance(found.metadata, CivitaiMetadata)
    assert found.metadata.author == ""


def test_a_file_may_not_lie_outside(civitai: CivitaiServer) -> None:
    civitai.add(model(File(31, "../../evil.safetensors", LORA, primary=True)))
    with pytest.raises(UnsafePathError, match="evil"):
        look_up(civitai, version_id=21)


def test_the_token_is_in_a_header_and_on_this_host_alone(civitai: CivitaiServer) -> None:
    civitai.add(model())
    civitai.tokens.add("planted-secret")
    found = SITE.look_up(CivitaiModelSource(version_id=21), context(civitai, "planted-secret"))
    assert found.token is not None
    assert "planted-secret" not in repr(found)
    assert "planted-secret" not in found.files[0].url
    assert civitai.saw("planted-secret", SITE_HOST)
    assert civitai.saw("planted-secret", FILE_HOST) == []


def test_models_by_their_hashes(civitai: CivitaiServer) -> None:
    contents = [sdxl_lora(fill=number) for number in range(5)]
    for number, content in enumerate(contents):
        file = File(100 + number, f"{number}.safetensors", content, primary=True)
        civitai.add(Model(number + 1, [Version(number + 50, [file])], name=f"Style {number}"))
    hashes = [hashlib.sha256(content).hexdigest() for content in contents]
    found = SITE.by_hashes([*hashes, "0" * 64], context(civitai))
    assert set(found) == set(hashes)
    assert found[hashes[3]].source == "civitai:4@53"
    assert found[hashes[3]].name == "Style 3 v1.0"
    assert len(civitai.requests("/by-hash")) == 1


def test_models_by_their_hashes_where_lists_are_not_known(civitai: CivitaiServer) -> None:
    civitai.add(model())
    civitai.serve("/api/v1/model-versions/by-hash", json_page({"error": "no"}, 405))
    sha256 = hashlib.sha256(LORA).hexdigest()
    assert set(SITE.by_hashes([sha256, "0" * 64], context(civitai))) == {sha256}


def test_odd_answers_to_hashes(civitai: CivitaiServer) -> None:
    path = "/api/v1/model-versions/by-hash"
    civitai.serve(path, json_page([None, {}, {"id": 3, "files": [{"hashes": None}]}]))
    assert SITE.by_hashes(["0" * 64], context(civitai)) == {}
    civitai.serve(path, json_page({}))
    with pytest.raises(ProtocolError, match="with a list"):
        SITE.by_hashes(["0" * 64], context(civitai))


def test_search(civitai: CivitaiServer) -> None:
    civitai.add(model(name="Paper Cut"))
    civitai.add(model(model_id=12, name="Paper Boat", type="Checkpoint"))
    civitai.add(model(model_id=13, name="Paper Night", nsfw_level=16))
    found = SITE.search("paper", {}, context(civitai))
    assert [each.source for each in found] == ["civitai:11", "civitai:12"]
    assert found[0].downloads == 4321
    assert [each.name for each in SITE.search("paper", {"type": "main"}, context(civitai))] == [
        "Paper Boat"
    ]
    assert len(SITE.search("paper", {}, context(civitai, level="xxx"))) == 3
    assert SITE.search("paper", {"base": "any"}, context(civitai)) == []


class TestFetch:
    def test_by_every_door(self, civitai: CivitaiServer) -> None:
        civitai.add(model())
        fetch = CivitaiMetadataFetch(client=context(civitai).client, endpoint=civitai.endpoint)
        one = fetch.from_civitai_versionid(21)
        assert one.name == "Paper Cut"
        assert fetch.from_civitai_versionid(21, 11) == one
        assert fetch.from_civitai_modelid(11) == one
        assert fetch.from_id("21") == one
        assert fetch.from_url("https://civitai.com/models/11/paper") == one
        assert fetch.from_url("https://civitai.red/models/11?modelVersionId=21") == one
        assert fetch.from_url(f"{civitai.endpoint}/api/download/models/21") == one
        assert CivitaiMetadataFetch.from_json(one.model_dump_json()) == one

    def test_what_is_none_of_it(self, civitai: CivitaiServer) -> None:
        fetch = CivitaiMetadataFetch(client=context(civitai).client, endpoint=civitai.endpoint)
        with pytest.raises(UnsupportedSourceError):
            fetch.from_url("https://huggingface.co/org/repo")
        with pytest.raises(UnsupportedSourceError):
            fetch.from_id("paper")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)
_FIELDS = (
    "name", "modelId", "baseModel", "files", "images", "trainedWords", "createdAt", "publishedAt",
    "downloadUrl", "description", "model", "creator", "earlyAccessEndsAt", "usageControl",
)  # fmt: skip
_ABOUT = (
    "name", "tags", "nsfw", "poi", "minor", "mode", "allowCommercialUse", "allowNoCredit",
    "allowDerivatives", "allowDifferentLicense", "creator", "type", "description",
)  # fmt: skip


@given(
    version=st.dictionaries(st.sampled_from(_FIELDS), _JSON),
    about=st.dictionaries(st.sampled_from(_ABOUT), _JSON),
)
def test_no_shape_of_an_answer_surprises(version: dict[str, Any], about: dict[str, Any]) -> None:
    whole = responses.joined({"id": 21, "modelId": 11, **version}, {"id": 11, **about})
    responses.terms_in(part(whole, "model"))
    responses.is_early(whole)
    responses.fields_of(whole, base_names())
    responses.name_of(whole)
    responses.is_available(whole)
    for file in objects(whole, "files"):
        responses.size_of(file)
        responses.hashes_of(file)
        responses.notes_of(whole, file)
    with suppress(UnsupportedSourceError):
        source = CivitaiModelSource(version_id=21, model_id=11)
        chosen = choose_file(objects(whole, "files"), source, "a model")
        assert [str(exactly(file, source)) for file in chosen.alike]
    try:
        responses.metadata_of(whole, responses.ENDPOINT, "pg13")
    except ProtocolError:
        number = whole["modelId"]
        assert type(number) is not int or number < 1 or number >= 2**53
