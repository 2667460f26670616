"""How the statements of VEX documents excuse findings of known vulnerabilities.

A statement is about a finding if it names the vulnerability (by any of its names) and one of its products is the
package, or holds it. Of several the latest counts, whatever it says; "not affected" and "fixed" set the finding aside,
"affected" and "under investigation" are told with it. What a product means is never widened: a package URL without
version or qualifiers is every version of that package, and one with them is that alone. A statement on a component of
a product is about that component there: in the image, or in the file that told of the product as well.
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

_SOURCES: Final = frozenset({"source", "src"})
"""Values of the qualifier `arch` by which a package URL means a source package."""
_IMAGES: Final = ("pkg:oci/", "pkg:docker/")
_NAMED: Final = 5
"""Statements that a note names one by one."""


class VexUsage:
    """Which statements of a run were about something, by their identity."""

    def __init__(self) -> None:
        self.about: set[int] = set()
        """Those that are about a finding."""
        self.near: set[int] = set()
        """Those whose vulnerability was found, in something else."""

    def notes(self, statements: Iterable[VexStatement]) -> Iterator[str]:
        """Say of each document which statements were about nothing."""
        documents: dict[str, list[VexStatement]] = {}
        for statement in statements:
            documents.setdefault(statement.document, []).append(statement)
        for document, every in documents.items():
            rest = [one for one in every if id(one) not in self.about]
            if not rest:
                continue
            if len(every) == 1:
                said = f"its statement on {_named(rest)} is about nothing that was found"
            elif len(rest) == len(every):
                said = f"none of its {len(every)} statements is about anything that was found"
            else:
                verb = "is" if len(rest) == 1 else "are"
                said = (
                    f"{len(rest)} of its {len(every)} statements {verb} about nothing that was found ({_named(rest)})"
                )
            if close := [one for one in rest if id(one) in self.near]:
                product = next((product.ids[0] for product in close[0].products), "")
                said += f"; {_named(close)} {'was' if len(close) == 1 else 'were'} found, in something else"
                said += f" than {product[:300]}" if product else ""
            yield f"VEX {document}: {said}"


def _named(statements: Iterable[VexStatement]) -> str:
    names = list(dict.fromkeys(statement.names[0] for statement in statements))
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"


class VexStatements:
    """The statements of some documents; `heard` notes which of them are about something."""

    def __init__(self, statements: Sequence[VexStatement], usage: VexUsage) -> None:
        self.statements, self.usage = statements, usage
        self._by_name: dict[str, list[int]] = {}
        for number, statement in enumerate(statements):
            for name in {name.upper() for name in statement.names}:
                self._by_name.setdefault(name, []).append(number)

    def matcher(self, inventory: Inventory, target: str) -> VexMatcher:
        """Hear the statements on what is in one inventory, of a target as it was typed."""
        return VexMatcher(self, inventory, target)

    def about(self, names: Iterable[str]) -> list[int]:
        """The statements that name a vulnerability."""
        return sorted({number for name in names for number in self._by_name.get(name.upper(), ())})


class VexMatcher:
    """The statements, heard on what is in one inventory."""

    def __init__(self, statements: VexStatements, inventory: Inventory, target: str) -> None:
        self._statements, self._inventory, self._target = statements, inventory, target
        names = dict.fromkeys((*inventory.names, target.removeprefix("image:")))
        self._images = [parsed for name in names if (parsed := parse(name)) is not None]
        digests = (inventory.id, inventory.manifest, *(image.digest for image in self._images))
        self._digests = frozenset(filter(None, digests))
        self._patterns: dict[int, _Patterns] = {}
        self._urls: dict[str, Url | None] = {}

    def apply(self, finding: Finding) -> Finding:
        """The finding with what the latest statement about it says; as it was where there is none."""
        one = finding.vulnerability
        if one is None or not (numbers := self._statements.about((one.id, *one.aliases, *one.advisories))):
            return finding
        about = [number for number in numbers if self._is_about(number, one.package)]
        if not about:
            self._statements.usage.near.update(id(self._statements.statements[number]) for number in numbers)
            return finding
        self._statements.usage.about.update(id(self._statements.statements[number]) for number in about)
        latest = max(about, key=lambda number: (_when(self._statements.statements[number]), number))
        return _applied(finding, self._statements.statements[latest])

    def _is_about(self, number: int, package: Installed) -> bool:
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
            fits(pattern, form) and (holders is None or any(self._holds(holder, url, package) for holder in holders))
            for form in (url, *_source(url, package))
            for pattern, holders in patterns.of(form)
            if form is url or pattern.qualifiers.get("arch") in _SOURCES
        )

    def _holds(self, holder: Url, own: Url, package: Installed) -> bool:
        """Whether the product that a statement names is the package itself, or lies beside it wherever it is.

        One finding stands for a package in many files: all of them must be the product's.
        """
        if fits(holder, own):
            return True
        files = {one.path for one in self._alike.get((package.type, package.version), ()) if self._purl(one) == own}
        return bool(files) and all(self._lies_in(holder, file) for file in files)

    def _lies_in(self, holder: Url, file: str) -> bool:
        near = (self._purl(one) for one in self._at.get(file, ()) if one.name == holder.name)
        return any(fits(holder, url) for url in near if url is not None)

    @cached_property
    def _alike(self) -> dict[tuple[str, str], list[Package]]:
        """Packages by type and version."""
        found: dict[tuple[str, str], list[Package]] = {}
        for package in self._inventory.packages:
            found.setdefault((package.type, package.version), []).append(package)
        return found

    @cached_property
    def _at(self) -> dict[str, list[Package]]:
        """The packages that each file told of, but a distribution's, which all lie in one."""
        found: dict[str, list[Package]] = {}
        for package in self._inventory.packages:
            if package.path and package.type not in OF_DISTRIBUTIONS:
                found.setdefault(package.path, []).append(package)
        return found

    def _purl(self, package: Package) -> Url | None:
        return self._url(purl(package, self._inventory.distribution))

    def _url(self, text: str) -> Url | None:
        if text not in self._urls:
            self._urls[text] = parse_purl(text) if text else None
        return self._urls[text]

    def is_subject(self, product: str) -> bool:
        """Whether a product's id means the image, or whatever else the packages are in."""
        if product == self._target or product in self._digests:
            return True
        if product.startswith(_IMAGES):
            url = parse_purl(product)
            return url is not None and self._is_image(url)
        # A bare word may be the name of anything.
        if not any(sign in product for sign in "/:@") or (named := parse(product)) is None:
            return False
        return any(_same(named, image) for image in self._images) and (
            named.digest is None or named.digest in self._digests
        )

    def _is_image(self, url: Url) -> bool:
        """Whether a package URL of type oci or docker means the image: its version is a digest, or docker's a tag."""
        tag, digest = url.qualifiers.get("tag", ""), url.version
        if url.type == "docker" and ":" not in digest:
            tag, digest = digest, ""
        if digest:
            return digest in self._digests  # whatever it is called there
        named = parse(url.qualifiers.get("repository_url", "")) if "repository_url" in url.qualifiers else None
        if "repository_url" in url.qualifiers and named is None:
            return False
        for image in self._images:
            if named is not None and url.type == "oci" and (named.registry, named.repository) != _place(image):
                continue
            wanted = f"{url.namespace}/{url.name}" if url.namespace else url.name
            if image.repository != wanted and not image.repository.endswith(f"/{wanted}"):
                continue
            if not tag or tag == (image.tag or "latest"):
                return True
        return False


class _Patterns:
    """What a statement's products mean on one subject, by the type and name of packages.

    Each is a package URL, and what must hold the package beside: None for nothing more.
    """

    def __init__(self, products: Iterable[VexProduct], matcher: VexMatcher) -> None:
        self.whole = False
        self._by_name: dict[tuple[str, str], list[tuple[Url, tuple[Url, ...] | None]]] = {}
        for product in products:
            if any(map(matcher.is_subject, product.ids)):
                self.whole = self.whole or not product.parts
                self._add(product.parts, None)
            elif product.parts:
                self._add(product.parts, tuple(url for id_ in product.ids if (url := parse_purl(id_)) is not None))
            else:
                self._add(product.ids, None)

    def _add(self, ids: Iterable[str], holders: tuple[Url, ...] | None) -> None:
        if holders == ():
            return
        for id_ in ids:
            if id_.startswith("pkg:") and (url := parse_purl(id_)) is not None:
                self._by_name.setdefault((url.type, url.name), []).append((url, holders))

    def of(self, url: Url) -> Sequence[tuple[Url, tuple[Url, ...] | None]]:
        """Those that may fit a package."""
        return self._by_name.get((url.type, url.name), ())


def fits(pattern: Url, own: Url) -> bool:
    """Whether a package URL means a package: what it leaves out may be anything, what it has must be so."""
    if (pattern.type, pattern.namespace, pattern.name) != (own.type, own.namespace, own.name):
        return False
    if pattern.version and pattern.version != own.version:
        return False
    return all(_agrees(key, value, own.qualifiers.get(key, "")) for key, value in pattern.qualifiers.items())


def _agrees(key: str, wanted: str, has: str) -> bool:
    """Whether a qualifier is as wanted; of distributions one may be named more closely ("debian-12.5", "debian-12")."""
    if wanted == has:
        return True
    return key == "distro" and bool(has) and (wanted.startswith(f"{has}.") or has.startswith(f"{wanted}."))


def _source(url: Url, package: Installed) -> Iterator[Url]:
    """The package URL of a distribution's source package, as statements write it: with `arch=source` or `arch=src`."""
    if package.source:
        qualifiers = {key: value for key, value in url.qualifiers.items() if key != "upstream"}
        for word in sorted(_SOURCES):
            version = package.source_version or package.version
            version = version.rpartition(":")[2] if package.type == "rpm" else version
            yield Url(url.type, url.namespace, package.source, version, qualifiers | {"arch": word})


def _same(named: ImageName, image_name: ImageName) -> bool:
    if _place(named) != _place(image_name):
        return False
    return named.tag is None or named.tag == (image_name.tag or "latest")


def _place(image_name: ImageName) -> tuple[str, str]:
    return image_name.registry, image_name.repository


def _when(statement: VexStatement) -> datetime:
    return moment(statement.when) or datetime.min.replace(tzinfo=UTC)


def _applied(finding: Finding, statement: VexStatement) -> Finding:
    """The finding as one statement has it."""
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
    told = f"{by} says: {words}{f', {statement.impact}' if statement.impact else ''}"
    advice = statement.action if statement.status == "affected" else ""
    known = finding.vulnerability
    if known is not None:  # reports that list flaws in short show its note
        note = "; ".join(filter(None, (known.note, told, advice)))
        finding = replace(finding, vulnerability=replace(known, note=note))
    remedy = finding.remedy
    if advice:
        remedy = Remedy(f"{remedy.text}; {by} says: {advice}", remedy.changes)
    return replace(finding, message=f"{finding.message}; {told}", remedy=remedy)
