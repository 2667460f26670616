"""Applies the statements of VEX documents to findings of known vulnerabilities.

A statement matches a finding if it names the vulnerability (by any of its names) and one of its products is the package
or contains it. The latest matching statement wins: "not affected" and "fixed" suppress the finding, "affected" and
"under investigation" are added to its message. A product is never widened: a package URL without version or qualifiers
is every version of that package, and one with them only that. A statement on a component of a product matches that
component there: in the image, or in the file that lists the product too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Final

from msgspec.structs import replace

from sealock.model.advisory import Installed
from sealock.model.finding import Finding, Remedy, Suppression
from sealock.model.imagename import ImageName, parse
from sealock.model.inventory import OF_DISTRIBUTIONS, Inventory, Package
from sealock.model.purl import Url, parse_purl, purl
from sealock.model.vex import VexProduct, VexStatement, moment
from sealock.policy.vexmismatch import mismatch
from sealock.text import is_or_are, list_first

_SOURCES: Final = frozenset({"source", "src"})
"""Values of the qualifier `arch` that mark a source package."""
_IMAGES: Final = ("pkg:oci/", "pkg:docker/")
_ABSENT: Final = "component_not_present"
_NAMED: Final = 5
"""Most statements that a note lists."""


class VexUsage:
    """Which statements of a run matched, by their identity."""

    def __init__(self) -> None:
        self.matched: set[int] = set()
        """Those that matched a finding."""
        self.near: dict[int, str] = {}
        """Those whose vulnerability was found in another product, and what differs."""
        self.contradicted: dict[int, str] = {}
        """Those that say that a component is not present, and the package that is."""

    def notes(self, statements: Iterable[VexStatement]) -> Iterator[str]:
        """Report the statements of each document that matched no finding, with the reason, and contradicted ones."""
        documents: dict[str, list[VexStatement]] = {}
        for statement in statements:
            documents.setdefault(statement.document, []).append(statement)
        for document, own in documents.items():
            if wrong := [statement for statement in own if id(statement) in self.contradicted]:
                package = self.contradicted[id(wrong[0])]
                claim = "is said to be of a component that is not present"
                yield f"VEX {document}: {_names(wrong)} {claim}, and {package} is"
            rest = [statement for statement in own if id(statement) not in self.matched]
            if not rest:
                continue
            if len(own) == 1:
                text = f"its statement on {_names(rest)} matches no finding"
            elif len(rest) == len(own):
                text = f"none of its {len(own)} statements matches a finding"
            else:
                verb = "matches" if len(rest) == 1 else "match"
                text = f"{len(rest)} of its {len(own)} statements {verb} no finding ({_names(rest)})"
            near = [statement for statement in rest if id(statement) in self.near]
            for statement in near[:_NAMED]:
                text += f"; that on {statement.names[0]} {self.near[id(statement)]}"
            if (more := len(near) - _NAMED) > 0:
                text += f"; {more} more {is_or_are(more)} about other products"
            yield f"VEX {document}: {text}"


def _names(statements: Iterable[VexStatement]) -> str:
    return list_first(list(dict.fromkeys(statement.names[0] for statement in statements)), _NAMED)


class VexStatements:
    """The statements of documents; `usage` records which of them match."""

    def __init__(
        self, statements: Sequence[VexStatement], usage: VexUsage, digests: frozenset[str] = frozenset()
    ) -> None:
        """`digests` are further ones of the image, such as that of the index that it is in."""
        self.statements, self.usage, self.digests = statements, usage, digests
        self._by_name: dict[str, list[int]] = {}
        for number, statement in enumerate(statements):
            for name in {name.upper() for name in statement.names}:
                self._by_name.setdefault(name, []).append(number)

    def matcher(self, inventory: Inventory, target: str) -> VexMatcher:
        """Give the matcher for one inventory; `target` is the target as it was typed."""
        return VexMatcher(self, inventory, target)

    def naming(self, names: Iterable[str]) -> list[int]:
        """The numbers of the statements that name a vulnerability."""
        return sorted({number for name in names for number in self._by_name.get(name.upper(), ())})


class VexMatcher:
    """Matches statements with the packages of one inventory."""

    def __init__(self, statements: VexStatements, inventory: Inventory, target: str) -> None:
        self._statements, self._inventory, self._target = statements, inventory, target
        names = dict.fromkeys((*inventory.names, target.removeprefix("image:")))
        self._images = [parsed for name in names if (parsed := parse(name)) is not None]
        digests = (inventory.id, inventory.manifest, *(image.digest for image in self._images))
        self._digests = frozenset(filter(None, digests)) | statements.digests
        self._patterns: dict[int, _Patterns] = {}
        self._urls: dict[str, Url | None] = {}

    def apply(self, finding: Finding) -> Finding:
        """Apply the latest matching statement; without one, the finding is unchanged."""
        flaw = finding.vulnerability
        if flaw is None or not (numbers := self._statements.naming((flaw.id, *flaw.aliases, *flaw.advisories))):
            return finding
        statements, usage = self._statements.statements, self._statements.usage
        matching = [number for number in numbers if self._matches(number, flaw.package)]
        if not matching:
            url = self._url(flaw.package.purl)
            for statement in (statements[number] for number in numbers):
                if id(statement) not in usage.near:
                    usage.near[id(statement)] = mismatch(statement.products, url, flaw.package, self.is_subject)
            return finding
        usage.matched.update(id(statements[number]) for number in matching)
        latest = statements[max(matching, key=lambda number: (_when(statements[number]), number))]
        if latest.status == "not_affected" and latest.justification == _ABSENT and not flaw.package.removed:
            package = f"{flaw.package.name} {flaw.package.version}".strip()
            usage.contradicted.setdefault(id(latest), package)
        return _apply(finding, latest)

    def _matches(self, number: int, package: Installed) -> bool:
        statement = self._statements.statements[number]
        if not statement.products:
            return True
        patterns = self._patterns.get(number)
        if patterns is None:
            patterns = self._patterns[number] = _Patterns(statement.products, self)
        url = self._url(package.purl)
        if patterns.whole:
            return True
        if url is None:
            return False
        return any(
            fits(pattern, form) and (holders is None or any(self._contains(holder, url, package) for holder in holders))
            for form in (url, *_source(url, package))
            for pattern, holders in patterns.of(form)
            if form is url or pattern.qualifiers.get("arch") in _SOURCES
        )

    def _contains(self, holder: Url, own: Url, package: Installed) -> bool:
        """Whether the product of a statement is the package itself, or is in every file that lists the package.

        One finding can stand for a package in many files.
        """
        if fits(holder, own):
            return True
        same = self._by_version.get((package.type, package.version), ())
        files = {listed.path for listed in same if self._purl(listed) == own}
        return bool(files) and all(self._is_in(holder, file) for file in files)

    def _is_in(self, holder: Url, file: str) -> bool:
        return any(fits(holder, url) for url in self._by_file.get(file, {}).get(holder.name, ()))

    @cached_property
    def _by_version(self) -> dict[tuple[str, str], list[Package]]:
        """Packages by type and version."""
        packages: dict[tuple[str, str], list[Package]] = {}
        for package in self._inventory.packages:
            packages.setdefault((package.type, package.version), []).append(package)
        return packages

    @cached_property
    def _by_file(self) -> dict[str, dict[str, list[Url]]]:
        """The packages that each file lists, by name, without a distribution's, which are all in one file."""
        files: dict[str, dict[str, list[Url]]] = {}
        for package in self._inventory.packages:
            if package.type not in OF_DISTRIBUTIONS and package.path and (url := self._purl(package)) is not None:
                files.setdefault(package.path, {}).setdefault(url.name, []).append(url)
        return files

    def _purl(self, package: Package) -> Url | None:
        return self._url(purl(package, self._inventory.distribution))

    def _url(self, text: str) -> Url | None:
        if text not in self._urls:
            self._urls[text] = parse_purl(text) if text else None
        return self._urls[text]

    def is_subject(self, product: str) -> bool:
        """Whether a product's id is the image or other target."""
        if product == self._target or product in self._digests:
            return True
        if product.startswith(_IMAGES):
            url = parse_purl(product)
            return url is not None and self._is_image(url)
        # A bare word can be the name of anything.
        if not any(sign in product for sign in "/:@") or (name := parse(product)) is None:
            return False
        return any(_same(name, image) for image in self._images) and (
            name.digest is None or name.digest in self._digests
        )

    def _is_image(self, url: Url) -> bool:
        """Whether a package URL of type oci or docker is the image: its version is a digest, or for docker a tag."""
        tag, digest = url.qualifiers.get("tag", ""), url.version
        if url.type == "docker" and ":" not in digest:
            tag, digest = digest, ""
        arch, inventory = url.qualifiers.get("arch", ""), self._inventory
        if digest in {inventory.id, inventory.manifest} - {""}:
            return True  # under any name
        own = inventory.platform.partition("/")[2]
        if arch and arch not in {own, own.partition("/")[0]}:
            return False
        if digest:
            return digest in self._digests  # an index has images for others
        repository = parse(url.qualifiers.get("repository_url", "")) if "repository_url" in url.qualifiers else None
        if "repository_url" in url.qualifiers and repository is None:
            return False
        name = f"{url.namespace}/{url.name}" if url.namespace else url.name
        return any(
            (repository is None or url.type != "oci" or _place(repository) == _place(image))
            and f"/{image.repository}".endswith(f"/{name}")
            and tag in {"", image.tag or "latest"}
            for image in self._images
        )


class _Patterns:
    """The products of a statement on one target, by the type and name of packages.

    Each is a package URL, and the products that must contain the package too: None for no such condition.
    """

    def __init__(self, products: Iterable[VexProduct], matcher: VexMatcher) -> None:
        self.whole = False
        self._by_name: dict[tuple[str, str], list[tuple[Url, tuple[Url, ...] | None]]] = {}
        for product in products:
            if any(map(matcher.is_subject, product.ids)):
                self.whole = self.whole or not product.parts
                self._add(product.parts, None)
            elif product.parts:
                self._add(product.parts, tuple(url for name in product.ids if (url := parse_purl(name)) is not None))
            else:
                self._add(product.ids, None)

    def _add(self, ids: Iterable[str], holders: tuple[Url, ...] | None) -> None:
        if holders == ():
            return
        for name in ids:
            if name.startswith("pkg:") and (url := parse_purl(name)) is not None:
                self._by_name.setdefault((url.type, url.name), []).append((url, holders))

    def of(self, url: Url) -> Sequence[tuple[Url, tuple[Url, ...] | None]]:
        """The patterns that may match a package."""
        return self._by_name.get((url.type, url.name), ())


def fits(pattern: Url, own: Url) -> bool:
    """Whether a pattern matches a package URL: parts that the pattern omits match anything.

    A pattern with a subpath is about a part of the package.
    """
    if (pattern.type, pattern.namespace, pattern.name) != (own.type, own.namespace, own.name):
        return False
    if pattern.subpath or (pattern.version and pattern.version != own.version):
        return False
    return all(_agrees(key, value, own.qualifiers.get(key, "")) for key, value in pattern.qualifiers.items())


def _agrees(key: str, pattern: str, own: str) -> bool:
    """Whether a qualifier matches; a distribution may be more precise on either side ("debian-12.5", "debian-12")."""
    if pattern == own:
        return True
    return key == "distro" and bool(own) and (pattern.startswith(f"{own}.") or own.startswith(f"{pattern}."))


def _source(url: Url, package: Installed) -> Iterator[Url]:
    """The package URLs of a distribution's source package as statements write them: `arch=source` or `arch=src`."""
    if package.source:
        qualifiers = {key: value for key, value in url.qualifiers.items() if key != "upstream"}
        for word in sorted(_SOURCES):
            version = package.source_version or package.version
            version = version.rpartition(":")[2] if package.type == "rpm" else version
            yield Url(url.type, url.namespace, package.source, version, qualifiers | {"arch": word})


def _same(name: ImageName, image: ImageName) -> bool:
    return _place(name) == _place(image) and (name.tag is None or name.tag == (image.tag or "latest"))


def _place(name: ImageName) -> tuple[str, str]:
    return name.registry, name.repository


def _when(statement: VexStatement) -> datetime:
    return moment(statement.when) or datetime.min.replace(tzinfo=UTC)


def _apply(finding: Finding, statement: VexStatement) -> Finding:
    by = f"VEX {statement.document}"
    if finding.suppressed is not None:
        return finding
    if statement.status in {"not_affected", "fixed"}:
        words = "not affected" if statement.status == "not_affected" else "fixed"
        if statement.justification:
            words += f" ({statement.justification})"
        words += f": {statement.impact}" if statement.impact else ""
        return replace(finding, suppressed=Suppression(by, words, justification=statement.justification))
    words = "affected" if statement.status == "affected" else "under investigation"
    text = f"{by} says: {words}{f', {statement.impact}' if statement.impact else ''}"
    advice = statement.action if statement.status == "affected" else ""
    flaw = finding.vulnerability
    if flaw is not None:  # the short reports show its note
        note = "; ".join(filter(None, (flaw.note, text, advice)))
        finding = replace(finding, vulnerability=replace(flaw, note=note))
    remedy = finding.remedy
    if advice:
        remedy = Remedy(f"{remedy.text}; {by} says: {advice}", remedy.changes)
    return replace(finding, message=f"{finding.message}; {text}", remedy=remedy)
