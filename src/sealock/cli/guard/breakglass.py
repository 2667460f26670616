"""`sealock guard open` and `close`: break-glass."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from sealock.cli.output import write
from sealock.errors import UsageError
from sealock.guard.breakglass import DIRECTORY, close_guard, open_guard
from sealock.model.durations import read_time


def configure(parser: ArgumentParser, verb: str) -> None:
    """Add the options."""
    parser.add_argument("--state", default=DIRECTORY, metavar="DIR", help=f"run-time directory (default: {DIRECTORY})")
    if verb == "open":
        parser.add_argument("--for", dest="time", required=True, metavar="TIME", help="how long: 10m, 1h, at most 24h")
        parser.add_argument("--reason", required=True, help="why; the log of the guard shows it")


def run(arguments: Namespace) -> int:
    """Open or close the guard."""
    if arguments.verb == "close":
        was_open = close_guard(arguments.state)
        write("The guard denies again.\n" if was_open else "The guard was not open.\n")
        return 0
    glass = open_guard(arguments.state, _seconds(arguments.time), arguments.reason)
    write(
        f"The guard lets all requests pass for {arguments.time}, and logs each with the reason.\n"
        "`sealock guard close` ends it before.\n"
    )
    return 0 if glass.left > 0 else 2


def _seconds(text: str) -> float:
    if (seconds := read_time(text)) is None:
        message = f"--for {text} is no time: write it as 90s, 10m or 1h"
        raise UsageError(message)
    return seconds
