"""Version orders, one module per ecosystem: a version becomes a key, bytes that sort as the versions do.

A database can then bisect keys without parsing other versions.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Final, Literal, TypeAlias, cast

from sealock.model.inventory import PackageType

VersionScheme: TypeAlias = Literal[
    "dpkg",
    "rpm",
    "apk",
    "alpm",
    "pep440",
    "npm",
    "cargo",
    "go",
    "maven",
    "gem",
    "composer",
    "nuget",
    "conda",
    "generic",
]
"""The orders; "generic" is for C libraries, which have no common scheme ("1.1.1w", "2.4.0", "3360000")."""

LONGEST: Final = 1000
"""Most characters of a version."""

_READERS: Final[dict[VersionScheme, tuple[str, str]]] = {
    "dpkg": ("dpkg", "key"),
    "rpm": ("rpm", "key"),
    "apk": ("apk", "key"),
    "alpm": ("alpm", "key"),
    "pep440": ("pep440", "key"),
    "npm": ("semver", "npm_key"),
    "cargo": ("semver", "cargo_key"),
    "go": ("go", "key"),
    "maven": ("maven", "key"),
    "gem": ("gem", "key"),
    "composer": ("composer", "key"),
    "nuget": ("nuget", "key"),
    "conda": ("conda", "key"),
    "generic": ("generic", "key"),
}
"""The module and function of each; imported on first use."""


class _Loaded(dict[VersionScheme, Callable[[str], bytes]]):
    def __missing__(self, scheme: VersionScheme) -> Callable[[str], bytes]:
        module, function = _READERS[scheme]
        loaded = cast("Callable[[str], bytes]", getattr(import_module(f"{__name__}.{module}"), function))
        self[scheme] = loaded
        return loaded


_loaded: Final = _Loaded()


def key(scheme: VersionScheme, version: str) -> bytes | None:
    """Give bytes that sort as `version` does in its ecosystem; equal versions have equal keys.

    Never empty, so that b"" can mean "before all". None for versions that the ecosystem itself rejects, and for texts
    longer than `LONGEST`.
    """
    if not 0 < len(version) <= LONGEST:
        return None
    try:
        return _loaded[scheme](version)
    except ValueError:
        return None


_OF_ECOSYSTEM: Final[dict[str, VersionScheme]] = {
    "almalinux": "rpm",
    "alpaquita": "apk",
    "alpine": "apk",
    "arch": "alpm",
    "azure linux": "rpm",
    "bellsoft hardened containers": "apk",
    "bitnami": "npm",
    "chainguard": "apk",
    "conan": "generic",
    "conda": "conda",
    "crates.io": "cargo",
    "debian": "dpkg",
    "echo": "dpkg",
    "go": "go",
    "hex": "cargo",
    "mageia": "rpm",
    "maven": "maven",
    "minimos": "apk",
    "npm": "npm",
    "nuget": "nuget",
    "openeuler": "rpm",
    "opensuse": "rpm",
    "oss-fuzz": "generic",
    "packagist": "composer",
    "photon os": "rpm",
    "pypi": "pep440",
    "red hat": "rpm",
    "rocky linux": "rpm",
    "rubygems": "gem",
    "suse": "rpm",
    "swifturl": "npm",
    "ubuntu": "dpkg",
    "wolfi": "apk",
}


def scheme_of(ecosystem: str) -> VersionScheme | None:
    """Give the order of an ecosystem by its OSV name, with or without a release; None for unknown ones.

    Pub is not supported: Dart orders build metadata, which Semantic Versioning ignores.
    """
    name = ecosystem.partition(":")[0].strip().lower()
    scheme = _OF_ECOSYSTEM.get(name)
    if scheme is None:
        for family in ("opensuse ", "suse ", "red hat "):
            if name.startswith(family):
                return "rpm"
    return scheme


_OF_PACKAGE: Final[dict[PackageType, VersionScheme]] = {
    "deb": "dpkg",
    "apk": "apk",
    "rpm": "rpm",
    "alpm": "alpm",
    "pypi": "pep440",
    "npm": "npm",
    "gem": "gem",
    "composer": "composer",
    "maven": "maven",
    "nuget": "nuget",
    "conda": "conda",
    "golang": "go",
    "cargo": "cargo",
    "pub": "generic",
    "hex": "cargo",
    "cocoapods": "generic",
    "swift": "npm",
    "conan": "generic",
    "jsr": "npm",
    "bitnami": "npm",
    "generic": "generic",
}


def of_package(kind: PackageType) -> VersionScheme:
    """Give the order of packages of this type."""
    return _OF_PACKAGE[kind]
