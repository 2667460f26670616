"""Where the service listens, and whether only this machine reaches that."""

from __future__ import annotations

import pytest

from sealock.errors import UsageError
from sealock.service.listening import parse_listener


@pytest.mark.parametrize(
    ("text", "host", "loopback", "url"),
    [
        pytest.param("8080", "127.0.0.1", True, "http://127.0.0.1:8080", id="a port"),
        pytest.param("localhost:8080", "localhost", True, "http://localhost:8080", id="localhost"),
        pytest.param("127.9.9.9:8080", "127.9.9.9", True, "http://127.9.9.9:8080", id="another loopback address"),
        pytest.param("[::1]:8080", "::1", True, "http://[::1]:8080", id="the loopback address of IPv6"),
        pytest.param("0.0.0.0:8080", "0.0.0.0", False, "http://localhost:8080", id="all addresses"),
        pytest.param("[::]:8080", "::", False, "http://localhost:8080", id="all addresses of IPv6"),
        pytest.param("192.0.2.1:8080", "192.0.2.1", False, "http://192.0.2.1:8080", id="an address of the network"),
        pytest.param("127.0.0.1:65535", "127.0.0.1", True, "http://127.0.0.1:65535", id="the last port"),
    ],
)
def test_a_place_to_listen_at_is_read(text: str, host: str, url: str, *, loopback: bool) -> None:
    listener = parse_listener(text)
    assert (listener.host, listener.is_loopback, listener.url()) == (host, loopback, url)


@pytest.mark.parametrize("text", ["", "x", "-1", "65536", "a:b", "::1:80", "²", "9" * 5000])
def test_what_is_no_place_to_listen_at_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no place to listen at"):
        parse_listener(text)
