"""Two spellings of a registry are one host, as resolvers and clients take them."""

from __future__ import annotations

import pytest

from sealock.model.registries import canonical_host


@pytest.mark.parametrize(
    ("host", "canonical"),
    [
        ("Registry.Example.COM", "registry.example.com"),
        ("registry.example.com.", "registry.example.com"),
        ("registry.example.com.:5000", "registry.example.com:5000"),
        ("registry.example.com:443", "registry.example.com"),
        ("registry.example.com:0443", "registry.example.com"),
        ("registry.example.com:05000", "registry.example.com:5000"),
        ("registry.example.com:000", "registry.example.com:0"),
        ("registry.example.com:", "registry.example.com:"),
        ("registry.example.com:x", "registry.example.com:x"),
        ("registry.example.com:٤٤٣", "registry.example.com:٤٤٣"),
        ("127.1", "127.0.0.1"),
        ("0x7f.0.0.1:5000", "127.0.0.1:5000"),
        ("0177.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "0.0.0.0"),
        ("2130706433", "127.0.0.1"),
        ("10.258", "10.0.1.2"),
        ("10.1.65535", "10.1.255.255"),
        ("10.1.65536", "10.1.65536"),
        ("255.255.255.255", "255.255.255.255"),
        ("256.0.0.1", "256.0.0.1"),
        ("1.256.1", "1.256.1"),
        ("1.2.3.256", "1.2.3.256"),
        ("1.2.3.4.5", "1.2.3.4.5"),
        ("4294967295", "255.255.255.255"),
        ("4294967296", "4294967296"),
        ("09.1", "09.1"),
        ("1.2.3.4x", "1.2.3.4x"),
        ("a.1", "a.1"),
        ("1.a", "1.a"),
        ("[::1]", "[::1]"),
        ("[0:0::1]:5000", "[::1]:5000"),
        ("[::1]:443", "[::1]"),
        ("[::ffff:10.0.0.1]:5000", "10.0.0.1:5000"),
        ("[nonsense]", "[nonsense]"),
    ],
)
def test_a_host_has_one_spelling(host: str, canonical: str) -> None:
    assert canonical_host(host) == canonical
    assert canonical_host(canonical) == canonical
