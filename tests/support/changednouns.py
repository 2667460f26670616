"""Nouns with some fields changed, as lines that say what then differs: for `support.edgerecords`.

A text is a JSON object: "as" is the form, and other keys are paths of fields (names, with spaces between), each with
what to put there: a number, a text, true, false or null; "UNSET" or "UNKNOWN"; a list of numbers for the items to keep,
twice or in another order, or of texts; `{"like": PATH}` for what another field holds; or
`{"text": TEXT, "times": NUMBER}`. The path "*" stands for each text of the noun, each number, each truth value or, with
`{"items": NUMBER}`, each list that has any.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from difflib import unified_diff
from enum import Enum
from functools import cache, partial
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints
from zlib import crc32

from msgspec import Struct
from msgspec.structs import replace

from reports import inspections, inventories, nouns, samples
from sealock import __version__
from sealock.model.absent import UNKNOWN, UNSET, Absent
from sealock.model.location import Source
from sealock.model.report import Report
from sealock.reports import (
    MODULES,
    bases,
    benchmark,
    database,
    hostreport,
    imagediff,
    inspected,
    podsecurity,
    profile,
    render,
    rules,
    trust,
    unused,
    userns,
)
from sealock.reports.sbom import render as render_sbom
from support.decidednouns import DECIDED
from support.profiles import web
from support.sweeps import Reader

Renderer = Callable[[Any], str]
_Shown = tuple[Callable[[], Any], dict[str, Renderer]]
_ABSENT: Final[dict[str, Any]] = {"UNSET": UNSET, "UNKNOWN": UNKNOWN}
_MOST_LETTERS: Final = 110
_MOST_LINES: Final = 3


def _terminals(page: Callable[..., str], **every: Any) -> dict[str, Renderer]:
    """A page at a common width, and a narrow one in colour without Unicode and with all that it can show."""
    return {
        "wide": partial(page, width=100),
        "narrow": partial(page, width=30, colour=True, unicode=False, **every),
    }


def _report() -> Report:
    parts = (samples.plain(), samples.vulnerable(), samples.broken())
    return replace(parts[0], targets=tuple(target for part in parts for target in part.targets))


_REPORT_PAGE: Final = partial(render, "terminal")
_REPORTED: Final[dict[str, _Shown]] = {
    "findings": (_report, {form: partial(render, form) for form in MODULES if form != "terminal"}
        | _terminals(_REPORT_PAGE, show_suppressed=True, verbose=True, every=True)
        | {"host": lambda report: json.dumps(json.loads(hostreport.render_host_report(hostreport.host_report(report, "a"))), indent=1)}),
    "inventories": (inventories.inventory, {form: partial(render_sbom, form) for form in ("table", "cyclonedx", "spdx", "json")}),
    "inspections": (lambda: inspections.LEARNT, _terminals(inspected.render, explain=True)),
    "image-diffs": (nouns.image_diff, {form: partial(imagediff.render, form) for form in ("json", "markdown")}
        | _terminals(partial(imagediff.render, "terminal"))),
    "trust-results": (nouns.trust_results, {"narrow": lambda results: trust.render_text(results, 50), "wide": lambda results: trust.render_text(results, 120), "json": trust.render_json,
        "unverified": lambda results: "\n".join(map(trust.unverified, results))}),
    "learned-profiles": (lambda: (web(), web(users=("7:7",), read=(), written=("/x", "/y"))), _terminals(lambda pair, **style: profile.render_profile(pair[0], "web.json", **style))
        | {"difference": lambda pair: profile.render_difference(*pair, width=60), "grown": lambda pair: str(profile.grown(*pair))}),
    "remapping-plans": (nouns.remapping_plan, {"json": userns.as_json} | _terminals(userns.render, every=True)),
    "pod-security": (nouns.pod_security, {"json": podsecurity.render_json} | _terminals(podsecurity.render, every=True)),
    "benchmarks": (nouns.benchmark, {"json": benchmark.render_json} | _terminals(benchmark.render, every=True)),
    "base-advice": (nouns.advice, {form: partial(bases.render, form) for form in ("json", "files")} | _terminals(partial(bases.render, "terminal"))),
    "unused-packages": (nouns.unused, {"json": unused.as_json} | _terminals(unused.render)),
    "rule-pages": (nouns.rule_pages, {"json": partial(rules.render, form="json"), "markdown": partial(rules.render, form="markdown"), "markdown explained": partial(rules.render, form="markdown", explain=True)}
        | _terminals(rules.render, explain=True)),
    "feeds": (nouns.feeds, {"json": lambda rows: database.as_json(rows, path="/db", size=5), "status": lambda rows: database.status(rows, "/db", 5_000_000, 1_764_000_000, 80),
        "outcomes": lambda rows: database.outcomes(rows, 60), "shared": lambda rows: database.shared("x.example/db@sha256:1", "pushed", rows, 900)}),
}  # fmt: skip
_NOUNS: Final[dict[str, _Shown]] = {**_REPORTED, **DECIDED}
_ROOMS: Final = ("reports", "scan", "vulnerabilities", "baseimage")


def readers(room: str) -> dict[str, Reader]:
    """The readers of the nouns of a room."""
    return {name: partial(_differences, name) for name in _NOUNS} if room in _ROOMS else {}


def _differences(name: str, text: str) -> list[str]:
    table = json.loads(text)
    form = table.pop("as", "")
    _, renderers = _NOUNS[name]
    if form not in renderers:
        return ["no such form"]
    noun, before = _before(name, form)
    if not table:
        return [f"{len(before)} lines {crc32(repr(before).encode()):08x}"]
    after = noun
    for path, value in table.items():
        after = _put_all(after, value) if path == "*" else _put(after, path.split(), _Value(value, noun))
    lines = renderers[form](after).replace(__version__, "VERSION").splitlines()
    return list(_changed(before, lines))


@cache
def _before(name: str, form: str) -> tuple[Any, list[str]]:
    making, renderers = _NOUNS[name]
    noun = making()
    return noun, renderers[form](noun).replace(__version__, "VERSION").splitlines()


def _changed(before: list[str], after: list[str]) -> Iterator[str]:
    """The first lines that are new, or gone where none is; how many change, and a sum of them."""
    start = next((at for at, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1]), min(len(before), len(after)))  # fmt: skip
    diff = unified_diff(before[start:], after[start:], n=0, lineterm="")
    changed = [line for line in diff if line[:2] != "@@"][2:]
    for line in ([line for line in changed if line[0] == "+"] or changed)[:_MOST_LINES]:
        yield ascii(line)[1:-1][:_MOST_LETTERS]
    if changed:
        yield f"{len(changed)} lines {crc32(repr(changed).encode()):08x}"


class _Value(Struct, frozen=True):
    """What to put in place of what a field holds."""

    value: Any
    noun: Any

    def put(self, held: Any) -> Any:
        """Put it there; ValueError where that is no value of its kind."""
        value = self.value
        if isinstance(value, dict):
            if "times" in value:
                return str(value["text"]) * value["times"]
            return _at(self.noun, str(value["like"]).split())
        if isinstance(value, list):
            return tuple(item if isinstance(item, str) else held[item] for item in value)
        if isinstance(value, str) and value in _ABSENT:
            return _ABSENT[value]
        named = isinstance(held, Enum) and not isinstance(held, Absent)
        return type(held)(value) if named and value is not None else value


def _at(value: Any, path: list[str]) -> Any:
    for name in path:
        match value:
            case tuple():
                value = value[int(name)]
            case Mapping():
                value = value[name]
            case _:
                value = getattr(value, name)
    return value


def _put(value: Any, path: list[str], new: _Value) -> Any:
    if not path:
        return new.put(value)
    first, *rest = path
    if isinstance(value, tuple):
        index = int(first)
        return (*value[:index], _put(value[index], rest, new), *value[index + 1 :])
    if isinstance(value, Mapping):
        return {**value, first: _put(value[first], rest, new)}
    return replace(value, **{first: _put(getattr(value, first), rest, new)})


def _put_all(value: Any, new: Any, hint: Any = None) -> Any:
    """Put something in place of each value of its kind."""
    kinds = (hint, *get_args(hint))
    match value:
        case Source():
            return value
        case Struct():
            named = get_type_hints(type(value))
            parts = {name: getattr(value, name) for name in value.__struct_fields__}
            made = {name: _put_all(part, new, named[name]) for name, part in parts.items()}
            return replace(value, **{name: part for name, part in made.items() if part is not parts[name]})
        case tuple():
            shape = next((get_args(kind) for kind in kinds if get_origin(kind) is tuple), (None, ...))
            hints = shape if ... not in shape else shape[:1] * len(value)
            items = tuple(_put_all(each, new, inner) for each, inner in zip(value, hints, strict=True))
            if ... not in shape or not items or not isinstance(new, dict) or "items" not in new:
                return items
            return tuple(items[number % len(items)] for number in range(new["items"]))
        case bool():
            return new if isinstance(new, bool) else value
        case int() | float() if type(new) is int and not isinstance(value, Enum):
            return new
        case str() if (
            isinstance(new, dict) and "text" in new and not any(get_origin(kind) is Literal for kind in kinds)
        ):
            return str(new["text"]) * new["times"]
    return value
