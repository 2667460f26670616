"""Turns package URLs into packages, and collects them with the other facts of a document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, cast, get_args

from msgspec.structs import replace

from sealock.formats.jsonobject import JsonObject
from sealock.model.finding import InputError
from sealock.model.inventory import OF_DISTRIBUTIONS, Distribution, Layer, Package, PackageType
from sealock.model.location import Location
from sealock.model.purl import Url, parse_purl

TYPES: Final = frozenset(get_args(PackageType))
MOST: Final = 200_000
"""Packages that are read of one document."""
_ERRORS: Final = 100
_DISTRIBUTION: Final = frozenset({"arch", "distro", "upstream", "epoch"})
"""Qualifiers that have a field of their own."""


_ROLLING: Final = frozenset({"opensuse-tumbleweed"})
"""Distributions without a version whose names have a dash."""


class PackageFacts:
    """The facts about a package that its URL does not contain."""

    def __init__(self, name: str = "", version: str = "", supplier: str = "", licenses: tuple[str, ...] = ()) -> None:
        self.name, self.version, self.supplier, self.licenses = name, version, supplier, licenses
        self.path = self.found_by = self.source = self.source_version = ""
        self.layer = self.record_removed_in = -1
        self.removed = self.development = False
        self.owner = ""
        """The distribution's package that owns the file at `path`."""


class CollectedPackages:
    """The packages and facts of a document that were read so far."""

    has_subject = True
    """Whether what the document describes counts as one of its packages."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.names: list[str] = []
        self.id = self.manifest = self.platform = ""
        self.layers: tuple[Layer, ...] = ()
        self.distribution: Distribution | None = None
        self._home: Distribution | None = None
        """What package URLs say of it: the first that has a version or codename, else the first that has a name."""
        self._expected: Distribution | None = None
        """The distribution in the first package URL that has a version of one."""
        self.packages: list[Package] = []
        self.errors: list[InputError] = []
        self.omitted = 0
        self.names_sources = False
        """Whether any of the distribution's packages names its source package."""
        self.owned: dict[str, list[str]] = {}
        """Files of a distribution's package that describe other packages, by the package's name."""

    def fault(self, message: str, pointer: str = "") -> None:
        """Note an error; after many, only their number."""
        if len(self.errors) < _ERRORS:
            self.errors.append(InputError(message, Location(self.file, pointer=pointer)))
        else:
            self.omitted += 1

    def entries(self, parent: JsonObject, name: str, pointer: str) -> Iterator[tuple[int, JsonObject]]:
        """Yield the objects of a list with their indexes; an error where it is no list, and for what is no object."""
        listed = parent.members.get(name)
        if listed is not None and not isinstance(listed, list):
            self.fault(f"its {name} is not a list, so it is not read", pointer)
        for number, entry in enumerate(parent.elements(name)):
            if isinstance(entry, dict):
                yield number, JsonObject(entry)
            else:
                self.fault(f"an entry of its {name} is not an object, so it is not read", f"{pointer}/{number}")

    def add(self, url: str, facts: PackageFacts, pointer: str) -> None:
        """Add the package that a URL names; an error where it could not be matched with advisories."""
        if len(self.packages) >= MOST:
            self.omitted += 1
            return
        name = facts.name[:200] or "a package"
        if not url:
            self.fault(f"{name} has no package URL, so it cannot be matched with advisories", pointer)
            return
        parts = parse_purl(url)
        if parts is None:
            self.fault(f"{name} has an invalid package URL: {url[:200]}", pointer)
        elif parts.type not in TYPES:
            self.fault(f"{name} has an unsupported package type: {parts.type[:50]}", pointer)
        else:
            self.packages.append(_package(parts, facts))
            if facts.owner and facts.path:
                self.owned.setdefault(facts.owner, []).append(facts.path)
            if parts.type in OF_DISTRIBUTIONS:
                self.names_sources = self.names_sources or bool(facts.source or parts.qualifiers.get("upstream"))
                self._locate(name, _distribution(parts), pointer)

    def _locate(self, name: str, home: Distribution, pointer: str) -> None:
        """Note the distribution of a package; an error where other packages have another one."""
        self._home = max(self._home or home, home, key=_detail)
        if home.version:
            self._expected = self._expected or home
            if home.id != self._expected.id or not _same_release(home.version, self._expected.version):
                theirs, ours = f"{home.id} {home.version}", f"{self._expected.id} {self._expected.version}"
                self.fault(
                    f"{name} is of {theirs}, others are of {ours}: one of them is matched with the wrong advisories",
                    pointer,
                )

    def finish(self) -> tuple[InputError, ...]:
        """Give packages the files that they own, find their distribution, and return all errors."""
        self.packages = [
            replace(package, files=tuple(dict.fromkeys(self.owned[package.name])))
            if package.type in OF_DISTRIBUTIONS and package.name in self.owned
            else package
            for package in self.packages
        ]
        self.distribution = self.distribution or self._home
        if self.omitted:
            message = f"{self.omitted} more entries could not be read, or exceed the limit"
            self.errors.append(InputError(message, Location(self.file)))
        return tuple(self.errors)


def known_urls(urls: Iterable[str]) -> tuple[str, ...]:
    """Those of a package's URLs that can be matched, each once; else the first, "" for none."""
    given = tuple(dict.fromkeys(filter(None, urls))) or ("",)
    known = (url for url in given if (parts := parse_purl(url)) is not None and parts.type in TYPES)
    return tuple(known) or given[:1]


def _detail(home: Distribution) -> tuple[bool, bool]:
    """Whether the release of a distribution is known, and its name."""
    return bool(home.version or home.codename), bool(home.id)


def _same_release(version: str, other: str) -> bool:
    """Whether two versions of a distribution are of one release: tools write 12 or 12.5."""
    return all(mine == theirs for mine, theirs in zip(version.split("."), other.split("."), strict=False))


def _distribution(url: Url) -> Distribution:
    """The distribution in a package URL: `distro` is "debian-12" or "debian-sid", or "12" or "sid" alone.

    The name there is that of os-release, and the namespace may be the vendor ("opensuse" for "opensuse-leap").
    """
    text = url.qualifiers.get("distro", "")
    name, _, version = text.rpartition("-")
    if text in _ROLLING:
        return Distribution(text)
    if not name and (text == url.namespace or not url.namespace):
        return Distribution(text or url.namespace)
    known = version[:1].isdigit()
    return Distribution(name or url.namespace, version if known else "", "" if known else version)


def _package(url: Url, facts: PackageFacts) -> Package:
    version = url.version or facts.version
    epoch = url.qualifiers.get("epoch", "")
    ours = url.type in OF_DISTRIBUTIONS
    if ours and epoch.isdigit() and epoch != "0" and not version.startswith(f"{epoch}:"):
        version = f"{epoch}:{version}"
    source, source_version = _source(url, version) if ours else ("", "")
    if facts.source:
        source, source_version = facts.source, facts.source_version or version
    qualifiers = url.qualifiers.items()
    return Package(
        type=cast("PackageType", url.type),
        name=_spelled(url.name, facts.name),
        version=version,
        path=facts.path,
        namespace="" if ours else _spelled(url.namespace, facts.name.rpartition("/")[0]),
        architecture=url.qualifiers.get("arch", "") if ours else "",
        source=source,
        source_version=source_version,
        licenses=facts.licenses,
        qualifiers=tuple(sorted(pair for pair in qualifiers if not (ours and pair[0] in _DISTRIBUTION))),
        found_by=facts.found_by,
        layer=facts.layer,
        removed=facts.removed,
        supplier=facts.supplier,
        development=facts.development,
        record_removed_in=facts.record_removed_in,
    )


def _spelled(part: str, name: str) -> str:
    """The URL's part in the letter case of the document's own name: URLs of some types are all lower case."""
    for spelling in (name, name.rpartition("/")[2]):
        if spelling.lower().replace("_", "-") == part.lower().replace("_", "-"):
            return spelling
    return part


def _source(url: Url, version: str) -> tuple[str, str]:
    """Source package and version: `upstream` is "glibc", "lvm2@2.03.16-2", or an rpm's file. Its own by default."""
    upstream = url.qualifiers.get("upstream", "")
    if not upstream:
        return url.name, version
    if url.type == "rpm" and upstream.endswith(".rpm"):
        name, number, release = _rpm_parts(upstream.removesuffix(".rpm").rpartition(".")[0])
        return name, f"{number}-{release}" if number else version
    name, _, given = upstream.partition("@")
    return name, given or version


def _rpm_parts(text: str) -> tuple[str, str, str]:
    """Split name-version-release."""
    rest, _, release = text.rpartition("-")
    name, _, version = rest.rpartition("-")
    return (name, version, release) if name else (text, "", "")
