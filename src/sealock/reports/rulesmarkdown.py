"""The manual's pages in Markdown; docs/generate.py writes them to docs/rules/."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sealock.model.report import RulePage
from sealock.reports.markdowntext import code, inline, link
from sealock.reports.rulewords import facts
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
    if page.references:
        yield "## See\n\n" + "\n".join(f"- {link(reference.label, reference.url)}" for reference in page.references)


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
