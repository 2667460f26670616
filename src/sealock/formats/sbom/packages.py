"""Makes packages of package URLs, and gathers them with what else a document says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, cast, get_args

from msgspec.structs import replace

from sealock.model.finding import InputError
from sealock.model.inventory import OF_DISTRIBUTIONS, Distribution, Layer, Package, PackageType
from sealock.model.location import Location
from sealock.model.purl import Url, taken_apart

TYPES: Final = frozenset(get_args(PackageType))
MOST: Final = 200_000
"""Packages that are read of one document."""
_PROBLEMS: Final = 100
_HOME: Final = frozenset({"arch", "distro", "upstream", "epoch"})
"""Qualifiers that have a field of their own."""


def texts(value: Any) -> str:  # noqa: ANN401  a JSON value
    """The value where it is a text, else ""."""
    return value if isinstance(value, str) else ""


def objects(value: Any) -> Iterable[tuple[int, dict[str, Any]]]:  # noqa: ANN401  a JSON value
    """The objects of a list with their numbers; nothing for all else."""
    if isinstance(value, list):
        yield from ((number, one) for number, one in enumerate(value) if isinstance(one, dict))


def member(value: Any, name: str) -> Any:  # noqa: ANN401  JSON values
    """The member of an object, None for all else."""
    return value.get(name) if isinstance(value, dict) else None


class PackageFacts:
    """What a document says of one package beside its URL."""

    def __init__(self, name: str = "", version: str = "", supplier: str = "", licenses: tuple[str, ...] = ()) -> None:
        self.name, self.version, self.supplier, self.licenses = name, version, supplier, licenses
        self.path = self.found_by = self.source = self.source_version = ""
        self.layer = -1
        self.removed = self.development = False
        self.owner = ""
        """The distribution's package that owns the file at `path`."""


class CollectedPackages:
    """All that was read of a document so far."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.names: list[str] = []
        self.id = self.manifest = self.platform = ""
        self.layers: tuple[Layer, ...] = ()
        self.distribution: Distribution | None = None
        self._home: Distribution | None = None
        """The distribution of the first of its packages that tells."""
        self.packages: list[Package] = []
        self.errors: list[InputError] = []
        self.untold = 0
        self.owned: dict[str, list[str]] = {}
        """By the distribution's package: files that it owns and that others were told of by."""

    def fault(self, message: str, pointer: str = "") -> None:
        """Note a problem; after many, only their number."""
        if len(self.errors) < _PROBLEMS:
            self.errors.append(InputError(message, Location(self.file, pointer=pointer)))
        else:
            self.untold += 1

    def add(self, url: str, package_facts: PackageFacts, pointer: str) -> None:
        """Add the package that a URL names; a problem where nobody could look it up."""
        if len(self.packages) >= MOST:
            self.untold += 1
            return
        name = package_facts.name[:200] or "a package"
        if not url:
            self.fault(f"{name} has no package URL, so nobody can tell what it is", pointer)
            return
        parts = taken_apart(url)
        if parts is None:
            self.fault(f"{name} has a package URL that cannot be read: {url[:200]}", pointer)
        elif parts.type not in TYPES:
            self.fault(f"{name} is of a type that is not known here: {parts.type[:50]}", pointer)
        else:
            self.packages.append(_package(parts, package_facts))
            if package_facts.owner and package_facts.path:
                self.owned.setdefault(package_facts.owner, []).append(package_facts.path)
            if parts.type in OF_DISTRIBUTIONS:
                self._place(name, _distribution(parts), pointer)

    def _place(self, name: str, home: Distribution, pointer: str) -> None:
        """Note which distribution a package is of; a problem where others are of another one."""
        self.distribution = self.distribution or home
        if home.version:
            self._home = self._home or home
            if home.id != self._home.id or not _same(home.version, self._home.version):
                theirs, ours = f"{home.id} {home.version}", f"{self._home.id} {self._home.version}"
                self.fault(
                    f"{name} is of {theirs}, and other packages are of {ours}: one of them is misjudged", pointer
                )

    def finish(self) -> tuple[InputError, ...]:
        """All problems; packages are given the files that they own, as far as they are told."""
        self.packages = [
            replace(package, files=tuple(dict.fromkeys(self.owned[package.name])))
            if package.type in OF_DISTRIBUTIONS and package.name in self.owned
            else package
            for package in self.packages
        ]
        if self.untold:
            message = f"{self.untold} more entries could not be read, or are too many"
            self.errors.append(InputError(message, Location(self.file)))
        return tuple(self.errors)


def _same(one: str, other: str) -> bool:
    """Whether two versions of a distribution are of one release: some say 12, and some 12.5."""
    return all(mine == theirs for mine, theirs in zip(one.split("."), other.split("."), strict=False))


def _distribution(url: Url) -> Distribution:
    """The distribution that a package's URL is of: `distro` is "debian-12", or "debian-sid"."""
    name, _, version = url.qualifiers.get("distro", "").rpartition("-")
    if not name:
        return Distribution(url.namespace or url.qualifiers.get("distro", ""))
    known = version[:1].isdigit()
    return Distribution(url.namespace or name, version if known else "", "" if known else version)


def _package(url: Url, package_facts: PackageFacts) -> Package:
    version = url.version or package_facts.version
    epoch = url.qualifiers.get("epoch", "")
    ours = url.type in OF_DISTRIBUTIONS
    if ours and epoch.isdigit() and epoch != "0" and not version.startswith(f"{epoch}:"):
        version = f"{epoch}:{version}"
    source, source_version = _source(url, version) if ours else ("", "")
    if package_facts.source:
        source, source_version = package_facts.source, package_facts.source_version or version
    qualifiers = url.qualifiers.items()
    return Package(
        type=cast("PackageType", url.type),
        name=_spelled(url.name, package_facts.name),
        version=version,
        path=package_facts.path,
        namespace="" if ours else _spelled(url.namespace, package_facts.name.rpartition("/")[0]),
        architecture=url.qualifiers.get("arch", "") if ours else "",
        source=source,
        source_version=source_version,
        licenses=package_facts.licenses,
        qualifiers=tuple(sorted(pair for pair in qualifiers if not (ours and pair[0] in _HOME))),
        found_by=package_facts.found_by,
        layer=package_facts.layer,
        removed=package_facts.removed,
        supplier=package_facts.supplier,
        development=package_facts.development,
    )


def _spelled(part: str, name: str) -> str:
    """The URL's part in the letters that the document's own name has: URLs of some types are all lower case."""
    for spelling in (name, name.rpartition("/")[2]):
        if spelling.lower().replace("_", "-") == part.lower().replace("_", "-"):
            return spelling
    return part


def _source(url: Url, version: str) -> tuple[str, str]:
    """Source package and version: `upstream` is "glibc", "lvm2@2.03.16-2", or an rpm's file. Its own where untold."""
    upstream = url.qualifiers.get("upstream", "")
    if not upstream:
        return url.name, version
    if url.type == "rpm" and upstream.endswith(".rpm"):
        name, number, release = _rpm_parts(upstream.removesuffix(".rpm").rpartition(".")[0])
        return name, f"{number}-{release}" if number else version
    name, _, given = upstream.partition("@")
    return name, given or version


def _rpm_parts(text: str) -> tuple[str, str, str]:
    """Take name-version-release apart."""
    rest, _, release = text.rpartition("-")
    name, _, version = rest.rpartition("-")
    return (name, version, release) if name else (text, "", "")
