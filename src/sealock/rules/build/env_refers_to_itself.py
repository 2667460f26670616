from __future__ import annotations

import re

from sealock.model.build import Env, LabelSet, Pair
from sealock.rules.kit import Build, Edit, Iterator, Place, Rule, RuleFinding, Severity, docker_docs


class EnvRefersToItself(Rule[Build]):
    """ENV refers to a variable that it sets itself.

    BuildKit expands all values of an instruction before it sets any of them: the reference gets the earlier value, or
    none.
    """

    id = "B153"
    keywords = ("ENV", "variable")
    aliases = ("DL3044",)
    severity = Severity.LOW
    references = (docker_docs("reference/dockerfile/#environment-replacement"),)
    remedy = "Set the referenced variable in a separate ENV before this one."
    bad = (
        "FROM debian:12\nENV HOME_DIR=/app BIN=$HOME_DIR/bin\n",
        "FROM debian:12\nENV A=1 \\\n    B=${A}2 \\\n    C=3\n",
    )
    good = (
        "FROM debian:12\nENV HOME_DIR=/app\nENV BIN=$HOME_DIR/bin\n",
        "FROM debian:12\nENV PATH=/app/bin:$PATH A=b\n",
        "FROM debian:12\nENV A=b C='$A'\n",
        "FROM debian:12\nARG A\nENV A=${A} B=${A}/bin\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for at, _, env in build.each(Env):
            before: dict[str, int] = {}
            for index, pair in enumerate(env.pairs):
                used = [name for name in _used(pair) if name in before]
                name = min(used, key=before.__getitem__, default="")
                if name and pair.name != name:
                    yield self.finding(
                        f"uses ${name} for {pair.name} in the same ENV that sets it",
                        at,
                        place=pair.place,
                        fix=_split(build, env, index),
                    )
                if not _keeps(pair):
                    before.setdefault(pair.name, index)


def _keeps(pair: Pair) -> bool:
    """Whether a variable keeps the value that it has: A=$A."""
    raw = pair.value.raw if pair.value is not None else ""
    return raw.strip('"') in {f"${pair.name}", f"${{{pair.name}}}"}


def _used(pair: Pair) -> set[str]:
    """The variables that a value refers to."""
    raw = pair.value.raw if pair.value is not None else ""
    if raw[:1] == "'" == raw[-1:] or "$" not in raw:
        return set()
    return {match[1] for match in re.finditer(r"(?<!\\)\$\{?(\w+)", raw)}


def _split(build: Build, env: Env | LabelSet, index: int) -> tuple[Edit, ...]:
    """Begin a new ENV before the pair, if only blanks and a line break separate it from the previous pair."""
    gap = Place(env.pairs[index - 1].place.end, env.pairs[index].place.start)
    between = build.excerpt(gap).replace(build.escape, "", 1)
    return (Edit(gap, f"\n{build.excerpt(env.keyword_place)} "),) if not between.strip() and not env.onbuild else ()
