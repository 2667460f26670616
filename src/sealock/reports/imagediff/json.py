"""Renders the differences between two images as JSON. docs/schema/diff.schema.json describes it."""

from __future__ import annotations

from typing import Any, Final

from msgspec.structs import asdict

from sealock import __version__
from sealock.model.finding import Finding
from sealock.model.imagediff import ComparedImage, FindingChanges, ImageDiff, PackageChange, ValueChange
from sealock.model.inventory import FileFact
from sealock.reports.jsontext import encode

SCHEMA: Final = 1


def render(diff: ImageDiff) -> str:
    """Render as JSON; `schema` counts up when its shape changes."""
    return encode(
        {
            "sealock": __version__,
            "schema": SCHEMA,
            "status": diff.status,
            "fail_on_new": diff.fail_on.word if diff.fail_on is not None else None,
            "old": _image(diff.old),
            "new": _image(diff.new),
            "properties": [_value(change) for change in diff.properties],
            "vulnerabilities": _changes(diff.vulnerabilities),
            "findings": _changes(diff.findings),
            "packages": [_package(change) for change in diff.packages],
            "files": {
                "new": [_file(fact) for fact in diff.files.new],
                "gone": [_file(fact) for fact in diff.files.gone],
            },
            "configuration": [_value(change) for change in diff.settings],
            "drift": [{"target": target, "change": change.kind, "path": change.path} for target, change in diff.drift],
            "uncompared": list(diff.uncompared),
            "errors": [{"message": error.message, "location": asdict(error.location)} for error in diff.errors],
            "skipped": [
                {"target": target, "rule": skipped.rule, "subject": skipped.subject, "reason": skipped.reason}
                for target, skipped in diff.skipped
            ],
            "notes": list(diff.notes),
        }
    )


def _image(image: ComparedImage) -> dict[str, Any]:
    return asdict(image) | {"names": list(image.names)}


def _value(change: ValueChange) -> dict[str, Any]:
    return {"change": change.kind, **asdict(change)}


def _package(change: PackageChange) -> dict[str, Any]:
    return {"change": change.kind, **asdict(change), "old": list(change.old), "new": list(change.new)}


def _changes(changes: FindingChanges) -> dict[str, Any]:
    return {
        "new": [_finding(finding) for finding in changes.new],
        "gone": [_finding(finding) for finding in changes.gone],
        "remaining": [_finding(finding) for finding in changes.remaining],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "rule": finding.rule,
        "severity": finding.severity.word,
        "title": finding.title,
        "message": finding.message,
    }
    if (vulnerability := finding.vulnerability) is not None:
        package = vulnerability.package
        entry |= {"fixed": vulnerability.fixed, "package": {
            "type": package.type, "name": package.name, "version": package.version, "purl": package.purl,
            "path": package.path,
        }}  # fmt: skip
    return entry


def _file(fact: FileFact) -> dict[str, Any]:
    return {
        "kind": fact.kind, "path": fact.path, "mode": f"{fact.mode & 0o7777:04o}", "uid": fact.uid, "gid": fact.gid,
        "detail": fact.detail, "owner": fact.owner, "removed": fact.removed,
    }  # fmt: skip
