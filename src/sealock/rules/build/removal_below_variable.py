"""B181."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sealock.model.build import Arg, Build, Env, Run, Stage
from sealock.model.change import Edit
from sealock.model.finding import Confidence, Fault, Severity
from sealock.model.location import Place
from sealock.rules.build._ran import lineage, ran
from sealock.rules.references import page
from sealock.rules.rule import Rule

_BELOW: Final = r"""["']?\$(?:\{(?P<braced>[A-Za-z_]\w*)\}|(?P<bare>[A-Za-z_]\w*))["']?/"""
_ALWAYS_SET: Final = frozenset({"HOME", "PWD", "TMPDIR", "OLDPWD"})


class RemovalBelowVariable(Rule[Build]):
    """`rm -r` of a path that begins with a variable that may be empty.

    With an empty variable `rm -rf $DIR/*` deletes the whole system of the image, and whatever is mounted into the
    build. Written ${DIR:?}, the shell stops instead.
    """

    id = "B181"
    severity = Severity.LOW
    confidence = Confidence.MEDIUM
    safe = True
    references = (page("ShellCheck SC2115", "https://www.shellcheck.net/wiki/SC2115"),)
    remedy = "Write ${NAME:?}, so that the command fails where the variable is empty."
    bad = ("FROM debian:12\nRUN rm -rf $BUILD_DIR/*\n", 'FROM debian:12\nRUN rm -fr "${BUILD_DIR}/obj"\n')
    good = (
        "FROM debian:12\nRUN rm -rf ${BUILD_DIR:?}/*\n",
        "FROM debian:12\nENV BUILD_DIR=/build\nRUN rm -rf $BUILD_DIR/*\n",
        'FROM debian:12\nRUN d=$(mktemp -d) && rm -rf "$d/x" $HOME/y\n',
        "FROM debian:12\nRUN rm -f $X/y\n",
    )

    def check(self, build: Build, /) -> Iterator[Fault]:
        """Look at each recursive rm."""
        for one in ran(build, "rm"):
            if not one.command.option("-r", "-R", "--recursive"):
                continue
            for word in one.command.words[1:]:
                raw = build.excerpt(word.place)
                if word.literal or raw[:1] == "'" or (match := re.match(_BELOW, raw)) is None:
                    continue
                group = "braced" if match["braced"] else "bare"
                name = match[group]
                if name in _ALWAYS_SET or _set_in(one.run, name) or _set_by(build, one.stage, name):
                    continue
                start, end = match.span(group)
                wide = group == "braced"
                place = Place(word.place.start + start - wide, word.place.start + end + wide)
                yield self.fault(
                    f"deletes from / on where ${name} is empty",
                    one.at,
                    place=word.place,
                    mend=Edit(place, f"{{{name}:?}}"),
                )


def _set_in(run: Run, name: str) -> bool:
    return any(one.name == name for command in run.script.commands() for one in command.assignments)


def _set_by(build: Build, stage: Stage, name: str) -> bool:
    """Whether an ENV gives it a value, or an ARG one that is there unless the caller takes it away."""
    outer = {pair.name for arg in build.arguments for pair in arg.pairs if pair.value is not None}
    return any(
        pair.name == name and (pair.name in outer or (pair.value is not None and pair.value.raw not in {"", '""'}))
        for below in lineage(build, stage)
        for instruction in below.of(Env, Arg)
        if isinstance(instruction, Env | Arg)
        for pair in instruction.pairs
    )
