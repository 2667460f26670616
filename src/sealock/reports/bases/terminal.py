"""Renders advice on a base for a terminal: one screen, from the image's properties to the recommendation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from sealock.model.advice import FILE_LIST, BaseAdvice, BaseFit, BaseKind, FitAnswer, Musl, Share
from sealock.model.inventory import instruction
from sealock.reports.ansi import Ink
from sealock.reports.page import Page
from sealock.text import count, fit, format_size, line, list_first, sentence, width, wrap

BASES: Final[dict[BaseKind, str]] = {
    "static": "scratch or static",
    "distroless": "distroless (glibc)",
    "alpine": "alpine (musl)",
    "slim": "slim variant",
    "keep": "keep as it is",
}
_ANSWERS: Final[dict[FitAnswer, str]] = {"yes": "yes", "work": "with work", "no": "no", "unknown": "unknown"}
_INKS: Final[dict[FitAnswer, Ink]] = {"yes": "green", "work": "cyan", "no": "faint", "unknown": "magenta"}
_TYPES: Final = {
    "deb": "Debian", "apk": "Alpine", "rpm": "RPM", "alpm": "Pacman", "pypi": "Python", "npm": "Node", "gem": "Ruby",
    "composer": "PHP", "maven": "Java", "nuget": ".NET", "conda": "Conda", "golang": "Go", "cargo": "Rust",
    "pub": "Dart", "hex": "Elixir", "cocoapods": "CocoaPods", "swift": "Swift", "conan": "Conan", "jsr": "JSR",
    "bitnami": "Bitnami", "generic": "programs, and built into them",
}  # fmt: skip
_LABEL: Final = 18
_ROWS: Final = 6
_MUSL_ROWS: Final = 4
_REASONS: Final = 4
_BAR: Final = 16
_MOST_BAR: Final = 30
_WIDE: Final = 60
_WORD: Final = 8
"""Least columns for a note next to a bar."""


def render(advice: BaseAdvice, *, width: int = 80, colour: bool = False, unicode: bool = True) -> str:
    """Render for a terminal of that width."""
    page = _Page(advice, max(width, 40), colour=colour, unicode=unicode)
    parts = (
        page.head(),
        page.surface(),
        page.large(),
        page.results(),
        page.musl(),
        page.unknown(),
        page.advised(),
        page.dockerfile(),
    )
    return "\n".join(row.rstrip() for part in parts for row in part) + "\n"


class _Page(Page):
    """The page; each method yields the lines of one part."""

    def __init__(self, advice: BaseAdvice, room: int, *, colour: bool, unicode: bool) -> None:
        super().__init__(room, colour=colour, unicode=unicode)
        self.advice = advice
        self.full, self.empty = ("█", "░") if unicode else ("#", ".")

    def head(self) -> Iterator[str]:
        """The image's name, base, start command and content."""
        advice = self.advice
        name = fit(line(advice.names[0]) if advice.names else "root file system", self.room - 4)
        yield self.headline(name)
        base, surface = advice.base, advice.surface
        built = line(base.name or "unknown")
        if base.layers:
            built += ", the first layer" if base.layers == 1 else f", the first {base.layers} layers"
        if base.says:
            # The name already has what follows the colon; --format json has all of it.
            built += f" (by {', '.join(dict.fromkeys(line(say.partition(':')[0], 80) for say in base.says))})"
        yield from self.row("Built on", built)
        yield from self.row("Starts", self.started())
        packages = ", ".join(f"{number} {_TYPES.get(kind, kind)}" for kind, number in surface.packages)
        total = sum(number for _, number in surface.packages)
        yield from self.row("Size", f"{format_size(surface.size)} in {count(surface.files, 'file')}")
        yield from self.row("Packages", f"{total}: {packages}" if packages else "none")
        yield ""

    def started(self) -> str:
        """The steps from the entrypoint to the programs."""
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
        """The attack surface."""
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
            if tools := known.get(group):
                yield from self.row(group.capitalize(), f"{len(tools)}: {_names(tools, 8)}")
        if missing := [
            group for group in ("shells", "package managers", "compilers", "network tools") if group not in known
        ]:
            yield from self.row("None of", ", ".join(missing))
        yield ""

    def large(self) -> Iterator[str]:
        """The sizes by package and by layer."""
        surface = self.advice.surface
        if surface.owners:
            yield from self.title("Largest packages, and whether the started programs need them")
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
            total = sum(layer.size for layer in surface.layers)
            rows = [
                (f"{layer.layer + 1}", layer.size, _hidden(layer) + line(instruction(layer.name), 200))
                for layer in sorted(ordered, key=lambda layer: layer.layer)
            ]
            yield from self.bars(rows, total)
            if surface.hidden:
                most = surface.hidden_most[0]
                yield from self.note(
                    f"later layers hide {format_size(surface.hidden)}, which the image still contains; the largest: "
                    f"/{line(most.name)}, {format_size(most.size)}, from layer {most.layer + 1}"
                )
            yield ""

    def bars(self, rows: Sequence[tuple[str, int, str]], total: int) -> Iterator[str]:
        """Yield rows of name, bar, size, share of the total and note; narrow terminals get no bar and note."""
        name = min(max(width(label) for label, _, _ in rows), _MOST_BAR, max(self.room - 20, 8))
        columns = _BAR if self.room >= _WIDE else 0
        for label, size, note in rows:
            part = size / total if total else 0
            filled = min(round(part * columns), columns)
            bar = self.full * filled + self.empty * (columns - filled) + " " * bool(columns)
            text = fit(label, name)
            head = f"  {text}{' ' * (name - width(text))}  {bar}{format_size(size):>10} {part:>4.0%}"
            left = self.room - width(head) - 2
            yield f"{head}  {self.paint('faint', fit(note, left))}" if left >= _WORD else head

    def results(self) -> Iterator[str]:
        """Whether each kind of base would work, and why."""
        yield from self.title("Would a smaller base work?")
        if all(result.answer == "unknown" for result in self.advice.results):
            yield from self.note(f"Unknown: {'; '.join(map(line, self.advice.results[0].reasons))}")
            yield ""
            return
        for result in self.advice.results:
            sign = {"yes": self.signs.good, "work": self.signs.arrow, "no": self.signs.times, "unknown": "?"}
            ink = _INKS[result.answer]
            first = result.answer == "yes" and result.base == self.advice.best
            name = f"{sign[result.answer]} {BASES[result.base]}"
            size = f", about {format_size(result.size)}" if result.size and result.base != "keep" else ""
            sure = {"sure": "sure", "likely": "likely", "unsure": "not sure"}[result.sure]
            head = f"{_ANSWERS[result.answer]} ({sure}){size}"
            yield f"  {self.paint('bold' if first else ink, f'{name:<{_LABEL + 3}}')} {self.paint(ink, head)}"
            for reason in result.reasons[:_REASONS]:
                yield from self.hanging(sentence(line(reason)), 6)
        yield ""

    def musl(self) -> Iterator[str]:
        """The files outside the distribution's packages that need glibc, each with the evidence."""
        files = self.advice.musl
        if not files:
            return
        yield from self.title(f"Files that need glibc: {len(files)}, from outside the distribution's packages")
        for file in files[:_MUSL_ROWS]:
            path = fit(f"/{line(file.path)}", self.room - 4)
            yield f"  {path}"
            yield from self.hanging(_musl_note(file), 6, "faint")
        if len(files) > _MUSL_ROWS:
            yield self.paint("faint", f"  and {len(files) - _MUSL_ROWS} more; --format json has all")
        yield ""

    def unknown(self) -> Iterator[str]:
        """The unknowns."""
        # Where the start is unknown, the results have reported it.
        known = any(result.answer != "unknown" for result in self.advice.results)
        unknown = [*self.advice.unknown, *(self.advice.start.unknown if known else ())]
        if not unknown:
            return
        yield from self.title("Unknown")
        for text in unknown[:_ROWS]:
            yield from self.note(line(text))
        if len(unknown) > _ROWS:
            yield self.paint("faint", f"  and {len(unknown) - _ROWS} more")
        yield ""

    def advised(self) -> Iterator[str]:
        """The recommendation."""
        advice = self.advice
        best = next(result for result in advice.results if result.base == advice.best)
        text = _advised(best, advice)
        yield from self.hanging(text, 2, "bold", badge=f"{self.signs.arrow} ")

    def dockerfile(self) -> Iterator[str]:
        """The Dockerfile that builds on the advised base, unwrapped, so that it can be copied."""
        best = next(result for result in self.advice.results if result.base == self.advice.best)
        if best.dockerfile:
            yield ""
            yield from self.title("Dockerfile")
            yield from (f"  {'    ' * text.startswith(' ')}{line(text)}" for text in best.dockerfile)
        if any(FILE_LIST in text for text in best.dockerfile):
            yield ""
            yield from self.note(f"{FILE_LIST} is the output of this command with --format files")

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
        return "Name the start command: --start COMMAND."
    if best.base == "keep":
        work = [BASES[result.base] for result in advice.results if result.answer == "work"]
        return "Keep this base." + (f" With some work it could be {_either(work)}." if work else "")
    less = f": about {format_size(best.size)} instead of {format_size(now)}" if best.size and best.size < now else ""
    spared = (
        f"; {advice.need.spare and format_size(advice.need.spare)} less" if best.base == "slim" and not less else ""
    )
    named = f" ({best.image})" if best.image and best.image != "scratch" else ""
    name = f"{'a ' if best.base == 'slim' else ''}{BASES[best.base]}{named}"
    if best.base == "distroless" and best.image == "scratch":
        name = "a root of only the files that it needs"
    if best.sure == "sure":
        return f"Move to {name}{less}{spared}."
    likely = {"likely": "It is likely", "unsure": "It is possible, and not sure,"}[best.sure]
    return f"{likely} that {name} is enough{less}{spared}. Start it there once before you rely on it."


def _either(words: list[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _needed(share: Share) -> str:
    kind = _TYPES.get(share.detail) or line(share.detail, 20)
    return kind if share.needed is None else f"{kind}, {'needed' if share.needed else 'not needed'}"


def _hidden(share: Share) -> str:
    hidden = int(share.detail or 0)
    return f"({format_size(hidden)} hidden) " if hidden > share.size // 100 else ""


def _names(paths: Iterable[str], most: int) -> str:
    return list_first([line(path.rpartition("/")[2], 40) for path in paths], most)


def _musl_note(musl: Musl) -> str:
    """How a file works on musl, with the evidence."""
    says = line(", ".join(musl.says[:3]), 300) + (f" and {len(musl.says) - 3} more" if len(musl.says) > 3 else "")
    words = {
        "breaks": f"breaks on musl, which has no {says}",
        "gcompat": f"needs {says}, which musl has only with gcompat",
        "stand-in": f"needs glibc: {says}; musl has every function that it uses",
        "runs": "runs on musl",
    }[musl.answer]
    wheel = f"; a {musl.wheel} wheel of {musl.owner}" if musl.wheel else ""
    return f"{words}{line(wheel, 120)}"
