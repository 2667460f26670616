"""Packages that dpkg installed: its status file, the status.d of distroless images, and its lists of files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from sealock.inventory._debianlicences import licences
from sealock.inventory.analyzer import AnalyzedFile, Analyzer, Fact, FilePatterns
from sealock.inventory.stanzas import Faults, is_word, owned, stanzas, text
from sealock.model.inventory import Package
from sealock.patterns import compile_lazily

ON_DISK: Final = frozenset(
    {"installed", "triggers-pending", "triggers-awaited", "half-configured", "unpacked", "half-installed"}
)
"""The states of dpkg(1) in which files of the package are unpacked; "config-files" and "not-installed" are the rest."""

STATUS: Final = "var/lib/dpkg/status"
STATUS_DIRECTORY: Final = "var/lib/dpkg/status.d/"
INFO_DIRECTORY: Final = "var/lib/dpkg/info/"
DOC_DIRECTORY: Final = "usr/share/doc/"
SUMS: Final = ".md5sums"
CONTROL_ENDINGS: Final = (
    ".preinst",
    ".postinst",
    ".prerm",
    ".postrm",
    ".conffiles",
    ".config",
    ".templates",
    ".triggers",
    ".shlibs",
    ".symbols",
    ".list",
    ".control",
)
"""Other control files of a package that may be next to its stanza in status.d."""

FIELDS: Final = frozenset({
    "package", "status", "version", "architecture", "source", "maintainer", "depends", "pre-depends", "provides",
})  # fmt: skip
IDENTITY: Final = frozenset({"package", "status", "version"})
MOST_RELATIONS: Final = 1000
"""Maximum dependencies of a stanza; the longest real ones have some hundred."""
MOST_LETTERS: Final = 100_000
"""Characters of its dependencies that are read."""
MOST_LINES: Final = 10_000
COPYRIGHT_BYTES: Final = 1 << 20
_NAMES: Final = compile_lazily(r"(?:^|[,|])\s*([^\s,|(:]+)")


class Dpkg(Analyzer):
    """Debian's packages. File lists and licences travel as packages without a version until `join`."""

    name = "dpkg"
    placed = True
    version = 4
    patterns = FilePatterns(
        paths=(STATUS,),
        directories=(STATUS_DIRECTORY.rstrip("/"),),
        names=("copyright",),
        endings=(".list",),
        homes=(INFO_DIRECTORY.rstrip("/"),),
        limit=32 << 20,
    )

    def claims(self, path: str, /) -> bool:
        """Whether it is in one of dpkg's own directories."""
        return path == STATUS or path.startswith((INFO_DIRECTORY, STATUS_DIRECTORY, DOC_DIRECTORY))

    def read(self, file: AnalyzedFile, /) -> Iterable[Fact]:
        """Yield the packages of a stanza file, or the contents of a list or a copyright file."""
        path = file.path
        if path.startswith(INFO_DIRECTORY):
            return _file_list(file)
        if path.startswith(DOC_DIRECTORY):
            return _copyright(file)
        if path.startswith(STATUS_DIRECTORY):
            if path.endswith(SUMS):
                return _sums(file)
            return () if path.endswith(CONTROL_ENDINGS) else self._packages(file)
        return self._packages(file) if path == STATUS else ()

    def _packages(self, file: AnalyzedFile) -> Iterator[Package]:
        faults = Faults()
        for stanza in stanzas(text(file.data)):
            fields, repeated = _fields(stanza)
            name, version = fields.get("package", ""), fields.get("version", "")
            if repeated:
                faults.add(f"a stanza has several fields {repeated}: packages may be missing", stanza)
            if not is_word(name):
                faults.add("a stanza names no package", stanza)
            elif (state := fields.get("status", "installed").rpartition(" ")[2]) not in ON_DISK:
                pass
            elif not is_word(version):
                # Where a first installation broke off, nothing was unpacked.
                if version or state != "half-installed":
                    faults.add("a package has no version", name)
            else:
                source, source_version = _source(fields.get("source", ""), name, version)
                yield Package(
                    type="deb",
                    name=name,
                    version=version,
                    path=file.path,
                    architecture=fields.get("architecture", ""),
                    source=source,
                    source_version=source_version,
                    found_by=self.name,
                    supplier=fields.get("maintainer", ""),
                    needs=_names(f"{fields.get('pre-depends', '')},{fields.get('depends', '')}"),
                    provides=_names(fields.get("provides", "")),
                )
        faults.end()

    def join(self, facts: Iterable[Fact], /) -> Iterator[Fact]:
        """Give each package its files and licences, and drop those without a package."""
        files: dict[str, tuple[str, ...]] = {}
        licenses: dict[str, tuple[str, ...]] = {}
        whole: list[Fact] = []
        for fact in facts:
            if not isinstance(fact, Package) or fact.version:
                whole.append(fact)
            elif fact.path.endswith(SUMS):
                files[fact.path] = fact.files
            elif fact.licenses:
                licenses[fact.name] = fact.licenses
            else:
                files[fact.name] = fact.files
        sources = {fact.name: fact.source for fact in whole if isinstance(fact, Package)}
        for fact in whole:
            if isinstance(fact, Package):
                keys = (f"{fact.name}:{fact.architecture}", fact.name, fact.path + SUMS)
                # A list belongs to one package: of several stanzas with its name, one gets its files.
                own = next((files.pop(key) for key in keys if key in files), fact.files)
                # Its documentation may be a link to that of a package from the same source, which it depends on.
                names = (fact.name, *(need for need in fact.needs if sources.get(need) == fact.source))
                own_licenses = next((licenses[name] for name in names if name in licenses), fact.licenses)
                yield msgspec.structs.replace(fact, files=own, licenses=own_licenses)
            else:
                yield fact


def _fields(stanza: str) -> tuple[dict[str, str], str]:
    """Read the fields that count, by name in small letters; continuation lines begin with a blank, unlike all of them.

    The text names a field that decides which package this is and that the stanza has twice, which dpkg refuses.
    """
    fields: dict[str, str] = {}
    repeated = ""
    for line in stanza.split("\n", MOST_LINES)[:MOST_LINES]:
        key, colon, value = line.partition(":")
        if colon and (key := key.lower()) in FIELDS:
            if key in fields and key in IDENTITY:
                repeated = key.capitalize()
            fields[key] = value.strip()
    return fields, repeated


def _names(relations: str) -> tuple[str, ...]:
    """The names in `a (>= 1), b:any | c`, all alternatives included: any may be the installed one."""
    return tuple(_NAMES.findall(relations[:MOST_LETTERS])[:MOST_RELATIONS])


def _source(field: str, name: str, version: str) -> tuple[str, str]:
    """Name the source package and its version: `Source: lvm2 (2.03.16-2)`, else the package's own.

    Only a version that no field states loses the mark of a rebuild for one architecture (+b1).
    """
    source, bracket, rest = field.partition("(")
    source = source.strip()
    if bracket and rest.rstrip(") \t"):
        return source or name, rest.rstrip(") \t").strip()
    stem, mark, count = version.rpartition("+b")
    return source or name, stem if mark and stem and count.isascii() and count.isdigit() else version


def _part(file: AnalyzedFile, name: str, *, files: tuple[str, ...] = (), licenses: tuple[str, ...] = ()) -> Package:
    return Package(type="deb", name=name, version="", path=file.path, files=files, licenses=licenses, found_by="dpkg")


def _file_list(file: AnalyzedFile) -> Iterator[Package]:
    """Read info/NAME.list or info/NAME:ARCHITECTURE.list, one absolute path in each line."""
    name = file.path.removeprefix(INFO_DIRECTORY)
    if name.endswith(".list") and "/" not in name:
        yield _part(file, name.removesuffix(".list"), files=owned(text(file.data).split("\n")))


def _sums(file: AnalyzedFile) -> Iterator[Package]:
    """Read NAME.md5sums: a sum, two spaces, a relative path."""
    paths = [line.partition(" ")[2].lstrip(" *").removeprefix("./") for line in text(file.data).split("\n")]
    yield _part(file, "", files=owned(paths))


def _copyright(file: AnalyzedFile) -> Iterator[Package]:
    """Read the licences of a package's copyright file."""
    name, _, last = file.path.removeprefix(DOC_DIRECTORY).partition("/")
    if last == "copyright" and (names := licences(file.data[:COPYRIGHT_BYTES].decode("utf-8", "replace"))):
        yield _part(file, name, licenses=names)
