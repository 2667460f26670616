from __future__ import annotations

import re

from sealock.model.build import (
    AddFile,
    Arg,
    BuildText,
    Copy,
    Env,
    Expose,
    Instruction,
    LabelSet,
    StopSignal,
    User,
    Volume,
    Workdir,
)
from sealock.rules.build._ran import bases
from sealock.rules.kit import Build, Edit, Final, Iterator, Rule, RuleFinding, Severity, docker_docs

_USE: Final = r"(?<!\\)\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))"
"""A plain use; uses with a default or another operator handle a missing variable themselves."""
_IF_SET: Final = r"\$\{([A-Za-z_]\w*):?\+"
"""The start of a text for a variable that is set: ${A:+:$A} uses it only then."""
_PREDEFINED: Final = frozenset({"PATH", "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"})
_PLATFORM: Final = r"(BUILD|TARGET)(PLATFORM|OS|OSVERSION|ARCH|VARIANT)"
_LONGEST: Final = 100
"""Characters of a name for which another is suggested."""


class VariableUndefined(Rule[Build]):
    """Undefined variable.

    The variable expands to nothing, so a path or version is incomplete. An ARG before the first FROM applies only to
    FROM, until the stage repeats it with its own ARG; the same goes for the platform arguments (TARGETARCH and so on).
    """

    id = "B149"
    keywords = ("undefined variable", "ARG", "ENV")
    aliases = ("UndefinedVar",)
    differs = (("UndefinedVar", "only if certain: BuildKit knows the variables of the base image"),)
    severity = Severity.LOW
    references = (docker_docs("reference/build-checks/undefined-var/"),)
    remedy = "Declare it in this stage with ARG or ENV, or correct its spelling."
    bad = (
        "ARG VERSION=1\nFROM debian:12\nCOPY app-$VERSION /app\n",
        "FROM debian:12\nCOPY app-$TARGETARCH /app\n",
        "FROM debian:12\nARG VERSION=1\nCOPY app-$VERSIN /app\n",
        "FROM scratch\nCOPY app /$NAME\n",
    )
    good = (
        "ARG VERSION=1\nFROM debian:12\nARG VERSION\nCOPY app-$VERSION /app\n",
        "FROM debian:12\nCOPY app $JAVA_HOME/\n",
        "FROM scratch\nENV PATH=$PATH:/app\nCOPY app-${VERSION:-1} /app\n",
        "FROM debian:12\nENV A='$B' C=\\$D\n",
        'FROM debian:12\nENV PATH=/a\nENV CPATH="/b:$CPATH" B="/c${BPATH:+:$BPATH}"\n',
    )

    fixable = False

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        outer = {pair.name for arg in build.arguments for pair in arg.pairs}
        below = bases(build)
        known: dict[int, set[str]] = {}
        near = _NearNames()
        for stage in build.stages:
            names: set[str] = set(known.get(stage.start.stage, ()) if stage.start.stage is not None else ())
            known[stage.index] = names
            bare = below[stage.index] == "scratch"
            for index, instruction in enumerate(stage.instructions):
                own = {pair.name for pair in instruction.pairs} if isinstance(instruction, Arg | Env) else set()
                if not instruction.onbuild:
                    for text in _texts(instruction):
                        for name in dict.fromkeys(_used(text.raw)):
                            why, better = _evaluated(name, names, outer, near, bare=bare)
                            if better and name in own:
                                continue  # it adds to what the base image may set
                            if why:
                                fix = Edit(text.place, text.raw.replace(name, better)) if better else ()
                                yield self.finding(
                                    f"uses ${name}, which {why}",
                                    ("stages", stage.index, "instructions", index),
                                    place=text.place,
                                    fix=fix,
                                )
                if isinstance(instruction, Arg | Env):
                    names.update(pair.name for pair in instruction.pairs)
                    near.add(pair.name for pair in instruction.pairs)


def _used(raw: str) -> Iterator[str]:
    if "$" in raw and not (raw[:1] == "'" == raw[-1:]):
        if_set = set(re.findall(_IF_SET, raw)) if "+" in raw else set()
        for match in re.finditer(_USE, raw):
            if (name := match[1] or match[2]) not in if_set:
                yield name


def _evaluated(name: str, names: set[str], outer: set[str], near: _NearNames, *, bare: bool) -> tuple[str, str]:
    """Why the variable is unset ("" if it may be set), and the name that was probably meant."""
    if name in names or name.upper() in _PREDEFINED:
        return "", ""
    if name in outer:
        return "applies only to FROM until the stage has an ARG for it", ""
    if re.fullmatch(_PLATFORM, name):
        return "needs an ARG in this stage", ""
    if bare:
        return "is not set", ""
    meant = min((other for other in near.of(name) if other in names), default="")
    return (f"is not set; did you mean ${meant}?", meant) if meant else ("", "")


class _NearNames:
    """The names of all stages, found by what is left without one letter: two that differ by a slip agree in that."""

    def __init__(self) -> None:
        self._by_rest: dict[str, set[str]] = {}

    def add(self, names: Iterator[str]) -> None:
        """Add names."""
        for name in names:
            for rest in self._rests(name):
                self._by_rest.setdefault(rest, set()).add(name)

    def of(self, name: str) -> Iterator[str]:
        """The names from which this one differs by a slip."""
        if len(name) > 3:
            for rest in self._rests(name):
                yield from (other for other in self._by_rest.get(rest, ()) if _one_slip(name, other))

    @staticmethod
    def _rests(name: str) -> set[str]:
        if not 3 <= len(name) <= _LONGEST:
            return set()
        return {name, *(name[:at] + name[at + 1 :] for at in range(len(name)))}


def _one_slip(a: str, b: str) -> bool:
    """Whether a and b, equal but for a letter of each, differ by one added, missing, changed or swapped letter."""
    start = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    rest_a, rest_b = a[start:], b[start:]
    if rest_a[1:] == rest_b[1:]:
        # Numbered names differ in a digit on purpose.
        return not (rest_a[:1].isdigit() or rest_b[:1].isdigit())
    return rest_a[1:] == rest_b or rest_a == rest_b[1:] or (rest_a[:2] == rest_b[1::-1] and rest_a[2:] == rest_b[2:])


def _texts(instruction: Instruction) -> Iterator[BuildText]:
    """The arguments in which BuildKit expands variables."""
    match instruction:
        case Copy() | AddFile():
            yield from instruction.sources if not instruction.heredocs else ()
            yield instruction.target
        case Env() | LabelSet() | Arg():
            for pair in instruction.pairs:
                if pair.value is not None:
                    yield pair.value
        case Workdir(path=text) | User(user=text) | StopSignal(signal=text):
            yield text
        case Expose(ports=texts) | Volume(paths=texts):
            yield from texts
        case _:
            return
