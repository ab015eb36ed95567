"""Public and private addresses, however they are written."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from modelkeep.http.addresses import AllowedHosts, is_private_host, is_public


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("10.0.0.5", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 - an address to refuse
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("::127.0.0.1", False),
        ("64:ff9b::10.0.0.1", False),
        ("64:ff9b::8.8.8.8", True),
        ("2002:7f00:1::", False),
        ("2002:808:808::", True),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", False),
    ],
)
def test_addresses(address: str, public: bool) -> None:
    assert is_public(ip_address(address)) is public


@pytest.mark.parametrize(
    ("host", "private"),
    [
        ("localhost", True),
        ("printer.local", True),
        ("a.localhost", True),
        ("metadata.google.internal", True),
        ("127.1", True),
        ("2130706433", True),
        ("0x7f.0.0.1", True),
        ("017700000001", True),
        ("fe80::1%eth0", True),
        ("134744072", False),
        ("hub.example", False),
        ("local.example", False),
        ("127.0.0.1.example", False),
        ("bücher", False),
    ],
)
def test_names_that_say_it_themselves(host: str, private: bool) -> None:
    assert is_private_host(host) is private


@pytest.mark.parametrize(
    ("host", "listed"),
    [
        ("nas.home", True),
        ("10.1.2.3", True),
        ("10.2.2.3", False),
        ("192.168.0.7", True),
        ("::ffff:10.1.0.1", True),
        ("fd00::7", True),
        ("fd00::8", False),
        ("other.home", False),
    ],
)
def test_private_hosts_that_a_user_allows(host: str, listed: bool) -> None:
    allowed = AllowedHosts(["NAS.home", "10.1.0.0/16", "192.168.0.7", "[fd00::7]"])
    assert (host in allowed) is listed
