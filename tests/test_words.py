"""The words of the house: the field's terms stand in names and messages, and their paraphrases do not."""

from __future__ import annotations

import ast
import re
from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Iterable, Iterator
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


def messages(source: Path) -> Iterator[str]:
    """The texts of a module for people: its string literals with a space, without docstrings."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and id(node) not in docstrings else None
        if isinstance(text, str) and " " in text:
            yield text


def paraphrases(texts: Iterable[str]) -> list[str]:
    return [
        f"{match[0]!r} (write {better}) in {text[max(0, match.start() - 50) : match.end() + 50]!r}"
        for text in texts
        for pattern, better in PARAPHRASES.items()
        for match in re.finditer(pattern, text, re.IGNORECASE)
    ]


def test_avoided_words_do_not_come_back() -> None:
    texts = [OTHERS.sub("", source.read_text(encoding="utf-8")) for source in SOURCES]
    assert sum(len(AVOIDED.findall(text)) for text in texts) <= AVOIDED_LEFT


def test_names_that_name_nothing_do_not_come_back() -> None:
    trees = [ast.parse(source.read_text(encoding="utf-8")) for source in SOURCES]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    variables = [node.id for node in nodes if isinstance(node, ast.Name)]
    parameters = [node.arg for node in nodes if isinstance(node, ast.arg)]
    assert sum(name in NAMES for name in (*variables, *parameters)) <= NAMES_LEFT


def test_messages_are_in_the_fields_words() -> None:
    left = paraphrases(text for source in SOURCES for text in messages(source))
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
