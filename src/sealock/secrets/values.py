"""Tells what is a secret: by its shape, or by its name and how random it is. A reference or a placeholder is none.

A secret is never shown whole: `redact` and `mask` say as much of it as a person needs to find it.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from msgspec import Struct

from sealock.model.finding import Confidence
from sealock.secrets.tokens import find_credential_urls, find_tokens


class Secret(Struct, frozen=True, gc=False):
    """What kind of secret a value is ("a GitHub token", "a password"), and how sure that is."""

    kind: str
    confidence: Confidence = Confidence.HIGH


_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def _set(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


_PASSWORDS: Final = _set(
    "password passwords passwd passphrase passcode pwd pass pw psw pgpassword userpass dbpass rootpw sshpass",
    "userpassword requirepass masterauth",
)
_SECRETS: Final = _set(
    "secret secrets token apikey apitoken authtoken accesskey secretkey privatekey credential credentials creds",
    "cred auth bearer pat",
)
_KEYS: Final = _set(
    "api access private secret encryption signing master account auth app application session jwt client deploy",
    "license service storage admin crypto cookie hmac aes rsa shared write read subscription consumer integration",
    "function webhook fernet",
)
# What a name ends in when it tells of a secret and is not one.
_ABOUT: Final = _set(
    "file files filename path paths dir directory folder url uri urls endpoint name names length len size min max",
    "timeout expiry expires expire expiration ttl lifetime duration interval rotation age days hours minutes",
    "seconds count limit policy enabled enable disabled disable required require type types kind mode method",
    "algorithm algo provider issuer audience header prefix suffix field format encoding id ids arn host hostname",
    "port server service backend store storage location mount regex pattern version user username email env var",
    "plugin module class scope scopes realm prompt dummy allowed login fingerprint checksum sha256 sha sum",
    "encryption hashing hasher strength history reset changed validator rule rules message hint error errors text",
    "manager source command cmd ref reference label description title column param parameter key",
)
# What follows the name of a secret and leaves it one: DB_PASSWORD_PROD.
_VARIANTS: Final = _set("plain value default prod production dev test staging root admin base")
_NO_SECRET: Final = _set(
    "public pub gpg pgp example sample max num no tokenizer tokenizers tokenize keyboard keyserver keyring",
    "fingerprint csrf",
)
_NOTHING: Final = _set(
    "true false yes no on off none null nil undefined unset empty disabled enabled required optional auto default",
    "basic bearer dummy fake redacted hidden masked unused ignored random generated file env prompt ask string",
    "todo fixme tbd placeholder example sample notset n/a - ...",
)
_PLACEHOLDERS: Final = _set(
    "your replace insert placeholder xxxx < {{ todo fixme redacted dummy not-set not_set enter- enter_ _here",
    "-here put- goes-",
)
_WEAK: Final = _set(
    "password passwd pass changeme change-me change_me changeit changethis secret admin root postgres mysql redis",
    "mongo test testing user guest demo dev development local letmein toor hunter2 qwerty abc123 token key",
    "mysecret mypassword supersecret s3cret p@ssw0rd passw0rd rootpassword",
)
_REFERENCES: Final = (
    *(
        "vault:",
        "op://",
        "ssm:",
        "sm://",
        "arn:",
        "file:",
        "env:",
        "secret:",
        "secretref:",
        "awssm:",
        "gcp:",
        "akv:",
        "bw://",
    ),
    *("doppler://", "keyring:", "projects/", "@microsoft.keyvault", "enc:", "enc[", "!vault"),
)
_FILE_NAME: Final = (
    r"[\w./-]+\.(?:pem|key|crt|cer|txt|json|ya?ml|env|conf|cfg|ini|p12|pfx|jks|properties|secret|asc|gpg)"
)


def secret(name: str, value: str) -> str | None:
    """Say in a few words what kind of secret this value is ("a GitHub token", "a password"); None where it is none."""
    found = find_secret(name, value)
    return found.kind if found else None


def find_secret(name: str, value: str) -> Secret | None:
    """Tell what kind of secret a value is, by its shape and then by its name; None where it is none."""
    value = value.strip().strip("\"'").strip()
    if not value:
        return None
    # No token of any service is shorter than that.
    hit = next(find_tokens(value), None) or next(find_credential_urls(value), None) if len(value) >= 12 else None
    if hit:
        return Secret(hit.kind, Confidence.LOW if hit.example else Confidence.HIGH)
    kind = kind_of_name(name)
    if kind is None or _is_no_secret(value):
        return None
    if kind == "a password" or not value.isdigit():
        return Secret(kind, _confidence(kind, value))
    return None


@lru_cache(maxsize=2048)
def kind_of_name(name: str) -> str | None:
    """Tell what kind of secret a name promises: "a password", "a secret", "a token", "a key"; None for other names."""
    if name.upper() in {"PWD", "OLDPWD", "PASS"} or len(name) > 200:
        return None
    words = [word.lower() for word in _WORDS.findall(name)]
    while words and (words[-1].isdigit() or (len(words) > 1 and words[-1] in _VARIANTS)):
        words.pop()
    if not words or not _NO_SECRET.isdisjoint(words):
        return None
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    if last in {"key", "keys"} and before in _KEYS:
        return "a key"
    if last in _PASSWORDS or (not _PASSWORDS.isdisjoint(words[-3:]) and last not in _ABOUT and "pass" not in words):
        return "a password"
    if last in _SECRETS:
        return {"token": "a token", "auth": "credentials"}.get(last, "a key" if "key" in last else "a secret")
    return None


def is_placeholder(value: str) -> bool:
    """Whether the value holds the place of one to come: empty, blotted out, or words that say so."""
    value = value.strip().strip("\"'").strip()
    lower = value.lower()
    return (
        not value
        or len(set(lower)) == 1
        or set(lower) <= set("x*._- ")
        or any(placeholder in lower for placeholder in _PLACEHOLDERS)
    )


def _is_no_secret(value: str) -> bool:
    """Whether the value is a reference, a path, a placeholder, a switch or anything else that gives nothing away."""
    lower = value.lower()
    return (
        lower in _NOTHING
        or value[0] in "$%@&*<[{("
        or any(one in value for one in ("${", "$(", "{{", "://"))
        or value.startswith(("/", "./", "../", "~/", "\\\\"))
        or value[1:3] in {":\\", ":/"}
        or lower.startswith(_REFERENCES)
        or is_placeholder(value)
        or re.fullmatch(_FILE_NAME, lower) is not None
    )


def _confidence(kind: str, value: str) -> Confidence:
    """Say how sure it is that the value under a telling name is a secret."""
    lower = value.lower()
    if lower in _WEAK or len(value) < 4 or "example" in lower:
        return Confidence.LOW
    if len(value) >= 16 and entropy(value) >= 3.0 and any(one.isdigit() for one in value):
        return Confidence.HIGH
    if kind == "a password":
        return Confidence.MEDIUM if len(value) < 8 or value.isalpha() or " " in value else Confidence.HIGH
    # A plain word under the name of a key or token is as often a setting ("TOKEN=cookie") as a secret.
    plain = (value.isalpha() and kind != "a secret") or " " in value or len(value) < 8
    return Confidence.LOW if plain else Confidence.MEDIUM


def entropy(value: str) -> float:
    """The Shannon entropy of a text, in bits a character."""
    length = len(value)
    return -sum(count / length * math.log2(count / length) for count in Counter(value).values())


def find_in_text(text: str) -> list[tuple[str, int, int]]:
    """Find the secrets in a command line or another text: kind, start, end (exclusive); in order, none overlapping."""
    hits = [(hit.kind, hit.start, hit.end) for hit in find_tokens(text)]
    hits += [(hit.kind, hit.start, hit.end) for hit in find_credential_urls(text)]
    hits += _headers(text)
    hits += _settings(text)
    hits += _given_to_programs(text)
    kept: list[tuple[str, int, int]] = []
    # What was found by shape comes first at equal places, since the sort is stable and it says more.
    for hit in sorted(hits, key=lambda hit: hit[1]):
        if not kept or hit[1] >= kept[-1][2]:
            kept.append(hit)
    return kept


_HEADER: Final = (
    r"(?i)\b(?:(?:proxy-)?authorization|[a-z-]{0,20}-token|x-api-key|api-key|x-auth-key)\s{0,4}:\s{0,4}"
    r"(?:(?:bearer|basic|token|apikey)\s{1,4})?([^\s\"'`,;]{6,})"
)
_NAME: Final = re.compile(r"(?<![\w.-])(?:--?)?([A-Za-z_][\w.-]{1,60})\Z")
_OPTION: Final = re.compile(r"(?<![\w.-])--([A-Za-z][\w.-]{1,60})[ \t]{1,4}(?=[^\s-])")
_VALUE: Final = re.compile(r"\"[^\"\n]{0,4096}\"|'[^'\n]{0,4096}'|[^\s\"'`;&|()<>]{1,4096}")


def _headers(text: str) -> Iterator[tuple[str, int, int]]:
    lower = text.lower()
    if any(word in lower for word in ("authorization", "-token", "api-key", "auth-key")):
        for match in re.finditer(_HEADER, text):
            if not _is_no_secret(match[1]):
                yield "credentials in a header", *match.span(1)


def _settings(text: str) -> Iterator[tuple[str, int, int]]:
    """NAME=value and --name=value, and --name value where the name starts with dashes."""
    for sign, pattern in (("=", _NAME), ("--", _OPTION)):
        at = text.find(sign)
        while at >= 0:
            after = at + len(sign)
            named = pattern.search(text, max(0, at - 64), at) if sign == "=" else pattern.match(text, at)
            if (
                named
                and kind_of_name(named[1])
                and (given := _VALUE.match(text, after if sign == "=" else named.end()))
            ):
                # What stands within a value is no name, so that no text is looked at twice.
                after = given.end()
                value = given[0].strip("\"'")
                if (found := find_secret(named[1], value)) and found.confidence > Confidence.LOW:
                    start = given.start() + (given[0][0] in {'"', "'"})
                    yield found.kind, start, start + len(value)
            at = text.find(sign, after)


# Programs that take a password in an option of their own: the name, what the rest has to hold, the option's pattern.
_PROGRAMS: Final[tuple[tuple[str, str, str], ...]] = (
    ("mysql", " -p", r"\s-p(?!\s)[\"']?([^\s\"']{2,})"),
    ("mariadb", " -p", r"\s-p(?!\s)[\"']?([^\s\"']{2,})"),
    ("sshpass", " -p", r"\s-p\s{0,4}[\"']?([^\s\"']{2,})"),
    ("redis-cli", " -a", r"\s-a\s{1,4}[\"']?([^\s\"']{2,})"),
    ("curl", " -u", r"\s-u\s{0,4}[\"']?[^\s:\"']{1,100}:([^\s\"']{2,})"),
    ("curl", " --user", r"\s--user[ =][\"']?[^\s:\"']{1,100}:([^\s\"']{2,})"),
    ("docker", " login", r"\s-p\s{0,4}[\"']?([^\s\"']{2,})"),
    ("htpasswd", " -", r"\s-\w{0,9}b\w{0,9}\s+(?:-\w+\s+){0,4}\S{1,200}\s+\S{1,100}\s+[\"']?([^\s\"']{2,})"),
    ("openssl", " -pass", r"\s-pass(?:in|out)?\s{1,4}[\"']?pass:([^\s\"']{1,})"),
)
_COMMAND: Final = re.compile(r"[^;&|\n]{0,400}")


def _given_to_programs(text: str) -> Iterator[tuple[str, int, int]]:
    for name, needle, pattern in _PROGRAMS:
        at = text.find(name)
        while at >= 0:
            match = _COMMAND.match(text, at)
            end = match.end() if match else at
            if text.find(needle, at, end) >= 0:
                for found in re.finditer(pattern, text[at:end]):
                    if not _is_no_secret(found[1]):
                        yield "a password", at + found.start(1), at + found.end(1)
            at = text.find(name, max(end, at + 1))


def redact(value: str) -> str:
    """Show the first characters of a long secret and nothing of a short one."""
    return f"{value[:4]}…" if len(value) >= 16 else "…"


def mask(text: str) -> str:
    """Return the text with every secret that is found in it redacted: for reports that show a line."""
    pieces: list[str] = []
    at = 0
    for _, start, end in find_in_text(text):
        pieces += (text[at:start], redact(text[start:end]))
        at = end
    return "".join(pieces) + text[at:]
