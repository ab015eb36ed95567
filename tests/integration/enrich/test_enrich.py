"""What sites say about models that are here: asked by hash, when allowed, over nobody's words."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faults.pages import Page
from faults.server import FaultServer
from integration.world import snapshot
from modelkeep.app.doctor import examine
from modelkeep.app.manager import ModelManager
from modelkeep.core.configs import LoRAConfig
from modelkeep.core.files import ModelFile
from modelkeep.core.metadata import BaseMetadata, CivitaiMetadata
from modelkeep.core.taxonomy import BaseModelType, ModelFormat
from modelkeep.enrich.enricher import REMEMBERED
from modelkeep.enrich.fields import Known, fields_to_fill
from modelkeep.enrich.report import Enriched, Question
from modelkeep.errors import DownloadError, UnsupportedSourceError, UsageError
from modelkeep.http.client import Client
from modelkeep.records.listing import NewRecord
from modelkeep.settings import Settings
from modelkeep.sources.civitai.source import CivitaiModelSource
from modelkeep.sources.site import RemoteModel, Site, SiteContext
from modelkeep.sources.sites import Sites
from sites.pictures import png
from support import tiny
from support.hash_site import HashSite
from support.remote import QUICK


@pytest.fixture
def site(server: FaultServer) -> HashSite:
    return HashSite(server)


@pytest.fixture
def manager(tmp_path: Path, site: HashSite) -> Iterator[ModelManager]:
    with opened(tmp_path, site) as manager:
        yield manager


def opened(tmp_path: Path, *sites: Site, **settings: Any) -> ModelManager:
    manager = ModelManager(Settings(root=tmp_path / "root", **settings))
    context = SiteContext(Client(options=QUICK, is_offline=bool(settings.get("offline"))))
    manager.sites = Sites(sites, context)
    return manager


def yes(question: Question) -> bool:
    del question
    return True


def enrich(manager: ModelManager, *keys: str, **how: Any) -> list[Enriched]:
    enricher = manager.enricher
    return list(enricher.run(enricher.plan(keys or None, **how), yes))


def lora(manager: ModelManager, tmp_path: Path, fill: int = 1, **fields: Any) -> tuple[str, Path]:
    """Install a LoRA; return its key and its source."""
    source = tiny.lora(tmp_path / "downloads" / f"style{fill}.safetensors", fill)
    key = manager.installer.install_path(source, fields)
    return key, source


def age(manager: ModelManager, seconds: float) -> None:
    """Make everything that is remembered of sites older."""
    with manager.installer.library.state.transaction() as connection:
        connection.execute("UPDATE hash_absent SET asked_at = asked_at - ?", (seconds,))
        connection.execute("UPDATE site_answer SET answered_at = answered_at - ?", (seconds,))


class TestFilling:
    def test_what_nobody_wrote_is_filled_in(
        self, manager: ModelManager, site: HashSite, tmp_path: Path, server: FaultServer
    ) -> None:
        key, source = lora(manager, tmp_path)
        picture = server.serve("/picture", Page(png(1000, 500)))
        sha256 = site.tell(source, name="Paper", words=["paper cut"], preview=picture)
        [told] = enrich(manager)
        config = manager.records.get_model(key)
        assert told.status == "found"
        assert set(told.changed) == {
            "name", "description", "trigger_phrases", "evidence", "preview", "metadata",
        }  # fmt: skip
        assert told.source == "civitai:7@8"
        assert (config.name, config.description) == ("Paper", "What the site says.")
        assert config.trigger_phrases == ("paper cut",)
        assert config.source == str(source)
        assert "Quay says SD 1.5, LORA" in config.evidence[-1].detail
        metadata = manager.records.get_metadata(key)
        assert isinstance(metadata, CivitaiMetadata)
        assert metadata.version_id == 8
        kept = manager.installer.library.preview_of(config)
        assert kept == manager.settings.previews_dir / f"{key}.jpg"
        assert manager.records.files(key)[0].sha256 == sha256
        assert site.asked == [[sha256]]
        assert (tmp_path / "root/models" / config.path).read_bytes() == source.read_bytes()

    def test_what_it_makes_is_in_order(
        self, manager: ModelManager, site: HashSite, tmp_path: Path, server: FaultServer
    ) -> None:
        _, source = lora(manager, tmp_path)
        site.tell(source, preview=server.serve("/picture", Page(png())))
        enrich(manager)
        assert list(examine(manager.settings)) == []

    def test_a_second_time_nothing_is_asked_and_again_changes_nothing(
        self, manager: ModelManager, site: HashSite, tmp_path: Path
    ) -> None:
        key, source = lora(manager, tmp_path)
        site.tell(source, words=["cut"])
        enrich(manager)
        before = manager.records.get_model(key)
        assert [one.status for one in enrich(manager)] == ["unchanged"]
        assert len(site.asked) == 1
        [told] = enrich(manager, again=True)
        assert (told.status, told.changed) == ("unchanged", ())
        assert len(site.asked) == 2
        assert manager.records.get_model(key) == before

    def test_a_folder_with_one_file_of_weights_is_known_by_that(
        self, manager: ModelManager, site: HashSite, tmp_path: Path
    ) -> None:
        folder = tiny.embedding_folder(tmp_path / "green", 3)
        key = manager.installer.install_path(folder)
        sha256 = site.tell(folder / "learned_embeds.safetensors", name="Green things")
        assert [one.status for one in enrich(manager)] == ["found"]
        assert site.asked == [[sha256]]
        assert manager.records.get_model(key).name == "Green things"

    def test_two_models_of_the_same_bytes_are_one_hash(
        self, manager: ModelManager, site: HashSite, tmp_path: Path
    ) -> None:
        first = tiny.lora(tmp_path / "one" / "a.safetensors", 1)
        second = tiny.lora(tmp_path / "two" / "b.safetensors", 1)
        keys = [manager.installer.register_path(path) for path in (first, second)]
        site.tell(first, name="Twin")
        assert [one.status for one in enrich(manager)] == ["found", "found"]
        assert [manager.records.get_model(key).name for key in keys] == ["Twin", "Twin"]
        assert len(site.asked) == 1
        assert len(site.asked[0]) == 1

    def test_in_another_folder_nothing_is_written(
        self, manager: ModelManager, site: HashSite, tmp_path: Path, server: FaultServer
    ) -> None:
        there = tiny.lora(tmp_path / "theirs" / "a.safetensors", 1)
        manager.installer.register_path(there)
        before = snapshot(tmp_path / "theirs")
        site.tell(there, preview=server.serve("/picture", Page(png())))
        [told] = enrich(manager)
        assert "preview" not in told.changed
        assert snapshot(tmp_path / "theirs") == before
        assert server.asked("/picture") == []

    def test_a_picture_that_is_there_stays(
        self, manager: ModelManager, site: HashSite, tmp_path: Path, server: FaultServer
    ) -> None:
        source = tiny.lora(tmp_path / "downloads" / "style.safetensors", 1)
        source.with_suffix(".preview.png").write_bytes(png())
        key = manager.installer.install_path(source)
        config = manager.records.get_model(key)
        mine = manager.installer.library.preview_of(config)
        assert mine is not None
        site.tell(source, preview=server.serve("/picture", Page(png(9, 9))))
        enrich(manager)
        assert mine.read_bytes() == png()
        assert server.asked("/picture") == []


class TestWordsOfPeople:
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", "My own"),
            ("description", "Mine"),
            ("description", None),
            ("trigger_phrases", ("my word",)),
            ("trigger_phrases", ()),
            ("source", "a friend"),
            ("lineage", "pony"),
        ],
    )
    def test_what_people_set_or_emptied_stays(
        self, manager: ModelManager, site: HashSite, tmp_path: Path, field: str, value: Any
    ) -> None:
        key, source = lora(manager, tmp_path)
        manager.installer.edit(key, {field: value})
        site.tell(source, name="Theirs", words=["their word"], fields={"lineage": "theirs"})
        [told] = enrich(manager)
        assert told.status == "found"
        config = manager.records.get_model(key)
        assert getattr(config, field) == value
        assert field not in told.changed
        others = {"name": "Theirs", "description": "What the site says.", "lineage": "theirs"}
        assert all(getattr(config, n) == v for n, v in others.items() if n != field)

    def test_what_was_written_past_us_stays_too(
        self, manager: ModelManager, site: HashSite, tmp_path: Path
    ) -> None:
        key, source = lora(manager, tmp_path)
        manager.records.update_model(key, {"description": "Mine", "trigger_phrases": ("mine",)})
        site.tell(source, words=["theirs"])
        enrich(manager)
        config = manager.records.get_model(key)
        assert (config.description, config.trigger_phrases) == ("Mine", ("mine",))

    def test_the_site_goes_on_speaking_where_people_have_not(
        self, manager: ModelManager, site: HashSite, tmp_path: Path
    ) -> None:
        key, source = lora(manager, tmp_path)
        site.tell(source, name="Old", description="Old words", words=["old"], tags=["a"])
        enrich(manager)
        manager.installer.edit(key, {"description": "Mine"})
        manager.records.update_model(key, {"trigger_phrases": ()})  # no door of ours
        site.tell(source, name="New", description="New words", words=["new"], tags=["b"])
        [told] = enrich(manager, again=True)
        assert set(told.changed) == {"name", "metadata"}
        config = manager.records.get_model(key)
        assert (config.name, config.description) == ("New", "Mine")
        assert config.trigger_phrases == ()
        assert manager.metadata.tags(key).site == {"b"}

    def test_tags_and_metadata_of_people_stay(
        self, manager: ModelManager, site: HashSite, tmp_path: Path
    ) -> None:
        key, source = lora(manager, tmp_path)
        mine = BaseMetadata(name="Mine", author="me", tags={"own"})
        manager.metadata.add_metadata(key, mine)
        manager.metadata.set_tags(key, ["favourite"])
        site.tell(source, tags=["theirs"])
        [told] = enrich(manager)
        assert "metadata" not in told.changed
        assert manager.records.get_metadata(key) == mine
        assert manager.metadata.tags(key).all == {"own", "favourite"}

    @given(
        edits=st.dictionaries(
            st.sampled_from(["name", "description", "source", "lineage"]), st.text(min_size=1)
        ),
        told=st.text(min_size=1),
    )
    def test_no_field_that_was_edited_is_ever_filled(
        self, edits: dict[str, str], told: str
    ) -> None:
        config = LoRAConfig(
            name="x",
            path="sd-1/lora/x.safetensors",
            base=BaseModelType.StableDiffusion1,
            format=ModelFormat.Lycoris,
        ).model_copy(update=edits)
        fields = {"description": told, "lineage": told, "path": told, "type": "main", "sofa": 1}
        source = CivitaiModelSource(model_id=1)
        remote = RemoteModel(source, told, (), is_folder=False, fields=fields)
        filled = fields_to_fill(config, remote, "Quay", Known(None, frozenset(edits)))
        assert filled.keys() <= {"name", "description", "source", "lineage"} - edits.keys()


class TestAsking:
    def test_five_thousand_known_hashes_are_fifty_requests(
        self, manager: ModelManager, site: HashSite, tmp_path: Path
    ) -> None:
        folder = tmp_path / "many"
        folder.mkdir()
        manager.records.add_models(_recorded(folder, 5_000))
        known = next(iter(manager.records.each_file()))[1]
        site.knows[str(known.sha256)] = {"name": "The one"}
        told = enrich(manager)
        assert len(site.asked) <= 100
        assert len({each for batch in site.asked for each in batch}) == 5_000
        assert [one.status.value for one in told].count("not-there") == 4_999
        count = len(site.asked)
        assert len(enrich(manager)) == 5_000
        assert len(site.asked) == count

    def test_what_is_not_there_is_asked_again_after_a_while(
        self, manager: ModelManager, site: HashSite, tmp_path: Path
    ) -> None:
        _, source = lora(manager, tmp_path)
        assert [one.status for one in enrich(manager)] == ["not-there"]
        [told] = enrich(manager)
        assert told.status == "not-there"
        assert "--again" in told.detail
        assert len(site.asked) == 1
        enrich(manager, again=True)
        assert len(site.asked) == 2
        age(manager, REMEMBERED + 60)
        site.tell(source)
        assert [one.status for one in enrich(manager)] == ["found"]
        assert len(site.asked) == 3

    def test_the_next_site_is_asked_for_what_the_first_has_not(
        self, tmp_path: Path, server: FaultServer
    ) -> None:
        first, second = HashSite(server, "first"), HashSite(server, "second")
        with opened(tmp_path, first, second) as manager:
            _, one = lora(manager, tmp_path, 1)
            _, two = lora(manager, tmp_path, 2)
            here, there = first.tell(one), second.tell(two)
            assert {e.site: e.status for e in enrich(manager)} == {
                "first": "found", "second": "found",
            }  # fmt: skip
            assert sorted(first.asked[0]) == sorted([here, there])
            assert second.asked == [[there]]

    def test_a_site_that_comes_later_is_asked_alone(
        self, tmp_path: Path, server: FaultServer
    ) -> None:
        first, second = HashSite(server, "first"), HashSite(server, "second")
        with opened(tmp_path, first) as manager:
            lora(manager, tmp_path)
            enrich(manager)
        with opened(tmp_path, first, second) as manager:
            assert [q.site for q in manager.enricher.plan().questions] == ["second"]
            enrich(manager)
        assert (len(first.asked), len(second.asked)) == (1, 1)

    def test_what_is_there_is_asked_again_after_a_while(
        self, manager: ModelManager, site: HashSite, tmp_path: Path
    ) -> None:
        _, source = lora(manager, tmp_path)
        site.tell(source, description="Old")
        enrich(manager)
        site.tell(source, description="New")
        age(manager, REMEMBERED + 60)
        assert [one.changed for one in enrich(manager)] == [("description", "metadata")]

    def test_a_site_that_fails_says_so_and_is_left_alone(
        self, tmp_path: Path, server: FaultServer
    ) -> None:
        first, second = HashSite(server, "first", 1), HashSite(server, "second")
        with opened(tmp_path, first, second) as manager:
            _, one = lora(manager, tmp_path, 1)
            lora(manager, tmp_path, 2)
            lora(manager, tmp_path, 3)
            second.tell(one)
            first.fail(404)
            told = enrich(manager)
            assert sorted(each.status for each in told) == ["failed", "failed", "found"]
            assert all("404" in each.detail for each in told if each.status == "failed")
            assert len(first.asked) == 1
            enrich(manager)  # nothing of it is remembered as not there
            assert len(first.asked) == 2

    def test_a_site_that_was_not_allowed_gets_nothing(
        self, manager: ModelManager, site: HashSite, tmp_path: Path
    ) -> None:
        key, source = lora(manager, tmp_path)
        site.tell(source)
        asked: list[Question] = []

        def refuse(question: Question) -> bool:
            asked.append(question)
            return False

        enricher = manager.enricher
        told = list(enricher.run(enricher.plan(), refuse))
        assert [one.status for one in told] == ["skipped"]
        assert [(each.site, each.hashes, each.unread) for each in asked] == [("quay", 0, 1)]
        assert site.asked == []
        assert manager.records.files(key)[0].sha256 is None  # nor was anything read for it
        enricher.remember("quay")
        told = list(manager.enricher.run(manager.enricher.plan(), refuse))
        assert [one.status for one in told] == ["found"]
        assert len(asked) == 1

    def test_making_a_plan_sends_and_reads_nothing(
        self, manager: ModelManager, site: HashSite, tmp_path: Path
    ) -> None:
        key, source = lora(manager, tmp_path)
        plan = manager.enricher.plan()
        assert (len(plan.known), len(plan.unread)) == (0, 1)
        assert plan.unread_bytes == source.stat().st_size
        assert site.asked == []
        assert manager.records.files(key)[0].sha256 is None

    def test_without_the_network_nothing_is_asked(self, tmp_path: Path, site: HashSite) -> None:
        with opened(tmp_path, site, offline=True) as manager:
            lora(manager, tmp_path)
            with pytest.raises(DownloadError, match="offline"):
                enrich(manager)
            assert site.asked == []

    def test_sites_that_know_no_hashes_cannot_be_asked(
        self, tmp_path: Path, server: FaultServer
    ) -> None:
        deaf = HashSite(server, "deaf", 0)
        with opened(tmp_path, deaf) as manager, pytest.raises(UnsupportedSourceError, match="hash"):
            manager.enricher.plan()


class TestWhich:
    def roots(self, tmp_path: Path, **more: Any) -> dict[str, Any]:
        (tmp_path / "comfy").mkdir(exist_ok=True)
        return {"comfy": {"path": tmp_path / "comfy", **more}}

    def test_a_root_can_be_left_out(self, tmp_path: Path, site: HashSite) -> None:
        with opened(tmp_path, site, roots=self.roots(tmp_path)) as manager:
            there = tiny.lora(tmp_path / "comfy" / "a.safetensors", 5)
            manager.installer.register_path(there)
            _, source = lora(manager, tmp_path)
            kept = site.tell(source)
            site.tell(there)
            told = {one.status.value: one for one in enrich(manager, without=["comfy"])}
            assert set(told) == {"found", "skipped"}
            assert "root comfy is skipped" in told["skipped"].detail
            assert site.asked == [[kept]]
            with pytest.raises(UsageError, match="'sofa'"):
                manager.enricher.plan(without=["sofa"])

    def test_a_root_is_left_out_by_its_setting(self, tmp_path: Path, site: HashSite) -> None:
        with opened(tmp_path, site, roots=self.roots(tmp_path, enrich=False)) as manager:
            there = tiny.lora(tmp_path / "comfy" / "a.safetensors", 5)
            key = manager.installer.register_path(there)
            for told in (enrich(manager), enrich(manager, key)):
                assert [one.status for one in told] == ["skipped"]
                assert "by its setting" in told[0].detail
            assert site.asked == []

    def test_a_root_that_is_not_there_is_passed_over(self, tmp_path: Path, site: HashSite) -> None:
        with opened(tmp_path, site, roots=self.roots(tmp_path)) as manager:
            there = tiny.lora(tmp_path / "comfy" / "a.safetensors", 5)
            manager.installer.register_path(there)
            (tmp_path / "comfy").rename(tmp_path / "unplugged")
            assert [one.status for one in enrich(manager)] == ["offline"]
            assert site.asked == []

    def test_a_file_that_changed_or_went_is_told_and_not_asked_about(
        self, manager: ModelManager, site: HashSite, tmp_path: Path
    ) -> None:
        paths = [tiny.lora(tmp_path / "t" / f"{n}.safetensors", n) for n in (1, 2)]
        keys = [manager.installer.register_path(path) for path in paths]
        enrich(manager)
        tiny.lora(paths[0], 9)
        paths[1].unlink()
        count = len(site.asked)
        told = {one.key: one for one in enrich(manager, again=True)}
        assert [told[key].status for key in keys] == ["failed", "failed"]
        assert "it had" in told[keys[0]].detail
        assert "is gone" in told[keys[1]].detail
        assert len(site.asked) == count

    def test_a_folder_with_several_files_of_weights_is_skipped(
        self, manager: ModelManager, site: HashSite, tmp_path: Path
    ) -> None:
        folder = tiny.embedding_folder(tmp_path / "green", 3)
        tiny.embedding(folder / "more.safetensors", 4)
        key = manager.installer.install_path(folder, {"type": "embedding", "base": "sd-1"})
        told = enrich(manager, key)
        assert [one.status for one in told] == ["skipped"]
        assert site.asked == []


class TestBreakingOff:
    def test_what_was_read_and_said_is_kept(self, tmp_path: Path, server: FaultServer) -> None:
        site = HashSite(server, at_once=1)
        with opened(tmp_path, site) as manager:
            pairs = [lora(manager, tmp_path, fill) for fill in (1, 2, 3)]
            for _, source in pairs:
                site.tell(source)
            outcomes = manager.enricher.run(manager.enricher.plan(), yes)
            first = next(outcomes)
            outcomes.close()
            assert not [t for t in threading.enumerate() if t.name == "modelkeep-read"]
            assert manager.records.get_metadata(first.key).name == "The site's name"
            plan = manager.enricher.plan()
            assert [one.key for one in plan.settled] == [first.key]
            assert len(plan.known) + len(plan.unread) == 2
            told = list(manager.enricher.run(plan, yes))
            assert [one.status.value for one in told].count("found") == 2
            hashes = [each for batch in site.asked for each in batch]
            assert len(hashes) == len(set(hashes)) == 3

    def test_leaving_ends_the_reading(self, tmp_path: Path, server: FaultServer) -> None:
        site = HashSite(server, at_once=1)
        with opened(tmp_path, site) as manager:
            paths = [tiny.embedding(tmp_path / "t" / f"{n}.safetensors", n) for n in range(30)]
            keys = [manager.installer.register_path(path) for path in paths]
            plan = manager.enricher.plan()
            outcomes = manager.enricher.run(plan, yes, lambda _: time.sleep(0.05))
            next(outcomes)
            outcomes.close()
            read = [key for key in keys if manager.records.files(key)[0].sha256]
            assert 1 <= len(read) < len(keys)

    def test_an_error_in_the_thread_is_raised_here(
        self, manager: ModelManager, tmp_path: Path, site: HashSite
    ) -> None:
        lora(manager, tmp_path)

        def stop(count: int) -> None:
            if count:
                raise KeyboardInterrupt

        outcomes = manager.enricher.run(manager.enricher.plan(), yes, stop)
        with pytest.raises(KeyboardInterrupt):
            list(outcomes)
        assert site.asked == []

    def test_a_model_that_is_removed_meanwhile_is_told(
        self, tmp_path: Path, server: FaultServer
    ) -> None:
        site = HashSite(server, at_once=1)
        with opened(tmp_path, site) as manager:
            keys = {lora(manager, tmp_path, fill)[0] for fill in (1, 2)}
            for each in (1, 2):
                site.tell(tmp_path / "downloads" / f"style{each}.safetensors")
            plan = manager.enricher.plan()
            outcomes = manager.enricher.run(plan, yes)
            first = next(outcomes)
            [other] = keys - {first.key}
            manager.records.del_model(other)
            assert [one.status for one in outcomes] == ["failed"]


def _recorded(folder: Path, count: int) -> Iterator[NewRecord]:
    """Write files and give records of them whose hashes are known."""
    for number in range(count):
        path = folder / f"{number}.safetensors"
        path.write_bytes(number.to_bytes(4))
        there = path.stat()
        config = LoRAConfig(
            key=f"{number:032x}",
            name=str(number),
            path=str(path),
            base=BaseModelType.StableDiffusion1,
            format=ModelFormat.Lycoris,
        )
        sha256 = hashlib.sha256(number.to_bytes(4)).hexdigest()
        row = ModelFile(str(path), there.st_size, there.st_mtime_ns, there.st_ino, sha256=sha256)
        yield NewRecord(config.key, config, (row,))
