"""SARIF 2.1.0 (OASIS, with errata 01), as code scanning services read it. § numbers are the specification's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, TypeAlias

from sealock.model.advisory import Vulnerability
from sealock.model.finding import Finding, Repetition, Severity, Suppression
from sealock.model.location import Location
from sealock.model.report import Report, TargetReport
from sealock.reports.jsontext import encode
from sealock.reports.priorities import example_mark, unexamined
from sealock.reports.sarifplaces import Places, uri
from sealock.reports.sarifrules import descriptors
from sealock.text import clip, count, line, sentence

SarifLevel: TypeAlias = Literal["error", "warning", "note"]

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def render(report: Report) -> str:
    """Render as one SARIF run. Exit status 2 makes `executionSuccessful` false; skipped checks are notes."""
    rules = descriptors(report)
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    run = {
        "tool": {"driver": {"name": "sealock", "version": report.version, "rules": rules}},
        "columnKind": "utf16CodeUnits",
        "invocations": [_invocation(report)],
        "results": [result for target in report.targets for result in _results(target, index, report.fail_on)],
    }
    return encode({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _results(target: TargetReport, index: Mapping[str, int], fail_on: Severity) -> Iterator[dict[str, Any]]:
    places = Places(target)
    for finding in target.findings:
        yield _result(finding, index[finding.rule], places, _level(finding.severity, fail_on))


def _level(severity: Severity, fail_on: Severity) -> SarifLevel:
    """An error for what fails the run, as code scanning fails a pull request for errors; nothing else is one."""
    if severity >= fail_on:
        return "error"
    return "warning" if severity >= Severity.MEDIUM else "note"


def _result(finding: Finding, index: int, places: Places, level: SarifLevel) -> dict[str, Any]:
    """§3.27. `suppressions` is always there, since a result without it means that nothing was evaluated (§3.27.23)."""
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": level,
        "message": {"text": _message(finding)},
        "locations": [_location(finding, places)],
        "partialFingerprints": {"sealock/v1": finding.fingerprint},
        "suppressions": [_suppression(finding.suppressed, finding.location.file)] if finding.suppressed else [],
        "properties": {
            "severity": finding.severity.word,
            "confidence": finding.confidence.word,
            "evidence": finding.evidence,
            "pointer": finding.location.pointer,
        },
    }
    if finding.example:
        result["properties"]["example"] = True
    if finding.repetitions:
        result["relatedLocations"] = [_related(repetition, places) for repetition in finding.repetitions]
    if finding.vulnerability:
        result["properties"] |= _vulnerability(finding.vulnerability)
    if fix := _fix(finding, places):
        result["fixes"] = [fix]
    return result


def _vulnerability(vulnerability: Vulnerability) -> dict[str, Any]:
    """What code scanning shows beside a result, and what its filters go by."""
    properties = {
        "purl": vulnerability.package.purl,
        "package": vulnerability.package.name,
        "installedVersion": vulnerability.package.version,
        "fixedVersion": vulnerability.fixed,
        "state": vulnerability.state,
        "use": vulnerability.use,
        "aliases": list(vulnerability.aliases),
        "exploited": vulnerability.exploited is not None,
        "epss": vulnerability.epss.score if vulnerability.epss else None,
        "layer": vulnerability.package.layer,
    }
    return {name: value for name, value in properties.items() if value is not None and value != ""}


def _message(finding: Finding) -> str:
    message = f"{line(finding.subject, 200)}: {line(finding.message)}"
    words = " ".join(sentence(line(part)) for part in (message, finding.remedy.text) if part)
    return words + example_mark(finding)


def _location(finding: Finding, places: Places) -> dict[str, Any]:
    location: dict[str, Any] = {"physicalLocation": places.physical(finding.location)}
    if finding.subject:
        location["logicalLocations"] = [{"name": finding.subject, "fullyQualifiedName": finding.subject}]
    return location


def _related(repetition: Repetition, places: Places) -> dict[str, Any]:
    """§3.27.22."""
    place = places.physical(repetition.location)
    return {"physicalLocation": place, "message": {"text": line(repetition.subject, 200) or "-"}}


def _suppression(suppression: Suppression, file: str) -> dict[str, Any]:
    """§3.35. What stands in a line of the same file is in its source; policy and baseline are outside."""
    kind = "inSource" if suppression.by.rpartition(":")[0] == file else "external"
    words = f"{suppression.by}: {suppression.reason}" if suppression.reason else suppression.by
    until = f" (until {suppression.until})" if suppression.until else ""
    return {"kind": kind, "status": "accepted", "justification": words + until}


def _fix(finding: Finding, places: Places) -> dict[str, Any] | None:
    """§3.55, for a safe remedy that is spelled as edits of the file itself."""
    remedy = finding.remedy
    replacements = [places.replacement(finding.location.file, change) for change in remedy.changes]
    if not remedy.safe or not replacements or None in replacements:
        return None
    artifact = {"artifactLocation": {"uri": uri(finding.location.file)}, "replacements": replacements}
    return {"description": {"text": sentence(line(remedy.text)) or "Fix it."}, "artifactChanges": [artifact]}


def _invocation(report: Report) -> dict[str, Any]:
    """§3.20."""
    words = unexamined(report)
    notes = [_notification("note", note, None) for note in (*report.notes, *([words] if words else []))]
    return {
        "executionSuccessful": report.status != 2,
        "exitCode": report.status,
        "toolExecutionNotifications": [note for target in report.targets for note in _notifications(target)] + notes,
    }


def _notifications(target: TargetReport) -> Iterator[dict[str, Any]]:
    places = Places(target)
    for error in target.errors:
        yield _notification("error", error.message, places.physical(error.location))
    reasons: dict[str, list[str]] = {}
    for skipped in target.skipped:
        reasons.setdefault(skipped.reason, []).append(skipped.rule)
    for reason, rules in reasons.items():
        if rules[0]:
            words = f"{count(len(rules), 'check')} skipped: {line(reason)} ({', '.join(dict.fromkeys(rules))})"
        else:
            words = f"not evaluated: {line(reason)}"
        yield _notification("note", words, places.physical(Location(target.target)))


def _notification(level: SarifLevel, text: str, place: dict[str, Any] | None) -> dict[str, Any]:
    """§3.58."""
    notification: dict[str, Any] = {"level": level, "message": {"text": clip(line(text, 2000), 2000) or "-"}}
    if place is not None:
        notification["locations"] = [{"physicalLocation": place}]
    return notification
