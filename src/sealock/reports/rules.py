"""The manual: the list of rules, and the page of one, as text, JSON and Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal, TypeAlias

from sealock.model.report import RulePage
from sealock.reports.ansi import INKS, Paint, Signs
from sealock.text import count, line, sentence, visible, wrap

RuleListFormat: TypeAlias = Literal["terminal", "json", "markdown"]

_REPAIRS = {
    "safe": "sealock check --fix mends it, and a sound program behaves as before",
    "unsafe": "sealock check --fix --unsafe mends it; look at what it changes",
    "none": "by hand",
}
_MARKS = {"safe": "fix", "unsafe": "fix*", "none": ""}
_KINDS = {
    "container": "a container, whatever describes it",
    "build": "a Dockerfile",
    "project": "a compose project or a script",
    "image": "what an image holds",
    "daemon": "the engine's configuration",
    "host": "a host",
    "network": "a network of the engine",
    "enforced": "what the kernel enforces on a running container",
    "policy": "ignores, inline and in sealock.toml",
}


def render(  # noqa: PLR0913  each is an option of the command line
    pages: Iterable[RulePage],
    form: RuleListFormat = "terminal",
    *,
    explain: bool = False,
    width: int = 80,
    colour: bool = False,
    unicode: bool = True,
) -> str:
    """Render the pages: one line each, or in full with `explain`. JSON is always in full."""
    pages = tuple(pages)
    if form == "json":
        from sealock.reports.jsontext import encode  # noqa: PLC0415  a terminal's page does without

        return encode({"rules": [_fields(page) for page in pages]})
    if form == "markdown":
        from sealock.reports import rulesmarkdown  # noqa: PLC0415  as above

        return "\n".join(rulesmarkdown.page(page) for page in pages) if explain else rulesmarkdown.index(pages)
    paint = Paint(on=colour)
    rows = (
        [row for page in pages for row in _page(page, width, paint)]
        if explain
        else _list(pages, width, paint, Signs(unicode=unicode))
    )
    return "\n".join(row.rstrip() for row in rows) + "\n"


def applies_to(page: RulePage) -> str:
    """What the rule checks, in words."""
    return "; ".join(_KINDS[kind] for kind in page.kinds)


def known_as(page: RulePage) -> dict[str, str]:
    """The rule's ids in other tools, and the ids of rules that were merged into it, where there are any."""
    facts = {"Also known as": ", ".join(page.aliases), "Replaces": ", ".join(page.replaces)}
    return {name: fact for name, fact in facts.items() if fact}


def fixed(page: RulePage) -> str:
    """How the fault is mended, in words."""
    return _REPAIRS[page.repair]


def _fields(page: RulePage) -> dict[str, Any]:
    return {
        "id": page.id,
        "title": page.title,
        "severity": page.severity.word,
        "confidence": page.confidence.word,
        "kinds": list(page.kinds),
        "repair": page.repair,
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
    }


def _list(pages: tuple[RulePage, ...], room: int, paint: Paint, signs: Signs) -> Iterator[str]:
    """A line for each rule, under the noun that it judges."""
    kinds: tuple[str, ...] = ()
    for page in pages:
        if page.kinds != kinds:
            if kinds:
                yield ""
            kinds = page.kinds
            yield from (paint("heading", part) for part in wrap(f"Rules on {applies_to(page)}", room))
        badge = paint(INKS[page.severity], f"{signs.of[page.severity]} {page.severity.word:<8}")
        mark = paint("green", f"{_MARKS[page.repair]:<4}")
        title, *rest = wrap(page.title + (" (pedantic)" if page.pedantic else ""), room - 26)
        yield f"  {page.id}  {badge}  {mark}  {title}"
        yield from (" " * 26 + part for part in rest)
    yield ""
    yield from wrap("fix: --fix mends it. fix*: --fix --unsafe does; look at what it changes.", room)
    yield from wrap(f"{count(len(pages), 'rule')}. `sealock rules ID` explains one.", room)


def _page(page: RulePage, room: int, paint: Paint) -> Iterator[str]:
    yield from (paint("bold", part) for part in wrap(f"{page.id}  {page.title}", room))
    yield ""
    facts = {
        "Severity": page.severity.word,
        "Confidence": page.confidence.word,
        "Checks": applies_to(page),
        "Fix": fixed(page),
    }
    if page.pedantic:
        facts["Pedantic"] = "off unless asked for with --pedantic"
    for name, fact in (facts | known_as(page)).items():
        for number, part in enumerate(wrap(fact, room - 15)):
            label = paint("faint", f"{name if number == 0 else '':<15}")
            yield label + (paint(INKS[page.severity], part) if name == "Severity" else part)
    for part in page.why.split("\n\n"):
        yield ""
        yield from wrap(" ".join(part.split()), room)
    yield ""
    yield paint("heading", "What to do")
    yield from wrap(sentence(line(page.remedy)), room)
    for title, texts in (("Found", page.bad), ("Not found", page.good)):
        if texts:
            yield ""
            yield paint("heading", title)
            yield from _examples(texts)
    if page.references:
        yield ""
        yield paint("heading", "See")
        for reference in page.references:
            yield from wrap(f"{line(reference.label)} {line(reference.url)}".rstrip(), room)
    yield ""


def _examples(texts: tuple[str, ...]) -> Iterator[str]:
    for number, text in enumerate(texts):
        if number:
            yield ""
        yield from (f"    {visible(row)}" for row in text.strip("\n").split("\n"))
