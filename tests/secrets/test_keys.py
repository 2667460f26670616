"""Private keys: OpenPGP packets in each length format and of each algorithm, and texts that only begin like keys."""

from __future__ import annotations

from base64 import b64encode

import pytest

from sealock.secrets.keys import MAX_LENGTH, PrivateKey, find_keys

PRIVATE = "PRIVATE " + "KEY"


def armoured(kind: str, body: str, headers: str = "") -> str:
    return f"-----BEGIN {kind}-----\n{headers}{body}\n-----END {kind}-----\n"


def text_of(data: bytes) -> str:
    return b64encode(data).decode()


def mpi(bits: int) -> bytes:
    return bits.to_bytes(2, "big") + b"\xff" * ((bits + 7) // 8)


OID = b"\x09\x2b\x06\x01\x04\x01\xda\x47\x0f\x01"
KDF = b"\x03\x01\x08\x07"
PUBLIC = {
    1: mpi(9) + mpi(17),
    2: mpi(9) + mpi(17),
    3: mpi(9) + mpi(17),
    16: mpi(9) + mpi(7) + mpi(17),
    17: mpi(9) + mpi(7) + mpi(17) + mpi(8),
    18: OID + mpi(263) + KDF,
    19: OID + mpi(515),
    22: OID + mpi(263),
    25: mpi(64),
}
"""The public part of a key, by the number of its algorithm (RFC 4880, 9.1)."""


def packet(body: bytes, tag: int = 0x95) -> bytes:
    size = len(body)
    if tag == 0xC5:
        length = bytes([size]) if size < 192 else bytes([(size - 192 >> 8) + 192, size - 192 & 255])
    elif tag == 0xC5 + 0x100:
        length = b"\xff" + size.to_bytes(4, "big")
    else:
        length = size.to_bytes({0: 1, 1: 2, 2: 4, 3: 0}[tag & 3], "big") if tag & 3 != 3 else b""
    return bytes([tag & 0xFF]) + length + body


@pytest.mark.parametrize("tag", [0x94, 0x95, 0x96, 0x97, 0xC5, 0x1C5])
@pytest.mark.parametrize("algorithm", PUBLIC)
@pytest.mark.parametrize("version", [4, 5])
@pytest.mark.parametrize("usage", [0, 254])
def test_whether_a_passphrase_locks_an_openpgp_key(tag: int, algorithm: int, version: int, usage: int) -> None:
    public = PUBLIC[algorithm]
    body = bytes([version]) + b"time" + bytes([algorithm]) + (b"" if version == 4 else len(public).to_bytes(4, "big"))
    for rest in (40,) if tag == 0x94 else (40, 300):  # this format has one byte for the length
        data = packet(body + public + bytes([usage]) + b"\x11" * rest, tag)
        text = armoured(f"PGP {PRIVATE} BLOCK", text_of(data) + "\n=abcd", "Version: 1\n\n")
        end = text.index("-----END")
        assert list(find_keys(text)) == [PrivateKey("an OpenPGP private key", 0, end, usage != 0)]


@pytest.mark.parametrize(
    "data", [packet(b"\4" + bytes(40), 0x99), packet(b"\4" + bytes(40), 0xC6), packet(b"\3" + bytes(40))]
)
def test_another_packet_is_locked_by_nothing(data: bytes) -> None:
    assert [key.locked for key in find_keys(armoured(f"PGP {PRIVATE} BLOCK", text_of(data)))] == [False]


DER = b"\x30\x82\x01\x00" + b"\x11" * 60
OPENSSH = b"openssh-key-v1\0"


@pytest.mark.parametrize(
    ("kind", "body", "headers", "key"),
    [
        (PRIVATE, DER, "", ("a private key", False)),
        (f"RSA {PRIVATE}", DER, "", ("a private key", False)),
        (f"ENCRYPTED {PRIVATE}", DER, "", ("a private key", True)),
        (
            f"RSA {PRIVATE}",
            b"\x11" * 64,
            "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n",
            ("a private key", True),
        ),
        (f"RSA {PRIVATE}", b"\x11" * 64, "", None),
        (f"RSA {PRIVATE}", b"\x11" * 64, "Comment: mine\n\n", None),
        (PRIVATE, DER[:32], "", ("a private key", False)),
        (PRIVATE, DER[:31], "", None),
        (f"OPENSSH {PRIVATE}", OPENSSH + b"\0\0\0\4none" + b"\1" * 40, "", ("an OpenSSH private key", False)),
        (f"OPENSSH {PRIVATE}", OPENSSH + b"\0\0\0\x0aaes256-ctr" + b"\1" * 40, "", ("an OpenSSH private key", True)),
        (f"OPENSSH {PRIVATE}", b"\x30" + OPENSSH + b"\0\0\0\4none" + b"\1" * 40, "", None),
    ],
)
def test_what_is_a_private_key(kind: str, body: bytes, headers: str, key: tuple[str, bool] | None) -> None:
    text = f"first {armoured(kind, text_of(body), headers)}"
    assert [(each.kind, each.locked) for each in find_keys(text)] == ([key] if key else [])
    escaped = text.replace("\n", "\\r\\n").replace("/", "\\/")
    assert [(each.kind, each.locked) for each in find_keys(escaped)] == ([key] if key else [])
    if key:
        assert [(each.start, each.end) for each in find_keys(text)] == [(6, text.index("-----END"))]


def test_each_of_many_keys_is_found_where_places_say() -> None:
    text = armoured(PRIVATE, text_of(DER))
    second = len(text)
    assert [key.start for key in find_keys(text * 2)] == [0, second]
    assert [key.start for key in find_keys(text * 2, [0, 5, second])] == [0, second]
    assert [key.start for key in find_keys(text * 2, [second])] == [second]
    assert list(find_keys(text * 2, [])) == []
    assert list(find_keys(text.replace("END", "AND"))) == []


def test_a_key_has_an_end_within_reach() -> None:
    for length, count in ((MAX_LENGTH // 4 * 3 - 300, 1), (MAX_LENGTH, 0)):
        assert len(list(find_keys(armoured(PRIVATE, text_of(DER + bytes(length)))))) == count


@pytest.mark.parametrize(("encryption", "locked"), [("none", False), ("aes256-cbc", True)])
def test_keys_of_putty(encryption: str, locked: bool) -> None:  # noqa: FBT001  a table's column
    text = (
        f"PuTTY-User-Key-File-2: ssh-rsa\nEncryption: {encryption}\nComment: a\nPublic-Lines: 1\nAAAA\n"
        "Private-Lines: 2\nBBBB\nCCCC\n"
    )
    assert list(find_keys(f"ab{text}-rest")) == [PrivateKey("a PuTTY private key", 2, 2 + len(text), locked)]
    assert list(find_keys(text.replace("Private-Lines", "Lines"))) == []
