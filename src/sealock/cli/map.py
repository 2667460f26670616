"""`sealock map`: who can reach whom."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Final

from sealock.cli.output import colour, complain, knows_unicode, width, write
from sealock.errors import UsageError
from sealock.targets.outputs import write_output

if TYPE_CHECKING:
    from sealock.model.netmap import Map

FORMATS: Final = ("terminal", "json", "dot", "svg")


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("target", nargs="?", default="", metavar="FILE", help="a compose file (default: the engine)")
    parser.add_argument("--from", dest="source", default="", metavar="NAME", help="say how this container …")
    parser.add_argument("--to", default="", metavar="NAME", help="… reaches this one, or why not")
    parser.add_argument(
        "--verify", action="store_true", help="try the connections from inside the containers' networks (needs root)"
    )
    parser.add_argument("--engine", default="", metavar="WHERE", help="which engine: an address or a context")
    parser.add_argument("--format", choices=FORMATS, default="terminal", help="how to tell (default: terminal)")
    parser.add_argument("--output", metavar="FILE", help="where to write it (default: standard output)")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colours (default: auto)")


def run(arguments: Namespace) -> int:
    """Run the command; 1 where --from does not reach --to, 2 where something could not be read."""
    from sealock.netmap.sources import of_compose, of_engine  # noqa: PLC0415  the help does without
    from sealock.reports import map as pages  # noqa: PLC0415  as above

    if arguments.verify and arguments.target:
        message = "--verify tries a running machine: a file can't be tried"
        raise UsageError(message)
    if bool(arguments.source) != bool(arguments.to):
        message = "--from and --to belong together"
        raise UsageError(message)
    errors: tuple[str, ...] = ()
    pids: dict[str, int] = {}
    if arguments.target:
        drawn, errors = of_compose(arguments.target)
    else:
        drawn, pids = of_engine(arguments.engine)
    for error in errors:
        complain(error)
    if arguments.source:
        from sealock.netmap import reason  # noqa: PLC0415  as above

        reached, why = reason(drawn, arguments.source, arguments.to)
        write(f"{why}\n")
        return 2 if errors else 0 if reached else 1
    style = {}
    if arguments.format == "terminal":
        style = {
            "width": width(),
            "colour": colour(arguments.color) and not arguments.output,
            "unicode": bool(arguments.output) or knows_unicode(),
        }
    text = pages.render(arguments.format, drawn, **style)
    if arguments.output:
        write_output(arguments.output, text)
    else:
        write(text, exact=arguments.format != "terminal")
    if arguments.verify:
        return _verified(drawn, pids)
    return 2 if errors else 0


def _verified(drawn: Map, pids: dict[str, int]) -> int:
    """Tell where the map is wrong: 1 where it is, 2 where not everything could be tried."""
    from sealock.netmap.sources import checked  # noqa: PLC0415  as above
    from sealock.text import line  # noqa: PLC0415  as above

    found = checked(drawn, pids)
    for one in found.wrong:
        probe = one.probe
        said = "can reach" if probe.expected else "cannot reach"
        complain(
            f"the map is wrong: it says that {line(probe.source)} {said} {line(probe.target)} at"
            f" {probe.address}:{probe.port} ({line(probe.how)}), and the connection was {one.found}"
        )
    left = f", {found.untried} could not be tried" if found.untried else ""
    complain(f"{found.tried} connections tried, {len(found.wrong)} against the map{left}; UDP is not tried")
    return 1 if found.wrong else 2 if found.untried else 0
