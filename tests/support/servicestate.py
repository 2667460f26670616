"""Images and advisories for the tests of the service's state, and what its findings must be: worked out by themselves."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select

from sealock.model.advisory import Advisory, Affects, Rating, Span
from sealock.model.container import Container
from sealock.model.finding import Confidence, Finding, Remedy
from sealock.model.identity import identify
from sealock.model.inventory import Distribution, Inventory, Layer, Package
from sealock.model.location import Location
from sealock.model.severity import Severity
from sealock.service.state.contents import ReadImage, keep_image, unknown_packages
from sealock.service.state.database import Database
from sealock.service.state.flaws import match_packages
from sealock.service.state.packages import contents_of
from sealock.service.state.tables import finding, repository
from sealock.service.state.tags import TagSight, repository_number, see_tag
from sealock.vulnerabilities.claim import AdvisoryLookup
from sealock.vulnerabilities.findings import unversioned
from sealock.vulnerabilities.match import match

DEBIAN = Distribution("debian", "12", "bookworm", "Debian GNU/Linux 12")


def digest(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def deb(name: str, version: str, layer: int = 0, **more: object) -> Package:
    return Package("deb", name, version, "var/lib/dpkg/status", architecture="amd64", layer=layer, **more)  # type: ignore[arg-type]


def pypi(name: str, version: str, layer: int = 0, path: str = "", **more: object) -> Package:
    place = path or f"usr/lib/python3/dist-packages/{name}-{version}.dist-info/METADATA"
    return Package("pypi", name, version, place, layer=layer, **more)  # type: ignore[arg-type]


def image_of(
    name: str, *packages: Package, layers: Sequence[str] = ("base", "app"), distribution: Distribution | None = DEBIAN
) -> Inventory:
    """An image of layers by their names, with packages."""
    return Inventory(
        names=(name,),
        id=digest(f"config {name}"),
        platform="linux/amd64",
        layers=tuple(
            Layer(index, digest(layer), digest(f"stored {layer}"), f"RUN {layer}", 1000)
            for index, layer in enumerate(layers)
        ),
        container=Container(),
        distribution=distribution,
        packages=packages,
        manifest=digest(name),
    )


def flaw(
    name: str,
    ecosystem: str,
    package: str,
    *,
    fixed: str = "",
    introduced: str = "",
    severity: Severity = Severity.HIGH,
    summary: str = "",
) -> Advisory:
    spans = (Span(introduced, fixed),)
    affects = (Affects(ecosystem, package, spans),)
    return Advisory(name, "test", affects, summary=summary, ratings=(Rating("test", severity),))


def rule(name: str, thing: str, severity: Severity = Severity.MEDIUM) -> Finding:
    """What a rule reports on an image."""
    return Finding(
        name,
        severity,
        Confidence.HIGH,
        "title",
        "message",
        Location("image"),
        "image",
        thing,
        Remedy("fix"),
        (),
        "0" * 32,
    )


def scan(
    database: Database,
    where: str,
    tag: str,
    inventory: Inventory,
    lookup: AdvisoryLookup,
    *,
    now: float,
    findings: Sequence[Finding] = (),
    signed: bool | None = None,
) -> int:
    """Scan an image as a worker does."""
    contents = contents_of(inventory)
    with database.read() as connection:
        unknown = unknown_packages(connection, contents)
    matched = match_packages(unknown, lookup)
    with database.write() as connection:
        number = keep_image(connection, ReadImage(inventory, contents, tuple(findings), "test"), matched, now)
        repository_ = repository_number(connection, where, now)
        see_tag(connection, TagSight(repository_, tag, inventory.manifest, number, signed), now)
    return number


def expected(
    images: Iterable[tuple[Inventory, Sequence[Finding]]], lookup: AdvisoryLookup
) -> dict[tuple[str, str], tuple[int, str]]:
    """The findings of a repository with these images: severity and fix by rule and thing, by matching each image whole."""
    result: dict[tuple[str, str], tuple[int, str]] = {}
    for inventory, rules in images:
        for vulnerability in match(inventory, lookup).vulnerabilities:
            key = vulnerability.id, unversioned(vulnerability.package)
            new = int(vulnerability.severity), vulnerability.fixed
            old = result.get(key, new)
            result[key] = max(old[0], new[0]), max(old[1], new[1])
        for reported in rules:
            key = reported.rule, identify(reported).thing
            result[key] = max(result.get(key, (0, ""))[0], int(reported.severity)), ""
    return result


def found(connection: Connection, where: str) -> dict[tuple[str, str], tuple[int, str]]:
    """The open findings of a repository as the state has them."""
    query = (
        select(finding)
        .join(repository, repository.c.id == finding.c.repository_id)
        .where(repository.c.name == where, finding.c.gone.is_(None))
    )
    return {(row.rule, row.thing): (row.severity, row.fixed) for row in connection.execute(query)}
