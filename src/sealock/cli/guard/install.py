"""`sealock guard install` and `uninstall`."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace

from sealock.cli.confirmation import confirmed
from sealock.cli.output import complain, write
from sealock.errors import SealockError, UsageError
from sealock.guard.installation import apply, plan_installation, plan_removal, rows
from sealock.guard.livepolicy import LivePolicy
from sealock.guard.running import ENGINE, SOCKET
from sealock.text import visible

_POLICY = "/etc/sealock/sealock.toml"


def configure(parser: ArgumentParser, verb: str) -> None:
    """Add the options."""
    parser.add_argument("--root", default="/", metavar="DIR", help="the machine's root directory (default: /)")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")
    parser.add_argument("--apply", action="store_true", help="take the steps")
    if verb == "install":
        text = "the proxy (default), or the plugin, for an engine whose socket cannot be moved"
        parser.add_argument("--form", choices=("proxy", "plugin"), default="proxy", help=text)
        parser.add_argument("--policy", default=_POLICY, metavar="FILE", help=f"policy file (default: {_POLICY})")
        parser.add_argument("--engine", default=ENGINE, metavar="SOCK", help=f"the engine's socket (default: {ENGINE})")
        text = "group of those who may use the guard (default: sealock)"
        parser.add_argument("--group", default="sealock", metavar="GROUP", help=text)


def run(arguments: Namespace) -> int:
    """Print the steps, or take them."""
    installs = arguments.verb == "install"
    if installs:
        if not arguments.policy.startswith("/"):
            message = (
                f"--policy {arguments.policy} is no absolute path, and systemd starts the guard in /: write it whole"
            )
            raise UsageError(message)
        policy = os.path.join(arguments.root, arguments.policy.lstrip("/"))  # noqa: PTH118  pathlib costs 10 ms
        plan = plan_installation(arguments.form, arguments.policy, arguments.engine, arguments.group, arguments.root)
    else:
        plan = plan_removal(arguments.root)
    write("".join(f"{row}\n" for row in rows(plan)))
    if installs and arguments.form == "proxy":
        write(
            f"Then clients use it: DOCKER_HOST=unix://{SOCKET}, as members of the group {arguments.group}.\n"
            "Take them out of the group docker, which may use the engine itself: gpasswd -d NAME docker\n"
        )
    if installs:
        # A guard whose policy cannot be read would not start.
        try:
            LivePolicy(policy)
        except SealockError as error:
            if arguments.apply:
                raise
            complain(f"{visible(str(error))}: the guard needs it before it is started")
    if not arguments.apply:
        return 0
    if not confirmed("Take these steps?", yes=arguments.yes):
        complain("nothing was changed")
        return 1
    apply(plan, arguments.root, complain, keep=installs)
    write("Done: `sealock guard status` shows the guard.\n" if installs else "Done.\n")
    return 0
