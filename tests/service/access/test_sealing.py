"""Secrets of webhooks are kept encrypted, and nobody without the key reads them."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet, MultiFernet

from sealock.errors import UsageError
from sealock.service.access.sealing import KeyBox
from sealock.service.state.database import StateError


def key(*more: bytes) -> MultiFernet:
    return MultiFernet([Fernet(each) for each in (*more, Fernet.generate_key())])


@pytest.mark.parametrize("text", ["", "word-of-mine", "s\u00e9cret \u2713", "x" * 9000])
def test_what_is_sealed_is_read_with_the_key_alone(text: str) -> None:
    box = KeyBox(key())
    sealed = box.seal(text)
    assert text.encode() not in sealed or not text
    assert box.unseal(sealed) == text
    for other in (KeyBox(key()), KeyBox(None)):
        with pytest.raises(StateError, match=r"decrypt.* start.* with") as refused:
            other.unseal(sealed)
        assert text not in str(refused.value) or not text


def test_a_former_key_still_reads() -> None:
    old = Fernet.generate_key()
    sealed = KeyBox(MultiFernet([Fernet(old)])).seal("secret")
    assert KeyBox(MultiFernet([Fernet(Fernet.generate_key()), Fernet(old)])).unseal(sealed) == "secret"


def test_without_a_key_nothing_is_sealed() -> None:
    with pytest.raises(
        UsageError, match=r"^there is no key to encrypt secrets with: start `sealock serve` with --key-file$"
    ):
        KeyBox(None).seal("secret")


@pytest.mark.parametrize("data", [b"", b"x", b"gAAAAA", bytes(99)])
def test_what_was_damaged_is_no_secret(data: bytes) -> None:
    with pytest.raises(
        StateError, match=r"^the secret of the webhook cannot be decrypted with this key: start with the key"
    ):
        KeyBox(key()).unseal(data)
