"""Detects secrets by their shape, or by their name and entropy. References and placeholders are not secrets.

Reports never show a whole secret: `redact` and `mask` keep only what a person needs to find it.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from msgspec import Struct

from sealock.model.finding import Confidence, Severity
from sealock.patterns import compile_lazily
from sealock.secrets.prose import SPLIT, asks_to_change, is_echo, words
from sealock.secrets.tokens import find_credential_urls, find_tokens

HASH: Final = "a password hash"
"""An attacker still has to crack it."""


class Secret(Struct, frozen=True, gc=False):
    """The kind of a secret ("a GitHub token", "a password"), and the confidence.

    `placeholder` says that it is there to be replaced: "changeme", DB_PASSWORD=db_password.
    """

    kind: str
    confidence: Confidence = Confidence.HIGH
    placeholder: bool = False

    @property
    def severity(self) -> Severity:
        """A password in use is as grave as it can be guessed; other words under such names are often settings."""
        doubtful = self.confidence is Confidence.LOW and self.kind != "a password"
        mild = self.placeholder or doubtful or self.kind == HASH
        return Severity.MEDIUM if mild else Severity.HIGH


_PASSWORDS: Final = words(
    "password passwords passwd passphrase passcode pwd pass pw psw pgpassword userpass dbpass rootpw sshpass",
    "userpassword requirepass masterauth psk presharedkey",
)
_SECRETS: Final = words(
    "secret secrets token apikey apitoken authtoken accesskey secretkey privatekey credential credentials creds",
    "cred auth bearer pat",
)
_KEYS: Final = words(
    "api access private secret encryption signing master account auth app application session jwt client deploy",
    "license service storage admin crypto cookie hmac aes rsa shared write read subscription consumer integration",
    "function webhook fernet",
)
# The last word of a name that is about a secret and holds none: PASSWORD_FILE.
_ABOUT: Final = words(
    "file files filename path paths dir directory folder url uri urls endpoint name names length len size min max",
    "timeout expiry expires expire expiration ttl lifetime duration interval rotation age days hours minutes",
    "seconds count limit policy enabled enable disabled disable required require type types kind mode method",
    "algorithm algo provider issuer audience header prefix suffix field format encoding id ids arn host hostname",
    "port server service backend store storage location mount regex pattern version user username email env var",
    "plugin module class scope scopes realm prompt dummy allowed login fingerprint checksum sha256 sha sum",
    "encryption hashing hasher strength history reset changed validator rule rules message hint error errors text",
    "manager source command cmd ref reference label description title column param parameter key identity",
)
# Last words that change nothing: DB_PASSWORD_PROD is still a password.
_VARIANTS: Final = words("plain value default prod production dev test staging root admin base")
_NO_SECRET: Final = words(
    "public pub example sample max num no tokenizer tokenizers tokenize keyboard keyserver keyring fingerprint csrf",
    "forgot forgotten confirm confirmation repeat retype enter recover lost placeholder",
)
_NOTHING: Final = words(
    "true false yes no on off none null nil undefined unset empty disabled enabled required optional auto default",
    "basic bearer jwt opaque oauth oauth2 oidc saml redacted hidden masked unused ignored random generated file env",
    "prompt ask string notset n/a - ...",
)
_STAND_INS: Final = words("dummy fake invalid todo fixme tbd placeholder example sample")
_PLACEHOLDERS: Final = words(
    "your replace insert placeholder xxxx < {{ todo fixme redacted dummy not-set not_set enter- enter_ _here",
    "-here put- goes-",
)
_WEAK: Final = words(
    "password passwd pass changeme change-me change_me changeit changethis secret admin root postgres mysql redis",
    "mongo test testing user guest demo dev development local letmein toor hunter2 qwerty abc123 token key",
    "mysecret mypassword supersecret s3cret p@ssw0rd passw0rd rootpassword",
)
_REFERENCES: Final = (
    "vault:", "op://", "ssm:", "sm://", "arn:", "file:", "env:", "secret:", "secretref:", "awssm:", "gcp:", "akv:",
    "bw://", "doppler://", "keyring:", "projects/", "@microsoft.keyvault", "enc:", "enc[", "enc(", "!vault",
)  # fmt: skip
_MASKED: Final = compile_lazily(r"<|\{\{|xxxx|[-_]xxx$|^(.)\1*$|^[x*._ -]*$", re.IGNORECASE)
_FILE_NAME: Final = (
    r"[\w./-]+\.(?:pem|key|crt|cer|txt|json|ya?ml|env|conf|cfg|ini|p12|pfx|jks|properties|secret|asc|gpg)"
    r"|[\w./-]+[_-]cred(?:ential)?s"  # Kafka's images take such a name of a file
)

_CODE: Final = compile_lazily(
    r"(?:await |new )?[A-Za-z_]\w*(?:(?:\.\w+)*(?:\(\)(?![\w!@#$%])|[(\[]([\"'])[^\"']*\1[,)\]])"
    r"|(?:\.\w+)+\([\w., ]+\))|(?:self|this)\.[A-Za-z_]\w*$"
)
"""What a program has for a value: a call, an item by its name, a field of its own."""
_ENDS_OF_CODE: Final = "),;"


def find_secret(name: str, value: str) -> Secret | None:
    """Classify a value by its shape and then by its name; None if it is no secret."""
    value = value.strip().strip("\"'").strip()
    if not value:
        return None
    # The tokens of all known services are at least this long.
    text = f"{name}={value}" if name.startswith("BUNDLE_") else value
    token = next(find_tokens(text), None) or next(find_credential_urls(value), None) if len(value) >= 12 else None
    if token:
        return Secret(token.kind, Confidence.LOW if token.example else Confidence.HIGH)
    if _AWS_ID.search(name) and _AWS_SHAPE.fullmatch(value) and entropy(value) >= 4:
        return Secret(AWS_KEY)
    kind = kind_of_name(name)
    if kind is None or _is_reference(value):
        return None
    if value[-1] in _ENDS_OF_CODE and value.rstrip(_ENDS_OF_CODE) == name:
        return None  # an argument of a call: token=token)
    stands_in = is_placeholder(value)
    if stands_in and (kind != "a password" or _MASKED.search(value)):
        return None
    # A server takes a placeholder for its password like any other.
    if stands_in or asks_to_change(value) or is_echo(name, value):
        return Secret(kind, Confidence.LOW, placeholder=True)
    if kind == "a password" or not value.isdigit():
        return Secret(kind, _confidence(kind, value))
    return None


AWS_KEY: Final = "an AWS secret key"
"""Where the name is that of the key's id, and the value is the key."""
_AWS_ID: Final = compile_lazily(r"(?i)access_?key_?id$")
_AWS_SHAPE: Final = compile_lazily(r"(?=.{0,39}[a-z])(?=.{0,39}[A-Z])[A-Za-z0-9/+=]{40}")


_SWITCHES: Final = frozenset({"install", "disable", "skip", "without"})
"""First words of names of switches: INSTALL_SSHPASS, SKIP_PASSWORD."""
_JOINED: Final = compile_lazily(r"(.+)(password|passwd|passphrase)")
"""Words that are written as one: WEBPASSWORD, dbpasswd."""


@lru_cache(maxsize=2048)
def kind_of_name(name: str) -> str | None:
    """The kind of secret that a name promises: "a password", "a secret", "a token", "a key"; None for other names."""
    if name.upper() in {"PWD", "OLDPWD", "PASS"} or len(name) > 200:
        return None
    parts = [word.lower() for word in SPLIT.findall(name)]
    while parts and (parts[-1].isdigit() or (len(parts) > 1 and parts[-1] in _VARIANTS)):
        parts.pop()
    if parts and parts[-1] not in _PASSWORDS and (joined := _JOINED.fullmatch(parts[-1])):
        parts[-1:] = joined.groups()
    if not parts or not _NO_SECRET.isdisjoint(parts):
        return None
    last, before = parts[-1], parts[-2] if len(parts) > 1 else ""
    if last in _PASSWORDS and parts[0] in _SWITCHES:
        return None  # whether to have the program or the prompt
    if last not in _PASSWORDS and before != "private" and ("gpg" in parts or "pgp" in parts):
        return None  # mostly the id of a public key
    if last in {"key", "keys"} and before in _KEYS:
        return "a key"
    if not _PASSWORDS.isdisjoint(parts) and not {"hash", "hashed"}.isdisjoint(parts):
        return HASH
    if last in _PASSWORDS or (not _PASSWORDS.isdisjoint(parts[-3:]) and last not in _ABOUT and "pass" not in parts):
        return "a password"
    if last in _SECRETS:
        return {"token": "a token", "auth": "credentials"}.get(last, "a key" if "key" in last else "a secret")
    return None


def is_placeholder(value: str) -> bool:
    """Whether the value is a placeholder: empty, masked, or words such as "changeme-here"."""
    value = value.strip().strip("\"'").strip()
    lower = value.lower()
    return (
        not value
        or lower in _STAND_INS
        or len(set(lower)) == 1
        or set(lower) <= set("x*._- ")
        or lower.endswith(("_xxx", "-xxx"))
        or any(placeholder in lower for placeholder in _PLACEHOLDERS)
    )


def _is_harmless(value: str) -> bool:
    """Whether the value discloses no secret."""
    return _is_reference(value) or is_placeholder(value)


def _is_reference(value: str) -> bool:
    """Whether the value is a reference, path or switch."""
    lower = value.lower()
    return (
        lower in _NOTHING
        or value[0] in "$%@&*<[{("
        or any(sign in value for sign in ("${", "$(", "{{", "://"))
        or (value.startswith(("/", "./", "../", "~/", "\\\\")) and not _is_base64(value))
        or value[1:3] in {":\\", ":/"}
        or lower.startswith(_REFERENCES)
        or re.fullmatch(_FILE_NAME, lower) is not None
        or _CODE.match(value) is not None
    )


def _is_base64(value: str) -> bool:
    """Whether a value that begins as a path does is a key of 16 to 64 bytes: its letters are mixed as in no path."""
    return (
        len(value) in {24, 32, 40, 44, 64, 88}
        and re.fullmatch(r"/[A-Za-z0-9+/]{20,}={0,2}", value) is not None
        and value.count("/") < 5
        and entropy(value) >= 4.2
        and re.search(r"[A-Z].*[A-Z].*[A-Z]", value) is not None
        and re.search(r"\d.*\d", value) is not None
    )


def _confidence(kind: str, value: str) -> Confidence:
    """The confidence that the value under a name of a secret is one."""
    lower = value.lower()
    if lower in _WEAK or len(value) < 4 or "example" in lower:
        return Confidence.LOW
    if len(value) >= 16 and entropy(value) >= 3.0 and any(char.isdigit() for char in value):
        return Confidence.HIGH
    if kind == "a password":
        return Confidence.MEDIUM if len(value) < 8 or value.isalpha() or " " in value else Confidence.HIGH
    # A plain word under the name of a key or token is as often a setting ("TOKEN=cookie") as a secret.
    plain = (value.isalpha() and kind != "a secret") or " " in value or len(value) < 8
    return Confidence.LOW if plain else Confidence.MEDIUM


def entropy(value: str) -> float:
    """The Shannon entropy of a text, in bits per character."""
    length = len(value)
    return -sum(count / length * math.log2(count / length) for count in Counter(value).values())


def find_in_text(text: str) -> list[tuple[str, int, int]]:
    """Find the secrets in a command line or another text: kind, start, end (exclusive); in order, none overlapping."""
    hits = [(hit.kind, hit.start, hit.end) for hit in find_tokens(text)]
    hits += [(hit.kind, hit.start, hit.end) for hit in find_credential_urls(text)]
    hits += _headers(text)
    hits += _settings(text)
    hits += _program_options(text)
    result: list[tuple[str, int, int]] = []
    # At equal offsets the match by shape comes first (the sort is stable), since its kind is more precise.
    for hit in sorted(hits, key=lambda hit: hit[1]):
        if not result or hit[1] >= result[-1][2]:
            result.append(hit)
    return result


_HEADER: Final = (
    r"(?i)\b(?:(?:proxy-)?authorization|[a-z-]{0,20}-token|x-api-key|api-key|x-auth-key)\s{0,4}:\s{0,4}"
    r"(?:(?:bearer|basic|token|apikey)\s{1,4})?([^\s\"'`,;]{6,})"
)
_NAME: Final = compile_lazily(r"(?<![\w.-])(?:--?)?([A-Za-z_][\w.-]{1,60})\Z")
_OPTION: Final = compile_lazily(r"(?<![\w.-])--([A-Za-z][\w.-]{1,60})[ \t]{1,4}(?=[^\s-])")
_MOUNTED: Final = compile_lazily(r"(?:[\w.-]{1,200},)?(?:id|src|source|target|type|env)=")
"""How the value of --secret begins where it says which secret a build or a container gets, and from where."""
_VALUE: Final = compile_lazily(r"\"[^\"\n]{0,4096}\"|'[^'\n]{0,4096}'|[^\s\"'`;&|()<>]{1,4096}")


def _headers(text: str) -> Iterator[tuple[str, int, int]]:
    lower = text.lower()
    if any(word in lower for word in ("authorization", "-token", "api-key", "auth-key")):
        for match in re.finditer(_HEADER, text):
            if not _is_harmless(match[1]):
                yield "credentials in a header", *match.span(1)


def _settings(text: str) -> Iterator[tuple[str, int, int]]:
    """Find NAME=value, --name=value and --name value."""
    for sign, pattern in (("=", _NAME), ("--", _OPTION)):
        at = text.find(sign)
        while at >= 0:
            after = at + len(sign)
            name_match = pattern.search(text, max(0, at - 64), at) if sign == "=" else pattern.match(text, at)
            if (
                name_match
                and kind_of_name(name_match[1])
                and (argument := _VALUE.match(text, after if sign == "=" else name_match.end()))
            ):
                # A value contains no names; skipping it also keeps the search linear.
                after = argument.end()
                value = argument[0].strip("\"'")
                is_mounted = name_match[1] == "secret" and _MOUNTED.match(value)
                secret = None if is_mounted else find_secret(name_match[1], value)
                if secret and secret.confidence > Confidence.LOW:
                    start = argument.start() + (argument[0][0] in {'"', "'"})
                    yield secret.kind, start, start + len(value)
            at = text.find(sign, after)


# Programs with an option that takes a password: name, text that must follow, pattern of the option.
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
_COMMAND: Final = compile_lazily(r"[^;&|\n]{0,400}")


def _program_options(text: str) -> Iterator[tuple[str, int, int]]:
    for name, needle, pattern in _PROGRAMS:
        at = text.find(name)
        while at >= 0:
            match = _COMMAND.match(text, at)
            end = match.end() if match else at
            if text.find(needle, at, end) >= 0:
                for password in re.finditer(pattern, text[at:end]):
                    if not _is_harmless(password[1]):
                        yield "a password", at + password.start(1), at + password.end(1)
            at = text.find(name, max(end, at + 1))


def redact(value: str) -> str:
    """Show the first characters of a long secret and nothing of a short one."""
    return f"{value[:4]}…" if len(value) >= 16 else "…"


def mask(text: str) -> str:
    """Redact every secret in a text, for reports that show a line."""
    pieces: list[str] = []
    at = 0
    for _, start, end in find_in_text(text):
        pieces += (text[at:start], redact(text[start:end]))
        at = end
    return "".join(pieces) + text[at:]


def mask_words(words: tuple[str, ...]) -> tuple[str, ...]:
    """Mask the secrets of a command: an option may name what the next word holds."""
    text = " ".join(words)
    # What is masked already stays, so that what is read and written again is the same.
    spans = [(start, end) for _, start, end in find_in_text(text) if not text.endswith("…", start, end)]
    masked: list[str] = []
    at = 0
    for word in words:
        pieces: list[str] = []
        done = 0
        for start, end in spans:
            first, last = max(start - at, done), min(end - at, len(word))
            if first < last:
                pieces += (word[done:first], redact(word[first:last]))
                done = last
        masked.append("".join(pieces) + word[done:])
        at += len(word) + 1
    return tuple(masked)
