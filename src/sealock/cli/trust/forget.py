"""`sealock trust forget`: forget what was seen of a repository."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace

from sealock.cli.output import write
from sealock.cli.trust.common import name_of


def configure(parser: ArgumentParser) -> None:
    """Add the verb's options."""
    parser.epilog = (
        "For a repository whose owner began anew, with a root that does not follow from the old one. Make sure that\n"
        "it was the owner: from then on whatever is there at the next use is trusted, unless it is pinned.\n"
    )
    parser.add_argument("repository", metavar="REPO", help="a repository, such as example.com/app")


def run(arguments: Namespace) -> int:
    """Run the verb and return the exit status."""
    from sealock.trust.notary.client import gun_of, open_folder  # noqa: PLC0415  loads HTTP

    gun = gun_of(name_of(arguments.repository, tag=False))
    folder = open_folder(os.environ)
    known = folder.read(gun, "root") is not None
    folder.forget(gun)
    write(f"{gun} is forgotten\n" if known else f"{gun} was not known\n")
    return 0
