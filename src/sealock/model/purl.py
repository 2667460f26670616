"""Package URLs: one line that names a package of any kind (https://github.com/package-url/purl-spec)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from sealock.model.inventory import OF_DISTRIBUTIONS, Distribution, Package, PackageType
from sealock.patterns import compile_lazily

if TYPE_CHECKING:
    from packageurl import PackageURL

_LOWER: Final = frozenset({
    "deb", "apk", "alpm", "golang", "pypi", "npm", "composer", "pub", "hex", "bitnami",
})  # fmt: skip
"""Types whose namespace and name are lower case by the specification; the library lowers only some, and only ASCII."""
_NAMESPACES: Final = {"deb": "debian", "apk": "alpine", "alpm": "arch"}
"""The namespaces where there is no os-release."""
_KEY: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-_")
_PLAIN: Final = compile_lazily(r"[A-Za-z0-9._~-]*")
_SIMPLE: Final = compile_lazily(r"[A-Za-z0-9._~:+@-]*")
_SPACE: Final = compile_lazily(r"[A-Za-z0-9._~@/-]*")
"""A colon stays as it is; a plus and an at sign become `%2B` and `%40`."""
_LONGEST: Final = 1000
"""The largest number of characters of one part: nothing longer names a package."""
_LONGEST_URL: Final = 40_000


def purl(package: Package, distribution: Distribution | None = None) -> str:
    """The package's URL, "" where it has no name. The distribution is that of the image the package is in."""
    name = _part(package.name)
    if package.type == "maven" and not package.namespace:
        name = name.replace(":", "/", 1)
    before: list[str] = []
    if "/" in name:
        # It separates the namespace from the name, since a name cannot contain one.
        *before, name = [part for part in map(str.strip, name.split("/")) if part] or [""]
    if not name:
        return ""
    namespace = _namespace(package, distribution, before)
    if package.type in _LOWER:
        namespace, name = namespace.lower(), name.lower()
    version, qualifiers = _version(package), _qualifiers(package, distribution)
    # The library escapes names of some types in lower case, but never Debian's.
    names = _SIMPLE if package.type == "deb" else _PLAIN
    if (
        package.type != "pub"  # whose other signs the library replaces
        and names.fullmatch(name)
        and _SPACE.fullmatch(namespace)
        and _SIMPLE.fullmatch("".join((version, *qualifiers.values())))
    ):
        return _simple(package.type, namespace, name, version, qualifiers)
    # Writing normalises the parts; normalising them before as well would take twice as long.
    url = _library()(package.type, namespace or None, name, version or None, qualifiers, normalize_purl=False)
    return url.to_string()


def _library() -> type[PackageURL]:
    from packageurl import PackageURL  # noqa: PLC0415  10 ms, and few packages take it

    return PackageURL


def _simple(kind: PackageType, namespace: str, name: str, version: str, qualifiers: dict[str, str]) -> str:
    """Write a URL whose parts need little escaping, as the library would: nearly all packages are so."""
    if kind == "pypi":
        name = name.replace("_", "-")
    before = f"{_escaped(namespace)}/" if namespace else ""
    after = "&".join([f"{key}={_escaped(qualifiers[key])}" for key in sorted(qualifiers)])
    version = f"@{_escaped(version)}" if version else ""
    return f"pkg:{kind}/{before}{_escaped(name)}{version}{f'?{after}' if after else ''}"


def _escaped(text: str) -> str:
    if "+" in text or "@" in text:
        return text.replace("+", "%2B").replace("@", "%40")
    return text


def _namespace(package: Package, distribution: Distribution | None, before: list[str]) -> str:
    given = package.namespace
    if package.type in OF_DISTRIBUTIONS:
        # Their namespace is the distribution; qualifiers hold the rest.
        given = given or (distribution.id if distribution else "") or _NAMESPACES.get(package.type, "")
        given = given.lower()
    if not before and "/" not in given:
        return _part(given)
    return "/".join([*(part for part in map(str.strip, _part(given).split("/")) if part), *before])


def _version(package: Package) -> str:
    """The version as the type writes it: an rpm's without its epoch, which is a qualifier."""
    version = _part(package.version)
    return version.partition(":")[2] if package.type == "rpm" and _epoch(version) else version


def _epoch(version: str) -> str:
    """The epoch that an rpm's version begins with, "" where it has none."""
    epoch, colon, rest = version.partition(":")
    return epoch if colon and rest and epoch.isascii() and epoch.isdigit() else ""


def _qualifiers(package: Package, distribution: Distribution | None) -> dict[str, str]:
    """The qualifiers; keys that the specification forbids are left out."""
    found = {key.lower(): _part(value) for key, value in package.qualifiers} if package.qualifiers else {}
    if package.type in OF_DISTRIBUTIONS:
        if distribution and distribution.id:
            version = distribution.version or distribution.codename
            found.setdefault("distro", _part(f"{distribution.id}-{version}" if version else distribution.id))
        found.setdefault("arch", _part(package.architecture))
        found.setdefault("upstream", _part(_upstream(package)))
        if package.type == "rpm":
            found.setdefault("epoch", _epoch(_part(package.version)).lstrip("0"))
    return {key: value for key, value in found.items() if value and _is_key(key)}


@lru_cache(256)
def _is_key(text: str) -> bool:
    return bool(text) and set(text) <= _KEY and not text[0].isdigit()


def _upstream(package: Package) -> str:
    """The source package, where its name or version differs; for rpm its file name."""
    source, version = package.source, package.source_version
    if not source:
        return ""
    if package.type == "rpm":
        plain = version.rpartition(":")[2]
        return source if source.endswith(".rpm") or not plain else f"{source}-{plain}.src.rpm"
    if version and version != package.version:
        return f"{source}@{version}"
    return source if source != package.name else ""


def _part(text: str) -> str:
    """The text stripped, cut to the limit, with lone surrogates replaced."""
    text = text[:_LONGEST]
    return (text if text.isascii() else text.encode("utf-8", "replace").decode()).strip()


def image_purl(repository: str, digest: str = "", tag: str = "") -> str:
    """The URL of an image by its repository, registry included, and its digest, or else its tag."""
    last = repository.rpartition("/")[2]
    qualifiers = {"repository_url": repository} | ({"tag": tag} if tag and not digest else {})
    return _library()("oci", None, last, digest or None, qualifiers).to_string()


class Url(Struct, frozen=True):
    """The parts of a package URL, decoded; "" for none."""

    type: str
    namespace: str
    name: str
    version: str
    qualifiers: dict[str, str]
    subpath: str = ""


def parse_purl(text: str) -> Url | None:
    """Parse a package URL; None where the text is not one."""
    if len(text) > _LONGEST_URL:
        return None
    try:
        url = _library().from_string(text)
    except ValueError:
        return None
    return Url(url.type, url.namespace or "", url.name, url.version or "", url.qualifiers, url.subpath or "")
