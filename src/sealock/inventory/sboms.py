"""SBOMs that lie in an image: Bitnami's in /opt/bitnami, those of Python wheels, and others with the usual names."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from sealock.formats.sbom import gather
from sealock.formats.sbom.packages import TYPES, CollectedPackages, PackageFacts
from sealock.inventory._data import VALUES, word
from sealock.inventory.analyzer import AnalyzedFile, Analyzer, BrokenFileError, Fact, FilePatterns
from sealock.model.inventory import OF_DISTRIBUTIONS, UNREAD, FileFact, Package
from sealock.model.purl import parse_purl


class Sboms(Analyzer):
    """CycloneDX and SPDX as JSON. Packages of distributions are left out: the package manager's database lists them."""

    name = "sboms"
    version = 2
    patterns = FilePatterns(
        names=("sbom.json", "bom.json"),
        endings=(".spdx", ".spdx.json", ".spdx3.json", ".cdx", ".cdx.json", ".cyclonedx.json"),
        limit=32 << 20,
    )

    def read(self, file: AnalyzedFile, /) -> Iterator[Fact]:
        """Yield the packages; one without a usable package URL is generic, so that the matcher reports it."""
        named = file.path.rpartition("/")[2] in self.patterns.names
        data = file.data
        if named and not any(mark in data[:4096] for mark in (b'"bomFormat"', b'"spdxVersion"')):
            return  # a name that others use too
        if data.lstrip().startswith((b"SPDXVersion:", b"<")):
            yield FileFact(UNREAD, file.path, detail="SBOM in another form than JSON")
            return
        if data.count(b",") > VALUES:
            message = "holds too many values"
            raise BrokenFileError(message)
        packages = EmbeddedPackages(file.path)
        gather(data.decode("utf-8", "replace"), packages)
        if packages.errors and not packages.packages:
            raise BrokenFileError(packages.errors[0].message)
        for package in packages.packages:
            if package.type not in OF_DISTRIBUTIONS and word(package.name):
                yield replace(package, path=file.path, layer=-1, removed=False, found_by=self.name, files=())


class EmbeddedPackages(CollectedPackages):
    """The packages of a document that others wrote: whatever it names counts.

    What it describes is what it lies in, such as the wheel, which is listed as such.
    """

    has_subject = False

    def add(self, url: str, facts: PackageFacts, pointer: str) -> None:
        """Add a package, perhaps only by its name and version."""
        parts = parse_purl(url) if url else None
        if parts is not None and parts.type in TYPES:
            super().add(url, facts, pointer)
        else:
            self.packages.append(Package("generic", facts.name, facts.version, "", licenses=facts.licenses))
