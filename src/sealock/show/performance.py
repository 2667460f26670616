"""Runs a plan: command by command, each shown before it runs, its output as it is."""

from __future__ import annotations

from typing import Literal, Protocol, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from sealock.show.client import Done
from sealock.show.plan import Act, Command, Plan, fill, obstacle
from sealock.show.session import Session

Result: TypeAlias = Literal["shown", "stopped", "unlike", "untried"]


class Outcome(Struct, frozen=True):
    """How a demonstration went.

    "shown": the harm was done before the fix and not after it. "stopped": the engine already stops it. "unlike": it
    did not happen as described. "untried": it could not be tried. `why` has a sentence for all but the first.
    """

    result: Result
    why: str = ""


class Screen(Protocol):
    """Whoever watches."""

    def command(self, command: Command) -> None:
        """A command is about to run."""

    def output(self, command: Command, done: Done) -> None:
        """It ended."""

    def harmed(self) -> None:
        """The harm was done, before the fix."""

    def fixed(self) -> None:
        """The fix is about to be tried."""

    def refused(self, plan: Plan) -> None:
        """The harm was refused, after the fix."""


class _UntriedError(Exception):
    """A command that the harm needs did not work."""


def perform(plan: Plan, session: Session, screen: Screen) -> Outcome:
    """Run a plan to its end, and say how it went."""
    return _Performance(plan, session, screen).outcome()


class _Performance:
    def __init__(self, plan: Plan, session: Session, screen: Screen) -> None:
        self.plan, self.session, self.screen = plan, session, screen
        self.names: dict[str, str] = {}

    def outcome(self) -> Outcome:
        """Run the plan; what it leaves where it does not come to its end is removed."""
        outcome = self._outcome()
        if outcome.result != "shown":
            self.session.clear()
        return outcome

    def _outcome(self) -> Outcome:
        plan, about = self.plan, self.plan.demonstration
        if why := dict(about.without).get(self.session.client.facts.kind, ""):
            return Outcome("untried", why)
        lesson = obstacle(about, self.session.client.facts.obstacles)
        try:
            self._all(plan.make)
            harmed, output = self._act(plan.before)
            if not harmed:
                why = lesson or f"the harm failed before the fix: {_last(output)}"
                return Outcome("stopped" if lesson else "unlike", why)
            lesson = ""
            self.screen.harmed()
            self.session.reset()
            self.screen.fixed()
            harmed, output = self._act(plan.after)
            if harmed:
                return Outcome("unlike", "the harm was done after the fix, too")
            if about.refused not in output:
                return Outcome("unlike", f"after the fix it failed otherwise than described: {_last(output)}")
            self.screen.refused(plan)
            self._all(plan.remove)
        except _UntriedError as error:
            return Outcome("stopped", lesson) if lesson else Outcome("untried", str(error))
        return Outcome("shown")

    def _act(self, act: Act) -> tuple[bool, str]:
        """Do an act; whether its last command did harm, and what all of them printed."""
        self._all(act.make)
        harmed, outputs = True, list[str]()
        for command in act.harm:
            done = self._run(command)
            harmed = _does_harm(command, done)
            outputs.append(done.output)
        self._all(act.remove)
        return harmed, "".join(outputs)

    def _all(self, commands: tuple[Command, ...]) -> None:
        for command in commands:
            done = self._run(command)
            if done.status and not command.may_fail:
                message = f"`{' '.join(command.words[:2])}` failed: {_last(done.output)}"
                raise _UntriedError(message)
            if command.gives:
                self.names[command.gives] = done.output.strip()

    def _run(self, command: Command) -> Done:
        known = replace(command, words=tuple(fill(word, self.names) for word in command.words))
        self.screen.command(known)
        client = self.session.client
        if known.calls is not None:
            known.calls()
            return Done(0, "")
        done = client.ask(known.words) if command.gives else client.run(known.words)
        self.screen.output(known, done)
        return done


def _does_harm(command: Command, done: Done) -> bool:
    if command.hides:
        return command.hides not in done.output
    return done.status == command.status and command.shows in done.output


def _last(output: str) -> str:
    lines = output.strip().splitlines()
    # Docker's client adds a hint to its error.
    worth = [line for line in lines if "rror" in line] or lines[-1:]
    return worth[0].strip()[:300] if worth else "it printed nothing"
