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
from sealock.userns.plan.ownership import Handover, VolumeCopy
from sealock.userns.plan.plan import PlanOutcome, RemappingPlan
from sealock.userns.plan.readiness import CheckAnswer, ReadinessCheck

_WORDS: Final[dict[PlanOutcome, tuple[str, Ink]]] = {
    "already on": ("Remapping is on.", "green"),
    "ready": ("Ready: `sealock userns enable` can enable remapping.", "green"),
    "not ready": ("Not ready: some checks below fail.", "red"),
    "unknown": ("Unknown: some checks below have no result.", "magenta"),
}
_INKS: Final[dict[CheckAnswer, Ink]] = {"ok": "green", "note": "cyan", "unknown": "magenta", "fails": "red"}
_LABEL: Final = 11
_MOST: Final = 12
_COMMAND: Final = 20_000
"""Characters: a truncated command would be another command."""
_FEW: Final = 5
"""Directories and volumes that are shown without --all."""


def as_json(plan: RemappingPlan) -> str:
    """Render the whole plan as JSON."""
    return encode(to_builtins(plan) | {"refused": list(plan.refused)}) + "\n"


def render(
    plan: RemappingPlan, *, width: int = 80, colour: bool = False, unicode: bool = True, every: bool = False
) -> str:
    """Render for a terminal of that width; `every` shows everything."""
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
    """The layout of the page; each method yields the lines of a section."""

    def __init__(self, plan: RemappingPlan, room: int, *, colour: bool, unicode: bool, every: bool) -> None:
        super().__init__(room, colour=colour, unicode=unicode)
        self.plan, self.every = plan, every
        self.marks: dict[CheckAnswer, str] = (
            {"ok": "✔", "note": "●", "unknown": "?", "fails": "✖"}
            if unicode
            else {"ok": "+", "note": "*", "unknown": "?", "fails": "x"}
        )

    def head(self) -> Iterator[str]:
        """The title and the result."""
        name = f"user-namespace remapping to {line(self.plan.user, 40)}"
        yield self.headline(name)
        words, ink = _WORDS[self.plan.result]
        if self.plan.result == "ready" and self.plan.refused and not self.plan.files:
            refused = count(len(self.plan.refused), "container")
            words, ink = f"The machine is ready, but {refused} would no longer work: see below.", "magenta"
        if self.plan.files:
            words = words.partition(":")[0] + ", as far as sealock can check without an engine."
            yield from self.text(f"Planned for {', '.join(line(file, 200) for file in self.plan.files)}.", 0)
        yield from self.text(words, 0, ink)
        yield ""

    def checks(self) -> Iterator[str]:
        """All checks."""
        yield self.paint("bold", "Readiness of this machine")
        for check in self.plan.checks:
            yield from self.check(check)
        yield ""

    def check(self, check: ReadinessCheck) -> Iterator[str]:
        """One check, with its remedy."""
        lead = f"  {self.marks[check.answer]} "
        badge = self.paint(_INKS[check.answer], lead) + self.paint("faint", check.name.ljust(_LABEL))
        yield from self.hanging(line(check.text), 4 + _LABEL, badge=badge)
        if check.remedy:
            yield from self.hanging(f"{self.signs.arrow} {line(check.remedy)}", 4 + _LABEL)

    def ranges(self) -> Iterator[str]:
        """The ids that a container's users get on the host."""
        uids, gids = self.plan.uids, self.plan.gids
        if not uids or not gids:
            return
        yield self.paint("bold", "Users of containers on the host")
        first = f"root (0) in a container is {uids[0].start}:{gids[0].start} on the host"
        more = f", and 1000 is {uids[0].start + 1000}" if uids[0].count > 1000 else ""
        yield from self.text(f"{first}{more}.")
        for file, ranges, new in (("subuid", uids, self.plan.new_uids), ("subgid", gids, self.plan.new_gids)):
            lines = ", ".join(f"{line(ids.name, 40)}:{ids.start}:{ids.count}" for ids in ranges[:_FEW])
            yield from self.text(f"/etc/{file}: {lines}{' (new)' if new else ''}")
        yield ""

    def vanishing(self) -> Iterator[str]:
        """What the engine will no longer see."""
        plan = self.plan
        if plan.result == "already on" or not (plan.images or plan.containers or plan.volumes) or plan.files:
            return
        yield self.paint("bold", "What the engine no longer sees while remapping is on")
        if plan.data_root:
            yield from self.text(f"The engine's data directory will be {line(plan.data_root)}, which starts empty.")
        for label, pullable in (("Images to pull again", True), ("Images built here", False)):
            images = [image for image in plan.images if image.pullable is pullable]
            yield from self.listed(label, [f"{image.name} ({format_size(image.size)})" for image in images])
        if any(not image.pullable for image in plan.images):
            arrow = self.signs.arrow
            yield from self.text(f"{arrow} build them again, or copy them: docker save -o FILE NAME… before,", 4)
            yield from self.text("docker load -i FILE afterwards", 4 + len(arrow) + 1)
        yield from self.listed("Containers to create again", plan.containers)
        yield from self.listed("Volumes", plan.volumes)
        yield from self.listed("Networks to create again", plan.networks)
        yield ""

    def blocking(self) -> Iterator[str]:
        """Options of containers that do not work with remapping."""
        plan = self.plan
        if plan.blockers:
            yield self.paint("bold", "What does not work with remapping")
        containers: dict[tuple[str, Effect, str], list[str]] = {}
        for blocker in plan.blockers:
            containers.setdefault((blocker.what, blocker.effect, blocker.remedy), []).append(blocker.container)
        for (what, effect, remedy), names in containers.items():
            yield from self.text(f"{line(what)}: {effect}", 2, "red" if effect == "refused" else "magenta")
            yield from self.text(self.first(names), 4)
            yield from self.text(f"{self.signs.arrow} {line(remedy)}", 4)
        if plan.blockers:
            text = "In a container that opts out with --userns=host, root is still root on the host."
            yield from self.text(text)
            yield ""
        elif plan.containers and plan.result != "unknown":
            yield from self.text("All containers can run with remapping.", 0)
            yield ""
        if plan.opted_out:
            text = f"These opt out with --userns=host, so their root is root on the host: {self.first(plan.opted_out)}"
            yield from self.text(text, 0)
            yield ""

    def handing_over(self) -> Iterator[str]:
        """Directories that must change owners."""
        handovers = self.plan.handovers
        if not handovers:
            return
        yield self.paint("bold", "Directories of the host that must change owners")
        yield from self.text(
            "Stop the containers first. Each command shifts an entry only once, however often it runs; disable prints"
            " the commands to revert it."
        )
        for handover in handovers if self.every else handovers[:_FEW]:
            yield from self.handover(handover)
        yield from self.left(len(handovers))

    def handover(self, handover: Handover) -> Iterator[str]:
        """One directory with its commands."""
        number = count(sum(number for _, _, number in handover.owners), "entry", "entries")
        users = count(len({uid for uid, _, _ in handover.owners}), "user")
        more = "" if handover.whole else "at least "
        entries = f"{more}{number} of {users}" if handover.owners else "unknown"
        if handover.reads:
            entries += " that others cannot read"
        yield f"  {self.paint('bold', fit(line(handover.path), self.room - 2))}"
        mounts = dict.fromkeys(f"{bind.container}:{bind.target}" for bind in handover.binds)
        yield from self.text(f"{entries}; {'read' if handover.reads else 'mounted'} by {self.first(mounts)}", 4)
        for note in handover.notes:
            yield from self.text(f"{self.marks['note']} {line(note)}", 4, "cyan")
        for command in handover.commands:
            yield f"    {line(command, _COMMAND)}"

    def keeping(self) -> Iterator[str]:
        """Directories that must not change owners."""
        if self.plan.kept:
            yield self.paint("bold", "Directories of the host that must not change owners")
        for kept in self.plan.kept:
            users = self.first(dict.fromkeys(bind.container for bind in kept.binds))
            yield from self.text(f"{line(kept.path)} ({users})")
            yield from self.text(f"{self.signs.arrow} {kept.why}; in the container its owners show as 65534", 4)
        if self.plan.kept:
            yield ""

    def copying(self) -> Iterator[str]:
        """Volumes to copy."""
        copies = self.plan.copies
        if not copies:
            return
        yield self.paint("bold", "Volumes to copy, after the restart and before containers use them")
        for copied in copies if self.every else copies[:_FEW]:
            yield from self.copy(copied)
        yield from self.left(len(copies))

    def copy(self, copied: VolumeCopy) -> Iterator[str]:
        """One volume with its commands."""
        more = "" if copied.whole else "at least "
        size = f" ({more}{format_size(copied.size)})" if copied.size else ""
        yield f"  {self.paint('bold', fit(line(copied.name), self.room - 24))}{size}"
        for note in copied.notes:
            yield from self.text(f"{self.marks['note']} {line(note)}", 4, "cyan")
        for command in copied.commands:
            yield f"    {line(command, _COMMAND)}"

    def left(self, number: int) -> Iterator[str]:
        """The number of entries that are not shown."""
        if number > _FEW and not self.every:
            yield from self.text(f"… and {number - _FEW} more: --all shows them")
        yield ""

    def end(self) -> Iterator[str]:
        """The next step."""
        match self.plan.result:
            case "ready" if not self.plan.files:
                refused = self.plan.refused
                if refused:
                    text = f"First change what does not work in {self.first(refused)}, or use `enable --force`."
                    yield from self.text(text, 0)
                yield from self.text("Next: `sealock userns enable`, then restart the engine. To revert:", 0)
                yield from self.text("`sealock userns disable`, and restart it again.", 0)
            case "already on":
                yield from self.text("To revert: `sealock userns disable`, if sealock enabled it.", 0)
            case _:
                yield from self.text("Nothing was changed.", 0)

    def text(self, text: str, indent: int = 2, ink: Ink | None = None) -> Iterator[str]:
        """A wrapped sentence."""
        yield from self.hanging(text, indent, ink)

    def first(self, names: Iterable[str]) -> str:
        """The first names, and the number of the others."""
        safe = [line(name, 100) for name in names]
        most = len(safe) if self.every else _MOST
        return ", ".join(safe[:most]) + (f" and {len(safe) - most} more" if len(safe) > most else "")

    def listed(self, label: str, names: Iterable[str]) -> Iterator[str]:
        """A label with the number of names and the first of them."""
        listed = list(names)
        if listed:
            yield from self.text(f"{label}, {len(listed)}: {self.first(listed)}")
