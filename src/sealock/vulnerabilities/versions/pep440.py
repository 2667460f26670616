"""The order of Python's versions: PEP 440, as implemented by the library `packaging`."""

from __future__ import annotations

import re
from typing import Final

from sealock.patterns import compile_lazily
from sealock.vulnerabilities.versions.keys import Codes, high

_VERSION: Final = compile_lazily(
    r"v?(?:([0-9]+)!)?"
    r"([0-9]+(?:\.[0-9]+)*)"
    r"(?:[-_.]?(alpha|a|beta|b|preview|pre|c|rc)[-_.]?([0-9]*))?"
    r"(-[0-9]+|[-_.]?(?:post|rev|r)[-_.]?[0-9]*)?"
    r"(?:[-_.]?dev[-_.]?([0-9]*))?"
    r"(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?",
    re.ASCII | re.IGNORECASE,
)
_SEPARATORS: Final = compile_lazily("[-_.]")


def _local_code(part: str) -> bytes:
    # Texts come before numbers, and a text's end before any of its characters.
    return high(part) if part.isdigit() else part.encode("ascii") + b"\0"


# After the release: only a development release of it, its pre-releases, itself; all before a further number (`HIGH`).
_DEVELOPMENT: Final = b"\x01"
_PRE: Final = {"a": b"\x02", "b": b"\x03", "r": b"\x04", "c": b"\x04", "p": b"\x04"}
_FINAL: Final = b"\x05"
# After each of these: whether it is a post release. Development releases come before what they lead to.
_DEVELOPS: Final = b"\x01"
_DONE: Final = b"\x02"
_POST: Final = b"\x03"

_codes: Final = Codes(high)
_code: Final = _codes.__getitem__
_local: Final = Codes(_local_code).__getitem__
_ZERO: Final = high("")
_PLAIN: Final = _FINAL + _DONE
_DIGITS: Final = "0123456789"


def key(version: str) -> bytes:
    """Give the key of a version; raises ValueError for text that is invalid by PEP 440."""
    match = _VERSION.fullmatch(version.strip())
    if match is None:
        raise ValueError(version)
    epoch, release, pre, pre_number, post, dev, local = match.groups()
    parts = list(map(_code, release.split(".")))
    while parts and parts[-1] == _ZERO:
        parts.pop()
    parts.insert(0, _codes[epoch] if epoch else _ZERO)
    if pre is None and post is None and dev is None:
        parts.append(_PLAIN)
    else:
        parts.extend(_suffix(pre, pre_number, post, dev))
    if local is not None:
        parts.extend(map(_local, _SEPARATORS.split(local.lower())))
    return b"".join(parts)


def _suffix(pre: str | None, pre_number: str, post: str | None, dev: str | None) -> list[bytes]:
    if pre is not None:
        kind = pre.lower()
        parts = [_PRE[kind[0]], _code(pre_number)]
    elif post is None:
        parts = [_DEVELOPMENT]
    else:
        parts = [_FINAL]
    if post is not None:
        parts += _POST, _code(post[len(post.rstrip(_DIGITS)) :])
    parts += (_DONE,) if dev is None else (_DEVELOPS, _code(dev))
    return parts
