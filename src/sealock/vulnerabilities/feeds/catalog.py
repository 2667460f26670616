"""The catalogue of feeds: name, addresses, and ecosystem.

A mirror has the same files below one directory or address, each at its `path`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Literal, TypeAlias
from urllib.parse import quote

from msgspec import Struct

Family: TypeAlias = Literal[
    "osv", "alpine-secdb", "wolfi", "chainguard", "debian-tracker", "redhat-vex", "kev", "epss", "endoflife"
]


class FeedFile(Struct, frozen=True):
    """One file of a feed. `latest` is the address of a text that names the newest file, "" for none."""

    path: str
    url: str
    latest: str = ""


class Feed(Struct, frozen=True):
    """One feed. `ecosystem` is the one that it covers, "" for all; `standard` feeds are fetched by default."""

    name: str
    family: Family
    title: str
    files: tuple[FeedFile, ...]
    ecosystem: str = ""
    standard: bool = True
    partial: bool = False
    """Whether some of the files may be missing at the source."""

    def covers(self, ecosystem: str) -> bool:
        """Whether it has data on packages of an ecosystem (with its release, where it has one)."""
        if not self.ecosystem or ecosystem == self.ecosystem:
            return True
        return ":" not in self.ecosystem and ecosystem.partition(":")[0] == self.ecosystem


_OSV: Final = "https://osv-vulnerabilities.storage.googleapis.com"
_STANDARD: Final = (
    "Debian", "Ubuntu", "Alpine", "AlmaLinux", "Rocky Linux", "Wolfi", "Chainguard", "PyPI", "npm", "Go", "Maven",
    "crates.io", "RubyGems", "Packagist", "NuGet",
)  # fmt: skip
_OPTIONAL: Final = (
    "Red Hat", "SUSE", "openSUSE", "Mageia", "openEuler", "Azure Linux", "Photon OS", "MinimOS", "OSS-Fuzz", "Bitnami",
)  # fmt: skip
_ALPINE: Final = (*(f"v3.{minor}" for minor in range(10, 31)), "edge")
"""Releases of Alpine; those that the source does not have (yet) are skipped."""
_VEX: Final = "https://security.access.redhat.com/data/csaf/v2/vex"


PRODUCTS: Final = {
    "debian": "debian", "ubuntu": "ubuntu", "alpine": "alpine", "fedora": "fedora", "centos": "centos",
    "rhel": "rhel", "rocky-linux": "rocky", "almalinux": "almalinux", "oracle-linux": "ol", "amazon-linux": "amzn",
    "opensuse": "opensuse-leap", "azure-linux": "azurelinux", "mageia": "mageia",
    "docker-engine": "docker", "elasticsearch": "elasticsearch", "erlang": "erlang", "go": "golang",
    "mariadb": "mariadb", "mongodb": "mongo", "mysql": "mysql", "nodejs": "node", "php": "php",
    "postgresql": "postgres", "python": "python", "redis": "redis", "ruby": "ruby",
}  # fmt: skip
"""The names of endoflife.date, and the ID of a distribution's os-release or the name of the official image."""


def _feeds() -> Iterator[Feed]:
    for ecosystem in (*_STANDARD, *_OPTIONAL):
        file = FeedFile(f"osv/{ecosystem}/all.zip", f"{_OSV}/{quote(ecosystem)}/all.zip")
        yield Feed(f"osv/{ecosystem}", "osv", f"OSV, {ecosystem}", (file,), ecosystem, ecosystem in _STANDARD)
    for release in _ALPINE:
        files = tuple(
            FeedFile(f"alpine-secdb/{release}/{part}.json", f"https://secdb.alpinelinux.org/{release}/{part}.json")
            for part in ("main", "community")
        )
        name = f"alpine-secdb/{release}"
        title = f"Alpine security database, {release}"
        yield Feed(name, "alpine-secdb", title, files, f"Alpine:{release}", partial=True)
    wolfi = FeedFile("wolfi/security.json", "https://packages.wolfi.dev/os/security.json")
    yield Feed("wolfi", "wolfi", "Wolfi security database", (wolfi,), "Wolfi")
    guard = FeedFile("chainguard/security.json", "https://packages.cgr.dev/chainguard/security.json")
    yield Feed("chainguard", "chainguard", "Chainguard security database", (guard,), "Chainguard")
    debian = FeedFile("debian-tracker/tracker.json", "https://security-tracker.debian.org/tracker/data/json")
    yield Feed("debian-tracker", "debian-tracker", "Debian security tracker", (debian,), "Debian")
    vex = FeedFile("redhat-vex/csaf_vex.tar.zst", f"{_VEX}/", f"{_VEX}/archive_latest.txt")
    yield Feed("redhat-vex", "redhat-vex", "Red Hat VEX", (vex,), "Red Hat", standard=False)
    known = "known_exploited_vulnerabilities.json"
    yield Feed(
        "kev",
        "kev",
        "CISA known exploited vulnerabilities",
        (FeedFile(f"kev/{known}", f"https://www.cisa.gov/sites/default/files/feeds/{known}"),),
    )
    scores = "epss_scores-current.csv.gz"
    yield Feed(
        "epss", "epss", "FIRST EPSS", (FeedFile(f"epss/{scores}", f"https://epss.empiricalsecurity.com/{scores}"),)
    )
    cycles = tuple(
        FeedFile(f"endoflife/{product}.json", f"https://endoflife.date/api/{product}.json") for product in PRODUCTS
    )
    yield Feed("endoflife", "endoflife", "endoflife.date", cycles, partial=True)


FEEDS: Final = {feed.name: feed for feed in _feeds()}


def needed(ecosystems: Iterable[str]) -> tuple[Feed, ...]:
    """The feeds for packages of these ecosystems, general scores and catalogues included."""
    names = set(ecosystems)
    return tuple(feed for feed in FEEDS.values() if any(feed.covers(name) for name in names))
