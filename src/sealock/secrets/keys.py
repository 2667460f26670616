"""Private keys in a text: whether the body is a real key, and whether a passphrase encrypts it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from sealock.patterns import compile_lazily
from sealock.secrets.checks import plain_base64

MAX_LENGTH: Final = 1 << 16
"""The longest key, in characters; one of 16,384 bits takes 13,000."""


class PrivateKey(NamedTuple):
    """A private key in a text; `locked` if a passphrase encrypts it."""

    kind: str
    start: int
    end: int
    locked: bool


_BEGIN: Final = compile_lazily(r"-----BEGIN ((?:[A-Z0-9]{1,12} ){0,3})PRIVATE KEY( BLOCK)?-----")
_ARMOUR: Final = compile_lazily(r"[A-Za-z0-9+/=]{16,}")
_HEADER: Final = compile_lazily(r"(?m)^[A-Za-z][A-Za-z-]{1,30}: [^\n]{0,200}$")
_PUTTY: Final = compile_lazily(
    r"PuTTY-User-Key-File-\d: [\w.@-]{1,60}\r?\nEncryption: ([\w-]{1,20})\r?\nComment: [^\n]{0,300}\n"
    r"(?:[A-Za-z0-9-]{1,20}: [^\n]{1,200}\n|[A-Za-z0-9+/=]{1,80}\r?\n){1,400}?Private-Lines: \d{1,4}\r?\n"
    r"(?:[A-Za-z0-9+/=]{1,80}(?:\r?\n|\Z)){1,400}"
)
_OPENSSH: Final = b"openssh-key-v1\0"
_MPIS: Final = {1: 2, 2: 2, 3: 2, 16: 3, 17: 4}
"""How many MPIs a public OpenPGP key of an algorithm (RSA, ElGamal, DSA) has."""


def find_keys(text: str, places: list[int] | None = None) -> Iterator[PrivateKey]:
    """Find PEM, OpenSSH, OpenPGP and PuTTY keys that have a body; `places` are the offsets where they may begin."""
    done, last = 0, text.rfind("-----END")
    for place in places if places is not None else [match.start() for match in _BEGIN.finditer(text)]:
        if done <= place < last and (key := _parse_armoured(text, place)) is not None:
            done = key.end
            yield key
    at = text.find("PuTTY-User-Key-File-")
    if at >= 0 and (match := _PUTTY.match(text, at, at + MAX_LENGTH)):
        yield PrivateKey("a PuTTY private key", at, match.end(), match[1] != "none")


def _parse_armoured(text: str, place: int) -> PrivateKey | None:
    match = _BEGIN.match(text, place)
    if match is None:
        return None
    end = text.find("-----END", match.end(), match.end() + MAX_LENGTH)
    if end < 0:
        return None
    # JSON and variables often escape the line ends.
    inner = text[match.end() : end].replace("\\r", "").replace("\\n", "\n").replace("\\/", "/").replace("\r", "")
    words = match[1].split()
    headers = " ".join(_HEADER.findall(inner))
    body = "".join(_ARMOUR.findall(_HEADER.sub("", inner)))
    data = plain_base64(body.partition("=")[0] if match[2] else body.rstrip("="))
    if len(data) < 32:
        return None
    if match[2]:
        return PrivateKey("an OpenPGP private key", place, end, _is_locked_pgp(data))
    if "OPENSSH" in words:
        if not data.startswith(_OPENSSH):
            return None
        cipher = data[len(_OPENSSH) + 4 : len(_OPENSSH) + 4 + int.from_bytes(data[15:19], "big")]
        return PrivateKey("an OpenSSH private key", place, end, cipher != b"none")
    locked = "ENCRYPTED" in words or "ENCRYPTED" in headers
    if data[0] != 0x30 and not locked:
        return None  # not DER: an example
    return PrivateKey("a private key", place, end, locked)


def _is_locked_pgp(data: bytes) -> bool:
    """Whether the first secret-key packet encrypts its key material (RFC 4880, 5.5.3)."""
    packet = _first_packet(data)
    if len(packet) < 6 or packet[0] not in {4, 5, 6}:
        return False
    at = 6 if packet[0] == 4 else 10
    algorithm = packet[5]
    if algorithm in {18, 19, 22}:  # the curve's OID comes first
        at += 1 + (packet[at] if at < len(packet) else 0)
    mpis = _MPIS.get(algorithm, 1)
    for _ in range(mpis):
        at += 2 + (int.from_bytes(packet[at : at + 2], "big") + 7) // 8
    if algorithm == 18 and at < len(packet):
        at += 1 + packet[at]
    return at < len(packet) and packet[at] != 0


def _first_packet(data: bytes) -> bytes:
    """The body of the first packet, in the old or new length format; b"" if it is no secret key."""
    tag = data[0]
    if tag & 0xC0 == 0xC0:
        size = 1 if data[1] < 192 else 2 if data[1] < 224 else 5
        return data[1 + size :] if tag & 0x3F == 5 else b""
    size = (1, 2, 4, 0)[tag & 3]
    return data[1 + size :] if (tag >> 2) & 15 == 5 else b""
