"""JSON of others that is damaged, or nested too deeply, is what its reader has for that, and never another exception."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import pytest

from sealock.cli.cijobs import _object
from sealock.errors import EngineError, PolicyError, TransportError, UsageError
from sealock.guard.decision.exchange import EngineAnswer
from sealock.guard.facts import _read
from sealock.guard.log import MASK, _masked_parameter, masked_body
from sealock.guard.session import _decoded
from sealock.image.bytesources import UnreadableError
from sealock.image.manifest import Config, decode
from sealock.inventory.analyzer import BrokenFileError
from sealock.inventory.rustbinary import _crates
from sealock.net.registry.credentials import _table
from sealock.net.registry.manifests import ManifestError, strict_json
from sealock.runtime.host.people import _has_password, _host
from sealock.runtime.watch.lifecycle import read_event
from sealock.runtime.watch.notifications import read_state
from sealock.service.state.reports import parse_report
from sealock.service.views.networks import read_map
from sealock.service.web.bodies import decode_body
from sealock.service.web.errors import HttpError
from sealock.service.work.notifications import parse_notification
from sealock.trust.notary.canonical import decode as decode_metadata
from sealock.trust.pins import read_pins
from sealock.trust.refusal import MetadataRefusedError

_DEPTH = 3000
TEXTS = {
    "no JSON": b"{x",
    "cut off": b'{"odd": ',
    "not UTF-8": b'{"odd": "\xff", "auths": {"\xff": 1}, "name": "\xff"}',
    "nested too deeply": b'{"odd": ' + b"[" * _DEPTH + b"]" * _DEPTH + b"}",
    "objects nested too deeply": b'{"odd": ' * _DEPTH + b"0" + b"}" * _DEPTH,
}
READERS: dict[str, tuple[Callable[[bytes], Any], object]] = {
    "a body in the guard's log": (lambda data: bytes(masked_body(data)).decode(), "that are no JSON"),  # type: ignore[arg-type]
    "an answer of the engine to the guard": (lambda data: _read(200, data), EngineAnswer(200)),
    "an answer that the guard changes": (_decoded, EngineError),
    "the configuration of an image": (lambda data: decode(data, Config), UnreadableError),
    "the crates of a program": (lambda data: _crates(zlib.compress(data)), BrokenFileError),
    "the credentials of registries": (lambda data: _table("x", data), TransportError),
    "a manifest": (strict_json, ManifestError),
    "an event of an engine": (read_event, None),
    "what a runtime says of a container": (read_state, None),
    "a host's report": (parse_report, UsageError),
    "a registry's notification": (parse_notification, UsageError),
    "a body of the service": (lambda data: decode_body(data, dict[str, Any]), HttpError),
    "metadata of Notary": (lambda data: decode_metadata(data, "root"), MetadataRefusedError),
}  # fmt: skip
OF_TEXTS: dict[str, tuple[Callable[[str], Any], object]] = {
    "a parameter in the guard's log": (_masked_parameter, MASK),
    "credentials of Docker's client": (_has_password, False),
    "a context of Docker's client": (_host, ""),
    "what a CI system says of its job": (_object, {}),
    "the network map of a host": (read_map, None),
    "pins of Notary's client": (lambda text: read_pins(text, "x", lambda _: b""), PolicyError),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize(("read", "expected"), READERS.values(), ids=READERS)
def test_damaged_bytes_are_what_their_reader_has_for_them(
    read: Callable[[bytes], Any], expected: object, text: bytes
) -> None:
    _check(read, expected, text)


@pytest.mark.parametrize("text", [text.decode() for text in TEXTS.values() if text.isascii()])
@pytest.mark.parametrize(("read", "expected"), OF_TEXTS.values(), ids=OF_TEXTS)
def test_a_damaged_text_is_what_its_reader_has_for_it(read: Callable[[str], Any], expected: object, text: str) -> None:
    _check(read, expected, text)


def _check(read: Callable[[Any], Any], expected: object, text: object) -> None:
    if isinstance(expected, type) and issubclass(expected, Exception):
        with pytest.raises(expected) as error:
            read(text)
        assert str(error.value)
        assert len(str(error.value)) < 500
    elif isinstance(expected, str) and expected:
        assert expected in read(text)
    else:
        assert read(text) == expected
