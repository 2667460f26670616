"""`sealock map`: who can reach whom."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Final

from sealock.cli.output import colour, complain, knows_unicode, width, write
from sealock.errors import UsageError
from sealock.targets.writing import write_output

FORMATS: Final = ("terminal", "json", "dot", "svg")


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("target", nargs="?", default="", metavar="FILE", help="a compose file (default: the engine)")
    parser.add_argument("--from", dest="source", default="", metavar="NAME", help="say how this container …")
    parser.add_argument("--to", default="", metavar="NAME", help="… reaches this one, or why not")
    parser.add_argument("--engine", default="", metavar="WHERE", help="which engine: an address or a context")
    parser.add_argument("--format", choices=FORMATS, default="terminal", help="how to tell (default: terminal)")
    parser.add_argument("--output", metavar="FILE", help="where to write it (default: standard output)")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colours (default: auto)")


def run(arguments: Namespace) -> int:
    """Run the command; 1 where --from does not reach --to, 2 where something could not be read."""
    from sealock.mapping import of_compose, of_engine  # noqa: PLC0415  the help does without
    from sealock.reports import map as pages  # noqa: PLC0415  as above

    if bool(arguments.source) != bool(arguments.to):
        message = "--from and --to belong together"
        raise UsageError(message)
    drawn, problems = of_compose(arguments.target) if arguments.target else of_engine(arguments.engine)
    for problem in problems:
        complain(problem)
    if arguments.source:
        from sealock.reach import reason  # noqa: PLC0415  as above

        reached, why = reason(drawn, arguments.source, arguments.to)
        write(f"{why}\n")
        return 2 if problems else 0 if reached else 1
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
    return 2 if problems else 0
