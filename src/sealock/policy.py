"""The policy: what fails a run, and what is excused, by whom, why and until when.

It takes texts and returns values; whoever opens the files is in `targets`. An ignore needs a reason; one past its day
is not honoured; one that excuses nothing is itself reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from fnmatch import fnmatchcase
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from sealock.errors import PolicyError
from sealock.model.finding import Confidence, Finding, Problem, Remedy, Severity, Suppression
from sealock.model.location import Location, Source

SEVERITIES: Final = {one.word: one for one in Severity}
UNUSED_IGNORE: Final = "I001"
EXPIRED_IGNORE: Final = "I002"
TITLES: Final = {UNUSED_IGNORE: "Ignore without effect", EXPIRED_IGNORE: "Ignore past its last day"}
_RULE: Final = re.compile(r"[A-Z][A-Z0-9-]{2,40}")


class Ignore(Struct, frozen=True):
    """One excuse: which rules, in which files (glob patterns, () for all) and on which subject ("" for any)."""

    rules: tuple[str, ...]
    reason: str
    location: Location
    files: tuple[str, ...] = ()
    subject: str = ""
    until: str = ""
    lines: tuple[int, int] | None = None
    """First and last line that an inline ignore covers; None for the whole file."""

    def expired(self, today: date) -> bool:
        """Whether its last day has gone by."""
        return bool(self.until) and date.fromisoformat(self.until) < today

    def covers(self, finding: Finding, name: str) -> bool:
        """Whether it excuses this finding, in the file of this name (relative to the policy's folder)."""
        return (
            finding.rule in self.rules
            and (not self.subject or fnmatchcase(finding.subject, self.subject))
            and (not self.files or any(_matches(name, pattern) for pattern in self.files))
            and (self.lines is None or self.lines[0] <= finding.location.line <= self.lines[1])
        )


class Policy(Struct, frozen=True):
    """What sealock.toml says. `folder` is where it stands, "" where there is none."""

    fail_on: Severity = Severity.HIGH
    pedantic: bool = False
    enable: tuple[str, ...] = ()
    severity: tuple[tuple[str, Severity], ...] = ()
    ignores: tuple[Ignore, ...] = ()
    exclude: tuple[str, ...] = ()
    registries: tuple[str, ...] = ()
    baseline: frozenset[str] = frozenset()
    name: str = ""
    folder: str = ""

    def wants(self, rule: str, *, pedantic: bool) -> bool:
        """Whether a rule is on: all are, but pedantic ones only by request."""
        return not pedantic or self.pedantic or rule in self.enable


def _matches(name: str, pattern: str) -> bool:
    """Match a path by a glob in which ** spans folders; a pattern without a slash matches in any folder."""
    pattern = pattern.removeprefix("./")
    if "/" not in pattern.rstrip("/"):
        return any(fnmatchcase(part, pattern.rstrip("/")) for part in name.split("/"))
    expression = "".join(
        {"**/": r"(?:.*/)?", "**": r".*", "*": r"[^/]*", "?": r"[^/]"}.get(piece, re.escape(piece))
        for piece in re.split(r"(\*\*/|\*\*|\*|\?)", pattern.lstrip("/"))
    )
    return re.fullmatch(expression + "(?:/.*)?", name) is not None


def excluded(policy: Policy, name: str) -> bool:
    """Whether the policy leaves this path (relative to its folder) out of a walk."""
    return any(_matches(name, pattern) for pattern in policy.exclude)


def read(source: Source, folder: str) -> Policy:
    """Read sealock.toml; PolicyError says what is wrong and where."""
    import tomllib  # noqa: PLC0415  it costs 12 ms, and most runs have no policy

    try:
        table = tomllib.loads(source.text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        msg = f"{source.name}: {error}"
        raise PolicyError(msg) from None
    reader = _Reader(source, table)
    policy = Policy(
        fail_on=_severity(reader, "fail-on", reader.take("fail-on", str, "high")),
        pedantic=reader.take("pedantic", bool, default=False),
        enable=tuple(_rule(reader, "enable", one) for one in reader.strings("enable")),
        severity=tuple(
            (_rule(reader, "severity", rule), _severity(reader, f"severity.{rule}", word))
            for rule, word in reader.take("severity", dict, {}).items()
        ),
        ignores=tuple(_ignore(source, entry, index) for index, entry in enumerate(reader.take("ignore", list, []))),
        exclude=reader.strings("exclude"),
        registries=reader.strings("registries"),
        name=source.name,
        folder=folder,
    )
    reader.done()
    return policy


class _Reader:
    """Takes known keys out of a table, each of its type, and refuses what is left."""

    def __init__(self, source: Source, table: dict[str, Any], where: str = "") -> None:
        self.source, self.table, self.where = source, dict(table), where

    def fail(self, key: str, what: str) -> PolicyError:
        line = _line_of(self.source, key.rpartition(".")[2])
        return PolicyError(f"{self.source.name}{f':{line}' if line else ''}: {self.where}{key} {what}")

    def take(self, key: str, kind: type, default: Any) -> Any:  # noqa: ANN401  a TOML value
        value = self.table.pop(key, default)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.fail(key, f"should be {_KINDS[kind]}, and is {value!r}")
        return value

    def strings(self, key: str) -> tuple[str, ...]:
        value = self.table.pop(key, [])
        value = [value] if isinstance(value, str) else value
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self.fail(key, f"should be a list of strings, and is {value!r}")
        return tuple(value)

    def done(self) -> None:
        for key in self.table:
            raise self.fail(key, "is not a setting that sealock knows")


_KINDS: Final = {str: "a string", bool: "true or false", dict: "a table", list: "a list of tables"}


def _line_of(source: Source, key: str) -> int:
    match = re.search(rf"^\s*\[*\s*{re.escape(key)}\b", source.text, re.MULTILINE)
    return source.position(match.start())[0] if match else 0


def _severity(reader: _Reader, key: str, word: Any) -> Severity:  # noqa: ANN401  a TOML value
    if word not in SEVERITIES:
        raise reader.fail(key, f"should be one of {', '.join(SEVERITIES)}, and is {word!r}")
    return SEVERITIES[word]


def _rule(reader: _Reader, key: str, rule: str) -> str:
    if not _RULE.fullmatch(rule):
        raise reader.fail(key, f"names {rule!r}, which is not a rule's id")
    return rule


def _ignore(source: Source, entry: Any, index: int) -> Ignore:  # noqa: ANN401  a TOML value
    if not isinstance(entry, dict):
        msg = f"{source.name}: ignore should be a list of tables, as [[ignore]] writes them"
        raise PolicyError(msg)
    reader = _Reader(source, entry, f"[[ignore]] number {index + 1}: ")
    rules = tuple(_rule(reader, "rule", one) for one in reader.strings("rule"))
    until = entry.get("until", "")
    reader.table.pop("until", None)
    if not rules:
        msg_0 = "rule"
        raise reader.fail(msg_0, "is missing: name the rules that are ignored")
    reason = reader.take("reason", str, "").strip()
    if not reason:
        msg_0 = "reason"
        raise reader.fail(msg_0, "is missing: an ignore says why")
    if until and not isinstance(until, date):
        try:
            until = date.fromisoformat(until)
        except (TypeError, ValueError):
            msg_0 = "until"
            raise reader.fail(msg_0, f"should be a day such as 2027-01-31, and is {until!r}") from None
    lines = [number for number, line in enumerate(source.text.split("\n"), 1) if re.match(r"\s*\[\[\s*ignore", line)]
    location = Location(source.name, lines[index] if index < len(lines) else 0, 1)
    ignore = Ignore(
        rules,
        reason,
        location,
        files=reader.strings("files"),
        subject=reader.take("subject", str, ""),
        until=until.isoformat()[:10] if until else "",
    )
    reader.done()
    return ignore


_INLINE: Final = re.compile(
    r"sealock:[ \t]*ignore(?P<file>-file)?(?:\[(?P<rules>[^\]\n]{0,400})\])?(?P<rest>[^\n]{0,1000})"
)
_COMMENT: Final = re.compile(r"\s*(#|//|<!--|;)")


def inline(source: Source) -> tuple[tuple[Ignore, ...], tuple[Problem, ...]]:
    """Read the ignores that stand in a text's own comments, and say what is wrong with those that are not valid.

    `# sealock: ignore[C001,C002] reason` covers its own line; on a line of its own it covers the next statement:
    the next line, what continues it, and what is indented beneath it. `ignore-file[…]` covers the whole text. A day may
    follow the reason: `until=2027-01-31`.
    """
    ignores: list[Ignore] = []
    problems: list[Problem] = []
    if "sealock:" not in source.text:
        return (), ()
    for match in _INLINE.finditer(source.text):
        line, column = source.position(match.start())
        before = source.line(line)[: column - 1]
        if not re.search(r"(#|//|<!--|;)[^\n]*$", before):
            continue
        location = Location(source.name, line, column, line, column + len(match[0].rstrip()))
        rules = tuple(part.strip() for part in (match["rules"] or "").split(",") if part.strip())
        rest = match["rest"].strip().removesuffix("-->").strip()
        day = re.search(r"\buntil\s*=\s*(\S+)\s*$", rest)
        until, reason = (day[1], rest[: day.start()].strip()) if day else ("", rest)
        if fault := _inline_fault(rules, reason, until):
            problems.append(Problem(fault, location))
            continue
        lines = None if match["file"] else _covered(source, line, alone=_COMMENT.match(source.line(line)) is not None)
        ignores.append(Ignore(rules, reason, location, until=until, lines=lines))
    return tuple(ignores), tuple(problems)


def _inline_fault(rules: tuple[str, ...], reason: str, until: str) -> str:
    if not rules:
        return "this ignore names no rule: write sealock: ignore[RULE] and the reason"
    if wrong := [rule for rule in rules if not _RULE.fullmatch(rule)]:
        return f"this ignore names {wrong[0]!r}, which is not a rule's id"
    if not reason:
        return "this ignore has no reason, and is not honoured: say why after the bracket"
    if until:
        try:
            date.fromisoformat(until)
        except ValueError:
            return f"this ignore ends on {until!r}, which is not a day such as 2027-01-31"
    return ""


def _covered(source: Source, line: int, *, alone: bool) -> tuple[int, int]:
    """The lines that an inline ignore covers: its own, or the statement after a comment of its own."""
    first = line
    last_line = len(source.starts)
    if alone:
        first = line + 1
        while first <= last_line and (not source.line(first).strip() or _COMMENT.match(source.line(first))):
            first += 1
    indent = _indent(source.line(first))
    last = first
    while last < last_line:
        text, following = source.line(last).rstrip(), source.line(last + 1)
        continued = text.endswith(("\\", "`")) or (last > first and _COMMENT.match(text) is not None)
        deeper = alone and following.strip() and _indent(following) > indent
        if not (continued or deeper):
            break
        last += 1
    return first, last


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def excuse(
    findings: Iterable[Finding], name: str, policy: Policy, ignores: tuple[Ignore, ...], today: date
) -> Iterator[tuple[Finding, Ignore | None]]:
    """Give each finding its severity by the policy and its suppression, with the ignore that excused it."""
    severity = dict(policy.severity)
    for found in findings:
        finding = replace(found, severity=severity[found.rule]) if found.rule in severity else found
        for ignore in (*ignores, *policy.ignores):
            if not ignore.expired(today) and ignore.covers(finding, name):
                by = f"{ignore.location.file}:{ignore.location.line}"
                yield replace(finding, suppressed=Suppression(by, ignore.reason, ignore.until)), ignore
                break
        else:
            if finding.fingerprint in policy.baseline:
                yield replace(finding, suppressed=Suppression("baseline", "known before")), None
            else:
                yield finding, None


def about_ignores(
    ignores: Iterable[Ignore], used: Iterable[Ignore], undecided: frozenset[str], today: date
) -> Iterator[Finding]:
    """Report ignores that excuse nothing or are past their day; `undecided` are rules that could not be judged."""
    used = tuple(used)
    for ignore in ignores:
        named = ", ".join(ignore.rules)
        if ignore.expired(today):
            message = f"the ignore of {named} ended on {ignore.until}, and is not honoured any more"
            yield _policy_finding(EXPIRED_IGNORE, Severity.MEDIUM, message, ignore, "Mend the cause, or set a new day.")
        elif ignore not in used and not undecided.intersection(ignore.rules):
            message = f"the ignore of {named} excuses nothing here"
            yield _policy_finding(UNUSED_IGNORE, Severity.LOW, message, ignore, "Take the ignore away.")


def _policy_finding(rule: str, severity: Severity, message: str, ignore: Ignore, remedy: str) -> Finding:
    from hashlib import sha256  # noqa: PLC0415  seldom needed

    evidence = f"{','.join(ignore.rules)} {ignore.reason}"
    return Finding(
        rule=rule,
        severity=severity,
        confidence=Confidence.HIGH,
        title=TITLES[rule],
        message=message,
        location=ignore.location,
        subject="policy",
        evidence=evidence,
        remedy=Remedy(remedy),
        references=(),
        fingerprint=sha256(f"{rule}\0{ignore.location.file}\0{evidence}".encode("utf-8", "replace")).hexdigest()[:32],
    )


def read_baseline(name: str, text: str) -> frozenset[str]:
    """Read a baseline: what `--write-baseline` wrote, or a whole JSON report."""
    import json  # noqa: PLC0415  seldom needed

    try:
        tree = json.loads(text)
        if "fingerprints" in tree:
            prints = [str(one) for one in tree["fingerprints"]]
        else:
            prints = [str(one["fingerprint"]) for target in tree["targets"] for one in target["findings"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        msg = f"{name} is not a baseline: it should be what --write-baseline wrote, or a JSON report"
        raise PolicyError(msg) from None
    return frozenset(prints)


def write_baseline(findings: Iterable[Finding]) -> str:
    """Write the baseline that excuses these findings, one fingerprint a line so that it merges well."""
    import json  # noqa: PLC0415  seldom needed

    prints = sorted({finding.fingerprint for finding in findings})
    return json.dumps({"sealock-baseline": 1, "fingerprints": prints}, indent=1) + "\n"
