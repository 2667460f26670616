"""CycloneDX with an analysis for each vulnerability (https://cyclonedx.org/docs/1.6/json/#vulnerabilities)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.formats.jsonobject import JsonObject
from sealock.formats.vex.fault import StatementFault, shorten
from sealock.formats.vex.versions import unescape, version_of, with_version
from sealock.model.vex import VexProduct, VexStatement, VexStatus

_STATES: Final[dict[str, VexStatus]] = {
    "resolved": "fixed",
    "resolved_with_pedigree": "fixed",
    "exploitable": "affected",
    "in_triage": "under_investigation",
    "false_positive": "not_affected",
    "not_affected": "not_affected",
}
_SILENCING: Final = frozenset({"not_affected", "fixed"})
_JUSTIFICATIONS: Final = {
    "code_not_present": "vulnerable_code_not_present",
    "code_not_reachable": "vulnerable_code_not_in_execute_path",
    "requires_configuration": "vulnerable_code_cannot_be_controlled_by_adversary",
    "requires_dependency": "component_not_present",
    "requires_environment": "vulnerable_code_cannot_be_controlled_by_adversary",
    "protected_by_compiler": "inline_mitigations_already_exist",
    "protected_at_runtime": "inline_mitigations_already_exist",
    "protected_at_perimeter": "inline_mitigations_already_exist",
    "protected_by_mitigating_control": "inline_mitigations_already_exist",
}

_MEMBERS: Final = frozenset({
    "bom-ref", "id", "source", "references", "ratings", "cwes", "description", "detail", "recommendation", "workaround",
    "proofOfConcept", "advisories", "created", "published", "updated", "rejected", "credits", "tools", "analysis",
    "affects", "properties",
})  # fmt: skip
"""What a vulnerability has."""
_OF_AFFECTS: Final = frozenset({"ref", "versions"})


def statements(document: JsonObject, name: str) -> Iterator[VexStatement | StatementFault]:
    """Yield a statement for each vulnerability that has an analysis."""
    serial, when = document.text("serialNumber"), document.child("metadata").text("timestamp")
    purls = _purls(document)
    entries = document.members.get("vulnerabilities")
    if not isinstance(entries, list):
        yield StatementFault("its vulnerabilities are not a list", "/vulnerabilities")
        return
    whole = document.child("metadata").child("component")
    ids = tuple(
        dict.fromkeys(filter(None, (purls.get(whole.text("bom-ref")), whole.text("purl"), whole.text("bom-ref"))))
    )
    subject = (VexProduct(ids),) if ids else ()
    for number, entry in enumerate(map(JsonObject, entries)):
        analysis = entry.child("analysis")
        state = analysis.text("state")
        if not state:
            continue
        if fault := _fault(entry, state):
            yield StatementFault(f"vulnerability {number + 1} {fault}", f"/vulnerabilities/{number}")
            continue
        products = tuple(_products(entry, purls, _serial(serial), aside=_STATES[state] in _SILENCING))
        if "affects" not in entry.members:
            products = subject
        if "affects" in entry.members and not products:
            message = f"vulnerability {number + 1} has a list of versions that cannot be read"
            yield StatementFault(message, f"/vulnerabilities/{number}")
            continue
        reason, detail = analysis.text("justification"), shorten(analysis.text("detail"))
        aliases = (reference.text("id") for reference in entry.objects("references"))
        yield VexStatement(
            (entry.text("id"), *filter(None, aliases)),
            _STATES[state],
            products,
            _JUSTIFICATIONS.get(reason, reason[:100]),
            detail or ("a false positive" if state == "false_positive" else ""),
            shorten(entry.text("recommendation")) or ", ".join(analysis.texts("response"))[:300],
            analysis.text("lastUpdated") or analysis.text("firstIssued") or entry.text("updated") or when,
            document=f"{name} ({serial[:300]})" if serial else name,
        )


def _fault(vulnerability: JsonObject, state: str) -> str:
    """What is wrong with a vulnerability that has an analysis, "" for nothing."""
    if not vulnerability.text("id"):
        return "has no id"
    if state not in _STATES:
        return f"has the unknown state {state[:60]!r}"
    affects = vulnerability.elements("affects")
    if "affects" in vulnerability.members and not (affects and all(JsonObject(entry).text("ref") for entry in affects)):
        return "does not name what it affects"
    if unknown := next((name for entry in affects for name in entry if name not in _OF_AFFECTS), ""):
        return f"has the unknown member {unknown[:60]!r} in what it affects"
    unknown = next((name for name in vulnerability.members if name not in _MEMBERS), "")
    if unknown and "affects" not in vulnerability.members:
        return f"does not name what it affects, and has the unknown member {unknown[:60]!r}"
    return ""


def _purls(document: JsonObject) -> dict[str, str]:
    """The package URL of each component by its reference, components within components too.

    A URL without a version gets the component's. A reference that several components have means none of them.
    """
    purls: dict[str, str] = {}
    pending = [document.child("metadata").child("component"), *document.objects("components")]
    while pending:
        component = pending.pop()
        pending += component.objects("components")
        if ref := component.text("bom-ref"):
            version = component.members.get("version", "")
            # One whose version cannot be read would be every version.
            purl = with_version(component.text("purl"), version) if isinstance(version, str) else ""
            purls[ref] = purl if purls.get(ref, purl) == purl else ""
    return purls


def _products(vulnerability: JsonObject, purls: dict[str, str], serial: str, *, aside: bool) -> Iterator[VexProduct]:
    """What is affected, by reference; one into another document (urn:cdx:…#REF) ends with the reference there.

    A list of versions narrows it to these, and to those of them that fit the state where some do: `aside` says
    that these are the unaffected ones. The vulnerabilities that a scanner lists all have the status "affected".
    """
    for entry in vulnerability.objects("affects"):
        ref = entry.text("ref")
        place, _, inner = ref.partition("#") if ref.startswith("urn:cdx:") else ("", "", "")
        inner = unescape(inner)
        own = purls.get(inner, "") if serial and _serial(place) == serial else ""
        found = purls.get(ref, "") or own
        names = (name for name in (inner, ref) if not (found and name.startswith("pkg:")))
        ids = tuple(dict.fromkeys(filter(None, (found, *names))))
        if "versions" not in entry.members:
            yield VexProduct(ids)
            continue
        listed = list(entry.objects("versions"))
        fitting = [version for version in listed if (version.text("status") == "unaffected") is aside]
        for version in fitting or listed:
            yield VexProduct(tuple(_narrowed(ids, version)))


def _narrowed(ids: tuple[str, ...], listed: JsonObject) -> Iterator[str]:
    """The ids of one version of a product. Those of a range match nothing, and are shown."""
    version = listed.text("version")
    for name in ids:
        exact = with_version(name, version)
        if version and name.startswith("pkg:") and unescape(version_of(exact)) == version:
            yield exact
    yield f"{ids[-1]} {version or listed.text('range') or 'of an unknown version'}"


def _serial(text: str) -> str:
    """The serial number in "urn:uuid:SERIAL" or "urn:cdx:SERIAL/VERSION"."""
    return text.removeprefix("urn:uuid:").removeprefix("urn:cdx:").partition("/")[0].lower()
