"""Joins the findings that one fault has in several targets of a run.

A compose service has the faults of the Dockerfile that it builds, and those of the file from which Compose includes or
extends it. Each is reported where it is best fixed, in that file, with the gravest severity that it has anywhere. A
service that sets the field itself is not at fault, so it is not named; the file is, as without the service.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Final, TypeAlias

from msgspec.structs import replace

from sealock.model.finding import Finding, InputError, Repetition
from sealock.model.report import TargetReport
from sealock.text import line, list_first

FaultKey: TypeAlias = tuple[str | int, ...]
"""The path of a file and a rule; for another file than a Dockerfile also the line and column."""
_CAUSES: Final = {"C054": "B130"}
"""The rules on a service whose fault another rule reports in the Dockerfile; for all others it is the rule itself."""
_NAMED: Final = 6
"""Services that a message names."""


def join_repetitions(reports: Sequence[TargetReport]) -> list[TargetReport]:
    """Count a fault once, in the file that has it, and not again for each service that takes it over."""
    real = cache(os.path.realpath)  # the findings of a large project are in few files
    reports = _with_each_error_once(reports, real)
    keys = [dict(_keys_elsewhere(report, real)) for report in reports]
    if not any(keys):
        return list(reports)
    wanted = {key for elsewhere in keys for key in elsewhere.values()}
    causes = {
        key: finding
        for report in reports
        for finding in reversed(report.findings)
        for key in _keys_here(report, finding, real)
        if key in wanted
    }
    firsts = _firsts(reports, keys, causes)
    repeated: dict[str, list[tuple[TargetReport, Finding]]] = {}
    """The findings that are joined, by the fingerprint of their cause."""
    joined: list[TargetReport] = []
    for report, elsewhere in zip(reports, keys, strict=True):
        kept: list[Finding] = []
        for finding in report.findings:
            key = elsewhere.get(id(finding), ())
            first, cause = firsts.get(key, (None, causes.get(key)))
            if cause is None or first is report or not _is_repetition(cause, finding):
                kept.append(finding)
            else:
                repeated.setdefault(cause.fingerprint, []).append((report, finding))
        joined.append(replace(report, findings=tuple(kept)))
    return [_with_repetitions(report, repeated) for report in joined]


def _firsts(
    reports: Sequence[TargetReport], keys: Sequence[dict[int, FaultKey]], causes: Mapping[FaultKey, Finding]
) -> dict[FaultKey, tuple[TargetReport, Finding]]:
    """The first report of each fault of a file that several compose files take in and that is no target itself."""
    firsts: dict[FaultKey, tuple[TargetReport, Finding]] = {}
    for report, elsewhere in zip(reports, keys, strict=True):
        for finding in report.findings:
            key = elsewhere.get(id(finding), ())
            if key and key not in causes and not finding.decided_in:
                firsts.setdefault(key, (report, finding))
    return firsts


def _with_each_error_once(reports: Sequence[TargetReport], real: Callable[[str], str]) -> list[TargetReport]:
    """The reports with an error of a file that several take in only once: in its own report, else in the first."""
    owners: dict[tuple[str, int, int, str], TargetReport] = {}
    for elsewhere in (False, True):
        for report in reports:
            for error in report.errors:
                if _is_elsewhere(report, error) is elsewhere:
                    owners.setdefault(_error_key(error, real), report)
    return [
        replace(
            report,
            errors=tuple(
                error
                for error in report.errors
                if not _is_elsewhere(report, error) or owners[_error_key(error, real)] is report
            ),
        )
        for report in reports
    ]


def _is_elsewhere(report: TargetReport, error: InputError) -> bool:
    """Whether an error is that of a line of another file."""
    return report.kind == "compose" and bool(error.location.line) and error.location.file != report.target


def _error_key(error: InputError, real: Callable[[str], str]) -> tuple[str, int, int, str]:
    where = error.location
    return real(where.file), where.line, where.column, error.message


def cause_of(finding: Finding, real: Callable[[str], str] = os.path.realpath) -> FaultKey:
    """The Dockerfile that decides about a service's fault, and the rule that reports it there."""
    return real(finding.decided_in), _CAUSES.get(finding.rule, finding.rule)


def _is_repetition(cause: Finding, finding: Finding) -> bool:
    """Whether both count or both are suppressed: what suppresses only the service says nothing of the file."""
    if cause.suppressed is None:
        return finding.suppressed is None
    return finding.suppressed is not None or accepts(cause, finding)


def accepts(cause: Finding, finding: Finding) -> bool:
    """Whether what suppresses the finding of a file suppresses that of a service, which makes it no graver."""
    return finding.severity <= cause.severity


def _keys_elsewhere(report: TargetReport, real: Callable[[str], str]) -> Iterator[tuple[int, FaultKey]]:
    """The findings of a compose file whose fault is another file's, by their identity."""
    if report.kind != "compose":
        return
    for finding in report.findings:
        if finding.decided_in:
            yield id(finding), cause_of(finding, real)
        elif finding.location.file != report.target and finding.location.line:
            yield id(finding), _at(finding, real)


def _keys_here(report: TargetReport, finding: Finding, real: Callable[[str], str]) -> Iterator[FaultKey]:
    """What a fault in a target's own file may be known by elsewhere."""
    if report.kind == "dockerfile":
        yield real(report.target), finding.rule
    elif report.kind == "compose" and finding.location.file == report.target:
        yield _at(finding, real)


def _at(finding: Finding, real: Callable[[str], str]) -> FaultKey:
    where = finding.location
    return real(where.file), finding.rule, where.line, where.column


def _with_repetitions(report: TargetReport, repeated: dict[str, list[tuple[TargetReport, Finding]]]) -> TargetReport:
    verb = "build" if report.kind == "dockerfile" else "inherit"
    findings = (
        _joined(finding, repeated[finding.fingerprint], verb) if finding.fingerprint in repeated else finding
        for finding in report.findings
    )
    return replace(report, findings=tuple(findings))


def _joined(cause: Finding, others: Sequence[tuple[TargetReport, Finding]], verb: str) -> Finding:
    files: dict[str, list[str]] = {}
    for report, other in others:
        files.setdefault(line(report.target, 200), []).append(line(other.subject, 120))
    names = [f"{list_first(services, _NAMED)} in {file}" for file, services in files.items()]
    findings = [other for _, other in others]
    return replace(
        cause,
        severity=max(cause.severity, *(other.severity for other in findings)),
        message=f"{cause.message}; {list_first(names, _NAMED)} {verb}{'s' if len(others) == 1 else ''} it",
        repetitions=tuple(Repetition(other.location, other.subject, other.fingerprint) for other in findings),
        example=cause.example and all(other.example for other in findings),
    )
