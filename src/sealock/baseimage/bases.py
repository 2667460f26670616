"""Weighs each kind of base against what the image starts: would it do, what would it take, and how sure is that."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from sealock.baseimage.paths import ImageFiles
from sealock.model.advice import BaseFit, BaseKind, Closure, FitAnswer, Musl, Need, Start, StartStep, Sure, Surface
from sealock.model.inventory import OF_DISTRIBUTIONS
from sealock.text import count, format_size

RUNTIMES: Final = {"Python": "python3", "Node.js": "nodejs", "Java": "java", ".NET": "dotnet"}
"""Languages that distroless images or ones like them are kept for."""
_SHOWN: Final = 3
_WORTH: Final = 0.15
"""What part of an image must be spare for a smaller variant to be worth its while."""
MENTIONED: Final = {
    "etc/ssl/certs": "CA certificates",
    "usr/share/zoneinfo": "time zones",
    "etc/passwd": "/etc/passwd",
    "etc/mime.types": "/etc/mime.types",
    "usr/share/locale": "translations",
}


class Facts(Struct, frozen=True):
    """All that verdicts rest on."""

    files: ImageFiles
    start: Start
    closure: Closure
    need: Need
    surface: Surface
    musl: tuple[Musl, ...]
    system: str
    """The distribution's name, "" where it is not known."""
    is_musl: bool
    user: str

    @property
    def ends(self) -> list[StartStep]:
        """The steps that run as programs: all but scripts and their shells."""
        return [step for step in self.start.steps if step.kind not in {"script", "shell"}]

    @property
    def known(self) -> bool:
        """Whether it could be told at all what runs."""
        return any(step.path and step.kind != "shell" for step in self.start.steps)


def results(facts: Facts) -> tuple[BaseFit, ...]:
    """Weigh all kinds, from the smallest."""
    smaller = _static(facts), _distroless(facts), _alpine(facts), _slim(facts)
    return *smaller, _keep(facts, smaller=any(one.answer == "yes" for one in smaller))


def best(found: Iterable[BaseFit]) -> BaseKind:
    """The smallest that would do as it is."""
    return next((one.base for one in found if one.answer == "yes"), "keep")


def _shell(facts: Facts) -> str:
    """Why a shell is needed."""
    start = facts.start
    if not start.shell:
        return ""
    return f"it needs a shell: {start.shell}"


def _unknown(facts: Facts, base: BaseKind) -> BaseFit | None:
    """The verdict where nothing is known of what runs."""
    if facts.known:
        return None
    missing = _missing(facts)
    return BaseFit(
        base, "unknown", "unsure", tuple([*facts.start.unknown, *missing][:_SHOWN]) or ("nothing is started",)
    )


def _missing(facts: Facts) -> list[str]:
    return [f"{end.word}, which {end.by} starts, was not found in the image" for end in facts.ends if not end.path]


def _static(facts: Facts) -> BaseFit:
    if (unknown := _unknown(facts, "static")) is not None:
        return unknown
    against: list[str] = []
    dynamic = [end for end in facts.ends if end.kind in {"dynamic", "interpreted"}]
    for one in dynamic[:_SHOWN]:
        program = facts.files.content.programs[one.path]
        against.append(f"/{one.path} is no static program: {_loads(program.interpreter, program.needed)}")
    if shell := _shell(facts):
        against.append(shell)
    if not against:
        reasons = [f"/{end.path} is a static program, without loader or libraries" for end in facts.ends if end.path]
        return BaseFit("static", "yes", _sure(facts), (*reasons[:_SHOWN], *_takes(facts)), facts.closure.size)
    go = [one for one in dynamic if facts.files.content.programs[one.path].go]
    heals = [f"/{one.path} is written in Go: built with CGO_ENABLED=0 it would be static" for one in go]
    formed = [_rewrite(facts)] if facts.start.form else []
    if len(go) == len(dynamic) and (not facts.start.shell or facts.start.form):
        return BaseFit("static", "work", "likely", (*against[:_SHOWN], *heals, *formed))
    return BaseFit("static", "no", "sure", tuple(against[:_SHOWN]))


def _rewrite(facts: Facts) -> str:
    words = ", ".join(f'"{word}"' for word in facts.start.words[-1].split()[:6])
    return f"the shell is there for the shell form alone: write it in exec form, [{words}]"


def _loads(interpreter: str, needed: tuple[str, ...]) -> str:
    loader = f"it is loaded by {interpreter}" if interpreter else "it has no loader of its own"
    more = len(needed) - _SHOWN
    names = ", ".join(needed[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
    return f"{loader} and needs {names}" if needed else loader


def _takes(facts: Facts) -> list[str]:
    """What is to be copied along onto an empty base."""
    named = {
        mention
        for end in facts.ends
        for mention in (
            facts.files.content.programs[end.path].mentions if end.path in facts.files.content.programs else ()
        )
    }
    told = [text for path, text in MENTIONED.items() if path in named]
    notes = [f"its text names {', '.join(told)}: a static base has them, scratch has not"] if told else []
    if facts.user and not facts.user.partition(":")[0].isdecimal() and facts.user.partition(":")[0] != "root":
        notes.append(f"it runs as {facts.user}: scratch has no /etc/passwd to find that name in, so give its number")
    if "etc/nsswitch.conf" in named and not any(
        facts.files.content.programs[end.path].go for end in facts.ends if end.path in facts.files.content.programs
    ):
        notes.append("it has glibc's name lookups built in: modules other than files and dns would not be loaded")
    return notes


def _sure(facts: Facts) -> Sure:
    if facts.start.unknown or _missing(facts) or facts.files.content.cut:
        return "unsure"
    # A shell or an interpreter may start what no file of the image tells of.
    if facts.closure.maybe or any(step.kind in {"interpreted", "script"} for step in facts.start.steps):
        return "likely"
    return "sure"


def _distroless(facts: Facts) -> BaseFit:
    if (unknown := _unknown(facts, "distroless")) is not None:
        return unknown
    shell, against = _shell(facts), []
    if facts.start.managers:
        against.append(f"it runs a package manager when it starts: {', '.join(facts.start.managers)}")
    if facts.is_musl and any(end.kind in {"dynamic", "interpreted"} for end in facts.ends):
        against.append("its programs are made for musl, and distroless images have glibc")
    if shell and not facts.start.form:
        return BaseFit("distroless", "no", "likely", (shell, *against))
    if against:
        return BaseFit("distroless", "no", "likely", tuple(against))
    languages = sorted({end.language for end in facts.ends if end.language})
    strange = [language for language in languages if language not in RUNTIMES]
    reasons = [] if shell else ["nothing that it starts needs a shell"]
    work = [_rewrite(facts)] if shell else []
    for language in languages:
        if language in RUNTIMES:
            reasons.append(f"it runs {language}, for which there are images without a shell")
        else:
            work.append(f"{language} and its libraries are to be copied along: such images do not come with it")
    reasons += [f"/{path} needs {library}, which is nowhere in it" for path, library in facts.closure.missing[:_SHOWN]]
    if not languages and facts.closure.files:
        reasons.append(f"the programs and their libraries are {len(facts.closure.files)} files")
    if facts.closure.maybe:
        told = ", ".join(path.rpartition("/")[2] for path in facts.closure.maybe[:_SHOWN])
        reasons.append(f"it may load more on its way (dlopen): {told}")
    answer: FitAnswer = "work" if work or strange else "yes"
    sure = "unsure" if facts.closure.missing else _sure(facts)
    return BaseFit("distroless", answer, sure, (*work, *reasons), 0 if languages else facts.closure.size)


def _alpine(facts: Facts) -> BaseFit:
    if facts.is_musl:
        return BaseFit(
            "alpine", "yes", "sure", (f"it is on musl already{f' ({facts.system})' if facts.system else ''}",)
        )
    if (unknown := _unknown(facts, "alpine")) is not None and not facts.musl:
        return unknown
    own = [one for one in facts.musl if not one.wheel]
    # Names with two underscores come from headers, and a build against musl's has others in their place.
    broken = [one for one in own if one.answer == "breaks" and any(_public(name) for name in one.says)]
    others = [one for one in own if one not in broken]
    wheels = [one for one in facts.musl if one.wheel]
    reasons: list[str] = []
    if broken:
        public = [name for name in broken[0].says if _public(name)]
        reasons.append(
            _count(broken, "would break")
            + f": musl has no {_few(public)} (/{broken[0].path}); a build for musl has to do without"
        )
    if others:
        first = others[0]
        reasons.append(
            _count(others, "would not start as built")
            + f": {_why(first)} (/{first.path}); a build on Alpine mends that"
        )
    if wheels:
        names = sorted({wheel.owner for wheel in wheels})
        reasons.append(
            f"{count(len(names), 'Python package')} came as {wheels[0].wheel.split('_')[0]} wheels "
            f"({_few(names)}): musllinux wheels or builds have to take their place"
        )
    differs = sorted({name for one in facts.musl for name in one.differs})
    if differs:
        reasons.append(f"musl works in another way in {_few(differs)}: names without NSS, locales as C")
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
        theirs = f"only files of {system}'s own packages need glibc: Alpine's would have to take their place{shell}"
        return BaseFit("alpine", "work", "likely", (theirs,))
    return BaseFit("alpine", "yes", _sure(facts), (f"nothing that it starts needs glibc{shell}",), 0)


def _public(symbol: str) -> bool:
    """Whether it is a function that the program's own text calls, or one of glibc's inside that none may call."""
    return not symbol.startswith("__") or symbol.endswith("@GLIBC_PRIVATE")


def _count(found: list[Musl], what: str) -> str:
    return f"{count(len(found), 'file')} from outside the distribution {what}"


def _few(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _symbols(musl: Musl) -> str:
    return _few(list(musl.says))


def _why(musl: Musl) -> str:
    if musl.answer == "gcompat":
        return f"musl has no {_symbols(musl)}, but for the package gcompat"
    if musl.answer == "breaks":
        return f"musl has no {_symbols(musl)}"
    return f"musl has no {musl.says[0].removeprefix('loader ')}" if musl.says else "it was made for glibc"


def _slim(facts: Facts) -> BaseFit:
    need, surface = facts.need, facts.surface
    if (unknown := _unknown(facts, "slim")) is not None:
        return unknown
    if not need.known:
        why = "which packages need which could not be told" if surface.owners else "no package manager's list is in it"
        return BaseFit("slim", "unknown", "unsure", (why,))
    installed = sum(number for kind, number in surface.packages if kind in OF_DISTRIBUTIONS)
    spare = installed - need.packages
    part = need.spare / max(surface.size, 1)
    reason = f"{spare} of {installed} packages ({format_size(need.spare)}) are needed by nothing that it starts"
    if part < _WORTH:
        return BaseFit("slim", "no", "likely", (f"only {reason}",))
    largest = _few([f"{other.name} {format_size(other.size)}" for other in need.others])
    # What a program calls by name while it runs cannot be seen, so the packages it might call are left to judgement.
    sure: Sure = "unsure" if _sure(facts) == "unsure" else "likely"
    return BaseFit("slim", "yes", sure, (reason, f"the largest: {largest}"), surface.size - need.spare)


def _keep(facts: Facts, *, smaller: bool) -> BaseFit:
    surface = facts.surface
    if not facts.known:
        why = "what it starts could not be told, so nothing smaller can be advised"
        return BaseFit("keep", "unknown", "unsure", (why,), surface.size)
    part = facts.closure.size / max(surface.size, 1)
    reason = f"the programs that it starts and their libraries are {_part(part)} of it"
    return BaseFit("keep", "no" if smaller else "yes", _sure(facts), (reason,), surface.size)


def _part(part: float) -> str:
    return "less than 1 %" if part < 0.01 else f"{part:.0%}".replace("%", " %")
