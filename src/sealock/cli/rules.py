"""`sealock rules`: the manual at hand."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from sealock.cli.output import colour, knows_unicode, width, write
from sealock.errors import UsageError
from sealock.reports import rules as reports
from sealock.scan.manual import pages
from sealock.targets.outputs import write_output


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("rules", nargs="*", metavar="RULE", help="explain these rules (default: list them all)")
    parser.add_argument(
        "--format", choices=("terminal", "json", "markdown"), default="terminal", help="how to tell (default: terminal)"
    )
    parser.add_argument("--output", metavar="FILE", help="where to write it (default: standard output)")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colours (default: auto)")


def run(arguments: Namespace) -> int:
    """Run the command and return the exit status."""
    known = tuple(pages())
    wanted = tuple(word.upper() for word in arguments.rules)
    for word in wanted:
        if word not in {page.id for page in known}:
            msg = f"there is no rule {word}: `sealock rules` lists them"
            raise UsageError(msg)
    chosen = tuple(page for page in known if page.id in wanted) if wanted else known
    text = reports.render(
        chosen,
        arguments.format,
        explain=bool(wanted),
        width=width(),
        colour=colour(arguments.color) and not arguments.output,
        unicode=bool(arguments.output) or knows_unicode(),
    )
    if arguments.output:
        write_output(arguments.output, text)
    else:
        write(text)
    return 0
