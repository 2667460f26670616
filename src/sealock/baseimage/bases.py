"""Evaluates each kind of base for what the image starts: would it work, what would it take, and how sure is that."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from sealock.baseimage.paths import ImageFiles
from sealock.model.advice import (
    BaseFit,
    BaseKind,
    Closure,
    FitAnswer,
    Musl,
    Need,
    RootFiles,
    Start,
    StartStep,
    Sure,
    Surface,
)
from sealock.model.inventory import OF_DISTRIBUTIONS
from sealock.text import count, format_size, is_or_are, list_first

RUNTIMES: Final = {"Python": "python3", "Node.js": "nodejs", "Java": "java", ".NET": "dotnet"}
"""Languages with distroless or similar images."""
_SHOWN: Final = 3
_WORTH: Final = 0.15
"""The share of an image that must be spare for a slim variant to be worthwhile."""
MENTIONED: Final = {
    "etc/ssl/certs": "CA certificates",
    "usr/share/zoneinfo": "time zones",
    "etc/passwd": "/etc/passwd",
    "etc/mime.types": "/etc/mime.types",
    "usr/share/locale": "translations",
}


class Facts(Struct, frozen=True):
    """The input of the evaluation."""

    files: ImageFiles
    start: Start
    closure: Closure
    root: RootFiles
    need: Need
    surface: Surface
    musl: tuple[Musl, ...]
    system: str
    """The distribution's name, "" where unknown."""
    is_musl: bool
    user: str
    unsupported: str = ""
    """Why no image without a shell has the language in its version, "" where there is one."""

    @property
    def ends(self) -> list[StartStep]:
        """The steps that are programs, not scripts or their shells."""
        return [step for step in self.start.steps if step.kind not in {"script", "shell"}]

    @property
    def known(self) -> bool:
        """Whether anything is known to run."""
        return any(step.path and step.kind != "shell" for step in self.start.steps)


def results(facts: Facts) -> tuple[BaseFit, ...]:
    """Evaluate all kinds, from the smallest."""
    smaller = _static(facts), _distroless(facts), _alpine(facts), _slim(facts)
    return *smaller, _keep(facts, smaller=any(result.answer == "yes" for result in smaller))


def best(fits: Iterable[BaseFit]) -> BaseKind:
    """The smallest base that works without changes."""
    return next((fit.base for fit in fits if fit.answer == "yes"), "keep")


def _shell(facts: Facts) -> str:
    """Why a shell is needed."""
    start = facts.start
    if not start.shell:
        return ""
    return f"it needs a shell: {start.shell}"


def _unknown(facts: Facts, base: BaseKind) -> BaseFit | None:
    """The result where nothing is known to run."""
    if facts.known:
        return None
    missing = _missing(facts)
    return BaseFit(
        base, "unknown", "unsure", tuple([*facts.start.unknown, *missing][:_SHOWN]) or ("it starts nothing",)
    )


def _missing(facts: Facts) -> list[str]:
    return [f"{end.word}, which {end.by} starts, is not in the image" for end in facts.ends if not end.path]


def _static(facts: Facts) -> BaseFit:
    if (unknown := _unknown(facts, "static")) is not None:
        return unknown
    against: list[str] = []
    dynamic = [end for end in facts.ends if end.kind in {"dynamic", "interpreted"}]
    for step in dynamic[:_SHOWN]:
        program = facts.files.content.programs[step.path]
        against.append(f"/{step.path} is not a static program: {_loads(program.interpreter, program.needed)}")
    if shell := _shell(facts):
        against.append(shell)
    if not against:
        reasons = [f"/{end.path} is a static program, without loader or libraries" for end in facts.ends if end.path]
        return BaseFit("static", "yes", _sure(facts), (*reasons[:_SHOWN], *_takes(facts)), facts.closure.size)
    go = [step for step in dynamic if facts.files.content.programs[step.path].go]
    rebuilds = [f"/{step.path} is written in Go: built with CGO_ENABLED=0 it would be static" for step in go]
    rewrites = [_rewrite(facts)] if facts.start.form else []
    if len(go) == len(dynamic) and (not facts.start.shell or facts.start.form):
        return BaseFit("static", "work", "likely", (*against[:_SHOWN], *rebuilds, *rewrites))
    return BaseFit("static", "no", "sure", tuple(against[:_SHOWN]))


def _rewrite(facts: Facts) -> str:
    words = ", ".join(f'"{word}"' for word in facts.start.words[-1].split()[:6])
    return f"only the shell form needs the shell: write it in exec form, [{words}]"


def _loads(interpreter: str, needed: tuple[str, ...]) -> str:
    loader = f"{interpreter} loads it" if interpreter else "it names no loader"
    return f"{loader}, and it needs {_few(needed)}" if needed else loader


def _takes(facts: Facts) -> list[str]:
    """Notes on what an empty base lacks."""
    mentioned = {
        mention
        for end in facts.ends
        for mention in (
            facts.files.content.programs[end.path].mentions if end.path in facts.files.content.programs else ()
        )
    }
    used = [text for path, text in MENTIONED.items() if path in mentioned]
    notes = [f"it refers to {', '.join(used)}: static bases have them, scratch does not"] if used else []
    if facts.user and not facts.user.partition(":")[0].isdecimal() and facts.user.partition(":")[0] != "root":
        notes.append(f"it runs as {facts.user}: scratch has no /etc/passwd, so use the numeric user id")
    if "etc/nsswitch.conf" in mentioned and not any(
        facts.files.content.programs[end.path].go for end in facts.ends if end.path in facts.files.content.programs
    ):
        notes.append("it has glibc's NSS built in: only the modules files and dns would work")
    return notes


def _sure(facts: Facts) -> Sure:
    if facts.start.unknown or _missing(facts) or facts.files.content.cut:
        return "unsure"
    # A shell or an interpreter may start programs that no file of the image names.
    if facts.closure.maybe or any(step.kind in {"interpreted", "script"} for step in facts.start.steps):
        return "likely"
    return "sure"


def _distroless(facts: Facts) -> BaseFit:
    if (unknown := _unknown(facts, "distroless")) is not None:
        return unknown
    shell, against = _shell(facts), []
    if facts.start.managers:
        against.append(f"it runs a package manager at start: {', '.join(facts.start.managers)}")
    if facts.is_musl and any(end.kind in {"dynamic", "interpreted"} for end in facts.ends):
        against.append("its programs are built for musl, and distroless images have glibc")
    if shell and not facts.start.form:
        return BaseFit("distroless", "no", "likely", (shell, *against))
    if against:
        return BaseFit("distroless", "no", "likely", tuple(against))
    languages = sorted({end.language for end in facts.ends if end.language})
    unsupported = [language for language in languages if language not in RUNTIMES]
    work = [_rewrite(facts)] if shell else []
    reasons = [] if shell else ["nothing that it starts needs a shell"]
    copied = not languages or bool(unsupported) or bool(facts.unsupported)
    if facts.unsupported:
        reasons.append(facts.unsupported)
    elif unsupported:
        names = " and ".join(unsupported)
        reasons.append(f"no image without a shell has {names}, so it is copied with its libraries")
    else:
        reasons += [f"it runs {language}, for which there are images without a shell" for language in languages]
    if copied:
        reasons.append(_root(facts))
    missing = facts.closure.missing[:_SHOWN]
    reasons += [f"/{path} needs {library}, which is not in the image" for path, library in missing]
    if facts.closure.maybe:
        names = ", ".join(path.rpartition("/")[2] for path in facts.closure.maybe[:_SHOWN])
        reasons.append(f"it may load more at run time (dlopen): {names}")
    answer: FitAnswer = "work" if work else "yes"
    sure: Sure = "unsure" if facts.closure.missing or _sure(facts) == "unsure" else "likely"
    return BaseFit("distroless", answer, sure, (*work, *reasons), facts.root.size if copied else 0)


def _root(facts: Facts) -> str:
    """What a root of exactly the needed files takes, and what cannot be known."""
    packages = f" of {count(facts.root.packages, 'package')}" if facts.root.packages else ""
    return (
        f"a root of {count(facts.root.files, 'file')}{packages} starts it; its data, and what it loads by names that "
        "it computes, cannot be known"
    )


def _alpine(facts: Facts) -> BaseFit:
    if facts.is_musl:
        return BaseFit(
            "alpine", "yes", "sure", (f"it already uses musl{f' ({facts.system})' if facts.system else ''}",)
        )
    if (unknown := _unknown(facts, "alpine")) is not None and not facts.musl:
        return unknown
    own = [file for file in facts.musl if not file.wheel]
    # Names with two underscores come from glibc's headers; a build with musl's headers does not use them.
    broken = [file for file in own if file.answer == "breaks" and any(_public(name) for name in file.says)]
    others = [file for file in own if file not in broken]
    wheels = [file for file in facts.musl if file.wheel]
    reasons: list[str] = []
    if broken:
        public = [name for name in broken[0].says if _public(name)]
        reasons.append(
            _count(broken, "would break")
            + f": musl has no {_few(public)} (/{broken[0].path}), so a build for musl cannot use it"
        )
    if others:
        first = others[0]
        reasons.append(
            _count(others, "would not start as built")
            + f": {_why(first)} (/{first.path}); a build on Alpine fixes that"
        )
    if wheels:
        names = sorted({wheel.owner for wheel in wheels})
        reasons.append(
            f"{count(len(names), 'Python package')} came as {wheels[0].wheel.split('_')[0]} wheels "
            f"({_few(names)}): replace them by musllinux wheels or builds"
        )
    differs = sorted({name for file in facts.musl for name in file.differs})
    if differs:
        reasons.append(f"musl behaves differently in {_few(differs)}: no NSS, and only the C locale")
    if facts.musl:
        answer: FitAnswer = "no" if broken else "work"
        return BaseFit("alpine", answer, "likely", tuple(reasons))
    shell = "; its shell is BusyBox's" if facts.start.shell else ""
    system = facts.system or "the distribution"
    if any(
        facts.files.content.programs[end.path].kind != "static"
        for end in facts.ends
        if end.path in facts.files.content.programs
    ):
        theirs = f"only files of {system}'s packages need glibc: Alpine's packages replace them{shell}"
        return BaseFit("alpine", "work", "likely", (theirs,))
    return BaseFit("alpine", "yes", _sure(facts), (f"nothing that it starts needs glibc{shell}",), 0)


def _public(symbol: str) -> bool:
    """Whether the program's source calls it, or it is private to glibc."""
    return not symbol.startswith("__") or symbol.endswith("@GLIBC_PRIVATE")


def _count(files: list[Musl], what: str) -> str:
    return f"{count(len(files), 'file')} from outside the distribution {what}"


def _few(names: Sequence[str]) -> str:
    return list_first(names, _SHOWN)


def _why(musl: Musl) -> str:
    if musl.answer == "gcompat":
        return f"only the package gcompat adds {_few(musl.says)} to musl"
    if musl.answer == "breaks":
        return f"musl has no {_few(musl.says)}"
    return f"musl has no {musl.says[0].removeprefix('loader ')}" if musl.says else "it is built for glibc"


def _slim(facts: Facts) -> BaseFit:
    need, surface = facts.need, facts.surface
    if (unknown := _unknown(facts, "slim")) is not None:
        return unknown
    if not need.known:
        why = "the packages' dependencies are unknown" if surface.owners else "it has no package database"
        return BaseFit("slim", "unknown", "unsure", (why,))
    installed = sum(number for kind, number in surface.packages if kind in OF_DISTRIBUTIONS)
    spare = installed - need.packages
    part = need.spare / max(surface.size, 1)
    of = f"{spare} of {count(installed, 'package')} ({format_size(need.spare)})"
    reason = f"{of} {is_or_are(spare)} needed by nothing that it starts"
    if part < _WORTH:
        return BaseFit("slim", "no", "likely", (f"only {reason}",))
    largest = _few([f"{other.name} {format_size(other.size)}" for other in need.others])
    # Programs that are started by a computed name are invisible here, so this is never sure.
    sure: Sure = "unsure" if _sure(facts) == "unsure" else "likely"
    return BaseFit("slim", "yes", sure, (reason, f"the largest: {largest}"), surface.size - need.spare)


def _keep(facts: Facts, *, smaller: bool) -> BaseFit:
    surface = facts.surface
    if not facts.known:
        why = "what it starts is unknown, so no smaller base can be advised"
        return BaseFit("keep", "unknown", "unsure", (why,), surface.size)
    part = facts.closure.size / max(surface.size, 1)
    reason = f"the programs that it starts and their libraries are {_part(part)} of it"
    return BaseFit("keep", "no" if smaller else "yes", _sure(facts), (reason,), surface.size)


def _part(part: float) -> str:
    return "less than 1 %" if part < 0.01 else f"{part:.0%}".replace("%", " %")
