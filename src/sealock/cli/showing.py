"""Shows a demonstration on the terminal while it runs."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Final

from sealock.cli.output import write
from sealock.reports import shown
from sealock.reports.page import Page
from sealock.show.chapters import Chapter
from sealock.show.client import Done
from sealock.show.demonstration import Demonstration
from sealock.show.performance import Outcome
from sealock.show.plan import Command, Plan

STATUS: Final = {"shown": 0, "stopped": 0, "unlike": 1, "untried": 2}
"""The exit status of each outcome."""

_OWN_LINES: Final = 24
"""Lines of sealock's own output that are shown."""


class TerminalScreen:
    """Writes what happens, as it happens."""

    def __init__(self, room: int, *, colour: bool, unicode: bool) -> None:
        self.page = Page(room, colour=colour, unicode=unicode)
        self.diff: tuple[str, ...] = ()

    def _write(self, *rows: str) -> None:
        write("".join(f"{row.rstrip()}\n" for row in rows))
        sys.stdout.flush()

    def opening(self, plan: Plan, diff: tuple[str, ...], title: str) -> None:
        """Name the demonstration, and what it is going to do."""
        page, about = self.page, plan.demonstration
        self._write(page.headline(f"{about.rule}  {title}"), "")
        self.harm(plan, diff)

    def harm(self, plan: Plan, diff: tuple[str, ...]) -> None:
        """Say what is going to be done."""
        page, about = self.page, plan.demonstration
        self.diff = diff
        self._write(*shown.paragraph(page, about.harm))
        for note in plan.notes:
            self._write(*(page.paint("faint", row) for row in shown.paragraph(page, note)))
        self._write("")

    def command(self, command: Command) -> None:
        """Print a command that is about to run."""
        if command.role != "remove":
            faint = command.role != "harm"
            self._write(*shown.command(self.page, command.words, command.setting, faint=faint))

    def output(self, command: Command, done: Done) -> None:
        """Print what it printed; the ids that engines print on success are left out."""
        if command.role == "harm":
            most = _OWN_LINES if command.words[0] == "sealock" else shown.LINES
            self._write(*shown.output(self.page, done.output, most))

    def harmed(self) -> None:
        """Say that the harm was done."""
        page = self.page
        worst = next(iter(page.signs.of.values()))
        self._write(*shown.sentence(page, worst, "The harm is done.", bad=True), "")

    def fixed(self) -> None:
        """Show the fix."""
        heading = "The fix" if self.diff else "The remedy"
        self._write(
            self.page.paint("heading", heading), *shown.diff(self.page, self.diff), *([""] if self.diff else [])
        )

    def refused(self, plan: Plan) -> None:
        """Say what refused it."""
        about = plan.demonstration
        self._write(*shown.sentence(self.page, self.page.signs.good, f"Refused. {about.refused_because}"))

    def closing(self, plan: Plan, outcome: Outcome) -> None:
        """Say how it went, where it did not go as planned, and where to read more."""
        self.outcome(outcome)
        self.more(f"sealock rules {plan.demonstration.rule}")

    def outcome(self, outcome: Outcome) -> None:
        """Say how it went, where it did not go as planned."""
        page = self.page
        sign = {"stopped": page.signs.good, "unlike": "!", "untried": "?"}.get(outcome.result, "")
        text = {
            "stopped": f"This engine already stops it: {outcome.why}.",
            "unlike": f"It did not happen as described: {outcome.why}.",
            "untried": f"It could not be tried: {outcome.why}.",
        }.get(outcome.result, "")
        if text:
            self._write(*shown.sentence(page, sign, text, bad=outcome.result != "stopped"))

    def more(self, where: str) -> None:
        """Say where to read more."""
        self._write("", *(self.page.paint("faint", row) for row in shown.paragraph(self.page, f"More: {where}")), "")

    def gap(self) -> None:
        """Leave a line empty."""
        self._write("")

    def chapter(self, number: int, last: int, chapter: Chapter) -> None:
        """Begin a chapter."""
        page = self.page
        self._write(page.headline(f"{number} of {last}  {chapter.title}"), "")
        self._write(*shown.paragraph(page, chapter.about), "")

    def end(self) -> None:
        """Say that nothing is left."""
        self._write(self.page.paint("faint", "All that was made is removed: containers, images, networks and files."))

    def plan(self, plan: Plan, diff: tuple[str, ...], title: str) -> None:
        """Print a plan that is not carried out."""
        page = self.page
        self.opening(plan, diff, title)
        for name, act in (("With the fault", plan.before), ("With the fix", plan.after)):
            first = plan.make if act is plan.before else ()
            last = plan.remove if act is plan.after else ()
            if act is plan.after:
                self._write(page.paint("heading", "The fix"), *shown.diff(page, diff), "")
            self._write(page.paint("heading", name))
            for command in (*first, *act.make, *act.harm, *act.remove, *last):
                self._write(*shown.command(page, command.words, command.setting, faint=command.role != "harm"))
            self._write("")

    def list(self, known: Mapping[str, Demonstration]) -> None:
        """List the demonstrations."""
        for rule, demonstration in known.items():
            self._write(*self.page.hanging(demonstration.harm, 6, label=rule))
