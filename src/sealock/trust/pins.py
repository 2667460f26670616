"""Pins: what a repository's root key must be, told beforehand, as Notary's configuration (`trust_pinning`) says it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import Struct

from sealock.errors import PolicyError

_CERTIFICATES: Final = 1 << 20
"""Bytes of a file of authorities at the most."""


class Pin(Struct, frozen=True):
    """What holds for one repository: one of these certificates, or one that these authorities (PEM) issued.

    `ids` are Notary's ids of root keys. Both None: whatever is there at first use, if `first_use` allows that.
    """

    ids: frozenset[str] | None = None
    authorities: bytes | None = None
    first_use: bool = True
    source: str = ""
    """The file that says so."""


class Pins(Struct, frozen=True):
    """All pins. Certificates go by a repository, or by a prefix that ends in a star; authorities go by a prefix."""

    certificates: Mapping[str, frozenset[str]] = {}
    authorities: Mapping[str, bytes] = {}
    first_use: bool = True
    source: str = ""


def pin_of(pins: Pins, repository: str) -> Pin:
    """Find what holds for a repository: its certificates, the longest prefix's, the longest prefix's authority."""
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
    """Read the pins that a JSON configuration holds, None where it holds none; PolicyError says what is wrong.

    `load` gives what is in a file of authorities, whose path may be relative to the configuration.
    """
    try:
        table = json.loads(text)
    except (ValueError, RecursionError):
        msg = f"{source} is not JSON"
        raise PolicyError(msg) from None
    found = table.get("trust_pinning") if isinstance(table, dict) else None
    if found is None:
        return None
    if not isinstance(found, dict):
        raise _wrong(source, "trust_pinning")
    unknown = found.keys() - {"certs", "ca", "disable_tofu"}
    if unknown:
        # A pin that is spelled wrongly must not become no pin.
        raise _wrong(source, f"trust_pinning.{min(unknown)}")
    closed = found.get("disable_tofu", False)
    if not isinstance(closed, bool):
        raise _wrong(source, "trust_pinning.disable_tofu")
    certificates = {
        name: frozenset(_texts(ids, source, f"trust_pinning.certs.{name}"))
        for name, ids in _mapping(found, "certs", source).items()
    }
    authorities = {
        name: _authority(path, source, f"trust_pinning.ca.{name}", load)
        for name, path in _mapping(found, "ca", source).items()
    }
    return Pins(certificates, authorities, not closed, source)


def merged(first: Pins, second: Pins) -> Pins:
    """Both; where they speak of the same name the first counts, and first use is allowed only if both allow it."""
    return Pins(
        {**second.certificates, **first.certificates},
        {**second.authorities, **first.authorities},
        first.first_use and second.first_use,
        ", ".join(one for one in (first.source, second.source) if one),
    )


def _mapping(table: dict[str, Any], name: str, source: str) -> dict[str, Any]:
    value = table.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _wrong(source, f"trust_pinning.{name}")
    return value


def _texts(value: object, source: str, where: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise _wrong(source, where)
    return [one.lower() for one in value]


def _authority(value: object, source: str, where: str, load: Callable[[str], bytes]) -> bytes:
    if not isinstance(value, str):
        raise _wrong(source, where)
    raw = load(value)
    if len(raw) > _CERTIFICATES or b"-----BEGIN CERTIFICATE-----" not in raw:
        msg = f"{source}: {where} names {value}, which has no PEM certificates"
        raise PolicyError(msg)
    return raw


def _wrong(source: str, where: str) -> PolicyError:
    return PolicyError(f"{source}: {where} is not what it can be; see docs/guide/trust.md")
