"""The contents of an image: layers, packages, facts about files. Paths are relative to the root, without a slash."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from msgspec import Struct

from sealock.model.container import Container
from sealock.model.finding import InputError

PackageType: TypeAlias = Literal[
    "deb",
    "apk",
    "rpm",
    "alpm",
    "pypi",
    "npm",
    "gem",
    "composer",
    "maven",
    "nuget",
    "conda",
    "golang",
    "cargo",
    "pub",
    "hex",
    "cocoapods",
    "swift",
    "conan",
    "jsr",
    "bitnami",
    "generic",
]
"""The package URL types that analyzers yield; "generic" is for C libraries found inside programs, and for programs."""

MAIN_PROGRAMS: Final = {
    "haproxy": "haproxy",
    "httpd": "apache",
    "memcached": "memcached",
    "nginx": "nginx",
    "node": "node",
    "openjdk": "java",
    "php": "php",
    "python": "python",
    "redis": "redis",
    "ruby": "ruby",
    "valkey": "valkey",
}
"""Generic packages that are an image's main program; and the names that Bitnami's advisories have for them."""


OF_DISTRIBUTIONS: Final[frozenset[PackageType]] = frozenset({"deb", "apk", "rpm", "alpm"})
"""Package types of distributions, whose advisories cover everything in their packages' files."""

UNREAD: Final = "unread-packages"
"""The kind of file facts on packages that are recognised and not listed; the detail names the package manager."""
SOURCES: Final = "sources"
"""An unseen field: an SBOM does not name the source packages of the distribution's packages."""


class Layer(Struct, frozen=True):
    """One layer. `digest` is the stored blob's ("" where the archive names none), `diff_id` the uncompressed tar's.

    `created_by` is its history line, "" where there is none; `size` is in bytes, as stored.
    """

    index: int
    diff_id: str
    digest: str = ""
    created_by: str = ""
    size: int = 0


def instruction(created_by: str) -> str:
    """A history line as a Dockerfile would have it, on one line: "RUN apt-get update"."""
    text = " ".join(created_by.split()).removesuffix("# buildkit").rstrip()
    text = text.replace("RUN /bin/sh -c ", "RUN ", 1) if text.startswith("RUN ") else text
    for builder, keyword in (("/bin/sh -c #(nop)", ""), ("|0 /bin/sh -c ", "RUN "), ("/bin/sh -c ", "RUN ")):
        if text.startswith(builder):
            return keyword + text.removeprefix(builder).strip()
    return text


class Distribution(Struct, frozen=True, gc=False):
    """The distribution of os-release. `like` are the words of ID_LIKE."""

    id: str
    version: str = ""
    codename: str = ""
    name: str = ""
    like: tuple[str, ...] = ()


class Package(Struct, frozen=True):
    """One package that an analyzer found. Versions are as the package manager writes them, epoch included.

    `source` and `source_version` name the source package of a distribution's package. `path` is the file that lists the
    package, `layer` the index of that file's layer; `removed` marks a package that a later layer removed. `files` are
    the paths that it owns, where the package manager records them.
    """

    type: PackageType
    name: str
    version: str
    path: str
    namespace: str = ""
    architecture: str = ""
    source: str = ""
    source_version: str = ""
    licenses: tuple[str, ...] = ()
    qualifiers: tuple[tuple[str, str], ...] = ()
    found_by: str = ""
    layer: int = -1
    removed: bool = False
    files: tuple[str, ...] = ()
    supplier: str = ""
    development: bool = False
    """Whether a lock file marks it as a development dependency."""
    needs: tuple[str, ...] = ()
    """The dependencies of a distribution's package, with all alternatives, without versions."""
    provides: tuple[str, ...] = ()
    """Virtual names that it provides."""
    record_removed_in: int = -1
    """The index of the layer that removed its record, and left its files; -1 for none."""
    optional: bool = False
    """Whether a lock file lets installers leave it out, as they do where it is for another platform."""


class FileFact(Struct, frozen=True, gc=False):
    """A fact about a file; `kind` is the analyzer's word: "setuid", "setgid", "capability", "world-writable"."""

    kind: str
    path: str
    mode: int = 0
    uid: int = 0
    gid: int = 0
    detail: str = ""
    layer: int = -1
    removed: bool = False
    owner: str = ""
    """The package that owns the file, "" for none."""
    line: int = 0
    """The line of a secret, from 1; 0 for facts about a whole file."""
    mark: str = ""
    """A few bits of a secret's hash, to distinguish secrets. The value itself is never stored."""
    confidence: str = ""
    """The confidence in a secret: "low", "medium" or "high"."""
    removed_in: int = -1
    """The index of the layer that removed or replaced it, -1 for none."""


class Inventory(Struct, frozen=True):
    """Everything found in one image. `sizes` are (layer index, entries, bytes of regular files)."""

    names: tuple[str, ...]
    id: str
    """The digest of the image's configuration, "" for a root file system."""
    platform: str
    layers: tuple[Layer, ...]
    container: Container
    distribution: Distribution | None = None
    packages: tuple[Package, ...] = ()
    files: tuple[FileFact, ...] = ()
    sizes: tuple[tuple[int, int, int], ...] = ()
    errors: tuple[InputError, ...] = ()
    manifest: str = ""
    """The digest of the image's manifest, "" where the archive has none."""
    unseen: tuple[str, ...] = ()
    """Fields that the source cannot hold ("files" in an SBOM), so that being empty means nothing."""
    read_as: str = ""
    """What a target without a description of images was taken for, and why: "a root file system, because …"."""
    notes: tuple[str, ...] = ()
    """What people should know of how it was read, each a predicate: "is read as a root file system, because …"."""
    created: str = ""
    """The creation time in the configuration, as in RFC 3339; "" for none."""
