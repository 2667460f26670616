"""CycloneDX with an analysis for each vulnerability (https://cyclonedx.org/docs/1.6/json/#vulnerabilities)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sealock.formats.jsonobject import JsonObject
from sealock.formats.vex.fault import StatementFault, short
from sealock.model.vex import VexProduct, VexStatement, VexStatus

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

_ESCAPE: Final = re.compile(rb"%([0-9A-Fa-f]{2})")


def statements(json_members: JsonObject, name: str) -> Iterator[VexStatement | StatementFault]:
    """Yield a statement for each vulnerability that was analysed; those without an analysis say nothing."""
    serial, when = json_members.text("serialNumber"), json_members.child("metadata").text("timestamp")
    purls = dict(_purls(json_members))
    rows = json_members.members.get("vulnerabilities")
    if not isinstance(rows, list):
        yield StatementFault("its vulnerabilities are no list", "/vulnerabilities")
        return
    for number, row in enumerate(rows):
        one = JsonObject(row)
        analysis = one.child("analysis")
        state = analysis.text("state")
        if not state:
            continue
        if fault := _fault(one, state):
            yield StatementFault(f"vulnerability {number + 1} {fault}", f"/vulnerabilities/{number}")
            continue
        reason = analysis.text("justification")
        responses = analysis.texts("response")
        detail = short(analysis.text("detail"))
        yield VexStatement(
            (one.text("id"), *(ref.text("id") for ref in one.objects("references") if ref.text("id"))),
            _STATES[state],
            tuple(_products(one, purls)),
            _JUSTIFICATIONS.get(reason, reason[:100]),
            detail or ("a false positive" if state == "false_positive" else ""),
            short(one.text("recommendation")) or (", ".join(responses)[:300] if isinstance(responses, tuple) else ""),
            analysis.text("lastUpdated") or analysis.text("firstIssued") or one.text("updated") or when,
            document=f"{name} ({serial[:300]})" if serial else name,
        )


def _fault(json_members: JsonObject, state: str) -> str:
    """What is wrong with a vulnerability that was analysed, "" where it can be heeded."""
    if not json_members.text("id"):
        return "has no id"
    if state not in _STATES:
        return f"has the state {state[:60]!r}, which CycloneDX does not know"
    rows = json_members.members.get("affects")
    if "affects" in json_members.members and not (
        isinstance(rows, list) and rows and all(JsonObject(row).text("ref") for row in rows)
    ):
        return "does not tell what it affects"
    return ""


def _purls(json_members: JsonObject) -> Iterator[tuple[str, str]]:
    """The package URL behind each reference of the document, components within components too."""
    waiting = [json_members.child("metadata").child("component"), *json_members.objects("components")]
    while waiting:
        one = waiting.pop()
        waiting += one.objects("components")
        if one.text("bom-ref") and one.text("purl"):
            yield one.text("bom-ref"), one.text("purl")


def _products(json_members: JsonObject, purls: dict[str, str]) -> Iterator[VexProduct]:
    """What is affected, by reference; one into another document (urn:cdx:…#REF) ends with what it has there."""
    for row in json_members.objects("affects"):
        ref = row.text("ref")
        inner = _plain(ref.partition("#")[2]) if ref.startswith("urn:cdx:") else ""
        yield VexProduct(tuple(dict.fromkeys(filter(None, (purls.get(ref, ""), purls.get(inner, ""), inner, ref)))))


def _plain(text: str) -> str:
    """A text with its %XX decoded."""
    data = _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), text.encode("utf-8", "replace"))
    return data.decode("utf-8", "replace")
