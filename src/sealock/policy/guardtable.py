"""Reads the table [guard] of sealock.toml."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Any, Final

from sealock.errors import PolicyError
from sealock.model.location import Location, Source
from sealock.model.severity import Severity
from sealock.patterns import compile_lazily
from sealock.policy.guard import (
    OWNER_LABEL,
    CallerConditions,
    GuardCaller,
    GuardExemption,
    GuardLimits,
    GuardPolicy,
    Reach,
)
from sealock.policy.guardpresets import PRESETS
from sealock.policy.imagepatterns import ImagePattern, PatternError, read_pattern
from sealock.policy.tables import TableReader, as_toml

_MODES: Final = ("enforce", "audit")
_CHANGES: Final = ("no-new-privileges", "cap-drop", "limits", "digest", "loopback")
_NEEDS: Final = ("digest", "trust", "no-exploited")
_SEVERITIES: Final = {severity.word: severity for severity in Severity}
_RULE: Final = compile_lazily(r"[A-Z]\d{3}")
_GROUP: Final = compile_lazily(r"[a-z]+(?::(?:read|write))?")
_ROUTE: Final = compile_lazily(r"(?:GET|HEAD|POST|PUT|DELETE) /[A-Za-z0-9_{}/.-]+")
_VERSION: Final = compile_lazily(r"1\.([1-9]\d)")
_MEMORY: Final = compile_lazily(r"(\d{1,12})([kmg]?)b?", re.IGNORECASE)
_UNITS: Final = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def read_guard(source: Source, table: dict[str, Any]) -> GuardPolicy:
    """Read the table; PolicyError says what is wrong and where."""
    reader = TableReader(source, table, "[guard] ")
    mode = _word(reader, "mode", _MODES)
    callers = _tables(reader, "caller")
    exemptions = _tables(reader, "exempt")
    policy = GuardPolicy(
        tuple(
            _caller(source, entry, f"[[guard.caller]] number {number}: ", location, mode)
            for number, (entry, location) in enumerate(callers, 1)
        ),
        tuple(
            _exemption(source, entry, f"[[guard.exempt]] number {number}: ", location)
            for number, (entry, location) in enumerate(exemptions, 1)
        ),
        mode,
        _version(reader),
        reader.take("label", str, OWNER_LABEL),
        given=True,
    )
    reader.done()
    names = [caller.name for caller in policy.callers]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        key = "caller"
        raise reader.fail(key, f"has the name {as_toml(twice)} twice")
    return policy


def _tables(reader: TableReader, key: str) -> list[tuple[dict[str, Any], Location]]:
    """A list of tables, each with its line."""
    entries = reader.take(key, list, [])
    pattern = rf"\s*\[\[\s*guard\s*\.\s*{key}\s*\]\]"
    lines = [number for number, line in enumerate(reader.source.text.split("\n"), 1) if re.match(pattern, line)]
    lines += [0] * (len(entries) - len(lines))
    if not all(isinstance(entry, dict) for entry in entries):
        raise reader.fail(key, f"should be a list of tables, as [[guard.{key}]] writes them")
    return [(entry, Location(reader.source.name, line, 1)) for entry, line in zip(entries, lines, strict=False)]


def _caller(source: Source, entry: dict[str, Any], where: str, location: Location, mode: Any) -> GuardCaller:  # noqa: ANN401  one of the words
    reader = TableReader(source, entry, where)
    name = reader.take("name", str, "").strip()
    if not name:
        raise _missing(reader, "name", "write what the log should call this caller")
    preset = reader.take("preset", str, "")
    if preset and preset not in PRESETS:
        key = "preset"
        raise reader.fail(key, f"should be one of {', '.join(PRESETS)}, and is {as_toml(preset)}")
    given = PRESETS.get(preset, {})
    allow = (*given.get("allow", ()), *reader.strings("allow"))
    reader.table = {key: value for key, value in given.items() if key != "allow"} | reader.table
    if not allow:
        raise _missing(reader, "allow", "name groups of routes (containers:read), single routes, or a preset")
    made = GuardCaller(
        name,
        CallerConditions(
            _numbers(reader, "uid"),
            _numbers(reader, "gid"),
            reader.strings("tls-name"),
            reader.strings("container"),
            _patterns(reader, "container-image"),
            _labels(reader, "container-label"),
        ),
        location,
        _allowed(reader, allow),
        _word(reader, "mode", _MODES) if "mode" in reader.table else mode,
        reader.take("own", bool, default=False),
        _SEVERITIES[_word(reader, "fail-on", ("high", *_SEVERITIES))],
        _rules(reader, "deny"),
        _rules(reader, "accept"),
        Reach(reader.strings("names"), _patterns(reader, "images"), _labels(reader, "labels")),
        _paths(reader, "binds"),
        reader.strings("devices"),
        reader.strings("volume-drivers"),
        reader.strings("network-drivers") if "network-drivers" in reader.table else ("bridge",),
        reader.strings("log-drivers"),
        _words(reader, "change", _CHANGES),
        _words(reader, "require", _NEEDS),
        GuardLimits(_memory(reader), _cpus(reader), _count(reader, "pids") or None),
        _count(reader, "requests-per-second"),
        _count(reader, "containers"),
    )
    reader.done()
    if "limits" in made.changes and made.limits == GuardLimits():
        raise _missing(reader, "memory", 'change = ["limits"] sets memory, cpus and pids, and none is given')
    return made


def _exemption(source: Source, entry: dict[str, Any], where: str, location: Location) -> GuardExemption:
    reader = TableReader(source, entry, where)
    rules = _rules(reader, "rule")
    reason = reader.take("reason", str, "").strip()
    until: Any = reader.table.pop("until", None)
    if not rules:
        raise _missing(reader, "rule", "name the rules that should not deny")
    if not reason:
        raise _missing(reader, "reason", "an exemption needs one")
    if until is None:
        raise _missing(reader, "until", "write its last day, like 2027-01-31")
    try:
        day = until if isinstance(until, date) else date.fromisoformat(until)
    except (TypeError, ValueError):
        key = "until"
        raise reader.fail(key, f"should be the last day, like 2027-01-31, and is {as_toml(until)}") from None
    images, names = _patterns(reader, "image"), reader.strings("name")
    made = GuardExemption(rules, reason, day, location, reader.take("caller", str, ""), images, names)
    reader.done()
    return made


def _missing(reader: TableReader, key: str, what: str) -> PolicyError:
    return reader.fail(key, f"is missing: {what}")


def _allowed(reader: TableReader, words: Iterable[str]) -> frozenset[str]:
    """Groups as "group:read" and "group:write", and routes; the guard checks that it knows them."""
    allowed: set[str] = set()
    for word in words:
        if _ROUTE.fullmatch(word):
            allowed.add(word)
        elif _GROUP.fullmatch(word):
            allowed |= {word} if ":" in word else {f"{word}:read", f"{word}:write"}
        else:
            key = "allow"
            raise reader.fail(
                key, f"should be groups like containers:read, or routes like GET /info, not {as_toml(word)}"
            )
    return frozenset(allowed)


def _word(reader: TableReader, key: str, words: tuple[str, ...]) -> Any:  # noqa: ANN401  one of the words
    word = reader.take(key, str, words[0])
    if word not in words:
        raise reader.fail(key, f"should be one of {', '.join(dict.fromkeys(words))}, and is {as_toml(word)}")
    return word


def _words(reader: TableReader, key: str, words: tuple[str, ...]) -> Any:  # noqa: ANN401  some of the words
    chosen = reader.strings(key)
    for word in chosen:
        if word not in words:
            raise reader.fail(key, f"should be some of {', '.join(words)}, and has {as_toml(word)}")
    return chosen


def _rules(reader: TableReader, key: str) -> tuple[str, ...]:
    rules = reader.strings(key)
    for rule in rules:
        if not _RULE.fullmatch(rule):
            raise reader.fail(key, f"names {as_toml(rule)}, which is no rule's id")
    return rules


def _patterns(reader: TableReader, key: str) -> tuple[ImagePattern, ...]:
    try:
        return tuple(read_pattern(text) for text in reader.strings(key))
    except PatternError as error:
        raise reader.fail(key, str(error)) from None


def _labels(reader: TableReader, key: str) -> tuple[tuple[str, str], ...]:
    table = reader.take(key, dict, {})
    if not all(isinstance(value, str) for value in table.values()):
        raise reader.fail(key, 'should be a table of strings, like { team = "web" }')
    return tuple(table.items())


def _numbers(reader: TableReader, key: str) -> tuple[int, ...]:
    value = reader.table.pop(key, [])
    numbers = value if isinstance(value, list) else [value]
    if not all(isinstance(number, int) and not isinstance(number, bool) and number >= 0 for number in numbers):
        raise reader.fail(key, f"should be numbers as `id` prints them, and is {as_toml(value)}")
    return tuple(numbers)


def _count(reader: TableReader, key: str) -> int:
    number: int = reader.take(key, int, 0)
    if number < 0:
        raise reader.fail(key, f"should be a number from 1, and is {number}")
    return number


def _cpus(reader: TableReader) -> float | None:
    key = "cpus"
    value = reader.table.pop(key, None)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 10_000):
        raise reader.fail(key, f"should be a number like 1.5, and is {as_toml(value)}")
    return None if value is None else float(value)


def _memory(reader: TableReader) -> int | None:
    key = "memory"
    text = reader.take(key, str, "")
    if not text:
        return None
    match = _MEMORY.fullmatch(text)
    if match is None or not int(match[1]):
        raise reader.fail(key, f"should be a size like 512M or 2G, and is {as_toml(text)}")
    return int(match[1]) * _UNITS[match[2].lower()]


def _paths(reader: TableReader, key: str) -> tuple[str, ...]:
    paths = reader.strings(key)
    for path in paths:
        if not path.startswith("/") or any(part in {"", ".", ".."} for part in path.strip("/").split("/")[:-1]):
            raise reader.fail(key, f"should be absolute paths of the host, and has {as_toml(path)}")
    return tuple(path.rstrip("/") or "/" for path in paths)


def _version(reader: TableReader) -> tuple[int, int] | None:
    key = "newest-api"
    text = reader.take(key, str, "")
    if not text:
        return None
    match = _VERSION.fullmatch(text)
    if match is None:
        raise reader.fail(key, f'should be a version like "1.56", and is {as_toml(text)}')
    return 1, int(match[1])
