"""Finds rules by the words that people have: an id, an old id, the id of another tool, or words of the field."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from sealock.model.report import RulePage
from sealock.patterns import compile_lazily
from sealock.rules.retired import RETIRED

FOREIGN: Final = compile_lazily(
    r"DL\d{4}|(?:AVD-)?(?:DS|KSV)-?\d{3,4}|CKV2?_[A-Z0-9]+_\d+|CIS-(?:DI-)?[\d.]+|DKL-[DL]I-\d{4}|(?:[A-Z]+[a-z]+){2,8}"
)
"""An id of hadolint, Trivy, Checkov, dockle, the CIS Docker Benchmark or BuildKit (the name of a check)."""
_TRIVY: Final = compile_lazily(r"(?:AVD-)?(DS|KSV)-?(\d{3,4})")


def canonical(word: str) -> str:
    """Spell an id so that equal ids are equal: without case, and DS-0026, DS026 and AVD-DS-0026 as one."""
    upper = word.strip().upper()
    match = _TRIVY.fullmatch(upper)
    return f"{match[1]}-{int(match[2]):04}" if match else upper


def by_id(pages: Iterable[RulePage], word: str) -> tuple[RulePage, ...]:
    """Find the rules with an id of sealock or of another tool; the latter may mean several."""
    key = canonical(word)
    current = RETIRED.get(key, key)
    return tuple(page for page in pages if page.id == current or any(canonical(alias) == key for alias in page.aliases))


def search(pages: Iterable[RulePage], text: str) -> tuple[RulePage, ...]:
    """Find the rules whose title or keywords hold all these words; where none do, those whose pages hold them."""
    words = text.casefold().split()
    pages = tuple(pages)
    titles = tuple(page for page in pages if _holds(f"{page.title} {' '.join(page.keywords)}", words))
    return titles or tuple(page for page in pages if _holds(f"{page.title} {page.why} {page.remedy}", words))


def search_pages(pages: Iterable[RulePage], text: str) -> tuple[RulePage, ...]:
    """Find the rules whose pages hold all these words, ids of other tools included."""
    words = text.casefold().split()
    return tuple(page for page in pages if _holds(_whole(page), words))


def _whole(page: RulePage) -> str:
    return " ".join((page.id, *page.replaces, *page.aliases, page.title, *page.keywords, page.why, page.remedy))


def suggestion(pages: Iterable[RulePage], word: str) -> str:
    """Name what was likely meant, as the end of a sentence; "" where nothing comes close."""
    names = {
        name.casefold(): name for page in pages for name in (page.id, *page.replaces, *page.aliases, *page.keywords)
    }
    close = get_close_matches(word.casefold(), names, n=3)
    return f"; did you mean {' or '.join(names[name] for name in close)}?" if close else ""


def _holds(text: str, words: Iterable[str]) -> bool:
    text = text.casefold()
    return all(word in text for word in words)
