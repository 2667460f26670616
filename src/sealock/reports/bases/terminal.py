"""Advice on a base for people: one screen, from what the image is to what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from sealock.model.advice import BaseAdvice, BaseFit, BaseKind, FitAnswer, Musl, Share
from sealock.model.inventory import instruction
from sealock.reports.ansi import Ink
from sealock.reports.page import Page
from sealock.text import count, fit, format_size, line, sentence, width, wrap

BASES: Final[dict[BaseKind, str]] = {
    "static": "scratch or static",
    "distroless": "distroless (glibc)",
    "alpine": "alpine (musl)",
    "slim": "slim variant",
    "keep": "keep as it is",
}
_ANSWERS: Final[dict[FitAnswer, str]] = {"yes": "yes", "work": "with work", "no": "no", "unknown": "cannot tell"}
_INKS: Final[dict[FitAnswer, Ink]] = {"yes": "green", "work": "cyan", "no": "faint", "unknown": "magenta"}
_TYPES: Final = {
    "deb": "Debian", "apk": "Alpine", "rpm": "RPM", "alpm": "Pacman", "pypi": "Python", "npm": "Node", "gem": "Ruby",
    "composer": "PHP", "maven": "Java", "nuget": ".NET", "conda": "Conda", "golang": "Go", "cargo": "Rust",
    "generic": "built into programs",
}  # fmt: skip
_LABEL: Final = 18
_ROWS: Final = 6
_MUSL_ROWS: Final = 4
_REASONS: Final = 4
_BAR: Final = 16
_MOST_BAR: Final = 30
_WIDE: Final = 60
_WORD: Final = 8
"""Columns that a word on a bar has to have, to be worth its place."""


def render(advice: BaseAdvice, *, width: int = 80, colour: bool = False, unicode: bool = True) -> str:
    """Render for a terminal of that width."""
    page = _Page(advice, max(width, 40), colour=colour, unicode=unicode)
    parts = (page.head(), page.surface(), page.large(), page.results(), page.musl(), page.unknown(), page.advised())
    return "\n".join(row.rstrip() for part in parts for row in part) + "\n"


class _Page(Page):
    """Knows how the page looks; each method yields the lines of one part."""

    def __init__(self, advice: BaseAdvice, room: int, *, colour: bool, unicode: bool) -> None:
        super().__init__(room, colour=colour, unicode=unicode)
        self.advice = advice
        self.full, self.empty = ("█", "░") if unicode else ("#", ".")

    def head(self) -> Iterator[str]:
        """What the image is called, what it was built on, and what it starts."""
        advice = self.advice
        name = fit(line(advice.names[0]) if advice.names else "root file system", self.room - 4)
        yield self.headline(name)
        base, surface = advice.base, advice.surface
        built = line(base.name or "could not be told")
        if base.layers:
            built += ", the first layer" if base.layers == 1 else f", the first {base.layers} layers"
        if base.says:
            # What follows the colon is in the name already; --format json has it whole.
            built += f" (by {', '.join(dict.fromkeys(line(say.partition(':')[0], 80) for say in base.says))})"
        yield from self.row("Built on", built)
        yield from self.row("Starts", self.started())
        packages = ", ".join(f"{number} {_TYPES.get(kind, kind)}" for kind, number in surface.packages)
        total = sum(number for _, number in surface.packages)
        yield from self.row("Holds", f"{format_size(surface.size)} in {count(surface.files, 'file')}")
        yield from self.row("Packages", f"{total}: {packages}" if packages else "none")
        yield ""

    def started(self) -> str:
        """The way from the entrypoint to what runs."""
        start = self.advice.start
        steps = []
        for step in start.steps:
            path = f"/{step.path}" if step.path else f"{step.word} (missing)"
            steps.append(line(path, 120))
        if not steps:
            return line("; ".join(start.unknown) or "nothing")
        arrow = f" {self.signs.arrow} "
        more = f" and {len(steps) - _ROWS} more" if len(steps) > _ROWS else ""
        return arrow.join(steps[:_ROWS]) + more

    def surface(self) -> Iterator[str]:
        """What an attacker would find."""
        surface = self.advice.surface
        yield from self.title("Attack surface")
        rights = ((surface.setuid, "Setuid"), (surface.setgid, "Setgid"), (surface.capabilities, "Capabilities"))
        for paths, label in rights:
            if paths:
                yield from self.row(label, f"{len(paths)}: {_names(paths, 8)}")
        if not any(paths for paths, _ in rights):
            yield from self.row("Setuid, setgid", "none, and no file capabilities")
        known = dict(surface.tools)
        for group in ("shells", "package managers", "compilers", "network tools", "languages"):
            if found := known.get(group):
                yield from self.row(group.capitalize(), f"{len(found)}: {_names(found, 8)}")
        if missing := [
            group for group in ("shells", "package managers", "compilers", "network tools") if group not in known
        ]:
            yield from self.row("None of", ", ".join(missing))
        yield ""

    def large(self) -> Iterator[str]:
        """What it is made of, by package and by layer."""
        surface = self.advice.surface
        if surface.owners:
            yield from self.title("Largest packages, and whether what it starts needs them")
            rows = [(line(owner.name, 60), owner.size, _needed(owner)) for owner in surface.owners[:_ROWS]]
            if surface.unowned > surface.size // 100:
                most = surface.unowned_most[0]
                note = f"the largest: /{line(most.name)}, {format_size(most.size)}"
                rows.append(("(no package)", surface.unowned, note))
            yield from self.bars(rows, surface.size)
            yield ""
        if len(surface.layers) > 1:
            yield from self.title(f"Layers: {len(surface.layers)}")
            ordered = sorted(surface.layers, key=lambda layer: -layer.size)[:_ROWS]
            whole = sum(layer.size for layer in surface.layers)
            rows = [
                (f"{one.layer + 1}", one.size, _hidden(one) + line(instruction(one.name), 200))
                for one in sorted(ordered, key=lambda one: one.layer)
            ]
            yield from self.bars(rows, whole)
            if surface.hidden:
                most = surface.hidden_most[0]
                yield from self.note(
                    f"{format_size(surface.hidden)} are hidden by later layers, and shipped all the same; the largest: "
                    f"/{line(most.name)}, {format_size(most.size)}, from layer {most.layer + 1}"
                )
            yield ""

    def bars(self, rows: Sequence[tuple[str, int, str]], whole: int) -> Iterator[str]:
        """A name, a bar, a size, its part of the whole, and a word on it; narrow terminals do without bar and word."""
        name = min(max(width(one) for one, _, _ in rows), _MOST_BAR, max(self.room - 20, 8))
        columns = _BAR if self.room >= _WIDE else 0
        for label, size, note in rows:
            part = size / whole if whole else 0
            filled = min(round(part * columns), columns)
            bar = self.full * filled + self.empty * (columns - filled) + " " * bool(columns)
            text = fit(label, name)
            head = f"  {text}{' ' * (name - width(text))}  {bar}{format_size(size):>10} {part:>4.0%}"
            left = self.room - width(head) - 2
            yield f"{head}  {self.paint('faint', fit(note, left))}" if left >= _WORD else head

    def results(self) -> Iterator[str]:
        """Whether each kind of base would do, and why."""
        yield from self.title("Would a smaller base do?")
        if all(result.answer == "unknown" for result in self.advice.results):
            yield from self.note(f"It cannot be told: {'; '.join(map(line, self.advice.results[0].reasons))}")
            yield ""
            return
        for result in self.advice.results:
            sign = {"yes": self.signs.good, "work": self.signs.arrow, "no": self.signs.times, "unknown": "?"}
            ink = _INKS[result.answer]
            first = result.answer == "yes" and result.base == self.advice.best
            name = f"{sign[result.answer]} {BASES[result.base]}"
            told = _ANSWERS[result.answer]
            size = f", about {format_size(result.size)}" if result.size and result.base != "keep" else ""
            sure = {"sure": "sure", "likely": "likely", "unsure": "not sure"}[result.sure]
            head = f"{told} ({sure}){size}"
            yield f"  {self.paint('bold' if first else ink, f'{name:<{_LABEL + 3}}')} {self.paint(ink, head)}"
            for reason in result.reasons[:_REASONS]:
                yield from self.hanging(sentence(line(reason)), 6)
        yield ""

    def musl(self) -> Iterator[str]:
        """Files from outside the distribution that need glibc, each with what says so."""
        found = self.advice.musl
        if not found:
            return
        yield from self.title(f"Files that need glibc: {len(found)}, from outside the distribution's packages")
        for one in found[:_MUSL_ROWS]:
            path = fit(f"/{line(one.path)}", self.room - 4)
            yield f"  {path}"
            yield from self.hanging(_says(one), 6, "faint")
        if len(found) > _MUSL_ROWS:
            yield self.paint("faint", f"  and {len(found) - _MUSL_ROWS} more; --format json has all")
        yield ""

    def unknown(self) -> Iterator[str]:
        """What could not be told."""
        # Where nothing could be told of the start, the verdicts have said so.
        known = any(result.answer != "unknown" for result in self.advice.results)
        told = [*self.advice.unknown, *(self.advice.start.unknown if known else ())]
        if not told:
            return
        yield from self.title("What could not be told")
        for one in told[:_ROWS]:
            yield from self.note(line(one))
        if len(told) > _ROWS:
            yield self.paint("faint", f"  and {len(told) - _ROWS} more")
        yield ""

    def advised(self) -> Iterator[str]:
        """The last words: what to do."""
        advice = self.advice
        best = next(result for result in advice.results if result.base == advice.best)
        text = _advised(best, advice)
        yield from self.hanging(text, 2, "bold", badge=f"{self.signs.arrow} ")

    def title(self, text: str) -> Iterator[str]:
        """A heading."""
        yield from (self.paint("heading", part) for part in wrap(text, self.room))

    def row(self, label: str, text: str) -> Iterator[str]:
        """A label with its wrapped text."""
        yield from self.hanging(text, _LABEL + 2, label=f"  {label}")

    def note(self, text: str) -> Iterator[str]:
        """An indented sentence."""
        yield from self.hanging(sentence(text), 2)


def _advised(best: BaseFit, advice: BaseAdvice) -> str:
    now = advice.surface.size
    if best.answer == "unknown":
        return "Say what it starts: --start COMMAND."
    if best.base == "keep":
        work = [BASES[result.base] for result in advice.results if result.answer == "work"]
        return "Keep this base." + (f" With some work it could be {_either(work)}." if work else "")
    less = f": about {format_size(best.size)} instead of {format_size(now)}" if best.size and best.size < now else ""
    spared = (
        f"; {advice.need.spare and format_size(advice.need.spare)} less" if best.base == "slim" and not less else ""
    )
    return f"Move to {'a ' if best.base == 'slim' else ''}{BASES[best.base]}{less}{spared}."


def _either(words: list[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _needed(share: Share) -> str:
    kind = _TYPES.get(share.detail) or line(share.detail, 20)
    return kind if share.needed is None else f"{kind}, {'needed' if share.needed else 'not needed'}"


def _hidden(share: Share) -> str:
    hidden = int(share.detail or 0)
    return f"({format_size(hidden)} hidden) " if hidden > share.size // 100 else ""


def _names(paths: Iterable[str], most: int) -> str:
    names = [line(path.rpartition("/")[2], 40) for path in paths]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _says(musl: Musl) -> str:
    """What says how it would fare."""
    says = line(", ".join(musl.says[:3]), 300) + (f" and {len(musl.says) - 3} more" if len(musl.says) > 3 else "")
    words = {
        "breaks": f"breaks on musl, which has no {says}",
        "gcompat": f"needs {says}, which musl has with gcompat alone",
        "stand-in": f"needs glibc: {says}; musl has every function that it asks for",
        "runs": "runs on musl",
    }[musl.answer]
    wheel = f"; a {musl.wheel} wheel of {musl.owner}" if musl.wheel else ""
    return f"{words}{line(wheel, 120)}"
