"""`sealock trust forget`: delete the local trust data of a repository."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace

from sealock.cli.output import write
from sealock.cli.trust.common import name_of
from sealock.trust.notary.client import gun_of, open_directory


def configure(parser: ArgumentParser) -> None:
    """Add the verb's options."""
    parser.epilog = (
        "For a repository whose owner has created a new root, which the old root did not sign. Verify that it was the\n"
        "owner: the next use trusts the root that it gets, unless the root is pinned.\n"
    )
    parser.add_argument("repository", metavar="REPO", help="a repository, for example example.com/app")


def run(arguments: Namespace) -> int:
    """Run the verb and return the exit status."""
    gun = gun_of(name_of(arguments.repository, tag=False))
    directory = open_directory(os.environ)
    known = directory.read(gun, "root") is not None
    directory.forget(gun)
    write(f"{gun} is forgotten\n" if known else f"{gun} was not known\n")
    return 0
