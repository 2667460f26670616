"""The manual: the list of rules, and the page of one, as text, JSON and Markdown.

docs/schema/rules.schema.json describes the JSON; `schema` counts up when its shape changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal, TypeAlias

from sealock.model.report import RecordedHarm, RulePage
from sealock.reports import rulesmarkdown
from sealock.reports.ansi import INKS
from sealock.reports.jsontext import encode
from sealock.reports.page import Page
from sealock.reports.rulewords import checked, facts
from sealock.reports.shown import command, output
from sealock.text import count, line, sentence, visible, wrap

RuleListFormat: TypeAlias = Literal["terminal", "json", "markdown"]

SCHEMA: Final = 1

_MARKS = {"safe": "fix", "unsafe": "fix*", "none": ""}


def render(  # noqa: PLR0913  each is an option of the command line
    pages: Iterable[RulePage],
    form: RuleListFormat = "terminal",
    *,
    explain: bool = False,
    only_shown: bool = False,
    width: int = 80,
    colour: bool = False,
    unicode: bool = True,
) -> str:
    """Render the pages: one line each, or in full with `explain`, of which `only_shown` leaves the demonstrations."""
    pages = tuple(pages)
    if form == "json":
        return encode({"schema": SCHEMA, "rules": [_fields(page) for page in pages]})
    if form == "markdown":
        return "\n".join(rulesmarkdown.page(page) for page in pages) if explain else rulesmarkdown.index(pages)
    page = Page(width, colour=colour, unicode=unicode)
    rows: Iterable[str] = _list(pages, page)
    if only_shown:
        rows = (row for rule in pages if rule.shown for row in (*_shown(rule.id, rule.shown, page), ""))
    elif explain:
        rows = (row for rule in pages for row in _rule(rule, page))
    return "\n".join(row.rstrip() for row in rows) + "\n"


def _fields(page: RulePage) -> dict[str, Any]:
    return {
        "id": page.id,
        "title": page.title,
        "severity": page.severity.word,
        "varies": page.varies,
        "confidence": page.confidence.word,
        "kinds": list(page.kinds),
        "fix": page.fix,
        "pedantic": page.pedantic,
        "why": page.why,
        "remedy": page.remedy,
        "references": [{"label": reference.label, "url": reference.url or None} for reference in page.references],
        "bad": list(page.bad),
        "good": list(page.good),
        "aliases": list(page.aliases),
        "keywords": list(page.keywords),
        "replaces": list(page.replaces),
        "differs": dict(page.differs),
        "shown": _record(page.shown) if page.shown is not None else None,
    }


def _record(record: RecordedHarm) -> dict[str, Any]:
    """A demonstration as it went; a command is its words and what it printed."""
    done, refused = (
        [{"words": list(words), "output": printed} for words, printed in commands]
        for commands in (record.done, record.refused)
    )
    return {
        "harm": record.harm,
        "faulty": record.faulty,
        "done": done,
        "fixed": record.fixed,
        "refused": refused,
        "because": record.because,
    }


def _list(rules: tuple[RulePage, ...], page: Page) -> Iterator[str]:
    """A line for each rule, under the noun that it checks."""
    kinds: tuple[str, ...] = ()
    for rule in rules:
        if rule.kinds != kinds:
            if kinds:
                yield ""
            kinds = rule.kinds
            yield from page.hanging(f"Rules for {checked(rule)}", 0, "heading")
        severity = page.paint(INKS[rule.severity], f"{page.signs.of[rule.severity]} {rule.severity.word:<8}")
        mark = page.paint("green", f"{_MARKS[rule.fix]:<4}")
        title = rule.title + (" (pedantic)" if rule.pedantic else "")
        yield from page.hanging(title, 26, badge=f"  {rule.id}  {severity}  {mark}  ")
    yield ""
    yield from wrap("fix: --fix fixes it. fix*: --fix --unsafe does; review the change.", page.room)
    yield from wrap(f"{count(len(rules), 'rule')}. `sealock rules ID` explains a rule.", page.room)


def _rule(rule: RulePage, page: Page) -> Iterator[str]:
    yield from page.hanging(f"{rule.id}  {rule.title}", 0, "bold")
    yield ""
    for name, fact in facts(rule):
        yield from page.hanging(fact, 15, INKS[rule.severity] if name == "Severity" else None, label=name)
    for part in rule.why.split("\n\n"):
        yield ""
        yield from page.hanging(" ".join(part.split()), 0)
    yield ""
    yield page.paint("heading", "What to do")
    yield from page.hanging(sentence(line(rule.remedy)), 0)
    for title, texts in (("Bad", rule.bad), ("Good", rule.good)):
        if texts:
            yield ""
            yield page.paint("heading", title)
            yield from _examples(texts)
    if rule.shown is not None:
        yield ""
        yield from _shown(rule.id, rule.shown, page)
    if rule.references:
        yield ""
        yield page.paint("heading", "See")
        for reference in rule.references:
            yield from page.hanging(f"{line(reference.label)} {line(reference.url)}".rstrip(), 0)
    yield ""


def _shown(id_: str, record: RecordedHarm, page: Page) -> Iterator[str]:
    """The demonstration as it was recorded."""
    yield page.paint("heading", "Shown")
    yield from page.hanging(f"{record.harm} `sealock show {id_}` does it on your own engine.", 0)
    signs = page.signs
    worst = next(iter(signs.of.values()))
    parts = ((record.faulty, record.done, worst, "Done."), (record.fixed, record.refused, signs.good, record.because))
    for text, steps, sign, result in parts:
        yield ""
        yield f"  {page.paint('bold', visible(text))}"
        for words, printed in steps:
            yield from command(page, words, faint=False)
            yield from output(page, printed)
        yield from page.hanging(result, 4, badge=f"  {sign} ")


def _examples(texts: tuple[str, ...]) -> Iterator[str]:
    for number, text in enumerate(texts):
        if number:
            yield ""
        yield from (f"    {visible(row)}" for row in text.strip("\n").split("\n"))
