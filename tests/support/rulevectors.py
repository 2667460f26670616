"""Records what each rule reports about its own `bad` vectors, and the text that its fix leaves.

Four more things are recorded: of two vectors in one text, where that is not what both report by themselves; where it
reports something else about a vector that one word changes, or that has another word of the rule's tables; and which
vectors of other rules, and which texts of the formats, it reports something about.

`tests/vectors/rules/ID.txt` holds the records, one file a rule, and `tests/rules/test_rule_records.py` compares. A change
that is meant is written down with `./dev records` and reviewed in the diff, like any other text that users see.
"""

from __future__ import annotations

import difflib
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from sealock import formats
from sealock.formats.textedits import apply_edits
from sealock.model.change import Add, Edit, FieldChange, On, OnBuild, Remove, Set, Swap
from sealock.model.document import Document, Subject
from sealock.model.finding import Finding
from sealock.rules.catalog import every_rule, kinds_of
from sealock.rules.evaluation import evaluate
from sealock.rules.rule import Rule
from support.documents import read
from support.jointvectors import after_quiet, joints, named_vectors, numbered_vectors
from support.namevectors import MORE
from support.readvectors import KINDS, documents
from support.rulelists import sweep_lists
from support.rulesweeps import sweep
from support.shownvalues import show

RECORDS = Path(__file__).parent.parent / "vectors" / "rules"

_MOST_FIXES = 30
_LETTERS = 40


def findings_of(rule: Rule[Any], text: str) -> list[Finding]:
    """What the rule alone reports about the text."""
    return findings_in(rule, read(text))


def findings_in(rule: Rule[Any], document: Document) -> list[Finding]:
    """What the rule alone reports about the document, which must hold no error."""
    assert not document.errors, document.errors
    book: dict[str, tuple[Rule[Any]]] = dict.fromkeys(kinds_of(rule), (rule,))
    return list(evaluate("test", document, book).findings)


def fix(text: str, rule: Rule[Any]) -> str:
    """Make the rule's own changes, one finding at a time, until no finding offers any."""
    for _ in range(_MOST_FIXES):
        fixable = next((finding for finding in findings_of(rule, text) if finding.remedy.changes), None)
        if fixable is None:
            return text
        fixed = apply_edits(text, [change for change in fixable.remedy.changes if isinstance(change, Edit)])
        for change in fixable.remedy.changes:
            if not isinstance(change, Edit):
                fixed = apply_edits(fixed, _spell(read(fixed), fixable.subject, change))
        assert fixed != text, "the change changes nothing"
        text = fixed
    msg = f"{_MOST_FIXES} rounds of the fix of {rule.id} do not remove the fault"
    raise AssertionError(msg)


def record(rule: Rule[Any]) -> str:
    """The record of a rule: for each of its `bad` vectors the findings with their places, and the fixed text."""
    return "\n".join([*_sections(rule), *_together(rule), *_swept(rule), *_exchanged(rule), *_elsewhere(rule), ""])


def changes_of(rule: Rule[Any]) -> str:
    """How the rule's record differs from the one in the repository, as a diff; "" where it does not."""
    path = RECORDS / f"{rule.id}.txt"
    written = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = difflib.unified_diff(written.splitlines(), record(rule).splitlines(), "recorded", "now", lineterm="")
    return "\n".join(lines)


def write_records() -> None:
    """Write the record of every rule, and remove the records of rules that are gone."""
    RECORDS.mkdir(parents=True, exist_ok=True)
    names = {f"{rule.id}.txt" for rule in every_rule()}
    for path in RECORDS.glob("*.txt"):
        if path.name not in names:
            path.unlink()
    for rule in every_rule():
        (RECORDS / f"{rule.id}.txt").write_text(record(rule), encoding="utf-8")


def _sections(rule: Rule[Any]) -> Iterator[str]:
    more = (("more", text) for text in MORE.get(rule.id, ()))
    for index, (kind, text) in enumerate((*(("bad", text) for text in rule.bad), *more)):
        document = read(text)
        yield f"=== {kind} {index}" if kind == "bad" else f"=== {text.strip()!r}"
        for finding in findings_in(rule, document):
            yield from _describe(finding, document)
        fixed = fix(text, rule)
        if fixed != text:
            yield "--- fix"
            diff = difflib.unified_diff(text.splitlines(), fixed.splitlines(), "bad", "fixed", lineterm="", n=0)
            yield from (line for line in diff if not line.startswith(("---", "+++", "@@")))


def _together(rule: Rule[Any]) -> Iterator[str]:
    """What the rule reports about two vectors in one text, where it is more or less than about both alone."""
    alone = {name: _messages(rule, read(text)) for name, text in named_vectors(rule)}
    for (first, second), how, text in joints(rule):
        document = read(text)
        messages = Counter() if document.errors else _messages(rule, document)
        if not document.errors and messages != alone[first] + alone[second]:
            yield f"=== {first} + {second}{how}"
            yield from sorted(messages.elements())
    for name, text in named_vectors(rule):
        for how, quiet, both in after_quiet(text):
            document = read(both)
            messages = Counter() if document.errors else _messages(rule, document)
            expected = alone[name] + (_messages(rule, read(quiet)) if quiet else Counter())
            if not document.errors and messages != expected:
                yield f"=== {name} after quiet {how}"
                yield from sorted(messages.elements())


def _swept(rule: Rule[Any]) -> Iterator[str]:
    """What the rule reports more or less about a vector in which one word or value is another."""

    def reports(text: str) -> Counter[str] | None:
        document = read(text) if formats.sniff("", text) else None
        if document is None or document.errors:
            return None
        return Counter(f"{finding.severity.name} {finding.message}" for finding in findings_in(rule, document))

    for kind, texts in (("bad", rule.bad), ("good", rule.good)):
        for index, text in enumerate(texts):
            if lines := list(sweep(text, reports)):
                yield f"=== {kind} {index} changed"
                yield from lines


def _exchanged(rule: Rule[Any]) -> Iterator[str]:
    """What the rule reports and would change about its vectors with other words of its tables, and other numbers."""

    def outcome(text: str) -> Counter[str] | None:
        document = read(text) if formats.sniff("", text) else None
        if document is None or document.errors:
            return None
        return Counter(_summary(finding) for finding in findings_in(rule, document))

    yield from sweep_lists(rule, numbered_vectors(rule), outcome)


def _summary(finding: Finding) -> str:
    """What is reported and changed, and how the text of the fix begins."""
    changes = "".join(f" | {_name_change(change)[:_LETTERS]}" for change in finding.remedy.changes)
    return f"{finding.severity.name} {finding.message} | {finding.remedy.text[:_LETTERS]}{changes}"


def _name_change(change: FieldChange | Edit | On | OnBuild) -> str:
    match change:
        case Edit(text=text):
            return f"write {text!r}"
        case On(subject=subject, change=inner) | OnBuild(service=subject, change=inner):
            return f"of {subject} {_name_change(inner)}"
        case Swap(field=field, old=old, new=new):
            return f"swap {field} {show(old)} {show(new)}"
        case Set() | Add() | Remove():
            return f"{type(change).__name__.lower()} {change.field} {show(change.value)}"


def _messages(rule: Rule[Any], document: Document) -> Counter[str]:
    return Counter(finding.message for finding in findings_in(rule, document))


def _elsewhere(rule: Rule[Any]) -> Iterator[str]:
    """The texts of others that the rule reports something about, by the group that they belong to."""
    groups: dict[str, list[str]] = defaultdict(list)
    kinds = set(kinds_of(rule))
    for group, name, document, nouns in _documents():
        if group != rule.id and kinds & nouns and (found := findings_in(rule, document)):
            groups[group].append(name if len(found) == 1 else f"{name} ({len(found)})")
    if groups:
        yield "=== elsewhere"
        yield from (f"{group}: {', '.join(names)}" for group, names in groups.items())


@cache
def _documents() -> tuple[tuple[str, str, Document, frozenset[str]], ...]:
    """The vectors of all rules and the texts of the formats, read: their group and name, and the kinds of their nouns."""
    texts = [(rule.id, name, read(text)) for rule in every_rule() for name, text in numbered_vectors(rule)]
    texts += [(group, str(number), document) for group in KINDS for number, document in enumerate(documents(group))]
    return tuple(
        (group, name, document, frozenset(subject.kind for subject in document.subjects))
        for group, name, document in texts
        if not document.errors
    )


def _describe(finding: Finding, document: Document) -> Iterator[str]:
    location = finding.location
    source = document.sources.get(location.file, document.source)
    marked = source.line(location.line)[location.column - 1 :]
    if location.end_line == location.line:
        marked = marked[: location.end_column - location.column]
    severity = f"{finding.severity.name} {finding.confidence.name}"
    yield f"{location.line}:{location.column} {severity} {finding.subject}: {finding.message}"
    if location.line:
        yield f"  at: {marked}{'' if location.end_line == location.line else ' …'}"
    yield f"  fix: {finding.remedy.text}{' (safe)' if finding.remedy.safe else ''}"


def _subject(document: Document, name: str) -> Subject:
    return next(subject for subject in document.subjects if subject.name == name)


def _spell(document: Document, name: str, change: FieldChange | On | OnBuild) -> tuple[Edit, ...]:
    if isinstance(change, On):
        return formats.edits(document, _subject(document, change.subject), change.change)
    return formats.edits(document, _subject(document, name), change)


if __name__ == "__main__":
    write_records()
