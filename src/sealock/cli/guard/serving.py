"""The options that the proxy and the plugin share."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace

from sealock.errors import UsageError
from sealock.guard.listeners import SocketAccess
from sealock.guard.running import GuardOptions, TlsFiles, run_guard
from sealock.targets.policyfile import find_policy


def add_options(parser: ArgumentParser, default: str) -> None:
    """Add the options of a guard that listens on a socket."""
    from sealock.guard.breakglass import DIRECTORY  # noqa: PLC0415
    from sealock.guard.running import ENGINE, STATUS  # noqa: PLC0415

    parser.add_argument("--engine", default=ENGINE, metavar="SOCK", help=f"the engine's socket (default: {ENGINE})")
    parser.add_argument(
        "--policy", default="", metavar="FILE", help="policy file (default: sealock.toml here or above)"
    )
    parser.add_argument("--owner", default="", metavar="USER", help="owner of the socket")
    parser.add_argument("--group", default="", metavar="GROUP", help="group of the socket")
    parser.add_argument("--mode", default="0660", metavar="MODE", help="mode of the socket (default: 0660)")
    parser.add_argument("--user", default="", metavar="USER", help="run as this user, once the sockets are open")
    parser.add_argument("--log", default="", metavar="FILE", help="log file (default: standard error)")
    parser.add_argument(
        "--status", default=STATUS, metavar="SOCK", help=f"socket for status, health and metrics (default: {STATUS})"
    )
    parser.add_argument("--state", default=DIRECTORY, metavar="DIR", help=f"run-time directory (default: {DIRECTORY})")
    parser.add_argument("--audit", action="store_true", help="deny nothing, and log what would be denied")
    parser.set_defaults(default_listen=default)


def options(arguments: Namespace, form: str) -> GuardOptions:
    """The options of the command line; UsageError for a mode or a policy that cannot be."""
    try:
        mode = int(arguments.mode, 8)
    except ValueError:
        mode = -1
    if not 0 <= mode <= 0o777:
        message = f"--mode {arguments.mode} is not an octal mode, as 0660"
        raise UsageError(message)
    policy = arguments.policy or find_policy(".")
    if not policy:
        message = "there is no sealock.toml here or above: name the policy with --policy"
        raise UsageError(message)
    tls = None
    files = [getattr(arguments, name, "") for name in ("tls_cert", "tls_key", "tls_ca")]
    if any(files):
        if not all(files):
            message = "--tls-cert, --tls-key and --tls-ca belong together"
            raise UsageError(message)
        tls = TlsFiles(*files)
    return GuardOptions(
        form,
        tuple(arguments.listen or (arguments.default_listen,)),
        os.path.abspath(policy),  # noqa: PTH100  pathlib costs 10 ms
        arguments.engine.removeprefix("unix://"),
        SocketAccess(arguments.owner, arguments.group, mode),
        arguments.status,
        arguments.user,
        arguments.log,
        arguments.state,
        arguments.audit,
        getattr(arguments, "leave_streams", False),
        tls,
    )


def serve(arguments: Namespace, form: str) -> int:
    """Run a guard until a signal ends it."""
    run_guard(options(arguments, form))
    return 0
