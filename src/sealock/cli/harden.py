"""`sealock harden`: the least that a container needs, found by trial."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from typing import Final

from msgspec.structs import replace

from sealock.cli.commandparser import late_option
from sealock.cli.engineclient import engine_facts, find_client
from sealock.cli.hardenbyprofile import accepted_profile, planned, written
from sealock.cli.hardenfile import harden_file
from sealock.cli.namedprofiles import METAVAR, add_policy
from sealock.cli.output import Progress, complain, write
from sealock.cli.trialcheck import check_of
from sealock.errors import TargetError, UsageError
from sealock.formats.unitfile import QUADLET_NAMES
from sealock.model.absent import UNSET, given
from sealock.model.change import Add, Change, Set
from sealock.model.container import Container, Label, Network
from sealock.patterns import compile_lazily
from sealock.runtime.trials import LABEL, TrialCheck, TrialOutcome, run_trial, trial_network
from sealock.scan.hardening import HardenedRun, HardeningPlace, follow_plan, prove
from sealock.scan.ownnetwork import shares_default
from sealock.scan.profilecheck import FAULT_KINDS
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

With --profile it closes what the profile says that the container does not need: no trial is made without --prove, and
the seccomp filter is written next to the profile. It may be an artifact that `sealock profile push` made,
HOST/REPOSITORY@DIGEST, or a tag that the policy's [trust] table accepts. With --prove it is tried as above, and only
what breaks it is opened again. --in changes a compose file, a manifest or a unit instead of a command, and prints the
difference; with --prove its container is tried alone, without the others of the file.

exit status:
  0  a hardened command was found and passed, or the profile's was written
  2  the command does not pass its check as it is, or something could not be read
"""
_NAME: Final = compile_lazily(r"[^a-z0-9]+")


def configure(parser: ArgumentParser) -> None:
    """Add the command's own options."""
    parser.epilog = EPILOG
    own = "[--check COMMAND] [--exec COMMAND] [--wait SECONDS]"
    more = "[--profile FILE|REF] [--prove] [--in FILE:NAME] [--write]"
    last = "[--as FORMAT] [--with CLIENT] [OPTION...] IMAGE [COMMAND...]"
    parser.usage = f"sealock harden {own}\n           {more}\n           {last}"
    parser.add_argument("--check", default="", metavar="COMMAND", help="a shell command here that must succeed")
    parser.add_argument("--exec", default="", metavar="COMMAND", help="a shell command within that must succeed")
    parser.add_argument("--wait", type=float, default=15.0, metavar="SECONDS", help="time for the check (default: 15)")
    parser.add_argument("--as", dest="form", choices=FORMATS, default="run", help="what to print (default: run)")
    parser.add_argument("--with", dest="client", choices=("docker", "podman"), help="client (default: what is there)")
    parser.add_argument("--profile", metavar=METAVAR, help="close what this profile does not need")
    parser.add_argument("--prove", action="store_true", help="with --profile: try it, and open what breaks it")
    text = "where to write the seccomp filter (default: next to the profile)"
    parser.add_argument("--seccomp", metavar="FILE", help=text)
    text = "use a profile of another image, an incomplete one, one of another kernel or runtime"
    parser.add_argument("--accept", action="append", choices=FAULT_KINDS, default=[], help=text)
    text = "with --profile: print the changes of this container in a compose file, manifest or unit"
    parser.add_argument("--in", dest="place", default="", metavar="FILE:NAME", help=text)
    parser.add_argument("--write", action="store_true", help="with --in: write the changes into the file")
    add_policy(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="print no progress and no reasons")


FLAGS: Final = frozenset({"-q", "--quiet", "--prove", "--write", "--no-policy"})
VALUES: Final = frozenset({
    "--check", "--exec", "--wait", "--as", "--with", "--profile", "--seccomp", "--accept", "--in", "--policy",
})  # fmt: skip
"""The command's own options, which come before those of docker run."""


def run(arguments: Namespace) -> int:
    """Search, and print what was found."""
    check = check_of(arguments)
    if arguments.profile is None and (arguments.place or arguments.prove or arguments.seccomp):
        message = "--in, --prove and --seccomp need --profile"
        raise UsageError(message)
    client = find_client(arguments.client)

    def proven(words: Sequence[str], place: HardeningPlace) -> HardenedRun:
        with Progress("trials", quiet=arguments.quiet) as progress, trial_network(client) as fresh:

            def trial(line: Sequence[str]) -> TrialOutcome:
                progress(" ".join(line[2:])[:60])
                try:
                    return run_trial(line, check, lambda line, name: for_trial(line, name, place.network, fresh))
                except TargetError as error:
                    return TrialOutcome(works=False, why=str(error))

            return prove(words, place, trial)

    if arguments.place:
        found = harden_file(client, arguments, proven)
        if found is not None and not arguments.quiet:
            _explain(found, check)
        return 0
    words = (client, "run", *arguments.line)
    line = _editable(words)
    facts = engine_facts(client)
    try:
        _, image = line.image()
        asked = line.container
        network = _network(arguments.form, asked, image) if shares_default(asked) and facts.shares_bridge() else ""
        place = HardeningPlace(facts.image(image), facts.machine(), network=network)
        profile = accepted_profile(arguments, facts, image) if arguments.profile else None
    finally:
        facts.close()
    with planned(profile, place) as tried:
        found = follow_plan(words, tried) if profile is not None and not arguments.prove else proven(words, tried)
    _print(arguments, written(profile, found), image, check)
    return 0


def _editable(words: Sequence[str]) -> EditableRun:
    try:
        return EditableRun(words)
    except TargetError as error:
        if not (late := late_option(error, FLAGS | VALUES)):
            raise
        message = f"{error}{late}"
        raise UsageError(message) from None


def _print(arguments: Namespace, found: HardenedRun, image: str, check: TrialCheck) -> None:
    if not arguments.quiet:
        _explain(found, check)
    text = write_settings(arguments.form, _name(found.asked, image), found.words, found.container, found.asked)
    for why in text.left:
        complain(f"not written: {visible(why)}")
    write(text.text)


def for_trial(words: Sequence[str], name: str, network: str, fresh: Callable[[], str]) -> Sequence[str]:
    """The command of a trial: detached, with a name and label of its own, fresh volumes, and a fresh network."""
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
    own = tuple(replace(mount, source=None) if mount.kind == "volume" else mount for mount in mounts)
    if own != mounts:
        changes.append(Set("mounts", own))
    if network and network in (joined.name for joined in given(container.networks, ())):
        changes.append(Set("networks", (Network(fresh()),)))
    line.apply(changes)
    return line.words


def _network(form: str, asked: Container, image: str) -> str:
    """The name of a network of its own; "" for a form that has none."""
    name = _name(asked, image)
    return {"kubernetes": "", "quadlet": f"{QUADLET_NAMES}{name}"}.get(form, name)


def _name(asked: Container, image: str) -> str:
    """A name for a service, a pod or a network: the container's, else the image's last part."""
    name = asked.name if isinstance(asked.name, str) else image.rpartition("/")[2].partition(":")[0]
    return _NAME.sub("-", name.partition("@")[0].lower()).strip("-")[:50] or "app"


def _explain(found: HardenedRun, check: TrialCheck) -> None:
    if found.trials and not (check.host or check.inside):
        complain("without --check or --exec only this is proven: it keeps running, or its health check passes")
    for setting in found.settings:
        why = f" ({visible(setting.why)})" if setting.why else ""
        complain(f"{'closed' if setting.closed else 'stays open'}: {setting.name}{why}")
    if found.trials:
        complain(f"{count(found.trials, 'trial')}; this command passed three times")
