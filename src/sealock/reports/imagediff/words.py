"""The words that the reports for people share: the changes as rows of text, and the summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from sealock.model.finding import Finding, Severity
from sealock.model.imagediff import ComparedImage, ImageDiff, PackageChange, PathChange, ValueChange
from sealock.model.inventory import FileFact
from sealock.text import count, format_size, line, list_first, sentence

_WITHOUT_VALUES: Final = frozenset({"port", "volume"})
"""Fields that have a name only."""


class DiffGroup(Struct, frozen=True):
    """Changes of one kind: the cells of each row, and the severity where the rows have one.

    `head` are the columns' titles. Nothing in a row can harm a terminal.
    """

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    severities: tuple[Severity, ...] = ()


def groups(diff: ImageDiff) -> Iterator[DiffGroup]:
    """The groups that have rows, what matters most first."""
    for group in (
        _findings("New vulnerabilities", diff.vulnerabilities.new),
        _findings("New findings", diff.findings.new),
        DiffGroup("New risky files", ("kind", "file", "detail"), tuple(map(_file, diff.files.new))),
        DiffGroup("Configuration", ("what", "old", "new"), tuple(map(_value, diff.settings))),
        DiffGroup("Changed in containers", ("", "path", "container"), tuple(map(_path, diff.drift))),
        DiffGroup("Image", ("what", "old", "new"), tuple(map(_value, diff.properties))),
        DiffGroup("Packages", ("", "package", "old", "new"), tuple(map(_package, diff.packages))),
        _findings("Vulnerabilities that are gone", diff.vulnerabilities.gone),
        _findings("Findings that are gone", diff.findings.gone),
        DiffGroup("Risky files that are gone", ("kind", "file", "detail"), tuple(map(_file, diff.files.gone))),
    ):
        if group.rows:
            yield group


def _findings(title: str, findings: Sequence[Finding]) -> DiffGroup:
    rows = tuple((finding.severity.word, line(finding.rule, 60), _about(finding)) for finding in findings)
    return DiffGroup(title, ("severity", "id", "what"), rows, tuple(finding.severity for finding in findings))


def _about(finding: Finding) -> str:
    if finding.vulnerability is None:
        return line(finding.message, 300)
    package, fixed = finding.vulnerability.package, finding.vulnerability.fixed
    return line(f"{package.name} {package.version}" + (f", fixed in {fixed}" if fixed else ", no fix is known"), 300)


def _package(change: PackageChange) -> tuple[str, ...]:
    old, new = (list_first([line(version, 60) for version in versions], 4) for versions in (change.old, change.new))
    return change.kind, line(f"{change.name} ({change.type})", 200), old, new


def _file(fact: FileFact) -> tuple[str, ...]:
    removed = " (in a lower layer)" if fact.removed else ""
    return line(fact.kind), line(f"/{fact.path}{removed}"), line(fact.detail, 100)


def _path(drift: tuple[str, PathChange]) -> tuple[str, ...]:
    target, change = drift
    return change.kind, line(change.path, 300), line(target.partition(":")[2], 60)


def _value(change: ValueChange) -> tuple[str, ...]:
    what = f"{change.field} {line(change.name, 100)}".rstrip()
    old, new = ("none" if value is None else line(value, 300) for value in (change.old, change.new))
    if change.old is not None and old == new:
        new = f"{new} (another value)".lstrip()
    empty = "yes" if change.field in _WITHOUT_VALUES else '""'
    return what, old or empty, new or empty


def describe(image: ComparedImage) -> str:
    """What one of the images is, in a line."""
    parts = [line(image.target, 200), count(image.packages, "package")]
    if image.layers is not None:
        parts.append(count(image.layers, "layer"))
    if image.size is not None:
        parts.append(format_size(image.size))
    digest = image.manifest or image.configuration
    return ", ".join([*parts, line(digest.removeprefix("sha256:")[:12])] if digest else parts)


def failures(diff: ImageDiff) -> Iterator[str]:
    """What could not be read or compared, a sentence each."""
    for error in diff.errors:
        yield f"{line(error.location.file, 200)}: {sentence(line(error.message))}"
    yield from (sentence(line(text)) for text in diff.uncompared)


def remarks(diff: ImageDiff) -> Iterator[str]:
    """What to know besides: which checks were skipped, and the notes of the run."""
    for target, number in Counter(target for target, _ in diff.skipped).items():
        yield f"{count(number, 'check')} skipped on {line(target, 200)} (--format json lists them)."
    yield from (sentence(line(note)) for note in diff.notes)


def summary(diff: ImageDiff) -> str:
    """Everything in one sentence; what did not happen is left out."""
    named = (("vulnerability", "vulnerabilities", diff.vulnerabilities), ("finding", "findings", diff.findings))
    parts = [
        f"{len(findings)} {word} {noun if len(findings) == 1 else plural}"
        for noun, plural, changes in named
        for word, findings in (("new", changes.new), ("gone", changes.gone), ("remaining", changes.remaining))
        if findings
    ]
    kinds = Counter(change.kind for change in diff.packages)
    parts += [f"{count(kinds[kind], 'package')} {kind}" for kind in ("added", "removed", "changed") if kinds[kind]]
    number = len(diff.settings) + len(diff.properties) + len(diff.files.new) + len(diff.files.gone)
    parts += [count(number, "other difference")] if number else []
    parts += [f"{count(len(diff.drift), 'path')} changed in containers"] if diff.drift else []
    text = ("no differences; " if diff.is_empty else "") + ", ".join(parts)
    if diff.fail_on is not None:
        text += f"; {len(diff.failing) or 'none'} new at or above {diff.fail_on.word}"
    if diff.status == 2:
        text += "; not everything could be read or compared"
    return sentence(text.strip("; "))
