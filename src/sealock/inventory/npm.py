"""Node packages as npm, Yarn and pnpm install them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct

from sealock.inventory import _names
from sealock.inventory._data import decode_json, rows, table, word
from sealock.inventory.analyzer import AnalyzedFile, Analyzer, BrokenFileError, Fact, FilePatterns
from sealock.inventory.stanzas import quoted
from sealock.model.inventory import Package

HOMES: Final = ("usr/share/nodejs", "usr/lib/nodejs")
"""Debian's directory of modules, in addition to node_modules."""
COPIES: Final = frozenset({"vendor", "vendored", "vendors", "third_party", "third-party", "thirdparty", "compiled"})
"""Directories of an installed package in which its authors put other packages, as Next.js does in dist/compiled."""


class PackageJson(Struct):
    """The fields of package.json that are of use here."""

    name: Any = ""
    version: Any = ""
    license: Any = None
    licenses: Any = None


class Npm(Analyzer):
    """package.json right in a directory of node_modules, or of copies that an installed package carries.

    Others are a program's own, test data, or steer the loader of a part.
    """

    name = "npm"
    placed = True
    version = 2
    patterns = FilePatterns(names=("package.json",), homes=("node_modules", *HOMES), limit=16 << 20)

    def claims(self, path: str, /) -> bool:
        """Whether it is a package's own manifest."""
        return installed(path) or bool(copied(path))

    def read(self, file: AnalyzedFile, /) -> Iterator[Fact]:
        """Yield the package."""
        if not self.claims(file.path):
            return
        copy = "" if installed(file.path) else copied(file.path)
        manifest = decode_json(file.data, PackageJson)
        namespace, name = _names.scoped(word(manifest.name))
        version = word(manifest.version)
        if copy and f"{namespace}/{name}".removeprefix("/") != copy:
            return
        for odd in filter(_is_odd, (manifest.name, manifest.version)):
            message = f"has an unprintable name or version: {quoted(odd)}"
            raise BrokenFileError(message)
        if name and version:
            license_names = licenses(manifest.license) or licenses(manifest.licenses)
            yield Package("npm", name, version, file.path, namespace=namespace, licenses=license_names)


def installed(path: str) -> bool:
    """Whether this is a package's own manifest: node_modules/name/package.json, node_modules/@scope/name/..."""
    home = path.rpartition("/")[0].rpartition("/")[0]
    outer, _, scope = home.rpartition("/")
    if scope.startswith("@"):
        home = outer
    return home == "node_modules" or home.endswith("/node_modules") or home in HOMES


def copied(path: str) -> str:
    """The name that a package has by its directory, where another one carries it: .../node_modules/a/vendor/name/..."""
    home, _, name = path.rpartition("/")[0].rpartition("/")
    outer, _, scope = home.rpartition("/")
    if scope.startswith("@"):
        home, name = outer, f"{scope}/{name}"
    above, _, last = f"/{home}".rpartition("/")
    is_within = "/node_modules/" in above or any(above.startswith(f"/{start}/") for start in HOMES)
    return name if last in COPIES and is_within else ""


def _is_odd(name: object) -> bool:
    """Whether a name is text that cannot be shown. Other types are ignored: test directories have many."""
    return isinstance(name, str) and bool(name.strip()) and not word(name)


def licenses(value: object) -> tuple[str, ...]:
    """Names from a text, a {type, url}, or a list of either: npm allows all."""
    listed = value if isinstance(value, list) else [value]
    names = (word(row) or word(table(row).get("type")) or word(table(row).get("name")) for row in rows(listed))
    return tuple(dict.fromkeys(filter(None, names)))
