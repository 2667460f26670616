"""Checks of a token's characters: check digits, decodable content, randomness."""

from __future__ import annotations

import binascii
from base64 import b64decode, urlsafe_b64decode
from collections import Counter
from itertools import pairwise
from typing import Final

from sealock.secrets.values import entropy

BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BECH32: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATORS: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CHECKED: Final = {"ghp_": 36, "gho_": 36, "ghu_": 36, "ghs_": 36, "ghr_": 36, "npm_": 36}
"""Tokens that end in six check digits, and how many characters follow their prefix."""
_MACAROONS: Final = ("AgEI", "AgEN")
"""How the macaroons of package indexes begin in base64: version 2, then the length of the location."""


def is_sound(prefix: str, rest: str) -> bool | None:
    """Whether the rest of a token is well-formed; None if nothing in it can be checked."""
    if (length := _CHECKED.get(prefix)) is not None:
        return len(rest) == length and crc_digits(rest[:-6]) == rest[-6:]
    if prefix == "eyJ":
        return is_web_token(prefix + rest)
    if prefix == "pypi-":
        return rest.startswith(_MACAROONS) and plain_base64(rest) != b""
    if prefix == "AGE-SECRET-KEY-1":
        return is_bech32("age-secret-key-", rest.lower())
    return None


def crc_digits(text: str) -> str:
    """CRC-32 as six digits to the base 62, as GitHub and npm end their tokens."""
    value, digits = binascii.crc32(text.encode("latin-1", "replace")), ""
    for _ in range(6):
        value, digit = divmod(value, 62)
        digits = BASE62[digit] + digits
    return digits


def is_bech32(kind: str, data: str) -> bool:
    """Whether the check digits at the end of `data` are right for its human-readable part (BIP 173)."""
    if len(data) < 6 or not set(data) <= set(_BECH32):
        return False
    high, low = [ord(char) >> 5 for char in kind], [ord(char) & 31 for char in kind]
    values = [*high, 0, *low, *map(_BECH32.index, data)]
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_GENERATORS):
            check ^= generator if (top >> bit) & 1 else 0
    return check == 1


def is_web_token(token: str) -> bool:
    """Whether it is a signed JSON web token and no well-known example; its signature is not checked."""
    head, _, rest = token.partition(".")
    body = rest.partition(".")[0]
    header, claims = plain_base64(head), plain_base64(body)
    if not (header.startswith(b"{") and b'"alg"' in header and claims.startswith(b"{")):
        return False
    return b"John Doe" not in claims and b"none" not in header.lower()


def plain_base64(text: str) -> bytes:
    """Decode base64 of either alphabet, padded or not; b"" if it is none."""
    cut = text.rstrip("=")
    cut = cut[: len(cut) - 1] if len(cut) % 4 == 1 else cut
    try:
        padded = (cut + "=" * (-len(cut) % 4)).encode("ascii")
        return urlsafe_b64decode(padded) if "-" in cut or "_" in cut else b64decode(padded, validate=True)
    except ValueError:
        return b""


def looks_random(value: str) -> bool:
    """Whether a token looks random: many different characters, and no long runs up or down the alphabet."""
    if len(value) < 12:
        return len(set(value)) >= 5
    steps = Counter(ord(after) - ord(before) for before, after in pairwise(value))
    sequential = steps[1] + steps[-1] + steps[0]
    return entropy(value) >= 2.8 and sequential * 2 < len(value)


_COMMON: Final = (
    "pass", "pwd", "secret", "token", "admin", "root", "user", "test", "guest", "demo", "change", "your", "example",
    "login", "welcome", "qwert", "letme", "foobar", "hunter", "super", "hello", "local", "server", "database", "dummy",
    "sample", "proxy", "somepw", "mypw", "sesame",
)  # fmt: skip
"""Parts of passwords that documentation uses."""


def is_mixed(value: str) -> bool:
    """Whether a token has digits and letters, or capitals among small letters as only chance mixes them."""
    letters = [char for char in value if char.isalpha()]
    capitals = sum(char.isupper() for char in letters)
    if any(char.isdigit() for char in value):
        return bool(letters)
    return len(letters) >= 20 and len(letters) <= 4 * capitals <= 3 * len(letters)


def is_plain(password: str) -> bool:
    """Whether a password of letters only is too short or too common a word to be a real one."""
    password = password.replace(" ", "")
    if not password.isalpha():
        return False
    low = password.lower()
    inner = any(char.isupper() for char in password[1:]) and any(char.islower() for char in password)
    common = any(word in low for word in _COMMON)
    return common or len(password) < (8 if inner else 12) or len(set(low)) * 2 < len(low)
