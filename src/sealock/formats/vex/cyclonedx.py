"""CycloneDX with an analysis for each vulnerability (https://cyclonedx.org/docs/1.6/json/#vulnerabilities)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.formats.members import Members
from sealock.model.vex import Product, Statement, Status

_STATES: Final[dict[str, Status]] = {
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


def statements(held: Members, name: str) -> Iterator[Statement | str]:
    """Yield a statement for each vulnerability that was analysed; those without an analysis say nothing."""
    serial, when = held.plain("serialNumber"), held.within("metadata").plain("timestamp")
    purls = dict(_purls(held))
    rows = held.held.get("vulnerabilities")
    if not isinstance(rows, list):
        yield "its vulnerabilities are no list"
        return
    for number, row in enumerate(rows, 1):
        one = Members(row)
        analysis = one.within("analysis")
        state = analysis.plain("state")
        if not state:
            continue
        status = _STATES.get(state)
        if status is None or not one.plain("id"):
            yield (
                f"vulnerability {number} has no id"
                if status
                else (f"vulnerability {number} has the state {state!r}, which CycloneDX does not know")
            )
            continue
        reason = analysis.plain("justification")
        responses = analysis.texts("response")
        yield Statement(
            (one.plain("id"), *(ref.plain("id") for ref in one.each("references") if ref.plain("id"))),
            status,
            tuple(_products(one, purls)),
            _JUSTIFICATIONS.get(reason, reason),
            analysis.plain("detail") or ("a false positive" if state == "false_positive" else ""),
            ", ".join(responses) if isinstance(responses, tuple) else "",
            analysis.plain("lastUpdated") or analysis.plain("firstIssued") or one.plain("updated") or when,
            document=f"{name} ({serial})" if serial else name,
        )


def _purls(held: Members) -> Iterator[tuple[str, str]]:
    """The package URL behind each reference of the document."""
    for one in (held.within("metadata").within("component"), *held.each("components")):
        if one.plain("bom-ref") and one.plain("purl"):
            yield one.plain("bom-ref"), one.plain("purl")


def _products(one: Members, purls: dict[str, str]) -> Iterator[Product]:
    """What is affected, by reference; a reference into another document ends with the one that it has there."""
    for row in one.each("affects"):
        ref = row.plain("ref")
        if ref:
            yield Product(tuple(dict.fromkeys(filter(None, (purls.get(ref, ""), ref.rpartition("#")[2], ref)))))
