"""Readers of settings and performances of demonstrations: for `support.edgerecords`."""

from __future__ import annotations

import json
from typing import Any, Final

from sealock import formats
from sealock.model.container import Container
from sealock.model.location import Source
from sealock.show.catalog import demonstrations
from sealock.show.client import Done
from sealock.show.facts import EngineFacts
from sealock.show.faults import own_fault
from sealock.show.performance import perform
from sealock.show.plan import Command, Plan, make_plan
from sealock.show.setting import Place, StandIns, focused
from support.shownvalues import show
from support.sweeps import Reader

_PLACE: Final = Place("abc123", "/t/show", "show:abc123", port=4711, host="h", socket="/r/docker.sock")


def settings(text: str) -> list[str]:
    """What stands in for the setting of a run line, in the demonstration of the rule in the first line."""
    rule, _, rest = text.partition("\n")
    demonstration = demonstrations().get(rule)
    nouns = [subject.noun for subject in formats.read("run", Source("run.sh", f"{rest}\n")).subjects]
    containers = [noun for noun in nouns if isinstance(noun, Container)][:2]
    if demonstration is None or not containers:
        return ["nothing"]
    lines = [*map(show, focused(demonstration, containers[0], containers[-1]))]
    for noun in containers:
        stands = StandIns(demonstration, _PLACE)
        lines += [show(stands.harmless(noun)), show(list(stands.names(noun))), *stands.notes]
    return lines


def _named(plan: Plan) -> dict[str, Command]:
    """The commands of a plan in their order, each by its place."""
    parts = {"make": plan.make}
    for name, act in (("before", plan.before), ("after", plan.after)):
        parts |= {f"{name} make": act.make, f"{name} harm": act.harm, f"{name} remove": act.remove}
    parts["remove"] = plan.remove
    return {f"{part} {number}": command for part, commands in parts.items() for number, command in enumerate(commands)}


class _ScriptedSession:
    """A session with an engine that does what the demonstration says, but for what a script has; a screen too."""

    def __init__(self, plan: Plan, facts: EngineFacts, script: dict[str, Any]) -> None:
        self.facts, self.script, self.lines = facts, script, list[str]()
        self.client, self.plan = self, plan
        self.coming = list(_named(plan).items())

    def ask(self, words: tuple[str, ...]) -> Done:
        """The answer of the script, or the expected one."""
        place, command = self.coming.pop(0)
        filled = " ".join(words) if words != command.words else ""
        if place in self.script:
            status, output = self.script[place]
            done = Done(int(status), str(output))
        elif place.startswith("after harm"):
            done = Done(1 - command.status, self.plan.demonstration.refused)
        else:
            done = Done(command.status if place.startswith("before harm") else 0, command.shows)
        self.lines.append(f"{place}: {done.status} {done.output!r} {filled}".rstrip())
        return done

    def run(self, words: tuple[str, ...]) -> Done:
        """The same, with the errors."""
        return self.ask(words)

    def reset(self) -> None:
        """The host's directory is as it was."""
        self.lines.append("reset")

    def clear(self) -> None:
        """What is left is removed."""
        self.lines.append("clear")

    def command(self, command: Command) -> None:
        """What `sealock` does itself has no answer."""
        if command.calls is not None:
            self.lines.append(f"calls {self.coming.pop(0)[0]}")

    def output(self, command: Command, done: Done) -> None:
        """It was shown when it was asked for."""

    def harmed(self) -> None:
        """The harm was done."""
        self.lines.append("harmed")

    def fixed(self) -> None:
        """The fix is tried."""
        self.lines.append("fixed")

    def refused(self, plan: Plan) -> None:
        """The harm was refused."""
        self.lines.append(f"refused {plan.demonstration.rule}")


def performances(text: str) -> list[str]:
    """A demonstration on an engine that answers as it says, but for the answers of a script, by their places."""
    table = json.loads(text)
    demonstration = demonstrations().get(str(table.get("rule")))
    if demonstration is None:
        return ["no such demonstration"]
    kind = str(table.get("kind", "docker"))
    fault = own_fault(demonstration)
    plan = make_plan(demonstration, fault.before, fault.after, _PLACE, (kind,))
    facts = EngineFacts(kind, obstacles=frozenset(table.get("obstacles") or ()))
    session: Any = _ScriptedSession(plan, facts, table.get("script") or {})
    outcome = perform(plan, session, session)
    return [*session.lines, f"{outcome.result}: {outcome.why}"]


READERS: Final[dict[str, Reader]] = {"show-of-settings": settings, "show-of-performances": performances}
