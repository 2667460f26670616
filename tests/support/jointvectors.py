"""Joins the vectors of rules, as one file holds several faults: what stands before and after one must not hide it.

A rule that stops at what it leaves alone, or that looks at the first or the last of many alone, reports less of the
joined text than of its parts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import yaml

from sealock.rules.rule import Rule
from support.namevectors import MORE

_RUN_LINE = re.compile(r"docker run ((?:\S+ )*)([\w./:@-]+)\n?")
_STAGE = re.compile(r"(FROM [^\n]*\n)((?!FROM )[^\n]*\n(?:(?!FROM )[^\n]*\n)*)", re.ASCII)
_COMMAND = re.compile(r"RUN (?![-\[<])([^\n]*[^\\\n])\n")
_QUIET_SERVICES: dict[str, Any] = {
    "services": {"aa": {"image": "aa", "volumes": ["aa:/aa"], "environment": ["AA=bb"], "networks": ["aa"]}},
    "volumes": {"aa": None},
    "networks": {"aa": None},
    "secrets": {"aa": {"environment": "AA"}},
    "configs": {"aa": {"content": "AA=bb"}},
}
_QUIET_ITEMS = {
    "volumes": "aa:/aa", "environment": "AA=bb", "ports": "127.0.0.1:1111:1111", "extra_hosts": "aa:192.0.2.1", "tmpfs": "/aa:size=1m",
    "labels": "aa=bb", "networks": "aa", "secrets": "aa",
}  # fmt: skip
_TABLES = {"annotations", "driver_opts", "environment", "extra_hosts", "labels", "storage_opt", "sysctls"}
"""Keys whose mappings take any name."""
_QUIET_OPTIONS = "-v aa:/aa -e AA=bb -p 127.0.0.1:1111:1111 --label aa=bb --add-host aa:192.0.2.1"
_QUIET_LINES = """\
ARG AA
ARG AB=bb
ENV AC=bb AD=$AB
LABEL aa=bb org.opencontainers.image.title=aa
COPY aa /aa
COPY --from=example.org/aa aa /ab
ADD ab /ac
ADD --checksum=sha256:aa https://example.org/aa.txt /ad
RUN --mount=type=cache,target=/aa true; true
RUN ["true"]
COPY <<AA <<AB /ae/
AA
AB
ADD <<AA /af
AA
RUN echo aa > /etc/aa && printf aa >> /ab
RUN curl -fsSL https://example.org/aa -o /aa && chmod 644 /aa
EXPOSE 1234
"""
_QUIET_WORDS = {
    re.compile(r"^((?:ENV|ARG|LABEL) )(?=[\w.\"'-]+=)", re.MULTILINE): r"\1aa=bb ",
    re.compile(r"^(RUN )(?=[\w/])", re.MULTILINE): r"\1true && ",
    re.compile(r"^(EXPOSE )", re.MULTILINE): r"\g<1>1234 ",
    re.compile(r"^(RUN [^\n>]* )(>)", re.MULTILINE): r"\1< /dev/null 2> /dev/null \2",
}
"""What stands before the words of an instruction."""
_IN_ONE = {" in one command": "{} && {}", " in one group": "({}; {})", " in one pipeline": "{} | {}"}


def named_vectors(rule: Rule[Any]) -> Iterator[tuple[str, str]]:
    """The vectors of a rule, each with a name: its number, or its text where it is one of many."""
    yield from ((f"bad {index}", text) for index, text in enumerate(rule.bad))
    yield from ((f"good {index}", text) for index, text in enumerate(rule.good))
    yield from ((repr(text.strip()), text) for text in MORE.get(rule.id, ()))


def numbered_vectors(rule: Rule[Any]) -> Iterator[tuple[str, str]]:
    """The vectors of a rule, each with its number."""
    for kind, texts in (("bad", rule.bad), ("good", rule.good), ("more", MORE.get(rule.id, ()))):
        yield from ((f"{kind} {index}", text) for index, text in enumerate(texts))


def joints(rule: Rule[Any]) -> Iterator[tuple[tuple[str, str], str, str]]:
    """Texts of two vectors of a rule each: their names, how they are joined, and the text.

    Bad stands beside good in both orders, and beside bad; of the many each beside the next.
    """
    vectors = list(named_vectors(rule))
    bad, good = vectors[: len(rule.bad)], vectors[len(rule.bad) : len(rule.bad) + len(rule.good)]
    pairs = [pair for one in bad for other in good for pair in ((one, other), (other, one))]
    pairs += [*((one, other) for one in bad for other in bad), *pairwise(vectors[len(bad) + len(good) :])]
    for (first, one), (second, other) in pairs:
        for how, text in _join(one, other):
            yield (first, second), how, text
    for name, text in bad:
        if stage := _STAGE.fullmatch(f"{text.rstrip()}\n"):
            yield (name, name), " in two stages", f"{stage[0]}{stage[0]}"


def after_quiet(text: str) -> Iterator[tuple[str, str, str]]:
    """A vector behind what most rules leave alone: how, that by itself, and both in one text."""
    if line := _RUN_LINE.fullmatch(text):
        yield "options", "", f"docker run {_QUIET_OPTIONS} {line[1]}{line[2]}\n"
    if stage := _STAGE.fullmatch(f"{text.rstrip()}\n"):
        yield "lines", f"{stage[1]}{_QUIET_LINES}", f"{stage[1]}{_QUIET_LINES}{stage[2]}"
        for pattern, words in _QUIET_WORDS.items():
            if (changed := pattern.sub(words, text)) != text:
                yield "words", "", changed
    if text.startswith("services:"):
        data = yaml.safe_load(text)
        services = yaml.safe_dump(_QUIET_SERVICES, sort_keys=False)
        yield "a service", services, yaml.safe_dump(_merge(_QUIET_SERVICES, data), sort_keys=False)
        for service in data["services"].values():
            for key, item in _QUIET_ITEMS.items():
                if isinstance(service, dict) and isinstance(service.get(key), list):
                    service[key].insert(0, item)
        data = _with_quiet_entries(data)
        yield "items", "", yaml.safe_dump(data, sort_keys=False)


def _with_quiet_entries(value: Any) -> Any:
    """The value with a quiet entry before those of each table."""
    if not isinstance(value, dict):
        return value
    return {
        key: {"aa": "bb"} | inner if key in _TABLES and isinstance(inner, dict) else _with_quiet_entries(inner)
        for key, inner in value.items()
    }


def _join(one: str, other: str) -> Iterator[tuple[str, str]]:
    lines = _RUN_LINE.fullmatch(one), _RUN_LINE.fullmatch(other)
    if lines[0] and lines[1]:
        yield "", f"docker run {lines[0][1]}{lines[1][1]}{lines[1][2]}\n"
    if one.startswith("{") and other.startswith("{"):
        yield "", json.dumps(_merge(json.loads(one), json.loads(other)))
    stages = _STAGE.fullmatch(f"{one.rstrip()}\n"), _STAGE.fullmatch(f"{other.rstrip()}\n")
    if stages[0] and stages[1]:
        yield "", f"{stages[1][1]}{stages[0][2]}{stages[1][2]}"
        commands = _COMMAND.fullmatch(stages[0][2]), _COMMAND.fullmatch(stages[1][2])
        if commands[0] and commands[1]:
            for how, joined in _IN_ONE.items():
                yield how, f"{stages[1][1]}RUN {joined.format(commands[0][1], commands[1][1])}\n"
    if one.startswith("services:") and other.startswith("services:"):
        yield "", yaml.safe_dump(_merge(yaml.safe_load(one), yaml.safe_load(other)), sort_keys=False)


def _merge(one: Any, other: Any) -> Any:
    """Both JSON values: objects by their names, lists one after the other, of the rest the second."""
    match one, other:
        case dict(), dict():
            return one | {name: _merge(one[name], value) if name in one else value for name, value in other.items()}
        case list(), list():
            return [*one, *other]
    return other
