"""`sealock rules`: the manual."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from sealock.cli.output import complain, page_style, print_output
from sealock.errors import UsageError
from sealock.model.report import RulePage
from sealock.reports import rules as reports
from sealock.rules.lookup import by_id, search, search_pages, suggestion
from sealock.rules.retired import RETIRED
from sealock.scan.manual import pages


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "rules",
        nargs="*",
        metavar="RULE",
        help="explain these rules, by their ids here or in other tools (C001, DL3057, DS-0026), or list the rules on a "
        "subject (healthcheck); default: list all rules",
    )
    parser.add_argument(
        "--search",
        nargs="+",
        metavar="WORD",
        help="list the rules whose pages hold all these words: --search docker socket",
    )
    parser.add_argument("--shown", action="store_true", help="of explained rules print only the recorded demonstration")
    parser.add_argument(
        "--format",
        choices=("terminal", "json", "markdown"),
        default="terminal",
        help="output format (default: terminal)",
    )
    parser.add_argument("--output", metavar="FILE", help="write to this file (default: standard output)")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colours (default: auto)")


def run(arguments: Namespace) -> int:
    """Run the command and return the exit status."""
    known = tuple(pages())
    if arguments.search and arguments.rules:
        msg = "name rules, or give words to --search, not both"
        raise UsageError(msg)
    explained, listed = _chosen(known, arguments.rules)
    if arguments.shown and (listed or not explained or any(page.shown is None for page in explained)):
        msg = "--shown is for rules with a recorded demonstration, by their ids: `sealock show --list` lists them"
        raise UsageError(msg)
    if arguments.search:
        listed = _searched(known, " ".join(arguments.search))
    text = reports.render(
        (*explained, *listed) if arguments.rules or arguments.search else known,
        arguments.format,
        explain=bool(explained) and not listed,
        only_shown=arguments.shown,
        **page_style(arguments.output, arguments.color),
    )
    print_output(text, arguments.output, exact=arguments.format != "terminal")
    return 0


def _searched(known: tuple[RulePage, ...], words: str) -> tuple[RulePage, ...]:
    """The rules whose pages hold all these words; UsageError for none."""
    if hits := search_pages(known, words):
        return hits
    msg = f"no rule's page holds all of {words!r}{suggestion(known, words)}"
    raise UsageError(msg)


def _chosen(known: tuple[RulePage, ...], words: list[str]) -> tuple[tuple[RulePage, ...], tuple[RulePage, ...]]:
    """The rules that words name by id, and those on the subject of a word; UsageError for a word that fits none."""
    explained: dict[str, RulePage] = {}
    listed: dict[str, RulePage] = {}
    for word in (part.strip() for given in words for part in given.split(",")):
        if named := by_id(known, word):
            explained |= {page.id: page for page in named}
            if (key := word.upper()) in RETIRED:
                complain(f"{key} is now {RETIRED[key]}")
        elif about := search(known, word):
            listed |= {page.id: page for page in about}
        else:
            msg = f"no rule has the id {word!r} or is on that subject{suggestion(known, word)}"
            raise UsageError(msg)
    return tuple(explained.values()), tuple(page for id_, page in listed.items() if id_ not in explained)
