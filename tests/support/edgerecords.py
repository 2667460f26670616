"""Short texts on which single conditions of readers, rules and changes decide, with what comes of each.

Most were found by a search that changes texts until a changed condition of the code shows in what comes of them, so
they are odd. `tests/vectors/edges/NAME.txt` holds them, and `tests/test_edge_records.py` compares. A new text is a line
`=== 'TEXT'`, with a line `of LABEL` where the change or the rule of that label alone counts; `./dev records` writes what
comes of it, to be reviewed in the diff.
"""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

from sealock import formats
from sealock.model.document import DocumentKind
from sealock.model.location import Source
from sealock.rules.catalog import KINDS, rules
from sealock.rules.evaluation import evaluate
from sealock.rules.rule import Rule
from support import changednouns, machinereaders
from support.editrecords import outcome_of
from support.shortreaders import READERS as SHORT
from support.sweptreaders import reader_of

RECORDS: Final = Path(__file__).parent.parent / "vectors" / "edges"
_TITLE, _LABEL, _NOTHING = "=== ", "of ", "  nothing"
_RULES_ON: Final[dict[str, tuple[DocumentKind, str]]] = {
    "services": ("compose", "compose.yaml"),
    "dockerfiles": ("dockerfile", "Dockerfile"),
    "run-lines": ("run", "run.sh"),
    "pods": ("kubernetes", "pod.yaml"),
    "daemons": ("daemon", "daemon.json"),
    "machines": ("observed", "observed.json"),
}
NAMES: Final = tuple(sorted(path.stem for path in RECORDS.iterdir()))
"""ROOM-of-GROUP: `changes-of-edited-services`, `rules-of-services`, or the room of a reader, which
`support.sweptreaders` or `support.machinereaders` has."""


def record(name: str) -> str:
    """The texts of a record, each with what comes of it now."""
    lines: list[str] = []
    outcome = _outcome(name)
    for text, label in _entries(name):
        lines += [f"{_TITLE}{text!r}", *([f"{_LABEL}{label}"] if label else [])]
        lines += [f"  {line}" for line in outcome(text, label)] or [_NOTHING]
    return "\n".join([*lines, ""])


def write_records() -> None:
    """Write every record."""
    for name in NAMES:
        (RECORDS / f"{name}.txt").write_text(record(name), encoding="utf-8")


def _entries(name: str) -> Iterator[tuple[str, str]]:
    """The texts of a record, each with its label or ""."""
    lines = (RECORDS / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith(_TITLE):
            yield (
                literal_eval(line.removeprefix(_TITLE)),
                after.removeprefix(_LABEL) if after.startswith(_LABEL) else "",
            )


def _outcome(name: str) -> Callable[[str, str], list[str]]:
    """What comes of a text and a label."""
    room, _, group = name.partition("-of-")
    if room == "changes":
        return partial(outcome_of, group)
    if room == "rules":
        return partial(_reported, *_RULES_ON[group])
    if name in machinereaders.READERS:
        read = machinereaders.reader_of(name)
        return lambda text, _label: read(text)
    own = {**changednouns.readers(room), **SHORT.get(room, {})}
    read = own[group] if group in own else reader_of(room, group)
    return lambda text, _label: read(text)


def _reported(kind: DocumentKind, file: str, text: str, label: str) -> list[str]:
    """What a rule reports about a text, with the changes of its remedy, and what it does not evaluate."""
    document = formats.read(kind, Source(file, f"{text}\n"))
    book: dict[str, tuple[Rule[Any], ...]] = {
        each: tuple(rule for rule in rules(each) if rule.id == label) for each in KINDS
    }
    evaluation = evaluate("test", document, book)
    remedies = {rule.remedy for each in book.values() for rule in each}
    return [
        *(
            f"{finding.location.line}:{finding.location.column} {finding.severity} {finding.message!r} {finding.evidence!r}"
            f"{' safe' * finding.remedy.safe} {list(finding.remedy.changes) or ''}".rstrip()
            + (f" {finding.remedy.text!r}" if finding.remedy.text not in remedies else "")
            for finding in evaluation.findings
        ),
        *(f"skipped {skipped.subject}: {skipped.reason!r}" for skipped in evaluation.skipped),
    ]


if __name__ == "__main__":
    write_records()
