"""Assets: fetched once, whole or not at all."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from modelkeep.errors import DownloadError, MissingAssetError
from modelkeep.load.assets import ASSETS, AssetStore

CLIP = ASSETS["clip"]


class Shop:
    """Fetches made-up files, and keeps count."""

    def __init__(self, *missing: str, fails: bool = False) -> None:
        self.missing = missing
        self.fails = fails
        self.asked: list[str] = []

    def __call__(self, repo: str, files: tuple[str, ...], folder: Path) -> None:
        assert list(folder.iterdir()) == []
        self.asked.append(repo)
        for name in files:
            if name not in self.missing:
                (folder / name).write_text("{}")
        if self.fails:
            raise ConnectionError("the line is dead")


def test_an_asset_is_fetched_once(tmp_path: Path) -> None:
    shop = Shop()
    store = AssetStore(tmp_path / "assets", shop)
    folder = store.need(CLIP)
    assert folder == tmp_path / "assets" / "clip" == store.need(CLIP)
    assert shop.asked == ["openai/clip-vit-large-patch14"]
    assert {path.name for path in folder.iterdir()} == set(CLIP.files)
    assert AssetStore(tmp_path / "assets").need(CLIP) == folder, "no port is needed then"


def test_without_a_port_the_error_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(MissingAssetError, match="vocabulary of CLIP is not in") as caught:
        AssetStore(tmp_path / "assets").need(CLIP)
    assert caught.value.asset == "clip"
    for word in ("vocab.json", "merges.txt", "openai/clip-vit-large-patch14", "online"):
        assert word in caught.value.hint
    assert not (tmp_path / "assets").exists()


def test_what_cannot_be_fetched_says_where_to_put_it(tmp_path: Path) -> None:
    def fetch(*_: object) -> None:
        raise DownloadError("the line is dead")

    with pytest.raises(MissingAssetError, match=r"vocabulary of CLIP .* line is dead") as caught:
        AssetStore(tmp_path / "assets", fetch).need(CLIP)
    assert "Put vocab.json, merges.txt of https://huggingface.co/openai/clip" in caught.value.hint


@pytest.mark.parametrize("asset", ASSETS.values(), ids=lambda asset: asset.name)
def test_what_is_half_fetched_never_counts(tmp_path: Path, asset: object) -> None:
    assert isinstance(asset, type(CLIP))
    broken = AssetStore(tmp_path / "assets", Shop(asset.files[-1], fails=True))
    with pytest.raises(ConnectionError):
        broken.need(asset)
    with pytest.raises(MissingAssetError):
        AssetStore(tmp_path / "assets", Shop(asset.files[-1])).need(asset)
    with pytest.raises(MissingAssetError):
        asset.folder(tmp_path / "assets")
    assert AssetStore(tmp_path / "assets", Shop()).need(asset) == asset.folder(tmp_path / "assets")


def test_files_that_somebody_put_there_are_not_touched(tmp_path: Path) -> None:
    folder = tmp_path / "assets" / "clip"
    folder.mkdir(parents=True)
    (folder / "vocab.json").write_text("mine")
    with pytest.raises(MissingAssetError, match="incomplete") as caught:
        AssetStore(tmp_path / "assets", Shop()).need(CLIP)
    assert "remove that folder" in caught.value.hint
    assert (folder / "vocab.json").read_text() == "mine"
    (folder / "merges.txt").write_text("mine too")
    assert AssetStore(tmp_path / "assets", Shop()).need(CLIP) == folder


def test_many_who_ask_at_once_fetch_once(tmp_path: Path) -> None:
    shop = Shop()
    found: list[Path] = []
    threads = [
        threading.Thread(
            target=lambda: found.append(AssetStore(tmp_path / "assets", shop).need(CLIP))
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [tmp_path / "assets" / "clip"] * 8
    assert len(shop.asked) == 1
