"""cosign's key files, public keys, and what is none."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from sealock.errors import SealockError, SigningError, TargetError
from sealock.trust.cosign.keys import made, read_public, write_public
from sealock.trust.cosign.privatekeys import KINDS, KeyKind, generate, read_private, write_private
from support.draws import draws

LABEL = "ENCRYPTED SIGSTORE PRIVATE KEY"
KEY = generate()
FILE = write_private(KEY, "word")


def boxed(change: Callable[[dict[str, Any]], object], label: str = LABEL) -> bytes:
    """The key file with its table changed."""
    body = b"".join(FILE.splitlines()[1:-1])
    table = json.loads(b64decode(body))
    change(table)
    return (
        f"-----BEGIN {label}-----\n{b64encode(json.dumps(table).encode()).decode()}\n-----END {label}-----\n".encode()
    )


def never() -> str:
    msg = "asked for a passphrase"
    raise AssertionError(msg)


@pytest.mark.repeats
@pytest.mark.parametrize(
    ("kind", "secret"), [*((kind, "word") for kind in KINDS), (KINDS[0], ""), (KINDS[0], "pässword ☃")]
)
def test_a_key_file_is_read_again(kind: KeyKind, secret: str) -> None:
    key = generate(kind)
    again = read_private(write_private(key, secret), "x.key", lambda: secret)
    assert again.public.der == key.public.der
    assert made(key.public, again.sign(b"message"), b"message")
    assert not made(key.public, again.sign(b"message"), b"another")
    assert not made(KEY.public, again.sign(b"message"), b"message")


def test_the_older_label_is_read() -> None:
    one = read_private(boxed(lambda _: None, "ENCRYPTED COSIGN PRIVATE KEY"), "x.key", lambda: "word")
    assert one.public.id == KEY.public.id


def test_a_wrong_passphrase_is_told_and_not_shown() -> None:
    with pytest.raises(SigningError, match=r"passphrase of x\.key is wrong") as caught:
        read_private(FILE, "x.key", lambda: "hunter2")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table["kdf"]["params"].update(N=1 << 30),
        lambda table: table["kdf"]["params"].update(r=1 << 20),
        lambda table: table["kdf"]["params"].update(p=1 << 20),
        lambda table: table["kdf"]["params"].update(N=1),
        lambda table: table["kdf"]["params"].update(N=True),
        lambda table: table["kdf"]["params"].update(N="65536"),
        lambda table: table["kdf"]["params"].update(N=65536.0),
        lambda table: table["kdf"].update(name="pbkdf2"),
        lambda table: table["kdf"].update(salt="%"),
        lambda table: table["kdf"].update(salt=""),
        lambda table: table["kdf"].pop("params"),
        lambda table: table["cipher"].update(name="none"),
        lambda table: table["cipher"].update(nonce="AAAA"),
        lambda table: table.update(kdf=[]),
        lambda table: table.pop("ciphertext"),
        lambda table: table.clear(),
    ],
)
def test_a_key_file_that_asks_for_too_much_or_is_none_is_refused(change: Callable[[dict[str, Any]], object]) -> None:
    with pytest.raises(TargetError, match=r"x\.key is not a valid cosign key file"):
        read_private(boxed(change), "x.key", lambda: "word")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"nonsense",
        write_public(KEY.public),
        FILE[:-10],
        FILE + FILE,
        FILE.replace(b"END ENCRYPTED", b"END"),
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        b"-----BEGIN " + b"A " * 50000 + b"PRIVATE KEY-----\nAAAA\n",
        b"x" * 100_000,
    ],
    ids=["empty", "nonsense", "public", "cut", "two", "unmatched", "no key", "long label", "long"],
)
def test_what_is_no_private_key_is_refused(raw: bytes) -> None:
    with pytest.raises(TargetError, match=r"x\.key"):
        read_private(raw, "x.key", never)


def test_keys_in_plain_pem_are_read_and_ask_for_nothing() -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    raw = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    assert made(read_private(raw, "x", never).public, private.sign(b"m", ec.ECDSA(_sha256())), b"m")


def test_keys_in_encrypted_pem_are_read() -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    raw = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word"))
    assert read_private(raw, "x", lambda: "word").public.der
    with pytest.raises(SigningError, match="passphrase"):
        read_private(raw, "x", lambda: "other")


def _sha256() -> Any:
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415  only here

    return SHA256()


def pem(key: Any) -> bytes:
    raw: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return raw


PUBLIC = write_public(KEY.public)
OTHER = write_public(generate().public)
CERTIFICATE = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        pytest.param(PUBLIC + OTHER, "it has 2 blocks of PEM; name a file for each key", id="two keys"),
        pytest.param(CERTIFICATE, "it has a certificate; `openssl x509 -pubkey", id="a certificate"),
        pytest.param(CERTIFICATE + PUBLIC, "it has a certificate", id="a certificate before the key"),
        pytest.param(PUBLIC + CERTIFICATE, "it has a certificate", id="a certificate behind the key"),
        pytest.param(CERTIFICATE.replace(b"CERTIFICATE", b"CERTIFICATE REQUEST"), "REQUEST", id="a request for one"),
        pytest.param(CERTIFICATE.replace(b"CERTIFICATE", b"PGP PUBLIC KEY BLOCK"), "it has a PGP", id="a key of PGP"),
        pytest.param(b"ecdsa-sha2-nistp256 AAAA me@here\n", "it has no line -----BEGIN", id="a key of ssh"),
        pytest.param(KEY.public.der, "it has no line -----BEGIN PUBLIC KEY-----", id="DER"),
        pytest.param(PUBLIC.decode().encode("utf-16"), "it has no line -----BEGIN", id="UTF-16"),
        pytest.param(b"#" + OTHER.replace(b"\n", b"\n#") + PUBLIC, "2 blocks of PEM", id="a key in a comment above"),
    ],
)
def test_a_file_that_is_not_one_public_key_says_what_it_has(raw: bytes, why: str) -> None:
    with pytest.raises(TargetError, match=r"x\.pub is not a public key in PEM: ") as error:
        read_public(raw, "x.pub")
    assert why in str(error.value)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(PUBLIC.replace(b"\n", b"\r\n"), id="lines as Windows ends them"),
        pytest.param(b"\xef\xbb\xbf" + PUBLIC, id="a byte order mark"),
        pytest.param(b"# ours since 2024\n\n" + PUBLIC, id="a comment above"),
        pytest.param(PUBLIC + b"# ours\n", id="a comment below"),
    ],
)
def test_what_stands_around_a_key_does_not_matter(raw: bytes) -> None:
    assert read_public(raw, "x.pub").der == KEY.public.der


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(FILE + PUBLIC, id="the private key above"),
        pytest.param(PUBLIC + FILE, id="the private key below"),
        pytest.param(CERTIFICATE.replace(b"CERTIFICATE", b"EC PRIVATE KEY"), id="SEC1"),
        pytest.param(CERTIFICATE.replace(b"CERTIFICATE", b"RSA PRIVATE KEY"), id="PKCS 1"),
        pytest.param(CERTIFICATE.replace(b"CERTIFICATE", b"OPENSSH PRIVATE KEY"), id="ssh"),
    ],
)
def test_a_file_with_a_private_key_is_not_a_public_key(raw: bytes) -> None:
    with pytest.raises(TargetError, match="is a private key"):
        read_public(raw, "x.pub")


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (FILE, "is a private key"),
        (b"", "not a public key"),
        (b"nonsense", "not a public key"),
        (write_public(KEY.public) * 2, "not a public key"),
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "readable"),
        (pem(rsa.generate_private_key(65537, 1024)), "not ECDSA"),  # noqa: S505  as it should not be
        (pem(ec.generate_private_key(ec.SECP192R1())), "not ECDSA|readable"),
        (pem(ec.generate_private_key(ec.SECP256K1())), "not ECDSA"),
        (pem(dsa.generate_private_key(1024)), "not ECDSA"),  # noqa: S505  as above
        (b"x" * 100_000, "not a public key"),
    ],
    ids=["private", "empty", "nonsense", "two", "no key", "weak rsa", "weak curve", "other curve", "dsa", "long"],
)
def test_what_is_no_public_key_to_trust_is_refused(raw: bytes, words: str) -> None:
    with pytest.raises(TargetError, match=words):
        read_public(raw, "x.pub")


def test_a_public_key_is_written_as_it_was_read() -> None:
    raw = write_public(KEY.public)
    assert write_public(read_public(raw, "x")) == raw


@draws(100)
@given(st.binary(max_size=200))
def test_no_bytes_are_a_signature_and_none_break_the_reading(data: bytes) -> None:
    assert not made(KEY.public, data, b"message")
    try:
        read_private(b"-----BEGIN PRIVATE KEY-----\n" + b64encode(data) + b"\n-----END PRIVATE KEY-----\n", "x", never)
    except SealockError:
        return
    raise AssertionError(data)
