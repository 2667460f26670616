"""An image out of the state as the nouns that all commands share: its inventory, its findings, its difference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection, Row

from sealock.model.advisory import Vulnerability
from sealock.model.finding import Confidence, Finding, Remedy, Severity, Suppression
from sealock.model.identity import identify
from sealock.model.imagediff import ImageDiff
from sealock.model.inventory import Distribution, Inventory, Layer, Package
from sealock.model.location import Location
from sealock.scan.comparison import ReadImage, compare
from sealock.service.access.tokens import Scope
from sealock.service.state.configurations import decode_configuration, hidden_values
from sealock.service.views.statements import (
    acknowledgements_of_image,
    hits_of_image,
    image_settings,
    layers_of_image,
    packages_of_image,
    rules_of_image,
)
from sealock.text import list_first
from sealock.vulnerabilities.findings import FindingTarget, findings
from sealock.vulnerabilities.matches import MatchResult, SuppressedVulnerability

_UNSEEN: Final = ("files",)
"""The state has no list of an image's files."""


class _StoredRemedy(Struct, frozen=True):
    text: str = ""


class _StoredFinding(Struct, frozen=True):
    """What the state keeps of a finding of a rule, as far as it is shown; changes of files are of no use here."""

    rule: str
    severity: Severity
    confidence: Confidence
    title: str
    message: str
    evidence: str
    thing: str = ""
    remedy: _StoredRemedy = _StoredRemedy()

    def finding(self, place: Location) -> Finding:
        """The finding."""
        remedy, about = Remedy(self.remedy.text), ("", self.evidence)
        named = (self.rule, self.severity, self.confidence, self.title, self.message)
        return Finding(*named, place, *about, remedy, (), "", thing=self.thing)


class _Acknowledged(Struct, frozen=True):
    """Why a finding does not count, until a day."""

    reason: str
    until: str
    justification: str


def read_inventory(connection: Connection, number: int, *, with_packages: bool = True) -> Inventory:
    """What is in an image; not all who ask need its packages, of which there are many."""
    asked = {"number": number}
    row = connection.execute(image_settings(), asked).one()
    packages = tuple(
        replace(
            msgspec.json.decode(entry.data, type=Package) if entry.data else _bare(entry),
            path=entry.path,
            layer=-1 if entry.position is None else entry.position,
        )
        for entry in (connection.execute(packages_of_image(), asked) if with_packages else ())
    )
    return Inventory(
        names=(),
        id=row.configuration,
        platform=row.platform,
        layers=tuple(
            Layer(layer.position, layer.diff_id, layer.digest, layer.created_by, layer.size)
            for layer in connection.execute(layers_of_image(), asked)
        ),
        container=decode_configuration(row.settings or ""),
        distribution=msgspec.json.decode(row.distribution, type=Distribution) if row.distribution else None,
        packages=packages,
        manifest=row.digest,
        unseen=_UNSEEN,
        created=row.created,
    )


def read_findings(  # noqa: PLR0913  as many as decide on it
    connection: Connection,
    scope: Scope,
    number: int,
    inventory: Inventory,
    now: float,
    *,
    uses: Mapping[tuple[str, str], str] = {},
) -> tuple[Finding, ...]:
    """What is wrong with an image; what does not count is suppressed. `uses` grades packages by rule and thing."""
    layers = inventory.layers
    place = Location(inventory.manifest, 0, 0)
    counted: list[Vulnerability] = []
    suppressed: list[SuppressedVulnerability] = []
    for row in connection.execute(hits_of_image(), {"number": number}):
        known = msgspec.json.decode(row.data, type=Vulnerability)
        inside = layers[row.position] if row.position is not None and row.position < len(layers) else None
        use = uses.get((row.flaw, row.thing), "")
        flaw = replace(
            known,
            package=replace(
                known.package,
                path=row.path,
                layer=inside.digest if inside else "",
                instruction=inside.created_by if inside else "",
            ),
            use=use if use in {"loaded", "reachable", "present", "unknown"} else "",
        )
        why = row.suppressed or (row.owned and "the distribution's advisories decide on its file")
        if why:
            suppressed.append(SuppressedVulnerability(flaw, "distribution", why))
        else:
            counted.append(flaw)
    base = layers[0].digest if layers else ""
    target = FindingTarget(inventory.manifest, inventory.manifest, place, base)
    made = findings(MatchResult(tuple(counted), tuple(suppressed)), target)
    stored = connection.execute(rules_of_image(), {"number": number}).scalars()
    made += [msgspec.json.decode(text, type=_StoredFinding).finding(place) for text in stored]
    return tuple(_acknowledged(made, _reasons(connection, scope, number, now)))


def compare_images(
    connection: Connection, scope: Scope, old: tuple[int, str], new: tuple[int, str], *, now: float
) -> ImageDiff:
    """The difference of two images, each its number and what it is called."""
    read = []
    for number, name in (old, new):
        inventory = read_inventory(connection, number)
        read.append(ReadImage(name, inventory, read_findings(connection, scope, number, inventory, now)))
    diff = compare(*read)
    before, after = (hidden_values(image.inventory.container) for image in read)
    if same := sorted(name for name in before.keys() & after.keys() if before[name] == after[name]):
        why = f"could not compare the values of {list_first(same, 5)}, which look like secrets and are not kept"
        diff = replace(diff, uncompared=(*diff.uncompared, why))
    return diff


def _bare(row: Row[Any]) -> Package:
    return Package(row.type, row.name, row.version, "")


def _reasons(connection: Connection, scope: Scope, number: int, now: float) -> dict[tuple[str, str], _Acknowledged]:
    """Why findings of an image do not count, by rule and thing ("" for all things)."""
    today = datetime.fromtimestamp(now, UTC).date().isoformat()
    query = acknowledgements_of_image(scope)
    return {
        (row.rule, row.thing): _Acknowledged(row.reason, row.until, row.justification)
        for row in connection.execute(query, {"number": number, "today": today})
    }


def _acknowledged(made: Iterable[Finding], reasons: Mapping[tuple[str, str], _Acknowledged]) -> Iterator[Finding]:
    for finding in made:
        identity = identify(finding)
        why = reasons.get((finding.rule, identity.thing)) or reasons.get((finding.rule, ""))
        if why is not None and finding.suppressed is None:
            by = Suppression("acknowledgement", why.reason, why.until, why.justification)
            yield replace(finding, suppressed=by)
        else:
            yield finding
