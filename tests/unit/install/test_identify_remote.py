"""A model of a site is identified as its files on the disk are, from headers alone."""

from __future__ import annotations

import json
import mmap
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from faults.pages import Page, status
from faults.server import FaultServer
from modelkeep.core.identity import Identification
from modelkeep.errors import (
    CorruptModelError,
    HttpStatusError,
    UnknownModelError,
    UnsafeModelError,
    UnsupportedSourceError,
)
from modelkeep.http.client import Client
from modelkeep.http.urls import Token, origin_of
from modelkeep.identification.engine import identify
from modelkeep.install.identify_remote import file_name, identify_remote_model
from modelkeep.sources.site import RemoteFile, RemoteModel
from support import pickles, tiny
from support.remote import QUICK, SOURCE, paths, pipeline_folder, served, write

MIB = 1 << 20


def ask(remote: RemoteModel, *, strict: bool = True) -> Identification:
    return identify_remote_model(remote, Client(options=QUICK), strict=strict)


def same(remote: Identification, local: Identification) -> bool:
    return replace(remote, source="") == replace(local, source="")


@contextmanager
def sparse(path: Path, begin: bytes, size: int) -> Iterator[mmap.mmap]:
    """Give the bytes of a file of gigabytes that takes no room: a header, then a hole."""
    path.write_bytes(begin)
    os.truncate(path, size)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        yield mapped


def checkpoint(header_bytes: int) -> tuple[bytes, int]:
    """Return the begin of an SD 1 LoRA with a header this long, and the size of the whole file."""
    path = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k"
    data = 6_938_078_334
    rest = data - 4 * 768 * 2 - 320 * 4 * 2
    tensors = {
        f"{path}.lora_down.weight": ("F16", [4, 768], 4 * 768 * 2),
        f"{path}.lora_up.weight": ("F16", [320, 4], 320 * 4 * 2),
        "filler": ("I8", [rest], rest),
    }
    header: dict[str, object] = {"__metadata__": {"ss_comment": ""}}
    at = 0
    for name, (dtype, shape, size) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + size]}
        at += size
    header["__metadata__"] = {"ss_comment": "x" * (header_bytes - len(json.dumps(header)))}
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text, 8 + len(text) + data


@pytest.mark.parametrize("make", [tiny.embedding, tiny.lora])
def test_a_file_is_identified_as_on_the_disk(
    server: FaultServer, tmp_path: Path, make: object
) -> None:
    assert callable(make)
    path = make(tmp_path / "one.safetensors")
    remote = served(server, path)
    assert same(ask(remote), identify(path))
    assert len(server.requests) == 1


def test_a_pickle_is_walked_and_never_run(server: FaultServer, tmp_path: Path) -> None:
    path = tmp_path / "bad.ckpt"
    path.write_bytes(pickles.FORMS["GLOBAL and REDUCE, protocol 2"]("os", "system"))
    with pytest.raises(UnsafeModelError, match="system"):
        ask(served(server, path))


@pytest.mark.parametrize("header_bytes", [400_000, 700_000, 1_500_000])
def test_of_a_file_of_gigabytes_the_header_alone_is_fetched(
    tmp_path: Path, header_bytes: int
) -> None:
    begin, size = checkpoint(header_bytes)
    with sparse(tmp_path / "big", begin, size) as body, FaultServer() as server:
        url = server.serve("/big.safetensors", Page(body, etag='"v1"'))
        files = (RemoteFile(url, "big.safetensors", size),)
        found = ask(RemoteModel(SOURCE, "big", files, is_folder=False))
        assert (found.type.value, found.base.value, found.size) == ("lora", "sd-1", size)
        assert len(server.requests) <= 3
        assert sum(request.sent for request in server.requests) <= 2 * MIB


def test_a_server_without_ranges_is_read_no_further_than_the_header(tmp_path: Path) -> None:
    begin, size = checkpoint(700_000)
    with sparse(tmp_path / "big", begin, size) as body, FaultServer() as server:
        page = Page(body, ranges=False, rate=64 * MIB)
        url = server.serve("/big.safetensors", page)
        files = (RemoteFile(url, "big.safetensors", size),)
        found = ask(RemoteModel(SOURCE, "big", files, is_folder=False))
        assert found.type.value == "lora"
        assert len(server.requests) == 2
        server.wait_for(lambda: all(request.ended for request in server.requests))
        assert server.sent < 64 * MIB, "what buffers on the way hold, and no more"


def test_a_length_that_only_the_site_knows_is_enough(server: FaultServer, tmp_path: Path) -> None:
    path = tiny.lora(tmp_path / "one.safetensors")
    remote = served(server, path)
    server.serve("/one.safetensors/one.safetensors", Page(path.read_bytes(), ranges=False,
                                                          chunked=True))  # fmt: skip
    assert same(ask(remote), identify(path))
    unknown = replace(remote, files=(replace(remote.files[0], size=None),))
    with pytest.raises(UnsupportedSourceError, match="the size of the file"):
        ask(unknown)


def test_a_folder_is_identified_by_its_configs_alone(server: FaultServer, tmp_path: Path) -> None:
    path = pipeline_folder(tmp_path / "tiny-sd")
    assert same(ask(served(server, path)), identify(path))
    asked = sorted(paths(server))
    assert asked == sorted(set(asked)), "each config is fetched once"
    assert all(each.endswith(".json") for each in asked)


def test_where_configs_do_not_suffice_one_header_is_read(
    server: FaultServer, tmp_path: Path
) -> None:
    path = tiny.embedding_folder(tmp_path / "style")
    assert same(ask(served(server, path)), identify(path))
    assert list(paths(server)) == ["/style/learned_embeds.safetensors"]


def test_sizes_that_a_site_does_not_tell_are_asked_for(server: FaultServer, tmp_path: Path) -> None:
    path = pipeline_folder(tmp_path / "tiny-sd")
    assert same(ask(served(server, path, has_sizes=False)), identify(path))


def test_a_sharded_model_is_told_by_its_config_and_index(
    server: FaultServer, tmp_path: Path
) -> None:
    path = pipeline_folder(tmp_path / "tiny-sd")
    unet = path / "unet"
    whole = unet / "diffusion_pytorch_model.fp16.safetensors"
    shards = [f"diffusion_pytorch_model-0000{n}-of-00002.safetensors" for n in (1, 2)]
    for name in shards:
        write(unet / name, whole.read_bytes())
    whole.unlink()
    index = {"weight_map": {"conv_in.weight": shards[0], "conv_out.weight": shards[1]}}
    write(unet / "diffusion_pytorch_model.safetensors.index.json", json.dumps(index).encode())
    remote = served(server, path)
    assert same(ask(remote), identify(path))
    without = tuple(file for file in remote.files if not file.path.endswith(shards[1]))
    with pytest.raises(CorruptModelError, match="00002-of-00002"):
        ask(replace(remote, files=without))


def test_a_session_of_somebody_else_gives_the_same(server: FaultServer, tmp_path: Path) -> None:
    path = pipeline_folder(tmp_path / "tiny-sd")
    with requests.Session() as session:
        found = identify_remote_model(served(server, path), Client(session, QUICK))
    assert same(found, identify(path))


def test_too_many_configs_are_refused_before_one_is_fetched(
    server: FaultServer, tmp_path: Path
) -> None:
    remote = served(server, pipeline_folder(tmp_path / "tiny-sd"))
    config = next(file for file in remote.files if file.path == "unet/config.json")
    many = tuple(replace(config, path=f"{n}/config.json") for n in range(201))
    with pytest.raises(CorruptModelError, match="201 JSON configs"):
        ask(replace(remote, files=many))
    others = tuple(file for file in remote.files if file is not config)
    large = replace(config, size=1 << 30)
    with pytest.raises(CorruptModelError, match=r"unet/config\.json has 1,073,741,824 bytes"):
        ask(replace(remote, files=(large, *others)))
    assert not server.asked("/tiny-sd/unet/config.json")


@pytest.mark.parametrize("is_zip", [True, False])
def test_an_embedding_that_torch_wrote(server: FaultServer, tmp_path: Path, is_zip: bool) -> None:
    torch = pytest.importorskip("torch")
    path = tmp_path / "style.pt"
    content = {"string_to_param": {"*": torch.zeros(2, 768)}, "name": "style"}
    torch.save(content, path, _use_new_zipfile_serialization=is_zip)
    assert same(ask(served(server, path)), identify(path))


def test_empty_weights_are_taken_only_when_nothing_is_verified(
    server: FaultServer, tmp_path: Path
) -> None:
    path = pipeline_folder(tmp_path / "tiny-sd")
    for weights in path.rglob("*.safetensors"):
        weights.write_bytes(b"")
    remote = served(server, path)
    with pytest.raises(CorruptModelError, match="0 bytes"):
        ask(remote)
    assert same(ask(remote, strict=False), identify(path, strict=False))


def test_an_empty_file_is_no_model(server: FaultServer, tmp_path: Path) -> None:
    remote = served(server, write(tmp_path / "none.safetensors", b""))
    with pytest.raises(CorruptModelError, match="is empty"):
        ask(remote)


def test_what_a_cache_of_this_disk_has_is_read_there(server: FaultServer, tmp_path: Path) -> None:
    path = tiny.lora(tmp_path / "one.safetensors")
    remote = served(server, path)
    cached = replace(remote.files[0], cached=path)
    assert same(ask(replace(remote, files=(cached,))), identify(path))
    assert not server.requests


def test_a_file_of_another_length_than_its_site_says_is_refused(
    server: FaultServer, tmp_path: Path
) -> None:
    remote = served(server, tiny.lora(tmp_path / "one.safetensors"))
    other = replace(remote.files[0], size=12_345)
    with pytest.raises(CorruptModelError, match="12,345"):
        ask(replace(remote, files=(other,)))


def test_an_unknown_model_is_told_with_the_nearest_rules(
    server: FaultServer, tmp_path: Path
) -> None:
    content = tiny.safetensors_bytes({"what.is.this": ("F32", (2, 2))})
    remote = served(server, write(tmp_path / "odd.safetensors", content))
    with pytest.raises(UnknownModelError, match="is not recognised") as caught:
        ask(remote)
    assert len(caught.value.nearest) == 3


def test_a_refused_config_is_told(server: FaultServer, tmp_path: Path) -> None:
    remote = served(server, pipeline_folder(tmp_path / "tiny-sd"))
    server.serve("/tiny-sd/unet/config.json", status(403))
    with pytest.raises(HttpStatusError, match="403"):
        ask(remote)


def test_the_token_goes_along(server: FaultServer, tmp_path: Path) -> None:
    path = tiny.lora(tmp_path / "one.safetensors")
    remote = served(server, path)
    url = remote.files[0].url
    page = Page(path.read_bytes(), token="Bearer s3cret")
    server.serve("/one.safetensors/one.safetensors", page)
    with pytest.raises(HttpStatusError):
        ask(remote)
    assert same(ask(replace(remote, token=Token("s3cret", origin_of(url)))), identify(path))


@given(st.text(), st.text())
def test_whatever_a_site_says_the_name_is_that_of_a_file(path: str, name: str) -> None:
    files = (RemoteFile("https://example.com/x", path, 1),)
    found = file_name(RemoteModel(SOURCE, name, files, is_folder=False))
    assert found not in {"", ".", ".."}
    assert not set(found) & set("/\\\0")
    found.encode()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("style.safetensors", "style.safetensors"),
        ("diffusion_pytorch_model.fp16.safetensors", "Some VAE.safetensors"),
        ("model.safetensors", "Some VAE.safetensors"),
    ],
)
def test_a_file_name_that_says_nothing_gives_way(path: str, name: str) -> None:
    files = (RemoteFile("https://example.com/x", path, 1),)
    assert file_name(RemoteModel(SOURCE, "Some VAE", files, is_folder=False)) == name
