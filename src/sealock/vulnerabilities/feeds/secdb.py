"""The security databases of apk distributions: Alpine's, Wolfi's, Chainguard's. They list what was fixed, and where.

https://gitlab.alpinelinux.org/alpine/infra/docker/secdb
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO, Any, Final

import msgspec
from msgspec import Struct

from sealock.model.advisory import Advisory, Affects, Span
from sealock.vulnerabilities.feeds._document import UNREADABLE, document
from sealock.vulnerabilities.feeds.feed import BrokenRecord, Damaged, FeedItem, fit

_RELEASE: Final = re.compile(r"v\d{1,3}\.\d{1,3}|edge")
_ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_:][A-Za-z0-9.]+)+")
_CVE: Final = re.compile(r"CVE[-_ ]?(\d{4})[-_](\d{4,9})\Z", re.IGNORECASE)
TOKENS: Final = 2_000
"""Flaws of one version of one package."""


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
    """Yield one record for each flaw. Of Alpine, the document names the release."""
    found = document(file, _Secdb)
    if ecosystem == "Alpine":
        if not _RELEASE.fullmatch(found.distroversion):
            msg = f"it names no release of Alpine ({found.distroversion[:40]!r})"
            raise Damaged(msg)
        ecosystem = f"Alpine:{found.distroversion}"
    told: dict[str, list[Affects]] = {}
    others: dict[str, dict[str, None]] = {}
    for place, raw in enumerate(found.packages):
        try:
            package = _decode(raw).pkg
        except UNREADABLE as error:
            yield BrokenRecord(f"package {place + 1}", str(error))
            continue
        if not fit(package.name):
            yield BrokenRecord(f"package {place + 1}", "its name is none")
            continue
        fixes: dict[str, list[str]] = {}
        for version, tokens in (package.secfixes or {}).items():
            if not isinstance(tokens, list):
                yield BrokenRecord(package.name, f"what {version[:80]} fixes is no list")
                continue
            for token in tokens[:TOKENS]:
                ids = flaws(token) if isinstance(token, str) else []
                if not ids:
                    yield BrokenRecord(package.name, f"{str(token)[:80]!r} names no flaw")
                for one, aliases in ids:
                    fixes.setdefault(one, []).append(version)
                    others.setdefault(one, {}).update(dict.fromkeys(aliases))
        for one, versions in fixes.items():
            told.setdefault(one, []).append(_affects(ecosystem, package.name, versions))
    for one, affects in told.items():
        yield Advisory(one, feed, tuple(affects), tuple(others[one]))


def _affects(ecosystem: str, name: str, versions: list[str]) -> Affects:
    """Version "0" says that the package never had the flaw."""
    spans = tuple(Span(fixed=version) for version in versions if version != "0")
    return Affects(ecosystem, name, spans, state="affected" if spans else "not-affected")


def flaws(token: str) -> list[tuple[str, tuple[str, ...]]]:
    """The flaws that one token names, each with its other names: "CVE-2017-2616 XSA-123 (+ regression fix)".

    Names beside a single CVE are other names of it; several CVEs are several flaws.
    """
    words = [word for word in re.split(r"[\s,;]+", token[:1000].partition("(")[0]) if _ID.fullmatch(word)]
    ids = list(dict.fromkeys(_id(word) for word in words))
    cves = [id_ for id_ in ids if id_.startswith("CVE-")]
    if len(cves) == 1:
        return [(cves[0], tuple(id_ for id_ in ids if id_ != cves[0]))]
    return [(cve, ()) for cve in cves or ids]


def _id(word: str) -> str:
    cve = _CVE.match(word)
    return f"CVE-{cve[1]}-{cve[2]}" if cve else word
