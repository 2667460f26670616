"""Versions to compare: those of the real feeds where they are at hand, else those recorded; and changed ones."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Final

import msgspec

from sealock.vulnerabilities.versions import VersionScheme, key

ROOT: Final = Path(__file__).resolve().parents[2]
FEEDS: Final = ROOT.parent / "shared" / "feeds" / "osv"
VECTORS: Final = ROOT / "tests" / "vectors" / "versions"

ECOSYSTEMS: Final[dict[VersionScheme, str]] = {
    "dpkg": "Debian",
    "rpm": "Debian",
    "alpm": "Debian",
    "apk": "Alpine",
    "pep440": "PyPI",
    "npm": "npm",
    "cargo": "crates.io",
    "go": "Go",
    "maven": "Maven",
    "gem": "RubyGems",
    "composer": "Packagist",
    "nuget": "NuGet",
}
"""Whose versions each order is tried with."""

ALPHABETS: Final[dict[VersionScheme, str]] = {
    "dpkg": "0019abz~+.-:",
    "rpm": "0019abZ~^.-_:",
    "alpm": "0019ab.-_",
    "apk": "0019a..__-r~f",
    "pep440": "0019abrc.-_+!",
    "npm": "0019ab.-+v=",
    "gem": "0019abZ.-",
    "composer": "0019abp.-_x+",
}
"""Characters that say something in each, and some that do not."""


class _Range(msgspec.Struct):
    events: list[dict[str, str]] = []


class _Affected(msgspec.Struct):
    versions: list[str] = []
    ranges: list[_Range] = []


class _Record(msgspec.Struct):
    affected: list[_Affected] = []


def recorded(scheme: VersionScheme) -> list[tuple[str, ...]]:
    """The versions that the real comparator put in order; those in one tuple are equal."""
    lines = (VECTORS / f"{scheme}.txt").read_text(encoding="ascii").splitlines()
    return [tuple(line.split("\t")) for line in lines if not line.startswith("# ")]


@cache
def real(scheme: VersionScheme) -> tuple[str, ...]:
    """Versions that people gave, sorted by key, so that neighbours are near one another."""
    archive = FEEDS / ECOSYSTEMS.get(scheme, "") / "all.zip"
    if archive.is_file():
        found = {version for version in _of_feed(archive) if version.isascii() and version.isprintable()}
    else:
        found = {version for line in recorded(scheme) for version in line}
    return tuple(
        sorted((version for version in found if key(scheme, version)), key=lambda version: _key(scheme, version))
    )


def _key(scheme: VersionScheme, version: str) -> bytes:
    return key(scheme, version) or b""


def _of_feed(archive: Path) -> Iterator[str]:
    decoder: Any = msgspec.json.Decoder(_Record)
    with zipfile.ZipFile(archive) as opened:
        for name in opened.namelist():
            record = decoder.decode(opened.read(name))
            for affected in record.affected:
                yield from affected.versions
                for span in affected.ranges:
                    for event in span.events:
                        yield from event.values()


def pairs(scheme: VersionScheme, count: int) -> list[tuple[str, str]]:
    """Pairs to compare, always the same ones: of neighbours, of any two, and of versions that were changed a little."""
    random = Random(scheme)  # noqa: S311  not for secrets
    versions = real(scheme)
    found: list[tuple[str, str]] = []
    for _ in range(count):
        place = random.randrange(len(versions))
        near = versions[min(place + random.randint(1, 4), len(versions) - 1)]
        far = random.choice(versions)
        found += (versions[place], near), (versions[place], far)
        found.append((changed(versions[place], scheme, random), versions[place]))
        found.append((changed(near, scheme, random), changed(versions[place], scheme, random)))
    return [pair if random.random() < 0.5 else (pair[1], pair[0]) for pair in found]


def changed(version: str, scheme: VersionScheme, random: Random) -> str:
    """A version with up to three characters put in, taken out or changed."""
    for _ in range(random.randint(1, 3)):
        place = random.randint(0, len(version))
        skipped = place + random.randint(0, 1)
        put = random.choice([*ALPHABETS.get(scheme, "019ab.-"), ""])
        version = version[:place] + put + version[skipped:]
    return version or "0"


def order(scheme: VersionScheme, one: str, other: str) -> str:
    """How the keys compare: `<`, `=` or `>`; `?` where one of them could not be read."""
    left, right = key(scheme, one), key(scheme, other)
    if left is None or right is None:
        return "?"
    return "=" if left == right else "<" if left < right else ">"
