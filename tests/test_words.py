"""The words of the house: the field's terms stand in names and messages, and their paraphrases do not."""

from __future__ import annotations

import ast
import re
from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import sealock
from sealock.cli.parsers import parser
from sealock.scan.manual import pages

SOURCES = sorted(Path(sealock.__file__).parent.rglob("*.py"))
ROOT = Path(__file__).parent.parent
GUIDE = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs/guide").glob("*.md")))
AVOIDED = re.compile(r"told|tell|heed|mend|excuse|vouch|weigh|anew", re.IGNORECASE)
OTHERS = re.compile(
    r"recommend|amend|font-weight|commend|tremendous|intelli|satellite|constell|BlkioWeight", re.IGNORECASE
)
"""Words that hold one of the avoided ones by chance."""
NAMES = frozenset({"one", "told", "said", "held"})
PARAPHRASES = {
    r"\bmend(s|ed|ing)?\b": "fix, remediation",
    r"\b(tells?|told|telling)\b": "report, print, show",
    r"\bheed(s|ed|ing)?\b": "follow, ignore",
    r"\bexcus(e|es|ed|ing)\b": "suppress, ignore",
    r"\bset aside\b": "suppress",
    r"\bjudg(e|es|ed|ing|ement)\b": "check, evaluate",
    r"\bverdicts?\b": "result",
    r"\bvouch(es|ed)?\b": "verify, signed by",
    r"\bweigh(s|ed|ing)?\b": "match with advisories",
    r"\banew\b": "again",
    r"\bfolders?\b": "directory",
    r"\bprocessors?\b": "CPU",
    r"\bnobody\b": "the actor, or nothing",
    r"\bwhoever\b": "the actor",
    r"\bbeside\b": "with, next to, except",
    r"\bsystem calls? filter": "seccomp",
    r"\bcontrol groups?\b": "cgroup",
    r"\bmemory file system": "tmpfs",
    r"\bout-of-memory kill\b": "OOM killer",
}
"""Patterns of a dialect that readers stumble over, and what to write instead."""
ANY = re.compile("|".join(PARAPHRASES), re.IGNORECASE)
AVOIDED_LEFT = 55
NAMES_LEFT = 3
MESSAGES_LEFT = 3
HELP_LEFT = 0
TITLES_LEFT = 0
PAGES_LEFT = 0
GUIDE_LEFT = 0
"""How often they still occur. These numbers may only fall."""


def parsers(of: ArgumentParser) -> Iterator[ArgumentParser]:
    """A parser and those of its commands."""
    yield of
    for action in of._actions:  # noqa: SLF001  argparse has no other way
        if isinstance(action, _SubParsersAction):
            for command in action.choices.values():
                yield from parsers(command)


@cache
def words() -> tuple[list[str], list[str]]:
    """The variables and parameters of all modules, and their texts for people: literals with a space, no docstrings."""
    names: list[str] = []
    texts: list[str] = []
    for source in SOURCES:
        docstrings: set[int] = set()
        # A literal comes after the expression that it is alone in.
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            match node:
                case ast.Name(id=name) | ast.arg(arg=name):
                    names.append(name)
                case ast.Expr(value=ast.Constant() as literal):
                    docstrings.add(id(literal))
                case ast.Constant(value=str(text)) if " " in text and id(node) not in docstrings:
                    texts.append(text)
    return names, texts


def paraphrases(texts: Iterable[str]) -> list[str]:
    return [
        f"{match[0]!r} (write {better}) in {text[max(0, match.start() - 50) : match.end() + 50]!r}"
        for text in texts
        if ANY.search(text)
        for pattern, better in PARAPHRASES.items()
        for match in re.finditer(pattern, text, re.IGNORECASE)
    ]


def test_avoided_words_do_not_come_back() -> None:
    texts = [OTHERS.sub("", source.read_text(encoding="utf-8")) for source in SOURCES]
    assert sum(len(AVOIDED.findall(text)) for text in texts) <= AVOIDED_LEFT


def test_names_that_name_nothing_do_not_come_back() -> None:
    names, _ = words()
    assert sum(name in NAMES for name in names) <= NAMES_LEFT


def test_messages_are_in_the_fields_words() -> None:
    _, texts = words()
    left = paraphrases(texts)
    assert len(left) <= MESSAGES_LEFT, "\n".join(left)


def test_help_is_in_the_fields_words() -> None:
    left = paraphrases(command.format_help() for command in parsers(parser()))
    assert len(left) <= HELP_LEFT, "\n".join(left)


def test_titles_of_rules_are_in_the_fields_words() -> None:
    left = paraphrases(page.title for page in pages())
    assert len(left) <= TITLES_LEFT, "\n".join(left)


def test_pages_of_rules_are_in_the_fields_words() -> None:
    left = paraphrases(text for page in pages() for text in (page.why, page.remedy))
    assert len(left) <= PAGES_LEFT, "\n".join(left)


def test_the_guide_is_in_the_fields_words() -> None:
    left = [
        f"{page.relative_to(ROOT)}: {words}"
        for page in GUIDE
        for words in paraphrases([page.read_text(encoding="utf-8")])
    ]
    assert len(GUIDE) > 30
    assert len(left) <= GUIDE_LEFT, "\n".join(left)
