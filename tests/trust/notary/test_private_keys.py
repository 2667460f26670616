"""Private keys: Docker's are opened, ours are as Docker's, others are taken in, and nothing of them is told."""

from __future__ import annotations

import base64
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from sealock.errors import SigningError, TargetError
from sealock.trust.notary.directory import KeyFile, TrustDirectory
from sealock.trust.notary.keyring import Keyring, ListedKey
from sealock.trust.notary.keys import made
from sealock.trust.notary.metadata import Signature
from sealock.trust.notary.privatekeys import PassphraseError, generate, of, open_key, parse, seal
from sealock.trust.notary.publickeys import read_backup, read_public, write_backup, write_public
from sealock.trust.notary.signer import signature
from support.draws import draws
from support.notaryworld import Told

# Written by notary 0.7.0; the passphrases are rootpass123 and targpass123.
BY_NOTARY = b"""\
-----BEGIN ENCRYPTED PRIVATE KEY-----
role: root

MIHuMEkGCSqGSIb3DQEFDTA8MBsGCSqGSIb3DQEFDDAOBAhPyKaIdgJYagICCAAw
HQYJYIZIAWUDBAEqBBDBfxBJdF18/OJiBlPqLpE+BIGgsnwaajrbSjYfA0/TWQ7+
pDZXLnMGAahAp6nCgoJ6CFD92hJHrQy3ZLo0iw54RvoQVbGIEFEtGL1nxxRaRVaR
/7K8wjGZxeoH4MemwbbNo5M/br6+hG3sxzAr49aA/D2JZH1d9NEEksmR+UwZ4yBa
LQaftYQhCG3H96KGAGsMKnobSOhwVZJOJf1kzxNC+7nxqDf+VpuHRmGv+zU1Vrqd
Ag==
-----END ENCRYPTED PRIVATE KEY-----
"""
ITS_TARGETS_KEY = (
    BY_NOTARY.split(b"role")[0]
    + b"""\
gun: 127.0.0.1:5000/app
role: targets

MIHuMEkGCSqGSIb3DQEFDTA8MBsGCSqGSIb3DQEFDDAOBAjWHBKFAM/e+AICCAAw
HQYJYIZIAWUDBAEqBBCA1bCFBUsFEwN2nWmjYVWwBIGgUd8O1x14D5uhuJ3/fuOn
9hlswY74oBKY6KCO3ItU5R9Hj1Xc3yZ5yLLFxhgi+0qG6nPZ4Awf10NvRKetLnK1
xgJO3W5CCvoiovF093kH0k6KHwGcuR0wrFVDvEztro+xA17DJ+sD3svFM2TG8Dsf
hshtTkoF7O5LnWHm1EsecBuk+UEEoo/pbJE9lFTbEXh7tiQV/HSu/ulKOd/z/OPl
+w==
-----END ENCRYPTED PRIVATE KEY-----
"""
)
SECRETS: dict[str, Any] = {
    "P-256": ec.generate_private_key(ec.SECP256R1()),
    "P-384": ec.generate_private_key(ec.SECP384R1()),
    "RSA": rsa.generate_private_key(65537, 2048),
    "Ed25519": ed25519.Ed25519PrivateKey.generate(),
}


def test_keys_that_notary_wrote_are_opened() -> None:
    root = parse(BY_NOTARY)
    assert (root.role, root.gun, root.encrypted) == ("root", "", True)
    assert open_key(root, "rootpass123").id == "039be6a68d3a3755289859b76140462b91bcbbe2e5787ebc75a76ff13691e180"
    targets = parse(ITS_TARGETS_KEY)
    assert (targets.role, targets.gun) == ("targets", "127.0.0.1:5000/app")
    assert open_key(targets, "targpass123").id == "b10c9b38e61f4aa92fcf186cc13229a3f9bd568d517d4432c71832a13cb60dd4"


def sealed_in_2016(key: Any, role: str = "") -> bytes:
    """A key as Docker of 2016 wrote it: OpenSSL's PEM, with the role in a header."""
    pem: bytes = key.private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, BestAvailableEncryption(b"a passphrase")
    )
    return pem.replace(b"\nDEK-Info", b"\nrole: " + role.encode() + b"\nDEK-Info") if role else pem


OF_2016: dict[str, Any] = {kind: secret for kind, secret in SECRETS.items() if kind != "Ed25519"}


@pytest.mark.parametrize("kind", OF_2016)
@pytest.mark.parametrize("role", ["root", ""])
def test_a_key_of_2016_is_opened(kind: str, role: str) -> None:
    stored = parse(sealed_in_2016(OF_2016[kind], role))
    assert (stored.role, stored.encrypted) == (role, True)
    assert open_key(stored, "a passphrase").id == of(OF_2016[kind]).id
    with pytest.raises(PassphraseError):
        open_key(stored, "another passphrase")


ROOT_ID = "ab" * 32


@pytest.mark.parametrize(
    ("path", "role", "gun"),
    [
        pytest.param(f"{ROOT_ID}.key", "", "", id="today's place"),
        pytest.param(f"root_keys/{ROOT_ID}_root.key", "root", "", id="a root key's"),
        pytest.param(f"root_keys/{ROOT_ID}.key", "root", "", id="a root key's without its role"),
        pytest.param(f"tuf_keys/example.com/a/{ROOT_ID}_targets.key", "targets", "example.com/a", id="a targets key's"),
        pytest.param(f"tuf_keys/{ROOT_ID}_user.key", "user", "", id="a delegation's"),
        pytest.param(f"{ROOT_ID}_root.key", "root", "", id="one moved by hand"),
    ],
)
def test_a_key_is_found_in_each_place_that_docker_gave_it(tmp_path: Path, path: str, role: str, gun: str) -> None:
    file = tmp_path / "private" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(sealed_in_2016(SECRETS["P-256"]))
    directory = TrustDirectory(tmp_path)
    (listed,) = Keyring(directory, Told()).list()
    assert listed == ListedKey(ROOT_ID, role, gun, encrypted=True, old=True)
    assert directory.key(ROOT_ID) == file.read_bytes()


def test_a_file_without_a_key_is_listed_with_its_error(tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / f"{ROOT_ID}.key").write_text("nothing", encoding="utf-8")
    (tmp_path / "private" / "notes.txt").write_text("nothing", encoding="utf-8")
    (listed,) = Keyring(TrustDirectory(tmp_path), Told()).list()
    assert (listed.id, listed.error) == (ROOT_ID, "it has no private key in PEM")


def test_a_key_in_two_places_is_listed_once(tmp_path: Path) -> None:
    for path, role in ((f"{ROOT_ID}.key", "root"), (f"root_keys/{ROOT_ID}_root.key", "")):
        file = tmp_path / "private" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(sealed_in_2016(SECRETS["P-256"], role))
    assert [file.pem for file in TrustDirectory(tmp_path).private_keys()] == [
        (tmp_path / "private" / f"{ROOT_ID}.key").read_bytes()
    ]


def test_a_backup_of_a_key_of_2016_has_its_role_and_opens_elsewhere() -> None:
    key = SECRETS["P-256"]
    text = write_backup([KeyFile(of(key).id, sealed_in_2016(key), "targets", "example.com/app")])
    assert text.split("\n")[1] == "Proc-Type: 4,ENCRYPTED"
    ((name, pem),) = read_backup(text)
    stored = parse(pem)
    assert (name, stored.role, stored.gun) == (of(key).id, "targets", "example.com/app")
    assert open_key(stored, "a passphrase").id == name


@pytest.mark.parametrize("passphrase", ["", "targpass123", "rootpass123 ", "ROOTPASS123"])
def test_a_wrong_passphrase_opens_nothing(passphrase: str) -> None:
    with pytest.raises(PassphraseError, match="the passphrase does not open the key"):
        open_key(parse(BY_NOTARY), passphrase)


@pytest.mark.parametrize("kind", SECRETS)
def test_what_is_sealed_is_opened_again_and_signs(kind: str) -> None:
    key = of(SECRETS[kind])
    pem = seal(key, "targets", "example.com/app", "a passphrase")
    assert pem.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\ngun: example.com/app\nrole: targets\n\n")
    again = open_key(parse(pem), "a passphrase")
    assert again.id == key.id
    method, value = signature(again, b"a message")
    assert made(key.public, Signature(key.id, method, value), b"a message")
    assert not made(key.public, Signature(key.id, method, value), b"another message")
    assert not made(key.public, Signature(key.id, method, value[:-1]), b"a message")
    assert not made(key.public, Signature(key.id, "none", value), b"a message")


@pytest.mark.parametrize("kind", SECRETS)
@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_keys_that_other_tools_wrote_are_taken(kind: str, form: PrivateFormat) -> None:
    if kind == "Ed25519":
        form = PrivateFormat.PKCS8
    plain = SECRETS[kind].private_bytes(Encoding.PEM, form, NoEncryption())
    assert open_key(parse(plain), "").id == of(SECRETS[kind]).id
    sealed = SECRETS[kind].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    assert open_key(parse(sealed), "secret").id == of(SECRETS[kind]).id


@pytest.mark.parametrize(
    ("pem", "words"),
    [
        (b"", "it has no private key in PEM"),
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "it has no private key in PEM"),
        (b"-----BEGIN PRIVATE KEY-----\n!!!!\n-----END PRIVATE KEY-----\n", "the private key's PEM is damaged"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "the private key cannot be read"),
        (b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n", "old encryption that is not known"),
        (b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n", "the private key is damaged"),
    ],
)  # fmt: skip
def test_what_is_no_key_is_told(pem: bytes, words: str) -> None:
    with pytest.raises(SigningError, match=words):
        open_key(parse(pem), "a passphrase")


def test_a_kind_that_notary_has_not_is_refused() -> None:
    secret = dsa.generate_private_key(2048)
    pem = secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(SigningError, match="has a kind that Notary does not know"):
        open_key(parse(pem), "")


def test_rounds_without_end_are_refused() -> None:
    content = base64.b64decode(b"".join(BY_NOTARY.splitlines()[3:-1]))
    # The lengths around it grow by as much.
    endless = content.replace(bytes.fromhex("300e0408"), bytes.fromhex("30100408"), 1)
    endless = endless.replace(bytes.fromhex("02020800"), bytes.fromhex("02047fffffff"), 1)
    for before, after in (("301b0609", "301d0609"), ("303c301d", "303e301d"), ("3049", "304b"), ("3081ee", "3081f0")):
        assert bytes.fromhex(before) in endless
        endless = endless.replace(bytes.fromhex(before), bytes.fromhex(after), 1)
    pem = (
        b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
        + base64.b64encode(endless)
        + b"\n-----END ENCRYPTED PRIVATE KEY-----\n"
    )
    with pytest.raises(SigningError, match="requires 2147483647 rounds of PBKDF2, which is out of range"):
        open_key(parse(pem), "a passphrase")


@draws(200)
@given(at=st.integers(0, 240), byte=st.integers(0, 255), cut=st.integers(1, 241))
def test_damage_is_an_error_and_nothing_else(at: int, byte: int, cut: int) -> None:
    content = bytearray(base64.b64decode(b"".join(BY_NOTARY.splitlines()[3:-1])))
    content[at] = byte
    # The count of rounds stays small.
    content[39:43] = bytes.fromhex("02020800")
    pem = (
        b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
        + base64.b64encode(bytes(content[:cut]))
        + b"\n-----END ENCRYPTED PRIVATE KEY-----\n"
    )
    with suppress(SigningError):
        open_key(parse(pem), "rootpass123")


def test_keys_are_kept_for_their_owner_alone_and_never_overwritten(tmp_path: Path) -> None:
    folder = TrustDirectory(tmp_path / "trust")
    key = Keyring(folder, Told()).make("targets", "example.com/app")
    path = tmp_path / "trust" / "private" / f"{key.id}.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    before = path.read_bytes()
    with pytest.raises(TargetError, match="exists already, and is never overwritten"):
        folder.add_key(key.id, b"something else")
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("role", "gun"),
    [("targets", "example.com/app"), ("snapshot", "example.com/app"), ("root", ""), ("alice", "")],
)
def test_a_new_key_serves_its_repository_and_root_and_delegations_keys_any(tmp_path: Path, role: str, gun: str) -> None:
    folder = TrustDirectory(tmp_path)
    key = Keyring(folder, Told()).make(role, "example.com/app")
    (listed,) = Keyring(folder, Told()).list()
    assert listed == ListedKey(key.id, role, gun, encrypted=True, old=False)


def test_nothing_of_a_key_or_passphrase_is_told(tmp_path: Path) -> None:
    keyring = Keyring(TrustDirectory(tmp_path), Told(other="a secret passphrase"))
    key = keyring.make("targets", "example.com/app")
    assert repr(key) == str(key) == f"PrivateKey({key.id})"
    with pytest.raises(PassphraseError) as error:
        Keyring(TrustDirectory(tmp_path), Told(other="a wrong passphrase")).by_id(key.id, "targets")
    assert str(error.value) == f"the passphrase does not open the targets key {key.id[:12]}"
    with pytest.raises(SigningError, match="a passphrase needs at least 8 characters"):
        Keyring(TrustDirectory(tmp_path), Told(other="short")).make("targets")


def test_a_file_that_holds_another_key_than_its_name_says_is_refused(tmp_path: Path) -> None:
    folder, wanted, other = TrustDirectory(tmp_path), generate(), generate()
    folder.add_key(wanted.id, seal(other, "targets", "", "another passphrase"))
    with pytest.raises(SigningError, match="has another key"):
        Keyring(folder, Told()).open("targets", wanted.public)
    with pytest.raises(SigningError, match="has another key"):
        Keyring(folder, Told()).by_id(wanted.id, "targets")


def test_public_halves_are_written_and_read_as_docker_does() -> None:
    key = generate()
    text = write_public(key, "alice")
    assert text.startswith("-----BEGIN PUBLIC KEY-----\nrole: alice\n\n")
    assert read_public(text, "alice.pub") == key.public


UNKNOWN = "MFkwEwYHKovIzj0CAQYIKoZIzj0DAQcDQgAE0ndyLVUkyoU19QPfWIauD7j78rWJ50Ov1CS8DgorVAhwS4EsTE1+M9hFusMnZbwKXg7dBfv0t3obOOX4159QqQ=="


@pytest.mark.parametrize(
    "text",
    ["", "hello", *(f"-----BEGIN PUBLIC KEY-----\n{one}\n-----END PUBLIC KEY-----\n" for one in ("AAAA", UNKNOWN))],
    ids=["nothing", "a word", "no DER", "an algorithm that is none"],
)
def test_what_is_no_public_key_is_told(text: str) -> None:
    with pytest.raises(SigningError, match=r"alice\.pub has no public key for Notary"):
        read_public(text, "alice.pub")


def test_a_weak_public_key_is_refused() -> None:
    weak = of(rsa.generate_private_key(65537, 1024))  # noqa: S505  too weak is what it is to be
    with pytest.raises(SigningError, match="RSA \\(2048 bits or more\\)"):
        read_public(write_public(weak, "alice"), "alice.pub")


def test_a_backup_gives_every_key_back() -> None:
    keys = {
        of(secret).id: seal(of(secret), "targets", "example.com/app", "a passphrase") for secret in SECRETS.values()
    }
    assert dict(read_backup(write_backup(KeyFile(name, pem) for name, pem in keys.items()))) == keys
    with pytest.raises(SigningError, match="has no id in its `path` header"):
        dict(read_backup(BY_NOTARY.decode()))
