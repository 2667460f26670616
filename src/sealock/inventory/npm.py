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
from sealock.patterns import compile_lazily

HOMES: Final = ("usr/share/nodejs", "usr/lib/nodejs")
"""Debian's directory of modules, in addition to node_modules."""
COPIES: Final = frozenset({"vendor", "vendored", "vendors", "third_party", "third-party", "thirdparty", "compiled"})
"""Directories of an installed package in which its authors put other packages, as Next.js does in dist/compiled."""


_RELEASE: Final = compile_lazily(r"(?:\A|[-@]v?)[0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9}(?:[-+][0-9A-Za-z.+-]{1,100})?\Z")
"""How the name of a directory ends that holds a release: yarn-v1.22.22, or 1.0.0 below the package's name."""


class PackageJson(Struct):
    """The fields of package.json that are of use here."""

    name: Any = ""
    version: Any = ""
    private: Any = None
    license: Any = None
    licenses: Any = None


class Npm(Analyzer):
    """package.json right in a directory of node_modules, or of copies that an installed package carries.

    So is one in a directory that is named for the release: Deno's and Corepack's cache, and yarn in Node's images.
    Others are a program's own, test data, or steer the loader of a part.
    """

    name = "npm"
    placed = True
    version = 3
    patterns = FilePatterns(names=("package.json",), homes=("node_modules", *HOMES), limit=16 << 20)

    def claims(self, path: str, /) -> bool:
        """Whether it is a package's own manifest."""
        return installed(path) or bool(copied(path)) or bool(released(path))

    def read(self, file: AnalyzedFile, /) -> Iterator[Fact]:
        """Yield the package."""
        if not self.claims(file.path):
            return
        copy = "" if installed(file.path) else copied(file.path)
        manifest = decode_json(file.data, PackageJson)
        namespace, name = _names.scoped(word(manifest.name))
        version = word(manifest.version)
        if not copy and not installed(file.path) and not _is_release(released(file.path), manifest):
            return
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


def released(path: str) -> str:
    """The directory of a release outside of node_modules, by its name or by the path of name and version."""
    directory = path.rpartition("/")[0]
    if "node_modules/" in directory or _RELEASE.search(directory.rpartition("/")[2]) is None:
        return ""
    return f"/{directory}"


def _is_release(directory: str, manifest: PackageJson) -> bool:
    """Whether a directory is named for what the manifest in it says, which is no program's own."""
    name, version = word(manifest.name), word(manifest.version)
    ends = (f"/{name}/{version}", *(f"/{name.rpartition('/')[2]}{mark}{version}" for mark in ("-", "-v", "@")))
    return bool(name and version) and manifest.private is not True and directory.endswith(ends)


def _is_odd(name: object) -> bool:
    """Whether a name is text that cannot be shown. Other types are ignored: test directories have many."""
    return isinstance(name, str) and bool(name.strip()) and not word(name)


def licenses(value: object) -> tuple[str, ...]:
    """Names from a text, a {type, url}, or a list of either: npm allows all."""
    listed = value if isinstance(value, list) else [value]
    names = (word(row) or word(table(row).get("type")) or word(table(row).get("name")) for row in rows(listed))
    return tuple(dict.fromkeys(filter(None, names)))
