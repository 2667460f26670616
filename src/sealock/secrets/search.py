"""Searches files for secrets: one pass finds the anchors that may begin one, then a pattern checks each place.

Hostile input costs bounded time: the number of places and the window of each pattern are limited.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from ahocorasick_rs import BytesAhoCorasick, MatchKind
from msgspec import Struct

from sealock.model.finding import Confidence
from sealock.patterns import compile_lazily
from sealock.secrets.checks import is_mixed, is_plain, is_sound, looks_random, plain_base64
from sealock.secrets.keys import find_keys
from sealock.secrets.tokens import (
    AZURE_SIGNATURE,
    BUNDLER,
    COMPOSER,
    COMPOSER_NAMES,
    DISCORD,
    NEW_RELIC,
    find_credential_urls,
    token_patterns,
)

MAX_SECRETS: Final = 20
"""Secrets that are reported for one file."""
_WINDOW: Final = 4096
"""The longest token, in characters."""
_MAX_PLACES: Final = 20_000
"""Places checked in one file; a text with more of them only repeats itself."""
_CHUNK: Final = 1 << 16
_OVERLAP: Final = 32
_PEM_KEY: Final = "-----BEGIN "
_PUTTY_KEY: Final = "PuTTY-User-Key-File-"
_URL: Final = "://"
_NAMES_DISCORD: Final = ("discord", "Discord", "DISCORD")
"""Words of texts that are searched for tokens that have no anchor of their own."""
_BASIC: Final = "asic "
_BASIC_LOGIN: Final = compile_lazily(r"\b[Bb]asic[ ]{1,4}([A-Za-z0-9+/]{8,1024}={0,2})(?![\w+/=])")
_STATIC_KEY: Final = compile_lazily(r"-----BEGIN OpenVPN Static key V1-----\s{1,9}(?:[0-9a-f]{32}\s{1,9}){16}-----END ")
_ENCODED_KEY: Final = "LS0tLS1CRUdJTi"
"""The first line of a private key in base64, as in a Kubernetes Secret."""
_BASE64: Final = compile_lazily(r"[A-Za-z0-9+/]{64,90000}={0,2}")
_HASHES: Final = (
    ("$6$", compile_lazily(r"\$6\$(?:rounds=\d{1,9}\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{86}")),
    ("$5$", compile_lazily(r"\$5\$(?:rounds=\d{1,9}\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{43}")),
    ("$y$", compile_lazily(r"\$y\$[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{1,86}\$[./A-Za-z0-9]{43}")),
    ("$apr1$", compile_lazily(r"\$apr1\$[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{22}")),
    ("$argon2", compile_lazily(r"\$argon2(?:id|i|d)\$v=\d{1,3}\$[./A-Za-z0-9+,=$-]{30,512}")),
    ("$2y$", compile_lazily(r"\$2y\$\d\d\$[./A-Za-z0-9]{53}")),
    ("$2a$", compile_lazily(r"\$2a\$\d\d\$[./A-Za-z0-9]{53}")),
    ("$2b$", compile_lazily(r"\$2b\$\d\d\$[./A-Za-z0-9]{53}")),
)
_INFIX_TOKENS: Final = (
    (":AA", compile_lazily(r"(?<![\w:/-])\d{8,10}:AA[A-Za-z0-9_-]{32,34}(?![\w-])"), "a Telegram bot token", 10),
    ("Q~", compile_lazily(r"(?<![\w~.-])[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31,34}(?![\w~.-])"), "an Azure secret", 4),
    ("key-", compile_lazily(r"(?<![\w-])key-[a-f0-9]{32}(?![\w-])"), "a Mailgun key", 0),
    ("NRAL", compile_lazily(NEW_RELIC), "a New Relic key", 46),
    ("sig=", compile_lazily(AZURE_SIGNATURE), "an Azure access signature", 410),
    *((name, compile_lazily(COMPOSER), "a Composer token", 0) for name in COMPOSER_NAMES),
    ("BUNDLE_", compile_lazily(BUNDLER), "a password", 0),
)
"""Tokens whose anchor is not at their start: anchor, pattern, kind, and the most characters before the anchor."""
_WEAK_PREFIXES: Final = frozenset({
    "sk-", "dapi", "oy2", "hf_", "gsk_", "cio", "secret_", "rnd_", "fo1_", "LTAI", "SG.", "glc_", "pul-", "EZAK",
    "sha256~", "AKCp", "pat", "AQVN", "sl.", "whsec_", "r8_", "re_", "1//0", "napi_",
})  # fmt: skip
"""Prefixes that ordinary words share."""
EXAMPLE_WORDS: Final = (
    "example",
    "sample",
    "dummy",
    "placeholder",
    "redacted",
    "xxxx",
    "12345678",
    "abcdef",
    "changeme",
)
"""Words that mark a token as an example."""
_EXAMPLE_HOSTS: Final = ("example.", "localhost", "127.0.0.1", "host", "hostname", "server", "0.0.0.0", "foo", "bar")  # noqa: S104  compared, never bound
_WITH_CREDENTIALS: Final = compile_lazily(r"://[^\s/\"'<>`\\,;()@]{1,512}@")


class SecretMatch(Struct, frozen=True, gc=False):
    """A secret: its kind, its offsets in the text (in characters), and the confidence."""

    kind: str
    start: int
    end: int
    confidence: Confidence = Confidence.HIGH


@cache
def _automata() -> tuple[tuple[BytesAhoCorasick, tuple[str, ...]], ...]:
    """Aho-Corasick automata of at most 60 anchors each, since small ones search several times faster."""
    anchors = [
        _PEM_KEY,
        _PUTTY_KEY,
        _URL,
        _BASIC,
        *_NAMES_DISCORD,
        _ENCODED_KEY,
        *(anchor for anchor, _ in _HASHES),
        *(token[0] for token in _INFIX_TOKENS),
    ]
    anchors += [prefix for prefix, _, _ in token_patterns()]
    # An anchor must come before any anchor that is its prefix.
    unique = sorted(dict.fromkeys(anchors), key=lambda anchor: (-len(anchor), anchor))
    count = len(unique) // 60 + 1
    parts = [tuple(unique[part::count]) for part in range(count)]
    return tuple(
        (BytesAhoCorasick([anchor.encode() for anchor in part], matchkind=MatchKind.LeftmostLongest), part)
        for part in parts
    )


@cache
def _patterns() -> dict[str, list[tuple[re.Pattern[str], str]]]:
    patterns: dict[str, list[tuple[re.Pattern[str], str]]] = {}
    for prefix, pattern, kind in token_patterns():
        patterns.setdefault(prefix, []).append((pattern, kind))
    return patterns


def find_anchors(data: bytes) -> list[tuple[int, str]]:
    """Find the anchors that may begin a secret: offset and anchor, in order."""
    places: list[tuple[int, str]] = []
    view = memoryview(data)
    for start in range(0, len(data), _CHUNK):
        chunk = view[start : start + _CHUNK + _OVERLAP]
        for automaton, anchors in _automata():
            for index, at, _ in automaton.find_matches_as_indexes(chunk):
                if at < _CHUNK:
                    places.append((start + at, anchors[index]))
        if len(places) > _MAX_PLACES:
            break
    places.sort()
    return places


def find_by_shape(text: str, where: list[tuple[int, str]]) -> Iterator[SecretMatch]:
    """Yield the secrets at these places of a text that are known by their shape."""
    end_of_last = 0
    key_offsets: list[int] = []
    discord = False
    for at, anchor in where:
        if anchor == _PEM_KEY:
            key_offsets.append(at)
            if match := _STATIC_KEY.match(text, at):
                yield SecretMatch("an OpenVPN key", *match.span())
        elif anchor in _NAMES_DISCORD:
            discord = True
        elif at >= end_of_last and (hit := _match_at(text, at, anchor)) is not None:
            end_of_last = hit.end
            yield hit
    for match in re.finditer(DISCORD, text) if discord else ():
        if looks_random(match[0]):
            yield SecretMatch("a Discord token", *match.span())
    for key in find_keys(text, key_offsets):
        kind = f"{key.kind}, locked with a passphrase" if key.locked else key.kind
        yield SecretMatch(kind, key.start, key.end, Confidence.MEDIUM if key.locked else Confidence.HIGH)


def _match_at(text: str, at: int, anchor: str) -> SecretMatch | None:
    """The secret at this place, if any."""
    if anchor == _URL:
        return _address(text, at)
    if anchor == _ENCODED_KEY:
        return _encoded_key(text, at)
    if anchor == _BASIC:
        return _basic(text, at)
    for known, pattern in _HASHES:
        if known == anchor and (match := pattern.match(text, at, at + _WINDOW)):
            return SecretMatch("a password hash", *match.span())
    for known, pattern, kind, before in _INFIX_TOKENS:
        match = pattern.search(text, max(0, at - before), at + 600) if known == anchor else None
        if match and match.start() <= at and _is_drawn(match):
            return SecretMatch(kind, *match.span(match.lastindex or 0))
    for pattern, kind in _patterns().get(anchor, ()):
        if match := pattern.match(text, at, at + _WINDOW):
            return _token(match, anchor, kind)
    return None


def _is_drawn(match: re.Match[str]) -> bool:
    """Whether a token, or what a pattern's group has of it, looks random; of a name and a password, the password."""
    if match.lastindex is None:
        return looks_random(match[0])
    secret = match[1].rpartition(":")[2]
    return looks_random(secret) and not is_plain(secret) and not any(word in secret.lower() for word in EXAMPLE_WORDS)


def _token(match: re.Match[str], prefix: str, kind: str) -> SecretMatch | None:
    rest = match[0][len(prefix) :]
    sound = is_sound(prefix, rest)
    if sound is False:
        return None
    low = rest.lower()
    if sound is None and (any(word in low for word in EXAMPLE_WORDS) or not looks_random(rest)):
        return None
    if prefix in _WEAK_PREFIXES and not is_mixed(rest):
        return None
    sure = sound or prefix not in _WEAK_PREFIXES
    return SecretMatch(kind, *match.span(), Confidence.HIGH if sure and prefix != "eyJ" else Confidence.MEDIUM)


def _address(text: str, at: int) -> SecretMatch | None:
    if _WITH_CREDENTIALS.match(text, at) is None:
        return None
    window = text[at : at + 800]
    for hit in find_credential_urls(window):
        if hit.start != 3:
            return None
        credentials = window[hit.start : hit.end]
        host = window[hit.end + 1 :].partition("/")[0].partition(":")[0].lower()
        name, colon, password = credentials.partition(":")
        name, password = (name.lower(), password) if colon else ("", name)
        low = password.lower()
        weak = len(password) < 6 or low in {name, host} or any(word in low for word in EXAMPLE_WORDS)
        if weak or is_plain(password) or host.startswith(_EXAMPLE_HOSTS) or "example" in host or not host:
            return SecretMatch(hit.kind, at + hit.start, at + hit.end, Confidence.LOW)
        return SecretMatch(hit.kind, at + hit.start, at + hit.end)
    return None


def _basic(text: str, at: int) -> SecretMatch | None:
    """Name and password of basic authentication, in base64."""
    match = _BASIC_LOGIN.match(text, max(0, at - 1), at + 1100)
    if match is None:
        return None
    name, colon, password = plain_base64(match[1]).decode("latin-1").partition(":")
    if not (colon and name and password and name.isprintable() and password.isprintable() and name.isascii()):
        return None
    low = password.lower()
    if len(password) < 4 or low == name.lower() or is_plain(password) or any(word in low for word in EXAMPLE_WORDS):
        return None
    return SecretMatch("credentials in a header", *match.span(1))


def _encoded_key(text: str, at: int) -> SecretMatch | None:
    # Skip a place amid other base64, so that no key is read twice.
    match = None if at and text[at - 1].isalnum() else _BASE64.match(text, at)
    if match is None:
        return None
    plain = plain_base64(match[0]).decode("latin-1")
    for key in find_keys(plain):
        kind = f"{key.kind} in base64" + (", locked with a passphrase" if key.locked else "")
        return SecretMatch(kind, *match.span(), Confidence.MEDIUM if key.locked else Confidence.HIGH)
    return None
