"""`sealock trust renew`: sign a repository's metadata again, unchanged."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from sealock.cli.output import write
from sealock.cli.trust.common import PASSPHRASES, add_server, name_of, open_keyring, setup_of
from sealock.trust.notary.client import opened


def configure(parser: ArgumentParser) -> None:
    """Add the verb's options."""
    parser.epilog = f"Signing a tag renews the metadata that it changes; the server renews timestamps.\n\n{PASSPHRASES}"
    parser.add_argument("repository", metavar="REPO", help="a repository, for example example.com/app")
    parser.add_argument("--root", action="store_true", help="the root too; this needs the root key")
    add_server(parser)


def run(arguments: Namespace) -> int:
    """Run the verb and return the exit status."""
    with opened(name_of(arguments.repository, tag=False), setup_of(arguments)) as repository:
        roles = repository.renew(open_keyring(), root=arguments.root)
    write(f"{repository.gun} is signed again: {', '.join(roles)}\n")
    return 0
