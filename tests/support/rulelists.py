"""Exchanges the words and numbers of a rule's vectors for those that its tables and limits hold.

A vector shows some of the names that a rule knows. Where a word of a vector stands in a table of the rule's module, or of
a module of rules or nouns that this one imports, each other word of the table takes its place, and nothing does. A
number becomes each number of the rule's module, one less and one more.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, Final

from sealock.rules.rule import Rule

Outcome = Callable[[str], Counter[str] | None]
"""What a rule reports about a text, with the fixes; None where the text is no document."""

_ROOMS: Final = ("sealock.rules", "sealock.model")
_NUMBER: Final = re.compile(r"(?<![\w.:$-])\d+(?:\.\d+)?[kmg]?(?![\w.:])")
_MOST_CONTEXTS: Final = 2
_LEAST_LIMIT: Final = 2
_MODES: Final = range(0o100, 0o10000)
"""Numbers that may be a file's mode, which texts write in octal."""


@dataclass(frozen=True)
class _Exchange:
    """A word of a vector, the word that takes its place, and the text that this makes."""

    vector: str
    old: str
    new: str
    text: str


def sweep_lists(rule: Rule[Any], texts: Iterable[tuple[str, str]], outcome: Outcome) -> Iterator[str]:
    """For each table of the rule and each limit: what the rule reports once a word of it stands in a vector."""
    named = tuple(texts)
    own = {name: outcome(text) or Counter() for name, text in named}
    seen: set[str] = set()
    for title, words in _tables(rule):
        yield from _show(title, _exchanges(words, named, seen), own, outcome)
    yield from _show("limits", _limits(rule, named, seen), own, outcome)


def _exchanges(words: frozenset[str], named: tuple[tuple[str, str], ...], seen: set[str]) -> Iterator[_Exchange]:
    pattern = re.compile(rf"(?<![\w.-])(?:{'|'.join(map(re.escape, sorted(words, key=len, reverse=True)))})(?![\w-])")
    places = ((name, text, place) for name, text in named if (place := pattern.search(text)))
    for name, text, place in islice(places, _MOST_CONTEXTS):
        for word in ("", *sorted(words)):
            changed = f"{text[: place.start()]}{word}{text[place.end() :]}"
            if word != place[0] and changed not in seen:
                seen.add(changed)
                yield _Exchange(name, place[0], word, changed)


def _limits(rule: Rule[Any], named: tuple[tuple[str, str], ...], seen: set[str]) -> Iterator[_Exchange]:
    module = sys.modules[type(rule).__module__]
    near = sorted({limit + step for limit in _numbers(module) for step in (-1, 0, 1)})
    numbers = dict.fromkeys([*map(str, near), *(f"{number:o}" for number in near if number in _MODES)])
    contexts = set()
    for name, text in named if numbers else ():
        for place in _NUMBER.finditer(text):
            before = text[: place.start()].split()[-1:]
            if tuple(before) in contexts:
                continue
            contexts.add(tuple(before))
            for number in numbers:
                changed = f"{text[: place.start()]}{number}{text[place.end() :]}"
                if changed not in seen:
                    seen.add(changed)
                    yield _Exchange(name, place[0], number, changed)


def _show(title: str, exchanges: Iterable[_Exchange], own: dict[str, Counter[str]], outcome: Outcome) -> Iterator[str]:
    """The exchanges by what the rule then reports more or less; @ stands for the word that was exchanged."""
    outcomes: dict[tuple[str, str], dict[tuple[str, ...], list[str]]] = defaultdict(lambda: defaultdict(list))
    for each in exchanges:
        reported = outcome(each.text)
        if reported is not None:
            lines = _difference(_general(own[each.vector], each.old), _general(reported, each.new))
            outcomes[each.vector, each.old][lines].append(each.new or "nothing")
    for (vector, old), groups in outcomes.items():
        if any(groups):
            yield f"=== {title}: {vector}, instead of {old}"
            for lines, words in groups.items():
                yield f"{' '.join(words)}{'' if lines else ' — the same'}"
                yield from (f"  {line}" for line in lines)


def _general(reported: Counter[str], word: str) -> Counter[str]:
    general: Counter[str] = Counter()
    pattern = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)")
    for line, count in reported.items():
        general[pattern.sub("@", line) if len(word) > 1 else line] += count
    return general


def _difference(before: Counter[str], after: Counter[str]) -> tuple[str, ...]:
    gone = (f"- {line}" for line in sorted((before - after).elements()))
    new = (f"+ {line}" for line in sorted((after - before).elements()))
    return (*gone, *new)


def _tables(rule: Rule[Any]) -> Iterator[tuple[str, frozenset[str]]]:
    known: set[frozenset[str]] = set()
    for module in _modules(type(rule).__module__):
        for name, value in vars(module).items():
            words = frozenset(_words(value)) if name.strip("_").isupper() else frozenset()
            if len(words) > 1 and words not in known:
                known.add(words)
                yield name.strip("_"), words


def _words(value: Any) -> Iterator[str]:
    items: Iterable[Any] = value if isinstance(value, (set, frozenset, tuple, list, Mapping)) else ()
    for item in items:
        if isinstance(item, str) and len(item) > 1 and "\n" not in item:
            yield item
        elif isinstance(item, (tuple, frozenset)) and item and isinstance(first := next(iter(item)), str):
            yield from (first,) if isinstance(item, tuple) else (str(each) for each in item)


@cache
def _modules(name: str) -> tuple[ModuleType, ...]:
    """The module of a rule, and those whose functions it calls."""
    module = sys.modules[name]
    others = dict.fromkeys(each.__module__ for each in vars(module).values() if isinstance(each, FunctionType))
    return (module, *(sys.modules[other] for other in others if other != name and other.startswith(_ROOMS)))


@cache
def _numbers(module: ModuleType) -> frozenset[int]:
    """The whole numbers that a module holds in its constants and in its code."""
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    held = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    held |= {value for name, value in vars(module).items() if name.strip("_").isupper() and isinstance(value, int)}
    return frozenset(value for value in held if type(value) is int and value >= _LEAST_LIMIT)
