"""Versions that a document states beside a package URL without one: the URL alone would be every version."""

from __future__ import annotations

from typing import Final

from sealock.patterns import compile_lazily

_END: Final = compile_lazily(r"[?#]")
_SPECIAL: Final = compile_lazily(rb"[^A-Za-z0-9.:_~-]")
_ESCAPE: Final = compile_lazily(rb"%([0-9A-Fa-f]{2})")


def version_of(url: str) -> str:
    """The version in a package URL as it is written there, "" for none."""
    match = _END.search(url)
    return (url[: match.start()] if match else url).rpartition("/")[2].partition("@")[2]


def with_version(url: str, version: str) -> str:
    """Put a version into a package URL that has none; any other text stays. An image's is its tag, or its digest."""
    if not version or not url.startswith("pkg:") or version_of(url):
        return url
    match = _END.search(url)
    at = match.start() if match else len(url)
    name, rest = url[:at].removesuffix("@"), url[at:]
    escaped = _SPECIAL.sub(lambda sign: b"%%%02X" % ord(sign[0]), version.encode("utf-8", "replace")).decode()
    if not name.startswith("pkg:oci/") or ":" in version:
        return f"{name}@{escaped}{rest}"
    if "tag=" in rest:
        return url
    return f"{name}?tag={escaped}{rest.replace('?', '&', 1) if rest.startswith('?') else rest}"


def unescape(text: str) -> str:
    """Decode %XX."""
    data = _ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), text.encode("utf-8", "replace"))
    return data.decode("utf-8", "replace")
