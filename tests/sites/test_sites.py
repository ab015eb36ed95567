"""The sites of these tests answer as the real ones do, and the library reaches them."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
import requests

from sites import models
from sites.civitai import CivitaiServer
from sites.civitai_models import File, Model, Version, commercial_use, hashes_of, image
from sites.fixtures import Environment
from sites.hub import COMMIT, Account, HubServer
from sites.modelscope import ModelScopeServer
from sites.pictures import png
from sites.server import FILE_HOST, SITE_HOST, SiteServer, busy

REPO = "someone/tiny-xl"
LORA = models.sdxl_lora()


def get(
    site: SiteServer, path: str, token: str = "", *, follow: bool = False, **headers: str
) -> requests.Response:
    login = {"Authorization": f"Bearer {token}"} if token else {}
    return requests.get(
        site.endpoint + path, headers={**login, **headers}, timeout=10, allow_redirects=follow
    )


def lora_model(**version: Any) -> Model:
    file = File(31, "paper.safetensors", LORA, primary=True)
    return Model(11, [Version(21, [file], base="SDXL 1.0", **version)])


class TestHub:
    def test_a_large_file_is_on_another_host(self, hub: HubServer) -> None:
        hub.add(REPO, {"a b.safetensors": LORA})
        first = get(hub, f"/{REPO}/resolve/main/a%20b.safetensors")
        assert first.status_code == 302
        assert first.headers["X-Linked-Size"] == str(len(LORA))
        assert first.headers["X-Linked-Etag"] == f'"{hashlib.sha256(LORA).hexdigest()}"'
        target = first.headers["Location"]
        part = requests.get(target, headers={"Range": "bytes=10-19"}, timeout=10)
        assert (part.status_code, part.content) == (206, LORA[10:20])
        assert part.headers["ETag"] != first.headers["X-Linked-Etag"]
        assert f"//{FILE_HOST}:" in target
        assert hub.body_bytes(LORA) == 10
        assert requests.get(target, headers={"Authorization": "x"}, timeout=10).status_code == 400
        hub.expire()
        assert requests.get(target, timeout=10).status_code == 403

    def test_a_small_file_comes_from_the_hub(self, hub: HubServer) -> None:
        hub.add(REPO, {"unet/config.json": b"{}"})
        assert get(hub, f"/{REPO}/resolve/{COMMIT}/unet/config.json").content == b"{}"
        hub.keeps_small = True
        answer = get(hub, f"/{REPO}/resolve/main/unet/config.json")
        assert answer.status_code == 307
        assert answer.headers["Location"].startswith("/api/resolve-cache/")
        answer = get(hub, f"/{REPO}/resolve/main/unet/config.json", follow=True)
        assert answer.content == b"{}"

    def test_listings_say_sizes_when_asked(self, hub: HubServer) -> None:
        hub.add(REPO, models.sdxl_pipeline(), branches=["refs/pr/3"])
        listed = get(hub, f"/api/models/{REPO}").json()["siblings"]
        assert set(listed[0]) == {"rfilename"}
        listed = get(hub, f"/api/models/{REPO}/revision/refs%2Fpr%2F3?blobs=true").json()
        sizes = {each["rfilename"]: "lfs" in each for each in listed["siblings"]}
        assert sizes["unet/diffusion_pytorch_model.fp16.safetensors"]
        assert not sizes["model_index.json"]
        assert listed["sha"] == COMMIT

    @pytest.mark.parametrize(
        ("path", "token", "expected"),
        [
            ("/api/models/a/missing", "", (401, "RepoNotFound")),
            ("/api/models/a/missing", "mine", (404, "RepoNotFound")),
            ("/api/models/a/private", "", (401, "RepoNotFound")),
            ("/api/models/a/private", "mine", (404, "RepoNotFound")),
            ("/api/models/a/private", "member", (200, None)),
            ("/api/models/a/gated", "", (200, None)),
            ("/a/gated/resolve/main/a.bin", "", (401, "GatedRepo")),
            ("/a/gated/resolve/main/a.bin", "mine", (403, "GatedRepo")),
            ("/a/gated/resolve/main/a.bin", "fine", (403, None)),
            ("/a/gated/resolve/main/a.bin", "member", (302, None)),
            ("/api/models/a/gated", "wrong", (401, None)),
            ("/api/models/a/gated/revision/v2", "", (404, "RevisionNotFound")),
            ("/a/gated/resolve/main/b.bin", "member", (404, "EntryNotFound")),
            ("/api/models/a/old", "", (307, None)),
        ],
    )
    def test_who_may_see_what(
        self, hub: HubServer, path: str, token: str, expected: tuple[int, str | None]
    ) -> None:
        hub.add("a/private", {"a.bin": b"1"}, private=True)
        hub.add("a/gated", {"a.bin": b"1"}, gated="auto")
        hub.renamed["a/old"] = "a/gated"
        both = frozenset({"a/private", "a/gated"})
        hub.accounts = {
            "mine": Account(),
            "member": Account(members=both, accepted=both),
            "fine": Account(accepted=both, reads_gates=False),
        }
        answer = get(hub, path, token)
        assert (answer.status_code, answer.headers.get("X-Error-Code")) == expected

    def test_search_and_too_many_requests(self, hub: HubServer) -> None:
        hub.add("a/paper-cut", {})
        hub.add("b/paper", {}, downloads=9999)
        hub.add("b/stone", {})
        hub.refuse_next(busy(7), times=1, path="/api/models")
        refused = get(hub, "/api/models?search=paper")
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "7")
        found = get(hub, "/api/models?search=paper&limit=5").json()
        assert [each["id"] for each in found] == ["b/paper", "a/paper-cut"]


class TestCivitai:
    def test_a_model_its_versions_and_hashes(self, civitai: CivitaiServer) -> None:
        picture = civitai.picture(5)
        civitai.add(lora_model(words=["paper cut"], images=[image(picture)]))
        model = get(civitai, "/api/v1/models/11").json()
        version = get(civitai, "/api/v1/model-versions/21").json()
        assert model["modelVersions"][0]["files"] == version["files"]
        assert version["model"]["type"] == "LORA"
        assert "creator" not in version
        for value in hashes_of(LORA).values():
            found = get(civitai, f"/api/v1/model-versions/by-hash/{value.lower()}").json()
            assert found["id"] == 21
        assert get(civitai, "/api/v1/models/12").status_code == 404
        assert requests.get(picture, timeout=10).content == png()

    def test_many_hashes_at_once(self, civitai: CivitaiServer) -> None:
        civitai.add(lora_model())
        url = f"{civitai.endpoint}/api/v1/model-versions/by-hash"
        sha256 = hashlib.sha256(LORA).hexdigest()
        found = requests.post(url, json=[sha256, "0" * 64], timeout=10)
        assert [each["id"] for each in found.json()] == [21]
        assert requests.post(url, json=["0" * 64] * 101, timeout=10).status_code == 400
        assert requests.post(url, json={"hashes": []}, timeout=10).status_code == 400

    def test_a_file_is_on_another_host(self, civitai: CivitaiServer) -> None:
        civitai.add(lora_model())
        answer = get(civitai, "/api/download/models/21")
        assert answer.status_code == 307
        answer = requests.get(answer.headers["Location"], timeout=10)
        assert answer.content == LORA
        assert 'filename="paper.safetensors"' in answer.headers["Content-Disposition"]

    @pytest.mark.parametrize(
        ("version", "model", "expected"),
        [
            ({"needs_login": True}, {}, (401, "Unauthorized")),
            ({"usage": "Generation"}, {}, (401, "Unauthorized")),
            ({"early_access": "2027-01-01T00:00:00Z"}, {}, (403, "Early Access")),
            ({}, {"mode": "Archived"}, (410, "Model archived, not available for download")),
        ],
    )
    def test_what_is_not_given(
        self,
        civitai: CivitaiServer,
        version: dict[str, Any],
        model: dict[str, Any],
        expected: tuple[int, str],
    ) -> None:
        made = civitai.add(lora_model(**version))
        for name, value in model.items():
            setattr(made, name, value)
        answer = get(civitai, "/api/download/models/21")
        assert (answer.status_code, answer.json()["error"]) == expected
        civitai.tokens.add("good")
        assert get(civitai, "/api/download/models/21", "bad").status_code in {401, 403, 410}

    def test_a_browser_is_sent_to_a_page_to_log_in(self, civitai: CivitaiServer) -> None:
        civitai.add(lora_model(needs_login=True))
        civitai.tokens.add("good")
        page = get(civitai, "/api/download/models/21", follow=True, **{"User-Agent": "Mozilla/5"})
        assert (page.status_code, page.text[:9]) == (200, "<!DOCTYPE")
        assert get(civitai, "/api/download/models/21", "good").status_code == 307
        civitai.downloads = 0
        assert get(civitai, "/api/download/models/21", "good").status_code == 429

    def test_search_page_by_page(self, civitai: CivitaiServer) -> None:
        for number in range(1, 6):
            civitai.add(Model(number, [Version(number, [])], name=f"Paper {number}"))
        civitai.add(Model(9, [Version(9, [])], name="Paper 9", nsfw_level=16))
        first = get(civitai, "/api/v1/models?query=paper&limit=3").json()
        rest = get(
            civitai, f"/api/v1/models?query=paper&cursor={first['metadata']['nextCursor']}"
        ).json()
        assert [each["id"] for each in first["items"] + rest["items"]] == [1, 2, 3, 4, 5]
        assert "nextCursor" not in rest["metadata"]
        assert get(civitai, "/api/v1/models?query=paper&page=2").status_code == 400

    def test_ways_to_write_what_may_be_done(self) -> None:
        uses = ("Image", "RentCivit")
        assert commercial_use("word", *uses) == "RentCivit"
        assert commercial_use("list", *uses) == ["Image", "RentCivit"]
        assert commercial_use("set", *uses) == "{Image,RentCivit}"


def test_modelscope_lists_and_gives_files(modelscope: ModelScopeServer) -> None:
    modelscope.add("org/name", {"unet/a.safetensors": LORA})
    listed = get(modelscope, "/api/v1/models/org/name/repo/files?Revision=master").json()
    assert [each["Type"] for each in listed["Data"]["Files"]] == ["tree", "blob"]
    listed = get(modelscope, "/api/v1/models/org/name/repo/files?Revision=v9").json()
    assert (listed["Code"], listed["Data"]["Files"]) == (200, None)
    modelscope.odd_parts = True
    path = "/models/org/name/resolve/master/unet/a.safetensors"
    part = get(modelscope, path, follow=True, Range="bytes=3-5")
    assert (part.status_code, part.content) == (200, LORA[3:6])
    assert part.headers["Content-Range"] == f"bytes 3-5/{len(LORA)}"


def test_the_library_reaches_them(
    environment: Environment, hub: HubServer, civitai: CivitaiServer
) -> None:
    hub.add(REPO, models.sdxl_pipeline())
    line = environment.program.call("install", "--dry-run", "--json", REPO).only
    assert (line["type"], line["base"], line["licence"]) == ("main", "sdxl", "openrail++")
    assert line["target"].startswith(str(environment.root))
    civitai.add(lora_model())
    hub.add("someone/sd1", {"sd1.safetensors": models.sd1_checkpoint()})
    told = environment.program.run("identify", "--json", "someone/sd1").only
    assert (told["type"], told["base"]) == ("main", "sd-1")
    manager = environment.manager()
    assert manager.settings.civitai_endpoint == civitai.endpoint
    assert {each.host for each in hub.requests()} == {SITE_HOST, FILE_HOST}


def test_models_are_what_they_are_called(environment: Environment, hub: HubServer) -> None:
    large = models.sd1_checkpoint(rows=1000)
    hub.add("someone/lora", {"paper.safetensors": models.sdxl_lora(trigger="paper cut")})
    hub.add("someone/sd1", {"sd1.safetensors": large})
    for repo, expected in (("someone/lora", ("lora", "sdxl")), ("someone/sd1", ("main", "sd-1"))):
        line = environment.program.call("identify", "--json", repo).only
        assert (line["type"], line["base"]) == expected
    assert 0 < hub.body_bytes(large) < len(large), "the header alone was fetched"
