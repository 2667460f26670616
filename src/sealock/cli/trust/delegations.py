"""`sealock trust delegations`: add and remove delegations, with which others sign."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Final

from sealock.cli.output import write
from sealock.cli.trust.common import PASSPHRASES, add_server, name_of, open_keyring, read_file, setup_of
from sealock.errors import UsageError
from sealock.trust.notary.client import opened
from sealock.trust.notary.publickeys import read_public
from sealock.trust.notary.roles import RELEASES, is_delegation

EPILOG: Final = f"""\
A delegation is a role under targets: NAME means targets/NAME. Clients accept tags only in targets/releases and targets,
so `add` puts the keys into targets/releases too, as `docker trust signer add` does, unless --only is given.
{PASSPHRASES}"""


def configure(parser: ArgumentParser) -> None:
    """Add the verb's options."""
    parser.epilog = EPILOG
    parser.add_argument(
        "action",
        metavar="VERB",
        choices=("add", "remove"),
        help="add or remove; `sealock trust list` lists delegations",
    )
    parser.add_argument("repository", metavar="REPO", help="a repository, for example example.com/app")
    parser.add_argument("name", metavar="NAME", help="the role's name: lower-case letters, digits, - and _")
    parser.add_argument("--key", action="append", default=[], metavar="FILE", help="a public key or certificate in PEM")
    parser.add_argument("--key-id", action="append", default=[], metavar="ID", help="the key to remove (default: all)")
    parser.add_argument("--path", action="append", default=[], metavar="PREFIX", help="tags it may sign (default: all)")
    parser.add_argument("--threshold", type=int, default=1, metavar="N", help="keys that must sign (default: 1)")
    parser.add_argument("--only", action="store_true", help="do not change targets/releases")
    add_server(parser)


def run(arguments: Namespace) -> int:
    """Run the verb and return the exit status."""
    role = arguments.name if arguments.name.startswith("targets/") else f"targets/{arguments.name}"
    if not is_delegation(role):
        msg = f"{arguments.name[:80]!r} is not a name for a delegation: use lower-case letters, digits, - and _"
        raise UsageError(msg)
    names = [role] if arguments.only or role == RELEASES else [role, RELEASES]
    adding = arguments.action == "add"
    if adding and not arguments.key:
        msg = "`delegations add` needs --key FILE, the signer's public key"
        raise UsageError(msg)
    keyring = open_keyring()
    with opened(name_of(arguments.repository, tag=False), setup_of(arguments)) as repository:
        if adding:
            keys = [read_public(read_file(path), path) for path in arguments.key]
            paths = arguments.path or [""]
            repository.delegate(keyring, names, keys, paths, arguments.threshold)
        else:
            repository.withdraw(keyring, role, arguments.key_id, also=names[1:])
    done = "can sign now" if adding else "can no longer sign"
    write(f"{role} {done} for {repository.gun}{f' (with {RELEASES})' if names[1:] else ''}\n")
    return 0
