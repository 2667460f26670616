"""`sealock profile`: shows, compares and checks profiles, writes filters from them, and runs containers under them."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import Final

from sealock.cli.helptext import SealockHelpFormatter, add_example
from sealock.cli.namedprofiles import add_policy, named_profile
from sealock.cli.output import complain, page_style, print_output, write
from sealock.errors import TargetError, UsageError
from sealock.model.profile import Profile
from sealock.scan.profilecheck import FAULT_KINDS, STRANGE, UsePlace, profile_faults
from sealock.targets.profiles import change_profile, is_reference, open_profile
from sealock.text import count, line, list_first

LINE: Final = True
"""All words after `--` are those of another client."""
VERBS: Final = {
    "show": "show what a container may do, what it uses of that, and what was taken away",
    "diff": "show what a profile has more and less than an older one",
    "check": "check that a profile is complete, and of this image, kernel and runtime",
    "floor": "add what the files of the image could call, by the functions that they import",
    "seccomp": "write the seccomp filter that lets through what the profile has",
    "apparmor": "write a policy for AppArmor that lets through what the profile has",
    "selinux": "write a policy for SELinux that lets through what the profile has",
    "push": "push a profile, or its seccomp filter, to a registry",
    "pull": "pull a profile from a registry, if the trust policy accepts it",
    "trial": "run a container, and report what the profile's filter would refuse",
    "watch": "follow a container under its profile's filter, and report what is refused",
}
EPILOG: Final = """\
exit status:
  0  nothing speaks against the profile
  1  it is incomplete or of another image, the newer one uses more, something is refused
  2  a profile could not be read, or an error
"""
_LINE: Final = "-- CLIENT run [OPTION...] IMAGE [COMMAND...]"
_POLICIES: Final = {
    "apparmor": "load it with `apparmor_parser -r FILE`; use it with --security-opt apparmor={name}",
    "selinux": "load it with `semodule -i FILE` and udica's templates; use it with --security-opt label=type:{type}",
}
"""How the policy of each security module is used."""
_FILE: Final = "a profile"
_NAMED: Final = "a profile: a file, or HOST/REPOSITORY@DIGEST of a registry"
_CHANGING: Final = frozenset({"floor", "push"})
"""Verbs that need the file itself."""
_FILES: Final = {"diff": ("old", "new"), "pull": ()}


def configure(parser: ArgumentParser, only: str | None = None) -> None:
    """Add the verbs and their options; with `only`, just that verb's options are added."""
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    parser.epilog = EPILOG
    for name, about in VERBS.items():
        verb = verbs.add_parser(
            name,
            help=about,
            description=about[0].upper() + about[1:] + ".",
            allow_abbrev=False,
            formatter_class=SealockHelpFormatter,
        )
        add_example(verb)
        if only not in {None, name}:
            continue
        for file in _FILES.get(name, ("file",)):
            verb.add_argument(file, metavar=file.upper(), help=_FILE if name in _CHANGING else _NAMED)
        if name not in _CHANGING:
            add_policy(verb)
        _add_options(verb, name)


def _add_options(verb: ArgumentParser, name: str) -> None:
    if name in {"show", "diff"}:
        verb.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colours")
    if name in {"check", "floor", "trial", "watch"}:
        text = "accept a profile of another image, an incomplete one, one of another kernel or runtime"
        kinds: tuple[str, ...] = FAULT_KINDS
        if name in {"trial", "watch"}:
            text = f"{text}; with --apply calls that no file of the image is known to make (never)"
            kinds = (*kinds, STRANGE)
        verb.add_argument("--accept", action="append", choices=kinds, default=[], help=text)
    if name == "check":
        verb.add_argument("--image", metavar="NAME", help="the image that it is to be used for")
        verb.add_argument("--with", dest="client", choices=("docker", "podman"), help="client to ask for it")
    if name == "floor":
        verb.add_argument("image", metavar="IMAGE", help="an archive, layout or directory, image:REF, docker:NAME")
    if name == "watch":
        verb.add_argument("container", metavar="NAME", help="a running container")
        verb.add_argument("--apply", action="store_true", help="add what is refused to the profile at the end")
        verb.add_argument("--with", dest="client", choices=("docker", "podman"), help="client to ask for it")
    if name == "seccomp":
        _add_filter_options(verb)
    if name == "trial":
        verb.add_argument("--apply", action="store_true", help="add what would be refused to the profile")
        verb.usage = f"sealock profile trial [--accept KIND] [--apply] FILE\n           {_LINE}"
    if name in _POLICIES:
        verb.add_argument("--name", metavar="NAME", help="name of the policy (default: sealock- and the image's)")
        verb.add_argument("--output", metavar="FILE", help="output file (default: standard output)")
    if name in {"push", "pull"}:
        _add_registry_options(verb, name)


def _add_registry_options(verb: ArgumentParser, name: str) -> None:
    verb.add_argument("reference", metavar="REF", help="HOST/REPOSITORY:TAG of the artifact")
    if name == "push":
        text = "push the seccomp filter, in the form that container runtimes pull"
        verb.add_argument("--filter", action="store_true", help=text)
    else:
        verb.add_argument("--output", metavar="FILE", help="output file (default: standard output)")
    if name == "push":
        add_policy(verb)


def _add_filter_options(verb: ArgumentParser) -> None:
    machine = os.uname().machine
    verb.add_argument("--architecture", default=machine, help=f"as uname -m names it (default: {machine})")
    text = "runtime that will start it (default: that of the profile)"
    verb.add_argument("--runtime", default="", metavar="NAME", help=text)
    text = "for containers that run without no-new-privileges, where the runtime needs more"
    verb.add_argument("--with-new-privileges", action="store_true", help=text)
    verb.add_argument("--possible", action="store_true", help="let through what its files could call too")
    verb.add_argument("--log", action="store_true", help="log what is not in the profile, and refuse nothing")
    verb.add_argument("--output", metavar="FILE", help="output file (default: standard output)")


def run(arguments: Namespace) -> int:
    """Do what the verb says."""
    verbs: dict[str, Callable[[Namespace], int]] = {
        "show": _show, "diff": _diff, "check": _check, "seccomp": _seccomp, "trial": _trial, "floor": _floor,
        "watch": _watch, "apparmor": _policy, "selinux": _policy, "push": _push, "pull": _pull,
    }  # fmt: skip
    return verbs[arguments.verb](arguments)


def _show(arguments: Namespace) -> int:
    from sealock.reports.profile import render_profile  # noqa: PLC0415  each verb imports its own

    profile = named_profile(arguments.file, arguments).profile
    write(render_profile(profile, arguments.file, **page_style(None, arguments.color)))
    return 0


def _diff(arguments: Namespace) -> int:
    from sealock.reports.profile import grown, render_difference  # noqa: PLC0415  as above

    old, new = (named_profile(text, arguments).profile for text in (arguments.old, arguments.new))
    write(render_difference(old, new, **page_style(None, arguments.color)))
    return 1 if grown(old, new) else 0


def _check(arguments: Namespace) -> int:
    if arguments.image == "":
        message = "--image is empty: name the image that the profile is to be used for"
        raise UsageError(message)
    profile = named_profile(arguments.file, arguments).profile
    place = UsePlace() if arguments.image is None else _place(arguments.client, arguments.image)
    faulty = _complain_of(profile, place, arguments)
    machine = os.uname().machine
    if arguments.image is not None and not profile.calls(machine).seen:
        complain(f"{line(arguments.file, 200)}: it saw no system calls of {machine}")
        faulty = True
    return 1 if faulty else 0


def _place(client: str | None, image: str) -> UsePlace:
    from sealock.cli.engineclient import engine_facts, find_client, use_place  # noqa: PLC0415  only with an engine

    facts = engine_facts(find_client(client))
    try:
        return use_place(facts, image)
    finally:
        facts.close()


def _complain_of(profile: Profile, place: UsePlace, arguments: Namespace) -> bool:
    """Print what speaks against a profile, and return whether anything does."""
    faults = list(profile_faults(profile, place, arguments.accept))
    for fault in faults:
        complain(f"{line(arguments.file, 200)}: {fault.text} (--accept {fault.kind})")
    return bool(faults)


def _floor(arguments: Namespace) -> int:
    from sealock.image.opener import open_image  # noqa: PLC0415  each verb imports its own
    from sealock.inventory.importedcalls import possible_calls  # noqa: PLC0415  as above
    from sealock.model.profile import with_possible  # noqa: PLC0415  as above

    profile = open_profile(arguments.file)
    image, *_ = open_image(arguments.image)
    if "image" not in arguments.accept and not profile.is_of((image.id, image.manifest)):
        message = f"{line(arguments.file, 200)}: it was learned from another image: {image.id[:19]} (--accept image)"
        raise TargetError(message)
    machine = os.uname().machine
    found = possible_calls(image.layers, (*profile.executed, *profile.libraries), machine)
    if image.errors:
        message = f"{line(arguments.image, 200)}: {image.errors[0].message}"
        raise TargetError(message)
    changed = change_profile(arguments.file, lambda now: with_possible(now or profile, machine, found.calls))
    more = len(changed.calls(machine).possible)
    complain(f"{line(arguments.file, 200)}: its files could make {count(more, 'other system call')}")
    if found.unread:
        complain(f"these may make more, by number or without a C library: {line(list_first(found.unread, 6), 400)}")
    return 0


def _seccomp(arguments: Namespace) -> int:
    from sealock.formats.seccomp import FilterOptions, write_seccomp  # noqa: PLC0415  each verb imports its own
    from sealock.scan.profilecheck import latest_runtime  # noqa: PLC0415  as above

    profile = named_profile(arguments.file, arguments).profile
    if not profile.calls(arguments.architecture).seen:
        message = f"{arguments.file}: it saw no system calls of {arguments.architecture}"
        raise TargetError(message)
    options = FilterOptions(
        arguments.runtime or latest_runtime(profile),
        not arguments.with_new_privileges,
        arguments.log,
        arguments.possible,
    )
    try:
        made = write_seccomp(profile, arguments.architecture, options)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if made.refused:
        complain(f"stays refused, as the engine's own filter refuses it: {', '.join(made.refused)}")
    print_output(made.text, arguments.output)
    return 0


def _push(arguments: Namespace) -> int:
    from sealock.cli.profileregistry import push  # noqa: PLC0415  each verb imports its own

    if not arguments.filter:
        return push(arguments)
    from sealock.formats.seccomp import FilterOptions, write_seccomp  # noqa: PLC0415  as above
    from sealock.scan.profilecheck import latest_runtime  # noqa: PLC0415  as above

    profile = open_profile(arguments.file)
    machine = os.uname().machine
    if not profile.calls(machine).seen:
        message = f"{arguments.file}: it saw no system calls of {machine}"
        raise TargetError(message)
    return push(arguments, write_seccomp(profile, machine, FilterOptions(latest_runtime(profile))).text)


def _pull(arguments: Namespace) -> int:
    from sealock.cli.profileregistry import pull  # noqa: PLC0415  each verb imports its own

    return pull(arguments)


def _policy(arguments: Namespace) -> int:
    from sealock.formats.securitymodules import default_name, write_apparmor, write_selinux  # noqa: PLC0415  each verb imports its own

    profile = named_profile(arguments.file, arguments).profile
    name = arguments.name or default_name(profile.image)
    try:
        text = write_apparmor(profile, name) if arguments.verb == "apparmor" else write_selinux(profile, name)
    except ValueError as error:
        message = f"--name: {error}"
        raise UsageError(message) from None
    for fault in profile_faults(profile, UsePlace()):
        complain(f"{line(arguments.file, 200)}: {fault.text}: what it did not meet may be refused")
    print_output(text, arguments.output)
    how = _POLICIES[arguments.verb].format(name=name, type=f"{name.replace('-', '_')}.process")
    complain(f"this policy is not proven: try it without enforcing first; {how}")
    return 0


def _trial(arguments: Namespace) -> int:
    from sealock.cli.trial import run_trial_of  # noqa: PLC0415  each verb imports its own

    profile = _changeable(arguments)
    words: list[str] = getattr(arguments, "line", [])
    return run_trial_of(profile, words, arguments.file, accepted=arguments.accept, apply=arguments.apply)


def _watch(arguments: Namespace) -> int:
    from sealock.cli.watching import follow_container  # noqa: PLC0415  each verb imports its own

    return follow_container(_changeable(arguments), arguments)


def _changeable(arguments: Namespace) -> Profile:
    """The profile; a file if it is to be changed at the end."""
    if arguments.apply and is_reference(arguments.file):
        message = f"--apply changes a file, and {line(arguments.file, 200)} is in a registry: `sealock profile pull` it"
        raise UsageError(message)
    return named_profile(arguments.file, arguments).profile
