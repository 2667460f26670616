"""Hosts that may be connected to: what an entry allows, and which spellings of a request it does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.model.allowedhosts import AllowedHost, find_host, read_host


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("packages.net", AllowedHost("packages.net")),
        ("Packages.net", AllowedHost("packages.net")),
        ("packages.net:443", AllowedHost("packages.net", (443,))),
        ("*.example.com:8443", AllowedHost("*.example.com", (8443,))),
        ("bücher.example", AllowedHost("xn--bcher-kva.example")),
        ("10.1.2.3", AllowedHost("10.1.2.3", address="10.1.2.3")),
        ("[2001:DB8::0:1]:80", AllowedHost("2001:db8::1", (80,), "2001:db8::1")),
        ("git.corp.example:22=10.1.2.3", AllowedHost("git.corp.example", (22,), "10.1.2.3")),
        ("git.corp.example=fd00::1", AllowedHost("git.corp.example", address="fd00::1")),
    ],
)
def test_an_entry_names_a_host(text: str, entry: AllowedHost) -> None:
    assert read_host(text) == entry
    assert read_host(entry.text) == entry


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*",
        "*.com",
        "*.",
        "a..b",
        "*x.org",
        "a.*.org",
        "http://packages.net",
        "packages.net/simple",
        "user@packages.net",
        "a:0",
        "a:65536",
        "a:b",
        "2130706433",
        "0x7f.1",
        "127.1",
        "a.1",
        "[::1",
        "::1",
        "fe80::1%eth0",
        "a=b",
        "a=",
        "1.2.3.4=5.6.7.8",
    ],
)
def test_what_names_no_host_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="is no host"):
        read_host(text)


HOSTS = tuple(map(read_host, ("packages.net", "*.example.com", "db.example:5432", "10.1.2.3:8080")))


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("packages.net", 443),
        ("PACKAGES.NET", 80),
        ("packages.net.", 443),
        ("a.example.com", 443),
        ("a.b.example.com", 80),
        ("db.example", 5432),
        ("10.1.2.3", 8080),
    ],
)
def test_a_request_for_a_listed_host_is_allowed(host: str, port: int) -> None:
    assert find_host(HOSTS, host, port) is not None


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("packages.net", 22),
        ("evil.packages.net", 443),
        ("packages.net.evil.net", 443),
        ("example.com", 443),
        ("xexample.com", 443),
        ("packages.net..", 443),
        ("packages.net\0.example.com", 443),
        ("a b.example.com", 443),
        (".example.com", 443),
        ("", 443),
        ("10.1.2.3", 80),
        ("167838211", 8080),
        ("0xa.1.2.3", 8080),
        ("012.1.2.3", 8080),
        ("::ffff:10.1.2.3", 8080),
        ("db.example", 80),
        ("*.example.com", 443),
        (f"{'a' * 64}.example.com", 443),
        ("a." * 140 + "example.com", 443),
    ],
)
def test_another_spelling_or_port_is_not(host: str, port: int) -> None:
    assert find_host(HOSTS, host, port) is None


@pytest.mark.parametrize(
    ("policy", "asked", "covers"),
    [
        ("packages.net", "packages.net:443", True),
        ("packages.net:443", "packages.net", False),
        ("*.example.com", "a.example.com", True),
        ("*.example.com", "*.a.example.com", True),
        ("a.example.com", "*.example.com", False),
        ("*.example.com", "example.com", False),
        ("packages.net", "packages.net=10.0.0.1", False),
    ],
)
def test_an_entry_covers_what_it_allows_all_of(policy: str, asked: str, *, covers: bool) -> None:
    assert read_host(policy).covers(read_host(asked)) is covers


@given(st.text(max_size=40) | st.text("*.ab:=19[]", max_size=12))
def test_any_text_is_an_entry_or_an_error(text: str) -> None:
    try:
        entry = read_host(text)
    except ValueError:
        return
    assert read_host(entry.text) == entry
    assert find_host((entry,), entry.name, entry.ports[0]) == (None if entry.name.startswith("*.") else entry)
