"""A Sphinx extension: changes in the theme's pages what axe-core finds fault with.

Blocks and tables that scroll can be reached by keyboard, headings of the navigation have a level, side bars have names,
the search page has a heading, and the empty heads of Markdown's tables are none.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

_CHANGES = (
    ("<pre>", '<pre tabindex="0">'),
    ('<div class="table-wrapper', '<div tabindex="0" class="table-wrapper'),
    ('class="caption" role="heading"', 'class="caption" role="heading" aria-level="2"'),
    ('<aside class="sidebar-drawer">', '<aside class="sidebar-drawer" aria-label="Pages">'),
    ('<aside class="toc-drawer">', '<aside class="toc-drawer" aria-label="On this page">'),
    ('<aside class="toc-drawer no-toc">', '<aside class="toc-drawer no-toc" aria-label="On this page">'),
    ('<th class="head"><p></p></th>', '<td class="head"></td>'),
)


def setup(app: Any) -> dict[str, bool]:  # noqa: ANN401  Sphinx, which only the site needs
    """Connect the extension; Sphinx calls this."""
    app.connect("build-finished", _change)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _change(app: Any, error: Exception | None) -> None:  # noqa: ANN401  as above
    if error is not None:
        return
    for page in Path(app.outdir).rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        for old, new in _CHANGES:
            text = text.replace(old, new)
        if page.name == "search.html":
            text = text.replace('<div id="search-results">', '<h1>Search</h1><div id="search-results">')
        page.write_text(text, encoding="utf-8")
