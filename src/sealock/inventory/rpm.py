"""Packages that rpm installed, from any of its databases, and the list that distroless Mariner and Azure Linux keep."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.inventory import _rpmheader as tags
from sealock.inventory._rpmdb import blobs
from sealock.inventory._rpmheader import Header
from sealock.inventory.analyzer import AnalyzedFile, Analyzer, BrokenFileError, FilePatterns
from sealock.inventory.stanzas import Faults, is_word, quoted, text
from sealock.model.inventory import Package

DIRECTORIES: Final = ("var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm")
DATABASES: Final = ("rpmdb.sqlite", "Packages.db", "Packages")
LOG: Final = "rpmdb.sqlite-wal"
"""Changes that SQLite has not yet written to the database; rpm empties it when it is done."""
MOST_RELATIONS: Final = 2000
MANIFEST: Final = "var/lib/rpmmanifest/container-manifest-2"
KEY: Final = "gpg-pubkey"
"""rpm keeps the keys that it trusts as if they were packages."""


class Rpm(Analyzer):
    """The packages of Fedora, Red Hat, SUSE, Amazon, Mariner and their kin; the version is [epoch:]version-release."""

    name = "rpm"
    version = 2
    patterns = FilePatterns(
        paths=(*(f"{directory}/{name}" for directory in DIRECTORIES for name in (*DATABASES, LOG)), MANIFEST),
        limit=256 << 20,
        whole=True,
    )

    def read(self, file: AnalyzedFile, /) -> Iterator[Package]:
        """Yield the package of every header, or of every line of the manifest."""
        if file.path == MANIFEST:
            yield from self._manifest(file)
        elif file.path.endswith(LOG):
            if file.data:
                msg = "it holds changes that are not in the database yet: packages may be missing or out of date"
                raise BrokenFileError(msg)
        else:
            yield from self._database(file)

    def _database(self, file: AnalyzedFile) -> Iterator[Package]:
        faults = Faults()
        try:
            for blob in blobs(file.data):
                try:
                    if isinstance(blob, BrokenFileError):
                        raise blob
                    header = Header(blob)
                    if header.text(tags.NAME) != KEY:
                        yield self._package(file, header)
                except BrokenFileError as broken:
                    faults.add(str(broken))
        except BrokenFileError as broken:
            faults.add(str(broken))
        faults.end()

    def _package(self, file: AnalyzedFile, header: Header) -> Package:
        name, version, release = (header.text(tag) for tag in (tags.NAME, tags.VERSION, tags.RELEASE))
        if not all(is_word(word) for word in (name, version, release)):
            msg = f"a header names no package and version: {quoted(name)} {quoted(version)} {quoted(release)}"
            raise BrokenFileError(msg)
        epoch = "".join(f"{number}:" for number in header.numbers(tags.EPOCH)[:1])
        source, source_version = _source(header.text(tags.SOURCERPM))
        module = header.text(tags.MODULARITYLABEL)
        license_ = header.text(tags.LICENSE)
        return Package(
            type="rpm",
            name=name,
            version=f"{epoch}{version}-{release}",
            path=file.path,
            architecture=header.text(tags.ARCH),
            source=source or name,
            source_version=source_version,
            licenses=(license_,) if license_ else (),
            qualifiers=(("modularitylabel", module),) if module else (),
            found_by=self.name,
            files=header.files(),
            supplier=header.text(tags.VENDOR),
            needs=_names(header, tags.REQUIRENAME),
            provides=_names(header, tags.PROVIDENAME),
        )

    def _manifest(self, file: AnalyzedFile) -> Iterator[Package]:
        """Read lines of ten fields between tabs: name, version-release, …, vendor, …, architecture, epoch, source."""
        faults = Faults()
        for number, line in enumerate(text(file.data).split("\n"), 1):
            if not line.strip():
                continue
            fields = ["" if field == "(none)" else field for field in line.split("\t")]
            if len(fields) < 8 or not is_word(fields[0]) or not is_word(fields[1]):
                faults.add(f"line {number} is not a package", line)
            elif fields[0] != KEY:
                source, source_version = _source(fields[9] if len(fields) > 9 else "")
                yield Package(
                    type="rpm",
                    name=fields[0],
                    version=f"{fields[5]}:{fields[1]}" if fields[5] else fields[1],
                    path=file.path,
                    architecture=fields[7],
                    source=source or fields[0],
                    source_version=source_version,
                    found_by=self.name,
                    supplier=fields[4],
                )
        faults.end()


def _names(header: Header, tag: int) -> tuple[str, ...]:
    """Names of packages, files and libraries that a tag lists, each once; what rpm itself is to know is left out."""
    names = dict.fromkeys(header.texts(tag))
    return tuple(name for name in names if not name.startswith(("rpmlib(", "config(")))[:MOST_RELATIONS]


def _source(file: str) -> tuple[str, str]:
    """Split `name-version-release.src.rpm`, which has no epoch."""
    stem = file.removesuffix(".rpm").removesuffix(".src").removesuffix(".nosrc")
    parts = stem.rsplit("-", 2)
    return (parts[0], f"{parts[1]}-{parts[2]}") if len(parts) == 3 else ("", "")
