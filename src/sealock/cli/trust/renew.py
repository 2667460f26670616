"""`sealock trust renew`: sign a repository's metadata anew as it is."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from sealock.cli.output import write
from sealock.cli.trust.common import PASSPHRASES, add_server, name_of, open_keyring, setup_of


def configure(parser: ArgumentParser) -> None:
    """Add the verb's options."""
    parser.epilog = f"Signing a tag renews what it changes; the server renews timestamps itself.\n\n{PASSPHRASES}"
    parser.add_argument("repository", metavar="REPO", help="a repository, such as example.com/app")
    parser.add_argument("--root", action="store_true", help="the root too, which takes the root key")
    add_server(parser)


def run(arguments: Namespace) -> int:
    """Run the verb and return the exit status."""
    from sealock.trust.notary.client import opened  # noqa: PLC0415  loads HTTP

    with opened(name_of(arguments.repository, tag=False), setup_of(arguments)) as repository:
        roles = repository.renew(open_keyring(), root=arguments.root)
    write(f"{repository.gun} is signed anew: {', '.join(roles)}\n")
    return 0
