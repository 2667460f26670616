"""CycloneDX with an analysis for each vulnerability (https://cyclonedx.org/docs/1.6/json/#vulnerabilities)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.formats.jsonobject import JsonObject
from sealock.formats.vex.fault import StatementFault, shorten
from sealock.model.vex import VexProduct, VexStatement, VexStatus
from sealock.patterns import compile_lazily

_STATES: Final[dict[str, VexStatus]] = {
    "resolved": "fixed",
    "resolved_with_pedigree": "fixed",
    "exploitable": "affected",
    "in_triage": "under_investigation",
    "false_positive": "not_affected",
    "not_affected": "not_affected",
}
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

_ESCAPE: Final = compile_lazily(rb"%([0-9A-Fa-f]{2})")


def statements(document: JsonObject, name: str) -> Iterator[VexStatement | StatementFault]:
    """Yield a statement for each vulnerability that has an analysis."""
    serial, when = document.text("serialNumber"), document.child("metadata").text("timestamp")
    purls = dict(_purls(document))
    entries = document.members.get("vulnerabilities")
    if not isinstance(entries, list):
        yield StatementFault("its vulnerabilities are not a list", "/vulnerabilities")
        return
    for number, entry in enumerate(map(JsonObject, entries)):
        analysis = entry.child("analysis")
        state = analysis.text("state")
        if not state:
            continue
        if fault := _fault(entry, state):
            yield StatementFault(f"vulnerability {number + 1} {fault}", f"/vulnerabilities/{number}")
            continue
        reason, detail = analysis.text("justification"), shorten(analysis.text("detail"))
        aliases = (reference.text("id") for reference in entry.objects("references"))
        yield VexStatement(
            (entry.text("id"), *filter(None, aliases)),
            _STATES[state],
            tuple(_products(entry, purls)),
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
    return ""


def _purls(document: JsonObject) -> Iterator[tuple[str, str]]:
    """The package URL of each component by its reference, components within components too."""
    pending = [document.child("metadata").child("component"), *document.objects("components")]
    while pending:
        component = pending.pop()
        pending += component.objects("components")
        if (ref := component.text("bom-ref")) and (purl := component.text("purl")):
            yield ref, purl


def _products(vulnerability: JsonObject, purls: dict[str, str]) -> Iterator[VexProduct]:
    """What is affected, by reference; one into another document (urn:cdx:…#REF) ends with the reference there."""
    for entry in vulnerability.objects("affects"):
        ref = entry.text("ref")
        inner = _unquote(ref.partition("#")[2]) if ref.startswith("urn:cdx:") else ""
        yield VexProduct(tuple(dict.fromkeys(filter(None, (purls.get(ref, ""), purls.get(inner, ""), inner, ref)))))


def _unquote(text: str) -> str:
    """Decode %XX."""
    data = _ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), text.encode("utf-8", "replace"))
    return data.decode("utf-8", "replace")
