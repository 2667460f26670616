"""Check digits, decodable content and randomness: what tells a token from a word."""

from __future__ import annotations

from base64 import urlsafe_b64encode

import pytest

from sealock.secrets.checks import (
    crc_digits,
    is_bech32,
    is_mixed,
    is_plain,
    is_sound,
    is_web_token,
    looks_random,
    plain_base64,
)
from support.madesecrets import Maker

make = Maker(9)


@pytest.mark.parametrize(
    ("prefix", "rest", "sound"),
    [
        *((prefix, make.checked(prefix)[4:], True) for prefix in ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "npm_")),
        *((prefix, "a" * 36, False) for prefix in ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "npm_")),
        ("ghp_", make.checked("ghp_")[4:] + "a", False),
        ("eyJ", make.web_token()[3:], True),
        ("eyJ", "abcdefgh.eyJabcdefgh.abcdefgh", False),
        ("pypi-", make.macaroon()[5:], True),
        ("pypi-", "AgEN" + make.macaroon()[9:], True),
        ("pypi-", "AgEX" + make.macaroon()[9:], False),
        ("pypi-", "AgEI" + "é" * 60, False),
        ("AGE-SECRET-KEY-1", make.age()[16:], True),
        ("AGE-SECRET-KEY-1", "Q" * 58, False),
        ("ATBB", "anything", None),
    ],
)
def test_check_digits(prefix: str, rest: str, sound: bool | None) -> None:  # noqa: FBT001  a table's column
    assert is_sound(prefix, rest) is sound


@pytest.mark.parametrize(
    ("header", "claims", "valid"),
    [
        (b'{"alg":"HS256"}', b'{"sub":"a"}', True),
        (b'{"typ":"JWT"}', b'{"sub":"a"}', False),
        (b'x{"alg":"HS256"}', b'{"sub":"a"}', False),
        (b'{"alg":"HS256"}', b'["sub","a"]', False),
        (b'{"alg":"None"}', b'{"sub":"a"}', False),
        (b'{"alg":"HS256"}', b'{"name":"John Doe"}', False),
    ],
)
def test_web_tokens(header: bytes, claims: bytes, valid: bool) -> None:  # noqa: FBT001  a table's column
    assert is_web_token(f"{urlsafe_b64encode(header).decode()}.{urlsafe_b64encode(claims).decode()}.x") is valid


def test_check_digits_of_published_values() -> None:
    assert crc_digits("") == "000000"
    assert crc_digits("123456789") == "3jZRME"  # the check value of CRC-32 is cbf43926
    # What BIP 173 gives as valid and as invalid.
    assert is_bech32("a", "2uel5l")
    assert is_bech32("abcdef", "qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw")
    assert is_bech32("split", "checkupstagehandshakeupstreamerranterredcaperred2y9e3w")
    assert not is_bech32("split", "checkupstagehandshakeupstreamerranterredcaperred2y9e3x")
    assert not is_bech32("a", "2ueb5l")
    assert not is_bech32("a", "uel5l")
    assert not is_bech32("", "")


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("aGk=", b"hi"), ("aGk", b"hi"), ("aGkh", b"hi!"), ("_-8", b"\xff\xef"), ("/+8=", b"\xff\xef"), ("aGkhe", b"hi!"),
        ("", b""), ("a", b""), ("a*k=", b""), ("äöü=", b""), ("-é", b""),
    ],
)  # fmt: skip
def test_base64_of_either_alphabet(text: str, data: bytes) -> None:
    assert plain_base64(text) == data


@pytest.mark.parametrize(
    ("value", "random"),
    [
        ("abcde", True), ("abcda", False), ("aaaaaaaaaaa", False), ("abxyqkmznwo", True),
        ("abcdefghijklmnop", False), ("ponmlkjihgfedcba", False), ("q7Zp1mWx9LdK", True), ("aabbccddeeff", False),
        ("abababababab", False), ("aaaaaaaqwzxp", False), ("abcqwzhij7mkp4x", True), ("abcdefghm7zkw", False), ("abcdefgqm7zkw", True), ("abcdefgm7zkw", False),
    ],
)  # fmt: skip
def test_what_looks_random(value: str, random: bool) -> None:  # noqa: FBT001  a table's column
    assert looks_random(value) is random


@pytest.mark.parametrize(
    ("value", "mixed"),
    [
        ("abc1", True), ("1234", False), ("1", False), ("a" * 40, False), ("A" * 40, False), ("aB" * 10, True),
        ("aB" * 9 + "a", False), ("aaaB" * 5, True), ("aaaaB" * 5, False), ("aBBB" * 5, True), ("aBBBB" * 5, False),
    ],
)  # fmt: skip
def test_what_is_mixed(value: str, mixed: bool) -> None:  # noqa: FBT001  a table's column
    assert is_mixed(value) is mixed


COMMON = (
    "pass pwd secret token admin root user test guest demo change your example login welcome qwert letme foobar hunter"
    " super hello local server database dummy sample proxy somepw mypw sesame"
)


@pytest.mark.parametrize("word", COMMON.split())
def test_common_words_are_no_passwords(word: str) -> None:
    assert is_plain(f"Bvkjzx{word}QYfmd")
    assert is_plain(f"Bvkjzx{word.upper()}QYfmd")


@pytest.mark.parametrize(
    ("password", "plain"),
    [
        ("BvkjzxQYfmdc", False), ("Bvkjzx7", False), ("bvkjzxqyfmdc", False), ("bvkjzxqyfmd", True), ("bvkjzQyf", False),
        ("bvkjzQy", True), ("Bvkjzqyfmdc", True), ("BVKJZQYFMDC", True), ("bvbvbvbvbvbv", True), ("bvk jzx qyf mdc", False),
        ("bvk jzx qyf 7", False), ("abcdefabcdef", False), ("abcdeabcdeab", True),
    ],
)  # fmt: skip
def test_words_are_no_passwords(password: str, plain: bool) -> None:  # noqa: FBT001  a table's column
    assert is_plain(password) is plain
