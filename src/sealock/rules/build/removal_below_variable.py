from __future__ import annotations

import re
from collections.abc import Callable

from sealock.model.build import Arg, Env, Run, Stage
from sealock.rules.build._ran import inherited, once, ran
from sealock.rules.kit import (
    UNSET,
    At,
    Build,
    Confidence,
    Edit,
    Final,
    Iterator,
    Place,
    Rule,
    RuleFinding,
    Severity,
    page,
)

_BELOW: Final = r"""["']?\$(?:\{(?P<braced>[A-Za-z_]\w*)\}|(?P<bare>[A-Za-z_]\w*))["']?/"""
_ALWAYS_SET: Final = frozenset({"HOME", "PWD", "TMPDIR", "OLDPWD"})


class RemovalBelowVariable(Rule[Build]):
    """rm -r below a variable that may be empty.

    With an empty variable, `rm -rf $DIR/*` deletes the whole file system of the image, and everything mounted into the
    build. With ${DIR:?} the shell stops instead.
    """

    id = "B181"
    keywords = ("rm -r", "rm -rf", "variable")
    severity = Severity.LOW
    confidence = Confidence.MEDIUM
    safe = True
    references = (page("ShellCheck SC2115", "https://www.shellcheck.net/wiki/SC2115"),)
    remedy = "Write ${NAME:?}, so that the command fails if the variable is empty."
    bad = ("FROM debian:12\nRUN rm -rf $BUILD_DIR/*\n", 'FROM debian:12\nRUN rm -fr "${BUILD_DIR}/obj"\n')
    good = (
        "FROM debian:12\nRUN rm -rf ${BUILD_DIR:?}/*\n",
        "FROM debian:12\nENV BUILD_DIR=/build\nRUN rm -rf $BUILD_DIR/*\n",
        'FROM debian:12\nRUN d=$(mktemp -d) && rm -rf "$d/x" $HOME/y\n',
        "FROM debian:12\nRUN rm -f $X/y\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        variables = once(_given)
        known: dict[str, Callable[[Stage], bool]] = {}
        assigned: dict[At, frozenset[str]] = {}
        for call in ran(build, "rm"):
            if not call.command.option("-r", "-R", "--recursive"):
                continue
            if call.at not in assigned:
                assigned[call.at] = _assigned(call.run)
            for word in call.command.words[1:]:
                raw = build.excerpt(word.place)
                if word.literal or raw[:1] == "'" or (match := re.match(_BELOW, raw)) is None:
                    continue
                group = "braced" if match["braced"] else "bare"
                name = match[group]
                if name in _ALWAYS_SET or name in assigned[call.at]:
                    continue
                if name not in known:
                    known[name] = inherited(build, lambda stage, name=name: name in variables(stage))  # type: ignore[misc]  # mypy cannot infer a default's type
                if known[name](call.stage):
                    continue
                start, end = match.span(group)
                wide = group == "braced"
                place = Place(word.place.start + start - wide, word.place.start + end + wide)
                yield self.finding(
                    f"deletes from / down if ${name} is empty",
                    call.at,
                    place=word.place,
                    fix=Edit(place, f"{{{name}:?}}"),
                )


def _assigned(run: Run) -> frozenset[str]:
    return frozenset(assignment.name for command in run.script.commands() for assignment in command.assignments)


def _given(stage: Stage) -> frozenset[str]:
    """The variables that an ENV sets, or an ARG with a default, which the caller can only override."""
    return frozenset(
        pair.name
        for instruction in stage.of(Env, Arg)
        for pair in instruction.pairs
        if pair.effective not in {UNSET, ""}
    )
