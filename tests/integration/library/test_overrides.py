"""What somebody set stays so, whatever is done with the model afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from faults.server import FaultServer
from modelkeep import ModelManager, Settings
from modelkeep.app.bulk import BulkRequest, entries
from modelkeep.app.edit import edit, read_changes
from modelkeep.app.records import patch
from modelkeep.app.verify import verify
from modelkeep.enrich.report import Question
from modelkeep.http.client import Client
from modelkeep.sources.site import SiteContext
from modelkeep.sources.sites import Sites
from support import tiny
from support.hash_site import HashSite
from support.remote import QUICK

#: The tensors of an SDXL U-Net that rules ask about, as narrow as they may be.
_SDXL = {
    "input_blocks.0.0.weight": (1, 4, 3, 3),
    "input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight": (1, 2048),
    "label_emb.0.0.weight": (1, 2816),
    "output_blocks.0.0.in_layers.0.weight": (1,),
}
_SAID = {
    "name": "The site's",
    "words": ["the site's"],
    "fields": {"prediction_type": "epsilon", "lineage": "illustrious", "variant": "inpaint"},
}


@dataclass(frozen=True)
class _World:
    """A library, a site that knows its models, and the file that a model is installed from."""

    manager: ModelManager
    site: HashSite
    source: Path

    def install(self, fields: Mapping[str, Any] | None = None) -> str:
        return self.manager.installer.install_path(self.source, fields)


def _main(folder: Path) -> Path:
    tensors = {f"model.diffusion_model.{name}": ("F16", shape) for name, shape in _SDXL.items()}
    bytes_ = tiny.safetensors_bytes({**tensors, "v_pred": ("F16", ())}, fill=7)
    folder.mkdir()
    (folder / "some-model.safetensors").write_bytes(bytes_)
    return folder / "some-model.safetensors"


def _lora(folder: Path) -> Path:
    stated = {"modelspec.trigger_phrase": "paper cut"}
    return tiny.lora(folder / "some-lora.safetensors", metadata=stated)


@pytest.fixture
def world(
    store: str, made: Callable[[Path], Path], tmp_path: Path, server: FaultServer
) -> Iterator[_World]:
    where = {} if store == "database" else {"model_config_db": None}
    settings = Settings(root=tmp_path / "root", **where)
    site, source = HashSite(server), made(tmp_path / "downloads")
    site.tell(source, **_SAID)
    with ModelManager(settings) as manager:
        manager.sites = Sites((site,), SiteContext(Client(options=QUICK)))
        yield _World(manager, site, source)


# -- what people do


def _edited(world: _World, fields: Mapping[str, Any]) -> str:
    key = world.install()
    words = [
        f"{name.replace('trigger_phrases', 'triggers')}="
        + (json.dumps(value) if isinstance(value, list) and value else str(value or ""))
        for name, value in fields.items()
    ]
    edit(world.manager, key, read_changes(words))
    return key


def _patched(world: _World, fields: Mapping[str, Any]) -> str:
    key = world.install()
    patch(world.manager, key, fields)
    return key


def _installed_so(world: _World, fields: Mapping[str, Any]) -> str:
    return world.install(fields)


def _written(world: _World, fields: Mapping[str, Any]) -> str:
    """As somebody who edits the catalogue itself, or a program that uses the record service."""
    key = world.install()
    world.manager.records.update_model(key, fields)
    return key


# -- what is done with the model afterwards


def _reidentify(world: _World, key: str) -> None:
    world.manager.installer.reidentify(key)


def _reidentify_all(world: _World, key: str) -> None:
    del key
    keys = [model.key for model in world.manager.records.all_models()]
    [done] = entries(world.manager, BulkRequest(keys, "reidentify"))
    assert done.error is None


def _scan(world: _World, key: str) -> None:
    del key
    assert world.manager.installer.scan_directory(world.manager.settings.models_dir) == []


def _sync(world: _World, key: str) -> None:
    del key
    world.manager.installer.sync_to_config()


def _move(world: _World, key: str) -> None:
    place = world.manager.path_of(key)
    place.rename(place.with_name("moved.safetensors"))
    world.manager.installer.sync_to_config()


def _enrich(world: _World, key: str) -> None:
    def yes(question: Question) -> bool:
        return bool(question)

    enricher = world.manager.enricher
    assert [one.key for one in enricher.run(enricher.plan(None, again=True), yes)] == [key]


def _verify(world: _World, key: str) -> None:
    assert verify(world.manager, world.manager.find(key)).is_well


def _change_and_accept(world: _World, key: str) -> None:
    with world.manager.path_of(key).open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\1")
    world.manager.installer.sync_to_config()
    assert verify(world.manager, world.manager.find(key), accept=True).is_accepted


def _install_again(world: _World, key: str) -> None:
    assert world.install() == key


def _repair(world: _World, key: str) -> None:
    world.manager.path_of(key).unlink()
    assert world.install() == key


def _remove_and_restore(world: _World, key: str) -> None:
    world.manager.installer.remove(key)
    assert world.manager.installer.restore(key).key == key


_LATER = (
    *(_reidentify, _scan, _sync, _enrich, _verify, _install_again, _reidentify_all),
    *(_remove_and_restore, _repair, _move, _reidentify, _change_and_accept, _reidentify_all),
)

_FIELDS: tuple[tuple[Callable[[Path], Path], dict[str, Any]], ...] = (
    (
        _main,
        {
            "name": "Mine",
            "description": "Mine.",
            "source": "mine",
            "lineage": "pony",
            "variant": "inpaint",
            "prediction_type": "epsilon",
            "upcast_attention": True,
            "ztsnr_training": True,
            "trigger_phrases": ["mine, all mine", "mine"],
        },
    ),
    (_main, {"base": "kolors", "prediction_type": None}),
    (_main, {"type": "vae", "format": "checkpoint", "base": "sd-1"}),
    (_lora, {"base": "flux2", "fits": ["klein-4b"], "trigger_phrases": []}),
)


@pytest.mark.parametrize(
    ("how", "store"),
    [
        *((how, "database") for how in (_edited, _patched, _installed_so, _written)),
        (_written, "yaml"),
    ],
)
@pytest.mark.parametrize(("made", "fields"), _FIELDS)
def test_it_stays(
    fields: Mapping[str, Any],
    how: Callable[[_World, Mapping[str, Any]], str],
    world: _World,
) -> None:
    key = how(world, fields)
    for act in _LATER:
        act(world, key)
        record = world.manager.records.get_model(key).to_json()
        assert {name: record[name] for name in fields} == fields, act.__name__


@pytest.mark.parametrize(
    "confirm",
    [
        lambda manager, key: edit(manager, key, read_changes(["base=kolors"])),
        lambda manager, key: [*entries(manager, BulkRequest([key], "retype", base="kolors"))],
    ],
)
@pytest.mark.parametrize(("made", "store"), [(_main, "database")])
def test_what_somebody_confirmed_outlasts_new_rules(
    confirm: Callable[[ModelManager, str], object], world: _World
) -> None:
    key, records = world.install(), world.manager.records
    now = records.get_model(key)
    once = {**(now.identified or {}), "base": "kolors"}
    records.update_model(key, {"base": "kolors", "identified": once})  # as rules of before had it

    confirm(world.manager, key)
    assert world.manager.installer.reidentify(key).base == "kolors"

    assert world.manager.installer.reidentify(key, reset=True).base == now.base
    assert world.manager.installer.reidentify(key).base == now.base


@pytest.mark.parametrize(("made", "store"), [(_main, "database")])
def test_what_the_installer_was_told_outlasts_new_rules(world: _World) -> None:
    key, records = (
        world.install({"model_type": "main", "base_model": "kolors"}),
        world.manager.records,
    )
    once = {**(records.get_model(key).identified or {}), "base": "kolors"}
    records.update_model(key, {"identified": once})
    assert world.manager.installer.reidentify(key).base == "kolors"


@pytest.mark.parametrize(("made", "store"), [(_lora, "database")])
def test_cleared_trigger_phrases_come_back_when_reset(world: _World) -> None:
    key = world.install()
    world.manager.installer.edit(key, {"trigger_phrases": ()})
    assert world.manager.installer.reidentify(key).trigger_phrases == ()
    assert world.manager.installer.reidentify(key, reset=True).trigger_phrases == ("paper cut",)
