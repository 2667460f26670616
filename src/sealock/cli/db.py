"""`sealock db`: update, share, inspect and remove the advisory database."""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from sealock.cli.commandparser import suggest
from sealock.cli.output import Progress, complain, print_output, width, write
from sealock.cli.registries import registries
from sealock.errors import DatabaseError, UsageError
from sealock.net.http import HttpTransport
from sealock.net.registry.clientconfig import open_registry
from sealock.net.registry.names import reference
from sealock.reports.database import FeedRow, as_json, outcomes, shared, status
from sealock.vulnerabilities.database.artifact import pull, push
from sealock.vulnerabilities.database.freshness import age
from sealock.vulnerabilities.database.location import NAME, clear, database_directory
from sealock.vulnerabilities.database.seal import opened
from sealock.vulnerabilities.database.sources import FeedSource, SourceFolder, Web
from sealock.vulnerabilities.database.update import failures, update
from sealock.vulnerabilities.feeds.catalog import FEEDS, Feed
from sealock.vulnerabilities.records import FeedState

_ABOUT: Final = {
    "update": "fetch new advisories from their publishers, or from a mirror",
    "push": "push the database to a registry and print REF@DIGEST, which pins it",
    "pull": "pull the database from a registry, by tag or digest",
    "status": "show how old the data is, and how much there is",
    "clear": "remove the database",
}


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("what", metavar="VERB", choices=tuple(_ABOUT), help=_about())
    parser.add_argument(
        "reference",
        metavar="REF",
        nargs="?",
        default="",
        help="push, pull: the registry's reference, such as example.com/team/advisories:1",
    )
    parser.add_argument(
        "--from",
        dest="source",
        metavar="DIR-OR-URL",
        default="",
        help="update from a mirror of the feeds with the guide's layout (default: each publisher's address)",
    )
    parser.add_argument(
        "--only",
        nargs="+",
        action="extend",
        metavar="FEED",
        default=[],
        help="update only these feeds: families (osv, alpine-secdb) or single feeds (osv/PyPI, kev)",
    )
    parser.add_argument("--policy", metavar="FILE", help="push, pull: the policy (default: sealock.toml here or above)")
    parser.add_argument("--no-policy", action="store_true", help="push, pull: ignore sealock.toml")
    parser.add_argument("--format", choices=("terminal", "json"), default="terminal", help="output format")
    parser.add_argument("--output", metavar="FILE", help="write to this file (default: standard output)")
    parser.add_argument("-q", "--quiet", action="store_true", help="print only errors and warnings")


def _about() -> str:
    return "; ".join(f"{name}: {about}" for name, about in _ABOUT.items())


def run(arguments: Namespace) -> int:
    """Run the command and return the exit status: 2 where a feed could not be fetched or the database not be read."""
    if arguments.what != "update" and (arguments.source or arguments.only):
        msg = f"--from and --only are for `db update`, not for `db {arguments.what}`"
        raise UsageError(msg)
    sharing = arguments.what in {"push", "pull"}
    if sharing is not bool(arguments.reference):
        msg = f"`db {arguments.what}` {'needs a REF, such as example.com/advisories:1' if sharing else 'takes no REF'}"
        raise UsageError(msg)
    match arguments.what:
        case "update":
            return _update(arguments)
        case "push" | "pull":
            return _share(arguments)
        case "status":
            return _status(arguments)
        case _:
            return _clear(arguments)


def _update(arguments: Namespace) -> int:
    where = database_directory()
    current = _states(where, missing_ok=True)
    feeds = _select(arguments.only, current, mirrored=bool(arguments.source))
    with Progress("feed", len(feeds), quiet=arguments.quiet) as progress:
        done = update(where, _source(arguments.source), feeds, progress)
    absent = [outcome.feed for outcome in done if outcome.result == "absent"]
    if not arguments.only:
        # A mirror or a distribution's server need not have every feed.
        absent = ["any feed"] if len(absent) == len(done) else []
    rows = [
        _row(outcome.state, outcome.feed, outcome.result, outcome.why) for outcome in done if outcome.result != "absent"
    ]
    if arguments.format == "json":
        print_output(as_json(rows, database=where), arguments.output, exact=True)
    elif not arguments.quiet:
        print_output(outcomes(rows, width()), arguments.output)
    for row in rows:
        if row.result == "updated" and row.broken:
            complain(f"feed {row.feed}: {row.broken} of its records could not be read, such as {row.examples[0]}")
    for former in (True, False):
        for why in failures(outcome for outcome in done if (outcome.feed in current) == former):
            complain(f"{why}{'; the former data stays in use' if former else ''}")
    if absent:
        complain(f"{arguments.source or 'the publisher'} does not have {', '.join(absent)}")
    return 2 if absent or any(row.result == "failed" for row in rows) else 0


def _share(arguments: Namespace) -> int:
    name = reference(arguments.reference)
    if arguments.what == "push" and name.digest:
        msg = f"{arguments.reference}: a push computes the digest; give a tag, or none"
        raise UsageError(msg)
    registry = open_registry(registries(arguments.policy, none=arguments.no_policy))
    with Progress(quiet=arguments.quiet) as progress:
        done = (
            push(registry, name, database_directory())
            if arguments.what == "push"
            else pull(registry, name, database_directory(), progress)
        )
    place = f"{name.familiar}{f':{name.tag}' if name.tag else ''}@{done.digest}"
    rows = [_row(state, feed) for feed, state in done.feeds.items()]
    if arguments.format == "json":
        text = as_json(
            rows,
            reference=place,
            digest=done.digest,
            outcome=done.result,
            size=done.size,
            database=database_directory(),
        )
        print_output(text, arguments.output, exact=True)
    elif not arguments.quiet or arguments.what == "push":
        print_output(shared(place, done.result, rows, done.size), arguments.output)
    for row in rows if arguments.what == "pull" and not arguments.quiet else ():
        if row.old:
            complain(f"feed {row.feed} is old: {row.old}")
    return 0


def _select(only: Sequence[str], current: Collection[str], *, mirrored: bool) -> tuple[Feed, ...]:
    """The feeds to update: those named, all that a mirror may have, or the standard and the current ones."""
    if only:
        named = [(name, _named(name)) for words in only for name in words.split(",")]
        for name, feeds in named:
            if not feeds:
                known = sorted({*FEEDS, *(feed.family for feed in FEEDS.values())})
                msg = f"{name} is not a feed{suggest(name, known) or f'; the families are {_families()}'}"
                raise UsageError(msg)
        return tuple(dict.fromkeys(feed for _, feeds in named for feed in feeds))
    if mirrored:
        return tuple(FEEDS.values())
    return tuple(feed for feed in FEEDS.values() if feed.standard or feed.name in current)


def _named(name: str) -> list[Feed]:
    """The feeds of a family, or the feed of a name in any case: osv/PyPI, or PyPI alone."""
    key = name.strip().casefold()
    return [
        feed
        for feed in FEEDS.values()
        if key in {feed.family, feed.name.casefold(), feed.name.casefold().partition("/")[2]} - {""}
    ]


def _families() -> str:
    return ", ".join(sorted({feed.family for feed in FEEDS.values()}))


def _source(given: str) -> FeedSource:
    if given and "://" not in given:
        if not Path(given).is_dir():
            msg = f"{given} is not a directory; --from takes a directory, or an address that begins with https://"
            raise UsageError(msg)
        return SourceFolder(given)
    return Web(HttpTransport(), given)


def _states(where: str, *, missing_ok: bool = False, thorough: bool = False) -> dict[str, FeedState]:
    try:
        store = opened(f"{where}/{NAME}", thorough=thorough)
    except DatabaseError:
        if missing_ok:
            return {}
        raise
    try:
        return store.feeds()
    finally:
        store.close()


def _status(arguments: Namespace) -> int:
    path = f"{database_directory()}/{NAME}"
    rows = [_row(state, name) for name, state in _states(database_directory(), thorough=True).items()]
    size = Path(path).stat().st_size
    if arguments.format == "json":
        print_output(as_json(rows, database=path, size=size), arguments.output, exact=True)
    else:
        print_output(status(rows, path, size, time.time(), width()), arguments.output)
    return 0


def _row(state: FeedState | None, feed: str, result: str = "", why: str = "") -> FeedRow:
    if state is None:
        return FeedRow(feed, result=result, why=why)
    return FeedRow(
        feed,
        state.title,
        result,
        why,
        records=state.records,
        withdrawn=state.withdrawn,
        broken=state.broken,
        date=state.date,
        fetched=state.fetched,
        checked=state.checked,
        old=age(state, time.time()),
        examples=state.examples,
    )


def _clear(arguments: Namespace) -> int:
    removed = clear(database_directory())
    if not arguments.quiet:
        write("the advisory database was removed\n" if removed else "there is no advisory database\n")
    return 0
