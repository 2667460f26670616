"""Maps a package to its lookup in the database: the ecosystem, and the package's name and version there.

Only a distribution's own advisories apply to its packages: a derivative is not its parent. Most name the source
package; AlmaLinux and Red Hat name each binary one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from msgspec import Struct

from sealock.model.inventory import MAIN_PROGRAMS, OF_DISTRIBUTIONS, Distribution, Package, PackageType
from sealock.patterns import compile_lazily
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
_UBUNTU_LONG: Final = compile_lazily(r"(\d*[02468])\.04")
"""LTS releases come in April of the even years."""
_MAJOR: Final = {
    "almalinux": "AlmaLinux:{}",
    "rocky": "Rocky Linux:{}",
    "rhel": "Red Hat:{}",
    "azurelinux": "Azure Linux:{}",
    "fedora": "Fedora:{}",
    "amzn": "Amazon Linux:{}",
    "ol": "Oracle Linux:{}",
    "mageia": "Mageia:{}",
    "mariner": "Azure Linux:{}",
}
_MINOR: Final = {
    "opensuse-leap": "openSUSE:Leap {}",
    "opensuse-leap-micro": "openSUSE:Leap Micro {}",
    "sle-micro": "SUSE:Linux Enterprise Micro {}",
    "sl-micro": "SUSE:Linux Micro {}",
    "photon": "Photon OS:{}",
}
_ROLLING: Final = {
    "wolfi": "Wolfi",
    "chainguard": "Chainguard",
    "minimos": "MinimOS",
    "opensuse-tumbleweed": "openSUSE:Tumbleweed",
}
_ENTERPRISE: Final = frozenset({"sles", "sled", "sles_sap", "sle_hpc", "sle-hpc"})
"""The IDs of SUSE Linux Enterprise: advisories are on the module that ships a package, which no image names."""
_SUSE_PRODUCT: Final = compile_lazily(
    r"SUSE:(?:Linux Enterprise (?!Micro ).*|Package Hub )(\d{2}(?:\.\d| SP\d)?)(?:-[A-Z]+)?"
)
_OPENEULER: Final = compile_lazily(r"\((LTS(?:-SP\d)?)\)")
_BY_BINARY: Final = frozenset({"AlmaLinux", "Red Hat"})
"""The distributions with rpm whose advisories name binary packages; Red Hat's name the source of what has no fix."""
_SBOM_IDS: Final = {
    "alma": "almalinux", "amazon": "amzn", "cbl-mariner": "mariner", "oracle": "ol", "redhat": "rhel",
}  # fmt: skip
"""The names that SBOMs use for distributions, and the ID of their os-release."""
SourceEpochs: TypeAlias = Mapping[tuple[str, str], str]
"""The epoch of each source rpm, by its name and version."""
_REBUILD: Final = compile_lazily(r"\+b[0-9]+\Z")
_SIGNED: Final = compile_lazily(r"\Alinux-signed(-(?:amd64|arm64|i386))?\Z")

_BUILD: Final = compile_lazily(r"-[0-9]+\Z")
_UPSTREAM: Final = compile_lazily(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:_(\d+)|(?:\.\d+)*)-?([A-Za-z][0-9A-Za-z.-]*)?")


class Lookup(Struct, frozen=True, gc=False):
    """A query. `ecosystems` are spellings of one ecosystem; the database has at most one of them.

    `also` is a pocket for a second pass, with fixes for subscribers only (Ubuntu Pro). `module` is an rpm's module and
    stream, "" for none. `source` is the name of the source package, as `of_source` spells it, where `name` is that of a
    binary one and advisories may name either.
    """

    ecosystems: tuple[str, ...]
    name: str
    version: str
    also: tuple[str, ...] = ()
    module: str = ""
    source: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The names to look up."""
        return (self.name, self.source) if self.source else (self.name,)


class NoData(Struct, frozen=True, gc=False):
    """Why a package cannot be looked up; completes "N packages were not checked: …".

    `grave` where the distribution is unknown, or data that there should be is missing.
    """

    reason: str
    grave: bool = False


def look_up(
    package: Package, distribution: Distribution | None, stream: str = "", epochs: SourceEpochs | None = None
) -> Lookup | NoData:
    """Give the query for a package. `stream` is Alpine's by its repositories ("v3.20", "edge"), "" for unknown."""
    if package.type in OF_DISTRIBUTIONS:
        return _of_distribution(package, distribution, stream, epochs or {})
    if package.type == "generic":
        if name := MAIN_PROGRAMS.get(package.name):
            return Lookup(("Bitnami",), name, _semantic(package.version))
        return Lookup(("OSS-Fuzz",), package.name, package.version)
    if package.type == "bitnami":
        # 7.2.4-4 is the fourth build of 7.2.4, which semantic versions would sort before it.
        return Lookup(("Bitnami",), package.name, _semantic(_BUILD.sub("", package.version)))
    ecosystem = LANGUAGES.get(package.type)
    if ecosystem is None:
        return NoData(f"no advisory feed covers packages of type {package.type}")
    if package.type == "maven" and not package.namespace:
        return NoData("the jar does not name its group id, and advisories need group and artifact id")
    return Lookup((ecosystem,), normalised(ecosystem, qualified_name(package)), package.version)


def _semantic(version: str) -> str:
    """Spell a program's version as Bitnami does: 3.14.0rc1 as 3.14.0-rc1, Java's 1.8.0_392 as 1.8.392, 21 as 21.0.0."""
    match = _UPSTREAM.fullmatch(version)
    if match is None:
        return version
    major, minor, patch, update, stage = match.groups()
    return f"{major}.{minor or 0}.{update or patch or 0}{f'-{stage}' if stage else ''}"


def qualified_name(package: Package) -> str:
    """The name with its namespace."""
    if not package.namespace:
        return package.name
    return f"{package.namespace}{':' if package.type == 'maven' else '/'}{package.name}"


def normalised(ecosystem: str, name: str) -> str:
    """The name as the ecosystem compares names, for feeds and packages alike."""
    match ecosystem.partition(":")[0]:
        case "PyPI":
            return re.sub(r"[-_.]+", "-", name).lower()
        case "NuGet" | "Packagist" | "Go":
            # Go's module paths are case-sensitive, but its package URLs are lower case.
            return name.lower()
        case _:
            return name


def source_epochs(packages: Iterable[Package]) -> SourceEpochs:
    """The epochs of source rpms, which their names lack: that of a package with the version of its source."""
    epochs: dict[tuple[str, str], str] = {}
    for package in packages:
        if package.type == "rpm" and ":" in package.version:
            epoch, _, version = package.version.partition(":")
            if version == package.source_version:
                epochs[package.source, version] = epoch
    return epochs


def _of_distribution(
    package: Package, distribution: Distribution | None, stream: str, epochs: SourceEpochs
) -> Lookup | NoData:
    if distribution is None or not distribution.id:
        return NoData("the distribution is unknown (no os-release file)", grave=True)
    ecosystems = release(distribution, stream)
    scheme = scheme_of(ecosystems[0]) if ecosystems else None
    if scheme is None:
        name = distribution.name or " ".join(filter(None, (distribution.id, distribution.version)))
        return NoData(f"no advisory feed covers {name}", grave=True)
    if scheme != of_package(package.type):
        return NoData(f"advisories for {ecosystems[0]} do not cover packages of type {package.type}", grave=True)
    if package.type == "rpm":
        label = dict(package.qualifiers).get("modularitylabel", "")
        by_source = is_by_source(ecosystems[0])
        name, version = _source_rpm(package, epochs) if by_source else (package.name, package.version)
        source = of_source(package.source) if package.source and ecosystems[0].startswith("Red Hat:") else ""
        return Lookup(ecosystems, name, version, module=":".join(label.split(":")[:2]), source=source)
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


def of_source(name: str) -> str:
    """The name under which advisories are kept that name a source rpm, where others name binary ones."""
    return f"{name}.src"


def _source_rpm(package: Package, epochs: SourceEpochs) -> tuple[str, str]:
    """The name and version of a source rpm; its epoch is that of its packages, which mostly have one in common."""
    if not package.source:
        return package.name, package.version
    version = package.source_version
    if not version:
        return package.source, package.version
    if ":" in version:
        return package.source, version
    epoch = epochs.get((package.source, version), package.version.rpartition(":")[0])
    return package.source, f"{epoch}:{version}" if epoch else version


def _unsigned(name: str, version: str) -> tuple[str, str]:
    """Map Debian's signed kernels to their source: linux 6.1.112-1 is linux-signed-amd64 6.1.112+1."""
    signed = _SIGNED.match(name)
    if not signed:
        return name, version
    stem, plus, last = version.rpartition("+")
    return ("linux", f"{stem}-{last}" if signed[1] and plus and "-" not in version else version)


def release(distribution: Distribution, stream: str = "") -> tuple[str, ...]:
    """The ecosystem of a distribution's release, in the spellings of the feeds; () where no feed covers it."""
    name, version = _SBOM_IDS.get(distribution.id, distribution.id), distribution.version
    major = version.partition(".")[0]
    if name in _ROLLING:
        return (_ROLLING[name],)
    if name == "debian":
        number = major or _DEBIAN.get(distribution.codename.partition("/")[0], "")
        return (f"Debian:{number}",) if number else ()
    if name == "ubuntu" and version:
        long_term = _UBUNTU_LONG.fullmatch(version)
        return (f"Ubuntu:{version}:LTS", f"Ubuntu:{version}") if long_term else (f"Ubuntu:{version}",)
    if name == "alpine":
        branch = stream or _alpine(version)
        return (f"Alpine:{branch}",) if branch else ()
    if name in _MAJOR and major and "stream" not in distribution.name.lower():
        return (_MAJOR[name].format(major),)
    if name in _MINOR and version:
        return (_MINOR[name].format(version),)
    if name in _ENTERPRISE and version:
        return (_enterprise(major, version.partition(".")[2]),)
    if name == "openeuler" and version:
        support = _OPENEULER.search(distribution.name)
        return (f"openEuler:{version}-{support[1]}" if support else f"openEuler:{version}",)
    return ()


def is_by_source(ecosystem: str) -> bool:
    """Whether the advisories of a distribution name source packages."""
    return ecosystem.partition(":")[0] not in _BY_BINARY


def _enterprise(major: str, minor: str) -> str:
    """The releases of SUSE Linux Enterprise as its products name them: 15 SP5 for 15.5, and 16.0."""
    if not major.isdecimal() or len(major) > 2 or int(major) >= 16:
        return f"SUSE:Linux Enterprise {major}.{minor or 0}"
    return f"SUSE:Linux Enterprise {major} SP{minor}" if minor.strip("0") else f"SUSE:Linux Enterprise {major}"


def suse_release(ecosystem: str) -> str:
    """The release of SUSE that an ecosystem names, whichever its module or extended support; others are themselves."""
    product = _SUSE_PRODUCT.fullmatch(ecosystem) if ecosystem.startswith("SUSE:") else None
    return f"SUSE:Linux Enterprise {product[1]}" if product else ecosystem


def _alpine(version: str) -> str:
    """The stream of an Alpine version: v3.20 for 3.20.3, edge for an alpha."""
    numbers = version.split(".")
    if "_alpha" in version:
        return "edge"
    return f"v{numbers[0]}.{numbers[1]}" if len(numbers) > 1 and numbers[0].isdigit() and numbers[1].isdigit() else ""


def streams(repositories: str) -> str:
    """The stream that the lines of /etc/apk/repositories name, "" for none or several."""
    names = {
        match[1]
        for line in repositories.split("\n", 1000)[:1000]
        if not line.lstrip().startswith("#") and (match := re.search(r"/(v\d{1,3}\.\d{1,3}|edge)/", line[:1000]))
    }
    return names.pop() if len(names) == 1 else ""
