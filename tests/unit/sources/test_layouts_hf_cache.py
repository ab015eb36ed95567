"""The Hugging Face cache: snapshots, not blobs, and hashes that nobody has to compute."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from modelkeep.errors import SourceError
from modelkeep.sources.layouts.hf_cache import LAYOUT
from modelkeep.sources.layouts.layout import KnownModel
from unit.sources.layout_trees import COMMIT, OLD_COMMIT, grow, hf_cache, relative, tree_list

INK = f"models--acme--ink/snapshots/{COMMIT}"
GPT2 = f"models--gpt2/snapshots/{COMMIT}"


def known(hub: Path) -> dict[str, KnownModel]:
    return {one.path.relative_to(hub).as_posix(): one for one in LAYOUT.known(hub)}


def test_the_snapshots_that_refs_name(tmp_path: Path) -> None:
    hub = hf_cache(tmp_path / "hub")

    found = LAYOUT.places(hub)

    assert relative([place.path for place in found], hub) == [INK, GPT2]
    assert [place.category for place in found] == ["acme/ink", "gpt2"]
    assert LAYOUT.places(tmp_path) == found, "also by the folder around it"
    assert LAYOUT.places(hub / "models--gpt2") == found[1:]
    assert all(path.is_dir() for place in found for path in [place.path])


def test_a_repository_that_was_asked_for_by_commit(tmp_path: Path) -> None:
    hub = hf_cache(tmp_path)
    for ref in (hub / "models--acme--ink/refs/main", hub / "models--acme--ink/refs/refs/pr/1"):
        ref.unlink()

    found = relative([place.path for place in LAYOUT.places(hub)], hub)

    assert found == [INK, f"models--acme--ink/snapshots/{OLD_COMMIT}", GPT2]


@pytest.mark.parametrize("text", ["../../../../etc", "", "x" * 1000, OLD_COMMIT.upper(), "é"])
def test_refs_that_name_nothing(text: str, tmp_path: Path) -> None:
    hub = hf_cache(tmp_path)
    (hub / "models--acme--ink/refs/main").write_text(text)

    assert relative([place.path for place in LAYOUT.places(hub)], hub)[0] == INK


def test_a_pipeline_is_its_snapshot(tmp_path: Path) -> None:
    found = known(hf_cache(tmp_path))

    assert found[INK].info.name == "ink"
    assert found[INK].info.source == "acme/ink"
    assert found[INK].revision == COMMIT
    assert found[GPT2].info.source == "gpt2"


def test_the_name_of_a_blob_is_the_hash(tmp_path: Path) -> None:
    found = known(hf_cache(tmp_path))

    weights = found[f"{INK}/unet/x.safetensors"]
    assert weights.info.sha256 == hashlib.sha256(b"weights").hexdigest()
    assert found.keys() == {INK, f"{INK}/unet/x.safetensors", GPT2, f"{GPT2}/model.safetensors"}


def test_the_list_of_a_commit_has_the_hash_where_there_are_no_links(tmp_path: Path) -> None:
    hub = hf_cache(tmp_path)
    assert known(hub)[f"{GPT2}/model.safetensors"].info.sha256 is None
    assert known(hub)[f"{GPT2}/model.safetensors"].info.name == "gpt2"
    listed = grow(hub, f"models--gpt2/trees/{COMMIT}.json") / f"models--gpt2/trees/{COMMIT}.json"
    sha256 = hashlib.sha256(b"no links").hexdigest()

    cases: list[tuple[dict[str, object], str | None]] = [
        ({"size": 8, "blob_id": "c" * 40, "lfs_sha256": sha256}, sha256),
        ({"size": 9, "blob_id": "c" * 40, "lfs_sha256": sha256}, None),
        ({"size": 8, "blob_id": "c" * 40}, None),
        ({"size": 8, "lfs_sha256": "../x"}, None),
        ({"lfs_sha256": sha256}, None),
    ]
    for entry, expected in cases:
        listed.write_text(tree_list({"model.safetensors": entry}))
        assert known(hub)[f"{GPT2}/model.safetensors"].info.sha256 == expected


def test_a_blob_of_another_size_than_listed_is_not_believed(tmp_path: Path) -> None:
    hub = hf_cache(tmp_path)
    grow(hub, "models--acme--ink/trees/")
    entry: dict[str, object] = {"size": 1000, "blob_id": "c" * 40}
    listed = {"unet/x.safetensors": entry}
    (hub / f"models--acme--ink/trees/{COMMIT}.json").write_text(tree_list(listed))

    assert known(hub)[f"{INK}/unet/x.safetensors"].info.sha256 is None


def test_links_that_are_no_cache_links_have_no_hash(tmp_path: Path) -> None:
    hub = hf_cache(tmp_path)
    (hub / INK / "y.safetensors").symlink_to(tmp_path / "gone")
    (hub / INK / "z.safetensors").symlink_to(
        f"../../../models--gpt2/snapshots/{COMMIT}/model.safetensors"
    )
    (hub / INK / "w.safetensors.incomplete").write_bytes(b"")

    found = known(hub)

    assert found[f"{INK}/z.safetensors"].info.sha256 is None
    assert f"{INK}/y.safetensors" not in found
    assert f"{INK}/w.safetensors.incomplete" not in found
    assert found[f"{INK}/unet/x.safetensors"].info.name is None


def test_a_list_that_is_broken_is_named(tmp_path: Path) -> None:
    hub = hf_cache(tmp_path)
    grow(hub, "models--gpt2/trees/")
    (hub / f"models--gpt2/trees/{COMMIT}.json").write_text("{\n")

    with pytest.raises(SourceError, match=rf"{COMMIT}\.json, line 2"):
        list(LAYOUT.known(hub))


def test_a_snapshot_that_is_a_link_elsewhere_is_followed_no_further_than_its_name(
    tmp_path: Path,
) -> None:
    hub = hf_cache(tmp_path / "hub")
    (hub / INK / "out").symlink_to(tmp_path)

    assert not any("/out/" in path for path in known(hub))
