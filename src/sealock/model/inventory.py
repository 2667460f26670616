"""What an image holds: layers, packages, facts about files. Paths are relative to the root, without a leading slash."""

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
    "generic",
]
"""The package URL types that analyzers yield; "generic" is for C libraries found inside programs."""


OF_DISTRIBUTIONS: Final[frozenset[PackageType]] = frozenset({"deb", "apk", "rpm", "alpm"})
"""Types whose packages are a distribution's: what else lies in their files is the distribution's to judge."""


class Layer(Struct, frozen=True):
    """One layer. `digest` is that of the blob as stored ("" where the archive names none), `diff_id` of the plain tar.

    `created_by` is the history's line for it, "" where there is none; `size` is in bytes, as stored.
    """

    index: int
    diff_id: str
    digest: str = ""
    created_by: str = ""
    size: int = 0


def instruction(created_by: str) -> str:
    """The history's line as people write it in a Dockerfile: "RUN apt-get update", on one line."""
    text = " ".join(created_by.split()).removesuffix("# buildkit").rstrip()
    text = text.replace("RUN /bin/sh -c ", "RUN ", 1) if text.startswith("RUN ") else text
    for builder, keyword in (("/bin/sh -c #(nop)", ""), ("|0 /bin/sh -c ", "RUN "), ("/bin/sh -c ", "RUN ")):
        if text.startswith(builder):
            return keyword + text.removeprefix(builder).strip()
    return text


class Distribution(Struct, frozen=True, gc=False):
    """What os-release says. `like` are the words of ID_LIKE."""

    id: str
    version: str = ""
    codename: str = ""
    name: str = ""
    like: tuple[str, ...] = ()


class Package(Struct, frozen=True):
    """One package that an analyzer found. Versions are as the package manager writes them, epoch included.

    `source` and `source_version` name the source package of a distribution's package. `path` is the file that told of
    it, `layer` the index of the layer that file is in, and `removed` says that no later view of the image has it.
    `files` are the paths that it owns, where its manager says so. `direct` is None where a lock file does not tell.
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
    """Whether a lock file says that it is for development alone."""
    needs: tuple[str, ...] = ()
    """Names of the packages that a distribution's package depends on, of alternatives all, without versions."""
    provides: tuple[str, ...] = ()
    """Other names by which packages may need it."""


class FileFact(Struct, frozen=True, gc=False):
    """A file worth telling of; `kind` is the analyzer's word: "setuid", "setgid", "capability", "world-writable"."""

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
    """Of a secret: the line it stands in, from 1; 0 for facts on a whole file."""
    mark: str = ""
    """Of a secret: a few bits of a hash, to tell it from another one in its place. Its value is never kept."""
    confidence: str = ""
    """Of a secret: "low", "medium" or "high"."""
    removed_in: int = -1
    """The index of the layer that removed or replaced it, where it was."""


class Inventory(Struct, frozen=True):
    """All that was found in one image. `sizes` are (layer index, entries, bytes of regular files)."""

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
    """Fields that the source cannot tell of ("files", for a bill of materials): that they are empty says nothing."""
    created: str = ""
    """When its configuration says that it was made, as in RFC 3339; "" where it does not say."""
    seen: str = ""
    """The day on which it was listed ("2026-11-25"), where the source may tell how old the image is on it."""
