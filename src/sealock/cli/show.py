"""`sealock show`: the harm of a fault and its remedy, on the user's own engine."""

from __future__ import annotations

import signal
from argparse import ArgumentParser, Namespace
from types import FrameType
from typing import Final

from msgspec.structs import replace

from sealock.cli.confirmation import confirmed
from sealock.cli.output import colour, complain, knows_unicode, width, write
from sealock.cli.showing import STATUS, TerminalScreen
from sealock.cli.workshop import NAMES, walk
from sealock.errors import TargetError, UsageError
from sealock.rules.lookup import by_id, suggestion
from sealock.rules.retired import RETIRED
from sealock.scan.manual import pages
from sealock.show.belongings import clean
from sealock.show.catalog import demonstrations, find
from sealock.show.chapters import CHAPTERS, Chapter
from sealock.show.client import Client
from sealock.show.demonstration import Demonstration
from sealock.show.faults import Fault, fault_of_service, own_fault
from sealock.show.performance import perform
from sealock.show.plan import make_plan
from sealock.show.session import Session, check_image, import_command, place_for
from sealock.text import count, line

EPILOG: Final = """\
exit status:
  0  shown: the harm was done, and refused after the fix
  1  it did not happen as described
  2  it could not be tried
"""


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.epilog = EPILOG
    parser.add_argument(
        "rules",
        nargs="*",
        metavar="RULE|CHAPTER",
        help="show the harm of these rules, by their ids (C001), or these chapters of the workshop: "
        f"{', '.join(NAMES)}; default: the workshop from its beginning",
    )
    parser.add_argument(
        "--on",
        default="",
        metavar="FILE:SERVICE",
        help="use the setting, and the image, of this service of a compose file",
    )
    parser.add_argument(
        "--image",
        default="",
        metavar="IMAGE",
        help="use this image, which the engine has (default: the service's, or one of a static BusyBox)",
    )
    parser.add_argument("--list", action="store_true", help="list the demonstrations")
    parser.add_argument("--dry-run", action="store_true", help="print the commands and run none")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")
    parser.add_argument("--clean", action="store_true", help="remove what a demonstration left that was ended midway")
    parser.add_argument(
        "--client", choices=("docker", "podman"), default="", help="the engine's client (default: docker)"
    )
    parser.add_argument("--engine", default="", metavar="WHERE", help="engine address or context")
    parser.add_argument("--remote", action="store_true", help="also on an engine of another machine")
    parser.add_argument("--swarm", action="store_true", help="also on a manager of a swarm")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colours (default: auto)")


def run(arguments: Namespace) -> int:
    """Run the command and return the exit status."""
    screen = TerminalScreen(width(), colour=colour(arguments.color), unicode=knows_unicode())
    if arguments.list:
        screen.list(demonstrations())
        return 0
    chapters = () if arguments.clean else _chapters(arguments)
    chosen = [] if arguments.clean or chapters else _chosen(arguments.rules)
    client = Client(arguments.client, arguments.engine, dry=arguments.dry_run)
    _refuse(client, arguments)
    if arguments.clean:
        return _clean(client)
    if chapters:
        return _workshop(chapters, client, arguments, screen)
    return _show(chosen, client, arguments, screen)


def _refuse(client: Client, arguments: Namespace) -> None:
    """Raise UsageError for an engine on which nobody wants a demonstration."""
    if client.remote and not arguments.remote:
        message = f"the engine is on another machine ({line(client.remote)}): use --remote to start containers there"
        raise UsageError(message)
    if client.facts.manages_swarm and not arguments.swarm:
        message = "the engine manages a swarm: use --swarm to start containers there all the same"
        raise UsageError(message)


def _clean(client: Client) -> int:
    runs, left = clean(client)
    for name in left:
        complain(f"{name} could not be removed")
    write(f"Removed what {count(len(runs), 'demonstration')} left.\n" if runs else "Nothing was left.\n")
    return 2 if left else 0


def _chapters(arguments: Namespace) -> tuple[Chapter, ...]:
    """The chapters that are named, all of them where nothing is; UsageError for chapters with what only rules take."""
    named = tuple(chapter for chapter in CHAPTERS if chapter.name in arguments.rules)
    chapters = named if arguments.rules else CHAPTERS
    if named and len(named) < len(arguments.rules):
        message = "name rules or chapters, not both"
        raise UsageError(message)
    if chapters and (arguments.on or arguments.dry_run):
        message = "--on and --dry-run are for rules: name some (`sealock show --list`)"
        raise UsageError(message)
    return chapters


def _workshop(chapters: tuple[Chapter, ...], client: Client, arguments: Namespace, screen: TerminalScreen) -> int:
    if arguments.image:
        check_image(client, arguments.image)
    if not _confirmed(client, arguments):
        return 2
    signal.signal(signal.SIGTERM, _end)
    return walk(chapters, client, arguments, screen)


def _confirmed(client: Client, arguments: Namespace) -> bool:
    where = line(f"{client.facts.kind} {client.facts.version} on {client.facts.host}")
    if confirmed(f"Start and remove containers on {where}?", yes=arguments.yes):
        return True
    complain("nothing was started")
    return False


def _chosen(words: list[str]) -> list[Demonstration]:
    """The demonstrations of the rules; UsageError for a rule that has none, with the reason."""
    known = tuple(pages())
    chosen: dict[str, Demonstration] = {}
    for word in (part.strip() for given in words for part in given.split(",")):
        named = by_id(known, word)
        if not named:
            message = f"no rule has the id {word!r}{suggestion(known, word)}"
            raise UsageError(message)
        for page in named:
            id_ = RETIRED.get(page.id, page.id)
            demonstration, why = find(id_)
            if demonstration is None:
                message = f"{id_} has no demonstration: {why}"
                raise UsageError(message)
            if demonstration.rule != id_:
                complain(f"the harm of {id_} is that of {demonstration.rule}, which is shown")
            chosen[demonstration.rule] = demonstration
    return list(chosen.values())


def _fault(demonstration: Demonstration, where: str) -> Fault:
    if not where:
        return own_fault(demonstration)
    path, colon, service = where.rpartition(":")
    if not colon or not path or not service:
        message = f"--on {where}: write it as compose.yaml:SERVICE"
        raise UsageError(message)
    return fault_of_service(demonstration, path, service)


def _image(fault: Fault, client: Client, arguments: Namespace) -> str:
    """The user's image, "" for the image of BusyBox."""
    image = arguments.image or (fault.image if arguments.on else "")
    if arguments.on and not image:
        message = f"{arguments.on} names no image: build it, and name it with --image"
        raise TargetError(message)
    if image.startswith("-"):
        message = f"{line(image)} is no image's name"
        raise TargetError(message)
    if image and not arguments.dry_run:
        check_image(client, image)
    return image


def _show(chosen: list[Demonstration], client: Client, arguments: Namespace, screen: TerminalScreen) -> int:
    faults = [(demonstration, _fault(demonstration, arguments.on)) for demonstration in chosen]
    image = _image(faults[0][1], client, arguments)
    if arguments.dry_run:
        for demonstration, fault in faults:
            place = place_for(client, "000000", image)
            plan = make_plan(demonstration, fault.before, fault.after, place, client.words)
            make = () if image else (import_command(client, place),)
            screen.plan(replace(plan, make=(*make, *plan.make)), fault.diff, _titles()[demonstration.rule])
        return 0
    if not _confirmed(client, arguments):
        return 2
    status = 0
    signal.signal(signal.SIGTERM, _end)
    with Session(client, image) as session:
        for demonstration, fault in faults:
            plan = make_plan(demonstration, fault.before, fault.after, session.place, client.words)
            screen.opening(plan, fault.diff, _titles()[demonstration.rule])
            session.ready(demonstration, screen.command)
            outcome = perform(plan, session, screen)
            screen.closing(plan, outcome)
            status = max(status, STATUS[outcome.result])
    for name in session.left:
        complain(f"{name} could not be removed: `sealock show --clean` tries again")
    if not session.left:
        screen.end()
    return status


def _titles() -> dict[str, str]:
    return {page.id: page.title for page in pages()}


def _end(_number: int, _frame: FrameType | None) -> None:
    """End by a signal as by Ctrl-C, so that everything is removed."""
    raise KeyboardInterrupt
