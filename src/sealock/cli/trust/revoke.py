"""`sealock trust revoke`: stop signing a tag, or a whole repository."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from sealock.cli.output import write
from sealock.cli.trust.common import PASSPHRASES, add_server, name_of, open_keyring, setup_of
from sealock.errors import UsageError
from sealock.trust.notary.client import opened


def configure(parser: ArgumentParser) -> None:
    """Add the verb's options."""
    parser.epilog = PASSPHRASES
    parser.add_argument("reference", metavar="REF", help="the tag, for example example.com/app:1.2")
    parser.add_argument("--role", action="append", default=[], metavar="ROLE", help="only in this role (may repeat)")
    parser.add_argument(
        "--everything",
        action="store_true",
        help="delete all trust data of the repository that REF names, without a tag",
    )
    add_server(parser)


def run(arguments: Namespace) -> int:
    """Run the verb and return the exit status."""
    setup = setup_of(arguments)
    if arguments.everything:
        with opened(name_of(arguments.reference, tag=False), setup) as repository:
            repository.delete()
        write(f"{repository.gun} has no trust data any more: clients that require it cannot pull from there\n")
        return 0
    name = name_of(arguments.reference)
    if name.tag is None or ":" not in arguments.reference.rpartition("/")[2].partition("@")[0]:
        msg = f"{arguments.reference} has no tag; use --everything to stop signing the whole repository"
        raise UsageError(msg)
    with opened(name, setup) as repository:
        roles = repository.revoke(open_keyring(), name.tag, arguments.role)
    write(f"{repository.gun}:{name.tag} is no longer signed in {', '.join(roles)}\n")
    return 0
