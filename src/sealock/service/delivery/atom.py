"""The Atom feed (RFC 4287) of events."""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

from msgspec import Struct

from sealock.text import visible


class FeedEntry(Struct, frozen=True):
    """One entry. `id` is a URI that never changes, `at` a time of RFC 3339, `link` a URL of this service."""

    id: str
    title: str
    at: str
    link: str
    summary: str = ""
    category: str = ""


def render_feed(title: str, own: str, at: str, entries: Iterable[FeedEntry]) -> str:
    """Render the feed whose own address is `own`, newest entry first."""
    rows = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<feed xmlns="http://www.w3.org/2005/Atom">',
        f"<title>{_text(title)}</title><id>{_text(own)}</id><updated>{_text(at)}</updated>",
        f'<link rel="self" type="application/atom+xml" href={_attribute(own)}/>',
        "<author><name>sealock</name></author>",
    ]
    for entry in entries:
        category = f"<category term={_attribute(entry.category)}/>" if entry.category else ""
        rows.append(
            f"<entry><title>{_text(entry.title)}</title><id>{_text(entry.id)}</id><updated>{_text(entry.at)}</updated>"
            f"<link href={_attribute(entry.link)}/>{category}"
            f'<summary type="text">{_text(entry.summary)}</summary></entry>'
        )
    return "\n".join([*rows, "</feed>", ""])


def _text(text: str) -> str:
    """Text of an element: controls are escapes, since XML cannot hold them all."""
    return escape(visible(text))


def _attribute(text: str) -> str:
    return quoteattr(visible(text))
