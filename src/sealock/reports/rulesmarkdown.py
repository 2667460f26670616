"""The manual's pages in Markdown; docs/generate.py writes them to docs/rules/."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sealock.model.report import RecordedHarm, RulePage
from sealock.reports.markdowntext import code, inline, link
from sealock.reports.rulewords import facts
from sealock.reports.shown import quoted
from sealock.text import sentence


def index(pages: Iterable[RulePage]) -> str:
    """A table of all rules, each with a link to its page."""
    rows = [
        "# Rules\n",
        "| Rule | Severity | Title | Checks | Fix | Also known as |",
        "|---|---|---|---|---|---|",
    ]
    for page in pages:
        pedantic = " *(pedantic)*" if page.pedantic else ""
        fix = {"safe": "safe", "unsafe": "unsafe", "none": ""}[page.fix]
        title = f"{inline(page.title)}{pedantic}"
        kinds, others = ", ".join(page.kinds), ", ".join((*page.aliases, *page.replaces))
        rows.append(f"| [{page.id}]({page.id}.md) | {page.severity.word} | {title} | {kinds} | {fix} | {others} |")
    return "\n".join(rows) + "\n"


def page(page: RulePage) -> str:
    """One rule's page."""
    return "\n\n".join(_parts(page)) + "\n"


def _parts(page: RulePage) -> Iterator[str]:
    yield f"# {page.id}: {inline(page.title)}"
    yield "\n".join(["| | |", "|---|---|", *(f"| {name} | {fact} |" for name, fact in facts(page))])
    for paragraph in page.why.split("\n\n"):
        if paragraph.strip():
            yield inline(" ".join(paragraph.split()))
    yield f"## What to do\n\n{inline(sentence(page.remedy))}"
    for title, texts in (("Bad", page.bad), ("Good", page.good)):
        if texts:
            yield f"## {title}\n\n" + "\n\n".join(code(text, _language(text)) for text in texts)
    if page.shown is not None:
        yield from _shown(page.id, page.shown)
    if page.references:
        yield "## See\n\n" + "\n".join(f"- {link(reference.label, reference.url)}" for reference in page.references)


def _shown(id_: str, record: RecordedHarm) -> Iterator[str]:
    """The demonstration as it was recorded."""
    yield f"## Shown\n\n{inline(record.harm)} `sealock show {id_}` does it on your own engine; this was recorded."
    yield f"With `{record.faulty}`:"
    yield code("\n".join(_session(record.done)), "console")
    yield f"With `{record.fixed}`:"
    yield code("\n".join(_session(record.refused)), "console")
    yield inline(record.because)


def _session(steps: tuple[tuple[tuple[str, ...], str], ...]) -> Iterator[str]:
    for words, printed in steps:
        yield f"$ {' '.join(map(quoted, words))}"
        yield from printed.splitlines()


def _language(text: str) -> str:
    """The language of an example, for syntax highlighting."""
    start = text.lstrip()
    if start.startswith("{"):
        return "json"
    if start.startswith(("services:", "name:", "networks:", "volumes:", "version:")):
        return "yaml"
    if any(row.startswith(("FROM ", "ARG ")) for row in start.splitlines()):
        return "dockerfile"
    return "sh"
