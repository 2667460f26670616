"""`sealock trust rotate`: give a role of a repository a new key."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from sealock.cli.output import write
from sealock.cli.trust.common import PASSPHRASES, add_server, name_of, open_keyring, setup_of
from sealock.errors import UsageError
from sealock.trust.notary.client import opened


def configure(parser: ArgumentParser) -> None:
    """Add the verb's options."""
    parser.epilog = PASSPHRASES
    parser.add_argument("repository", metavar="REPO", help="a repository, for example example.com/app")
    parser.add_argument("role", choices=("root", "targets", "snapshot", "timestamp"), help="which key")
    parser.add_argument("--key", default="", metavar="ID", help="a private key that is here (default: a new one)")
    parser.add_argument(
        "--by-server",
        action="store_true",
        help="let the server create and hold the snapshot key (it always holds the timestamp key)",
    )
    add_server(parser)


def run(arguments: Namespace) -> int:
    """Run the verb and return the exit status."""
    role = arguments.role
    by_server = arguments.by_server or role == "timestamp"
    if arguments.by_server and role in {"root", "targets"}:
        msg = f"the server must not hold the {role} key: with it, it can sign anything"
        raise UsageError(msg)
    if by_server and arguments.key:
        msg = "--key names a key that is here, and this one is on the server"
        raise UsageError(msg)
    keyring = open_keyring()
    with opened(name_of(arguments.repository, tag=False), setup_of(arguments)) as repository:
        new = keyring.by_id(arguments.key, role) if arguments.key else None
        name = repository.rotate(keyring, role, by_server=by_server, new=new)
    write(f"{repository.gun} has a new {role} key: {name}\n")
    return 0
