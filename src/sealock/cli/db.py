"""`sealock db`: the database of advisories, updated, shared through a registry, looked at, removed."""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sealock.cli.output import Progress, complain, width, write
from sealock.errors import UsageError
from sealock.targets.outputs import write_output

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sealock.reports.database import FeedRow
    from sealock.vulnerabilities.database.sources import FeedSource
    from sealock.vulnerabilities.feeds.catalog import Feed
    from sealock.vulnerabilities.records import FeedState

_ABOUT: Final = {
    "update": "fetch what is new from the publishers of advisories, or from a mirror",
    "push": "send the database to a registry, for others to pull: prints REF@DIGEST, which pins it",
    "pull": "take the database from a registry: by its tag, or by the digest that pins it",
    "status": "tell how old the data is, and how much there is",
    "clear": "remove the database",
}


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("what", metavar="WHAT", choices=tuple(_ABOUT), help=_about())
    parser.add_argument(
        "reference",
        metavar="REF",
        nargs="?",
        default="",
        help="push, pull: where, such as example.com/team/advisories:1",
    )
    parser.add_argument(
        "--from",
        dest="source",
        metavar="FOLDER-OR-URL",
        default="",
        help="update from a mirror of the feeds, laid out as the guide says (default: each publisher's own address)",
    )
    parser.add_argument(
        "--only",
        nargs="+",
        action="extend",
        metavar="FEED",
        default=[],
        help="update these feeds alone: whole families (osv, alpine-secdb) or single ones (osv/PyPI, kev)",
    )
    parser.add_argument("--policy", metavar="FILE", help="push, pull: the policy (default: sealock.toml here or above)")
    parser.add_argument("--no-policy", action="store_true", help="push, pull: heed no sealock.toml")
    parser.add_argument("--format", choices=("terminal", "json"), default="terminal", help="how to tell")
    parser.add_argument("--output", metavar="FILE", help="where to write it (default: standard output)")
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing where all is well")


def _about() -> str:
    return "; ".join(f"{name}: {about}" for name, about in _ABOUT.items())


def run(arguments: Namespace) -> int:
    """Run the command and return the exit status: 2 where a feed could not be had or the database not be read."""
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
    from sealock.reports.database import as_json, outcomes  # noqa: PLC0415  as above
    from sealock.vulnerabilities.database.location import folder  # noqa: PLC0415  only where it is needed
    from sealock.vulnerabilities.database.update import update  # noqa: PLC0415  loads what reads feeds

    where = folder()
    held = _states(where, forgiving=True)
    feeds = _chosen(arguments.only, held, mirrored=bool(arguments.source))
    with Progress("feeds looked at", quiet=arguments.quiet) as progress:
        done = update(where, _source(arguments.source), feeds, progress)
    absent = [one.feed for one in done if one.result == "absent"]
    if not arguments.only:
        # A mirror, or a distribution's server, need not have every feed.
        absent = ["any feed"] if len(absent) == len(done) else []
    rows = [_row(one.state, one.feed, one.result, one.why) for one in done if one.result != "absent"]
    if arguments.format == "json":
        _say(arguments, as_json(rows, database=where), exact=True)
    elif not arguments.quiet:
        _say(arguments, outcomes(rows, width()))
    for row in rows:
        if row.what == "failed":
            complain(f"feed {row.feed}: {row.why}{'; its former data stays' if row.feed in held else ''}")
        elif row.what == "updated" and row.broken:
            complain(f"feed {row.feed}: {row.broken} of its records could not be read, such as {row.examples[0]}")
    if absent:
        complain(f"{arguments.source or 'the publisher'} does not have {', '.join(absent)}")
    return 2 if absent or any(row.what == "failed" for row in rows) else 0


def _share(arguments: Namespace) -> int:
    from sealock.cli.registries import registries  # noqa: PLC0415  only where it is needed
    from sealock.net.registry.clientconfig import open_registry  # noqa: PLC0415  as above
    from sealock.net.registry.names import reference  # noqa: PLC0415  as above
    from sealock.reports.database import as_json, shared  # noqa: PLC0415  as above
    from sealock.vulnerabilities.database.artifact import pull, push  # noqa: PLC0415  loads the registry's client
    from sealock.vulnerabilities.database.location import folder  # noqa: PLC0415  as above

    name = reference(arguments.reference)
    if arguments.what == "push" and name.digest:
        msg = f"{arguments.reference}: a digest comes of what is pushed; name a tag, or none"
        raise UsageError(msg)
    registry = open_registry(registries(arguments.policy, none=arguments.no_policy))
    with Progress("done", quiet=arguments.quiet) as progress:
        done = push(registry, name, folder()) if arguments.what == "push" else pull(registry, name, folder(), progress)
    place = f"{name.familiar}{f':{name.tag}' if name.tag else ''}@{done.digest}"
    rows = [_row(state, feed) for feed, state in done.feeds.items()]
    if arguments.format == "json":
        text = as_json(rows, reference=place, digest=done.digest, outcome=done.result, size=done.size, database=folder())
        _say(arguments, text, exact=True)
    elif not arguments.quiet or arguments.what == "push":
        _say(arguments, shared(place, done.result, rows, done.size))
    for row in rows if arguments.what == "pull" and not arguments.quiet else ():
        if row.old:
            complain(f"feed {row.feed} is old: {row.old}")
    return 0


def _chosen(only: Sequence[str], collection: Collection[str], *, mirrored: bool) -> tuple[Feed, ...]:
    """The feeds to look at: those named, all that a mirror may have, or the standard ones and those at hand."""
    from sealock.vulnerabilities.feeds.catalog import FEEDS  # noqa: PLC0415  only where it is needed

    for name in only:
        if name not in FEEDS and not any(feed.family == name for feed in FEEDS.values()):
            known = ", ".join(sorted({feed.family for feed in FEEDS.values()}))
            msg = f"{name} is no feed; there are the families {known}, and of some single ones, as osv/PyPI"
            raise UsageError(msg)
    if only:
        return tuple(feed for feed in FEEDS.values() if feed.name in only or feed.family in only)
    if mirrored:
        return tuple(FEEDS.values())
    return tuple(feed for feed in FEEDS.values() if feed.standard or feed.name in collection)


def _source(given: str) -> FeedSource:
    from sealock.vulnerabilities.database.sources import SourceFolder, Web  # noqa: PLC0415  only for an update

    if given and "://" not in given:
        if not Path(given).is_dir():
            msg = f"{given} is no folder; --from takes one, or an address that begins with https://"
            raise UsageError(msg)
        return SourceFolder(given)
    from sealock.net.http import HttpTransport  # noqa: PLC0415  only where something is fetched

    return Web(HttpTransport(), given)


def _states(where: str, *, forgiving: bool = False, thorough: bool = False) -> dict[str, FeedState]:
    from sealock.errors import DatabaseError  # noqa: PLC0415  as above
    from sealock.vulnerabilities.database.location import NAME  # noqa: PLC0415  only where it is needed
    from sealock.vulnerabilities.database.seal import opened  # noqa: PLC0415  as above

    try:
        store = opened(f"{where}/{NAME}", thorough=thorough)
    except DatabaseError:
        if forgiving:
            return {}
        raise
    try:
        return store.feeds()
    finally:
        store.close()


def _status(arguments: Namespace) -> int:
    from sealock.reports.database import as_json, status  # noqa: PLC0415  as above
    from sealock.vulnerabilities.database.location import NAME, folder  # noqa: PLC0415  only where it is needed

    path = f"{folder()}/{NAME}"
    rows = [_row(state, name) for name, state in _states(folder(), thorough=True).items()]
    size = Path(path).stat().st_size
    if arguments.format == "json":
        _say(arguments, as_json(rows, database=path, size=size), exact=True)
    else:
        _say(arguments, status(rows, path, size, time.time(), width()))
    return 0


def _row(state: FeedState | None, feed: str, what: str = "", why: str = "") -> FeedRow:
    from sealock.reports.database import FeedRow  # noqa: PLC0415  as above
    from sealock.vulnerabilities.database.freshness import age  # noqa: PLC0415  only where it is needed

    if state is None:
        return FeedRow(feed, what=what, why=why)
    return FeedRow(
        feed,
        state.title,
        what,
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


def _say(arguments: Namespace, text: str, *, exact: bool = False) -> None:
    if arguments.output:
        write_output(arguments.output, text)
    else:
        write(text, exact=exact)


def _clear(arguments: Namespace) -> int:
    from sealock.vulnerabilities.database.location import clear, folder  # noqa: PLC0415  only where it is needed

    removed = clear(folder())
    if not arguments.quiet:
        write("the advisory database was removed\n" if removed else "there is no advisory database\n")
    return 0
