"""`sealock learn`: watches a container while it works, and writes what it needs as a profile."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from sealock.cli.output import Progress, complain
from sealock.cli.trialcheck import check_of
from sealock.errors import TargetError, UsageError, reason_of
from sealock.model.durations import read_time
from sealock.model.profile import PHASES, Profile, gaps, merge
from sealock.runtime.watch.described import digests, engine_version
from sealock.runtime.watch.learnedprofiles import LearningCircumstances, profile_of
from sealock.runtime.watch.learning import LearnedContainer, LearningSession
from sealock.runtime.watch.watcher import MECHANISMS, open_watcher
from sealock.scan.learning import CLIENTS, Exercise, learn_line, learn_project, learn_running
from sealock.targets.profiles import add_to_profile, check_place, open_earlier
from sealock.text import count, visible

LINE: Final = True
"""All words after `--` are those of another client."""
_IDLE: Final = 10.0
"""Seconds without anything new, for --until-idle."""
_NEXT: Final = (
    "next: run it again with an exercise of what is missing, which is added; what the program does not have goes into"
    ' the file: "excluded": ["health check"]'
)
EPILOG: Final = """\
PROFILE is a file; what is seen is added to what it has from earlier runs. With --compose it is a directory, with a file
for each service.

The container runs as confined as its options say. Without --for, --until-idle, --check and --exec it stays in the
foreground, and is watched until it ends; with one of them it runs in the background, is stopped afterwards, and removed
in any case. A container that already runs (--container) is only watched, and its start is not seen.

The profile names the phases that the run met: start, traffic, reload, health check, exec, stop. Let the exercise do
what the program does, and run it again for what is missing.

exit status:
  0  the profile was written; it may be incomplete, and then says so
  2  the container did not start, the exercise failed, or something could not be read or watched: nothing is written
"""


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.epilog = EPILOG
    line = "[OPTION...] PROFILE"
    ways = (f"{line} -- docker run ...", f"{line} --container NAME", f"{line} --compose FILE --exec COMMAND")
    parser.usage = "\n       ".join(f"sealock learn {way}" for way in ways)
    parser.add_argument("profile", metavar="PROFILE", help="the file to write or to add to")
    parser.add_argument("--container", metavar="NAME", help="watch a container that already runs")
    parser.add_argument("--compose", metavar="FILE", help="start a whole project, and watch all of it")
    parser.add_argument(
        "--exec",
        default="",
        metavar="COMMAND",
        help="a shell command in the container (with --compose here) that uses the program",
    )
    parser.add_argument(
        "--check", default="", metavar="COMMAND", help="a shell command here that uses the program ($CONTAINER)"
    )
    parser.add_argument(
        "--wait",
        type=float,
        default=15.0,
        metavar="SECONDS",
        help="time for --check and --exec to succeed (default: 15)",
    )
    parser.add_argument("--for", dest="duration", metavar="TIME", help="watch for a time: 90s, 10m, 1h")
    parser.add_argument("--until-idle", action="store_true", help=f"watch until {_IDLE:.0f} seconds bring nothing new")
    parser.add_argument("--reload", action="store_true", help="send the container SIGHUP after the exercise")
    parser.add_argument("--using", choices=MECHANISMS, help="how to watch (default: the best that works here)")
    parser.add_argument("--with", dest="client", choices=CLIENTS, help="client for --container (default: docker)")
    parser.add_argument("-q", "--quiet", action="store_true", help="print no progress and no summary")


def run(arguments: Namespace) -> int:
    """Watch, and write the profile."""
    line = getattr(arguments, "line", [])
    if sum((bool(line), bool(arguments.container), bool(arguments.compose))) != 1:
        message = "name one of them: -- docker run ..., --container NAME, --compose FILE"
        raise UsageError(message)
    check = check_of(arguments)
    seconds = None if arguments.duration is None else seconds_of(arguments.duration)
    exercise = Exercise(check, arguments.reload, seconds, _IDLE if arguments.until_idle else None)
    if not arguments.compose:
        # A file that cannot be added to is better known before the exercise.
        open_earlier(arguments.profile)
    check_place(arguments.profile, several=bool(arguments.compose))
    watcher, reasons = open_watcher(arguments.using, running=bool(arguments.container))
    with closing(watcher), Progress(quiet=arguments.quiet) as progress:
        if reasons and not arguments.quiet:
            complain(f"watched by {watcher.name}, since {'; '.join(reasons)}")

        def report(session: LearningSession) -> None:
            if progress.on:
                progress(", ".join(f"{number} {what}" for what, number in session.sizes().items()))

        client = line[0] if line else arguments.client or CLIENTS[0]
        if arguments.container:
            learned = learn_running(client, arguments.container, watcher, exercise, report)
        elif arguments.compose:
            learned = learn_project(arguments.compose, watcher, exercise, report)
        else:
            learned = learn_line(line, watcher, exercise, report)
        kernel = f"{os.uname().sysname} {os.uname().release}"
        circumstances = LearningCircumstances(exercise.words, kernel, engine_version(client), watcher.name)
        profiles = [
            (each, profile_of(each, digests(client, each.described.image_id), circumstances)) for each in learned
        ]
    incomplete = [_save(path, profile, quiet=arguments.quiet) for path, profile in _by_file(arguments, profiles)]
    if not arguments.quiet:
        for each in learned:
            name = visible(each.described.service or each.described.name)
            if each.described.status and not each.described.running:
                complain(f"{name} ended by itself, with {each.described.status}")
            elif each.killed:
                complain(f"{name} was killed, since it did not end when it was asked to: how it stops was not seen")
        if any(incomplete):
            complain(_NEXT)
    return 0


def _by_file(arguments: Namespace, profiles: list[tuple[LearnedContainer, Profile]]) -> Iterator[tuple[str, Profile]]:
    """The profiles by the file that they go to: one for each service of a project."""
    if not arguments.compose:
        for _, profile in profiles:
            yield arguments.profile, profile
        return
    try:
        Path(arguments.profile).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"{arguments.profile} could not be made: {reason_of(error)}; with --compose it is a directory"
        raise TargetError(message) from None
    services: dict[str, Profile] = {}
    for learned, profile in profiles:
        name = learned.described.service
        services[name] = merge(services[name], profile) if name in services else profile
    for name, profile in services.items():
        yield f"{arguments.profile}/{name}.profile.json", profile


def _save(path: str, profile: Profile, *, quiet: bool) -> bool:
    """Add a profile to its file, and print what it has; whether a phase is missing."""
    profile = add_to_profile(path, profile)
    if quiet:
        return False
    calls = sum(len(calls.seen) for calls in profile.syscalls)
    files = len(profile.read) + len(profile.written) + len(profile.executed) + len(profile.libraries)
    has = (
        count(calls, "system call"), count(len(profile.needed), "capability", "capabilities"),
        count(files, "file"), count(len(profile.ports), "port"), count(len(profile.contacted), "address", "addresses"),
        count(len(profile.runs), "run"),
    )  # fmt: skip
    complain(f"{path}: {', '.join(has)}")
    if missing := gaps(profile):
        complain(f"{path} is incomplete: {visible('; '.join(missing))}")
    return calls > 0 and not profile.phases.union(profile.excluded).issuperset(PHASES)


def seconds_of(text: str) -> float:
    """The seconds of "90s", "10m", "1h" or "45"; UsageError for anything else."""
    seconds = read_time(f"{text}s" if text.isdecimal() else text)
    if seconds is None:
        message = f"--for {text} is no time: write 90s, 10m or 1h"
        raise UsageError(message)
    return seconds
