"""One HTML file without network access; its content security policy allows its own style and script by their digests.

The script is the search, which the page does not show without it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256

from sealock.model.report import Report, TargetReport
from sealock.reports.htmlfinding import (
    Numbers,
    cards,
    escaped,
    prose,
    render_card,
    render_error,
    render_page,
    render_suppressed,
)
from sealock.reports.htmlstyle import SCRIPT, SIGN, STYLE
from sealock.reports.mask import masked
from sealock.reports.priorities import (
    counted_targets,
    critical_unfixed,
    fix_summary,
    named,
    skip_reasons,
    steps,
    unevaluated,
    unexamined,
)
from sealock.text import count, is_or_are, sentence

_STEPS = 5
_LOOKS = {0: ("pass", "✓"), 1: ("fail", "✕"), 2: ("broken", "!")}


def render(report: Report) -> str:
    """Render as one page."""
    numbers = Numbers(report)
    parts = [*_head(report), "<main>", '<div class="wide">', *_tiles(report)]
    parts += [*_notes(report), *_input_errors(report), *_first(report, numbers), *_contents(report, numbers)]
    for target in report.targets:
        parts += _target(target, numbers)
    parts += [*_skipped(report), *_unevaluated(report), *_pages(report, numbers), "</div>", "</main>", *_foot(report)]
    return "\n".join(parts) + "\n"


def _head(report: Report) -> Iterator[str]:
    policy = (
        f"default-src 'none'; style-src {_digest(STYLE)}; script-src {_digest(SCRIPT)}; base-uri 'none'; "
        "form-action 'none'"
    )
    result, words = _result(report)
    yield "<!DOCTYPE html>"
    yield '<html lang="en">'
    yield "<head>"
    yield '<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="referrer" content="no-referrer">'
    yield f"<title>sealock: {escaped(result)}</title>"
    yield f"<style>{STYLE}</style>"
    yield "</head>"
    yield "<body>"
    yield '<header><div class="wide">'
    yield f'<div class="brand">{SIGN}<span>sealock</span><small>{escaped(report.version)}</small></div>'
    look, sign = _LOOKS[report.status]
    yield f'<h1 class="{look}" data-sign="{sign}">{escaped(result)}</h1>'
    yield f"<p>{escaped(words)}</p>"
    yield "</div></header>"


def _digest(text: str) -> str:
    """The source expression of Content Security Policy that allows just this text."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _result(report: Report) -> tuple[str, str]:
    """The result in a few words, and the counts behind it."""
    total = sum(report.by_severity.values())
    words = [f"{counted_targets(report)}."]
    if report.suppressed:
        words.append(f"{report.suppressed} suppressed.")
    if report.skipped:
        words.append(f"{count(report.skipped, 'check')} skipped.")
    if report.unevaluated:
        words.append(f"{len(report.unevaluated)} not evaluated.")
    if not report.targets:
        return "Nothing was checked", "No target was given."
    if report.status == 2 and not report.errors:
        return "Not everything was evaluated", " ".join(words)
    if report.status == 2:
        return f"{count(report.errors, 'error')}: {report.defect}", " ".join(words)
    grave = sum(number for severity, number in report.by_severity.items() if severity >= report.fail_on)
    if grave:
        return f"{count(grave, 'finding')} {is_or_are(grave)} {report.fail_on.word} or worse", " ".join(words)
    if not report.evaluated:
        return "Nothing was evaluated", " ".join(words)
    return ("Nothing found" if not total else f"Nothing found that is {report.fail_on.word} or worse"), " ".join(words)


def _tiles(report: Report) -> Iterator[str]:
    yield '<div class="tiles" role="group" aria-label="Show findings by severity">'
    for severity, number in report.by_severity.items():
        word = severity.word
        none = "" if number else " none"
        yield (
            f'<label class="tile {word}{none}"><input type="checkbox" id="show-{word}" checked>'
            f"<b>{number}</b><span>{word}</span></label>"
        )
    yield "</div>"
    if any(report.by_severity.values()):
        yield '<p class="hint">Untick a severity to hide its findings.</p>'
        yield '<p class="search" id="search" hidden><label for="words">Search the findings</label>'
        yield '<input type="search" id="words" autocomplete="off"><span role="status" id="matches"></span></p>'


def _notes(report: Report) -> Iterator[str]:
    if report.notes:
        yield "<section>"
        yield from (f'<p class="card"><b>Note</b> {prose(sentence(note))}</p>' for note in report.notes)
        yield "</section>"


def _input_errors(report: Report) -> Iterator[str]:
    if report.errors:
        yield "<section>"
        yield "<h2>Errors <small>some inputs could not be read</small></h2>"
        for target in report.targets:
            concealed = masked(target)
            for input_error in target.errors:
                yield from render_error(concealed, input_error)
        yield "</section>"


def _first(report: Report, numbers: Numbers) -> Iterator[str]:
    if words := critical_unfixed(report.findings()):
        yield f'<section><p class="card problem">{escaped(words)}</p></section>'
    ranked = steps(report.findings())
    if sum(len(step.findings) for step in ranked) < 3:
        return
    yield "<section>"
    yield f"<h2>What to do first <small>{escaped(fix_summary(report.findings()))}</small></h2>"
    yield '<div class="card"><ol class="first">'
    for step in ranked[:_STEPS]:
        rules = ", ".join(escaped(rule) for rule in named(step, "×"))
        links = list({numbers.label(finding): numbers.link(finding) for finding in reversed(step.findings)}.values())
        links.reverse()
        where = " ".join(links[:6]) + (f" and {len(links) - 6} more" if len(links) > 6 else "")
        yield (
            f'<li class="{step.severity.word}">{prose(sentence(step.remedy))}<br>'
            f'<span class="faint">{rules}, {step.severity.word}: {where}</span></li>'
        )
    yield "</ol>"
    if len(ranked) > _STEPS:
        yield f'<p class="faint">and {len(ranked) - _STEPS} more</p>'
    yield "</div></section>"


def _contents(report: Report, numbers: Numbers) -> Iterator[str]:
    """The targets with links, where there are several."""
    if len(report.targets) < 2:
        return
    yield "<section>"
    yield "<h2>Targets</h2>"
    yield '<div class="card"><ul class="files">'
    for target in report.targets:
        name = escaped(target.target)
        total = len(target.counted)
        words = ", ".join(
            part
            for part in (
                count(total, "finding") if total else "",
                count(len(target.errors), "error") if target.errors else "",
                "" if target.evaluated or target.errors else "not evaluated",
            )
            if part
        )
        link = f'<a href="#{numbers.target(target)}">{name}</a>' if target.findings else name
        yield f'<li>{link} <span class="faint">{words or "nothing found"}</span></li>'
    yield "</ul></div></section>"


def _target(target: TargetReport, numbers: Numbers) -> Iterator[str]:
    if not target.findings:
        return
    total = len(target.counted)
    concealed = masked(target)
    yield f'<section id="{numbers.target(target)}">'
    example = ", an example" if target.example else ""
    words = f"{escaped(target.kind)}{example}, {count(total, 'finding') if total else 'nothing that counts'}"
    yield f'<h2><span class="mono">{escaped(target.target)}</span> <small>{words}</small></h2>'
    for group in cards(target.counted):
        yield from render_card(concealed, group, numbers)
    if target.suppressed:
        yield f"<details><summary>{len(target.suppressed)} suppressed</summary>"
        for suppressed in target.suppressed:
            yield from render_suppressed(suppressed)
        yield "</details>"
    yield "</section>"


def _skipped(report: Report) -> Iterator[str]:
    reasons = skip_reasons(report)
    if not reasons:
        return
    yield "<section>"
    yield f"<h2>Skipped <small>{count(report.skipped, 'check')}</small></h2>"
    yield '<div class="card"><table class="silent">'
    for reason, entries in reasons.items():
        subjects: dict[str, list[str]] = {}
        for target, subject, rule in entries:
            subjects.setdefault(f"{escaped(target)}, {escaped(subject)}", []).append(escaped(rule))
        rows = "".join(f"<li>{subject}: {', '.join(dict.fromkeys(rules))}</li>" for subject, rules in subjects.items())
        yield (
            f"<tr><td>{len(entries)} ×</td><td>{escaped(reason)}"
            f"<details><summary>Which rules</summary><ul>{rows}</ul></details></td></tr>"
        )
    yield "</table></div></section>"


def _unevaluated(report: Report) -> Iterator[str]:
    reasons, words = unevaluated(report), unexamined(report)
    if not reasons and not words:
        return
    yield "<section>"
    yield f"<h2>Not evaluated <small>{escaped(words)}</small></h2>"
    yield '<div class="card"><table class="silent">'
    for reason, targets in reasons.items():
        rows = "".join(f"<li>{escaped(name)}</li>" for name in targets)
        yield f"<tr><td>{len(targets)} ×</td><td>{escaped(reason)}<ul>{rows}</ul></td></tr>"
    if report.unexamined.paths:
        rows = "".join(f"<li>{escaped(path)}</li>" for path in report.unexamined.paths)
        first = f"<details><summary>The first {len(report.unexamined.paths)}</summary><ul>{rows}</ul></details>"
        yield f"<tr><td></td><td>not looked into{first}</td></tr>"
    yield "</table></div></section>"


def _pages(report: Report, numbers: Numbers) -> Iterator[str]:
    if report.pages:
        yield "<section><h2>About the rules</h2>"
        for page in report.pages.values():
            yield from render_page(page, numbers)
        yield "</section>"


def _foot(report: Report) -> Iterator[str]:
    yield '<footer><div class="wide">'
    yield f"sealock {escaped(report.version)}. Fails on {report.fail_on.word}. Exit status {report.status}."
    yield "</div></footer>"
    yield f"<script>{SCRIPT}</script>"
    yield "</body>"
    yield "</html>"
