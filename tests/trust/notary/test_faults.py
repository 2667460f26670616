"""What cannot be read, written, opened or changed of content trust is an error that says so, and leaves nothing."""

from __future__ import annotations

import errno
import os
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from sealock.errors import SigningError, TargetError, TransportError
from sealock.trust.notary import der, directory
from sealock.trust.notary.certificates import fault, is_authority, last_day, name_of
from sealock.trust.notary.client import configured_pins
from sealock.trust.notary.directory import TrustDirectory, create
from sealock.trust.notary.editor import Editor
from sealock.trust.notary.keyring import Keyring
from sealock.trust.notary.keys import made
from sealock.trust.notary.metadata import NotaryKey, Signature, version_of
from sealock.trust.notary.privatekeys import generate, open_key, parse
from sealock.trust.notary.publickeys import read_public
from sealock.trust.notary.roles import signed_about
from sealock.trust.notary.server import Server
from sealock.trust.notary.signer import certify
from sealock.trust.pins import Pin
from sealock.trust.refusal import MetadataRefusedError
from support.notaryworld import Told, World, world
from support.simulators.notary import NOW, Reply

NO_SPACE = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path / "docker" / "trust") as one:
        yield one


def refuse(*_: object, **__: object) -> None:
    raise NO_SPACE


# The directory.


@pytest.mark.parametrize("call", ["fsync", "link", "replace"])
def test_what_cannot_be_written_is_an_error_and_leaves_nothing(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust = TrustDirectory(tmp_path / "trust")
    monkeypatch.setattr(os, call, refuse)
    if call != "replace":
        path = tmp_path / "key"
        if call == "fsync":
            with pytest.raises(TargetError, match=f"{path} could not be written: No space left on device"):
                create(path, b"x")
            assert list(tmp_path.iterdir()) == []
        else:
            create(path, b"x")
            assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"x", 0o600), "the file system has no links"
            assert list(tmp_path.iterdir()) == [path]
    if call != "link":
        with pytest.raises(TargetError, match="could not be written: No space left on device"):
            trust.write("example.com/app", {"root": b"{}"})
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_what_cannot_be_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trust, name = TrustDirectory(tmp_path), "a" * 64
    assert trust.key("../x") is None
    assert trust.key(name) is None
    (tmp_path / "private" / f"{name}.key").mkdir(parents=True)
    with pytest.raises(TargetError, match=rf"{name}\.key could not be read: Is a directory"):
        trust.key(name)
    with pytest.raises(SigningError, match=f"there is no private key {'b' * 64} in {tmp_path}/private"):
        Keyring(trust, Told()).by_id("b" * 64, "root")
    monkeypatch.setattr(directory, "_MOST_KEYS", 2)
    for number in range(2):
        (tmp_path / "private" / str(number)).touch()
    assert list(trust.private_keys()) == []
    (tmp_path / "private" / "2").touch()
    with pytest.raises(TargetError, match=f"{tmp_path}/private has more than 2 files"):
        list(trust.private_keys())


def test_a_configuration_that_cannot_be_read_is_an_error_and_one_that_is_not_there_has_no_pins(tmp_path: Path) -> None:
    (tmp_path / "docker" / "config.json").mkdir(parents=True)
    (tmp_path / "file").touch()
    environment = {"HOME": str(tmp_path), "DOCKER_CONFIG": str(tmp_path / "docker")}
    with pytest.raises(TargetError, match=r"config\.json could not be read: Is a directory"):
        configured_pins(environment)
    for place in ("none", "file"):
        assert configured_pins(environment | {"DOCKER_CONFIG": str(tmp_path / place)}).certificates == {}


# Changes.

OTHER = generate().public
CHANGES: dict[str, tuple[Callable[[Editor], object], str]] = {
    "a delegation that is not there": (lambda editor: editor.delegation("targets/none"), "has no delegation targets/none"),
    "no delegation's name": (lambda editor: editor.add_delegation("other", [OTHER], [""]), "'other' is not a delegation's name"),
    "a path that the server escapes": (lambda editor: editor.add_delegation("targets/b", [OTHER], ["<"]), "must not have <, > or &"),
    "a path with a separator of lines": (lambda editor: editor.add_delegation("targets/b", [OTHER], ["\u2028"]), "must not have <, > or &"),
    "a key that the delegation does not have": (lambda editor: editor.remove_delegation("targets/a", ["ab"]), "targets/a of .* has no such key"),
    "its only key": (lambda editor: editor.remove_delegation("targets/a", editor.delegation("targets/a").role.keys), "needs a key, and 0 would be left"),
    "one of two keys that must sign": (lambda editor: editor.remove_delegation("targets/two", editor.delegation("targets/two").role.keys[:1]), "needs 2 keys, and 1 would be left"),
    "a tag beyond its paths": (lambda editor: editor.add_tag("targets/a", "b", editor.targets("targets").tags["v1"]), "may not sign b: its paths are v"),
}  # fmt: skip


def test_a_change_that_cannot_be_made_is_an_error(here: World) -> None:
    here.publish()
    for what, (change, words) in CHANGES.items():
        editor = Editor(here.repository().trusted(), NOW)
        before = editor.root
        editor.add_delegation("targets/a", [generate().public], ["v"])
        editor.add_delegation("targets/two", [generate().public, OTHER], ["v"], 2)
        with pytest.raises(SigningError, match=words):
            change(editor)
        assert editor.root is before, what


# Keys.


def pem(content: bytes, label: str = "ENCRYPTED PRIVATE KEY") -> bytes:
    return f"-----BEGIN {label}-----\n{b64encode(content).decode()}\n-----END {label}-----\n".encode()


def oid(text: str) -> bytes:
    return der.value(der.OID, bytes.fromhex(text))


PBES2, PBKDF2, AES = oid("2a864886f70d01050d"), oid("2a864886f70d01050c"), oid("60864801650304012a")
SHA256 = der.sequence(oid("2a864886f70d0209"))
SALT, VECTOR, SECRET = (der.value(der.OCTETS, bytes(size)) for size in (8, 16, 32))
UNKNOWN, DAMAGED, WRONG = "encrypted in a way that is not known", "is damaged", "the passphrase"


def sealed(  # noqa: PLR0917  parts of a table
    scheme: bytes = PBES2, derivation: bytes = PBKDF2, given: bytes = SALT + der.integer(1), cipher: bytes = AES, vector: bytes = VECTOR, secret: bytes = SECRET
) -> bytes:  # fmt: skip
    """A private key under a passphrase, whose parts are these."""
    how = der.sequence(der.sequence(derivation, der.sequence(given)), der.sequence(cipher, vector))
    return pem(der.sequence(der.sequence(scheme, how), secret))


ENCRYPTED: dict[str, tuple[bytes, str]] = {
    "another scheme": (sealed(scheme=PBKDF2), UNKNOWN),
    "another derivation": (sealed(derivation=PBES2), UNKNOWN),
    "another cipher": (sealed(cipher=PBES2), UNKNOWN),
    "another function": (sealed(given=SALT + der.integer(1) + der.sequence(PBES2)), UNKNOWN),
    "the length of the key in front of an unknown function": (sealed(given=SALT + der.integer(1) + der.integer(32) + der.sequence(PBES2)), UNKNOWN),
    "no rounds": (sealed(given=SALT + der.integer(0)), "requires 0 rounds of PBKDF2, which is out of range"),
    "an integer without bytes": (sealed(given=SALT + der.value(der.INTEGER, b"")), DAMAGED),
    "an integer of nine bytes": (sealed(given=SALT + der.value(der.INTEGER, b"\1" * 9)), DAMAGED),
    "half a vector": (sealed(vector=SALT), DAMAGED),
    "no secret": (sealed(secret=der.value(der.OCTETS, b"")), DAMAGED),
    "half a block": (sealed(secret=SALT), DAMAGED),
    "a wrong passphrase": (sealed(), WRONG),
}  # fmt: skip


@pytest.mark.parametrize(("text", "words"), ENCRYPTED.values(), ids=ENCRYPTED)
def test_an_encrypted_key_that_cannot_be_opened_is_an_error(text: bytes, words: str) -> None:
    with pytest.raises(SigningError, match=words):
        open_key(parse(text), "a passphrase")


def test_a_root_key_is_none_of_ed25519() -> None:
    raw = ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(SigningError, match="a root key must be ECDSA or RSA"):
        certify(open_key(parse(raw), ""), "example.com/app", NOW)


def test_the_certificate_of_a_root_key_is_as_docker_makes_it() -> None:
    certified = certify(generate(), "example.com/app", NOW)
    certificate = x509.load_pem_x509_certificate(certified.public)
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign",
    )  # fmt: skip
    assert [name for name in names if getattr(usage.value, name)] == ["digital_signature", "key_encipherment"]
    uses = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [use.dotted_string for use in uses] == ["1.3.6.1.5.5.7.3.3"]
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc > timedelta(days=3650 - 3)
    assert (name_of(certificate), is_authority(certificate)) == ("example.com/app", False)
    assert fault(certified, "example.com/app", NOW) == ""


# What is read.


def test_a_certificate_that_cannot_be_read_says_so() -> None:
    certified = certify(generate(), "example.com/app", NOW)
    der_of = x509.load_pem_x509_certificate(certified.public).public_bytes(Encoding.DER)
    torn = der_of.replace(b"\x55\x1d\x0f", b"\x55\x1d\x25", 1)
    again = NotaryKey(certified.kind, x509_pem(torn))
    assert fault(again, "example.com/app", NOW) == "cannot be read"
    assert fault(NotaryKey(certified.kind, b""), "example.com/app", NOW) == "is not a readable certificate"


@pytest.mark.parametrize(
    "change", [b"\xa0\x03\x02\x01\x05", b"\xa0\x03"], ids=["of an unknown version", "no certificates"]
)
def test_pinned_authorities_that_cannot_be_read_are_none(here: World, change: bytes) -> None:
    here.publish()
    made = x509.load_pem_x509_certificate(certify(generate(), "an authority", NOW).public)
    torn = made.public_bytes(Encoding.DER).replace(b"\xa0\x03\x02\x01\x02", change)
    here.pin = Pin(None, x509_pem(torn), False, "config.json")
    with pytest.raises(MetadataRefusedError, match=r"the authorities pinned for .* cannot be read \(config\.json\)"):
        here.verify()


def x509_pem(raw: bytes) -> bytes:
    text = b64encode(raw).decode()
    lines = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n".encode()


def test_the_version_of_what_cannot_be_read_is_none() -> None:
    for raw, version in (
        (b"{", 0),
        (b"[]", 0),
        (b'{"signed": {"version": "1"}}', 0),
        (b'{"signed": {"version": 7}}', 7),
    ):
        assert version_of(raw) == version


def test_what_expires_before_all_time_was_signed_at_no_time() -> None:
    assert signed_about("root", datetime.min.replace(tzinfo=UTC), NOW) is None


def test_a_certificate_of_the_year_0_has_dates_that_cannot_be_read() -> None:
    late = datetime(2060, 1, 1, tzinfo=UTC)
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, NOW, late)
    raw = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    torn = x509_pem(raw.replace(b"20600101", b"00000101"))
    assert fault(NotaryKey("ecdsa-x509", torn), "a", NOW) == "has dates that cannot be read"
    with pytest.raises(SigningError, match=r"the certificate in x\.pem has dates that cannot be read"):
        read_public(torn.decode(), "x.pem")
    assert last_day(x509.load_pem_x509_certificate(torn)) == "a day that cannot be read"
    assert last_day(x509.load_der_x509_certificate(raw)) == "2060-01-01"


# The server.

REFUSED: dict[str, tuple[Reply, str]] = {
    "a reason": (Reply(400, b'{"errors": [{"code": "X", "message": "no such role", "detail": {}}]}'), r"refused it \(status 400\): no such role$"),
    "a reason with details": (Reply(400, b'{"errors": [{"message": "no", "detail": {"Error": {"Role": "root", "Why": "old"}}}]}'), r"\(status 400\): no; root; old$"),
    "no reason": (Reply(400, b'{"errors": [{}]}'), r"refused it \(status 400\)$"),
    "no JSON": (Reply(404, b"404 page not found"), r"refused it \(status 404\)$"),
    "who may not": (Reply(403, b"{}"), r"denies access to .* \(status 403\): docker login first"),
    "too many requests": (Reply(429, b"{}"), r"cannot answer now \(status 429\)"),
    "a fault of its own": (Reply(500, b"{}"), r"cannot answer now \(status 500\): try again later, or read its log"),
}  # fmt: skip


@pytest.mark.parametrize(("reply", "words"), REFUSED.values(), ids=REFUSED)
def test_a_server_that_refuses_says_why(reply: Reply, words: str, here: World) -> None:
    here.server.answers = lambda _gun, _name: reply
    server = Server(here.transport, here.server.address, here.gun)
    for ask in (
        lambda: server.key("snapshot"),
        lambda: server.rotate("timestamp"),
        lambda: server.publish({"root": b"{}"}),
        server.delete,
    ):
        with pytest.raises(TransportError, match=words):
            ask()
    assert server.requests == 4


def test_a_server_that_takes_too_long_is_asked_no_more(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(here.transport, here.server.address, here.gun)
    assert server.key("snapshot").kind == "ed25519"
    monkeypatch.setattr("sealock.trust.notary.server._LONGEST", -1.0)
    with pytest.raises(TransportError, match=f"takes more than -1 s to answer for {here.gun}: try again later"):
        server.key("snapshot")


@pytest.mark.parametrize(("method", "valid"), [("rsapkcs1v15", True), ("rsapss", False), ("ecdsa", False)])
def test_a_signature_is_made_by_the_method_that_it_names(method: str, *, valid: bool) -> None:
    key = rsa.generate_private_key(65537, 2048)
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    value = key.sign(b"m", padding.PKCS1v15(), hashes.SHA256())
    assert made(NotaryKey("rsa", public), Signature("", method, value), b"m") is valid
    assert not made(NotaryKey("rsa", public), Signature("", method, value), b"n")
