"""Pins of repositories' root keys, from Notary's configuration (`trust_pinning`)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import Struct

from sealock.errors import PolicyError

_CERTIFICATES: Final = 1 << 20
"""Maximum bytes of a file of authorities."""


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
    except (ValueError, RecursionError):
        msg = f"{source} is not JSON"
        raise PolicyError(msg) from None
    pinning = table.get("trust_pinning") if isinstance(table, dict) else None
    if pinning is None:
        return None
    if not isinstance(pinning, dict):
        raise _wrong(source, "trust_pinning")
    unknown = pinning.keys() - {"certs", "ca", "disable_tofu"}
    if unknown:
        # A misspelled pin must not count as no pin.
        raise _wrong(source, f"trust_pinning.{min(unknown)}")
    closed = pinning.get("disable_tofu", False)
    if not isinstance(closed, bool):
        raise _wrong(source, "trust_pinning.disable_tofu")
    certificates = {
        name: frozenset(_texts(ids, source, f"trust_pinning.certs.{name}"))
        for name, ids in _mapping(pinning, "certs", source).items()
    }
    authorities = {
        name: _authority(path, source, f"trust_pinning.ca.{name}", load)
        for name, path in _mapping(pinning, "ca", source).items()
    }
    return Pins(certificates, authorities, not closed, source)


def merged(first: Pins, second: Pins) -> Pins:
    """Merge pins: the first win for the same name; trust on first use needs the permission of both."""
    return Pins(
        {**second.certificates, **first.certificates},
        {**second.authorities, **first.authorities},
        first.first_use and second.first_use,
        ", ".join(source for source in (first.source, second.source) if source),
    )


def _mapping(table: dict[str, Any], name: str, source: str) -> dict[str, Any]:
    value = table.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _wrong(source, f"trust_pinning.{name}")
    return value


def _texts(value: object, source: str, where: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise _wrong(source, where)
    return [text.lower() for text in value]


def _authority(value: object, source: str, where: str, load: Callable[[str], bytes]) -> bytes:
    if not isinstance(value, str):
        raise _wrong(source, where)
    raw = load(value)
    if len(raw) > _CERTIFICATES or b"-----BEGIN CERTIFICATE-----" not in raw:
        msg = f"{source}: {where} names {value}, which has no PEM certificates"
        raise PolicyError(msg)
    return raw


def _wrong(source: str, where: str) -> PolicyError:
    return PolicyError(f"{source}: {where} is invalid; see docs/guide/trust.md")
