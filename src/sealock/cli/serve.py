"""`sealock serve`: the scanning service, and what is done around it."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from importlib import import_module
from typing import Final

from sealock.errors import UsageError

_WHAT: Final = {
    "start": "run the service (the default)",
    "worker": "run workers only, for a service on PostgreSQL",
    "submit": "have a running service scan an image",
    "invite": "print a link that makes an administrator",
    "key": "print a new key for --key-file",
    "rename": "give a repository that was renamed its new name, with its history: rename OLD NEW",
    "forget": "record that a repository was deleted",
    "backup": "write a copy of the state to a file, while the service runs or not",
    "restore": "read a backup into an empty state, while the service does not run",
}
_NAMES: Final = {"submit": 1, "forget": 1, "backup": 1, "restore": 1, "rename": 2}
"""How many names these take; the others take none."""
_EXTRA: Final = frozenset({
    "alembic", "argon2", "jinja2", "markupsafe", "procrastinate", "psycopg", "sqlalchemy", "starlette", "uvicorn",
})  # fmt: skip
"""The libraries that the extra brings."""


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "what",
        metavar="VERB",
        nargs="?",
        default="start",
        choices=tuple(_WHAT),
        help="; ".join(f"{name}: {about}" for name, about in _WHAT.items()),
    )
    parser.add_argument(
        "name", metavar="NAME", nargs="?", default="", help="submit: an image; backup: a file; forget: a repository"
    )
    parser.add_argument("to_name", metavar="NEW-NAME", nargs="?", default="", help="rename: the new name")
    state = parser.add_argument_group("state")
    state.add_argument(
        "--state",
        metavar="DIR",
        default="",
        help="directory of the state, advisories and key (default: $SEALOCK_SERVE_STATE, or below ~/.local/share)",
    )
    state.add_argument(
        "--database",
        metavar="URL",
        default="",
        help="postgresql://USER@HOST/NAME in place of a file in --state (default: $SEALOCK_SERVE_DATABASE)",
    )
    state.add_argument(
        "--password-file",
        metavar="FILE",
        default="",
        help="password of the user in --database (default: $SEALOCK_SERVE_PASSWORD_FILE)",
    )
    state.add_argument("--key-file", metavar="FILE", default="", help="key of stored secrets (default: key in --state)")
    web = parser.add_argument_group("web")
    web.add_argument("--listen", metavar="[HOST:]PORT", default="", help="where to listen (default: 127.0.0.1:8470)")
    web.add_argument("--address", metavar="URL", default="", help="the URL that people use, where a proxy is in front")
    web.add_argument(
        "--behind", metavar="N", type=int, default=0, help="how many proxies in front set X-Forwarded-For (default: 0)"
    )
    web.add_argument(
        "--allow",
        metavar="HOST-OR-NETWORK",
        action="append",
        default=[],
        help="an internal registry or webhook that may be connected to: a host, an address, a network; may repeat",
    )
    work = parser.add_argument_group("work")
    work.add_argument("--workers", metavar="N", type=int, default=1, help="worker processes (default: 1)")
    work.add_argument("--policy", metavar="FILE", help="policy: signatures, registries, severities (default: none)")
    work.add_argument("--platform", metavar="OS/ARCH", default="", help="platform of images (default: this machine's)")
    work.add_argument(
        "--advisories",
        metavar="FROM",
        default="",
        help="a mirror's directory or URL, or oci:REF@DIGEST of `sealock db push` (default: the publishers)",
    )
    work.add_argument(
        "--update", metavar="HOURS", type=float, default=6.0, help="update advisories so often (default: 6)"
    )
    client = parser.add_argument_group("submit")
    client.add_argument("--to", metavar="URL", default="", help="the service (default: $SEALOCK_SERVE_URL)")
    parser.add_argument("--quiet", action="store_true", help="report errors only")


def run(arguments: Namespace) -> int:
    """Run the command and return the exit status."""
    given = [arguments.name, arguments.to_name]
    if any(more := given[_NAMES.get(arguments.what, 0) :]):
        takes = "one name" if arguments.what in _NAMES else "no name"
        msg = f"serve {arguments.what} takes {takes}: what is {more[0][:100]!r}?"
        raise UsageError(msg)
    if arguments.what == "submit":
        # A build machine needs none of the service's libraries.
        from sealock.cli.submitting import submit  # noqa: PLC0415  only this verb

        return submit(arguments.name, arguments.to, os.environ)
    try:
        serving = import_module("sealock.cli.serving")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        msg = "the service needs libraries that are not installed: pip install 'sealock[serve]'"
        raise UsageError(msg) from None
    status: int = serving.VERBS[arguments.what](arguments)
    return status
