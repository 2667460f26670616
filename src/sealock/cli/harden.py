"""`sealock harden`: the least that a container needs, found by trial."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from sealock.cli.engineclient import engine_facts, find_client
from sealock.cli.output import Progress, complain, write
from sealock.errors import UsageError
from sealock.model.absent import UNSET, given
from sealock.model.change import Add, Change, Set
from sealock.model.container import Label
from sealock.patterns import compile_lazily
from sealock.runtime.trials import LABEL, TrialCheck, TrialOutcome, run_trial
from sealock.scan.hardening import HardenedRun, prove
from sealock.scan.runline import EditableRun
from sealock.scan.settingtexts import FORMATS, write_settings
from sealock.text import count, visible

EPILOG: Final = """\
sealock's own options come first; all words after them are those of `docker run`. It starts the command as it is, which
must pass its check, and then with everything closed: no capabilities, no new privileges, a read-only root file system
with mounts on what was written, an ordinary user, limits. Where that fails it opens what must be open, and tries each
capability away. It prints the command that passed three times, or with --as the settings for another format.

The check is --check on this machine (the container's name is $CONTAINER), --exec within the container, the image's
health check, or else only that it keeps running. What is found is proven for that check and nothing else: let it use
what the program does. Each trial has its own container, and fresh volumes in place of named ones; directories of this
machine that the command mounts are used as they are.

exit status:
  0  a hardened command was found and passed
  2  the command does not pass its check as it is, or something could not be read
"""
_NAME: Final = compile_lazily(r"[^a-z0-9]+")


def configure(parser: ArgumentParser) -> None:
    """Add the command's own options."""
    parser.epilog = EPILOG
    own = "[--check COMMAND] [--exec COMMAND] [--wait SECONDS]"
    parser.usage = f"sealock harden {own}\n           [--as FORMAT] [--with CLIENT] [OPTION...] IMAGE [COMMAND...]"
    parser.add_argument("--check", default="", metavar="COMMAND", help="a shell command here that must succeed")
    parser.add_argument("--exec", default="", metavar="COMMAND", help="a shell command within that must succeed")
    parser.add_argument("--wait", type=float, default=15.0, metavar="SECONDS", help="time for the check (default: 15)")
    parser.add_argument("--as", dest="form", choices=FORMATS, default="run", help="what to print (default: run)")
    parser.add_argument("--with", dest="client", choices=("docker", "podman"), help="client (default: what is there)")
    parser.add_argument("-q", "--quiet", action="store_true", help="print no progress and no reasons")


FLAGS: Final = frozenset({"-q", "--quiet"})
VALUES: Final = frozenset({"--check", "--exec", "--wait", "--as", "--with"})
"""The command's own options, which come before those of docker run."""


def run(arguments: Namespace) -> int:
    """Search, and print what was found."""
    if arguments.wait <= 0:
        message = f"--wait {arguments.wait} is no time"
        raise UsageError(message)
    client = find_client(arguments.client)
    check = TrialCheck(arguments.check, arguments.exec, arguments.wait)
    facts = engine_facts(client)
    words = (client, "run", *arguments.line)
    try:
        _, image = EditableRun(words).image()
        known, machine = facts.image(image), facts.machine()
    finally:
        facts.close()
    with Progress("trials", quiet=arguments.quiet) as progress:

        def trial(line: Sequence[str]) -> TrialOutcome:
            progress(" ".join(line[2:])[:60])
            return run_trial(line, check, for_trial)

        found = prove(words, known, machine, trial)
    if not arguments.quiet:
        _explain(found, check)
    text = write_settings(arguments.form, _name(found, image), found.words, found.container, found.asked)
    for why in text.left:
        complain(f"not written: {visible(why)}")
    write(text.text)
    return 0


def for_trial(words: Sequence[str], name: str) -> Sequence[str]:
    """The command of a trial: detached, with a name and label of its own, and fresh volumes."""
    line = EditableRun(words)
    container = line.container
    changes: list[Change] = [
        Set("name", name),
        Set("auto_remove", UNSET),
        Set("detach", True),
        Set("restart", UNSET),
        Add("labels", Label(LABEL, "1")),
    ]
    mounts = given(container.mounts, ())
    fresh = tuple(replace(mount, source=None) if mount.kind == "volume" else mount for mount in mounts)
    if fresh != mounts:
        changes.append(Set("mounts", fresh))
    line.apply(changes)
    return line.words


def _name(found: HardenedRun, image: str) -> str:
    """A name for a service or a pod: the container's, else the image's last part."""
    name = found.asked.name if isinstance(found.asked.name, str) else image.rpartition("/")[2].partition(":")[0]
    return _NAME.sub("-", name.partition("@")[0].lower()).strip("-")[:50] or "app"


def _explain(found: HardenedRun, check: TrialCheck) -> None:
    if not (check.host or check.inside):
        complain("without --check or --exec only this is proven: it keeps running, or its health check passes")
    for setting in found.settings:
        why = f" ({visible(setting.why)})" if setting.why else ""
        complain(f"{'closed' if setting.closed else 'stays open'}: {setting.name}{why}")
    complain(f"{count(found.trials, 'trial')}; this command passed three times")
