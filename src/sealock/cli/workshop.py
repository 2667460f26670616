"""The workshop of `sealock show`: chapter by chapter, what a container is, what goes wrong, and what stops it."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator

from sealock.cli.output import complain
from sealock.cli.showing import STATUS, TerminalScreen
from sealock.show.catalog import demonstrations
from sealock.show.chapters import CHAPTERS, Chapter
from sealock.show.client import Client, Done
from sealock.show.faults import own_fault
from sealock.show.performance import Outcome, perform
from sealock.show.plan import Command, make_plan, removal
from sealock.show.scenes import scene
from sealock.show.session import Session

NAMES = tuple(chapter.name for chapter in CHAPTERS)
"""The names of the chapters."""


def walk(chapters: tuple[Chapter, ...], client: Client, arguments: Namespace, screen: TerminalScreen) -> int:
    """Go through chapters, and return the exit status; on a terminal the user says when to go on."""
    status = 0
    with Session(client, arguments.image) as session:
        for chapter in chapters:
            screen.chapter(CHAPTERS.index(chapter) + 1, len(CHAPTERS), chapter)
            _look(chapter, session, screen, arguments.engine)
            outcome = _harm(chapter, session, screen)
            screen.outcome(outcome)
            screen.more(chapter.more)
            status = max(status, STATUS[outcome.result])
            if chapter is not chapters[-1] and not _goes_on(arguments):
                break
    for name in session.left:
        complain(f"{name} could not be removed: `sealock show --clean` tries again")
    if not session.left:
        screen.end()
    return status


def _goes_on(arguments: Namespace) -> bool:
    if arguments.yes or not sys.stdin.isatty():
        return True
    complain("Enter goes on to the next chapter, q ends")
    return sys.stdin.readline().strip().lower() not in {"q", "quit"}


def _look(chapter: Chapter, session: Session, screen: TerminalScreen, engine: str) -> None:
    """Start a container as it comes, and look at it."""
    if not chapter.rows:
        return
    client, place = session.client, session.place
    session.ready(demonstrations()[chapter.rule], screen.command)
    box = session.box()
    screen.command(box)
    started = client.run(box.words)
    if started.status:
        screen.output(box, started)
        return
    where = ("--engine", engine) if engine else ()
    look = Command(("sealock", "inspect", f"container:{place.box}", *where), "harm")
    screen.command(look)
    done = client.run(look.words)
    rows = list(_rows(done.output, chapter.rows)) if done.status == 0 else [done.output]
    screen.output(look, Done(done.status, "\n".join(rows)))
    if chapter.id_inside:
        ask = Command(
            (*client.words, "exec", place.box, "grep", "-m1", "-oE", "[0-9a-f]{64}", "/proc/self/mountinfo"), "harm"
        )
        screen.command(ask)
        screen.output(ask, client.run(ask.words))
    client.run((*client.words, *removal(client.program), place.box))
    screen.gap()


def _rows(text: str, labels: tuple[str, ...]) -> Iterator[str]:
    """The lines of a report that stand behind some of its labels."""
    wanted = False
    for row in text.splitlines():
        if row[:2] == "  " and row[2:3].strip():
            wanted = row.strip().startswith(labels)
        elif not row.startswith("    "):
            wanted = False
        if wanted:
            yield row[2:]


def _harm(chapter: Chapter, session: Session, screen: TerminalScreen) -> Outcome:
    """Show the harm of the chapter's rule, or its scene."""
    client, place = session.client, session.place
    if chapter.scene:
        if chapter.name in {"images", "scanning"}:
            session.import_image(screen.command)
            screen.gap()
        with scene(chapter.scene, place, client) as plan:
            screen.harm(plan, ())
            return perform(plan, session, screen)
    demonstration = demonstrations()[chapter.rule]
    fault = own_fault(demonstration)
    session.ready(demonstration, screen.command)
    plan = make_plan(demonstration, fault.before, fault.after, place, client.words)
    screen.harm(plan, fault.diff)
    return perform(plan, session, screen)
