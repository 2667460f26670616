"""The report for programs. docs/schema/report.schema.json describes it; `schema` counts up when its shape changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sealock.model.advisory import Vulnerability
from sealock.model.finding import Finding, InputError, Reference, Repetition, Skipped, Suppression
from sealock.model.location import Location
from sealock.model.report import ImageIdentity, Report, TargetReport
from sealock.reports.jsontext import encode

SCHEMA: Final = 2


def render(report: Report) -> str:
    """Render as JSON."""
    return "".join(pieces(report))


def pieces(report: Report) -> Iterator[str]:
    """Yield the JSON target by target, since that of a large project takes far more memory than its findings."""
    yield encode({"sealock": report.version, "schema": SCHEMA}).removesuffix("\n}\n") + ',\n  "targets": ['
    for index, target in enumerate(report.targets):
        # No string has a line break as it is: those of the text are the layout's.
        text = encode(_target(target)).rstrip("\n").replace("\n", "\n    ")
        yield f"{',' if index else ''}\n    {text}"
    end = "\n  ],\n" if report.targets else "],\n"
    rest = encode({
        "unexamined": {
            "files": report.unexamined.files,
            "directories": report.unexamined.directories,
            "paths": list(report.unexamined.paths),
        },
        "notes": list(report.notes),
        "summary": _summary(report),
    })  # fmt: skip
    yield end + rest.removeprefix("{\n")


def _target(target: TargetReport) -> dict[str, Any]:
    return {
        "target": target.target,
        "kind": target.kind,
        "findings": [_finding(finding) for finding in target.findings],
        "skipped": [_skipped(skipped) for skipped in target.skipped],
        "errors": [_input_error(error) for error in target.errors],
    } | ({"image": _image(target.image)} if target.image else {})


def _image(image: ImageIdentity) -> dict[str, Any]:
    return {
        "names": list(image.names),
        "manifest": image.manifest or None,
        "configuration": image.configuration or None,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": finding.severity.word,
        "confidence": finding.confidence.word,
        "title": finding.title,
        "message": finding.message,
        "location": _location(finding.location),
        "subject": finding.subject,
        "view": finding.view or None,
        "container": finding.container or None,
        "evidence": finding.evidence,
        "remedy": {
            "text": finding.remedy.text,
            "fixable": bool(finding.remedy.changes),
            "safe": bool(finding.remedy.changes) and finding.remedy.safe,
        },
        "references": [_reference(reference) for reference in finding.references],
        "fingerprint": finding.fingerprint,
        "suppressed": _suppression(finding.suppressed) if finding.suppressed else None,
        **_repetitions(finding),
    } | (_vulnerability(finding.vulnerability) if finding.vulnerability else {})


def _repetitions(finding: Finding) -> dict[str, Any]:
    """What few findings have."""
    fields: dict[str, Any] = {"example": True} if finding.example else {}
    if finding.repetitions:
        fields["repetitions"] = [_repetition(repetition) for repetition in finding.repetitions]
    return fields


def _repetition(repetition: Repetition) -> dict[str, Any]:
    return {
        "location": _location(repetition.location),
        "subject": repetition.subject,
        "fingerprint": repetition.fingerprint,
    }


def _vulnerability(vulnerability: Vulnerability) -> dict[str, Any]:
    """The additional fields of a known vulnerability's finding; its id is the rule."""
    package = vulnerability.package
    return {
        "aliases": list(vulnerability.aliases),
        "advisories": list(vulnerability.advisories),
        "package": {
            "type": package.type,
            "name": package.name,
            "version": package.version,
            "purl": package.purl or None,
            "source": package.source or None,
            "source_version": package.source_version or None,
            "path": package.path or None,
            "removed": package.removed,
        },
        "fixed": vulnerability.fixed or None,
        "use": vulnerability.use or None,
        "state": vulnerability.state,
        "exploited": {
            "added": vulnerability.exploited.added,
            "due": vulnerability.exploited.due or None,
            "ransomware": vulnerability.exploited.ransomware,
            "action": vulnerability.exploited.action,
        }
        if vulnerability.exploited
        else None,
        "epss": {"score": vulnerability.epss.score, "percentile": vulnerability.epss.percentile}
        if vulnerability.epss
        else None,
        "ratings": [
            {
                "source": rating.source,
                "severity": rating.severity.word if rating.severity else None,
                "vector": rating.vector or None,
                "score": rating.score,
            }
            for rating in vulnerability.ratings
        ],
        "feed": vulnerability.feed,
        "summary": vulnerability.summary,
        "note": vulnerability.note,
        "layer": {"digest": package.layer, "instruction": package.instruction} if package.layer else None,
    }


def _location(location: Location) -> dict[str, Any]:
    return {name: getattr(location, name) for name in location.__struct_fields__}


def _reference(reference: Reference) -> dict[str, Any]:
    return {"label": reference.label, "url": reference.url or None}


def _suppression(suppression: Suppression) -> dict[str, Any]:
    fields = {"by": suppression.by, "reason": suppression.reason, "until": suppression.until or None}
    more = {"justification": suppression.justification, "ignored": suppression.ignored}
    return fields | {key: value for key, value in more.items() if value}


def _skipped(skipped: Skipped) -> dict[str, Any]:
    return {
        "rule": skipped.rule or None,
        "subject": skipped.subject,
        "view": skipped.view or None,
        "container": skipped.container or None,
        "reason": skipped.reason,
    }


def _input_error(error: InputError) -> dict[str, Any]:
    return {"message": error.message, "location": _location(error.location)}


def _summary(report: Report) -> dict[str, Any]:
    counts = report.by_severity
    return {
        "targets": len(report.targets),
        "evaluated": report.evaluated,
        "findings": sum(counts.values()),
        "by_severity": {severity.word: number for severity, number in counts.items()},
        "suppressed": report.suppressed,
        "skipped": report.skipped,
        "unevaluated": len(report.unevaluated),
        "errors": report.errors,
        "fail_on": report.fail_on.word,
        "fail_on_skipped": report.fail_on_skipped,
        "exit_status": report.status,
    }
