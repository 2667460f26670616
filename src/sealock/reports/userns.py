"""The plan for user-namespace remapping, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import to_builtins

from sealock.remapping.plan import Answer, Check, Plan, Verdict
from sealock.reports.ansi import Ink, Paint, Signs
from sealock.reports.encoded import encode
from sealock.reports.text import count, fit, line, width, wrap

_WORDS: Final[dict[Verdict, tuple[str, Ink]]] = {
    "on already": ("Remapping is on.", "green"),
    "ready": ("Ready: `sealock userns enable` would do it.", "green"),
    "not ready": ("Not ready: what is marked below stands in the way.", "red"),
    "could not tell": ("Could not tell: not everything could be looked at.", "magenta"),
}
_INKS: Final[dict[Answer, Ink]] = {"ok": "green", "note": "cyan", "unknown": "magenta", "fails": "red"}
_LABEL: Final = 10
_MOST: Final = 12


def as_json(plan: Plan) -> str:
    """The whole plan."""
    return encode(to_builtins(plan)) + "\n"


def render(plan: Plan, *, width: int = 80, colour: bool = False, unicode: bool = True) -> str:
    """Render for a terminal of that width."""
    page = _Page(plan, max(width, 40), Paint(on=colour), Signs(unicode=unicode), unicode=unicode)
    parts = (
        page.head(),
        page.checks(),
        page.ranges(),
        page.vanishing(),
        page.blocking(),
        page.handing_over(),
        page.end(),
    )
    return "\n".join(row.rstrip() for part in parts for row in part) + "\n"


class _Page:
    """Knows how the page looks; each method yields the lines of one part."""

    def __init__(self, plan: Plan, room: int, paint: Paint, signs: Signs, *, unicode: bool) -> None:
        self.plan, self.room, self.paint, self.signs = plan, room, paint, signs
        self.marks: dict[Answer, str] = (
            {"ok": "✔", "note": "●", "unknown": "?", "fails": "✖"}
            if unicode
            else {"ok": "+", "note": "*", "unknown": "?", "fails": "x"}
        )

    def head(self) -> Iterator[str]:
        """What it is about, and the verdict."""
        name = f"user-namespace remapping to {line(self.plan.user, 40)}"
        bar = self.signs.rule * max(self.room - width(name) - 4, 0)
        yield f"{self.paint('faint', self.signs.rule * 2)} {self.paint('bold', name)} {self.paint('faint', bar)}"
        words, ink = _WORDS[self.plan.verdict]
        yield self.paint(ink, words)
        yield ""

    def checks(self) -> Iterator[str]:
        """Everything that was looked at."""
        yield self.paint("bold", "Is this machine ready")
        for check in self.plan.checks:
            yield from self.check(check)
        yield ""

    def check(self, check: Check) -> Iterator[str]:
        """One of them, with what to do."""
        lead = f"  {self.marks[check.answer]} "
        first, *more = wrap(line(check.text), self.room - 4 - _LABEL)
        yield f"{self.paint(_INKS[check.answer], lead)}{self.paint('faint', check.name.ljust(_LABEL))}{first}"
        blank = " " * (4 + _LABEL)
        for text in more:
            yield blank + text
        if check.remedy:
            for text in wrap(f"{self.signs.arrow} {line(check.remedy)}", self.room - 4 - _LABEL):
                yield blank + text

    def ranges(self) -> Iterator[str]:
        """Who root in a container will be outside."""
        uids, gids = self.plan.uids, self.plan.gids
        if uids is None or gids is None:
            return
        yield self.paint("bold", "What users become")
        yield f"  root (0) in a container is {uids.start}:{gids.start} outside, and 1000 is {uids.start + 1000}."
        for file, one, new in (("subuid", uids, self.plan.new_uids), ("subgid", gids, self.plan.new_gids)):
            yield f"  /etc/{file}: {line(one.name, 40)}:{one.start}:{one.count}{' (new)' if new else ''}"
        yield ""

    def vanishing(self) -> Iterator[str]:
        """What the engine will not see any more."""
        plan = self.plan
        if plan.verdict == "on already" or not (plan.images or plan.containers or plan.volumes):
            return
        yield self.paint("bold", "What vanishes from view, and comes back when remapping is switched off")
        if plan.data_root:
            yield from self.told(f"The engine will keep its data in {line(plan.data_root)}, which starts empty.")
        yield from self.listed("Images", [f"{one.name} ({_size(one.size)})" for one in plan.images])
        yield from self.listed("Containers", plan.containers)
        yield from self.listed("Volumes", plan.volumes)
        yield ""

    def blocking(self) -> Iterator[str]:
        """What of which container will not work."""
        plan = self.plan
        if plan.blockers:
            yield self.paint("bold", "What will not work as it does now")
        for name in dict.fromkeys(one.container for one in plan.blockers):
            yield f"  {self.paint('bold', fit(line(name), self.room - 2))}"
            for one in plan.blockers:
                if one.container == name:
                    ink: Ink = "red" if one.effect == "refused" else "magenta"
                    what = line(one.what)
                    yield from self.told(f"{what}: {one.effect}", 4, ink)
                    yield from self.told(f"{self.signs.arrow} {one.remedy}", 6)
        if plan.blockers:
            yield ""
        if plan.opted_out:
            names = ", ".join(line(one, 60) for one in plan.opted_out)
            yield from self.told(f"With --userns=host, and so root on the host all the same: {names}")
            yield ""

    def handing_over(self) -> Iterator[str]:
        """Folders that must change hands."""
        if not self.plan.handovers:
            return
        yield self.paint("bold", "Folders of the host that containers write to")
        for one in self.plan.handovers:
            entries = sum(number for _, _, number in one.owners)
            more = "" if one.whole else " at least"
            yield from self.told(
                f"{line(one.bind.path)} ({line(one.bind.container, 60)}:{line(one.bind.target)}):{more}"
                f" {count(entries, 'entry', 'entries')} of {count(len(one.owners), 'owner')}"
            )
            for command in one.commands:
                yield f"    {line(command, 2000)}"
        yield ""

    def end(self) -> Iterator[str]:
        """What to do next."""
        match self.plan.verdict:
            case "ready":
                yield from self.told("Next: `sealock userns enable`, then restart the engine. The way back:", 0)
                yield from self.told("`sealock userns disable`, and restart it again.", 0)
            case "on already":
                yield from self.told("The way back: `sealock userns disable`, where sealock switched it on.", 0)
            case _:
                yield from self.told("Nothing was changed.", 0)

    def told(self, text: str, indent: int = 2, ink: Ink | None = None) -> Iterator[str]:
        """A sentence, wrapped."""
        for row in wrap(text, self.room - indent):
            yield " " * indent + (self.paint(ink, row) if ink else row)

    def listed(self, label: str, names: Iterable[str]) -> Iterator[str]:
        """Names after a label, the first of them."""
        shown = [line(one, 80) for one in names]
        if shown:
            more = f" and {len(shown) - _MOST} more" if len(shown) > _MOST else ""
            yield from self.told(f"{label}, {len(shown)}: {', '.join(shown[:_MOST])}{more}")


def _size(number: int) -> str:
    return f"{number / 1e6:.0f} MB" if number < 1e9 else f"{number / 1e9:.1f} GB"
