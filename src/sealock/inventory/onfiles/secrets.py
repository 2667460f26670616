"""Secrets in the texts of a layer. A fact has the place and the kind of a secret, never its value.

Not searched: files above a megabyte, binary files, and most of what packages and languages bring
(node_modules, site-packages; in /usr/share and /usr/lib all but settings, in /usr/bin all but scripts): everybody has
what is in there, and it is most of an image.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator
from hashlib import blake2b
from typing import Final

from sealock.inventory.analyzer import AnalyzedFile, Analyzer, BrokenFileError, FilePatterns
from sealock.inventory.secretfiles import LARGEST, is_code
from sealock.model.finding import Confidence
from sealock.model.inventory import FileFact
from sealock.patterns import compile_lazily
from sealock.secrets.search import MAX_SECRETS, SecretMatch, find_anchors, find_by_shape
from sealock.secrets.settings import find_by_name, find_name_words

PLACES: Final = 1_000_000
"""Maximum candidates in all files of a layer: some ten times as many as large images have."""

_NETRC: Final = compile_lazily(r"\bpassword\s{1,8}(\S{3,512})")
_PGPASS: Final = compile_lazily(r"(?m)^[^#\s:][^:\s]{0,250}:[^:\s]{0,9}:[^:\n]{0,100}:[^:\n]{1,100}:(\S{1,512})$")
_DOCKER_AUTH: Final = compile_lazily(r"\"auth\"\s{0,8}:\s{0,8}\"([A-Za-z0-9+/]{6,4096}={0,2})\"")
_REGISTRY_TOKEN: Final = compile_lazily(r"\"(?:identitytoken|registrytoken)\"\s{0,8}:\s{0,8}\"([^\"\s]{8,8192})\"")
_MASTER_KEY: Final = compile_lazily(r"\A\s{0,8}([0-9a-f]{32})\s{0,8}\Z")
_VAULT: Final = compile_lazily(r"\A\s{0,8}((?:hv)?[sb]\.[\w-]{20,300})\s{0,8}\Z")
_MOUNT: Final = compile_lazily(r"(?m)^[^#\n]{0,400}[\s,](?:password2?|passwd|pass)=([^\s,\"'$]{3,512})")
_PPP: Final = compile_lazily(r"(?m)^[ \t]{0,8}\"?[^\s\"#]{1,128}\"?[ \t]{1,9}\S{1,128}[ \t]{1,9}\"?([^\s\"]{3,256})")
_RSYNC: Final = compile_lazily(r"(?m)^[^#\s:]{1,128}:(\S{3,256})[ \t]{0,8}$")
_LOGIN: Final = compile_lazily(
    r"\A[ \t]{0,8}(?!#)[^\s:=]{1,128}[ \t]{0,8}\r?\n[ \t]{0,8}([^\s:=#<][^\s]{3,256})\s{0,8}\Z"
)
_INLINE_LOGIN: Final = compile_lazily(r"<auth-user-pass>\s{1,9}\S{1,128}\s{1,9}(\S{4,256})\s{1,9}</auth-user-pass>")
_FORMATS: Final = frozenset({
    ".netrc", "_netrc", ".pgpass", ".dockercfg", ".dockerconfigjson", "config.json", "master.key", ".vault-token",
    "fstab", "chap-secrets", "pap-secrets", "rsyncd.secrets",
})  # fmt: skip
"""Files that hold secrets in a way of their own; Redis's settings do so too."""
_OF_LOGINS: Final = compile_lazily(r"(?i)auth|login|pass|cred|user|secret")
_REQUIREPASS: Final = compile_lazily(r"(?m)^[ \t]{0,8}(?:requirepass|masterauth)[ \t]{1,8}(\S{4,512})[ \t]{0,8}$")


def search(path: str, data: bytes) -> tuple[list[SecretMatch], int]:
    """Find the secrets of a file, none within another, in order; and the number of places searched."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        data = data.decode("utf-16", "replace").encode("utf-8", "replace")
    elif b"\0" in data[:4096]:
        return [], 0
    directory, _, name = path.rpartition("/")
    shapes, names = find_anchors(data), find_name_words(data)
    if not shapes and not names and name not in _FORMATS and not name.endswith(".conf") and "vpn" not in path:
        return [], 0  # as most files are, and there may be very many
    code = is_code(directory, name)
    # Latin-1 has a character for every byte, so offsets stay the same.
    text = data.decode("latin-1")
    matches = [*_of_format(path, name, text), *find_by_shape(text, shapes), *find_by_name(text, names, code=code)]
    kept: list[SecretMatch] = []
    for match in sorted(matches, key=lambda match: (match.start, -match.confidence)):
        if match.confidence > Confidence.LOW and (not kept or match.start >= kept[-1].end):
            kept.append(match)
    return kept, len(shapes) + len(names)


def _of_format(path: str, name: str, text: str) -> Iterator[SecretMatch]:
    """The secrets of files that write them in a way of their own."""
    if name in {".netrc", "_netrc"}:
        yield from _all(_NETRC, text, "a password")
    elif name == ".pgpass":
        yield from _all(_PGPASS, text, "a password")
    elif name in {".dockercfg", ".dockerconfigjson"} or path.endswith(".docker/config.json"):
        for match in _DOCKER_AUTH.finditer(text):
            if _is_pair(match[1]):
                yield SecretMatch("a registry's credentials", *match.span(1))
        yield from _all(_REGISTRY_TOKEN, text, "a registry's token")
    elif name == "master.key":
        yield from _all(_MASTER_KEY, text, "a key")
    elif name == ".vault-token":
        yield from _all(_VAULT, text, "a Vault token")
    elif name == "fstab" or name.startswith("auto."):
        yield from _all(_MOUNT, text, "a password")
    elif name in {"chap-secrets", "pap-secrets"}:
        yield from _all(_PPP, text, "a password")
    elif name == "rsyncd.secrets":
        yield from _all(_RSYNC, text, "a password")
    elif "vpn" in path:
        yield from _all(_INLINE_LOGIN, text, "a password")
        if _OF_LOGINS.search(name):
            yield from _all(_LOGIN, text, "a password")
    elif name.endswith(".conf") and "redis" in path:
        yield from _all(_REQUIREPASS, text, "a password")


def _all(pattern: re.Pattern[str], text: str, kind: str) -> Iterator[SecretMatch]:
    for match in pattern.finditer(text):
        if not match[1].startswith(("$", "<", "{{")):
            yield SecretMatch(kind, *match.span(1))


def _is_pair(encoded: str) -> bool:
    """Whether base64 encodes a name and a password."""
    try:
        user, colon, password = b64decode(encoded, validate=True).partition(b":")
    except ValueError:
        return False
    return bool(user and colon and password)


class Secrets(Analyzer):
    """Selects no file by its name: `secretfiles` does.

    An instance searches a limited number of places, since a layer may consist only of beginnings of secrets.
    """

    name = "secrets"
    patterns = FilePatterns(limit=LARGEST)

    left = PLACES

    def read(self, file: AnalyzedFile, /) -> Iterator[FileFact]:
        """Yield a fact for each secret, with its line and a mark that distinguishes it from others there."""
        if self.left < 0:
            return
        data = file.data
        matches, places = search(file.path, data)
        self.left -= places
        line, at = 1, 0
        for match in matches[:MAX_SECRETS]:
            line, at = line + data.count(b"\n", at, match.start), match.start
            yield FileFact(
                "secret", file.path, file.mode, file.uid, file.gid, match.kind,
                line=line, mark=_mark(file.path, data[match.start : match.end]),
                confidence=match.confidence.name.lower(),
            )  # fmt: skip
        if len(matches) > MAX_SECRETS:
            more = f"{len(matches) - MAX_SECRETS} more secrets"
            yield FileFact("secret", file.path, file.mode, file.uid, file.gid, more, confidence="medium")
        if self.left < 0:
            message = f"there are more than {PLACES} places where a secret may begin; the rest was not searched"
            raise BrokenFileError(message)


def _mark(path: str, value: bytes) -> str:
    """Sixteen bits of a keyed hash: enough to notice that a secret was changed, too few to guess it by."""
    return blake2b(value, digest_size=2, key=path.encode("utf-8", "surrogateescape")[-64:]).hexdigest()
