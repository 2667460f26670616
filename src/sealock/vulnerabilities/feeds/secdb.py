"""The security databases of apk distributions: Alpine's, Wolfi's, Chainguard's. They list fixed flaws by version.

https://gitlab.alpinelinux.org/alpine/infra/docker/secdb
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO, Any, Final

import msgspec
from msgspec import Struct

from sealock.model.advisory import Advisory, Affects, Span
from sealock.patterns import compile_lazily
from sealock.vulnerabilities.feeds._document import UNREADABLE, document
from sealock.vulnerabilities.feeds.feed import BrokenRecord, FeedError, FeedItem, fit

_RELEASE: Final = compile_lazily(r"v\d{1,3}\.\d{1,3}|edge")
_ID: Final = compile_lazily(r"[A-Za-z][A-Za-z0-9]*(?:[-_:][A-Za-z0-9.]+)+")
_CVE: Final = compile_lazily(r"CVE[-_ ]?(\d{4})[-_](\d{4,9})\Z", re.IGNORECASE)
TOKENS: Final = 2_000
"""Most flaws of one version of one package."""


class _Secdb(Struct):
    distroversion: str = ""
    packages: list[msgspec.Raw] = []


class _Inner(Struct):
    name: str
    secfixes: dict[str, Any] | None = None


class _Entry(Struct):
    pkg: _Inner


_decode: Final = msgspec.json.Decoder(_Entry).decode


def read(file: IO[bytes], feed: str, ecosystem: str) -> Iterator[FeedItem]:
    """Yield one record per flaw. Alpine's document names the release."""
    secdb = document(file, _Secdb)
    if ecosystem == "Alpine":
        if not _RELEASE.fullmatch(secdb.distroversion):
            msg = f"it names no release of Alpine ({secdb.distroversion[:40]!r})"
            raise FeedError(msg)
        ecosystem = f"Alpine:{secdb.distroversion}"
    affected: dict[str, list[Affects]] = {}
    others: dict[str, dict[str, None]] = {}
    for place, raw in enumerate(secdb.packages):
        try:
            package = _decode(raw).pkg
        except UNREADABLE as error:
            yield BrokenRecord(f"package {place + 1}", str(error))
            continue
        if not fit(package.name):
            yield BrokenRecord(f"package {place + 1}", "its name is invalid")
            continue
        fixes: dict[str, list[str]] = {}
        for version, tokens in (package.secfixes or {}).items():
            if not isinstance(tokens, list):
                yield BrokenRecord(package.name, f"the fixes of {version[:80]} are not a list")
                continue
            for token in tokens[:TOKENS]:
                ids = flaws(token) if isinstance(token, str) else []
                if not ids:
                    yield BrokenRecord(package.name, f"{str(token)[:80]!r} names no flaw")
                for flaw, aliases in ids:
                    fixes.setdefault(flaw, []).append(version)
                    others.setdefault(flaw, {}).update(dict.fromkeys(aliases))
        for flaw, versions in fixes.items():
            affected.setdefault(flaw, []).append(_affects(ecosystem, package.name, versions))
    for flaw, affects in affected.items():
        yield Advisory(flaw, feed, tuple(affects), tuple(others[flaw]))


def _affects(ecosystem: str, name: str, versions: list[str]) -> Affects:
    """Version "0" means that the package never had the flaw."""
    spans = tuple(Span(fixed=version) for version in versions if version != "0")
    return Affects(ecosystem, name, spans, state="affected" if spans else "not-affected")


def flaws(token: str) -> list[tuple[str, tuple[str, ...]]]:
    """The flaws of one token, each with its aliases: "CVE-2017-2616 XSA-123 (+ regression fix)".

    Names next to a single CVE are its aliases; several CVEs are several flaws.
    """
    words = [word for word in re.split(r"[\s,;]+", token[:1000].partition("(")[0]) if _ID.fullmatch(word)]
    ids = list(dict.fromkeys(_id(word) for word in words))
    cves = [name for name in ids if name.startswith("CVE-")]
    if len(cves) == 1:
        return [(cves[0], tuple(name for name in ids if name != cves[0]))]
    return [(cve, ()) for cve in cves or ids]


def _id(word: str) -> str:
    cve = _CVE.match(word)
    return f"CVE-{cve[1]}-{cve[2]}" if cve else word
