"""Findings and errors as HTML. All text goes through `escaped`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.model.advisory import Vulnerability
from sealock.model.finding import Confidence, Finding, InputError, Reference
from sealock.model.inventory import instruction
from sealock.model.location import Location
from sealock.model.report import Report, RulePage, TargetReport
from sealock.reports.priorities import fix_of
from sealock.reports.sourcelines import listing
from sealock.text import line, sentence, visible

_ENTITIES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})
_CHIPS: Final = {"safe": "--fix does it", "unsafe": "--fix --unsafe does it", "none": ""}


class Numbers:
    """Gives findings and targets their anchors."""

    def __init__(self, report: Report) -> None:
        every = (finding for target in report.targets for finding in target.findings)
        self._findings = {id(finding): f"f{number}" for number, finding in enumerate(every, 1)}
        self._targets = {id(target): f"t{number}" for number, target in enumerate(report.targets, 1)}

    def finding(self, finding: Finding) -> str:
        """The finding's anchor."""
        return self._findings[id(finding)]

    def target(self, target: TargetReport) -> str:
        """The target's anchor."""
        return self._targets[id(target)]

    def link(self, finding: Finding) -> str:
        """A link to the finding, labelled with its place."""
        return f'<a href="#{self.finding(finding)}">{self.label(finding)}</a>'

    @staticmethod
    def label(finding: Finding) -> str:
        """The place of the fault, or the vulnerable package."""
        flaw = finding.vulnerability
        return escaped(flaw.package.name, 80) if flaw else place(finding.location)


def escaped(text: str, limit: int = 1000) -> str:
    """The text as one line of HTML, in elements as in quoted attributes."""
    return line(text, limit).translate(_ENTITIES)


def prose(text: str, limit: int = 1000) -> str:
    """The text as one line of HTML, with backquoted words as code."""
    parts = escaped(text, limit).split("`")
    if len(parts) % 2 == 0:
        return "`".join(parts)
    return "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))


def coded(text: str) -> str:
    """The text as it stands in a source, tabs included; invisible characters are escaped."""
    return visible(text, keep="\t").translate(_ENTITIES)


def place(location: Location) -> str:
    """File, line and column."""
    name = escaped(location.file, 300)
    return f"{name}:{location.line}:{location.column}" if location.line else name


def render_finding(target: TargetReport, finding: Finding, numbers: Numbers, page: RulePage | None) -> Iterator[str]:
    """A finding as an article."""
    doubt = (
        f' <span class="faint">{finding.confidence.word} confidence</span>'
        if finding.confidence < Confidence.HIGH
        else ""
    )
    yield f'<article class="card finding {finding.severity.word}" id="{numbers.finding(finding)}">'
    yield (
        f'<div class="head"><span class="badge">{finding.severity.word}</span>'
        f'<span class="rule">{escaped(finding.rule)}</span><h3>{prose(finding.title)}</h3>{doubt}</div>'
    )
    yield f'<p class="where"><span class="mono">{place(finding.location)}</span> · {escaped(finding.subject)}</p>'
    yield from _code(target, finding.location)
    yield f'<p class="why">{prose(sentence(finding.message))}</p>'
    if finding.vulnerability:
        yield from _vulnerability(finding.vulnerability)
    if finding.remedy.text or finding.remedy.changes:
        words = _CHIPS[fix_of(finding)]
        chip = f'<span class="chip">{words}</span>' if words else ""
        yield f'<p class="remedy"><b>Fix</b> {prose(sentence(finding.remedy.text))}{chip}</p>'
    yield from _more(finding, page)
    yield "</article>"


def _vulnerability(vulnerability: Vulnerability) -> Iterator[str]:
    """Where the package is from, and the vulnerability's other names."""
    rows = [
        ("Package", vulnerability.package.purl or f"{vulnerability.package.name} {vulnerability.package.version}"),
        ("Fixed in", vulnerability.fixed or f"no version ({vulnerability.state})"),
        ("Found in", vulnerability.package.path),
        ("Installed by", instruction(vulnerability.package.instruction)),
        ("Layer", vulnerability.package.layer),
        ("Also called", ", ".join(vulnerability.aliases)),
    ]
    if vulnerability.exploited:
        rows.append(("Exploited", f"known since {vulnerability.exploited.added}"))
    if vulnerability.epss:
        rows.append(
            ("EPSS", f"{vulnerability.epss.score:.1%}, more than {vulnerability.epss.percentile:.0%} of all CVEs")
        )
    table = "".join(f"<tr><td>{name}</td><td>{escaped(value)}</td></tr>" for name, value in rows if value)
    yield "<details><summary>The package and the vulnerability</summary>"
    yield f'<table class="silent">{table}</table></details>'


def _code(target: TargetReport, location: Location) -> Iterator[str]:
    rows = list(listing(target.sources, location))
    if not rows:
        return
    yield '<div class="code" tabindex="0"><table>'
    for row in rows:
        mark = f"<mark>{coded(row.fault)}</mark>" if row.fault or row.point else ""
        at = ' class="at"' if row.at_fault else ""
        yield f"<tr{at}><td>{row.number}</td><td>{coded(row.before)}{mark}{coded(row.after)}</td></tr>"
    yield "</table></div>"


def _more(finding: Finding, page: RulePage | None) -> Iterator[str]:
    """The rule's page and the references."""
    if not finding.references and page is None:
        return
    yield "<details><summary>More on this</summary>"
    if page is not None:
        yield from (f"<p>{prose(' '.join(part.split()), 4000)}</p>" for part in page.why.split("\n\n"))
    if finding.references:
        yield "<ul>"
        yield from (f"<li>{_link(reference)}</li>" for reference in finding.references)
        yield "</ul>"
    yield "</details>"


def _link(reference: Reference) -> str:
    label = escaped(reference.label or reference.url, 300)
    if not reference.url.startswith(("https://", "http://")):
        return label
    return f'<a href="{escaped(reference.url, 2000)}" rel="noreferrer noopener">{label}</a>'


def render_error(target: TargetReport, error: InputError) -> Iterator[str]:
    """An input that could not be read."""
    yield '<article class="card problem">'
    yield f"<h3>{place(error.location)}</h3>"
    yield from _code(target, error.location)
    yield f'<p class="why">{prose(sentence(error.message))}</p>'
    yield "</article>"


def render_suppressed(finding: Finding) -> Iterator[str]:
    """A suppressed finding, and why it is suppressed."""
    if finding.suppressed is None:
        return
    until = f", until {escaped(finding.suppressed.until, 40)}" if finding.suppressed.until else ""
    yield f'<article class="card finding aside {finding.severity.word}">'
    yield (
        f'<div class="head"><span class="badge">{finding.severity.word}</span>'
        f'<span class="rule">{escaped(finding.rule)}</span><h3>{prose(finding.title)}</h3></div>'
    )
    yield f'<p class="where"><span class="mono">{place(finding.location)}</span> · {escaped(finding.subject)}</p>'
    yield f'<p class="why">{escaped(sentence(finding.suppressed.reason))}</p>'
    yield f'<p class="faint">Suppressed by {escaped(finding.suppressed.by)}{until}.</p>'
    yield "</article>"
