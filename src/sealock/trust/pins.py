"""Pins of repositories' root keys, from Notary's configuration (`trust_pinning`)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from msgspec import Struct, ValidationError, convert

from sealock.errors import UNDECODABLE, PolicyError

_CERTIFICATES: Final = 1 << 20
"""Maximum bytes of a file of authorities."""
T = TypeVar("T")


class Pin(Struct, frozen=True):
    """The pin of one repository: one of these certificates, or one that these authorities (PEM) issued.

    `ids` are Notary's ids of root keys. Both None: the first root is trusted, if `first_use` allows it.
    """

    ids: frozenset[str] | None = None
    authorities: bytes | None = None
    first_use: bool = True
    source: str = ""
    """The file or option of the pin."""


class Pins(Struct, frozen=True):
    """All pins: certificates by repository, or by prefix with a final star; authorities by prefix."""

    certificates: Mapping[str, frozenset[str]] = {}
    authorities: Mapping[str, bytes] = {}
    first_use: bool = True
    source: str = ""


class _TrustPinning(Struct, forbid_unknown_fields=True):
    """Strict: a misspelled pin must not count as no pin."""

    certs: dict[str, Any] | None = None
    ca: dict[str, Any] | None = None
    disable_tofu: bool = False


class _Configuration(Struct):
    trust_pinning: _TrustPinning | None = None


def pin_of(pins: Pins, repository: str) -> Pin:
    """Find a repository's pin: its certificates, or the longest prefix's, or the longest prefix's authority."""
    if (ids := pins.certificates.get(repository)) is not None:
        return Pin(ids, None, pins.first_use, pins.source)
    stars = [
        certificate
        for certificate in pins.certificates
        if certificate.endswith("*") and repository.startswith(certificate[:-1])
    ]
    if stars:
        return Pin(pins.certificates[max(stars, key=len)], None, pins.first_use, pins.source)
    prefixes = [authority for authority in pins.authorities if repository.startswith(authority)]
    if prefixes:
        return Pin(None, pins.authorities[max(prefixes, key=len)], pins.first_use, pins.source)
    return Pin(None, None, pins.first_use, pins.source)


def read_pins(text: str, source: str, load: Callable[[str], bytes]) -> Pins | None:
    """Read the pins of a JSON configuration, None where it has none; PolicyError says what is wrong.

    `load` reads a file of authorities, whose path may be relative to the configuration.
    """
    try:
        table = json.loads(text)
    except UNDECODABLE:
        msg = f"{source} is not JSON"
        raise PolicyError(msg) from None
    pinning = _shaped(table, _Configuration, source).trust_pinning
    if pinning is None:
        return None
    certificates = {
        name: frozenset(text.lower() for text in _shaped(ids, list[str], f"{source}: trust_pinning.certs.{name}"))
        for name, ids in (pinning.certs or {}).items()
    }
    authorities = {
        name: _authority(path, f"{source}: trust_pinning.ca.{name}", load) for name, path in (pinning.ca or {}).items()
    }
    return Pins(certificates, authorities, not pinning.disable_tofu, source)


def merged(first: Pins, second: Pins) -> Pins:
    """Merge pins: the first win for the same name; trust on first use needs the permission of both."""
    return Pins(
        {**second.certificates, **first.certificates},
        {**second.authorities, **first.authorities},
        first.first_use and second.first_use,
        ", ".join(source for source in (first.source, second.source) if source),
    )


def _authority(value: object, where: str, load: Callable[[str], bytes]) -> bytes:
    path = _shaped(value, str, where)
    raw = load(path)
    if len(raw) > _CERTIFICATES or b"-----BEGIN CERTIFICATE-----" not in raw:
        msg = f"{where} names {path}, which has no PEM certificates"
        raise PolicyError(msg)
    return raw


def _shaped(value: object, kind: type[T], where: str) -> T:
    try:
        return convert(value, kind)
    except ValidationError as error:
        msg = f"{where} is invalid: {error}. See docs/guide/trust.md"
        raise PolicyError(msg) from None
