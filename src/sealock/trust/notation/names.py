"""Distinguished names in trust policies, and whether a certificate's subject matches one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cryptography.x509 import Name
from msgspec import Struct

from sealock.errors import PolicyError

_OIDS: Final = {
    "CN": "2.5.4.3",
    "SERIALNUMBER": "2.5.4.5",
    "C": "2.5.4.6",
    "L": "2.5.4.7",
    "ST": "2.5.4.8",
    "S": "2.5.4.8",
    "STREET": "2.5.4.9",
    "O": "2.5.4.10",
    "OU": "2.5.4.11",
    "POSTALCODE": "2.5.4.17",
    "DC": "0.9.2342.19200300.100.1.25",
    "UID": "0.9.2342.19200300.100.1.1",
}
_MUST: Final = {"C": "2.5.4.6", "ST": "2.5.4.8", "O": "2.5.4.10"}
_MOST: Final = 2000
_HEX: Final = frozenset("0123456789abcdefABCDEF")
PREFIX: Final = "x509.subject:"


class CertificateSubject(Struct, frozen=True):
    """Some attributes of a subject, by object identifier; `text` is the source."""

    attributes: Mapping[str, str]
    text: str

    def fits(self, name: Name) -> bool:
        """Whether a certificate's subject has all of these attributes, each once and with this value."""
        values: dict[str, list[str]] = {}
        for attribute in name:
            value = attribute.value
            text = value if isinstance(value, str) else value.decode("utf-8", "replace")
            values.setdefault(attribute.oid.dotted_string, []).append(text)
        return all(values.get(oid) == [value] for oid, value in self.attributes.items())

    def overlaps(self, other: CertificateSubject) -> bool:
        """Whether one is a part of the other, so that a certificate may match both."""
        return all(other.attributes.get(oid, value) == value for oid, value in self.attributes.items()) and (
            self.attributes.keys() <= other.attributes.keys() or other.attributes.keys() <= self.attributes.keys()
        )


def read_subject(text: str, *, whole: bool = False) -> CertificateSubject:
    """Read `C=US, ST=WA, O=example`, with or without its prefix; PolicyError says what is wrong with it.

    `whole`: as in a trust policy, which requires country, state and organization.
    """
    body = text.lstrip().removeprefix(PREFIX).lstrip()
    attributes: dict[str, str] = {}
    for part in _split(body[: _MOST + 1], text):
        key, mark, value = part.partition("=")
        oid = _OIDS.get(key.strip().upper())
        if not mark or oid is None or not value.strip():
            msg = f"{text[:200]!r}: {part.strip()[:60]!r} is not an attribute of a subject, for example O=example"
            raise PolicyError(msg)
        if oid in attributes:
            msg = f"{text[:200]!r} has {key.strip()} twice"
            raise PolicyError(msg)
        attributes[oid] = _plain(value, text)
    if not attributes or len(body) > _MOST:
        msg = f"{text[:200]!r} is not a subject, for example C=US, ST=WA, O=example"
        raise PolicyError(msg)
    if whole and (missing := [name for name, oid in _MUST.items() if oid not in attributes]):
        msg = f"{text[:200]!r} lacks {' and '.join(missing)}: a trusted identity needs at least C, ST and O"
        raise PolicyError(msg)
    return CertificateSubject(attributes, body)


def _split(body: str, text: str) -> list[str]:
    """Split at commas that are not escaped."""
    parts, start, at = [], 0, 0
    while at < len(body):
        if body[at] == "\\":
            at += 1
        elif body[at] == "+":
            msg = f"{text[:200]!r}: attributes joined by + are not supported; escape it as \\+ in a value"
            raise PolicyError(msg)
        elif body[at] == ",":
            parts.append(body[start:at])
            start = at + 1
        at += 1
    return [*parts, body[start:]] if body else []


def _plain(value: str, text: str) -> str:
    """Remove the escapes, and unescaped spaces around the value."""
    plain = bytearray()
    keep = 0
    value = value.lstrip(" ")
    at = 0
    while at < len(value):
        if value[at] != "\\":
            plain += value[at].encode("utf-8", "surrogatepass")
            keep = keep if value[at] == " " else len(plain)
            at += 1
            continue
        pair = value[at + 1 : at + 3]
        if len(pair) == 2 and set(pair) <= _HEX:
            plain.append(int(pair, 16))
            at += 3
        elif pair:
            plain += pair[0].encode("utf-8", "surrogatepass")
            at += 2
        else:
            msg = f"{text[:200]!r} ends in a backslash that escapes nothing"
            raise PolicyError(msg)
        keep = len(plain)
    return plain[:keep].decode("utf-8", "replace")
