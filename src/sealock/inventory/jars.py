"""Java archives, nested as deep as bounds allow: Maven's files, the manifest, the file's name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from sealock.image.entry import DEFAULT_BOUNDS, Bounds
from sealock.inventory import _zip
from sealock.inventory._data import word
from sealock.inventory._headers import headers
from sealock.inventory._xml import document
from sealock.inventory.analyzer import AnalyzedFile, Analyzer, BrokenFileError, Fact, FilePatterns
from sealock.inventory.window import FileContent
from sealock.model.inventory import UNREAD, FileFact, Package
from sealock.patterns import compile_lazily

ENDINGS: Final = (".jar", ".war", ".ear", ".jpi", ".hpi", ".par", ".sar", ".lpkg", ".nar", ".kar", ".aar")
_LETTERED: Final = compile_lazily(r"r[0-9]{1,6}|v[0-9]{1,6}(?:\.[0-9A-Za-z]{1,40}){1,6}")
_NAMED: Final = frozenset({*ENDINGS, ".zip"})
RAW_ENDINGS: Final = tuple(ending.encode() for ending in ENDINGS)
LARGEST: Final = 512 << 20
"""Maximum bytes of a nested archive, and of one file in an archive."""
TOTAL: Final = 2 << 30
"""Maximum bytes that are decompressed from one file of the image."""
TIMES: Final = 32
LEAST: Final = 1 << 20
"""Maximum bytes decompressed from one file: a multiple of its size, plus a constant. Other work counts as well:"""
ARCHIVE: Final = 8 << 10
ENTRY: Final = 512
FEW: Final = 1000
TEXT: Final = 4 << 10
LETTER: Final = 16
HELD: Final = 256 << 20
"""Maximum bytes of decompressed nested archives in memory at once (--max-file-size)."""
LONGEST: Final = 128
"""Average characters in the name of a nested archive, over the maximum depth."""
MODEL: Final = 1 << 20
"""Bytes of a pom.xml to read: one without its end is not read."""
HEAD: Final = 64 << 10
"""Bytes of pom.properties or a manifest to read: the relevant lines come first."""
FAULTS: Final = 5
"""Maximum reported errors of one file."""


class MavenIdentity(Struct, frozen=True):
    """Maven's coordinates, as far as known."""

    artifact: str
    version: str
    group: str = ""


class JarLevel(Struct):
    """An archive on the way down: those in it that were not read yet, and how many bytes it was inflated to."""

    path: str
    archive: _zip.Archive
    nested: Iterator[_zip.ZipEntry]
    size: int


class Jars(Analyzer):
    """Every library in a Java archive, and in the archives that it holds."""

    name = "jars"
    version = 2
    patterns = FilePatterns(endings=ENDINGS, zip=True, limit=LARGEST)

    def read(self, file: AnalyzedFile, /) -> Iterator[Fact]:
        """Yield the packages of the archive and its nested archives, then report what could not be read."""
        if not file.path.endswith(ENDINGS):
            if not file.path.lower().endswith(ENDINGS) and not is_java(file.content):
                return
            if len(file.content) > LARGEST:
                message = f"is a Java archive of more than {LARGEST} bytes, and was not read"
                raise BrokenFileError(message)
        elif not file.data or (not file.path.endswith(".jar") and not file.data.startswith(b"PK")):
            return  # others use these endings too
        walk = Walk(len(file.data), self.bounds)
        yield from walk.packages(file.path, memoryview(file.data))
        if walk.faults:
            raise BrokenFileError("; ".join(walk.faults))


def is_java(content: FileContent) -> bool:
    """Whether a zip archive of another name is for Java: its directory names a manifest, or Maven's properties."""
    try:
        start, end = _zip.directory(content)[:2]
    except BrokenFileError:
        return False
    listed = content[start:end]
    return b"META-INF/MANIFEST.MF" in listed or b"/pom.properties" in listed or b"META-INF/maven/" in listed


class Walk:
    """Reads one file of the image, within the rest of its bounds."""

    def __init__(self, size: int, bounds: Bounds) -> None:
        self.faults: list[str] = []
        self.levels: list[JarLevel] = []
        self.deepest = bounds.depth
        self.left = min(TOTAL, LEAST + TIMES * size)
        self.room = max(HELD, bounds.file)
        self.longest = LONGEST * max(bounds.depth, DEFAULT_BOUNDS.depth)

    def fault(self, path: str, message: object) -> None:
        """Keep what was wrong, up to a number that a person would read."""
        if len(self.faults) < FAULTS:
            self.faults.append(located(path, message))

    def stop(self, path: str, message: str) -> None:
        """Keep why the rest was not read, in place of a fault that this caused where there are many."""
        self.faults[FAULTS - 1 :] = [located(path, message)]

    def packages(self, path: str, data: _zip.ZipView) -> Iterator[Package | FileFact]:
        """Yield the packages of an archive, then those of the archives in it, at any depth."""
        self.longest += len(path)
        yield from self.archive(path, data, 0)
        while self.levels:
            level = self.levels[-1]
            entry = next(level.nested, None)
            if entry is None:
                self.room += level.size
                self.levels.pop()
                continue
            inner = f"{level.path}!/{entry.name}"
            if len(inner) > self.longest:
                self.fault(f"{inner[: self.longest]}...", "was not read: its name is too long")
            elif len(self.levels) >= self.deepest:
                self.fault(inner, f"lies more than {self.deepest} archives deep, and was not read (--max-depth)")
            elif self.left <= 0:
                self.stop(inner, "was not read: there is too much in this file")
                return
            elif entry.method == _zip.STORED:
                yield from self.archive(inner, self.plain(level.path, level.archive, entry), 0)
            elif entry.size > self.room:
                self.fault(inner, f"was not read: it would be inflated to {entry.size} bytes (--max-file-size)")
            else:
                yield from self.archive(inner, self.plain(level.path, level.archive, entry), entry.size)

    def archive(self, path: str, data: _zip.ZipView, size: int) -> Iterator[Package | FileFact]:
        """Yield the packages of an archive itself; those in it are looked into next."""
        self.left -= ARCHIVE
        try:
            archive = _zip.open_archive(data, is_relevant, max(self.left // ENTRY, FEW))
        except BrokenFileError as broken:
            self.fault(path, broken)
            return
        self.left -= ENTRY * len(archive.offsets)
        poms: dict[MavenIdentity, None] = {}
        models: dict[str, _zip.ZipEntry] = {}
        described: set[str] = set()
        manifest: dict[str, str] = {}
        nested: list[_zip.ZipEntry] = []
        for name, entry in archive.entries.items():
            if self.left <= 0:
                self.stop(path, "was not read to its end: there is too much in this file")
                break
            if name.endswith(ENDINGS):
                nested.append(entry)
            elif name.endswith(".properties"):
                pom = properties(self.text(path, archive, entry))
                if pom:
                    poms[pom] = None
                    described.add(name.rpartition("/")[0])
            elif name.endswith(".xml"):
                models[name.rpartition("/")[0]] = entry
            else:
                manifest = dict(headers(self.text(path, archive, entry), glue=""))
        alone = [entry for directory, entry in models.items() if directory not in described]
        read = [self.model(path, archive, entry) for entry in alone]
        poms.update(dict.fromkeys(filter(None, read)))
        found = list(identify(path, list(poms), manifest))
        yield from found
        if None in read and not found:
            yield FileFact(UNREAD, path, detail="Maven")
        self.room -= size
        self.levels.append(JarLevel(path, archive, iter(nested), size))

    def plain(self, path: str, archive: _zip.Archive, entry: _zip.ZipEntry, most: int = LARGEST) -> _zip.ZipView:
        """An entry's bytes, the first of them where there are more; none, and a fault, where they cannot be had."""
        try:
            data = archive.read(entry, min(LARGEST, self.left)) if entry.size <= most else archive.head(entry, most)
        except BrokenFileError as broken:
            self.fault(f"{path}!/" if "!/" not in path else path, broken)
            return b""
        if entry.method != _zip.STORED:
            self.left -= len(data)
        return data

    def model(self, path: str, archive: _zip.Archive, entry: _zip.ZipEntry) -> MavenIdentity | None:
        """The coordinates in a pom.xml, of which the parent may give some; None where they do not stand there."""
        if self.left <= 0 or entry.size > MODEL:
            return None
        data = bytes(self.plain(path, archive, entry, MODEL))
        self.left -= TEXT + LETTER * len(data)
        try:
            project = document(data)
        except BrokenFileError:
            return None
        group, version = (plain(project.value(key) or project.value("parent", key)) for key in ("groupId", "version"))
        artifact = plain(project.value("artifactId"))
        return MavenIdentity(artifact, version, group) if artifact and version else None

    def text(self, path: str, archive: _zip.Archive, entry: _zip.ZipEntry) -> str:
        """An entry's text."""
        data = self.plain(path, archive, entry, HEAD)
        self.left -= TEXT + LETTER * len(data)
        return bytes(data).decode(errors="replace")


def located(path: str, message: object) -> str:
    """A message with the nested archive that it is about."""
    where = path.partition("!/")[2]
    return f"{where}: {message}" if where else str(message)


def identify(path: str, poms: list[MavenIdentity], manifest: dict[str, str]) -> Iterator[Package]:
    """The archive itself, and what was shaded into it."""
    name = path.rpartition("/")[2]
    stem, _, ending = name.rpartition(".")
    if f".{ending.lower()}" not in _NAMED:
        stem = name  # log4j-core-2.14.1 has no ending
    named = from_name(stem)
    own = next((pom for pom in poms if is_own(pom, stem, named)), None)
    if own is None:
        own = declared(stem, named, manifest)
        # One without a group may be one with pom.properties, under another name.
        if own and any(pom.artifact == own.artifact or pom.version == own.version for pom in poms):
            own = None
    for pom in [*([own] if own and own not in poms else []), *poms]:
        about = manifest if pom == own else {}
        yield Package(
            "maven",
            pom.artifact,
            pom.version,
            path,
            namespace=pom.group,
            licenses=licenses(about.get("bundle-license", "")),
            supplier=word(about.get("implementation-vendor")) or word(about.get("bundle-vendor")),
        )


def is_relevant(name: bytes) -> bool:
    """Whether to read an entry: archives, Maven's properties and the manifest."""
    return (
        name == b"META-INF/MANIFEST.MF"
        or (name.startswith(b"META-INF/maven/") and name.endswith((b"/pom.properties", b"/pom.xml")))
        or name.endswith(RAW_ENDINGS)
    )


def properties(text: str) -> MavenIdentity | None:
    """The coordinates in a pom.properties."""
    properties: dict[str, str] = {}
    for line in text.splitlines():
        if line[:1] not in {"#", "!", ""}:
            key, _, value = line.partition("=")
            properties[key.strip()] = value
    artifact, version, group = (plain(properties.get(key, "")) for key in ("artifactId", "version", "groupId"))
    return MavenIdentity(artifact, version, group) if artifact and version else None


def plain(value: str) -> str:
    """A value, unless a build left a variable in it."""
    return "" if "${" in value or "@" in value else word(value)


def is_own(pom: MavenIdentity, stem: str, named: MavenIdentity | None) -> bool:
    """Whether these are the coordinates of the archive itself."""
    return stem in {pom.artifact, f"{pom.artifact}-{pom.version}"} or bool(named and named.artifact == pom.artifact)


def from_name(stem: str) -> MavenIdentity | None:
    """Split name-1.2.3-classifier into name and version: the version begins with the first digit behind a dash.

    Some have a letter before it: guava-r09, p-v1.0. A v without a dot is of an interface, and part of a name.
    """
    at = stem.find("-")
    while at > 0:
        if stem[at + 1 : at + 2].isdigit():
            return MavenIdentity(stem[:at], stem[at + 1 :])
        at = stem.find("-", at + 1)
    name, _, last = stem.rpartition("-")
    return MavenIdentity(name, last) if name and _LETTERED.fullmatch(last) else None


def declared(stem: str, named: MavenIdentity | None, manifest: dict[str, str]) -> MavenIdentity | None:
    """The coordinates from the manifest, or from the file's name where that is more reliable."""
    symbolic = plain(manifest.get("bundle-symbolicname", "").partition(";")[0])
    parent, _, last = symbolic.rpartition(".")
    title = plain(manifest.get("implementation-title", ""))
    title = "" if " " in title else title.rpartition(":")[2].rpartition("#")[0] or title.rpartition(":")[2]
    plugin = plain(manifest.get("short-name", ""))
    artifact = plugin or (named.artifact if named else "") or title or last
    version = (
        plain(manifest.get("plugin-version", "")).partition(" ")[0]
        or numbered(manifest.get("implementation-version", ""))
        or (named.version if named else "")
        or numbered(manifest.get("bundle-version", ""))
        or numbered(manifest.get("specification-version", "") if title == stem else "")
    )
    group = (
        plain(manifest.get("group-id", ""))
        or plain(manifest.get("implementation-vendor-id", ""))
        # org.apache.commons.lang3 is commons-lang3's: the last part is the artifact's name, or a piece of it.
        or (symbolic if last and last != artifact and not artifact.endswith(last) else parent)
    )
    return MavenIdentity(artifact, version, "" if " " in group else group) if artifact and version else None


def numbered(value: str) -> str:
    """The text if it looks like a version, else ""."""
    value = plain(value)
    return value if " " not in value and value[:1].isdigit() else ""


def licenses(value: str) -> tuple[str, ...]:
    """The licences in Bundle-License: "Apache-2.0;link=https://...", URLs, or several with commas."""
    names = (word(part.partition(";")[0].strip(' "')) for part in value.split(","))
    return tuple(dict.fromkeys(filter(None, names)))
