"""Private keys in Docker's trust directory: opens, creates and stores them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Protocol

from msgspec import Struct

from sealock.errors import SigningError
from sealock.trust.notary.directory import TrustDirectory
from sealock.trust.notary.keys import canonical_id
from sealock.trust.notary.metadata import NotaryKey
from sealock.trust.notary.privatekeys import (
    NotaryPrivateKey,
    PassphraseError,
    StoredKey,
    generate,
    open_key,
    parse,
    seal,
)
from sealock.trust.notary.roles import ROLES

_TRIES: Final = 3
SHORTEST: Final = 8
"""Minimum characters of a new passphrase, as for Docker."""


class Passphrases(Protocol):
    """A source of passphrases: a prompt, or the environment."""

    asks: bool
    """Whether asking again may give another answer."""

    def __call__(self, role: str, name: str, *, new: bool) -> str:
        """Return the passphrase of a key; SigningError where there is none."""


class ListedKey(Struct, frozen=True):
    """A stored private key: its id, its role ("" for none) and its repository ("" for any).

    `old` marks OpenSSL's encryption of before PKCS#8; `error` says why the file could not be read.
    """

    id: str
    role: str
    gun: str
    encrypted: bool
    old: bool = False
    error: str = ""


class Keyring:
    """The directory's keys. Opened keys stay open."""

    def __init__(self, directory: TrustDirectory, passphrases: Passphrases) -> None:
        self.directory, self._passphrases = directory, passphrases
        self._open: dict[str, NotaryPrivateKey] = {}

    def list(self) -> Iterator[ListedKey]:
        """Yield the stored keys."""
        for file in self.directory.private_keys():
            try:
                stored = parse(file.pem)
            except SigningError as error:
                yield ListedKey(file.id, file.role, file.gun, encrypted=True, error=str(error))
                continue
            role, gun = stored.role or file.role, stored.gun or file.gun
            yield ListedKey(file.id, role, gun, stored.encrypted, old=stored.cipher is not None)

    def open(self, role: str, key: NotaryKey) -> NotaryPrivateKey | None:
        """Open the private half of a public key; None where it is not here, SigningError where it does not open."""
        name = canonical_id(key)
        if name not in self._open:
            pem = self.directory.key(name)
            if pem is None:
                return None
            self._open[name] = self._opened(pem, role, name)
        return self._open[name]

    def has(self, key: NotaryKey) -> bool:
        """Whether the private half of a public key is here."""
        return self.directory.key(canonical_id(key)) is not None

    def by_id(self, name: str, role: str) -> NotaryPrivateKey:
        """Open a key by its id; SigningError where it is not here."""
        pem = self.directory.key(name)
        if pem is None:
            msg = f"there is no private key {name[:64]} in {self.directory.path / 'private'}"
            raise SigningError(msg)
        if name not in self._open:
            self._open[name] = self._opened(pem, role, name)
        return self._open[name]

    def _opened(self, pem: bytes, role: str, name: str) -> NotaryPrivateKey:
        opened = open_with(self._passphrases, parse(pem), role, name)
        if opened.id != name:
            msg = f"the file of the private key {name[:12]} has another key"
            raise SigningError(msg)
        return opened

    def make(self, role: str, gun: str = "") -> NotaryPrivateKey:
        """Create and store a new key, before it signs anything."""
        return self.add(generate(), role, gun)

    def add(self, key: NotaryPrivateKey, role: str, gun: str = "") -> NotaryPrivateKey:
        """Store a key with a passphrase; TargetError where it exists already."""
        passphrase = self._passphrases(role, key.id, new=True)
        if len(passphrase) < SHORTEST:
            msg = f"a passphrase needs at least {SHORTEST} characters"
            raise SigningError(msg)
        # As Docker does: root keys and delegations' keys serve any repository.
        repository = gun if role in ROLES and role != "root" else ""
        self.directory.add_key(key.id, seal(key, role, repository, passphrase))
        self._open[key.id] = key
        return key


def open_with(passphrases: Passphrases, stored: StoredKey, role: str, name: str) -> NotaryPrivateKey:
    """Open a private key, asking for its passphrase; PassphraseError after three wrong ones."""
    if not stored.encrypted:
        return open_key(stored, "")
    for left in reversed(range(_TRIES)):
        try:
            return open_key(stored, passphrases(stored.role or role, name, new=False))
        except PassphraseError:
            if not left or not passphrases.asks:
                msg = f"the passphrase does not open the {stored.role or role} key {name[:12]}"
                raise PassphraseError(msg) from None
    raise AssertionError
