"""A guarded client connects to public addresses and to what is allowed, and to nothing else, however it is spelled."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.errors import TransportError
from sealock.net.http import AddressGuard, HttpTransport
from sealock.net.http.connections import dial
from sealock.net.http.guard import innermost, is_allowable, is_public
from support.simulators.registry import RegistrySimulator, Reply, registry


@pytest.fixture
def server() -> Iterator[RegistrySimulator]:
    with registry() as simulator:
        yield simulator


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("127.0.0.1", "loopback"),
        ("127.9.9.9", "loopback, another address of the network"),
        ("::1", "loopback"),
        ("0.0.0.0", "this machine"),
        ("::", "this machine"),
        ("10.1.2.3", "a private network"),
        ("172.16.0.1", "where Docker's bridges are"),
        ("192.168.1.1", "a private network"),
        ("100.64.0.1", "shared by carriers"),
        ("100.100.100.200", "a cloud's metadata"),
        ("169.254.169.254", "a cloud's metadata"),
        ("168.63.129.16", "a cloud's platform"),
        ("fe80::1%eth0", "link-local with its zone"),
        ("fd00:ec2::254", "a cloud's metadata"),
        ("fec0::1", "site-local, as it once was"),
        ("224.0.0.1", "multicast"),
        ("ff02::1", "multicast"),
        ("255.255.255.255", "everyone here"),
        ("::ffff:127.0.0.1", "mapped loopback"),
        ("::ffff:a9fe:a9fe", "mapped metadata in hexadecimal"),
        ("::127.0.0.1", "compatible, as it once was"),
        ("64:ff9b::7f00:1", "translated loopback"),
        ("64:ff9b::169.254.169.254", "translated metadata"),
        ("64:ff9b:1::1", "translation within a network"),
        ("2002:7f00:1::1", "a tunnel to loopback"),
        ("2002:c0a8:101::", "a tunnel to a private network"),
        ("2001:0:4136:e378:8000:63bf:80ff:fffe", "Teredo to loopback"),
        ("198.18.0.1", "benchmarks"),
        ("240.0.0.1", "reserved"),
    ],
)
def test_an_internal_address_is_refused(address: str, what: str) -> None:
    assert "refused" in AddressGuard().refusal("innocent.example", 443, address), what


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"]
)
def test_a_public_address_is_allowed(address: str) -> None:
    assert not AddressGuard().refusal("example.org", 443, address)


@pytest.mark.parametrize(
    ("entry", "host", "address", "allowed"),
    [
        ("registry.lan", "registry.lan", "10.0.0.5", True),
        ("registry.lan", "REGISTRY.lan.", "10.0.0.5", True),
        ("registry.lan:5000", "registry.lan", "10.0.0.5", True),
        ("registry.lan:5001", "registry.lan", "10.0.0.5", False),
        ("registry.lan", "other.lan", "10.0.0.5", False),
        ("lan", "registry.lan", "10.0.0.5", False),
        ("10.0.0.5", "any.example", "10.0.0.5", True),
        ("10.0.0.0/8", "any.example", "10.200.0.5", True),
        ("10.0.0.0/8", "any.example", "::ffff:10.200.0.5", True),
        ("10.0.0.0/8", "any.example", "192.168.0.1", False),
        ("fd00::/8", "any.example", "fd12::1", True),
        ("not a network/8", "any.example", "10.0.0.1", False),
        ("::1", "[::1]", "::1", True),
    ],
)
def test_what_is_allowed_by_name_or_network(entry: str, host: str, address: str, *, allowed: bool) -> None:
    assert (not AddressGuard((entry,)).refusal(host, 5000, address)) is allowed


@pytest.mark.parametrize(
    ("entry", "allowable"),
    [("[fd00::1]:443", True), ("[fd00::1::2]", False), ("a.example:443", True), ("10.0.0.256", False)],
)
def test_an_entry_that_can_match_nothing_is_known(entry: str, *, allowable: bool) -> None:
    assert is_allowable(entry) is allowable


@given(st.ip_addresses(v=4))
def test_an_address_is_the_same_in_every_spelling(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    spellings = (f"::ffff:{address}", f"64:ff9b::{address}", str(ipaddress.IPv6Address((0x2002 << 112) | number << 80)))
    for spelling in spellings:
        assert innermost(ipaddress.ip_address(spelling)) == address
        refused = bool(AddressGuard().refusal("x.example", 80, spelling))
        assert refused is not is_public(address)


@given(st.ip_addresses(v=6))
def test_any_address_has_an_answer(address: ipaddress.IPv6Address) -> None:
    assert isinstance(AddressGuard(("10.0.0.0/8",)).refusal("x", 1, str(address)), str)


def test_a_guarded_client_does_not_reach_loopback(server: RegistrySimulator) -> None:
    with pytest.raises(TransportError, match=r"127\.0\.0\.1 is an internal address"):
        HttpTransport(guard=AddressGuard()).request("GET", f"{server.url}/x")
    assert not server.asked


@pytest.mark.parametrize("spelling", ["2130706433", "0x7f.1", "127.1", "0177.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
def test_nor_by_another_spelling(server: RegistrySimulator, spelling: str) -> None:
    port = server.url.rpartition(":")[2]
    with pytest.raises(TransportError, match=r"internal address|uses plain HTTP"):
        HttpTransport(guard=AddressGuard(), insecure={spelling}).request("GET", f"http://{spelling}:{port}/x")
    assert not server.asked


def test_a_guarded_client_reaches_what_is_allowed(server: RegistrySimulator) -> None:
    server.answers = lambda _asked: Reply(200, b"here")
    answer = HttpTransport(guard=AddressGuard(("127.0.0.0/8",))).request("POST", f"{server.url}/x", body=b"1")
    assert answer.read(100) == b"here"


def test_a_redirect_into_the_network_is_refused(server: RegistrySimulator) -> None:
    port = server.url.rpartition(":")[2]
    with registry() as other:
        elsewhere = other.url.rpartition(":")[2]
        server.answers = lambda _asked: Reply(302, b"", {"location": f"http://127.0.0.1:{elsewhere}/admin"})
        with pytest.raises(TransportError, match="internal address"):
            HttpTransport(guard=AddressGuard((f"127.0.0.1:{port}",))).request("GET", f"{server.url}/x")
        assert not other.asked


@pytest.mark.parametrize("target", ["http://[::1/", "//[x/", "http://a]b/"])
def test_a_redirect_to_what_is_no_address_is_refused(server: RegistrySimulator, target: str) -> None:
    server.answers = lambda _asked: Reply(302, b"", {"location": target})
    with pytest.raises(TransportError, match=f"'{re.escape(target)}' is not a valid address"):
        HttpTransport().request("GET", f"{server.url}/x")


def test_of_the_addresses_of_a_name_each_is_tried_that_is_allowed(
    server: RegistrySimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(server.url.rpartition(":")[2])
    server.answers = lambda _asked: Reply(200, b"here")
    several = ["169.254.169.254", "10.0.0.1", "127.0.0.1"]
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in several],
    )
    transport = HttpTransport(guard=AddressGuard(("127.0.0.0/8",)), insecure={"several.example"})
    assert transport.request("GET", f"http://several.example:{port}/x").read(100) == b"here"
    sock, reach = dial("several.example", port, 5, only="loopback", guard=AddressGuard(("127.0.0.0/8",)))
    sock.close()
    assert reach == "loopback"


def test_a_name_that_changes_its_mind_is_checked_at_each_connection(
    server: RegistrySimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first answer is public, the next is ours: the address that is connected to is the one that was checked."""
    port = int(server.url.rpartition(":")[2])
    resolved: list[str] = []

    def resolve(host: str, port: int, **_kind: Any) -> list[Any]:
        resolved.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    transport = HttpTransport(guard=AddressGuard(), insecure={"rebinding.example"})
    with pytest.raises(TransportError, match=r"127\.0\.0\.1 is an internal address"):
        transport.request("GET", f"http://rebinding.example:{port}/x")
    assert resolved == ["rebinding.example"]
    assert not server.asked


def test_a_proxy_is_not_asked_for_what_a_guard_must_check(server: RegistrySimulator) -> None:
    environment = {"http_proxy": server.url, "https_proxy": server.url}
    with pytest.raises(TransportError, match=r"10\.0\.0\.1 is an internal address"):
        HttpTransport(guard=AddressGuard(), environment=environment, insecure={"10.0.0.1"}).request(
            "GET", "http://10.0.0.1/x"
        )
    assert not server.asked
