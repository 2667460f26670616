"""Where advisories on a package are looked up: the ecosystem, the name that it goes by there, and which version counts.

Distributions are judged by their own advisories alone: a derivative is not its parent, whatever its versions look like.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from sealock.model.inventory import OF_DISTRIBUTIONS, Distribution, Package, PackageType
from sealock.vulnerabilities.versions import of_package, scheme_of

LANGUAGES: Final[dict[PackageType, str]] = {
    "pypi": "PyPI",
    "npm": "npm",
    "gem": "RubyGems",
    "composer": "Packagist",
    "maven": "Maven",
    "nuget": "NuGet",
    "golang": "Go",
    "cargo": "crates.io",
}
_DEBIAN: Final = {"buster": "10", "bullseye": "11", "bookworm": "12", "trixie": "13", "forky": "14", "duke": "15"}
_UBUNTU_LONG: Final = re.compile(r"(\d*[02468])\.04")
"""Long-term support comes in April of the even years."""
_MAJOR: Final = {
    "almalinux": "AlmaLinux:{}",
    "rocky": "Rocky Linux:{}",
    "rhel": "Red Hat:{}",
    "azurelinux": "Azure Linux:{}",
    "fedora": "Fedora:{}",
    "amzn": "Amazon Linux:{}",
    "ol": "Oracle Linux:{}",
}
_MINOR: Final = {
    "opensuse-leap": "openSUSE:Leap {}",
    "sles": "SUSE:Linux Enterprise Server {}",
    "photon": "Photon OS:{}",
}
_ROLLING: Final = {"wolfi": "Wolfi", "chainguard": "Chainguard", "opensuse-tumbleweed": "openSUSE:Tumbleweed"}
_OTHERWISE: Final = {"alma": "almalinux", "amazon": "amzn", "oracle": "ol", "redhat": "rhel"}
"""What bills of materials call distributions, and the ID of their os-release."""
_REBUILD: Final = re.compile(r"\+b[0-9]+\Z")
_SIGNED: Final = re.compile(r"\Alinux-signed(-(?:amd64|arm64|i386))?\Z")


class Lookup(Struct, frozen=True, gc=False):
    """What to ask for. `ecosystems` are spellings of one ecosystem, of which the database has one at the most.

    `also` is a second pass over a pocket with fixes that not everybody gets (Ubuntu Pro). `module` is an rpm's module
    and stream, "" for none.
    """

    ecosystems: tuple[str, ...]
    name: str
    version: str
    also: tuple[str, ...] = ()
    module: str = ""


class NoData(Struct, frozen=True, gc=False):
    """Why a package cannot be looked up, in words that complete "N packages were not judged: …".

    `grave` where it is the distribution itself that nobody can tell of, or data that there ought to be.
    """

    reason: str
    grave: bool = False


def look_up(package: Package, distribution: Distribution | None, stream: str = "") -> Lookup | NoData:
    """Say where a package is looked up. `stream` is Alpine's by its repositories ("v3.20", "edge"), "" for unknown."""
    if package.type in OF_DISTRIBUTIONS:
        return _distributed(package, distribution, stream)
    if package.type == "generic":
        return Lookup(("OSS-Fuzz",), package.name, package.version)
    ecosystem = LANGUAGES.get(package.type)
    if ecosystem is None:
        return NoData(f"no feed of advisories is for packages of type {package.type}")
    if package.type == "maven" and not package.namespace:
        return NoData("the jar does not tell its group, and advisories go by group and artifact")
    return Lookup((ecosystem,), normalised(ecosystem, _full(package)), package.version)


def _full(package: Package) -> str:
    if not package.namespace:
        return package.name
    return f"{package.namespace}{':' if package.type == 'maven' else '/'}{package.name}"


def normalised(ecosystem: str, name: str) -> str:
    """The name as the ecosystem itself compares names. Feeds and packages go through here alike."""
    match ecosystem.partition(":")[0]:
        case "PyPI":
            return re.sub(r"[-_.]+", "-", name).lower()
        case "NuGet" | "Packagist" | "Go":
            # Go tells letters apart, but package URLs of its modules have none but small ones.
            return name.lower()
        case _:
            return name


def _distributed(package: Package, distribution: Distribution | None, stream: str) -> Lookup | NoData:
    if distribution is None or not distribution.id:
        return NoData("no os-release or the like tells which distribution they are of", grave=True)
    ecosystems = release(distribution, stream)
    if not ecosystems:
        named = distribution.name or " ".join(filter(None, (distribution.id, distribution.version)))
        return NoData(f"no feed of advisories is for {named}", grave=True)
    if scheme_of(ecosystems[0]) != of_package(package.type):
        return NoData(f"advisories for {ecosystems[0]} are not for packages of type {package.type}", grave=True)
    if package.type == "rpm":
        # By the binary package: the name of the source rpm has no epoch, and its version may be another.
        label = dict(package.qualifiers).get("modularitylabel", "")
        return Lookup(ecosystems, package.name, package.version, module=":".join(label.split(":")[:2]))
    name = package.source or package.name
    version = package.source_version or package.version
    if version == package.version:
        version = _REBUILD.sub("", version)
    if package.type == "deb":
        name, version = _unsigned(name, version)
    also = tuple(
        ecosystem.replace("Ubuntu:", "Ubuntu:Pro:", 1) for ecosystem in ecosystems if distribution.id == "ubuntu"
    )
    return Lookup(ecosystems, name, version, also)


def _unsigned(name: str, version: str) -> tuple[str, str]:
    """Signed kernels are built from linux, whose version 6.1.112-1 becomes 6.1.112+1 in Debian's signed package."""
    signed = _SIGNED.match(name)
    if not signed:
        return name, version
    stem, plus, last = version.rpartition("+")
    return ("linux", f"{stem}-{last}" if signed[1] and plus and "-" not in version else version)


def release(distribution: Distribution, stream: str = "") -> tuple[str, ...]:
    """The ecosystem of a distribution's release, in the spellings that feeds know; () for none that any feed has."""
    one, version = _OTHERWISE.get(distribution.id, distribution.id), distribution.version
    major = version.partition(".")[0]
    if one in _ROLLING:
        return (_ROLLING[one],)
    if one == "debian":
        number = major or _DEBIAN.get(distribution.codename.partition("/")[0], "")
        return (f"Debian:{number}",) if number else ()
    if one == "ubuntu" and version:
        long_term = _UBUNTU_LONG.fullmatch(version)
        return (f"Ubuntu:{version}:LTS", f"Ubuntu:{version}") if long_term else (f"Ubuntu:{version}",)
    if one == "alpine":
        found = stream or _alpine(version)
        return (f"Alpine:{found}",) if found else ()
    if one in _MAJOR and major and "stream" not in distribution.name.lower():
        return (_MAJOR[one].format(major),)
    if one in _MINOR and version:
        return (_MINOR[one].format(version),)
    return ()


def _alpine(version: str) -> str:
    """The stream of an Alpine version: 3.20.3 is of v3.20; an alpha is on the way there, and edge for now."""
    numbers = version.split(".")
    if "_alpha" in version:
        return "edge"
    return f"v{numbers[0]}.{numbers[1]}" if len(numbers) > 1 and numbers[0].isdigit() and numbers[1].isdigit() else ""


def streams(repositories: str) -> str:
    """The one stream that the lines of /etc/apk/repositories name, "" for none or several."""
    found = {
        match[1]
        for line in repositories.split("\n", 1000)[:1000]
        if not line.lstrip().startswith("#") and (match := re.search(r"/(v\d{1,3}\.\d{1,3}|edge)/", line[:1000]))
    }
    return found.pop() if len(found) == 1 else ""
