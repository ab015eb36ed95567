"""Addresses that came over HTTP: the public web alone, however a private one is written."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from faults.pages import Page, redirect
from faults.server import FaultServer
from modelkeep import ModelManager, Settings
from modelkeep.app.identify import answer
from modelkeep.app.requested import requested_source
from modelkeep.download.job import DownloadJobURL
from modelkeep.download.queue import DownloadQueueService
from modelkeep.errors import AddressRefusedError, UnsupportedSourceError
from modelkeep.http.client import Client
from modelkeep.http.options import TransferOptions
from modelkeep.http.request import HttpRequest
from modelkeep.http.session import make_session
from modelkeep.http.urls import origin_of
from modelkeep.install.details import InstallDetails
from modelkeep.install.job import ModelInstallJob

QUICK = TransferOptions(
    tries=1, connect_timeout=2, first_byte_timeout=2, idle_timeout=2, backoff_base=0.01
)

WRITTEN = [
    "127.1",
    "127.0.0.1",
    "0x7f.1",
    "0x7f000001",
    "2130706433",
    "017700000001",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "169.254.169.254",
    "169.254.169%2e254",
    "100.64.0.1",
    "10.0.0.1",
    "0",
    "localhost",
    "LOCALHOST.",
    "a.localhost",
    "printer.local",
    "metadata.google.internal",
    "[fe80::1%25eth0]",
    "\uff11\uff12\uff17.0.0.1",
    "127\u30020\u30020\u30021",
]


class Resolver:
    """Gives each host the addresses that a test planted, one list for each time it is asked."""

    def __init__(self, **planted: list[str]) -> None:
        self.planted = planted
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> list[Any]:
        self.asked.append(host)
        given = self.planted.get(host)
        address = host if given is None else given.pop(0) if len(given) > 1 else given[0]
        return [(10 if ":" in address else 2, 1, 6, "", (address, port))]


def ask(url: str, resolver: Resolver | None = None, **options: Any) -> bytes:
    chosen = TransferOptions(**{name: getattr(QUICK, name) for name in QUICK.__slots__} | options)
    with closing(make_session(chosen, resolver=resolver or Resolver())) as session:
        return Client(session, chosen).get(HttpRequest(url, public_only=True)).body


@pytest.mark.parametrize("host", WRITTEN)
def test_a_private_address_is_refused_however_it_is_written(host: str) -> None:
    for port in ("", ":443"):
        resolver = Resolver(**{"169.254.169%2e254": ["169.254.169.254"]})
        with pytest.raises((AddressRefusedError, UnsupportedSourceError)):
            ask(f"http://{host}{port}/latest/meta-data", resolver)


def test_a_name_is_refused_by_its_address() -> None:
    for address in ("127.0.0.1", "10.1.2.3", "::1", "64:ff9b::a00:1", "100.64.3.2"):
        with pytest.raises(AddressRefusedError, match="private network"):
            ask("http://rebound.example/x", Resolver(**{"rebound.example": [address]}))


def test_an_address_is_checked_at_each_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that turns private between two tries is refused at the second."""
    resolver = Resolver(**{"flips.example": ["203.0.113.9", "127.0.0.1"]})
    monkeypatch.setattr("modelkeep.http.addresses.is_public", lambda a: str(a) == "203.0.113.9")
    connected: list[str] = []

    def refuse(_self: object, _sock: object, address: tuple[str, int], _until: float) -> None:
        connected.append(address[0])
        raise ConnectionResetError("planted")

    monkeypatch.setattr("modelkeep.http.urllib3_adapter._GuardedConnection._connect", refuse)
    with pytest.raises(AddressRefusedError):
        ask("http://flips.example/x", resolver, tries=3)
    assert connected == ["203.0.113.9"]


def test_other_ports_are_refused_but_on_listed_hosts(server: FaultServer) -> None:
    server.serve("/x", Page(b"x"))
    with pytest.raises(AddressRefusedError, match="port 8080"):
        ask("http://web.example:8080/x", Resolver())
    listed = f"http://nas.home:{server.port}/x"
    assert ask(
        listed, Resolver(**{"nas.home": ["127.0.0.1"]}), allow_private_hosts=("nas.home",)
    ) == (b"x")


def test_a_redirect_to_another_private_host_needs_its_own_entry(server: FaultServer) -> None:
    server.serve("/m", redirect(f"http://other.home:{server.port}/x"))
    server.serve("/x", Page(b"x"))
    names = {"nas.home": ["127.0.0.1"], "other.home": ["127.0.0.1"]}
    url = f"http://nas.home:{server.port}/m"
    with pytest.raises(AddressRefusedError, match="may not"):
        ask(url, Resolver(**names), allow_private_hosts=("nas.home",))
    assert ask(url, Resolver(**names), allow_private_hosts=("nas.home", "other.home")) == b"x"


def test_addresses_of_sites_in_the_settings_are_reached_and_lead_to_no_other(
    server: FaultServer,
) -> None:
    server.serve("/x", Page(b"x"))
    server.serve("/m", redirect(f"http://127.0.0.2:{server.port}/x"))
    endpoint = frozenset({origin_of(server.url(""))})
    assert ask(server.url("/x"), endpoints=endpoint) == b"x"
    with pytest.raises(AddressRefusedError):
        ask(server.url("/m"), endpoints=endpoint)


def test_a_proxy_of_the_environment_is_not_used(
    server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.port}")
    with pytest.raises(AddressRefusedError):
        ask("http://rebound.example/x", Resolver(**{"rebound.example": ["127.0.0.1"]}))
    assert server.requests == []


# sources and jobs


def test_a_requested_link_is_not_looked_up_in_the_private_network(
    server: FaultServer, tmp_path: Path
) -> None:
    url = server.serve("/m.safetensors", Page(b"x" * 600))
    with ModelManager(Settings(root=tmp_path / "root")) as manager:
        for source in (url, {"type": "url", "url": url, "public_only": False}):
            found = requested_source(manager, source)
            assert found.public_only
            with pytest.raises(AddressRefusedError):
                manager.installer.plan(found, {})
            assert isinstance(answer(manager, found).error, AddressRefusedError)
            job = manager.installer.import_model(found)
            manager.installer.wait_for_installs()
            assert isinstance(job.exception, AddressRefusedError)
    assert server.requests == []


def test_a_stored_install_keeps_to_it(tmp_path: Path) -> None:
    with ModelManager(Settings(root=tmp_path / "root")) as manager:
        source = requested_source(manager, "http://web.example/m.safetensors")
        stored = InstallDetails.of(ModelInstallJob(1, source)).encode()
        remote = InstallDetails.decode(stored).remote
        assert remote is not None
        restored = manager.sites.restore(remote)
        assert (restored, restored.public_only) == (source, True)
        assert "public_only" not in json.dumps(source.model_dump(mode="json"))


def test_a_stored_download_keeps_to_it(tmp_path: Path) -> None:
    with ModelManager(Settings(root=tmp_path / "root", offline=True)) as manager:
        queue = manager.downloads
        job = queue.make_job("http://web.example/m.bin", tmp_path / "m.bin", public_only=True)
        queue.submit_download_job(job, start=False)
        [row] = manager.jobs.rows("download")
        restored = queue.engine.kinds["download"].decode(row)
        assert restored.public_only
        assert "public_only" not in restored.model_dump()


def test_a_download_keeps_to_it(server: FaultServer, tmp_path: Path) -> None:
    url = server.serve("/m.bin", Page(b"x"))
    queue = DownloadQueueService(options=QUICK)
    queue.start()
    job = queue.make_job(url, tmp_path / "m.bin", public_only=True)
    assert isinstance(job, DownloadJobURL)
    queue.submit_download_job(job)
    queue.join()
    queue.stop()
    assert isinstance(job.exception, AddressRefusedError)
    assert server.requests == []
