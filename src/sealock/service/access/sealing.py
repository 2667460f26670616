"""Encrypts the secrets of webhooks with the key that logins for registries are encrypted with."""

from __future__ import annotations

from cryptography.fernet import InvalidToken, MultiFernet

from sealock.errors import UsageError
from sealock.service.state.database import StateError


class KeyBox:
    """Encrypts and decrypts with a key; without one it refuses, and says what to do."""

    def __init__(self, key: MultiFernet | None) -> None:
        self._key = key

    def seal(self, text: str, /) -> bytes:
        """The encrypted text; UsageError without a key."""
        if self._key is None:
            message = "there is no key to encrypt secrets with: start `sealock serve` with --key-file"
            raise UsageError(message)
        return self._key.encrypt(text.encode())

    def unseal(self, data: bytes, /) -> str:
        """The text; StateError where the key is another."""
        try:
            return self._key.decrypt(data).decode() if self._key is not None else _missing()
        except InvalidToken:
            message = "the secret of the webhook cannot be decrypted with this key: start with the key it was made with"
            raise StateError(message) from None


def _missing() -> str:
    message = "there is no key to decrypt the secrets of webhooks with: start `sealock serve` with --key-file"
    raise StateError(message)
