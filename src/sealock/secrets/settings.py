"""Secrets known by their name: NAME=value in settings, JSON, YAML and XML, and literals in programs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Final

from ahocorasick_rs import BytesAhoCorasick, MatchKind

from sealock.model.finding import Confidence
from sealock.patterns import compile_lazily
from sealock.secrets.checks import looks_random, plain_base64
from sealock.secrets.prose import is_translation
from sealock.secrets.search import EXAMPLE_WORDS, SecretMatch
from sealock.secrets.values import AWS_KEY, find_secret, kind_of_name

_WORDS: Final = (
    "passw", "passphrase", "passcode", "_pass", "pwd", "secret", "token", "apikey", "api_key", "api-key", "api.key",
    "accesskey", "access_key", "access-key", "privatekey", "private_key", "credential", "_auth", "authkey", "auth_key",
    "encryption_key", "encryption-key", "signing_key", "signing-key", "master_key", "account_key", "masterauth",
    "requirepass", "psk", "app_key", "app.key", "jwt_key", "session_key", "cookie_key", "hmac_key", "fernet_key",
)  # fmt: skip
"""Every name that promises a secret contains one of these, in lower case."""
_MAX_PLACES: Final = 20_000
_CHUNK: Final = 1 << 16
_MOST_BEFORE: Final = 80
_MOST_AFTER: Final = 720
_NAME: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
_ASSIGNED: Final = compile_lazily(
    r"([A-Za-z_][A-Za-z0-9_.-]{1,60})[\"']?[ \t]{0,8}(?:=>|:=|=|:)[ \t]{0,8}"
    r"(\"[^\"\n]{1,512}\"|'[^'\n]{1,512}'|[^\s\"'`,;&|()<>{}\[\]]{1,512})"
)
_ELEMENT: Final = compile_lazily(r"<([A-Za-z][\w.-]{1,60})>\s{0,8}([^<>\s]{1,512})\s{0,8}</\1>")
_ATTRIBUTES: Final = compile_lazily(r"(?:name|key)=\"([\w.-]{1,60})\"\s{1,8}value=\"([^\"\n]{1,512})\"")
_DEFINED: Final = compile_lazily(r"\(\s{0,4}['\"](\w{1,60})['\"]\s{0,4},\s{0,4}['\"]([^'\"\n]{1,512})['\"]")
_CONNECTION: Final = compile_lazily(
    r"(?i)\b(?:uid|user id|user|username)\s{0,4}=[^;\"'\n]{1,128};\s{0,4}(?:pwd|password)\s{0,4}=\s{0,4}"
    r"(\{[^{}\n]{1,256}(?=\})|[^;\"'\s{}]{1,256})"
)
"""A connection string; ODBC puts a password with special characters in braces."""
_SEALED: Final = compile_lazily(r"(?m)(?:^kind:|\"kind\":)[ \t]{0,8}[\"']?SealedSecret\b")
_IN_CONNECTION: Final = "connection password"
_COMMENTS: Final = ("#", ";", "//", "*", "<!--", "--", "rem ", "dnl ")
_ENDS: Final = compile_lazily(r"[ \t]{0,8}(?:[,;}\]#&\r\n]|$)")
_CODE: Final = compile_lazily(
    r"[\w.]{1,100}\(|[\w.]{1,60}\[|[A-Za-z_]\w{0,60}(?:\.[A-Za-z_]\w{0,60}){1,8}$|process\.env|os\."
)


_NAME_SERVICES: Final = frozenset(
    {"files", "db", "compat", "nis", "nisplus", "ldap", "sss", "systemd", "winbind", "extrausers", "cache", "hesiod"}
)
"""What nsswitch.conf(5) may name for the database passwd."""
_BY_NAME_TOO: Final = frozenset({AWS_KEY, "a Discord token"})
"""Kinds that are known by their shape, for which `find_by_shape` has no anchor."""


@cache
def _automaton() -> BytesAhoCorasick:
    return BytesAhoCorasick([word.encode() for word in _WORDS], matchkind=MatchKind.LeftmostLongest)


def find_by_name(text: str, where: list[int], *, code: bool) -> Iterator[SecretMatch]:
    """Yield the secrets of a text that are known by their name; `where` is the result of `find_name_words`.

    In a program (`code`) only a literal that looks random counts: most others are names of fields.
    """
    end_of_last = 0
    sealed = tuple(_sealed(text))
    for at in where:
        if at < end_of_last or any(start <= at < end for start, end in sealed):
            continue
        line = max(text.rfind("\n", max(0, at - _MOST_BEFORE), at) + 1, at - _MOST_BEFORE, end_of_last)
        if (assigned := _find_assignment(text, line, at)) is None:
            continue
        name, value, start, end = assigned
        settings = "define(" in text[line:start] or name == _IN_CONNECTION
        result = _evaluate(name, value, text, start, code=code and not settings)
        end_of_last = max(end_of_last, end)
        if result is not None:
            yield SecretMatch(result[0], start, start + len(value), result[1])


def _sealed(text: str) -> Iterator[tuple[int, int]]:
    """The YAML documents, or the JSON text, whose values only a controller in the cluster can decrypt."""
    if "SealedSecret" not in text:
        return
    for match in islice(_SEALED.finditer(text), 100):
        start, end = text.rfind("\n---", 0, match.start()), text.find("\n---", match.end())
        yield max(0, start), end if end >= 0 else len(text)


def find_name_words(data: bytes) -> list[int]:
    """The offsets of the words that appear in names of secrets."""
    lower, automaton = data.lower(), _automaton()
    view = memoryview(lower)
    offsets = (
        start + at
        for start in range(0, len(lower), _CHUNK)
        for _, at, _ in automaton.find_matches_as_indexes(view[start : start + _CHUNK + 16])
        if at < _CHUNK
    )
    return list(islice(offsets, _MAX_PLACES))


def _find_assignment(text: str, line: int, at: int) -> tuple[str, str, int, int] | None:
    """The assignment whose name contains the word at an offset: name, value, value start, end; None for no such."""
    for string in _CONNECTION.finditer(text, line, at + _MOST_AFTER):
        if string.start() <= at < string.start(1):
            braces = string[1][0] == "{"
            return _IN_CONNECTION, string[1][braces:], string.start(1) + braces, string.end()
    prefix = text[max(0, at - _MOST_BEFORE // 2) : at]
    start = at - len(prefix) + len(prefix.rstrip(_NAME))
    while start < at and text[start] in "-.0123456789":
        start += 1
    if match := _ASSIGNED.match(text, start, at + _MOST_AFTER):
        literal = match[2]
        quoted = literal[0] in {'"', "'"}
        if quoted or _ENDS.match(text, match.end()):
            return match[1], literal[1:-1] if quoted else literal, match.start(2) + quoted, match.end()
    for pattern in (_ELEMENT, _ATTRIBUTES, _DEFINED):
        for match in pattern.finditer(text, line, at + _MOST_AFTER):
            if match.start(1) <= at < match.end(1):
                return match[1], match[2], match.start(2), match.end()
    return None


def _evaluate(name: str, value: str, text: str, start: int, *, code: bool) -> tuple[str, Confidence] | None:
    last_part = name.rpartition(".")[2]
    if last_part.upper() == "PWD":
        last_part = "password"  # of a connection string; the shell's variable is a path
    secret = find_secret(last_part, value)
    value = value.removeprefix("base64:")  # Laravel's
    if secret is not None and secret.kind in _BY_NAME_TOO:
        return secret.kind, secret.confidence
    # `find_by_shape` checks what has the shape of a token, including its check digits.
    if (
        secret is None
        or secret.kind != kind_of_name(last_part)
        or secret.confidence is Confidence.LOW
        or (" " in value.strip() and last_part.lower() != "psk")
        or is_translation(value)
        or (last_part.lower() == "passwd" and value in _NAME_SERVICES)
    ):
        return None
    quoted = text[start - 1] in {'"', "'"}
    line = text[text.rfind("\n", max(0, start - 200), start) + 1 : start].lstrip()
    random = len(value) >= 10 and looks_random(value) and any(char.isdigit() for char in value)
    sure = secret.confidence is Confidence.HIGH and random
    if secret.kind != "a password" and any(word in value.lower() for word in EXAMPLE_WORDS):
        return None
    if code:
        is_secret = quoted and sure and (not value.isidentifier() or sum(map(str.isdigit, value)) >= 3)
    elif line.startswith(_COMMENTS):
        is_secret = sure
    else:
        is_secret = (secret.kind == "a password" or random) and (quoted or not _CODE.match(value))
    if not is_secret:
        return None
    if plain_base64(value).lower() in {b"password", b"changeme", b"admin", b"secret"}:
        return None
    return secret.kind, Confidence.HIGH if sure and not code else Confidence.MEDIUM
