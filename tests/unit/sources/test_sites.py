"""All sites behind one door: what people type, whose it is, and searching."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.core.base_names import BaseNames
from modelkeep.core.taxonomy import ModelRepoVariant
from modelkeep.errors import (
    ConnectionFailedError,
    JobCancelledError,
    ModelKeepError,
    SettingsError,
    SourceNotFoundError,
    UnsupportedSourceError,
    UsageError,
)
from modelkeep.http.client import Client
from modelkeep.settings import Settings
from modelkeep.sources.huggingface.source import HFModelSource
from modelkeep.sources.last_search import from_last_search, last_search_path, remember_search
from modelkeep.sources.link import URLModelSource
from modelkeep.sources.local import LocalModelSource
from modelkeep.sources.modelscope import ModelScopeSource
from modelkeep.sources.parse import local_source
from modelkeep.sources.registry import sites
from modelkeep.sources.site import RemoteModel, SearchResult, Site, SiteContext
from modelkeep.sources.sites import Sites, make_context
from modelkeep.sources.string_like import StringLikeSource

_HARBOUR = """
from modelkeep.sources.link import URLModelSource
from modelkeep.sources.site import SearchResult, RemoteFile, RemoteModel, Site


class Harbour(Site):
    name = "{name}"
    label = "The harbour"
    order = 5

    def parse(self, text, endpoints):
        del endpoints
        if not text.startswith("berth:"):
            return None
        return URLModelSource(url="https://harbour.example/" + text[6:])

    def owns(self, source):
        return "harbour.example" in str(source)

    def look_up(self, source, context):
        return RemoteModel(source, "ship", (RemoteFile(str(source), "ship.safetensors", 9),), False)

    def search(self, words, filters, context):
        return [SearchResult("berth:" + words, words, "captain", self.name)]


SITE = Harbour()
"""


def harbour(folder: Path, name: str = "harbour") -> Path:
    (folder / "harbour.py").write_text(_HARBOUR.format(name=name))
    return folder


def all_of(*more: Site, **how: Any) -> Sites:
    return Sites((*more, *sites()), SiteContext(Client()), **how)


class Sought(Site):
    """A site that is only searched."""

    def __init__(self, name: str, answer: Callable[[], Sequence[SearchResult]]) -> None:
        self.name = self.label = name
        self.answer = answer

    def parse(self, text: str, endpoints: Mapping[str, str]) -> StringLikeSource | None:
        del text, endpoints
        return None

    def owns(self, source: StringLikeSource) -> bool:
        del source
        return False

    def look_up(self, source: StringLikeSource, context: SiteContext) -> RemoteModel:
        raise NotImplementedError

    def search(
        self, words: str, filters: Mapping[str, str], context: SiteContext
    ) -> Sequence[SearchResult]:
        del words, filters, context
        return self.answer()


class TestRegistry:
    def test_all_are_there_and_the_plain_link_comes_last(self) -> None:
        names = [site.name for site in sites()]
        assert {"huggingface", "modelscope", "link"} <= set(names)
        assert names[-1] == "link"

    def test_a_site_is_one_file(self, tmp_path: Path) -> None:
        found = sites(harbour(tmp_path))
        assert found[0].name == "harbour"
        door = Sites(found, SiteContext(Client()))
        source = door.parse("berth:7")
        assert source == "https://harbour.example/7"
        assert door.look_up(source).name == "ship"
        [hit] = door.search("ship", "harbour")
        assert hit.source == "berth:ship"


def parse_source(
    text: str | Path, *, endpoints: Mapping[str, str] | None = None, **given: Any
) -> StringLikeSource:
    return Sites(sites(), SiteContext(Client(), endpoints=endpoints or {})).parse(text, **given)


class TestParse:
    @pytest.mark.parametrize(
        ("text", "kind", "shown"),
        [
            ("org/name", HFModelSource, "org/name:fp16"),
            ("org/name:fp16:unet", HFModelSource, "org/name:fp16:unet"),
            ("org/name/a.safetensors", HFModelSource, "org/name:fp16:a.safetensors"),
            ("https://huggingface.co/org/name", HFModelSource, "org/name:fp16"),
            ("ms:org/name", ModelScopeSource, "ms:org/name"),
            (" https://a.org/b.gguf ", URLModelSource, "https://a.org/b.gguf"),
        ],
    )
    def test_what_people_type(self, text: str, kind: type, shown: str) -> None:
        source = parse_source(text)
        assert isinstance(source, kind)
        assert source == shown

    def test_what_lies_on_this_disk_comes_first(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("HOME", str(tmp_path))
        (tmp_path / "org/name").mkdir(parents=True)
        (tmp_path / "7").touch()
        for text in ("org/name", "~/org/name", tmp_path / "org/name", "./org/name"):
            source = all_of().parse(text, inplace=True)
            assert isinstance(source, LocalModelSource)
            assert (source.path, source.inplace) == (tmp_path / "org/name", True)
        assert all_of(numbered=lambda _: "org/found").parse("7") == tmp_path / "7"

    @pytest.mark.parametrize(
        "text", ["~/gone", "/gone/x", "./org/name", "../org/name", "gone.safetensors", "loras/a.pt",
                 "a\0b", "", " ", "C:\\models\\a.ckpt", "a/b/c/d e"],
    )  # fmt: skip
    def test_what_can_only_be_a_path(
        self, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        with pytest.raises(SourceNotFoundError):
            parse_source(text)

    def test_a_path_object_is_a_path(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "org").mkdir()
        with pytest.raises(SourceNotFoundError):
            parse_source(Path("org/name"))

    @pytest.mark.parametrize("text", ["sofa", "ftp://a.org/b.ckpt", "two words"])
    def test_what_is_nothing_says_what_can_be_typed(self, text: str) -> None:
        with pytest.raises(UnsupportedSourceError) as caught:
            parse_source(text)
        assert "organisation/name:variant:subfolder" in caught.value.hint

    def test_a_secret_in_what_is_no_link_is_not_shown(self) -> None:
        for text in ("a.org/b c.ckpt?token=planted", "ftp://a.org/b.ckpt?token=planted"):
            with pytest.raises(ModelKeepError) as caught:
                parse_source(text)
            assert "planted" not in str(caught.value) + caught.value.hint

    def test_fields_go_where_there_are_such(self) -> None:
        given: dict[str, Any] = {"variant": "fp32", "subfolder": "unet", "token": "hf_planted"}
        source = parse_source("org/name:onnx", **given)
        assert isinstance(source, HFModelSource)
        assert (source.variant, source.subfolder) == (ModelRepoVariant.FP32, "unet")
        assert source.access_token == "hf_planted"
        link = parse_source("https://a.org/b.ckpt?sig=c", token="hf_planted")
        assert isinstance(link, URLModelSource)
        assert (link.url, link.access_token) == ("https://a.org/b.ckpt?sig=c", "hf_planted")

    @pytest.mark.parametrize("text", ["https://a.org/b.ckpt?sig=planted", "civitai:11"])
    def test_an_option_that_a_source_has_no_use_for_is_told(self, text: str) -> None:
        with pytest.raises(UnsupportedSourceError, match="--subfolder does not apply") as caught:
            parse_source(text, subfolder="unet")
        assert "planted" not in str(caught.value)

    def test_a_field_that_does_not_fit(self) -> None:
        with pytest.raises(UnsupportedSourceError, match="variant 'sofa' does not fit") as caught:
            parse_source("org/name", variant="sofa", token="planted-secret")
        assert "planted" not in str(caught.value)

    def test_a_mirror_is_known_by_its_endpoint(self) -> None:
        text = "https://mirror.example/org/name"
        assert isinstance(parse_source(text), URLModelSource)
        source = parse_source(text, endpoints={"huggingface": "https://mirror.example"})
        assert source == "org/name:fp16"

    @given(st.text(max_size=60))
    def test_any_text_is_a_source_or_an_error_of_ours(self, text: str) -> None:
        door = all_of()
        try:
            source = door.parse(text)
        except ModelKeepError as error:
            said = error.hint
        else:
            said = str(source)
        assert said

    def test_local_alone(self, tmp_path: Path) -> None:
        assert local_source("https://a.org/b.ckpt?token=c") is None
        assert local_source("org/name") is None
        assert local_source(tmp_path) == tmp_path


class TestSites:
    def test_a_link_into_a_site_is_looked_up_there(self) -> None:
        door = all_of()
        url = "https://huggingface.co/org/name/resolve/main/a.safetensors"
        source = door.resolve_link(URLModelSource(url=url, access_token="hf_x"))
        assert isinstance(source, HFModelSource)
        assert (source.subfolder, source.access_token) == ("a.safetensors", "hf_x")
        dataset = URLModelSource(url="https://huggingface.co/datasets/a/b/resolve/main/c.ckpt")
        plain = URLModelSource(url="https://a.org/b.ckpt")
        assert (door.resolve_link(dataset), door.resolve_link(plain)) == (dataset, plain)
        assert door.site_of(plain).name == "link"
        assert door.site_of(source).name == "huggingface"

    def test_a_look_up_can_be_ended(self) -> None:
        ended = all_of().until(lambda: True)
        with pytest.raises(JobCancelledError):
            ended.look_up(URLModelSource(url="https://a.invalid/b.ckpt"))

    def test_a_path_is_of_no_site(self) -> None:
        with pytest.raises(UnsupportedSourceError, match="belongs to no known site"):
            all_of().look_up(LocalModelSource(path="/a"))

    def test_search_asks_all_that_can_and_leaves_out_who_fails(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        def down() -> Sequence[SearchResult]:
            raise ConnectionFailedError("no line", hint="Wait.")

        one = Sought("one", lambda: [SearchResult("a", "a", "x", "one")])
        broken = Sought("broken", down)
        door = Sites([one, broken, sites()[-1]], SiteContext(Client()))
        with caplog.at_level(logging.WARNING):
            assert [found.source for found in door.search("words")] == ["a"]
        assert "broken was not searched: no line" in caplog.text
        with pytest.raises(ConnectionFailedError):
            door.search("words", "broken")
        with pytest.raises(ConnectionFailedError):
            Sites([broken, broken], SiteContext(Client())).search("words")
        with pytest.raises(UnsupportedSourceError, match="does not support search"):
            door.search("words", "link")
        with pytest.raises(UsageError, match="'sofa'") as caught:
            door.search("words", "sofa")
        assert "one, broken" in caught.value.hint


class TestSiteContext:
    def test_it_has_what_the_settings_say(self, tmp_path: Path) -> None:
        settings = Settings(
            root=tmp_path, offline=True, max_content_level="r",
            hf_endpoint="https://mirror.example", civitai_endpoint="https://civitai.red",
        )  # fmt: skip
        context = make_context(
            settings, Client(), names=BaseNames(), environment={"HF_TOKEN": "hf_planted"}
        )
        assert (context.client.is_offline, context.content_level, context.caches) == (
            True,
            "r",
            True,
        )
        assert context.endpoints["huggingface"] == "https://mirror.example"
        assert context.tokens["huggingface"] == "hf_planted"
        assert context.tokens.get("modelscope") is None
        assert list(context.tokens) == ["huggingface"]
        assert "hf_planted" not in repr(context) + repr(context.tokens)

    def test_an_endpoint_that_is_none_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(SettingsError, match="civitai_endpoint") as caught:
            make_context(
                Settings(root=tmp_path, civitai_endpoint="sofa"), Client(), names=BaseNames()
            )
        assert "config set civitai_endpoint" in caught.value.hint

    def test_hugging_face_is_not_asked_when_its_own_variable_forbids_it(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        with pytest.raises(ModelKeepError, match="HF_HUB_OFFLINE"):
            all_of().look_up(HFModelSource(repo_id="org/name"))


class TestLastSearch:
    def test_a_number_is_what_the_last_search_found(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        settings = Settings(root=tmp_path / "root")
        found = [SearchResult(f"org/n{at}", "n", "org", "huggingface") for at in (1, 2)]
        remember_search(settings, "paper", found)
        assert from_last_search(2, settings) == "org/n2"
        door = all_of(numbered=lambda number: from_last_search(number, settings))
        assert door.parse("2") == "org/n2:fp16"
        with pytest.raises(SourceNotFoundError, match="'paper', found 2"):
            door.parse("3")

    @pytest.mark.parametrize("text", [None, "", "{", "[]", '{"words": "a"}', '{"sources": 3}'])
    def test_without_one_it_says_so(self, text: str | None, tmp_path: Path) -> None:
        settings = Settings(root=tmp_path)
        if text is not None:
            last_search_path(settings).parent.mkdir()
            last_search_path(settings).write_text(text)
        with pytest.raises(SourceNotFoundError, match="no stored search") as caught:
            from_last_search(1, settings)
        assert "modelkeep search" in caught.value.hint
