"""The plan for user-namespace remapping, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import to_builtins

from sealock.reports.ansi import Ink
from sealock.reports.jsontext import encode
from sealock.reports.page import Page
from sealock.text import count, fit, format_size, line
from sealock.userns.plan.blockers import Effect
from sealock.userns.plan.ownership import Copied, Handover
from sealock.userns.plan.plan import PlanOutcome, RemappingPlan
from sealock.userns.plan.readiness import CheckAnswer, ReadinessCheck

_WORDS: Final[dict[PlanOutcome, tuple[str, Ink]]] = {
    "on already": ("Remapping is on.", "green"),
    "ready": ("Ready: `sealock userns enable` would do it.", "green"),
    "not ready": ("Not ready: what is marked below stands in the way.", "red"),
    "could not tell": ("Could not tell: not everything could be looked at.", "magenta"),
}
_INKS: Final[dict[CheckAnswer, Ink]] = {"ok": "green", "note": "cyan", "unknown": "magenta", "fails": "red"}
_LABEL: Final = 11
_MOST: Final = 12
_COMMAND: Final = 20_000
"""Characters: a command that is cut short would be another one."""
_FEW: Final = 5
"""Folders and volumes that are told of one by one, unless all are asked for."""


def as_json(plan: RemappingPlan) -> str:
    """The whole plan."""
    held = to_builtins(plan)
    held["refused"] = list(plan.refused)
    return encode(held) + "\n"


def render(
    plan: RemappingPlan, *, width: int = 80, colour: bool = False, unicode: bool = True, every: bool = False
) -> str:
    """Render for a terminal of that width; `every` leaves nothing out."""
    page = _Page(plan, max(width, 40), colour=colour, unicode=unicode, every=every)
    parts = (
        page.head(),
        page.checks(),
        page.ranges(),
        page.vanishing(),
        page.blocking(),
        page.handing_over(),
        page.keeping(),
        page.copying(),
        page.end(),
    )
    return "\n".join(row.rstrip() for part in parts for row in part) + "\n"


class _Page(Page):
    """Knows how the page looks; each method yields the lines of one part."""

    def __init__(self, plan: RemappingPlan, room: int, *, colour: bool, unicode: bool, every: bool) -> None:
        super().__init__(room, colour=colour, unicode=unicode)
        self.plan, self.every = plan, every
        self.marks: dict[CheckAnswer, str] = (
            {"ok": "✔", "note": "●", "unknown": "?", "fails": "✖"}
            if unicode
            else {"ok": "+", "note": "*", "unknown": "?", "fails": "x"}
        )

    def head(self) -> Iterator[str]:
        """What it is about, and the verdict."""
        name = f"user-namespace remapping to {line(self.plan.user, 40)}"
        yield self.headline(name)
        words, ink = _WORDS[self.plan.result]
        if self.plan.result == "ready" and self.plan.refused and not self.plan.files:
            some = count(len(self.plan.refused), "container")
            words, ink = f"The machine is ready, and {some} would no longer start: see below.", "magenta"
        if self.plan.files:
            words = words.partition(":")[0] + ", as far as it can be told without an engine."
            yield from self.text(f"Planned for {', '.join(line(file, 200) for file in self.plan.files)}.", 0)
        yield from self.text(words, 0, ink)
        yield ""

    def checks(self) -> Iterator[str]:
        """Everything that was looked at."""
        yield self.paint("bold", "Is this machine ready")
        for check in self.plan.checks:
            yield from self.check(check)
        yield ""

    def check(self, check: ReadinessCheck) -> Iterator[str]:
        """One of them, with what to do."""
        lead = f"  {self.marks[check.answer]} "
        badge = self.paint(_INKS[check.answer], lead) + self.paint("faint", check.name.ljust(_LABEL))
        yield from self.hanging(line(check.text), 4 + _LABEL, badge=badge)
        if check.remedy:
            yield from self.hanging(f"{self.signs.arrow} {line(check.remedy)}", 4 + _LABEL)

    def ranges(self) -> Iterator[str]:
        """Who root in a container will be outside."""
        uids, gids = self.plan.uids, self.plan.gids
        if not uids or not gids:
            return
        yield self.paint("bold", "What users become")
        first = f"root (0) in a container is {uids[0].start}:{gids[0].start} outside"
        more = f", and 1000 is {uids[0].start + 1000}" if uids[0].count > 1000 else ""
        yield from self.text(f"{first}{more}.")
        for file, ranges, new in (("subuid", uids, self.plan.new_uids), ("subgid", gids, self.plan.new_gids)):
            lines = ", ".join(f"{line(range_.name, 40)}:{range_.start}:{range_.count}" for range_ in ranges[:_FEW])
            yield from self.text(f"/etc/{file}: {lines}{' (new)' if new else ''}")
        yield ""

    def vanishing(self) -> Iterator[str]:
        """What the engine will not see any more."""
        plan = self.plan
        if plan.result == "on already" or not (plan.images or plan.containers or plan.volumes) or plan.files:
            return
        yield self.paint("bold", "What vanishes from view, and comes back when remapping is switched off")
        if plan.data_root:
            yield from self.text(f"The engine will keep its data in {line(plan.data_root)}, which starts empty.")
        pulled = [image for image in plan.images if image.pullable]
        built = [image for image in plan.images if not image.pullable]
        yield from self.listed("Images to pull again", [f"{one.name} ({format_size(one.size)})" for one in pulled])
        yield from self.listed("Images made here", [f"{one.name} ({format_size(one.size)})" for one in built])
        if built:
            arrow = self.signs.arrow
            yield from self.text(f"{arrow} build them again, or carry them over: docker save -o FILE NAME… before,", 4)
            yield from self.text("docker load -i FILE afterwards", 4 + len(arrow) + 1)
        yield from self.listed("Containers to make again", plan.containers)
        yield from self.listed("Volumes", plan.volumes)
        yield from self.listed("Networks to make again", plan.networks)
        yield ""

    def blocking(self) -> Iterator[str]:
        """What of which container will not work."""
        plan = self.plan
        if plan.blockers:
            yield self.paint("bold", "What does not work where users are remapped")
        found: dict[tuple[str, Effect, str], list[str]] = {}
        for blocker in plan.blockers:
            found.setdefault((blocker.what, blocker.effect, blocker.remedy), []).append(blocker.container)
        for (what, effect, remedy), names in found.items():
            yield from self.text(f"{line(what)}: {effect}", 2, "red" if effect == "refused" else "magenta")
            yield from self.text(self.some(names), 4)
            yield from self.text(f"{self.signs.arrow} {line(remedy)}", 4)
        if plan.blockers:
            text = "Root in a container that opts out with --userns=host is root on the host, as before."
            yield from self.text(text)
            yield ""
        elif plan.containers and plan.result != "could not tell":
            yield from self.text("Nothing stands in the way of these containers.", 0)
            yield ""
        if plan.opted_out:
            text = f"With --userns=host, and so root on the host all the same: {self.some(plan.opted_out)}"
            yield from self.text(text, 0)
            yield ""

    def handing_over(self) -> Iterator[str]:
        """Folders that must change hands."""
        held = self.plan.handovers
        if not held:
            return
        yield self.paint("bold", "Folders of the host that change hands")
        yield from self.text(
            "Stop the containers first. Each command shifts an entry once, however often it is run; disable tells how"
            " to take it back."
        )
        for one in held if self.every else held[:_FEW]:
            yield from self.handover(one)
        yield from self.left(len(held))

    def handover(self, one: Handover) -> Iterator[str]:
        """One folder with its commands."""
        entries = sum(number for _, _, number in one.owners)
        people = len({uid for uid, _, _ in one.owners})
        more = "" if one.whole else "at least "
        what = f"{more}{count(entries, 'entry', 'entries')} of {count(people, 'user')}" if one.owners else "unknown"
        if one.reads:
            what += " that others cannot read"
        yield f"  {self.paint('bold', fit(line(one.path), self.room - 2))}"
        mounts = dict.fromkeys(f"{bind.container}:{bind.target}" for bind in one.binds)
        yield from self.text(f"{what}; {'read' if one.reads else 'mounted'} by {self.some(mounts)}", 4)
        for note in one.notes:
            yield from self.text(f"{self.marks['note']} {line(note)}", 4, "cyan")
        for command in one.commands:
            yield f"    {line(command, _COMMAND)}"

    def keeping(self) -> Iterator[str]:
        """Folders that must not change hands."""
        if self.plan.kept:
            yield self.paint("bold", "Folders of the host that must not change hands")
        for one in self.plan.kept:
            users = self.some(dict.fromkeys(bind.container for bind in one.binds))
            yield from self.text(f"{line(one.path)} ({users})")
            yield from self.text(f"{self.signs.arrow} {one.why}; in the container its owners show as 65534", 4)
        if self.plan.kept:
            yield ""

    def copying(self) -> Iterator[str]:
        """Volumes whose data goes along."""
        held = self.plan.copies
        if not held:
            return
        yield self.paint("bold", "Volumes to copy, after the restart and before containers use them")
        for one in held if self.every else held[:_FEW]:
            yield from self.copy(one)
        yield from self.left(len(held))

    def copy(self, copied: Copied) -> Iterator[str]:
        """One volume with its commands."""
        more = "" if copied.whole else "at least "
        size = f" ({more}{format_size(copied.size)})" if copied.size else ""
        yield f"  {self.paint('bold', fit(line(copied.name), self.room - 24))}{size}"
        for note in copied.notes:
            yield from self.text(f"{self.marks['note']} {line(note)}", 4, "cyan")
        for command in copied.commands:
            yield f"    {line(command, _COMMAND)}"

    def left(self, number: int) -> Iterator[str]:
        """How many were not shown."""
        if number > _FEW and not self.every:
            yield from self.text(f"… and {number - _FEW} more: --all shows each")
        yield ""

    def end(self) -> Iterator[str]:
        """What to do next."""
        match self.plan.result:
            case "ready" if not self.plan.files:
                refused = self.plan.refused
                if refused:
                    text = f"First settle what does not work of {self.some(refused)}; or `enable --force`."
                    yield from self.text(text, 0)
                yield from self.text("Next: `sealock userns enable`, then restart the engine. The way back:", 0)
                yield from self.text("`sealock userns disable`, and restart it again.", 0)
            case "on already":
                yield from self.text("The way back: `sealock userns disable`, where sealock switched it on.", 0)
            case _:
                yield from self.text("Nothing was changed.", 0)

    def text(self, text: str, indent: int = 2, ink: Ink | None = None) -> Iterator[str]:
        """A wrapped sentence."""
        yield from self.hanging(text, indent, ink)

    def some(self, names: Iterable[str]) -> str:
        """Names in a row, the first of them."""
        shown = [line(name, 100) for name in names]
        most = len(shown) if self.every else _MOST
        return ", ".join(shown[:most]) + (f" and {len(shown) - most} more" if len(shown) > most else "")

    def listed(self, label: str, names: Iterable[str]) -> Iterator[str]:
        """Names after a label, the first of them."""
        shown = list(names)
        if shown:
            yield from self.text(f"{label}, {len(shown)}: {self.some(shown)}")
