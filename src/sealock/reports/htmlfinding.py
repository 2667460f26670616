"""Findings and errors as HTML. All text goes through `escaped`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sealock.model.finding import Confidence, Finding, InputError, Reference
from sealock.model.inventory import instruction
from sealock.model.location import Location
from sealock.model.report import Report, RulePage, TargetReport
from sealock.reports import grouped
from sealock.reports.priorities import fix_of
from sealock.reports.sourcelines import listing
from sealock.text import line, sentence, visible

_ENTITIES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})
_CHIPS: Final = {"safe": "--fix does it", "unsafe": "--fix --unsafe does it", "none": ""}
_MANY: Final = 100


class Numbers:
    """Gives findings, targets and rules their anchors."""

    def __init__(self, report: Report) -> None:
        every = [finding for target in report.targets for finding in target.findings]
        self.brief = len(every) > _MANY
        """Whether there are so many that each shows only the lines at fault."""
        self._findings = {id(finding): f"f{number}" for number, finding in enumerate(every, 1)}
        self._targets = {id(target): f"t{number}" for number, target in enumerate(report.targets, 1)}
        self._rules = {rule: f"r{number}" for number, rule in enumerate(report.pages, 1)}

    def finding(self, finding: Finding) -> str:
        """The finding's anchor."""
        return self._findings[id(finding)]

    def target(self, target: TargetReport) -> str:
        """The target's anchor."""
        return self._targets[id(target)]

    def rule(self, rule: str) -> str:
        """The anchor of the rule's page, "" where the report has none."""
        return self._rules.get(rule, "")

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
    """File, line and column, or the path of a file in an image."""
    return escaped(grouped.place(location))


def cards(findings: Iterable[Finding]) -> list[tuple[Finding, ...]]:
    """Group the findings, most severe first: one card a vulnerability, one for findings with the same rule and fix."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for finding in findings:
        key = finding.title, finding.example, finding.severity, finding.confidence, finding.remedy.text, fix_of(finding)
        groups.setdefault((finding.rule, *(() if finding.vulnerability else key)), []).append(finding)
    worst = (tuple(sorted(group, key=lambda finding: -finding.severity)) for group in groups.values())
    return sorted(worst, key=lambda group: -group[0].severity)


def render_card(target: TargetReport, group: tuple[Finding, ...], numbers: Numbers) -> Iterator[str]:
    """A group of findings as an article. The first is the most severe."""
    first = group[0]
    flaw = first.vulnerability
    doubt = f' <span class="faint">{first.confidence.word} confidence</span>'
    doubt = doubt if first.confidence < Confidence.HIGH else ""
    if first.example:
        doubt += ' <span class="faint">example</span>'
    title = flaw.summary or "Known vulnerability" if flaw else first.title
    yield f'<article class="card finding {first.severity.word}">'
    yield (
        f'<div class="head"><span class="badge">{first.severity.word}</span>'
        f'<span class="rule">{escaped(first.rule)}</span><h3>{prose(title)}</h3>{doubt}</div>'
    )
    if flaw:
        yield from _vulnerability(group, numbers)
    else:
        for finding in group:
            yield from _entry(target, finding, numbers)
    for finding in {finding.remedy.text: finding for finding in group}.values():
        if finding.remedy.text or finding.remedy.changes:
            words = _CHIPS[fix_of(finding)]
            chip = f'<span class="chip">{words}</span>' if words else ""
            yield f'<p class="remedy"><b>Fix</b> {prose(sentence(finding.remedy.text))}{chip}</p>'
    if anchor := numbers.rule(first.rule):
        yield f'<p class="more"><a href="#{anchor}">About {escaped(first.rule)}</a></p>'
    elif first.references:
        yield f"<details><summary>References</summary>{_links(first.references)}</details>"
    yield "</article>"


def _entry(target: TargetReport, finding: Finding, numbers: Numbers) -> Iterator[str]:
    """One finding of a card: its place, the line at fault, and why."""
    yield (
        f'<div id="{numbers.finding(finding)}"><p class="where"><span class="mono">{place(finding.location)}</span>'
        f" · {escaped(finding.subject)}</p>"
    )
    yield from _code(target, finding.location, brief=numbers.brief)
    yield f'<p class="why">{prose(sentence(finding.message))}</p></div>'


def _vulnerability(group: tuple[Finding, ...], numbers: Numbers) -> Iterator[str]:
    """The vulnerability's urgency and other names, and a row for each package."""
    flaw = group[0].vulnerability
    if flaw is None:
        return
    facts = [
        f"known to be exploited since {flaw.exploited.added}" if flaw.exploited else "",
        f"EPSS {flaw.epss.score:.1%}, more than {flaw.epss.percentile:.0%} of all CVEs" if flaw.epss else "",
        f"also called {', '.join(flaw.aliases)}" if flaw.aliases else "",
        flaw.note,
    ]
    if words := "; ".join(filter(None, facts)):
        yield f'<p class="why">{prose(sentence(words))}</p>'
    yield '<div class="code" tabindex="0"><table class="packages">'
    yield "<tr><th>Package</th><th>Fixed in</th><th>Found in</th><th>Installed by</th></tr>"
    for finding in group:
        if (flaw := finding.vulnerability) is None:
            continue
        package = flaw.package
        cells = (
            f"{package.name} {package.version}" + (f" ({flaw.use})" if flaw.use else ""),
            flaw.fixed or f"no version ({flaw.state})",
            package.path,
            instruction(package.instruction) or package.layer[:19],
        )
        row = "".join(f"<td>{escaped(cell, 200)}</td>" for cell in cells)
        yield f'<tr id="{numbers.finding(finding)}">{row}</tr>'
    yield "</table></div>"


def _code(target: TargetReport, location: Location, *, brief: bool = False) -> Iterator[str]:
    rows = list(listing(target.sources, location, brief=brief))
    if not rows:
        return
    yield '<div class="code" tabindex="0"><table>'
    for row in rows:
        mark = f"<mark>{coded(row.fault)}</mark>" if row.fault or row.point else ""
        at = ' class="at"' if row.at_fault else ""
        yield f"<tr{at}><td>{row.number}</td><td>{coded(row.before)}{mark}{coded(row.after)}</td></tr>"
    yield "</table></div>"


def render_page(page: RulePage, numbers: Numbers) -> Iterator[str]:
    """What the manual says of a rule."""
    yield f'<article class="card" id="{numbers.rule(page.id)}"><h3>{escaped(page.id)} {prose(page.title)}</h3>'
    yield from (f"<p>{prose(' '.join(part.split()), 4000)}</p>" for part in page.why.split("\n\n"))
    if page.references:
        yield _links(page.references)
    yield "</article>"


def _links(references: Iterable[Reference]) -> str:
    return f"<ul>{''.join(f'<li>{_link(reference)}</li>' for reference in references)}</ul>"


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
