"""What content trust holds to at its edges: the most that is allowed and one more, the last day, half a block."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sealock.errors import SigningError, TransportError
from sealock.trust.notary.canonical import decode
from sealock.trust.notary.certificates import weakness
from sealock.trust.notary.directory import TrustDirectory
from sealock.trust.notary.editor import digest_meta
from sealock.trust.notary.keyring import Keyring, open_with
from sealock.trust.notary.metadata import read_targets
from sealock.trust.notary.privatekeys import PassphraseError, generate, open_key, parse, seal
from sealock.trust.notary.publickeys import read_backup, read_public
from sealock.trust.notary.roles import lifetime, signed_about
from sealock.trust.refusal import MetadataRefusedError
from support.notaryworld import Told, World, world
from support.simulators.notary import NOW, Reply, signed

HEX = "ab" * 32
DIGESTS = {
    "a digest of one byte": (f"sha256:{HEX}", 1, True),
    "a digest of no bytes": (f"sha256:{HEX}", 0, False),
    "a digest with a letter that is no hexadecimal": (f"sha256:{'g' * 64}", 1, False),
    "a digest in capitals": (f"sha256:{HEX.upper()}", 1, False),
    "a digest that is too short": (f"sha256:{HEX[1:]}", 1, False),
    "a digest of another algorithm": (f"sha512:{HEX}", 1, False),
}


@pytest.mark.parametrize(("digest", "length", "sound"), DIGESTS.values(), ids=DIGESTS)
def test_only_a_digest_of_a_manifest_is_signed(digest: str, length: int, *, sound: bool) -> None:
    if sound:
        assert digest_meta(digest, length).hashes == {"sha256": bytes.fromhex(HEX)}
    else:
        with pytest.raises(MetadataRefusedError, match="is not a sha256 digest of a manifest"):
            digest_meta(digest, length)


class Asked(Told):
    """Notes what is asked for, and tells the passphrase the given time."""

    def __init__(self, at: int, *, asks: bool) -> None:
        super().__init__()
        self.at, self.asks = at, asks
        self.wanted: list[tuple[str, str, bool]] = []

    def __call__(self, role: str, name: str, *, new: bool) -> str:
        self.wanted.append((role, name, new))
        return "a passphrase" if len(self.wanted) == self.at else "a wrong one"


@pytest.mark.parametrize(
    ("stored", "asked"),
    [("root", "root"), ("targets", "targets"), ("", "snapshot")],
    ids=["root", "targets", "no role"],
)
@pytest.mark.parametrize(
    ("at", "asks", "tries"), [(1, False, 1), (1, True, 1), (3, True, 3), (2, False, 0), (4, True, 0)]
)
def test_a_passphrase_is_asked_for_by_the_role_that_the_key_has(
    stored: str, asked: str, at: int, *, asks: bool, tries: int
) -> None:
    key, told = generate(), Asked(at, asks=asks)
    held = parse(seal(key, stored, "", "a passphrase"))
    if tries:
        assert open_with(told, held, "snapshot", key.id).id == key.id
    else:
        with pytest.raises(PassphraseError, match=f"does not open the {asked} key {key.id[:12]}$"):
            open_with(told, held, "snapshot", key.id)
    assert told.wanted == [(asked, key.id, False)] * (tries or (3 if asks else 1))


@pytest.mark.parametrize(("passphrase", "sound"), [("x" * 8, True), ("x" * 7, False)], ids=["shortest", "too short"])
def test_a_passphrase_has_eight_characters(tmp_path: Path, passphrase: str, *, sound: bool) -> None:
    keyring = Keyring(TrustDirectory(tmp_path), Told(other=passphrase))
    if sound:
        assert keyring.make("targets").id
    else:
        with pytest.raises(SigningError, match="at least 8 characters"):
            keyring.make("targets")


NUMBERS = {
    "the largest that Go reads exactly": (b"9007199254740992", True),
    "one more": (b"9007199254740993", False),
    "the smallest": (b"-9007199254740992", True),
    "one less": (b"-9007199254740993", False),
    "more digits than are read": (b"9" * 5000, False),
    "a minus before a nought": (b"-0", False),
    "a minus before another number": (b"-1", True),
}


@pytest.mark.parametrize(("digits", "sound"), NUMBERS.values(), ids=NUMBERS)
def test_a_number_is_one_to_every_reader(digits: bytes, *, sound: bool) -> None:
    if sound:
        assert decode(b'{"a": %b}' % digits, "it") == {"a": int(digits)}
    else:
        with pytest.raises(MetadataRefusedError, match="out of range"):
            decode(b'{"a": %b}' % digits, "it")


@pytest.mark.parametrize(("keys", "words"), [(1024, "with the wrong id"), (1025, "has more than 1024 keys")])
def test_a_delegation_has_at_most_so_many_keys(keys: int, words: str) -> None:
    entry = {"keytype": "ecdsa", "keyval": {"public": ""}}
    table = {
        "_type": "Targets", "version": 3, "expires": "2036-01-02T03:04:05.6Z", "targets": {},
        "delegations": {"keys": {f"k{number}": entry for number in range(keys)}, "roles": []},
    }  # fmt: skip
    with pytest.raises(MetadataRefusedError, match=words):
        read_targets(signed(table, [generate()]), "it")


@pytest.mark.parametrize(("later", "known"), [(timedelta(), True), (timedelta(seconds=1), False)])
def test_a_signature_is_of_the_next_day_at_most(later: timedelta, *, known: bool) -> None:
    made = NOW + timedelta(days=1) + later
    assert signed_about("targets", made + lifetime("targets"), NOW) == (made if known else None)


def certificate(key: Any, *, until: datetime = datetime(2096, 1, 1, tzinfo=UTC)) -> x509.Certificate:
    builder = x509.CertificateBuilder(
        x509.Name([]), x509.Name([]), key.public_key(), 1, datetime(2020, 1, 1, tzinfo=UTC), until
    )
    return builder.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())


WEAK = {
    "RSA of 1024 bits": (rsa.generate_private_key(65537, 1024), "1024 bits; the minimum is 2048"),  # noqa: S505  too small
    "RSA of 2048 bits": (rsa.generate_private_key(65537, 2048), ""),
    "a curve": (ec.generate_private_key(ec.SECP256R1()), ""),
    "Ed25519, which signs without a hash": (ed25519.Ed25519PrivateKey.generate(), "neither ECDSA nor RSA"),
}


@pytest.mark.parametrize(("key", "words"), WEAK.values(), ids=WEAK)
def test_a_certificate_is_as_strong_as_its_key(key: Any, words: str) -> None:
    why = weakness(certificate(key))
    assert words in why
    assert bool(why) == bool(words)


def test_an_expired_certificate_is_no_public_key() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    valid, old = (
        certificate(key, until=until).public_bytes(Encoding.PEM).decode()
        for until in (datetime(2096, 1, 1, tzinfo=UTC), datetime(2021, 2, 3, tzinfo=UTC))
    )
    assert read_public(valid, "a.pem").kind == "ecdsa-x509"
    with pytest.raises(SigningError, match=r"the certificate in a\.pem expired on 2021-02-03"):
        read_public(old, "a.pem")


@pytest.mark.parametrize(("before", "read"), [(999, True), (1000, False)], ids=["the thousandth", "one more"])
def test_a_public_key_is_among_the_first_thousand_blocks(before: int, *, read: bool) -> None:
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    text = "-----BEGIN COMMENT-----\nAAAA\n-----END COMMENT-----\n" * before + pem
    if read:
        assert read_public(text, "a.pub").kind == "ecdsa"
    else:
        with pytest.raises(SigningError, match="no public key"):
            read_public(text, "a.pub")


@pytest.mark.parametrize(("name", "sound"), [(HEX, True), ("xy" * 32, False), (HEX[1:], False)])
def test_a_backup_names_its_keys_by_their_ids(name: str, *, sound: bool) -> None:
    text = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"
    text += f"-----BEGIN PRIVATE KEY-----\npath: private/{name}.key\n\nAAAA\n-----END PRIVATE KEY-----\n"
    if sound:
        assert [found for found, _ in read_backup(text)] == [name]
    else:
        with pytest.raises(SigningError, match="no id in its `path` header"):
            list(read_backup(text))


def tlv(tag: int, *parts: bytes) -> bytes:
    """A value of DER."""
    content = b"".join(parts)
    length = bytes([len(content)]) if len(content) < 128 else b"\x81" + bytes([len(content)])
    return bytes([tag]) + length + content


def oid(text: str) -> bytes:
    return tlv(6, bytes.fromhex(text))


def sealed(
    prf: str = "2a864886f70d0209", cipher: str = "60864801650304012a", vector: bytes = b"v" * 16, secret: bytes = b"s" * 32
) -> bytes:  # fmt: skip
    """A private key sealed by PBES2, with its parts exchanged."""
    derivation = tlv(
        0x30,
        oid("2a864886f70d01050c"),
        tlv(0x30, tlv(4, b"saltsalt"), tlv(2, b"\x08\x00"), tlv(0x30, oid(prf), tlv(5))),
    )
    encryption = tlv(0x30, oid(cipher), tlv(4, vector))
    scheme = tlv(0x30, oid("2a864886f70d01050d"), tlv(0x30, derivation, encryption))
    text = base64.b64encode(tlv(0x30, scheme, tlv(4, secret)))
    return b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n" + text + b"\n-----END ENCRYPTED PRIVATE KEY-----\n"


def of_2016(content: bytes, kind: str = "4,ENCRYPTED", cipher: str = "AES-256-CBC") -> bytes:
    """A private key as OpenSSL sealed it then."""
    return (
        f"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: {kind}\nDEK-Info: {cipher},{'AB' * 16}\n\n"
        f"{base64.b64encode(content).decode()}\n-----END RSA PRIVATE KEY-----\n"
    ).encode()


SEALED = {
    "a sound one that another passphrase sealed": (sealed(), "does not open the key"),
    "a function that nobody knows": (sealed(prf="2a864886f70d027f"), "in a way that is not known"),
    "a cipher that nobody knows": (sealed(cipher="60864801650304017f"), "in a way that is not known"),
    "a vector that is too short": (sealed(vector=b"v" * 15), "is damaged"),
    "no content": (sealed(secret=b""), "is damaged"),
    "content of half a block": (sealed(secret=b"s" * 40), "is damaged"),
    "a sound one of 2016": (of_2016(b"s" * 32), "does not open the key"),
    "no content in one of 2016": (of_2016(b""), "is damaged"),
    "content of half a block in one of 2016": (of_2016(b"s" * 40), "is damaged"),
    "one of 2016 that is only signed": (of_2016(b"s" * 32, "4,MIC-ONLY"), "an old encryption that is not known"),
    "one of 2016 by an older cipher": (of_2016(b"s" * 32, cipher="DES-EDE3-CBC"), "an old encryption that is not known"),
}  # fmt: skip


@pytest.mark.parametrize(("pem", "words"), SEALED.values(), ids=SEALED)
def test_a_sealed_key_says_why_it_stays_closed(pem: bytes, words: str) -> None:
    with pytest.raises(SigningError, match=words):
        open_key(parse(pem), "a passphrase")


# A server, and what it gives.


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as one:
        yield one


@pytest.mark.parametrize(
    ("status", "words"),
    [(429, "try again later"), (500, "try again later"), (499, "refused it"), (403, "docker login first")],
)
def test_a_server_that_fails_says_what_to_do(here: World, status: int, words: str) -> None:
    here.publish()
    here.server.answers = lambda _gun, _name: Reply(status, b"{}")
    with pytest.raises(TransportError, match=words):
        here.verify()


@pytest.mark.parametrize(
    ("left", "notes"), [(timedelta(days=30), 0), (timedelta(days=30, seconds=-1), 1)], ids=["thirty days", "less"]
)
def test_metadata_that_ends_within_thirty_days_is_noted(here: World, left: timedelta, notes: int) -> None:
    here.author.expires["targets"] = NOW + left
    here.publish()
    assert len([note for note in here.verify().notes if "targets metadata expires" in note]) == notes


@pytest.mark.parametrize(("count", "more"), [(5, False), (6, True)], ids=["as many as are listed", "one more"])
def test_five_tags_of_a_repository_are_listed(here: World, count: int, *, more: bool) -> None:
    for number in range(count):
        here.author.tags[f"v{number}"] = here.digest()
    here.author.publish()
    with pytest.raises(MetadataRefusedError, match="signed are: v0, v1, v2, v3, v4") as error:
        here.verify("other")
    assert (", …" in str(error.value)) == more


@pytest.mark.parametrize(("role", "refused"), [("targets", False), ("timestamp", True)])
def test_an_owner_may_sign_anew_what_expired_but_not_after_an_old_timestamp(
    here: World, role: str, *, refused: bool
) -> None:
    here.publish()
    if refused:
        here.author.put_timestamp(here.author.held("snapshot"), expires=NOW)
    else:
        here.author.expires["targets"] = NOW
        here.publish()
    repository = here.repository()
    if refused:
        with pytest.raises(MetadataRefusedError, match=f"the {role} metadata .* expired"):
            repository.signing_roles(here.keyring(), "v1")
    else:
        assert repository.signing_roles(here.keyring(), "v1") == ("targets",)


@pytest.mark.parametrize(
    "digits", [18, 19, 5000], ids=["as many digits as can be", "one more", "too many for a number"]
)
def test_a_size_that_a_server_states_is_shown_where_it_is_short(here: World, digits: int) -> None:
    here.publish()
    here.server.answers = lambda _gun, _name: Reply(200, b"{}", {"content-length": "9" * digits})
    words = f"is said to have {'9' * digits} bytes" if digits == 18 else f"a size of {digits} digits"
    with pytest.raises(MetadataRefusedError, match=words):
        here.verify()
